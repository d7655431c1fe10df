"""Patients of a stage: against SciPy's noncentral t where it can be trusted, and other integrals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from planner.equivalence.tost import tost_power
from planner.equivalence.two_stage.plan import two_stage_plan
from planner.equivalence.two_stage.planning import (
    both_pass,
    largest_variance,
    total_patients,
    variances_by_total,
)
from tests.support.naive_two_stage import L, largest_s2, nct_power

B = two_stage_plan("potvin-b")
MOST = 2_000
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


def column(*values: float) -> list[np.ndarray]:
    return [np.array([value]) for value in values]


@pytest.mark.parametrize("df", [1, 2, 3, 9, 40, 900])
@pytest.mark.parametrize("levels", [(0.0294, 0.0294), (0.2, 1e-5), (0.6, 0.01), (1e-9, 0.3)])
def test_power_is_the_mean_over_the_estimated_spread(df: int, levels: tuple[float, float]) -> None:
    """Also where a critical t is so large that Phi rises within a thousandth of the range."""
    s, t = stats.t.isf(levels, df)
    for share in (0.6, 1.0, 1.4):
        a, b = share * s + 1.0, share * t + 0.5
        rises = [x / y + k / abs(y) for x, y in ((a, s), (b, t)) for k in (-8, -4, 0, 4, 8)]
        for method in ("nct", "exact"):
            end = 1 + 12 / math.sqrt(2 * df)
            if method == "exact" and s + t > 0:
                end = min((a + b) / (s + t), end)
            cuts = np.unique(np.clip([0.0, 0.2, 0.5, 0.8, 1.0, 1.2, 1.7, 3.0, end, *rises], 0.0, end))
            half, middle = np.diff(cuts)[:, None] / 2, (cuts[1:] + cuts[:-1])[:, None] / 2
            r = middle + half * NODES
            d = stats.norm.cdf(a - s * r) + stats.norm.cdf(b - t * r) - 1
            expected = (half * WEIGHTS * d * math.sqrt(df) * stats.chi.pdf(r * math.sqrt(df), df)).sum()
            found = both_pass(*column(a, b, s, t, df), method)[0]
            assert found == pytest.approx(expected, abs=1e-9), (method, share)


def test_exact_power_is_that_of_two_one_sided_tests() -> None:
    rng = np.random.default_rng(1)
    n = rng.integers(2, 60, 200) * 2.0
    se, effect, alpha = 0.4 / np.sqrt(n), rng.uniform(-0.3, 0.3, 200), rng.uniform(0.01, 0.2, 200)
    t = stats.t.isf(alpha, n - 2)
    found = both_pass((L + effect) / se, (L - effect) / se, t, t, n - 2, "exact")
    assert np.abs(found - tost_power(-L, L, effect, se, n - 2, alpha)).max() < 1e-9


@pytest.mark.parametrize("rule", ["potvin-b", "montague-d", "fuglsang-c"])
def test_the_largest_variances_are_those_of_scipy(rule: str) -> None:
    plan = two_stage_plan(rule)
    table = variances_by_total(plan, 1.0)
    for n in (4, 6, 8, 12, 24, 66, 68, 70, 140, 300):
        expected = largest_s2(plan.second_level, n, n - 3, plan.ratio, plan.power)
        assert table[n // 2 - 2] == pytest.approx(expected, rel=1e-8), n
        assert table[n // 2 - 2] != pytest.approx(
            largest_s2(plan.second_level, n, n - 2, plan.ratio, plan.power), rel=1e-8
        )


def test_many_patients_are_as_exact_as_few() -> None:
    """What is a polynomial in 1 / df, against each of its values."""
    n = np.arange(4.0, MOST, 2.0)
    direct = largest_variance(B.second_level, math.log(B.ratio), B, n - 3) * n / 2
    assert np.abs(variances_by_total(B, 5.0)[: n.size] / direct - 1).max() < 1e-10
    assert (np.diff(direct) > 0).all()


def test_the_number_of_patients_has_the_power_and_two_less_have_not() -> None:
    for s2 in np.geomspace(0.008, 0.6, 15):
        n = int(total_patients(B, np.array([s2]))[0])
        assert nct_power(0.0294, n, n - 3, math.log(0.95), s2) >= 0.8
        assert nct_power(0.0294, n - 2, n - 5, math.log(0.95), s2) < 0.8


@pytest.mark.parametrize("method", ["nct", "exact"])
def test_each_trial_by_itself_needs_what_the_table_says(method: str) -> None:
    plan = two_stage_plan("potvin-b", power_method="exact" if method == "exact" else "nct")
    s2 = np.geomspace(1e-6, 3.0, 400)
    alone = total_patients(plan, s2, np.full(s2.shape, math.log(plan.ratio)))
    assert (alone == total_patients(plan, s2)).all()
    assert alone[0] == 4


def test_an_estimate_outside_the_limits_has_no_number() -> None:
    effect = np.array([0.0, 0.2, -0.2, L, 0.3, -0.3])
    n = total_patients(B, np.full(6, 0.04), effect)
    assert (np.isinf(n) == [False, False, False, True, True, True]).all()
    assert n[1] == n[2] > n[0]
    assert math.isinf(total_patients(B, np.array([1e7]))[0])
