"""Why no number of patients and no effect is enough: what was seen, computed and extrapolated.

A ceiling is claimed only where there surely is one: by a closed form, or as the chance that there is an
effect at all. Where power merely grows slowly, the answer is that it grows, and about how many patients would
be enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

from planner.analyses import info_of
from planner.model.carryover import carries
from planner.model.looks import monitoring_plan
from planner.monitoring.p_values import p_value
from planner.questions.exact import theory
from planner.questions.size.beyond import FARTHEST, Beyond, by_assurance, by_drift, exactly, halfway
from planner.questions.size.curves import Curves, Interrupted, Key, Points
from planner.questions.size.effect import Effects
from planner.questions.size.patients import Search
from planner.questions.size.size_figures import Peak
from planner.results.cells import Cell
from planner.results.effect_scale import Unit, unit_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.scenario import Scenario

_CLEAR = 3.0  # Monte Carlo standard errors beyond which a difference is no chance
_PROBED = 64  # allocation units up to which a test is looked for that can be computed
_PROBES = 1_024  # trials of that


@dataclass(frozen=True)
class Reason:
    """Why there is no answer. `ceiling`: what power does not pass at any number of patients, if known."""

    note: str
    ceiling: float | None = None
    extrapolated: Beyond | None = None


def best(points: Points) -> Peak:
    """The highest power of the curve, and where."""
    n = max(points, key=lambda n: (points[n].power.estimate, -n))
    return Peak(n, points[n].power)


def no_patients(search: Search, key: Key, target: float, partial: bool) -> Reason:
    """The best that was reached, what keeps power down, and what more patients would do."""
    points = search.curves.points(*key)
    top, peak = points[max(points)], best(points)
    power = peak.power
    highest = f"{power.estimate:.3f} (Monte Carlo SE {power.error:.2g}), at {peak.patients:,}"
    if key in search.exact:
        n = max(search.exact[key], key=search.exact[key].__getitem__)
        highest = f"{search.exact[key][n]:.3f}, by the closed form, at {n:,}"
    head = (
        f"No number up to {max(points):,} is enough: the best {_word(search.curves)} is {highest} patients."
    )
    if partial:
        return Reason(f"{head} Interrupted before larger numbers were tried.")
    if power.estimate >= target:
        return Reason(f"{head} It does not stay at the target.")
    if top.undefined.estimate == 1.0:
        return Reason(f"{head} {_never_computed(search.curves, key, max(points), search.unit)}")
    causes = [*_undefined(top, target), *_bias(search.curves.scenario, top), *_futile(top, target)]
    ahead = _larger_numbers(search, key, target, points)
    return Reason(" ".join([head, *causes, ahead.note]).strip(), ahead.ceiling, ahead.extrapolated)


def _word(curves: Curves) -> str:
    return "power" if curves.variants is None else "assurance"


def _of(scenario: Scenario, name: str) -> PlannedAnalysis:
    return next(analysis for analysis in scenario.analyses if analysis.name == name)


# What keeps power down


def _never_computed(curves: Curves, key: Key, most: int, step: int) -> str:
    """Nothing was ever tested: too few patients for the test, or data that never determine it.

    Numbers in steps are tried beyond `most`, to tell the two apart.
    """
    scenario, (name, called) = curves.scenario, key
    analysis = _of(scenario, called)
    method = analysis.row.title
    probe = curves.like(scenario)
    last = min(_PROBED * scenario.design.unit, MAX_PATIENTS)
    numbers = range(most + step, last + 1, step)
    with suppress(Interrupted):  # of what was finished
        probe.evaluate([name], numbers, _PROBES)
    computable = [n for n, cell in probe.points(*key).items() if cell.undefined.estimate < 1.0]
    curves.trials = probe.trials
    if computable:
        return f"{count_of(most)} too few for the test ({method}), which needs at least {min(computable):,}."
    tried = max([most, *numbers])
    return (
        f"The test ({method}) could not be computed in any trial of up to {tried:,} patients: under this "
        "hypothesis either nobody has all that it needs, or the data have no spread."
    )


def count_of(patients: int) -> str:
    return f"{patients:,} patients are" if patients != 1 else "1 patient is"


def _undefined(top: Cell, target: float) -> list[str]:
    share = top.undefined.estimate
    if share <= (1.0 - target) / 2.0:
        return []
    return [f"In {share:.1%} of the trials the test cannot be computed: too few patients complete."]


def _effect_text(effect: float, unit: Unit) -> str:
    """An effect in a sentence."""
    return unit.effect_text(effect, with_name=True) if unit.ratio else f"{effect:+.4g}"


def _far_off(top: Cell, unit: Unit) -> bool:
    """Whether the mean estimate is less than half of the true effect, or on its other side."""
    mean, truth = top.as_analysed.mean, unit.analysed(top.true_effect)
    return mean is not None and bool(truth) and mean / truth <= 0.5


def _bias(scenario: Scenario, top: Cell) -> list[str]:
    """Whether the analysis estimates something else than the true effect, where carryover can be the cause.

    Of an analysis of the user's own nothing is known: its estimate may be on another scale.
    """
    own, unit = _of(scenario, top.analysis).own is not None, unit_of(scenario, top.analysis)
    mean = top.estimate.mean
    if own or mean is None or not _far_off(top, unit) or not carries(scenario, top.hypothesis):
        return []
    estimates, truth = f"{mean:+.3g}", f"{top.true_effect:+.3g}"
    if unit.ratio:
        estimates, truth = (unit.effect_text(x, with_name=True) for x in (mean, top.true_effect))
    sentence = f"On average the analysis estimates {estimates} where the true effect is {truth}"
    analysed, error = top.as_analysed.mean, top.as_analysed.mean_mcse
    if error is not None and abs(analysed or 0.0) <= _CLEAR * error:
        return [
            f"{sentence}: what earlier treatments leave behind cancels the effect, as far as chance shows."
        ]
    return [f"{sentence}: what earlier treatments leave behind takes most of the effect away."]


def _futile(top: Cell, target: float) -> list[str]:
    futile = sum(look.futility.estimate for look in top.looks)
    return [f"{futile:.1%} of the trials stop for futility."] if futile > (1.0 - target) / 2.0 else []


# What more patients would do


def _larger_numbers(search: Search, key: Key, target: float, points: Points) -> Reason:
    scenario = search.curves.scenario
    analysis = _of(scenario, key[1])
    if none := _none_significant(analysis, points.values(), max(points)):
        return Reason(none)
    if search.curves.variants is not None:
        return _assurance(search, key, points, target)
    if key in search.exact:
        return _exact(search, key, analysis, target, max(points))
    if (sentence := _never_significant(scenario, analysis, points)) is not None:
        return Reason(sentence)
    beyond = by_drift(scenario, analysis, points, target)
    return Reason(_still_grows("Power", points, target, beyond, search.unit), None, beyond)


def _exact(search: Search, key: Key, analysis: PlannedAnalysis, target: float, most: int) -> Reason:
    scenario = search.curves.scenario
    limit = theory.limit(scenario, key[0], analysis)
    assert limit is not None  # a closed form has one
    if limit == 1.0:
        beyond = exactly(scenario, key[0], analysis, target, most)
        if beyond.patients is None:
            return Reason(
                f"Power still grows, but {FARTHEST:,} are not enough. {_advice(None)}", None, beyond
            )
        law = "exact integral" if analysis.against_margins else "noncentral t distribution"
        reach = f"Power still grows, and by the {law} reaches {target:g} at"
        note = f"{reach} {beyond.patients:,}; that is computed, not simulated. {_advice(beyond.patients)}"
        return Reason(note, None, beyond)
    if limit == 0.0:
        where = (
            "beyond the margin" if analysis.against_margins else "on the side that the test does not look at"
        )
        why = f"what the analysis estimates lies {where}"
        note = f"Power has a ceiling: {why}, so that it is below alpha, and falls as patients are added."
        return Reason(note, analysis.alpha)
    nil = "at the margin" if analysis.against_margins else "nil"
    why = f"what the analysis estimates is {nil}, what earlier treatments leave behind included"
    note = f"Power has a ceiling: {why}, so that it is alpha, {limit:g}, at every number of patients."
    return Reason(note, limit)


def _assurance(search: Search, key: Key, points: Points, target: float) -> Reason:
    """Assurance has a ceiling: the chance that there is an effect that the test can find."""
    top = points[max(points)]
    drawn = search.curves.variant_figures(key, max(points))
    assert drawn is not None
    chance, limit = drawn.effect_probability, drawn.power_limit
    sentences = []
    if chance and chance.estimate < target:
        sentences.append(
            f"There is an effect in the wanted direction with a chance of {chance.estimate:.1%} "
            f"(Monte Carlo SE {100 * chance.error:.2g} %)."
        )
    if not limit or _far_off(top, unit_of(search.curves.scenario, key[1])):
        return Reason(" ".join([*sentences, _still_grows("Assurance", points, target, None, search.unit)]))
    if limit.estimate < target:
        if limit.interval[1] < target:
            sentences.append("That is the ceiling of assurance: no number of patients lifts it above.")
        else:
            sentences.append(
                "No number of patients lifts assurance above that chance, which more variants settle."
            )
        return Reason(" ".join(sentences), limit.estimate)
    if sentences:
        sentences.append("The test has two sides, and what is significant on the other one counts too.")
    beyond = by_assurance(points, limit, target, search.unit)
    sentences.append(_still_grows("Assurance", points, target, beyond, search.unit))
    return Reason(" ".join(sentences), limit.estimate if limit.estimate < 1.0 else None, beyond)


def _still_grows(word: str, points: Points, target: float, beyond: Beyond | None, unit: int) -> str:
    """How power went on between half the largest number and that, and where it would lead."""
    most, half = max(points), halfway(points)
    top, before = points[most].power, points[half].power
    gain, error = top.estimate - before.estimate, math.hypot(top.error, before.error)
    step = f"from {before.estimate:.3f} at {half:,} to {top.estimate:.3f} at {most:,} patients"
    if gain > _CLEAR * error:
        sentence = f"{word} still grows, {step}."
    else:
        sentence = f"{word} goes {step}: a step that chance alone could make, and no sign of a ceiling."
    if beyond is None or (beyond.patients is None and beyond.low is None):
        return f"{sentence} That is too little to extrapolate from."
    how = {
        "drift": "the expected z growing with the root of the patients",
        "assurance": "the distance to its limit shrinking with the root of the patients",
    }[beyond.by]
    if beyond.patients is None:
        about = f"more than {_rounded(beyond.low or most, unit):,}"
    else:
        ends = [None if end is None else f"{_rounded(end, unit):,}" for end in (beyond.low, beyond.high)]
        about = f"about {_rounded(beyond.patients, unit):,} ({ends[0]} to {ends[1]})"
        if ends[1] is None:
            about = f"about {_rounded(beyond.patients, unit):,} ({ends[0]} or more)"
    return (
        f"{sentence} Extrapolated, and not simulated: {about} patients would reach {target:g}, {how}. "
        f"{_advice(beyond.patients)}"
    )


def _rounded(patients: int, unit: int) -> int:
    """To three digits, as an extrapolation deserves."""
    if patients < 1_000:
        return patients
    step = 10 ** (len(str(patients)) - 3)
    return int(round(patients / step) * step)


def _advice(patients: int | None) -> str:
    if patients is not None and patients <= MAX_PATIENTS:
        return "Allow more patients (--max-patients), or plan for a larger effect or less spread."
    return f"More than {MAX_PATIENTS:,} patients are not simulated: plan for a larger effect or less spread."


def _never_significant(scenario: Scenario, analysis: PlannedAnalysis, points: Points) -> str | None:
    """Where no data of so few patients can be significant in an exact test: how many it needs."""
    about = info_of(analysis)
    least = _LEAST_P.get(about.reference) if about.decisive else None
    most = max(points)
    if least is None or any(cell.power.estimate > 0.0 for cell in points.values()):
        return None

    def possible(n: int) -> bool:
        plan = monitoring_plan(scenario, analysis, n)
        return least(scenario, analysis, n, plan.direction) <= plan.boundary.nominal_p[-1]

    if possible(most):
        return None
    unit = scenario.design.unit
    needed = next((n for n in range(most, MAX_PATIENTS + 1, unit) if possible(n)), None)
    plan = monitoring_plan(scenario, analysis, most)
    p = least(scenario, analysis, most, plan.direction)
    sentence = (
        f"With {most:,} patients the smallest p value of this exact test is {p:.3g}: it cannot be significant"
    )
    return f"{sentence}." if needed is None else f"{sentence} with fewer than {needed:,}."


def _none_significant(analysis: PlannedAnalysis, cells: Iterable[Cell], most: int) -> str:
    """Of the user's own test that answers with p values: that perhaps none can be small enough."""
    own = analysis.own is not None and info_of(analysis).reference == "exact-p"
    if not own or any(cell.power.estimate > 0.0 for cell in cells):
        return ""
    trials = f"up to {most:,} patients" if most > 1 else "1 patient"
    return (
        f"No trial of {trials} was significant. The smallest p value that your own test can have with so few "
        "is not known here: it may be above alpha whatever the data are."
    )


