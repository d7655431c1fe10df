"""Exact power of equivalence tests: against R, another integral, and patients simulated in plain NumPy."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from planner.equivalence.tost import margin_power, tost_power
from planner.errors import RequestError
from planner.monitoring.numerics import noncentral_t_above
from tests.support.equivalence_tables import cost, rows, scaled, sd
from tests.support.harness import binomial_z

L = math.log(1.25)
TRIALS = 40_000


def arguments(case: dict[str, Any]) -> tuple[float, ...]:
    log = case["logscale"]
    factor, df = cost(case["design"], case["n"], case.get("robust", False))
    effect = scaled(case["theta0"], log)
    return effect, sd(case["CV"], log) * math.sqrt(factor), float(df), case["alpha"]


def test_power_of_every_design_against_r() -> None:
    """All at once, as arrays: also unequal sequences, differences, robust df, alpha of 0.5, n = 4."""
    cases = rows("power")
    limits = [[scaled(case[key], case["logscale"]) for key in ("theta1", "theta2")] for case in cases]
    parts = np.array([[*pair, *arguments(case)] for pair, case in zip(limits, cases, strict=True)]).T
    expected = np.array([case["power"] for case in cases])
    assert len(expected) == 493
    assert expected.min() < 1e-6
    assert np.abs(tost_power(*parts) - expected).max() < 1e-11


def test_power_against_margins_against_r() -> None:
    cases = rows("margin")
    expected = np.array([case["power"] for case in cases])
    margins = [scaled(case["margin"], case["logscale"]) for case in cases]
    power = [
        float(margin_power(margin, *arguments(case), above=margin < 0))
        for margin, case in zip(margins, cases, strict=True)
    ]
    assert len(expected) == 270
    assert np.abs(np.array(power) - expected).max() < 1e-11


@pytest.mark.parametrize("change", ["one df less", "interval twice as wide", "equal sequences"])
def test_the_comparison_notices(change: str) -> None:
    """Negative controls: what is nearly right is not within the tolerance."""
    case = next(c for c in rows("power") if isinstance(c["n"], list) and 0.2 < c["power"] < 0.9)
    effect, se, df, alpha = arguments(case)
    if change == "equal sequences":
        se *= math.sqrt(cost(case["design"], sum(case["n"])).factor / cost(case["design"], case["n"]).factor)
    other = df - 1 if change == "one df less" else df
    limits = [math.log(case[key]) for key in ("theta1", "theta2")]
    level = alpha / 2 if change == "interval twice as wide" else alpha
    assert abs(float(tost_power(*limits, effect, se, other, level)) - case["power"]) > 1e-9


def by_quad(effect: float, se: float, df: float, alpha: float, prior: float) -> float:
    """P(equivalent within -L and L): the same mean over the estimated SD, by QUADPACK and SciPy's laws."""
    t, spread, law = stats.t.isf(alpha, df), math.hypot(se, prior), stats.chi(df, scale=1 / math.sqrt(df))

    def f(x: float) -> float:
        low, high = -L - effect + t * se * x, L - effect - t * se * x
        return float(max(stats.norm.cdf(high / spread) - stats.norm.cdf(low / spread), 0.0) * law.pdf(x))

    end = min(float(law.isf(1e-15)), L / (t * se) if t > 0 else math.inf)
    bends = [each / (t * se) for each in (L - effect, effect + L)]
    cuts = [*bends, *(law.ppf(p) for p in (1e-9, 1e-4, 0.1, 0.5, 0.9, 1 - 1e-4))]
    points = sorted({0.0, end, *(cut for cut in cuts if 0.0 < cut < end)})
    return sum(integrate.quad(f, a, b, epsabs=1e-12, limit=200)[0] for a, b in pairwise(points))


@pytest.mark.parametrize(
    ("effect", "se", "df", "alpha", "prior"),
    [
        (-0.05, 0.1, 1, 0.05, 0.0),
        (-0.05, 0.01, 1, 1e-6, 0.0),
        (0.3, 0.05, 2, 0.05, 0.0),
        (0.0, 0.09, 59, 0.05, 0.0),
        (0.0, 0.09, 61, 0.05, 0.1),
        (0.5, 0.5, 3, 0.7, 0.0),
        (0.0, 3.0, 2, 0.05, 1.0),
        (0.0, 0.1, 2.5, 0.05, 0.0),
        (0.05, 0.12, 3000, 0.025, 0.0),
    ],
)
def test_power_at_the_corners(effect: float, se: float, df: float, alpha: float, prior: float) -> None:
    """Steep, flat, few and many degrees of freedom, an effect outside, an uncertain effect."""
    power = float(tost_power(-L, L, effect, se, df, alpha, prior))
    assert power == pytest.approx(by_quad(effect, se, df, alpha, prior), abs=1e-9)


