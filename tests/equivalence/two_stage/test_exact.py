"""Exact characteristics: against another program, another integral, and patients in plain NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from planner.equivalence.two_stage.exact import operating_characteristics
from planner.equivalence.two_stage.law import Characteristics
from planner.equivalence.two_stage.plan import TwoStagePlan, two_stage_plan
from planner.monitoring.errors import BoundaryError
from planner.scenario.two_stage_rules import RULES
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.naive_two_stage import Counts, Rule, combined_trial, pooled_trial
from tests.support.two_stage_tables import CRITICAL, SHARES, exact, rows

TRIALS = 1_500
POOLED = [case for case in rows("simulated") if case["rule"] != "maurer"]
COMBINED = [case for case in rows("simulated") if case["rule"] == "maurer"]


def compared(cases: list[dict[str, Any]], **changes: Any) -> Comparison:
    """Probabilities of another program's simulated trials against the exact ones."""
    result = Comparison(title="two stages")
    for case in cases:
        found = exact(case, **changes)
        for what in ("equivalent", "equivalent_first", "second_stage"):
            shown = {"estimate": case[what]}
            result.probability(f"{case} {what}", shown, case["trials"], getattr(found, what))
        numbers = np.array(found.patients)
        spread = math.sqrt(numbers[:, 1] @ (numbers[:, 0] - found.expected_patients) ** 2)
        if case["rule"] != "maurer" or spread < found.expected_patients:
            se = spread / math.sqrt(case["trials"])
            result.mean(f"{case} patients", case["expected_patients"], se, found.expected_patients)
    return result


def test_rules_that_test_all_patients_against_another_program() -> None:
    compared(POOLED).check()
    for case in POOLED:
        assert [exact(case).quantile(share) for share in SHARES] == case["quantiles"], case


def test_a_rule_that_combines_p_values_against_another_program() -> None:
    compared(COMBINED).check()
    for case in COMBINED:
        assert [exact(case).quantile(share) for share in SHARES] == case["quantiles"], case


@pytest.mark.parametrize("changes", [{"alpha": 0.032}, {"power": 0.82}, {"min_second": 6}])
def test_the_comparison_with_another_program_notices(changes: dict[str, Any]) -> None:
    """Negative controls: a level, a power, a smallest second stage that the other did not have."""
    with pytest.raises(TooFarApart):
        compared(POOLED[:6], **changes).check()


def test_the_quantiles_notice_a_smallest_second_stage() -> None:
    some = POOLED[:6]
    found = [[exact(case, min_second=12).quantile(share) for share in SHARES] for case in some]
    assert found != [case["quantiles"] for case in some]


@pytest.mark.parametrize("case", rows("quadrature"), ids=str)
def test_another_integral(case: dict[str, Any]) -> None:
    found, near = exact(case), case["tolerance"]
    assert found.equivalent == pytest.approx(case["equivalent"], abs=near)
    assert found.equivalent_first == pytest.approx(case["equivalent_first"], abs=near)
    assert found.second_stage == pytest.approx(case["second_stage"], abs=near)
    assert found.expected_patients == pytest.approx(case["expected_patients"], abs=300 * near)
    other = exact(case, power=two_stage_plan(case["rule"]).power + 0.001)
    assert other.equivalent != pytest.approx(case["equivalent"], abs=near)


NAIVE = {
    "potvin-b": Rule((0.0294, 0.0294)),
    "potvin-c": Rule((0.0294, 0.0294), power_first=True),
    "montague-d": Rule((0.0280, 0.0280), ratio=0.90, power_first=True),
    "fuglsang-b": Rule((0.0284, 0.0284), power=0.90),
}


def naive(rule: str, first: int, cv: float, ratio: float, **changes: Any) -> Counts:
    """Trials of patients, one by one."""
    rng = np.random.default_rng(20_261_201)
    sigma, effect, counts = math.sqrt(math.log1p(cv * cv)), math.log(ratio), Counts()
    for _ in range(TRIALS):
        if rule == "maurer":
            counts.add(*combined_trial(rng, CRITICAL, first, sigma, effect))
        else:
            counts.add(*pooled_trial(rng, NAIVE[rule], first, sigma, effect))
    return counts


def with_patients(counts: Counts, found: Characteristics) -> Comparison:
    result = Comparison(title="patients one by one")
    for what in ("equivalent", "equivalent_first", "second_stage"):
        shown = {"estimate": getattr(counts, what) / counts.trials}
        result.probability(what, shown, counts.trials, getattr(found, what))
    n = np.array(counts.patients, float)
    result.mean("patients", float(n.mean()), float(n.std()) / math.sqrt(n.size), found.expected_patients)
    return result


SETTINGS = [
    ("potvin-b", 12, 0.20, 0.95),
    ("potvin-c", 13, 0.20, 1.00),
    ("montague-d", 12, 0.15, 0.90),
    ("fuglsang-b", 16, 0.20, 1.20),
    ("maurer", 12, 0.20, 0.95),
]


