"""Assurance of equivalence trials: against R, a double integral, and plain simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.equivalence.assurance import assurance
from planner.equivalence.tost import tost_power
from planner.errors import RequestError
from tests.support.equivalence_tables import cost, rows, sd
from tests.support.harness import binomial_z

L = math.log(1.25)
TOLERANCE = {"CV": 1e-9, "theta0": 1e-11, "both": 1e-3}
"""Of figures of another program: exact where it is; where both are uncertain its own quadrature is coarse."""


def own(case: dict[str, Any]) -> float:
    sigma = sd(case["CV"], True)
    factor, df = cost(case["design"], case["n"])
    uncertain: dict[str, float] = {}
    if case["prior"] == "CV":
        uncertain["sd_df"] = case["df_CV"]
    else:
        earlier = cost(case["design"], case["m"])
        uncertain["effect_se"] = sigma * math.sqrt(earlier.factor)
        if case["prior"] == "both":
            uncertain["sd_df"] = float(earlier.df)
    se = sigma * math.sqrt(factor)
    return float(assurance(-L, L, math.log(case["theta0"]), se, df, 0.05, **uncertain))


@pytest.mark.parametrize("prior", TOLERANCE)
def test_against_r(prior: str) -> None:
    cases = [case for case in rows("assurance") if case["prior"] == prior]
    assert len(cases) >= 6
    assert max(abs(own(case) - case["power"]) for case in cases) < TOLERANCE[prior]


def over_variances(effect: float, se: float, df: float, alpha: float, d: float, prior: float) -> float:
    """The exact power averaged over log(chi-square / d), by the trapezoidal rule."""
    y = np.linspace(
        max(math.log(stats.chi2.ppf(1e-16, d) / d), -70.0), math.log(stats.chi2.isf(1e-16, d) / d), 4001
    )
    w = d * np.exp(y)
    scale = np.exp(-y / 2.0)
    power = tost_power(-L, L, effect, se * scale, df, alpha, prior * scale)
    return float((power * stats.chi2.pdf(w, d) * w).sum() * (y[1] - y[0]))


@pytest.mark.parametrize(
    ("effect", "se", "df", "alpha", "d", "prior"),
    [
        (-0.05, 0.08, 22, 0.05, 10, 0.0),
        (-0.05, 0.1, 1, 0.05, 1, 0.0),
        (0.18, 0.0157, 88, 0.001, 5, 0.0),
        (0.19, 0.056, 10, 0.6, 2, 0.05),
        (0.0, 0.1, 40, 0.05, 1000, 0.1),
        (0.05, 0.1, 10, 0.05, 2.5, 0.0),
    ],
)
def test_against_a_double_integral(
    effect: float, se: float, df: float, alpha: float, d: float, prior: float
) -> None:
    mean = float(assurance(-L, L, effect, se, df, alpha, sd_df=d, effect_se=prior))
    assert mean == pytest.approx(over_variances(effect, se, df, alpha, d, prior), abs=1e-10)
    assert mean != pytest.approx(over_variances(effect, se, df, alpha, d + 0.1, prior), abs=1e-10)


def drawn(case: dict[str, Any], trials: int, sd_df: float, own_effect: bool = True) -> int:
    """How many trials show equivalence if sigma, then the effect, then the trial are drawn."""
    rng = np.random.default_rng(20_261_201)
    sigma = sd(case["CV"], True) * np.sqrt(sd_df / rng.chisquare(sd_df, trials))
    factor, df = cost(case["design"], case["n"])
    prior = sigma if own_effect else sd(case["CV"], True)
    effect = math.log(case["theta0"]) + prior * math.sqrt(
        cost(case["design"], case["m"]).factor
    ) * rng.standard_normal(trials)
    estimate = effect + sigma * math.sqrt(factor) * rng.standard_normal(trials)
    half = stats.t.isf(0.05, df) * math.sqrt(factor) * sigma * np.sqrt(rng.chisquare(df, trials) / df)
    return int(((estimate - half >= -L) & (estimate + half <= L)).sum())


def test_where_both_are_uncertain_the_simulation_agrees() -> None:
    """The case in which the other program's figure is 4e-4 away: it is the one that is off."""
    cases = [case for case in rows("assurance") if case["prior"] == "both"]
    case = max(cases, key=lambda each: abs(own(each) - each["power"]))
    trials, df = 2_000_000, float(cost(case["design"], case["m"]).df)
    count = drawn(case, trials, df)
    assert abs(binomial_z(count, trials, own(case))) < 3.0
    assert abs(binomial_z(drawn(case, trials, df / 2), trials, own(case))) > 6.0, "a negative control"
    assert abs(own(case) - case["power"]) > 4e-4


def test_known_numbers_give_plain_power() -> None:
    plain = float(tost_power(-L, L, 0.03, 0.1, 20, 0.05))
    assert float(assurance(-L, L, 0.03, 0.1, 20, 0.05)) == plain
    assert float(assurance(-L, L, 0.03, 0.1, 20, 0.05, sd_df=1e9)) == pytest.approx(plain, abs=1e-7)


def test_a_margin_and_arrays() -> None:
    se = np.array([0.05, 0.1])
    both = assurance(-L, np.inf, 0.0, se, 20, 0.025, sd_df=12)
    assert both.shape == (2,)
    assert both[0] > both[1]
    whole = assurance(-np.inf, np.inf, 0.0, 0.1, 20, 0.025, sd_df=12)
    assert float(whole) == pytest.approx(1.0, abs=1e-12)


def test_less_than_one_degree_of_freedom_is_refused() -> None:
    with pytest.raises(RequestError, match="uncertain SD"):
        assurance(-L, L, 0.0, 0.1, 20, 0.05, sd_df=0.5)
