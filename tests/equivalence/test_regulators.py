"""What regulators ask: limits against another program and against the figures that regulators print."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planner.equivalence.regulators import SCALED_RULES, is_scaled, log_limit, scaled_rule, widened_limits
from planner.errors import UnknownNameError
from tests.support.scaled_tables import rows


def test_limits_of_every_regulator_against_r() -> None:
    cases = rows("limits")
    assert len(cases) == 36
    for case in cases:
        rule = scaled_rule(case["regulator"], switch_cv=0.30)
        assert widened_limits(rule, case["cv"]) == pytest.approx((case["lower"], case["upper"]), abs=1e-10), (
            case
        )


def test_the_comparison_notices_a_constant() -> None:
    """Negative control: .76 is rounded; the quotient that it stands for must not pass."""
    rule = scaled_rule("ema", constant=math.log(1.25) / math.sqrt(math.log1p(0.3**2)))
    case = next(case for case in rows("limits") if case["regulator"] == "ema" and case["cv"] == 0.4)
    assert widened_limits(rule, 0.4) != pytest.approx((case["lower"], case["upper"]), abs=1e-10)


@pytest.mark.parametrize(
    ("regulator", "rule", "cv", "percent"),
    [
        ("ema", "abel", 0.50, (69.84, 143.19)),
        ("ema", "abel", 2.00, (69.84, 143.19)),
        ("hc", "abel", 0.60, (66.67, 150.00)),
        ("gcc", "abel", 0.31, (75.00, 133.33)),
        ("gcc", "abel", 0.90, (75.00, 133.33)),
        ("fda", "ntid", math.sqrt(math.expm1(0.1**2)), (90.00, 111.11)),
        ("fda", "ntid", 0.30, (80.00, 125.00)),
        ("fda", "hvntid", 0.60, (80.00, 125.00)),
    ],
)
def test_limits_that_regulators_print(
    regulator: str, rule: str, cv: float, percent: tuple[float, float]
) -> None:
    limits = [round(100 * limit, 2) for limit in widened_limits(scaled_rule(regulator, rule), cv)]
    assert limits == list(percent)


def test_a_stated_sd_belongs_to_the_scaled_side_and_a_stated_cv_does_not() -> None:
    at = np.array([0.294**2]), np.array([math.log1p(0.30**2)])
    assert is_scaled(scaled_rule("fda"), at[0]).all()
    assert not is_scaled(scaled_rule("fda"), at[1]).any()
    assert not is_scaled(scaled_rule("ema"), at[1]).any()
    assert is_scaled(scaled_rule("ema"), np.nextafter(at[1], 1.0)).all()


def test_an_sd_wins_over_a_cv_and_either_takes_the_place_of_the_own() -> None:
    both = scaled_rule("fda", switch_cv=0.50, switch_s=0.35)
    assert (both.switch_cv, both.switch_s) == (0.50, 0.35)
    assert list(is_scaled(both, np.array([0.34, 0.35, 0.36]) ** 2)) == [False, True, True]
    assert scaled_rule("fda", switch_cv=0.30).switch_s is None


def test_every_setting_can_be_given() -> None:
    row = scaled_rule("ema", constant=0.8, cap_cv=0.4, estimate_within=(0.9, 1.1))
    assert (row.constant, row.cap_cv, row.estimate_within) == (0.8, 0.4, (0.9, 1.1))
    assert widened_limits(row, 0.9)[1] == pytest.approx(math.exp(0.8 * math.sqrt(math.log1p(0.4**2))))


def test_without_a_variance_of_the_reference_nothing_is_scaled() -> None:
    """But drugs with a narrow therapeutic index always are."""
    for regulator, rules in SCALED_RULES.items():
        for name in rules:
            limit = log_limit(scaled_rule(regulator, name), np.zeros(1))[0]
            assert limit == (0.0 if name == "ntid" else math.log(1.25))


def test_the_first_rule_of_a_regulator_is_for_highly_variable_drugs() -> None:
    assert [scaled_rule(each).rule for each in SCALED_RULES] == ["abel", "abel", "abel", "rsabe", "rsabe"]
    assert scaled_rule("ema").metric == "cmax"
    assert scaled_rule("hc").metric == "auc"


@pytest.mark.parametrize(("regulator", "rule"), [("who", None), ("ema", "rsabe"), ("hc", "ntid")])
def test_names_that_nothing_has(regulator: str, rule: str | None) -> None:
    with pytest.raises(UnknownNameError, match="has no rule" if rule else "no regulator"):
        scaled_rule(regulator, rule)
