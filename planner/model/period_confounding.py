"""Analyses that take an effect of the period for one of the treatment, and their type I error then.

A test of the patients' own differences ignores the periods. It may, where every treatment of the contrast is
given equally often in each period; where all patients get A before B, or one order more often than the other,
what differs between the periods is added to what is estimated. The sentences are warnings of every command.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from planner._special import gammaln, ndtr, ndtri, stdtrit, xlog1py, xlogy
from planner.analyses import info_of
from planner.kernels.tables import Floats
from planner.model.allocation import retention
from planner.model.contrast_tables import period_weights
from planner.model.families.family import NormalScores, family_of
from planner.model.looks import MonitoringPlan, monitoring_plan
from planner.monitoring.numerics import noncentral_t_above
from planner.monitoring.solve import crossing_probabilities
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import formula
from planner.scenario.design import Design
from planner.scenario.designs import Sequences
from planner.scenario.estimability import period_shares, sequence_shares, taking_part
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.resolving.analyses import allowing_for_periods
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, in_toml, printable
from planner.scenario.vocabulary import BINARY_MEASURES, IGNORING_PERIODS

_TIE = 1e-9  # relative; as planner.monitoring.references
_MOST_PAIRS = 1000
_NIL = 1e-12  # of an effect: what only rounding makes


def period_remarks(scenario: Scenario, patients: int | None = None) -> list[str]:
    """What must be said of each analysis that cannot tell periods from treatments.

    `patients`: those of the scenario if not given.
    """
    number = scenario.design.patients if patients is None else patients
    sentences = [_remark(scenario, analysis, number) for analysis in scenario.analyses]
    return list(dict.fromkeys(sentence for sentence in sentences if sentence))


def _remark(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> str:
    design, effects = scenario.design, scenario.period_shifts
    left = _left_of_periods(scenario, analysis)
    if not any(left):
        return ""
    what = formula(analysis.weights, ratio=scenario.endpoint.on_logs)
    orders = _orders(scenario, analysis)
    who = f"{printable(analysis.name)} takes an effect of the period for one of the treatment: {orders}"
    if len({*effects}) == 1:
        follows = f"No period effect is stated; whatever there is would be added to {what}"
    else:
        shift = sum(float(share) * effect for share, effect in zip(left, effects, strict=True))
        follows = _consequence(scenario, analysis, patients, shift)
    return f"{who}. {follows}. {_remedy(design, analysis)}"


def _left_of_periods(scenario: Scenario, analysis: PlannedAnalysis) -> list[Fraction]:
    """What of each period's effect is left in the mean of the patients' own contrasts.

    Zeros where the analysis allows for periods, or compares within one.
    """
    design = scenario.design
    nothing = [Fraction(0)] * design.periods
    if analysis.row.needs not in IGNORING_PERIODS:
        return nothing
    weights = analysis.weights
    if analysis.own is not None and sequence_shares(design.sequences, weights) is not None:
        return nothing  # it can allow for periods, and nobody knows whether it does
    rows = [period_shares(sequence, weights) for sequence in design.sequences]
    return [
        sum((n * row[k] for n, row in zip(design.allocation, rows, strict=True)), Fraction(0)) / design.unit
        for k in range(design.periods)
    ]


def _orders(scenario: Scenario, analysis: PlannedAnalysis) -> str:
    """In which orders patients get what is compared."""
    design, compared = scenario.design, list(analysis.weights)
    orders = {tuple(a for a in sequence if a in compared) for sequence in design.sequences}
    if len(orders) == 1:
        (order,) = orders
        if len(order) == 2:
            return f"all patients get {printable(order[0])} before {printable(order[1])}"
        return f"all patients get the treatments in one order, {printable(' '.join(order))}"
    return f"period effects do not cancel between its {len(design.sequences)} sequences"


def _consequence(scenario: Scenario, analysis: PlannedAnalysis, patients: int, shift: float) -> str:
    """What the stated period effects do to the estimate and to the type I error."""
    ratio = scenario.endpoint.on_logs
    moved = f"The stated period effects move {formula(analysis.weights, ratio=ratio)}"
    if ratio:
        moved += f" by a factor of {math.exp(shift):.4g}"
    elif analysis.measure not in BINARY_MEASURES:
        moved += f" by {shift:+.4g} {scenario.endpoint.unit}"
    rates = type_one_errors(scenario, analysis, patients)
    if not rates:
        return f"{moved}, and the type I error with it"
    low, high = (_percent(rate) for rate in (min(rates), max(rates)))
    about = low if low == high else f"{low} to {high}"
    return (
        f"{moved}: without a true difference about {about} % of trials of {count(patients, 'patient')} "
        f"would be significant (type I error; alpha {100 * analysis.alpha:.3g} %)"
    )


def _percent(rate: float) -> str:
    return f"{100 * rate:.2g}" if rate < 0.1 else f"{100 * rate:.0f}" if rate < 0.995 else "more than 99"


# What would do


def _remedy(design: Design, analysis: PlannedAnalysis) -> str:
    """An analysis that allows for periods, where the design has one; else sequences that tell them apart."""
    binary = info_of(analysis).decisive is not None
    if method := allowing_for_periods(design, analysis.contrast, binary=binary):
        return f"An analysis that allows for periods is method = {in_toml(method)}"
    more, allocation = _balanced(design.sequences, analysis.weights), design.allocation
    stated = f"sequences = [{', '.join(in_toml(' '.join(sequence)) for sequence in more)}]"
    if len(more) % len(allocation) == 0 and set(allocation) != {1}:
        stated += f", allocation = {list(allocation) * (len(more) // len(allocation))}"
    return f"In [design], {stated} tells the two apart"


def _balanced(sequences: Sequences, weights: Mapping[str, float]) -> Sequences:
    """The sequences with as many more as it takes for period effects to cancel.

    Of two treatments, those in which the two change places; of more, those in which all move on by a period.
    """
    if len(weights) == 2:
        first, second = weights
        swapped = {first: second, second: first}
        mirrored = [tuple(swapped.get(a, a) for a in sequence) for sequence in sequences]
        return tuple(dict.fromkeys([*sequences, *mirrored]))
    turned = [sequence[k:] + sequence[:k] for k in range(len(sequences[0])) for sequence in sequences]
    return tuple(dict.fromkeys(turned))


# The type I error


class _Contrasts(NamedTuple):
    """The patients' own contrasts where treatments do not differ, in points."""

    shift: float  # their mean
    sd: float  # within a sequence
    between: float  # SD of the means of the sequences


