"""The exact figures of two-stage trials: complete ones, without carryover."""

from __future__ import annotations

import math
from collections.abc import Collection
from functools import lru_cache

from planner.equivalence.two_stage.exact import operating_characteristics
from planner.equivalence.two_stage.law import Characteristics
from planner.equivalence.two_stage.plan import TwoStagePlan
from planner.errors import PlannerError
from planner.model.allocation import retention
from planner.model.carryover import carries
from planner.model.families.family import family_of
from planner.model.readings import reading_of
from planner.model.two_stage import two_stage_plan_of
from planner.results.cells import STAGE_QUANTILES, ExactStages, StageError
from planner.results.limit_errors import Key
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario

CVS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
ELSEWHERE = (12, 24, 36, 48, 60)
"""CVs within patients, and patients of stage 1, at which the type I error of a rule is shown."""


def exact_stages(scenario: Scenario, keys: Collection[Key]) -> dict[Key, ExactStages]:
    """The exact figures at each key of a two-stage trial; none where somebody leaves or carries over."""
    analyses = {each.name: each for each in scenario.analyses}
    known = {key: _of(scenario, key[0], analyses[key[1]], key[2]) for key in keys}
    return {key: _figures(exact) for key, exact in known.items() if exact is not None}


def _figures(exact: Characteristics) -> ExactStages:
    return ExactStages(
        equivalent=exact.equivalent,
        stage_one=exact.equivalent_first,
        stage_two=exact.second_stage,
        futility=exact.futile,
        expected_patients=exact.expected_patients,
        patients_quantiles={f"q{q:02}": exact.quantile(q / 100.0) for q in STAGE_QUANTILES},
    )


def errors_elsewhere(scenario: Scenario, keys: Collection[Key]) -> tuple[StageError, ...]:
    """The exact type I errors of the rule of a two-stage trial, over CVs and patients of stage 1.

    Of complete trials, at the limit where it is larger. Empty where no key has a second stage.
    """
    analyses = {each.name: each for each in scenario.analyses}
    plans = {two_stage_plan_of(scenario, analyses[of], patients) for _, of, patients in keys}
    own = scenario.monitoring.counts[0]
    return tuple(
        StageError(first=first, cv=cv, type_one_error=error)
        for plan in plans
        if plan is not None and not plan.use_estimate
        for first in sorted({*ELSEWHERE, own})
        for cv in CVS
        if first % 2 == 0 and (error := _error(plan, first, cv)) is not None
    )


def _of(scenario: Scenario, name: str, analysis: PlannedAnalysis, patients: int) -> Characteristics | None:
    plan = two_stage_plan_of(scenario, analysis, patients)
    if plan is None or plan.use_estimate or retention(scenario) != 1.0 or carries(scenario, name):
        return None
    hypothesis = scenario.hypotheses[name]
    reading = reading_of(scenario, analysis)
    effect = family_of(hypothesis).exact_effect(scenario, hypothesis, analysis.weights, reading)
    scores = family_of(hypothesis).normal_scores(hypothesis)
    first = scenario.monitoring.counts[0]
    if effect is None or scores is None or first % 2:
        return None
    # a patient's difference varies as if both treatments had the mean of their variances
    variance = sum(scores.spread.within[a] ** 2 for a in analysis.weights) / 2.0
    return _exact(plan, first, math.sqrt(math.expm1(variance)), math.exp(effect))


def _error(plan: TwoStagePlan, first: int, cv: float) -> float | None:
    """The larger of the type I errors at both limits: alike, unless futility is asymmetric."""
    ranges = [each for each in (plan.ci_outside, plan.estimate_outside) if each is not None]
    alike = all(math.isclose(low * high, 1.0) for low, high in ranges)
    ratios = (plan.limit,) if alike else (plan.limit, 1.0 / plan.limit)
    known = [each.equivalent for ratio in ratios if (each := _exact(plan, first, cv, ratio)) is not None]
    return max(known, default=None)


@lru_cache(maxsize=256)
def _exact(plan: TwoStagePlan, first: int, cv: float, ratio: float) -> Characteristics | None:
    try:
        return operating_characteristics(plan, first, cv, ratio)
    except PlannerError:
        return None
