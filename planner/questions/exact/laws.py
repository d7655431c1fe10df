"""The laws of t statistics of normal scores: an estimate, its standard error and df, where they are known.

Normal scores on an unbounded scale stay normal, so that with complete patients and one look an estimate is
normal, also under carryover, which only moves its mean. None stands for "no law is known". To add a law: one
row of _CLOSED_FORMS, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from planner.analyses import LawName, info_of
from planner.kernels.tables import Floats
from planner.model.allocation import retention
from planner.model.contrast_tables import period_weights
from planner.model.families.family import NormalScores, family_of
from planner.model.readings import reading_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import total
from planner.scenario.estimability import free_scores, sequence_shares, variance_factor, within_patients
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

_NIL = 1e-11  # standard errors at one allocation unit that only rounding makes


class Law(NamedTuple):
    """An estimate and its standard error, for each number of patients: t is noncentral."""

    effect: float  # expected estimate, in points
    se: Floats  # (number,) true standard error of the estimate
    df: Floats  # (number,) of its estimate; not positive where the test is undefined

    def shift(self, effect: float) -> Floats:
        """Noncentrality of a statistic that is expected to be so many points from 0."""
        return effect / self.se


def law_of(
    scenario: Scenario, hypothesis: str | Hypothesis, analysis: PlannedAnalysis, patients: Sequence[int]
) -> Law | None:
    """The law of the test statistic at each number of patients."""
    stated = scenario.hypotheses[hypothesis] if isinstance(hypothesis, str) else hypothesis
    name, scores = info_of(analysis).law, family_of(stated).normal_scores(stated)
    if name is None or scores is None:
        return None
    form = _CLOSED_FORMS[name]
    if not is_plain(scenario, analysis, form.first_period):
        return None
    if not form.any_number and any(n % scenario.design.unit for n in patients):
        return None
    return form.law(scenario, scores, analysis, np.array(patients, float))


def is_plain(scenario: Scenario, analysis: PlannedAnalysis, first_period: bool = False) -> bool:
    """Whether everybody stays who is needed, with normal scores, and is looked at once."""
    dropout = scenario.population.dropout
    first_alone = first_period and dropout.before_first == 0.0
    return (
        scenario.endpoint.bounds is None
        and not analysis.outcome
        and reading_of(scenario, analysis).measure == scenario.endpoint.measure
        and (first_alone or retention(scenario) == 1.0)
        and len(scenario.monitoring.counts) == 1
    )


class _Groups(NamedTuple):
    """Groups of patients whose means are compared."""

    weight: Floats  # (group,) of its mean in the estimate
    mean: Floats  # (group,) expected, in points
    variance: Floats  # (group,) of one patient, in points squared
    share: Floats  # (group,) of all patients


def _compared(groups: _Groups, n: Floats) -> Law | None:
    """The weighted sum of the means of groups over its pooled standard error; exact with equal variances."""
    if not _equal(groups.variance):
        return None
    each = np.maximum(n[:, None] * groups.share, 1e-9)
    se = np.sqrt(groups.variance[0] * (groups.weight**2 / each).sum(axis=1))
    return Law(float(groups.weight @ groups.mean), se, n * groups.share.sum() - groups.mean.size)


def own_contrasts(scenario: Scenario, scores: NormalScores, analysis: PlannedAnalysis) -> _Groups:
    """One patient's contrast in each sequence that gives all of it, period effects and carryover included.

    `weight`: of the sequence in an estimate without period effects, where there is one.
    """
    design, weights, spread = scenario.design, analysis.weights, scores.spread
    shares = sequence_shares(design.sequences, weights) or [Fraction(0)] * len(design.sequences)
    table = period_weights(scenario, weights)
    added = scenario.period_shifts
    own = sum((w * spread.interaction) ** 2 for w in weights.values())
    rows = []
    for s, sequence in enumerate(design.sequences):
        if not set(weights) <= set(sequence):
            continue
        score = [scores.means[a] + added[k] + scores.carried(sequence, k) for k, a in enumerate(sequence)]
        residual = sum((w * spread.within[a]) ** 2 for w, a in zip(table[s], sequence, strict=True))
        mean = float(table[s] @ np.array(score))
        level = spread.shared((a, float(w)) for w, a in zip(table[s], sequence, strict=True))
        rows.append((float(shares[s]), mean, residual + own + level, design.allocation[s] / design.unit))
    return _Groups(*np.array(rows).T)


def _sequences(scenario: Scenario, scores: NormalScores, analysis: PlannedAnalysis, n: Floats) -> Law | None:
    """Hills and Armitage's test, and each patient's own contrast in any other design."""
    return _compared(own_contrasts(scenario, scores, analysis), n)


def _one_sample(scenario: Scenario, scores: NormalScores, analysis: PlannedAnalysis, n: Floats) -> Law | None:
    """The mean of all contrasts over its standard error; exact where every sequence has the same law."""
    groups = own_contrasts(scenario, scores, analysis)
    if not _equal(groups.variance) or np.ptp(groups.mean) > 1e-12 * np.abs(groups.mean).max():
        return None
    return Law(float(groups.mean[0]), np.sqrt(groups.variance[0] / n), n - 1.0)


def _first_period(
    scenario: Scenario, scores: NormalScores, analysis: PlannedAnalysis, n: Floats
) -> Law | None:
    """The means of the first period; exact where patients of a treatment have one mean, all one variance."""
    design = scenario.design
    rows = []
    for treatment, weight in analysis.weights.items():
        chosen = [s for s, sequence in enumerate(design.sequences) if sequence[0] == treatment]
        added = {scenario.sequence_shifts[s] for s in chosen}
        if len(added) > 1:
            return None
        mean = scores.means[treatment] + scenario.period_shifts[0] + added.pop()
        share = sum(design.allocation[s] for s in chosen) / design.unit
        rows.append((weight, mean, scores.spread.total(treatment) ** 2, share))
    return _compared(_Groups(*np.array(rows).T), n)


def _least_squares(
    scenario: Scenario, scores: NormalScores, analysis: PlannedAnalysis, n: Floats
) -> Law | None:
    """Ordinary least squares; exact where its model holds: one residual variance, nothing carried over.

    With carryover in the model, nothing beyond the next period.
    """
    design, spread = scenario.design, scores.spread
    residual = np.array([spread.within[a] ** 2 for a in analysis.only or design.treatments])
    allows = analysis.carryover
    stated = design.sequences, design.allocation, analysis.weights, allows
    factor = variance_factor(*stated, analysis.only)
    first_order = design.periods < 3 or not scores.lasting
    carries = scores.carries and not (allows and first_order)
    unequal = not _equal(residual) or not spread.common
    if factor is None or spread.interaction > 0.0 or carries or unequal:
        return None
    rank, _ = within_patients(design.sequences, analysis.weights, allows, analysis.only)
    free = free_scores(design.sequences, design.allocation, analysis.only) / design.unit
    se = np.sqrt(float(factor) * residual[0] / n)
    effect = float(total(analysis.weights, scores.means))
    return Law(effect, se, n * free - rank)


def _equal(variance: Floats) -> bool:
    return bool(variance.min() > 0.0 and np.ptp(variance) <= 1e-12 * variance.max())


class _ClosedForm(NamedTuple):
    """A law, and where it holds.

    `any_number`: also where the sequences do not have their shares of the patients. `first_period`: also
    where patients leave after it.
    """

    law: Callable[[Scenario, NormalScores, PlannedAnalysis, Floats], Law | None]
    any_number: bool = False
    first_period: bool = False


_CLOSED_FORMS: dict[LawName, _ClosedForm] = {
    "own contrasts": _ClosedForm(_sequences),
    "one sample": _ClosedForm(_one_sample, any_number=True),
    "first period": _ClosedForm(_first_period, first_period=True),
    "least squares": _ClosedForm(_least_squares),
}