def type_one_errors(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> list[float]:
    """P(significant) with the spread of each simulated hypothesis, if its treatments did not differ.

    Without carryover, by the patients who are expected to stay; exact for one look if all get one order and
    stay. Responses: as if all treatments had the rate of the second one of the contrast. Empty where it takes
    a simulation, as where leaving depends on the treatment or on how patients fare; and of tests against
    margins, at which the treatments do differ.
    """
    about = info_of(analysis)
    if (
        analysis.outcome
        or analysis.against_margins
        or (about.law != "one sample" and about.decisive != "discordant pairs")
    ):
        return []
    stay = retention(scenario)
    if stay is None:
        return []
    plan = monitoring_plan(scenario, analysis, patients)
    errors = []
    for name in scenario.simulated_hypotheses:
        hypothesis = scenario.hypotheses[name]
        scores = family_of(hypothesis).normal_scores(hypothesis)
        if about.decisive is not None:
            shares = _discordant(scenario, hypothesis, analysis)
            if shares is not None:
                errors += _mcnemar_error(plan, shares, scenario.design.allocation, stay, about.reference)
        elif scores is not None:
            errors.append(_error(plan, _contrasts(scenario, scores, analysis), stay))
    return errors


def _discordant(scenario: Scenario, hypothesis: Hypothesis, analysis: PlannedAnalysis) -> Floats | None:
    """(sequences, 2) shares of patients who respond to the first treatment only, and to the second only, were
    the two alike."""
    effects = scenario.period_shifts
    first, second = analysis.weights
    family, shares = family_of(hypothesis), []
    for sequence in scenario.design.sequences:
        shifts = effects[sequence.index(first)], effects[sequence.index(second)]
        each = family.alike_in_two_periods(hypothesis, second, shifts)
        if each is None:
            return None
        shares.append(each)
    return np.array(shares)


def _mcnemar_error(
    plan: MonitoringPlan, shares: Floats, allocation: tuple[int, ...], stay: float, reference: str
) -> list[float]:
    """P(McNemar's test is significant), of one look at up to `_MOST_PAIRS` patients; empty for others."""
    n = plan.patients
    if len(plan.counts) > 1 or n > _MOST_PAIRS or not shares.any():
        return []
    z, level = plan.boundary.efficacy_z[-1], float(ndtr(-plan.boundary.efficacy_z[-1]))
    law, total = _discordant_law(n, stay * shares, allocation), 0.0
    for pairs in range(n + 1):
        first = np.arange(pairs + 1)
        at_random = _binomial(pairs, 0.5)
        tail = np.cumsum(at_random[::-1])[::-1] - (at_random / 2.0 if reference == "binomial-mid" else 0.0)
        above = tail <= level * (1.0 + _TIE)
        if reference == "normal":
            above = 2.0 * first - pairs >= z * math.sqrt(max(pairs, 1))
        hits = above & (plan.direction != "less") | above[::-1] & (plan.direction != "greater")
        total += float(law[first, pairs - first][hits].sum())
    return [total]


def _discordant_law(n: int, shares: Floats, allocation: tuple[int, ...]) -> Floats:
    """(n + 1, n + 1) probability of so many who respond to the first treatment only, and to the second only.

    Sequences have the patients that the allocation gives them; whoever is left over is of any of them. By the
    product of the patients' characteristic functions.
    """
    turn = np.exp(-2j * np.pi * np.arange(n + 1) / (n + 1)) - 1.0
    each = [1.0 + first * turn[:, None] + second * turn for first, second in shares]
    unit = sum(allocation)
    sizes = [n * units // unit for units in allocation]
    mean = sum(units * one for units, one in zip(allocation, each, strict=True)) / unit
    product = mean ** (n - sum(sizes))
    for size, one in zip(sizes, each, strict=True):
        product = product * one**size
    law: Floats = np.fft.ifft2(product).real
    return np.maximum(law, 0.0)


def _binomial(n: int, chance: float) -> Floats:
    """(n + 1,) probability of each number of successes."""
    k = np.arange(n + 1.0)
    ways = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    law: Floats = np.exp(ways + xlogy(k, chance) + xlog1py(n - k, -chance))
    return law


def _contrasts(scenario: Scenario, scores: NormalScores, analysis: PlannedAnalysis) -> _Contrasts:
    design, spread, weights = scenario.design, scores.spread, analysis.weights
    part = taking_part(design.sequences, weights)
    table = period_weights(scenario, weights)[part]
    taken = [sequence for sequence, takes in zip(design.sequences, part, strict=True) if takes]
    share = np.array(design.allocation, float)[part]
    share /= share.sum()
    shifts = table @ np.array(scenario.period_shifts)
    own = sum((w * spread.interaction) ** 2 for w in weights.values())
    variance = [
        sum((w * spread.within[a]) ** 2 for w, a in zip(row, sequence, strict=True))
        + own
        + spread.shared((a, float(w)) for w, a in zip(row, sequence, strict=True))
        for row, sequence in zip(table, taken, strict=True)
    ]
    mean = float(share @ shifts)
    between = math.sqrt(max(float(share @ (shifts - mean) ** 2), 0.0))
    return _Contrasts(mean, math.sqrt(float(share @ np.array(variance))), between)


def _error(plan: MonitoringPlan, contrasts: _Contrasts, stay: float) -> float:
    """P(the mean of the contrasts is significant at some look)."""
    seen = plan.patients * stay
    if contrasts.sd < _NIL or seen < 2.0:
        return 0.0
    shift = -contrasts.shift if plan.direction == "less" else contrasts.shift
    sides = (shift, -shift) if plan.direction == "two-sided" else (shift,)
    if len(plan.counts) == 1:
        z = plan.boundary.efficacy_z[-1]
        return sum(_above(z, seen, contrasts, side) for side in sides)
    drift = shift * math.sqrt(seen) / contrasts.sd
    looks = list(zip(plan.fractions, plan.boundary.efficacy_z, strict=True))
    limits = [
        _as_normal(z, seen * part, contrasts, abs(shift) if len(sides) > 1 else shift) for part, z in looks
    ]
    futility = plan.boundary.futility_z if plan.boundary.binding else [-math.inf] * len(limits)
    crossing = crossing_probabilities(plan.fractions, plan.boundary.sided, limits, list(futility), drift)
    return float(sum(crossing.efficacy_up) + sum(crossing.efficacy_down))


def _above(z: float, seen: float, contrasts: _Contrasts, shift: float) -> float:
    """P(t of so many patients whose mean is `shift` is above the t limit that z stands for).

    Sequences that differ in their means widen s, whose square then is about a chi-square with other degrees
    of freedom (Patnaik 1949).
    """
    df, extra = seen - 1.0, seen * (contrasts.between / contrasts.sd) ** 2
    limit = -stdtrit(df, ndtr(-z)) * math.sqrt((df + extra) / df)
    like = np.array([(df + extra) ** 2 / (df + 2.0 * extra)])
    drift = np.array([shift * math.sqrt(seen) / contrasts.sd])
    return float(noncentral_t_above(np.array([limit]), like, drift)[0])


def _as_normal(z: float, seen: float, contrasts: _Contrasts, shift: float) -> float:
    """The limit that a normal statistic of the same drift is as often above as t is above its own."""
    if not math.isfinite(z) or seen < 2.0:
        return math.inf
    above = _above(z, seen, contrasts, shift)
    least = z if above >= 1.0 else shift * math.sqrt(seen) / contrasts.sd - float(ndtri(above))
    return max(least, min(z, 0.0))
