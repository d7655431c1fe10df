"""`planner compare`: designs side by side on the same virtual patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.cli import options
from planner.cli.exit import INTERRUPTED, OK

if TYPE_CHECKING:
    from planner.cli.output import Target
    from planner.questions.compare.compare import Comparison
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario


def compare(
    scenarios: options.Scenarios,
    settings: options.Set = None,
    patients: options.Patients = None,
    hypothesis: options.Hypothesis = None,
    trials: options.Trials = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Compare designs on the same virtual patients: power, stops, patients, visits.

    Hypotheses are compared where the scenarios give them the same name. Each design is compared with the
    first; the Monte Carlo error of a difference is paired by trial, hence far smaller than that of two runs.
    --set and --patients apply to every scenario. Trials and seed are those of the first scenario if not
    given.

    Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner compare two-periods.toml four-periods.toml
      planner compare plan.toml plan-with-futility.toml --hypothesis expected --trials 1000000
    """
    from planner.cli import again
    from planner.cli.common import check_few, names_of, print_remarks, work_out
    from planner.cli.output import frame_as_csv, target_of
    from planner.cli.patients import settings_with, sizes_in
    from planner.scenario.reading.read import read

    target = target_of(output_format, json, output, force, quiet)
    check_few(scenarios)
    stated = settings_with(patients, settings, "planner compare")
    plans = [read(source, set=stated) for source in scenarios]
    for plan, source in zip(plans, scenarios, strict=True):
        work_out(plan, source)
    chosen = names_of(hypothesis, _labels(plans))
    first = plans[0].simulation
    trials, seed = first.trials if trials is None else trials, first.seed if seed is None else seed
    command = again.command(
        "compare",
        scenarios,
        settings=settings,
        patients=sizes_in(patients),
        hypotheses=chosen,
        trials=trials,
        seed=seed,
    )
    if dry_run:
        return _dry_run(plans, chosen, trials, seed, threads, target)
    result = _compare(plans, chosen, trials, seed, threads, quiet)
    document = result.to_json()
    print_remarks(document, verbose, target=target)
    target.write(document, lambda: _blocks(result, command), lambda: frame_as_csv(result.frame()))
    return INTERRUPTED if result.partial else OK


def _dry_run(
    plans: list[Scenario], chosen: list[str], trials: int, seed: int, threads: int | None, target: Target
) -> int:
    """The designs that would be compared."""
    from planner.cli.dry_run import write_foreseen
    from planner.questions.compare.foreseen import foreseen
    from planner.report.blocks import Column, Sheet

    would = foreseen(plans, chosen, trials, seed, threads)
    columns = [Column("Design", number=False), Column("Hypothesis", number=False), Column("Patients")]
    rows = [[str(value) for value in cell.values()] for cell in would.document["cells"]]
    return write_foreseen(target, would, [Sheet(columns, rows)])


def _labels(plans: list[Scenario]) -> dict[str, list[str]]:
    """The hypotheses that any of the scenarios simulates, with their labels."""
    from planner.scenario.labels import labels_of

    return labels_of(*({name: plan.hypotheses[name] for name in plan.simulated_hypotheses} for plan in plans))


def _compare(
    plans: list[Scenario], chosen: list[str], trials: int, seed: int, threads: int | None, quiet: bool
) -> Comparison:
    from planner.cli.progress import progress
    from planner.questions.compare.compare import compare as compare_designs

    with progress("Comparing", quiet=quiet) as advance:
        return compare_designs(
            plans, trials=trials, seed=seed, hypotheses=chosen or None, threads=threads, progress=advance
        )


def _blocks(result: Comparison, command: str) -> list[Block]:
    from planner.cli.common import work_out
    from planner.report.pages.compare import compare_page
    from planner.report.scenario.context import page_context

    settings = [page_context(plan, work_out(plan, plan.name), command) for plan in result.scenarios]
    return compare_page(result, settings, command)
