"""Stage-wise p values combined on the normal scale, the larger of several weightings (Maurer et al. 2018).

Of a one-sided test, Z1 and Z2 are the normal scores of the p values of each stage's own patients, independent
standard normals where the limit is the truth. The combined score is the largest sqrt(w) Z1 + sqrt(1 - w) Z2
over the weights w. A trial stops after stage 1 where Z1 > c; the same c holds for the combined score.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

import numpy as np

from planner._special import ndtr, ndtri, stdtr, stdtrit
from planner.monitoring.numerics import Floats, zero

_REACH = 9.0  # standard deviations: what lies beyond is below 1e-18
_LEAST = 1e-300  # a conditional error: still above 0
_X, _W = np.polynomial.legendre.leggauss(32)


@lru_cache(maxsize=256)
def critical_value(alpha: float, weights: tuple[float, ...]) -> float:
    """The limit c of a one-sided test at `alpha`: P(Z1 > c or the combined score > c) = alpha, to 1e-10."""

    def excess(c: float) -> float:
        return alpha - _rejection_probability(c, weights)

    return zero(excess, float(-ndtri(alpha)), float(-ndtri(alpha / (1 + len(weights)))))


def _rejection_probability(c: float, weights: tuple[float, ...]) -> float:
    """P(Z1 > c) and the mean of the conditional error below it, in pieces where one weight gives it."""
    cuts = [z for pair in combinations(weights, 2) if -_REACH < (z := _crossing(c, *pair)) < c]
    edges = np.array([-_REACH, *sorted(cuts), c])
    half = np.diff(edges)[:, None] / 2
    z = (edges[1:, None] + edges[:-1, None]) / 2 + half * _X
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return float(ndtr(-c) + (density * conditional_error(z, c, weights) * half * _W).sum())


def _crossing(c: float, v: float, w: float) -> float:
    """The Z1 at which two weights ask the same of Z2."""
    return (
        c * (1 / math.sqrt(1 - v) - 1 / math.sqrt(1 - w)) / (math.sqrt(v / (1 - v)) - math.sqrt(w / (1 - w)))
    )


def crossings(c: float, weights: tuple[float, ...]) -> tuple[float, ...]:
    """The Z1 at which the conditional error passes from one weight to another."""
    return tuple(_crossing(c, *pair) for pair in combinations(weights, 2))


def conditional_error(z1: Floats, c: float, weights: tuple[float, ...]) -> Floats:
    """The level at which stage 2 alone still rejects, given Z1 of stage 1; never 0. Shape of `z1`."""
    needed: Floats = np.min([(c - math.sqrt(w) * z1) / math.sqrt(1 - w) for w in weights], axis=0)
    return np.asarray(np.maximum(ndtr(-needed), _LEAST))


def combined(z1: Floats, z2: Floats, weights: tuple[float, ...]) -> Floats:
    """The combined score of both stages. Shapes alike."""
    scores: Floats = np.max([math.sqrt(w) * z1 + math.sqrt(1 - w) * z2 for w in weights], axis=0)
    return scores


def score(t: Floats, df: Floats | float) -> Floats:
    """The normal score with the tail area of a t statistic. NaN stays NaN."""
    return np.asarray(np.copysign(-ndtri(stdtr(df, -np.abs(t))), t))


def t_of_score(z: float, df: float) -> float:
    """The t statistic with the tail area of a normal score."""
    return math.copysign(float(-stdtrit(df, ndtr(-abs(z)))), z)
