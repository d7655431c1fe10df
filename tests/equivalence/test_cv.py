"""Coefficients of variation: against R, and against simulated studies."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from planner.equivalence.cv import (
    EstimatedCV,
    by_treatment,
    confidence_limits,
    cv_from_interval,
    cv_of_logs,
    interval_from_cv,
    pooled_cv,
    sd_of_logs,
    upper_limit,
)
from planner.errors import RequestError
from tests.support.equivalence_tables import cost
from tests.support.paths import NUMBERS

TABLES: dict[str, Any] = json.loads((NUMBERS / "cv.json").read_text())
EXACT = {"abs": 1e-12}


@pytest.mark.parametrize("case", TABLES["CVfromCI"], ids=lambda case: case["design"])
def test_cv_from_an_interval(case: dict[str, Any]) -> None:
    study = cost(case["design"], case["n"])
    estimate = cv_from_interval(case["lower"], case["upper"], study)
    assert estimate.cv == pytest.approx(case["CV"], **EXACT)
    assert estimate.df == float(study.df)
    ratio = math.sqrt(case["lower"] * case["upper"])
    assert interval_from_cv(ratio, estimate.cv, study) == pytest.approx(
        (case["lower"], case["upper"]), **EXACT
    )
    other = cv_from_interval(case["lower"], case["upper"], study, level=0.95)
    assert other.cv != pytest.approx(case["CV"], abs=1e-3), "a negative control"


@pytest.mark.parametrize("case", TABLES["CI.BE"], ids=lambda case: f"{case['design']}-{case['n']}")
def test_interval_from_a_cv(case: dict[str, Any]) -> None:
    interval = interval_from_cv(case["pe"], case["CV"], cost(case["design"], case["n"]))
    assert interval == pytest.approx((case["lower"], case["upper"]), **EXACT)


@pytest.mark.parametrize("case", TABLES["CVCL"], ids=lambda case: str(case["df"]))
def test_limits_of_a_cv(case: dict[str, Any]) -> None:
    estimate = EstimatedCV(case["CV"], case["df"])
    assert confidence_limits(estimate) == pytest.approx((case["lower_2sided"], case["upper_2sided"]), **EXACT)
    assert upper_limit(estimate) == pytest.approx(case["upper80"], **EXACT)


def test_pooled() -> None:
    case = TABLES["CVpooled"]
    studies = [EstimatedCV(each["CV"], float(cost(each["design"], each["n"]).df)) for each in case["inputs"]]
    pooled = pooled_cv(studies)
    assert pooled == pytest.approx((case["CV"], case["df"]), **EXACT)
    assert upper_limit(pooled, 1 - case["alpha"]) == pytest.approx(case["upper"], **EXACT)


def test_by_treatment() -> None:
    case = TABLES["CVp2CV"]
    assert by_treatment(case["CV"], case["ratio"]) == pytest.approx((case["CVwT"], case["CVwR"]), **EXACT)


def test_a_cv_is_that_of_simulated_numbers() -> None:
    """Not the SD of logs, from which it differs the more the larger it is."""
    values = np.exp(np.random.default_rng(3).normal(1.0, sd_of_logs(0.8), 4_000_000))
    assert values.std() / values.mean() == pytest.approx(0.8, abs=0.005)
    assert sd_of_logs(0.8) == pytest.approx(0.703346)
    assert cv_of_logs(sd_of_logs(0.3)) == pytest.approx(0.3, **EXACT)


def test_the_upper_limit_covers_as_often_as_it_says() -> None:
    """The true CV lies below it in 80 % of simulated studies of 11 degrees of freedom."""
    draws = np.random.default_rng(8).chisquare(11, 20_000)
    spread = sd_of_logs(0.3) * np.sqrt(draws / 11)
    covered = np.mean([upper_limit(EstimatedCV(cv_of_logs(s), 11.0)) >= 0.3 for s in spread])
    assert covered == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 20_000))


STUDY = cost("2x2", 24)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cv_from_interval(1.15, 0.91, STUDY), "not in order"),
        (lambda: cv_from_interval(-0.1, 0.2, STUDY), "not above 0"),
        (lambda: cv_from_interval(0.9, 1.1, cost("2x2", 2)), "too few patients"),
        (lambda: cv_from_interval(0.9, 1.1, STUDY, level=90.0), "confidence is 90"),
        (lambda: interval_from_cv(0.0, 0.3, STUDY), "ratio is 0"),
        (lambda: upper_limit(EstimatedCV(-0.3, 22.0)), "CV is -0.3"),
        (lambda: upper_limit(EstimatedCV(0.3, 1.0), 0.9999), "too large for a CV"),
        (lambda: sd_of_logs(math.nan), "CV is nan"),
        (lambda: by_treatment(0.3, 0.0), "variances is 0"),
    ],
)
def test_what_makes_no_sense_is_refused(call: Any, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        call()