@pytest.mark.parametrize(("rule", "first", "cv", "ratio"), repeated(SETTINGS))
def test_patients_one_by_one(rule: str, first: int, cv: float, ratio: float) -> None:
    """Also an odd first stage, and a ratio at which most trials fail."""
    found = operating_characteristics(two_stage_plan(rule), first, cv, ratio)
    counts = naive(rule, first, cv, ratio)
    with_patients(counts, found).check()
    other = operating_characteristics(two_stage_plan(rule), first, cv + 0.02, ratio)
    with pytest.raises(TooFarApart):
        with_patients(counts, other).check()


@pytest.mark.parametrize("rule", repeated(sorted(RULES)))
def test_what_becomes_of_trials_adds_up(rule: str) -> None:
    for settings in ({}, {"most": 40}, {"ci_outside": (0.95, 1.0526)}, {"estimate_outside": (0.9, 1.1)}):
        found = operating_characteristics(two_stage_plan(rule, **settings), 16, 0.25, 0.93)
        ends = found.equivalent_first + found.not_equivalent_first + found.futile
        assert ends + found.second_stage == pytest.approx(1.0, abs=1e-9)
        assert sum(p for _, p in found.patients) == pytest.approx(1.0, abs=1e-9)
        assert found.equivalent_first < found.equivalent < found.equivalent_first + found.second_stage
        assert found.patients[0][0] == 16
        assert max(n for n, _ in found.patients) <= settings.get("most", 999)
        assert (found.futile > 0.001) == bool(settings and (rule != "maurer" or "most" not in settings))


@pytest.mark.parametrize("rule", ["potvin-b", "fuglsang-c", "maurer"])
def test_both_limits_are_alike(rule: str) -> None:
    """Ratio and reciprocal are mirror images, whatever ratio is planned for."""
    plan = two_stage_plan(rule, ci_outside=(0.9, 1 / 0.9))
    upper, lower = (operating_characteristics(plan, 12, 0.2, ratio) for ratio in (1.25, 0.8))
    assert upper.equivalent == pytest.approx(lower.equivalent, abs=1e-9)
    assert upper.futile == pytest.approx(lower.futile, abs=1e-9)
    reciprocal = two_stage_plan(rule, ratio=1 / plan.ratio, alpha=plan.alpha, ci_outside=(0.9, 1 / 0.9))
    again = operating_characteristics(reciprocal, 12, 0.2, 1.25)
    assert again.equivalent == pytest.approx(upper.equivalent, abs=1e-9)


def test_the_known_type_1_errors_above_5_percent() -> None:
    known = [(name, error) for name, rule in RULES.items() for error in rule.known_errors]
    assert len(known) == 5
    for name, error in known:
        plan = two_stage_plan(name, ratio=error.ratio)
        found = operating_characteristics(plan, error.patients, error.cv, 1.25).equivalent
        assert found == pytest.approx(error.error, abs=5.1e-6)
        assert found > 0.05


@pytest.mark.parametrize(("first", "cv"), repeated([(12, 0.1), (12, 0.25), (24, 0.3), (36, 0.6)]))
def test_combined_p_values_keep_the_level(first: int, cv: float) -> None:
    assert operating_characteristics(two_stage_plan("maurer"), first, cv, 1.25).equivalent < 0.05


def test_so_many_patients_that_there_is_no_second_stage() -> None:
    """What is left is one test of stage 1, at the level of the rule."""
    for rule, level in (("potvin-b", 0.0294), ("potvin-c", 0.05), ("maurer", 0.026348205)):
        found = operating_characteristics(two_stage_plan(rule), 400, 0.15, 1.25)
        assert found.second_stage < 1e-12
        assert found.equivalent == found.equivalent_first == pytest.approx(level, abs=1e-6)
        assert found.patients == ((400, pytest.approx(1.0)),)


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"patients": 3}, "stage 1 has 3 patients"),
    ({}, {"patients": 12.5}, "stage 1 has 12.5 patients"),
    ({}, {"cv": 0.0}, "cv is 0"),
    ({}, {"ratio": -1.0}, "true ratio is -1"),
    ({"most": 10}, {}, "at most 10 patients"),
    ({"use_estimate": True, "most": 40}, {}, "no exact figures"),
]


@pytest.mark.parametrize(("settings", "changes", "said"), REFUSED)
def test_what_cannot_be_is_refused(settings: dict[str, Any], changes: dict[str, Any], said: str) -> None:
    plan: TwoStagePlan = two_stage_plan("potvin-b", **settings)
    with pytest.raises(BoundaryError, match=said):
        operating_characteristics(plan, **({"patients": 12, "cv": 0.2, "ratio": 0.95} | changes))
