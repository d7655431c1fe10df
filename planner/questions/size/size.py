"""How many patients a trial needs, or what effect it finds: answers with the range that chance leaves open.

>>> import planner
>>> sizing = planner.size(planner.read("asthma-ab-ba"), power=[0.8, 0.9])
>>> sizing.answers[0].patients, sizing.answers[0].range
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from planner.engine.executors import Progress
from planner.errors import RequestError, UnknownNameError
from planner.kernels.tables import W
from planner.model.estimand import Truth
from planner.model.families.family import family_of
from planner.model.looks import look_counts
from planner.model.parameter_draws import check_uncertainty, uncertain_parameters
from planner.model.period_confounding import period_remarks
from planner.model.stopping.remarks import limits_at_answers
from planner.questions.limit_errors import limit_errors
from planner.questions.requested import check_numbers, check_one_stage, check_whole
from planner.questions.size.answers import effect_answer, patients_answer
from planner.questions.size.curves import Curves, Interrupted
from planner.questions.size.effect import Effects
from planner.questions.size.patients import Search
from planner.questions.size.result import Sizing, carryover_warnings
from planner.questions.size.size_figures import CurvePoint, SizeAnswer, effect_point, patients_point
from planner.results.carryover import carryover_biases
from planner.results.carryover_figures import carryover_figures
from planner.results.cells import Cell
from planner.results.contract import Json
from planner.results.design_effect import WARNING
from planner.results.effect_scale import unit_of
from planner.results.own_estimates import on_other_scales
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.labels import labels_of, names_called
from planner.scenario.look_counts import scaling
from planner.scenario.own_methods import OwnMethods
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

DEFAULT_POWER = 0.9
DEFAULT_MOST = 1_000
DEFAULT_VARIANTS = 1_000
NOT_OF_MEANS = (
    "an effect to be found is a difference of two means that can be moved, and none is stated there"
)


class SizingError(RequestError):
    """A question about size that makes no sense.

    >>> import planner
    >>> try:
    ...     planner.size(planner.read("asthma-ab-ba"), power=1.2)
    ... except planner.SizingError as error:
    ...     print(error.message)
    a target power lies between 0 and 1, for instance 0.9; 1.2 does not
    """


def size(
    scenario: Scenario,
    *,
    power: float | Sequence[float] = DEFAULT_POWER,
    find: str = "patients",
    patients: int | None = None,
    hypotheses: Sequence[str] | None = None,
    max_patients: int = DEFAULT_MOST,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    uncertain: bool = False,
    variants: int | None = None,
    methods: OwnMethods | None = None,
    name: str | None = None,
) -> Sizing:
    """The smallest number of patients, or with `find="effect"` the smallest effect, with the target power.

    `power`: one target or several, between 0 and 1. `patients`: of the trial, where an effect is sought
    (default: the scenario's). `hypotheses`: names or labels (default: those the scenario simulates).
    `max_patients`: the largest number tried, at most 10,000. `trials`: most virtual trials per hypothesis in
    one pass; fewer are used where they settle the answer. `progress(done, total)` is called about ten times a
    second. After Ctrl-C the result is marked partial. Raises SizingError for a question without meaning.

    The answer is the first number of patients from which power stays at or above the target, over the
    numbers up to `max_patients`, with the looks scaled to each number. `uncertain`: the target is one of
    assurance, power averaged over at most `variants` (default 1000) drawn values of every uncertain number,
    the same ones at every number of patients and every effect; raises UncertaintyError where there is none.
    `methods`: analyses of your own, and `name`, as in `simulate`.

    >>> import planner
    >>> one = ["simulation.hypotheses=['minimal-important']"]
    >>> scenario = planner.read("asthma-ab-ba", set=one)
    >>> sizing = planner.size(scenario, power=0.8, max_patients=80, trials=2_048)
    >>> sizing.answers[0].patients, round(sizing.answers[0].power.estimate, 2)
    (40, 0.81)
    """
    check_whole(SizingError, trials=trials, seed=seed, threads=threads, variants=variants)
    check_whole(SizingError, patients=patients, max_patients=max_patients)
    check_one_stage("size", scenario)
    scenario = scenario.with_methods(methods)
    targets = _targets(power)
    names = _names(scenario, hypotheses)
    begun = time.perf_counter()
    most_variants = _variants(scenario, find, names, variants, trials) if uncertain else None
    trials = trials if most_variants is None else most_variants * W
    most = most_patients(scenario, find, patients, max_patients, names)
    curves = Curves(scenario, seed=seed, threads=threads, progress=progress, variants=most_variants)
    find_answers = _find_patients if find == "patients" else _find_effects
    answers, curve, partial, cells = find_answers(curves, names, targets, most, trials)
    if partial and not curve:
        raise KeyboardInterrupt
    if find == "patients" and not partial:
        answers = _with_limit_errors(scenario, answers, curves.seed, threads)
    limits, of_looks = limits_at_answers(
        scenario, [(each.analysis, each.patients) for each in answers if each.patients]
    )
    return Sizing(
        scenario=scenario,
        name=scenario.name if name is None else name,
        find=find,
        answers=answers,
        curve=curve,
        partial=partial,
        seed=curves.seed,
        trials=curves.trials,
        simulated=curves.simulated,
        most_patients=most,
        seconds=time.perf_counter() - begun,
        warnings=[
            *_look_remarks(scenario, most if find == "effect" else None),
            *_warnings(answers, curves, partial),
            *of_looks,
            *on_other_scales(scenario, cells),
        ],
        limits=limits,
        variants=most_variants,
        most_trials=None if most_variants is not None else trials,
        passes=tuple(curves.passed),
    )


def _with_limit_errors(
    scenario: Scenario, answers: Sequence[SizeAnswer], seed: int, threads: int | None
) -> list[SizeAnswer]:
    """The answers with the type I errors of scaled limits."""
    keys = {(*each.key, each.patients) for each in answers if each.patients is not None}
    errors = limit_errors(scenario, sorted(keys), seed=seed, threads=threads)
    return [replace(each, type1_at_limit=errors.get((*each.key, each.patients or 0))) for each in answers]


def _variants(
    scenario: Scenario, find: str, names: Sequence[str], variants: int | None, trials: int | None
) -> int:
    """How many variants there are at most, each of 128 trials."""
    check_uncertainty(scenario)
    if find == "effect":
        check_effects(scenario, names)
    if trials is not None:
        raise SizingError("over uncertain numbers, `variants` says how much is simulated, and not `trials`")
    return DEFAULT_VARIANTS if variants is None else variants


def check_effects(scenario: Scenario, names: Sequence[str]) -> None:
    """Raise SizingError where the numbers that make an effect are drawn themselves."""
    for entry in uncertain_parameters(scenario):
        name = entry.hypothesis
        if name is None or name not in names:
            continue
        setting = family_of(scenario.hypotheses[name]).effect_setting
        if setting and any(setting in number.route for number in entry.numbers):
            raise SizingError(
                f"no effect can be sought under {name}, whose {setting} are uncertain themselves: leave "
                f"{entry.key} out of its uncertainty, or seek a number of patients"
            )


def most_patients(
    scenario: Scenario, find: str, patients: int | None, max_patients: int, names: Sequence[str]
) -> int:
    """The most patients of a trial in the search. Raises SizingError for a question without meaning."""
    unit = scenario.design.unit
    if find == "patients":
        if patients is not None:
            raise SizingError(
                "the number of patients is sought: `patients` goes with the search for an effect"
            )
        if not unit <= max_patients <= MAX_PATIENTS:
            raise SizingError(
                f"the most patients must be from {unit:,} (one allocation unit) to {MAX_PATIENTS:,}, not "
                f"{max_patients:,}"
            )
        return max_patients
    if find != "effect":
        raise SizingError(f"{find!r} cannot be sought: patients or effect")
    most = patients or scenario.design.patients
    if not 1 <= most <= MAX_PATIENTS:
        raise SizingError(f"the patients must be from 1 to {MAX_PATIENTS:,}, not {most:,}")
    if against := [analysis.name for analysis in scenario.analyses if analysis.against_margins]:
        raise SizingError(
            f"no effect can be sought with {listed(against)}, which does not tell an effect from none: state "
            "the true difference, and seek a number of patients"
        )
    if not any(family_of(scenario.hypotheses[name]).effect_setting for name in names):
        raise SizingError(f"no effect can be sought under {', '.join(names)}: {NOT_OF_MEANS}")
    return most


def _targets(power: float | Sequence[float]) -> list[float]:
    targets = list(dict.fromkeys([power] if isinstance(power, int | float | str) else power))
    for target in targets:
        check_numbers(SizingError, power=target)
    if not targets:
        raise SizingError("no target power is given")
    for target in targets:
        if not 0.0 < target < 1.0:
            raise SizingError(f"a target power lies between 0 and 1, for instance 0.9; {target:g} does not")
    return targets


def _names(scenario: Scenario, hypotheses: Sequence[str] | None) -> list[str]:
    try:
        return names_called(hypotheses or scenario.simulated_hypotheses, labels_of(scenario.hypotheses))
    except UnknownNameError as error:
        raise SizingError(error.message, error.hint) from None


_Answers = tuple[list[SizeAnswer], list[CurvePoint], bool, list[Cell]]


def _find_patients(
    curves: Curves, names: Sequence[str], targets: Sequence[float], most: int, trials: int | None
) -> _Answers:
    """The numbers of patients, the points of the curves, whether Ctrl-C came, and the cells of the points."""
    search = Search(curves, targets, most, trials)
    partial = False
    try:
        search.run(names)
    except (Interrupted, KeyboardInterrupt):
        partial = True
    keys = [(name, analysis.name) for name in names for analysis in curves.scenario.analyses]
    answers = [_with_carryover(curves, patients_answer(search, k, t, partial)) for k in keys for t in targets]
    curve: list[CurvePoint] = []
    every = [cell for key in keys for cell in curves.points(*key).values()]
    for key in keys:
        exact = search.exact.get(key)
        if key not in search.null:
            cells = curves.points(*key).values()
            curve += [
                patients_point(cell, None if exact is None else search.exact_power(key, cell.patients))
                for cell in cells
            ]
    return answers, curve, partial, every


def _find_effects(
    curves: Curves, names: Sequence[str], targets: Sequence[float], patients: int, trials: int | None
) -> _Answers:
    """The effects, the points of the curves, whether Ctrl-C came, and the cells of the points."""
    scenario = curves.scenario
    answers: list[SizeAnswer] = []
    curve: list[CurvePoint] = []
    every: list[Cell] = []
    partial = False
    left = len(names) * len(scenario.analyses) * len(targets)
    for name in names:
        movable = bool(family_of(scenario.hypotheses[name]).effect_setting)
        note = "" if movable else f"{NOT_OF_MEANS[:1].upper()}{NOT_OF_MEANS[1:]}."
        for analysis in scenario.analyses:
            search = None
            if movable and not partial:
                search = Effects(curves, name, analysis, patients, trials)
            for target in targets:
                left -= 1
                effect = moved = None
                if search is not None and not partial:
                    try:
                        effect = search.find(target, left)
                    except (Interrupted, KeyboardInterrupt):
                        partial = True
                answer = effect_answer(name, analysis, target, patients, search, effect, note, partial)
                if search is not None and effect is not None and effect.change is not None:
                    moved = search.hypothesis(effect.change)
                answers.append(_with_carryover(curves, answer, moved))
            if search is not None:
                cells = [search.cells[change] for change in sorted(search.cells, key=abs)]
                curve += [effect_point(cell, name) for cell in cells]
                every += [replace(cell, hypothesis=name) for cell in cells]
    return answers, curve, partial, every


def _with_carryover(curves: Curves, answer: SizeAnswer, moved: Hypothesis | None = None) -> SizeAnswer:
    """An answer with what carryover does to the estimate there. `moved`: the hypothesis with that effect."""
    name, patients = answer.hypothesis, answer.patients
    if answer.power is None or patients is None:
        return answer
    scenario = curves.scenario
    analysis = next(each for each in scenario.analyses if each.name == answer.analysis)
    given = answer.effect if moved is not None else None
    if given is None:
        given = curves.points(name, analysis.name)[patients].true_effect
    unit = unit_of(scenario, analysis.name)
    effect = unit.analysed(given)
    update: Json = {"analyses": (analysis,)}
    update |= {"hypotheses": {**scenario.hypotheses, name: moved}} if moved is not None else {}
    effects = {name: [Truth(effect, 0.0, False)]}
    uncertain = curves.variants is not None
    biases = carryover_biases(
        scenario.model_copy(update=update), effects, [patients], curves.seed, uncertain=uncertain
    )
    figures = carryover_figures(effect, biases.get((name, analysis.name, patients)), unit)
    return replace(answer, carryover=figures)


def _look_remarks(scenario: Scenario, patients: int | None) -> list[str]:
    """What became of the looks when the scenario was read, and for the one number of patients of a search."""
    remarks, planned = [*scenario.remarks, *period_remarks(scenario, patients)], scenario.monitoring.counts
    if patients not in (None, scenario.design.patients) and len(planned) > 1:
        stated = [*(f"{m:,}" for m in planned[:-1]), f"{planned[-1]:,} patients"]
        remarks.append(scaling(stated, scenario.design.unit, look_counts(scenario, patients)))
    return remarks


def _warnings(answers: Sequence[SizeAnswer], curves: Curves, partial: bool) -> list[str]:
    warnings = carryover_warnings(curves.scenario, answers, str)
    if partial:
        warnings.append("interrupted: the answers rest on what was finished, and some are missing")
    if curves.approximate:
        warnings.append(WARNING)
    if curves.impossible:
        numbers = sorted(curves.impossible)
        few = ", ".join(f"{n}" for n in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
        warnings.append(f"no stopping limits exist for {few} patients; these numbers were left out")
    return warnings
