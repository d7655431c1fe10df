"""Decisions of two-stage trials: against least squares over patients, rules by hand, exact probabilities."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.equivalence.two_stage.decisions import Outcome, Stage, after_first, after_second, pooled
from planner.equivalence.two_stage.exact import operating_characteristics
from planner.equivalence.two_stage.plan import TwoStagePlan, two_stage_plan
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.naive_two_stage import (
    WEIGHTS,
    L,
    Patients,
    least_squares,
    nct_power,
    patients,
    scores,
    sum_power,
)
from tests.support.two_stage_tables import CRITICAL

CELLS = [(6, 6, 4, 4), (7, 5, 3, 6), (5, 8, 1, 2), (2, 1, 9, 3), (4, 5, 0, 5), (6, 4, 1, 0), (5, 4, 0, 0)]
TRIALS = 100_000


def stage(*trials: Patients) -> Stage:
    """What the decisions know of patients."""
    columns = zip(*(trial.summary for trial in trials), strict=True)
    return Stage(*(np.array(column) for column in columns))


@pytest.mark.parametrize("cells", CELLS)
def test_both_stages_together_are_least_squares(cells: tuple[int, int, int, int]) -> None:
    """Patient, period within stage, stage and treatment, also with a sequence that has nobody left."""
    rng = np.random.default_rng(cells)
    one, two = patients(rng, *cells[:2], 0.3, 0.1), patients(rng, *cells[2:], 0.3, 0.1)
    found = pooled(stage(one), stage(two))
    d, se, df = least_squares([one, two] if sum(cells[2:]) else [one])
    assert (found.d[0], found.se[0]) == (pytest.approx(d, rel=1e-9), pytest.approx(se, rel=1e-9))
    assert found.df[0] == df


def test_estimates_weighted_by_patients_are_not_least_squares() -> None:
    """Negative control: with unequal sequences the comparison sees the difference."""
    rng = np.random.default_rng(1)
    one, two = patients(rng, 7, 5, 0.3, 0.1), patients(rng, 3, 6, 0.3, 0.1)
    weighted = (12 * one.summary[0] + 9 * two.summary[0]) / 21
    assert weighted != pytest.approx(least_squares([one, two])[0], rel=1e-3)


def test_one_stage_is_a_t_test_of_period_differences() -> None:
    one = patients(np.random.default_rng(2), 7, 5, 0.3, 0.1)
    test = stage(one).tested()
    half = (one.values[:, 0] - one.values[:, 1]) / 2
    t = stats.ttest_ind(half[one.sequence == 0], half[one.sequence == 1])
    assert (test.d[0] / test.se[0], test.df[0]) == (pytest.approx(t.statistic), t.df)
    assert least_squares([one])[:2] == (pytest.approx(test.d[0]), pytest.approx(test.se[0]))


def verdict(plan: TwoStagePlan, d: float, s2: float, tr: int, rt: int) -> tuple[Outcome, int]:
    """The rule of one trial in plain words."""
    n, se = tr + rt, math.sqrt(s2 * (1 / tr + 1 / rt) / 2)
    first, second = plan.alpha

    def interval(level: float) -> float:
        return float(stats.t.isf(level, n - 2)) * se

    full = plan.row.full_level
    level = full or second
    # the power of a trial with sequences as equal as can be that has this standard error
    powered = nct_power(level, n, n - 2, math.log(plan.ratio), se * se * n / 2) >= plan.power
    if full and powered:
        return (Outcome.EQUIVALENT if abs(d) + interval(full) <= L else Outcome.NOT_EQUIVALENT), 0
    if abs(d) + interval(first) <= L:
        return Outcome.EQUIVALENT, 0
    if powered:
        return (Outcome.EQUIVALENT if abs(d) + interval(second) <= L else Outcome.NOT_EQUIVALENT), 0
    if plan.ci_outside:
        low, high = plan.ci_outside
        if math.exp(d - interval(0.05)) > high or math.exp(d + interval(0.05)) < low:
            return Outcome.FUTILE, 0
    if plan.estimate_outside and not plan.estimate_outside[0] <= math.exp(d) <= plan.estimate_outside[1]:
        return Outcome.FUTILE, 0
    if plan.use_estimate and abs(d) >= L:
        return Outcome.FUTILE, 0
    needed = 4
    planned, most = d if plan.use_estimate else math.log(plan.ratio), plan.most or math.inf
    while needed <= most and nct_power(second, needed, needed - 3, planned, s2) < plan.power:
        needed += 2
    extra = max(needed - n, 0, plan.min_second)
    extra += extra % 2
    if n + extra > most:
        return Outcome.FUTILE, 0
    if not extra:
        return (Outcome.EQUIVALENT if abs(d) + interval(second) <= L else Outcome.NOT_EQUIVALENT), 0
    return Outcome.SECOND_STAGE, extra


PLANS: list[dict[str, Any]] = [
    {"rule": "potvin-b"},
    {"rule": "potvin-c"},
    {"rule": "fuglsang-c", "ratio": 0.90, "most": 90},
    {"rule": "potvin-b", "alpha": (0.01, 0.04), "ci_outside": (0.95, 1.0526)},
    {"rule": "potvin-c", "estimate_outside": (0.85, 1.15), "min_second": 5},
    {"rule": "potvin-b", "use_estimate": True, "most": 120},
    {"rule": "potvin-c", "use_estimate": True, "alpha": (0.02, 0.045), "most": 60},
]


@pytest.mark.parametrize("settings", repeated(PLANS), ids=str)
@pytest.mark.parametrize("cells", [(6, 6), (9, 6)])
def test_rules_by_hand(settings: dict[str, Any], cells: tuple[int, int]) -> None:
    plan = two_stage_plan(**settings)
    rng = np.random.default_rng(7)
    count, n = 150, sum(cells)
    d, s2 = rng.normal(0, 0.13, count), rng.uniform(0.008, 0.12, count)
    found = after_first(plan, Stage(d, s2 * (n - 2), *(np.full(count, c) for c in cells)))
    expected = [verdict(plan, *trial, *cells) for trial in zip(d, s2, strict=True)]
    assert list(zip(found.outcome, found.second, strict=True)) == expected
    assert len(set(found.outcome)) >= 3


def test_combined_p_values_by_hand() -> None:
    """Outcome, patients of stage 2 and the last verdict, trial by trial."""
    plan, rng, count = two_stage_plan("maurer"), np.random.default_rng(8), 60
    d, s2 = rng.normal(0, 0.12, count), rng.uniform(0.01, 0.1, count)
    one = Stage(d, s2 * 10, np.full(count, 7), np.full(count, 5))
    found = after_first(plan, one)
    level = float(stats.norm.sf(CRITICAL))
    for k in range(count):
        se = math.sqrt(s2[k] * (1 / 7 + 1 / 5) / 2)
        before = scores(d[k], se, 10)
        already = sum_power((level, level), 12, 10, math.log(0.95), se * se * 6)
        if min(before) > CRITICAL:
            assert found.outcome[k] == Outcome.EQUIVALENT
        elif already >= 0.8:
            assert found.outcome[k] == Outcome.NOT_EQUIVALENT
        else:
            assert found.outcome[k] == Outcome.SECOND_STAGE
            left = [
                float(stats.norm.sf(min((CRITICAL - math.sqrt(w) * z) / math.sqrt(1 - w) for w in WEIGHTS)))
                for z in before
            ]
            wanted, planned = 1 - 0.2 / (1 - max(already, 0)), math.copysign(math.log(0.95), d[k])
            n = int(found.second[k])
            # a mean over quantiles is good to .001 of a power
            assert sum_power((left[0], left[1]), n, n - 2, planned, s2[k]) >= wanted - 0.001
            assert n == 4 or sum_power((left[0], left[1]), n - 2, n - 4, planned, s2[k]) < wanted + 0.001
    assert set(found.outcome) == {Outcome.EQUIVALENT, Outcome.NOT_EQUIVALENT, Outcome.SECOND_STAGE}
    capped = after_first(two_stage_plan("maurer", most=25), one)
    going = found.outcome == Outcome.SECOND_STAGE
    assert (capped.second[going] == np.minimum(found.second, 12)[going]).all()


def trials(
    plan: TwoStagePlan, first: int, cv: float, ratio: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes after stage 1, final verdicts and patients of many trials, from sufficient statistics."""
    sigma, effect = math.sqrt(math.log1p(cv * cv)), math.log(ratio)

    def drawn(tr: np.ndarray, rt: np.ndarray) -> Stage:
        sd, df = sigma * np.sqrt((1 / tr + 1 / rt) / 2), tr + rt - 2
        ss = np.where(df > 0, sigma**2 * rng.chisquare(np.maximum(df, 1)), 0.0)
        return Stage(effect + sd * rng.standard_normal(tr.size), ss, tr, rt)

    tr = np.full(TRIALS, (first + 1) // 2)
    one = drawn(tr, first - tr)
    interim = after_first(plan, one)
    going = interim.outcome == Outcome.SECOND_STAGE
    half = interim.second[going] // 2
    equivalent = interim.outcome == Outcome.EQUIVALENT
    equivalent[going] = after_second(plan, Stage(*(x[going] for x in one)), drawn(half, half))
    return interim.outcome, equivalent, first + interim.second


SETTINGS: list[dict[str, Any]] = [
    {"rule": "potvin-b"},
    {"rule": "potvin-c", "most": 40, "ci_outside": (0.95, 1.0526), "min_second": 7},
    {"rule": "potvin-b", "alpha": (0.01, 0.04), "estimate_outside": (0.9, 1.1)},
    {"rule": "fuglsang-c", "power_method": "exact"},
    {"rule": "maurer", "most": 40, "ci_outside": (0.93, 1.1)},
]


@pytest.mark.parametrize("settings", repeated(SETTINGS), ids=str)
def test_many_trials_against_the_exact_probabilities(settings: dict[str, Any]) -> None:
    plan, rng = two_stage_plan(**settings), np.random.default_rng(9)
    first, cv, ratio = 15, 0.25, 0.94
    outcome, equivalent, n = trials(plan, first, cv, ratio, rng)

    def compared(cv: float) -> Comparison:
        exact = operating_characteristics(plan, first, cv, ratio)
        shares = {
            "equivalent": equivalent.mean(),
            "equivalent_first": (outcome == Outcome.EQUIVALENT).mean(),
            "not_equivalent_first": (outcome == Outcome.NOT_EQUIVALENT).mean(),
            "futile": (outcome == Outcome.FUTILE).mean(),
            "second_stage": (outcome == Outcome.SECOND_STAGE).mean(),
        }
        result = Comparison(title=str(settings))
        for what, share in shares.items():
            result.probability(what, {"estimate": float(share)}, TRIALS, getattr(exact, what))
        se = float(n.std()) / math.sqrt(TRIALS)
        result.mean("patients", float(n.mean()), se, exact.expected_patients)
        return result

    compared(cv).check()
    with pytest.raises(TooFarApart):
        compared(cv + 0.005).check()


@pytest.mark.parametrize("rule", ["potvin-b", "potvin-c", "maurer"])
def test_what_cannot_be_tested_is_not_equivalent(rule: str) -> None:
    """No variance, no patients in a sequence, no degrees of freedom, no estimate."""
    plan = two_stage_plan(rule)
    one = Stage(
        np.array([0.0, 0.0, 0.0, math.nan]),
        np.array([0.0, 0.1, 0.0, 0.1]),
        np.array([6, 12, 1, 6]),
        np.array([6, 0, 1, 6]),
    )
    found = after_first(plan, one)
    assert (found.outcome == Outcome.UNDEFINED).all()
    assert not found.second.any()


def test_a_second_stage_in_which_nobody_is_evaluable() -> None:
    """Stage 1 decides at the level of stage 2; combined p values need both stages."""
    one = Stage(np.zeros(2), np.array([0.16, 1.2]), np.full(2, 6), np.full(2, 6))
    none = Stage(np.full(2, math.nan), np.zeros(2), np.zeros(2, int), np.zeros(2, int))
    half = stats.t.isf(0.04, 10) * np.sqrt(one.ss / 10 / 6)
    assert (half < L).tolist() == [True, False]
    plan = two_stage_plan("potvin-b", alpha=(0.01, 0.04))
    assert after_second(plan, one, none).tolist() == [True, False]
    assert after_second(two_stage_plan("maurer"), one, none).tolist() == [False, False]


def test_an_interval_that_touches_a_limit_lies_within() -> None:
    plan = two_stage_plan("potvin-b")
    test = Stage(np.zeros(1), np.array([0.3]), np.full(1, 6), np.full(1, 6)).tested()
    edge = plan.log_limit - test.half_width(0.0294)
    assert test._replace(d=edge).equivalent(plan, 0.0294).all()
    assert test._replace(d=-edge).equivalent(plan, 0.0294).all()
    assert not test._replace(d=edge + 1e-12).equivalent(plan, 0.0294).any()
