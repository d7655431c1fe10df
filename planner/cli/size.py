"""`planner size`: how many patients for a power, or which effect a trial finds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import offers, options
from planner.cli.exit import INTERRUPTED, NO_ANSWER, OK, Problem
from planner.cli.meant import one_of
from planner.cli.numbers import whole
from planner.results.contract import Json
from planner.scenario.caps import MAX_PATIENTS

if TYPE_CHECKING:
    from planner.questions.size.result import Sizing
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario


class Sought(StrEnum):
    """What --find looks for."""

    patients = "patients"
    effect = "effect"


Power = Annotated[
    list[str] | None,
    typer.Option(
        "--power",
        metavar="P",
        help="Target power, 0.9 if not given. May be repeated, or joined by commas: 0.8,0.9.",
    ),
]
Find = Annotated[
    Sought,
    typer.Option(
        "--find",
        metavar="patients|effect",
        parser=one_of(Sought),
        autocompletion=offers.one_of(*Sought),
        help="What is sought: patients, or the effect.",
    ),
]
MaxPatients = Annotated[
    int | None,
    typer.Option(
        "--max-patients",
        metavar="N",
        parser=whole(1, MAX_PATIENTS),
        help="Largest number tried, 1000 if not given; at most 10000.",
    ),
]


def size(
    scenario: options.Scenario,
    power: Power = None,
    find: Find = Sought.patients,
    patients: options.Patients = None,
    max_patients: MaxPatients = None,
    settings: options.Set = None,
    hypothesis: options.Hypothesis = None,
    uncertain: options.Uncertain = False,
    variants: options.Variants = None,
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
    """How many patients a power needs: the number, its Monte Carlo range, the power curve.

    The answer is the smallest number of patients from which power stays at or above the target, with the
    looks of the scenario scaled to each number. All numbers are evaluated on the same virtual patients: first
    a coarse scan, then every number around the answer with more trials until it is settled.

    Where no number up to --max-patients is enough, the result names what keeps power down, a ceiling only
    where one is known, and else about how many patients would be: extrapolated, not simulated.

    With --find effect the number of patients is fixed and the smallest effect with that power is sought.

    With --uncertain the target is one of assurance: power averaged over what the scenario calls uncertain.
    With --find effect too, as long as the means of the hypothesis are not uncertain themselves.

    Exit code 4 if no hypothesis has an answer. --format csv writes the power curve, one row a point.

    \b
    Examples:
      planner size asthma-ab-ba --power .9
      planner size my-trial.toml --power .8,.9 --hypothesis expected --json
      planner size my-trial.toml --max-patients 4000 --trials 4000000
      planner size my-trial.toml --find effect --patients 24 --power .8
      planner size williams-2018 --uncertain --power .8 --hypothesis pharmacokinetic
    """
    from planner.cli import again
    from planner.cli.common import (
        averaged_variants,
        check_variants,
        hypotheses_of,
        hypotheses_setting,
        override_warnings,
        print_remarks,
        work_out,
    )
    from planner.cli.dry_run import write_foreseen
    from planner.cli.output import frame_as_csv, target_of
    from planner.cli.patients import size_in
    from planner.report.scenario.context import page_context
    from planner.results.carryover_sentences import labels
    from planner.scenario.reading.read import open_source

    target = target_of(output_format, json, output, force, quiet)
    targets, fixed = _targets(power), size_in(patients, "planner size")
    if find is Sought.effect and max_patients is not None:
        raise Problem("--max-patients goes with --find patients", hint="--patients N fixes their number")
    if find is Sought.patients and fixed is not None:
        raise Problem(
            f"--patients {fixed} goes with --find effect: else the number is sought",
            hint="--max-patients N is the largest that is tried",
        )
    check_variants(uncertain, variants)
    if uncertain and trials is not None:
        raise Problem(
            "--uncertain cannot be combined with --trials",
            hint="--variants says how many values of the uncertain numbers are drawn, 128 trials each",
        )
    source = open_source(scenario)
    chosen = hypotheses_of(hypothesis, source, settings)
    overrides = list(settings or []) + hypotheses_setting(chosen)
    plan = source.scenario(overrides)
    follows = work_out(plan, scenario)
    request = {"find": find.value, "patients": fixed, "trials": trials, "seed": seed, "threads": threads}
    if uncertain:
        averaged_variants(plan, variants)
        _check_effect(plan, find)
        request |= {"uncertain": True, "variants": variants}
    if max_patients is not None:
        request["max_patients"] = max_patients
    if dry_run:
        most = _most(plan, request)
        seed = plan.simulation.seed if seed is None else seed
        drawn = _variants(variants) if uncertain else None
        from planner.questions.size.foreseen import foreseen

        would = foreseen(plan, targets, find.value, most, trials, drawn, seed, threads)
        return write_foreseen(target, would)
    result = _search(plan, targets, request, quiet)
    document = result.to_json()
    more = override_warnings(plan, source, overrides, result.seed) if uncertain else []
    document["warnings"] = result.warnings + more
    warnings = result.warnings_with(labels(plan)) + more
    print_remarks(document, verbose, warnings, target)

    def blocks() -> list[Block]:
        from planner.report.pages.size import size_page

        by_effect = result.find == "effect"
        command = again.command(
            "size",
            [scenario],
            settings=settings,
            hypotheses=chosen,
            power=targets,
            find="effect" if by_effect else None,
            patients=result.most_patients if by_effect else None,
            max_patients=None if by_effect else result.most_patients,
            trials=trials,
            uncertain=uncertain,
            variants=result.variants,
            seed=result.seed,
        )
        described = page_context(plan, follows, command)
        return size_page(result, described, warnings)

    target.write(document, blocks, lambda: frame_as_csv(result.frame()))
    if result.partial:
        return INTERRUPTED
    return OK if any(answer.sought is not None for answer in result.answers) else _no_answer(result)


def _check_effect(plan: Scenario, find: Sought) -> None:
    """An effect is sought by moving means, which must not be drawn."""
    from planner.cli.common import explain
    from planner.questions.size.size import SizingError, check_effects

    if find is Sought.effect:
        with explain(SizingError, option="--uncertain", hint="--hypothesis NAME leaves the others out"):
            check_effects(plan, plan.simulated_hypotheses)


def _variants(variants: int | None) -> int:
    """The most values of every uncertain number."""
    from planner.questions.size.size import DEFAULT_VARIANTS

    return DEFAULT_VARIANTS if variants is None else variants


def _targets(power: list[str] | None) -> list[float]:
    """`--power .8,.9 --power .95` as numbers."""
    from planner.questions.size.size import DEFAULT_POWER
    from planner.scenario.reading.numbers import numbers_in

    try:
        targets = numbers_in(power or []) or [DEFAULT_POWER]
    except ValueError:
        raise Problem(
            f"--power is a number or numbers joined by commas, not {','.join(power or [])}",
            hint="for instance --power .8,.9",
        ) from None
    for target in targets:
        if not 0.0 < target < 1.0:
            raise Problem(
                f"--power lies between 0 and 1, not at {target:g}",
                hint=f"perhaps --power {target / 100:g}"
                if 1.0 < target < 100.0
                else "for instance --power .9",
            )
    return list(dict.fromkeys(targets))


def _most(plan: Scenario, request: Json) -> int:
    """The most patients of a trial in the search."""
    from planner.cli.common import explain
    from planner.questions.size.size import DEFAULT_MOST, SizingError, most_patients

    names = plan.simulated_hypotheses
    most = request.get("max_patients", DEFAULT_MOST)
    with explain(SizingError, hint="planner size --help"):
        return most_patients(plan, request["find"], request["patients"], most, names)


def _search(plan: Scenario, targets: list[float], request: Json, quiet: bool) -> Sizing:
    from planner.cli.common import explain
    from planner.cli.progress import progress
    from planner.questions.size.size import SizingError, size

    with explain(SizingError, hint="planner size --help"), progress("Sizing", quiet=quiet) as advance:
        return size(plan, power=targets, progress=advance, name=plan.name, **request)


def _no_answer(result: Sizing) -> int:
    """The question has no answer: a line on why, whatever the format of the result."""
    from planner.cli.terminal import fail

    notes = list(dict.fromkeys(answer.note for answer in result.answers))
    fail(
        "no hypothesis has an answer",
        hint=notes[0] if len(notes) == 1 else "the note beside each hypothesis says why",
    )
    return NO_ANSWER