def test_a_margin_is_the_noncentral_t() -> None:
    rng = np.random.default_rng(4)
    df, se = rng.integers(1, 300, 200).astype(float), rng.uniform(0.02, 1.0, 200)
    alpha, effect = rng.uniform(0.001, 0.3, 200), rng.uniform(-0.4, 0.4, 200)
    theory = noncentral_t_above(stats.t.isf(alpha, df), df, (effect + L) / se)
    assert np.abs(margin_power(-L, effect, se, df, alpha) - theory).max() < 1e-9
    mirrored = margin_power(L, -effect, se, df, alpha, above=False)
    assert np.abs(mirrored - theory).max() < 1e-9


def test_it_is_not_the_difference_of_two_noncentral_t() -> None:
    """Few patients and a large variance: the short cut gives less than nothing, the exact power is not 0."""
    se, df = 0.3, 4.0
    shift = np.array([(L - 0.05) / se, (-L - 0.05) / se])
    t = stats.t.isf(0.05, df)
    short_cut = stats.nct.cdf(-t, df, shift[1]) - stats.nct.cdf(t, df, -shift[1])
    exact = float(tost_power(-L, L, 0.05, se, df, 0.05))
    assert short_cut < 0 < exact < 0.05


def test_whatever_the_shape_of_the_arguments() -> None:
    grid = tost_power(-L, L, [[0.0], [0.05]], [0.08, 0.1, 0.12], 22, 0.05)
    assert grid.shape == (2, 3)
    assert float(grid[1, 2]) == pytest.approx(float(tost_power(-L, L, 0.05, 0.12, 22, 0.05)), abs=1e-15)
    assert tost_power(-L, L, 0.0, 0.1, 22, 0.05).shape == ()
    assert float(tost_power(-math.inf, math.inf, 0.0, 0.1, 22, 0.05)) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ((L, -L, 0.0, 0.1, 22, 0.05), "below the upper"),
        ((-L, L, 0.0, 0.0, 22, 0.05), "standard error"),
        ((-L, L, 0.0, math.nan, 22, 0.05), "standard error"),
        ((-L, L, 0.0, 0.1, [22, 0], 0.05), "degree of freedom"),
        ((-L, L, 0.0, 0.1, 22, 1.0), "alpha"),
        ((-L, L, 0.0, 0.1, 22, 0.05, -1.0), "SD of the effect"),
    ],
)
def test_numbers_out_of_range_are_refused(part: tuple[Any, ...], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        tost_power(*part)


# Patients, one by one


def simulated(sequences: list[str], groups: list[int], ratio: float, cv: float, alpha: float) -> int:
    """How many of the trials show equivalence: logs of every patient, least squares with all effects."""
    rng = np.random.default_rng(20_261_201)
    sigma, periods = math.sqrt(math.log1p(cv**2)), len(sequences[0])
    patients = [word for word, n in zip(sequences, groups, strict=True) for _ in range(n)]
    design = []
    for i, word in enumerate(patients):
        for period, treatment in enumerate(word):
            row = np.zeros(len(patients) + periods)
            row[i] = 1.0
            if period:
                row[len(patients) + period - 1] = 1.0
            row[-1] = treatment == "T"
            design.append(row)
    x: NDArray[np.float64] = np.array(design)
    inverse = np.linalg.inv(x.T @ x)
    contrast, hat = inverse[-1] @ x.T, x @ inverse @ x.T
    df = len(x) - x.shape[1]
    y = math.log(ratio) * x[:, -1] + sigma * rng.standard_normal((TRIALS, len(x)))
    y += np.repeat(rng.normal(0.0, 1.5, (TRIALS, len(patients))), periods, axis=1)
    y += np.tile(np.linspace(0.0, 0.3, periods), len(patients))
    residual = y - y @ hat
    estimate = y @ contrast
    half = stats.t.isf(alpha, df) * np.sqrt(inverse[-1, -1] * (residual**2).sum(axis=1) / df)
    return int(((estimate - half >= -L) & (estimate + half <= L)).sum())


CASES = [
    ("2x2", ["TR", "RT"], [12, 12], 0.95, 0.25),
    ("2x2", ["TR", "RT"], [2, 2], 0.95, 0.15),
    ("2x2x4", ["TRTR", "RTRT"], [9, 5], 0.9, 0.3),
    ("2x2x4", ["TRTR", "RTRT"], [11, 4], 1.25, 0.3),
]


@pytest.mark.parametrize(("design", "sequences", "groups", "ratio", "cv"), CASES)
def test_power_is_that_of_simulated_patients(
    design: str, sequences: list[str], groups: list[int], ratio: float, cv: float
) -> None:
    factor, df = cost(design, groups)
    power = float(tost_power(-L, L, math.log(ratio), sd(cv, True) * math.sqrt(factor), df, 0.05))
    assert abs(binomial_z(simulated(sequences, groups, ratio, cv, 0.05), TRIALS, power)) < 4.0


def test_simulated_patients_notice_a_wrong_cost() -> None:
    """Negative control: as if the sequences were of equal size."""
    design, sequences, groups, ratio, cv = CASES[2]
    factor, df = cost(design, sum(groups))
    power = float(tost_power(-L, L, math.log(ratio), sd(cv, True) * math.sqrt(factor), df, 0.05))
    assert abs(binomial_z(simulated(sequences, groups, ratio, cv, 0.05), TRIALS, power)) > 4.0
