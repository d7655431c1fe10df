"""`planner run`: simulate a scenario and print its operating characteristics."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from planner.cli import options as given
from planner.cli.problems import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.cli.files import Target
    from planner.results import Run
    from planner.scenario import Scenario


def run(
    scenario: given.Scenario,
    settings: given.Set = None,
    hypothesis: given.Hypothesis = None,
    trials: given.Trials = None,
    precision: given.Precision = None,
    sensitivity: given.Sensitivity = False,
    sensitivity_step: given.SensitivityStep = 0.2,
    uncertain: given.Uncertain = False,
    variants: given.Variants = None,
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
    """Simulate a trial: power, early stops, expected patients, bias.

    Each hypothesis of the scenario is simulated with the same virtual patients, and the planned analyses and
    stopping rules are applied to every virtual trial. Where the true effect is nil, the share of significant
    trials is the type I error and is labelled so.

    --set with several values (12,24,36) or a range (from:to:step, both ends included) sweeps: one row for
    each value, or for each combination if more than one setting is swept. --precision adds trials until the
    figures are that precise; --trials is then the most that are simulated. --sensitivity shows what happens
    to the power where an assumption is 20 % off. --uncertain divides the trials over variants of the scenario
    in which every uncertain number has another value: power is then assurance. It goes with sweeps, where
    every row has the same variants, and with --precision, which then adds variants of 1,024 trials each
    instead of trials; --variants is then the most.

    Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner run asthma-ab-ba
      planner run my-trial.toml --set design.patients=12:60:4 --precision 0.002
      planner run my-trial.toml --hypothesis expected --sensitivity
      planner run williams-2018 --uncertain
      planner run my-trial.toml --uncertain --precision 0.005 --set design.patients=20:60:8
      planner run my-trial.toml --hypothesis expected,none --json
      planner run my-trial.toml -o results.md
    """
    from planner.carryover_told import labels
    from planner.cli import again, files
    from planner.cli.dry_run import of_run
    from planner.cli.sensitivity import run_sensitivity
    from planner.cli.sweeps import run_sweep, swept
    from planner.explain import setting
    from planner.reading import read
    from planner.results import warnings_of
    from planner.summary import run_document, told_on_page

    target = files.target(output_format, json, output, force, quiet)
    overrides = list(settings or []) + _chosen(hypothesis)
    plain, points = swept(scenario, overrides)
    if sensitivity and (points or precision is not None):
        raise Problem(
            "--sensitivity cannot be combined with swept settings or --precision", hint="give one at a time"
        )
    check_variants(uncertain, variants)
    if uncertain:
        _check_uncertain(sensitivity, precision, trials)
    plan = points[0].scenario if points else read(scenario, set=plain)
    seed = plan.simulation.seed if seed is None else seed
    how = averaging(plan, variants, precision) if uncertain else {}
    same = partial(
        again.command,
        "run",
        [scenario],
        settings=settings,
        hypotheses=names_of(hypothesis),
        uncertain=uncertain,
        variants=variants if precision is not None else how.get("variants"),
        precision=precision,
    )
    if points:
        return run_sweep(
            points,
            scenario,
            trials=trials,
            seed=seed,
            threads=threads,
            precision=precision,
            how=how,
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
    follows = files.worked_out(
        plan, scenario
    )  # limits that do not exist are found before the work, not after it
    if dry_run:
        with precisely():
            return of_run(plan, trials, seed, precision, threads, how, target)
    result = _simulated(plan, trials, seed, threads, precision, quiet, how)
    document = result.to_json()
    described = setting(plan, follows, same(trials=trials, seed=seed))
    more = replaced(plan, scenario, overrides, seed) if how else []
    document["warnings"] += more
    said = warnings_of(result, document["cells"], labels(plan)) + more
    remarks(document, verbose, said, target, told_on_page(said, described))
    if verbose:
        told_of_entry(plan)
    target.write(
        document,
        lambda: run_document(document, described),
        lambda: files.frame_as_csv(result.frame()),
    )
    return INTERRUPTED if result.partial else OK


def check_variants(uncertain: bool, variants: int | None) -> None:
    """--variants says something only with --uncertain."""
    if variants is not None and not uncertain:
        raise Problem("--variants goes with --uncertain", hint="add --uncertain, or leave --variants out")


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


def averaging(plan: Scenario, variants: int | None, precision: float | None = None) -> dict[str, Any]:
    """The options of `simulate` for uncertain numbers; a Problem where nothing is uncertain."""
    from planner.assurance import MOST_VARIANTS, VARIANTS
    from planner.uncertainty import UncertaintyError, check

    try:
        check(plan)
    except UncertaintyError as error:
        raise Problem(f"--uncertain: {error}", hint=error.hint) from error
    return {"uncertain": True, "variants": variants or (VARIANTS if precision is None else MOST_VARIANTS)}


def replaced(plan: Scenario, source: str, overrides: list[str], seed: int) -> list[str]:
    """A warning for each setting that says nothing, because what is drawn or a tie replaces it."""
    from planner.faults import ScenarioError
    from planner.reading import read
    from planner.uncertainty import UncertaintyError, alike

    found = []
    for i, override in enumerate(overrides):
        try:
            without = read(source, set=overrides[:i] + overrides[i + 1 :])
            if alike([plan, without], seed) is not None:
                path = override.partition("=")[0].strip()
                found.append(f"--set {path} says nothing with --uncertain: drawn values or a tie replace it")
        except (ScenarioError, UncertaintyError):  # without it there is no scenario: it says something
            continue
    return found


def _chosen(hypothesis: list[str] | None) -> list[str]:
    """`--hypothesis a,b --hypothesis c` as the setting that it is; its faults name the option."""
    from json import dumps

    from planner.overrides import Optioned

    names = names_of(hypothesis)
    if not names:
        return []
    return [Optioned(f"simulation.hypotheses={dumps(names, ensure_ascii=False)}", "--hypothesis")]


def names_of(hypothesis: list[str] | None) -> list[str]:
    """The names in `--hypothesis a,b --hypothesis c`, each once."""
    names = [name.strip() for part in hypothesis or [] for name in part.split(",")]
    if not all(names):
        raise Problem("--hypothesis has an empty name", hint="for instance --hypothesis expected,none")
    return list(dict.fromkeys(names))


def _simulated(
    plan: Scenario,
    trials: int | None,
    seed: int,
    threads: int | None,
    precision: float | None,
    quiet: bool,
    how: dict[str, Any],
) -> Run:
    from planner.console import progress
    from planner.results import simulate

    compiling(quiet)
    with progress("Simulating", quiet=quiet) as advance, precisely():
        return simulate(
            plan,
            trials=trials,
            seed=seed,
            threads=threads,
            progress=advance,
            precision=precision,
            name=plan.name,
            **how,
        )


@contextmanager
def precisely() -> Iterator[None]:
    """A precision that cannot be asked for is explained."""
    from planner.precision import PrecisionError

    try:
        yield
    except PrecisionError as error:
        raise Problem(f"--precision: {error}", hint="for instance --precision 0.001") from error


def compiling(quiet: bool) -> None:
    """Say why the first run on a machine takes a while."""
    from planner.console import note

    if not quiet and not _compiled():
        note("compiling the kernels, once on this machine; later runs start at once")


def _compiled() -> bool:
    """Whether compiled kernels of an earlier run are there to be loaded."""
    from planner.kernels.jit import COMPILED, cache_folder

    folder = cache_folder() if COMPILED else None
    return not COMPILED or (folder is not None and any(folder.rglob("*.nbc")))


def remarks(
    document: dict[str, Any],
    verbose: bool,
    warnings: Sequence[str] | None = None,
    target: Target | None = None,
    on_page: Collection[str] | None = None,
) -> None:
    """Warnings, and on request the speed, beside the result.

    `warnings`: in the words of the page (those of the document if not given). Where the page is shown on the
    terminal, those that are `on_page` (all if not given) are not said a second time.
    """
    from planner.console import note, warn

    said = document["warnings"] if warnings is None else warnings
    twice = target is not None and target.on_screen
    for warning in said:
        if not twice or (on_page is not None and warning not in on_page):
            warn(warning)
    if verbose:
        spent = document["run"]
        speed = spent.get("trials_per_second")
        done = f"{spent['trials']:,} trials" if speed is None else f"{speed:,.0f} trials a second"
        note(f"{spent['seconds']:.3g} s, {done}")


def told_of_entry(plan: Scenario, of: str = "") -> None:
    """On request: by which rating patients are enrolled, where they are selected."""
    from planner.console import note
    from planner.explain_population import entry_in_short

    if said := entry_in_short(plan):
        note(f"{of}: {said}" if of else said)
