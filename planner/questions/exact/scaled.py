"""Closed forms of analyses whose limits are scaled to how the reference varies within patients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planner.equivalence.regulators import ScaledRule
from planner.equivalence.scaled import ScaledPower, scaled_power, scaled_power_parts
from planner.equivalence.scaled_laws import ScaledLaw
from planner.equivalence.scaled_size import passes_in_the_end
from planner.errors import RequestError
from planner.kernels.tables import Floats
from planner.model.families.family import family_of
from planner.model.scaled import complete_law, level_of, scaled_rule_of
from planner.questions.exact.laws import is_plain, own_contrasts
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import total
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

_MANY = 2**10  # allocation units at which a law is known if it ever is


class _Known(NamedTuple):
    """The law of what an analysis looks at, and how it judges."""

    law: ScaledLaw
    rule: ScaledRule
    effect: float  # expected logarithm of the estimated ratio


def power(
    scenario: Scenario, hypothesis: str | Hypothesis, analysis: PlannedAnalysis, patients: Sequence[int]
) -> Floats | None:
    """As planner.questions.exact.theory.power."""
    stated = _stated(scenario, hypothesis)
    unit = scenario.design.unit
    if any(n % unit for n in patients) or _known(scenario, stated, analysis, unit * _MANY) is None:
        return None
    return np.array([_power(scenario, stated, analysis, n) for n in patients])


def _power(scenario: Scenario, hypothesis: Hypothesis, analysis: PlannedAnalysis, patients: int) -> float:
    """0 where so few patients leave the test undefined."""
    try:
        known = _known(scenario, hypothesis, analysis, patients)
        if known is None:
            return 0.0
        level = level_of(scenario, analysis, patients)
        return scaled_power(known.law, known.rule, math.exp(known.effect), level)
    except RequestError:
        return 0.0


def parts(
    scenario: Scenario, hypothesis: str | Hypothesis, analysis: PlannedAnalysis, patients: int
) -> ScaledPower | None:
    """The exact power of the trial and of each part of its rule; None: no closed form, or no test."""
    try:
        known = _known(scenario, _stated(scenario, hypothesis), analysis, patients)
        if known is None:
            return None
        level = level_of(scenario, analysis, patients)
        return scaled_power_parts(known.law, known.rule, math.exp(known.effect), level)
    except RequestError:
        return None


def limit(scenario: Scenario, hypothesis: str | Hypothesis, analysis: PlannedAnalysis) -> float | None:
    """As planner.questions.exact.theory.limit."""
    known = _known(scenario, _stated(scenario, hypothesis), analysis, scenario.design.unit * _MANY)
    if known is None:
        return None
    passes = passes_in_the_end(known.rule, known.law.s2wt, known.law.s2wr, known.effect)
    return 1.0 if passes else 0.0


def _stated(scenario: Scenario, hypothesis: str | Hypothesis) -> Hypothesis:
    return scenario.hypotheses[hypothesis] if isinstance(hypothesis, str) else hypothesis


def _known(
    scenario: Scenario, hypothesis: Hypothesis, analysis: PlannedAnalysis, patients: int
) -> _Known | None:
    """The law at a number of patients; None where none is known. Raises RequestError as complete_law."""
    rule, scores = scaled_rule_of(analysis), family_of(hypothesis).normal_scores(hypothesis)
    if rule is None or scores is None or not is_plain(scenario, analysis):
        return None
    try:
        law = complete_law(scenario, hypothesis, analysis, patients)
    except RequestError:
        if patients >= scenario.design.unit * _MANY:
            return None  # of no number: the design has no such law
        raise
    if law is None:
        return None
    if rule.method == "least squares":
        spread = scores.spread
        if scores.carries or spread.interaction > 0.0 or not spread.common:
            return None
        return _Known(law, rule, float(total(analysis.weights, scores.means)))
    groups = own_contrasts(scenario, scores, analysis)
    variance = float(groups.variance[0])
    if np.ptp(groups.variance) > 1e-12 * variance:
        return None
    return _Known(law._replace(variance=variance), rule, float(groups.mean.mean()))
