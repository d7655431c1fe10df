"""The larger of two combinations of p values: its limit, and the errors that stage 2 has left."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from planner.equivalence.two_stage.inverse_normal import (
    combined,
    conditional_error,
    critical_value,
    crossings,
    score,
    t_of_score,
)
from tests.support.two_stage_tables import CRITICAL, LEVEL

WEIGHTS = (0.5, 0.25)


def rejected(c: float, weights: tuple[float, ...]) -> float:
    """P(Z1 > c or the largest combination > c), by a fine grid of both scores."""
    steps = 4_000
    u = (np.arange(steps) + 0.5) / steps
    z = stats.norm.ppf(u)
    total = 0.0
    for each in z:
        largest = np.max([math.sqrt(w) * each + math.sqrt(1 - w) * z for w in weights], axis=0)
        total += 1.0 if each > c else float((largest > c).mean())
    return total / steps


def test_the_limit_is_that_of_the_publication() -> None:
    """To the four digits that are printed; the other program's own integral is off by 1e-6."""
    c = critical_value(0.05, WEIGHTS)
    assert c == pytest.approx(1.9374, abs=5e-5)
    assert c == pytest.approx(CRITICAL, abs=1.5e-5)
    assert stats.norm.sf(c) == pytest.approx(LEVEL, abs=1e-6)
    assert critical_value(0.05, (0.25, 0.5)) == pytest.approx(c, abs=1e-12)


@pytest.mark.parametrize("alpha", [0.025, 0.05])
@pytest.mark.parametrize("weights", [(0.5, 0.25), (0.5,), (0.7, 0.2)])
def test_the_limit_has_its_level(alpha: float, weights: tuple[float, ...]) -> None:
    c = critical_value(alpha, weights)
    assert rejected(c, weights) == pytest.approx(alpha, abs=1e-4)
    assert rejected(c - 0.01, weights) > alpha + 1e-4


def test_one_weight_is_two_looks_of_a_group_sequential_trial() -> None:
    """Pocock's limits for two looks at equal steps of information: 1.875424 at one-sided .05."""
    assert critical_value(0.05, (0.5,)) == pytest.approx(1.875424, abs=1e-6)


def test_the_conditional_error_is_what_is_left() -> None:
    """A trial rejects exactly where the p value of stage 2 is below it."""
    rng = np.random.default_rng(3)
    z1, z2 = rng.normal(0, 2, (2, 20_000))
    rejects = combined(z1, z2, WEIGHTS) > CRITICAL
    assert (rejects == (stats.norm.sf(z2) < conditional_error(z1, CRITICAL, WEIGHTS))).all()
    assert 0.1 < rejects.mean() < 0.4
    wrong = conditional_error(z1, CRITICAL, WEIGHTS[:1])
    assert (rejects != (stats.norm.sf(z2) < wrong)).any()


def test_where_one_weight_takes_over_from_the_other() -> None:
    (at,) = crossings(CRITICAL, WEIGHTS)
    one, other = (conditional_error(np.array([at]), CRITICAL, (w,)) for w in WEIGHTS)
    assert one == pytest.approx(other, rel=1e-12)


def test_scores_have_the_tail_areas_of_t() -> None:
    t = np.array([-60.0, -3.0, 0.0, 0.5, 40.0])
    assert stats.norm.logsf(score(t, 9.0)) == pytest.approx(stats.t.logsf(t, 9), rel=1e-9)
    assert score(np.array([t_of_score(-2.5, 4)]), 4.0) == pytest.approx([-2.5])
