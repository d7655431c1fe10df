"""Sizes, type I errors and adjusted alphas with scaled limits: another quadrature, published figures."""

from __future__ import annotations

import math

import pytest

from planner.equivalence.regulators import scaled_rule
from planner.equivalence.scaled import scaled_power
from planner.equivalence.scaled_error import adjusted_alpha, ratio_at_limit, scaled_type_one_error
from planner.equivalence.scaled_size import scaled_size
from planner.errors import RequestError
from tests.support.scaled_tables import SEQUENCES, law_of, rows, rule_of


@pytest.mark.long
@pytest.mark.parametrize("step", [12, pytest.param(1, marks=pytest.mark.long)], ids=["some", "all"])
def test_sizes_against_another_quadrature(step: int) -> None:
    """Also the two that the other program has three patients too small."""
    cases = rows("size")
    chosen = cases[::step] + [case for case in cases if case["patients"] in (45, 51) and step > 1]
    for case in chosen:
        row = rule_of(case["regulator"], case["rule"])
        size = scaled_size(
            row, SEQUENCES[case["design"]], case["cv"], case["cv"], case["ratio"], case["target"]
        )
        assert size is not None
        assert size.patients == case["patients"], case
        law = law_of(row, case["design"], size.patients, case["cv"], case["cv"])
        assert size.power == scaled_power(law, row, case["ratio"]) >= case["target"]


def test_a_power_that_falls_again_does_not_count() -> None:
    """Ratio .81, CV .28: wide limits become rare with more patients. Power .21 is reached twice."""
    row = scaled_rule("gcc")
    power = {
        patients: scaled_power(law_of(row, "2x2x4", patients, 0.28, 0.28), row, 0.81)
        for patients in range(20, 500, 4)
    }
    target = 0.21
    size = scaled_size(row, SEQUENCES["2x2x4"], 0.28, 0.28, 0.81, target)
    assert size is not None
    first = min(patients for patients, value in power.items() if value >= target)
    last = max(patients for patients, value in power.items() if value < target)
    assert first < last < size.patients <= last + 4


def test_where_no_number_is_enough() -> None:
    sequences = SEQUENCES["2x2x4"]
    assert scaled_size(scaled_rule("ema"), sequences, 0.5, 0.5, 0.79, 0.8) is None  # the estimate's limit
    assert scaled_size(scaled_rule("ema"), sequences, 0.25, 0.25, 0.8, 0.8) is None
    assert scaled_size(scaled_rule("fda", "ntid"), sequences, 0.3, 0.1, 1.0, 0.8) is None  # SDs too unlike
    assert scaled_size(scaled_rule("fda", "ntid"), sequences, 0.1, 0.1, 0.89, 0.8) is None
    assert scaled_size(scaled_rule("ema"), sequences, 0.35, 0.35, 0.9, 0.8, most=30) is None
    assert scaled_size(scaled_rule("ema"), sequences, 0.35, 0.35, 0.9, 0.8, most=3) is None


def test_sizes_that_nothing_exact_gives() -> None:
    with pytest.raises(RequestError, match="not known exactly"):
        scaled_size(scaled_rule("ema"), SEQUENCES["2x2x4"], 0.3, 0.4, 0.9, 0.8)
    with pytest.raises(RequestError, match="power is 1"):
        scaled_size(scaled_rule("ema"), SEQUENCES["2x2x4"], 0.3, 0.3, 0.9, 1.0)


@pytest.mark.parametrize(
    ("regulator", "switch_cv", "errors"),
    [
        ("ema", None, (0.0804, 0.0705, 0.0851)),
        ("hc", None, (0.0839, 0.0763, 0.0895)),
        ("fda", 0.30, (0.1328, 0.1162, 0.1200)),
        ("fda", None, (0.1326, 0.1160, 0.1198)),
    ],
)
def test_the_type_one_error_is_inflated(
    regulator: str, switch_cv: float | None, errors: tuple[float, ...]
) -> None:
    """24 patients, CV .30, ratio 1.25."""
    row = scaled_rule(regulator, switch_cv=switch_cv)
    for design, error in zip(("2x2x4", "2x3x3", "2x2x3"), errors, strict=True):
        law = law_of(row, design, 24, 0.3, 0.3)
        assert ratio_at_limit(row, law.s2wr) == pytest.approx(1.25)
        assert scaled_type_one_error(law, row) == pytest.approx(error, abs=6e-5)


def test_adjusted_alpha_against_another_quadrature() -> None:
    row = scaled_rule("ema")
    for case in rows("alpha"):
        law = law_of(row, case["design"], case["patients"], case["cv"], case["cv"])
        assert scaled_type_one_error(law, row) == pytest.approx(case["type_one_error"], abs=1e-6)
        alpha = adjusted_alpha(law, row)
        assert alpha == pytest.approx(case["alpha"], abs=1e-6)
        assert scaled_type_one_error(law, row, alpha) == pytest.approx(0.05, abs=1e-9)


def test_an_alpha_that_holds_its_error_stays() -> None:
    """At a CV of .6 the limits are capped, and the estimate must lie within 125 %."""
    row = scaled_rule("ema")
    law = law_of(row, "2x2x4", 24, 0.6, 0.6)
    assert scaled_type_one_error(law, row) < 0.05
    assert adjusted_alpha(law, row) == 0.05


def test_where_the_type_one_error_is_judged() -> None:
    s2wr = math.log1p(0.4**2)
    assert ratio_at_limit(scaled_rule("ema"), s2wr) == pytest.approx(1.34016, abs=1e-5)
    assert ratio_at_limit(scaled_rule("fda"), s2wr) == pytest.approx(1.25)
    assert ratio_at_limit(scaled_rule("fda", "ntid"), math.log1p(0.1**2)) == pytest.approx(1.1108, abs=1e-4)


def test_alpha_is_adjusted_for_widened_limits_alone() -> None:
    row = scaled_rule("fda")
    with pytest.raises(RequestError, match="widened limits"):
        adjusted_alpha(law_of(row, "2x2x4", 24, 0.3, 0.3), row)