def _least_binomial(scenario: Scenario, analysis: PlannedAnalysis, n: int, direction: str) -> float:
    """All patients respond to one and the same treatment only."""
    reference = info_of(analysis).reference
    p_values = (p_value(reference, side * n, n + 1.0, direction) for side in (1.0, -1.0))
    return min(p for p in p_values if p is not None)


def _least_of_two_groups(scenario: Scenario, analysis: PlannedAnalysis, n: int, direction: str) -> float:
    """All who begin with one treatment respond to what comes first, and none who begin with the other."""
    units = [0, 0]
    for sequence, share in zip(scenario.design.sequences, scenario.design.allocation, strict=True):
        weight = analysis.weights.get(sequence[0], 0.0)
        if weight:
            units[weight > 0.0] += share
    groups = [round(n * each / scenario.design.unit) for each in units]
    one = 1.0 / math.comb(sum(groups), groups[0])
    return min(2.0 * one, 1.0) if direction == "two-sided" else one


_LEAST_P: dict[str, Callable[[Scenario, PlannedAnalysis, int, str], float]] = {
    "binomial": _least_binomial,
    "binomial-mid": _least_binomial,
    "exact-p": _least_of_two_groups,
}
"""Of tests of responses, by the distribution of the statistic."""


# Effects


def no_effect(search: Effects, target: float) -> str:
    """Why no effect was large enough: the best that was reached, and what keeps power down."""
    curves, cells, key = search.curves, list(search.cells.values()), (search.name, search.analysis.name)
    if not cells:
        return f"No effect could be tried: no stopping limits exist for {search.patients:,} patients."
    if all(cell.undefined.estimate == 1.0 for cell in cells):
        return _never_computed(curves, key, search.patients, 1)
    top = max(cells, key=lambda cell: cell.power.estimate)
    power, unit = top.power, search.unit
    largest = max((cell.true_effect for cell in cells), key=lambda effect: abs(unit.analysed(effect)))
    tried = _effect_text(largest, unit) + ("" if unit.ratio else f" {unit.name}")
    sentence = (
        f"No effect up to {tried}, the largest tried, is enough: the best {_word(curves)} is "
        f"{power.estimate:.3f} (Monte Carlo SE {power.error:.2g}), at {_effect_text(top.true_effect, unit)}."
    )
    causes = _undefined(top, target)
    if never := _none_significant(search.analysis, cells, search.patients):
        causes.append(never)
    if curves.scenario.endpoint.bounds is not None:
        causes.append("Scores are cut at the ends of their scale, which bounds the effect.")
    return " ".join([sentence, *causes, *_futile(top, target)])
