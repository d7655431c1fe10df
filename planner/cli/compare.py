"""`planner compare`: designs side by side on the same virtual patients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.cli import options as given
from planner.cli.exit import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.questions.compare import Comparison
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario

MOST = 20  # designs: more are a sweep


def compare(
    scenarios: given.Scenarios,
    settings: given.Set = None,
    hypothesis: given.Hypothesis = None,
    trials: given.Trials = None,
    seed: given.Seed = None,
    threads: given.Threads = None,
    memory: given.Memory = None,
    output_format: given.AsFormat = None,
    json: given.Json = False,
    output: given.Output = None,
    force: given.Force = False,
    dry_run: given.DryRun = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = False,
) -> int:
    """Compare designs on the same virtual patients: power, stops, patients, visits.

    Hypotheses are compared where the scenarios give them the same name. Each design is compared with the
    first; the Monte Carlo error of a difference is paired by trial, hence far smaller than that of two runs.
    --set applies to every scenario. Trials and seed are those of the first scenario if not given.

    Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner compare two-periods.toml four-periods.toml
      planner compare plan.toml plan-with-futility.toml --hypothesis expected --trials 1000000
    """
    from planner.cli import again
    from planner.cli import output as files
    from planner.cli.common import names_of, remarks
    from planner.cli.dry_run import of_compare
    from planner.scenario.reading.read import read

    target = files.target(output_format, json, output, force, quiet)
    if len(scenarios) > MOST:
        raise Problem(f"{len(scenarios)} scenarios are too many", hint=f"compare at most {MOST} at a time")
    chosen = names_of(hypothesis)
    plans = [read(source, set=settings or []) for source in scenarios]
    for plan, source in zip(plans, scenarios, strict=True):
        files.worked_out(plan, source)
    _check_hypotheses(plans, chosen)
    first = plans[0].simulation
    trials, seed = first.trials if trials is None else trials, first.seed if seed is None else seed
    command = again.command(
        "compare", scenarios, settings=settings, hypotheses=chosen, trials=trials, seed=seed
    )
    if dry_run:
        return of_compare(plans, chosen, trials, seed, threads, target)
    found = _compared(plans, chosen, trials, seed, threads, quiet)
    document = found.to_json()
    remarks(document, verbose, target=target)
    target.write(
        document, lambda: _blocks(found, document, command), lambda: files.frame_as_csv(found.frame())
    )
    return INTERRUPTED if found.partial else OK


def _check_hypotheses(plans: list[Scenario], chosen: list[str]) -> None:
    from planner.scenario.text import did_you_mean

    known = dict.fromkeys(name for plan in plans for name in plan.simulated_hypotheses)
    for name in chosen:
        if name not in known:
            raise Problem(f"no scenario has a hypothesis {name}", hint=did_you_mean(name, known))


def _compared(
    plans: list[Scenario], chosen: list[str], trials: int, seed: int, threads: int | None, quiet: bool
) -> Comparison:
    from planner.cli.common import compiling
    from planner.cli.terminal import progress
    from planner.questions.compare import compare as simulated

    compiling(quiet)
    with progress("Comparing", quiet=quiet) as advance:
        return simulated(
            plans, trials=trials, seed=seed, hypotheses=chosen or None, threads=threads, progress=advance
        )


def _blocks(found: Comparison, document: dict[str, Any], command: str) -> list[Block]:
    from planner.cli import output as files
    from planner.report.pages.compare import compare_page
    from planner.report.scenario.context import page_context

    settings = [page_context(plan, files.worked_out(plan, plan.name), command) for plan in found.scenarios]
    return compare_page(document, settings, command)
