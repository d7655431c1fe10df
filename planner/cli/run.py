"""`planner run`: simulate a scenario and print its operating characteristics."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from planner.cli import options
from planner.cli.common import (
    averaged_variants,
    check_variants,
    explain_precision,
    hypotheses_of,
    hypotheses_setting,
    note_entry,
    override_warnings,
    print_remarks,
)
from planner.cli.exit import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.cli.output import Target
    from planner.questions.run.simulate import Amount
    from planner.questions.sweep.axes import Point
    from planner.report.blocks import Block
    from planner.results.run import Run
    from planner.scenario.scenario import Scenario


def run(
    scenario: options.Scenario,
    settings: options.Set = None,
    patients: options.Patients = None,
    hypothesis: options.Hypothesis = None,
    trials: options.Trials = None,
    precision: options.Precision = None,
    sensitivity: options.Sensitivity = False,
    sensitivity_step: options.SensitivityStep = 0.2,
    at_limit: options.AtLimit = False,
    uncertain: options.Uncertain = False,
    variants: options.Variants = None,
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
    """Simulate a trial: power, early stops, expected patients, bias.

    Each hypothesis of the scenario is simulated with the same virtual patients, and the planned analyses and
    stopping rules are applied to every virtual trial. Where the true effect is nil, the share of significant
    trials is the type I error and is labelled so.

    --set and --patients with several values (12,24,36) or a range (from:to:step, both ends included) sweep:
    one row for each value, or for each combination if more than one setting is swept. --precision adds trials
    until the figures are that precise; --trials is then the most that are simulated. --sensitivity shows what
    happens to the power where an assumption is 20 % off. --uncertain divides the trials over variants of the
    scenario in which every uncertain number has another value: power is then assurance. It goes with sweeps,
    where every row has the same variants, and with --precision, which then adds variants of 1,024 trials
    each instead of trials; --variants is then the most.

    --at-limit asks for the type I error of a test of equivalence or non-inferiority: the means of every
    hypothesis are moved to the limit of the first such analysis, of two limits to the one at which more
    trials are significant.

    Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner run asthma-ab-ba
      planner run my-trial.toml --patients 12:60:4 --precision 0.002
      planner run my-trial.toml --hypothesis expected --sensitivity
      planner run my-trial.toml --set analyses.0.alternative=equivalence --set analyses.0.limits=3 --at-limit
      planner run williams-2018 --uncertain
      planner run my-trial.toml --uncertain --precision 0.005 --set design.patients=20:60:8
      planner run my-trial.toml --hypothesis expected,none --json
      planner run my-trial.toml -o results.md
    """
    from planner.cli import again
    from planner.cli.common import work_out
    from planner.cli.output import frame_as_csv, target_of
    from planner.cli.patients import sizes_in, sizes_setting
    from planner.cli.sensitivity import run_sensitivity
    from planner.cli.sweeps import read_sweep, run_sweep
    from planner.report.pages.run import run_page, warnings_on_page
    from planner.report.scenario.context import page_context
    from planner.results.carryover_sentences import labels
    from planner.scenario.reading.read import open_source

    target = target_of(output_format, json, output, force, quiet)
    source = open_source(scenario)
    chosen = hypotheses_of(hypothesis, source, settings)
    sizes = sizes_in(patients)
    overrides = [*(settings or []), *sizes_setting(sizes, settings), *hypotheses_setting(chosen)]
    plan, points = read_sweep(source, overrides)
    if sensitivity and (points or precision is not None):
        raise Problem(
            "--sensitivity cannot be combined with swept settings or --precision",
            hint="give one at a time",
        )
    check_variants(uncertain, variants)
    if uncertain:
        _check_uncertain(sensitivity, precision, trials)
    if at_limit:
        plan, points = _at_limits(plan, points, seed, threads)
    seed = plan.simulation.seed if seed is None else seed
    drawn = averaged_variants(plan, variants, precision) if uncertain else None
    from planner.questions.run.simulate import Amount  # once the command is sound: it loads the kernels

    same = partial(
        again.command,
        "run",
        [scenario],
        settings=settings,
        patients=sizes,
        hypotheses=chosen,
        at_limit=at_limit,
        uncertain=uncertain,
        variants=variants if precision is not None else drawn,
        precision=precision,
    )
    if points:
        return run_sweep(
            points,
            scenario,
            amount=Amount(trials, precision, uncertain, drawn),
            seed=seed,
            threads=threads,
            same=same,
            target=target,
            dry_run=dry_run,
            verbose=verbose,
        )
    if sensitivity:
        return run_sensitivity(
            plan,
            scenario,
            same,
            step=sensitivity_step,
            trials=plan.simulation.trials if trials is None else trials,
            seed=seed,
            threads=threads,
            target=target,
            dry_run=dry_run,
            verbose=verbose,
        )
    trials = plan.simulation.trials if trials is None and precision is None else trials
    amount = Amount(trials, precision, uncertain, drawn)
    follows = work_out(plan, scenario)  # limits that do not exist are found before the work, not after it
    if dry_run:
        with explain_precision():
            return _dry_run(plan, amount, seed, threads, target)
    result = _simulated(plan, amount, seed, threads, quiet)
    document = result.to_json()
    described = page_context(plan, follows, same(trials=trials, seed=seed))
    more = override_warnings(plan, source, overrides, seed) if uncertain else []
    document["warnings"] += more
    warnings = result.warnings(result.cells_with_carryover(), labels(plan)) + more
    print_remarks(document, verbose, warnings, target, warnings_on_page(warnings, described))
    if verbose:
        note_entry(plan)
    target.write(
        document,
        lambda: run_page(result, described),
        lambda: frame_as_csv(result.frame()),
    )
    return INTERRUPTED if result.partial else OK


def _at_limits(
    plan: Scenario, points: list[Point], seed: int | None, threads: int | None
) -> tuple[Scenario, list[Point]]:
    """The scenario and the points of a sweep, each with its means moved to the worse limit."""
    from planner.cli.common import explain
    from planner.errors import RequestError
    from planner.questions.at_limit import at_limit

    with explain(RequestError, option="--at-limit"):
        moved = [
            replace(each, scenario=at_limit(each.scenario, seed=seed, threads=threads)) for each in points
        ]
        return (moved[0].scenario if moved else at_limit(plan, seed=seed, threads=threads)), moved


def _dry_run(plan: Scenario, amount: Amount, seed: int, threads: int | None, target: Target) -> int:
    """What would be simulated, with every default of the scenario filled in."""
    from planner.cli.dry_run import write_foreseen
    from planner.questions.run.foreseen import foreseen
    from planner.report.blocks import Code, Heading
    from planner.scenario.canonical.toml import to_toml

    more: list[Block] = [Heading("The scenario, complete"), Code(to_toml(plan).strip(), "toml")]
    return write_foreseen(target, foreseen(plan, amount, seed, threads), more)


def _check_uncertain(sensitivity: bool, precision: float | None, trials: int | None) -> None:
    """What --uncertain cannot be combined with, and what to do instead."""
    if sensitivity:
        raise Problem(
            "--uncertain cannot be combined with --sensitivity: one lets all uncertain numbers vary at once, "
            "the other one assumption at a time, as it is stated",
            hint="run them one after the other, or sweep one number: --uncertain --set PATH=VALUE,VALUE",
        )
    if precision is not None and trials is not None:
        raise Problem(
            "--trials cannot be combined with --uncertain and --precision, which adds variants",
            hint="--variants says how many at most, of 1,024 trials each",
        )


def _simulated(
    plan: Scenario,
    amount: Amount,
    seed: int,
    threads: int | None,
    quiet: bool,
) -> Run:
    from planner.cli.progress import progress
    from planner.questions.run.simulate import simulate

    with progress("Simulating", quiet=quiet) as advance, explain_precision():
        return simulate(
            plan,
            trials=amount.trials,
            seed=seed,
            threads=threads,
            progress=advance,
            precision=amount.precision,
            uncertain=amount.uncertain,
            variants=amount.variants,
            name=plan.name,
        )
