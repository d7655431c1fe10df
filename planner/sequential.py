"""The law of a normal statistic observed at several looks, by recursive numerical integration.

Formula (Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19). On the score scale
B(t) = Z(t) sqrt(t), t the information fraction, increments are independent N(drift (t' - t), t' - t). With
f_k the density of B(t_k) on the event that no earlier look stopped,

    f_1(x) = phi((x - drift t_1) / sqrt(t_1)) / sqrt(t_1)
    f_k(x) = integral over the continuation region of look k - 1 of
             f_{k-1}(y) phi((x - y - drift d) / sqrt(d)) / sqrt(d) dy,    d = t_k - t_{k-1}.

Each integral is a composite Gauss-Legendre rule. The drift is that of B at full information: the expected z
statistic of the last look.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from planner.roots import zero

Array = NDArray[np.float64]
Interval = tuple[float, float]

# A panel of three standard deviations of the narrowest Gaussian in the integrand, with 16 nodes, leaves a
# quadrature error near 1e-16. Beyond 12 standard deviations lies 1e-33 of the probability: no sum needs it,
# but limits at which next to nothing is spent stay right too.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANEL = 3.0
_REACH = 12.0
_ROWS = 256  # nodes advanced together: bounds the memory of the kernel matrix when looks are very close
_LEAST = 1e-300  # the logarithm of a probability is taken from here, clear of underflow


def quantile_above(probability: float) -> float:
    """The z with upper tail `probability` under the standard normal."""
    return -float(ndtri(probability))


def tail_above(z: float) -> float:
    """The upper tail of the standard normal beyond `z`."""
    return float(ndtr(-z))


def continuation(sided: int, efficacy: float, futility: float) -> tuple[Interval, ...]:
    """Where a trial goes on, on the z scale."""
    if sided == 1:
        return ((futility, efficacy),)
    if futility < 0:
        return ((-efficacy, efficacy),)
    return ((-efficacy, -futility), (futility, efficacy))


class Looks:
    """Walks through the looks of a trial under one drift.

    It stands at a look: `above`, `below` and `within` give the probability that no earlier look stopped and
    the z statistic of this look lies there; `upper`, `lower` and `inner` find the limit with a stated such
    probability; `advance` says where the trial continues and moves to the next look.
    """

    def __init__(self, fractions: Sequence[float], drift: float) -> None:
        """`fractions`: information, increasing, the last 1. `drift`: expected z of the last look."""
        self._fractions = fractions
        self._drift = drift
        self._look = 0
        # The trial starts at score 0 with probability 1.
        self._score: Array = np.zeros(1)
        self._mass: Array = np.ones(1)

    @property
    def reached(self) -> float:
        """Probability that no earlier look stopped."""
        return float(self._mass.sum())

    def above(self, z: float) -> float:
        """P(no earlier stop, Z >= z)."""
        return float(self._mass @ ndtr(-self._standardised(z)))

    def below(self, z: float) -> float:
        """P(no earlier stop, Z <= z)."""
        return float(self._mass @ ndtr(self._standardised(z)))

    def within(self, z: float) -> float:
        """P(no earlier stop, |Z| <= z); 0 for a negative z."""
        if z < 0:
            return 0.0
        return float(self._mass @ (ndtr(self._standardised(z)) - ndtr(self._standardised(-z))))

    def upper(self, probability: float) -> float:
        """The z with P(no earlier stop, Z >= z) = `probability`; inf for 0, -inf where it is out of reach."""
        if probability <= 0:
            return math.inf
        if probability >= self.reached:
            return -math.inf
        # The probability is at most the marginal tail, whose quantile therefore bounds the root.
        most = self._centre + quantile_above(probability)
        return _solve(self.above, probability, most, -1.0)

    def lower(self, probability: float) -> float:
        """The z with P(no earlier stop, Z <= z) = `probability`; -inf for 0, inf where it is out of reach."""
        if probability <= 0:
            return -math.inf
        if probability >= self.reached:
            return math.inf
        least = self._centre - quantile_above(probability)
        return _solve(self.below, probability, least, 1.0)

    def inner(self, probability: float) -> float:
        """The z with P(no earlier stop, |Z| <= z) = `probability`; -inf for 0, inf where out of reach."""
        if probability <= 0:
            return -math.inf
        if probability >= self.reached:
            return math.inf
        return _solve(self.within, probability, 0.0, 1.0)

    def advance(self, *regions: Interval) -> None:
        """Continue to the next look where Z lies in one of `regions` (disjoint, ascending z intervals)."""
        now, step = self._fractions[self._look], self._step
        after = self._fractions[self._look + 1] - now
        width = _PANEL * math.sqrt(min(step, after))
        root = math.sqrt(now)
        least = (self._centre - _REACH) * root
        most = (self._centre + _REACH) * root
        pieces = [_grid(max(low * root, least), min(high * root, most), width) for low, high in regions]
        score = np.concatenate([nodes for nodes, _ in pieces]) if pieces else np.zeros(0)
        weight = np.concatenate([weights for _, weights in pieces]) if pieces else np.zeros(0)
        self._mass = weight * self._density(score)
        self._score = score
        self._look += 1

    @property
    def _step(self) -> float:
        """Information gained since the look before."""
        return self._fractions[self._look] - (self._fractions[self._look - 1] if self._look else 0.0)

    @property
    def _centre(self) -> float:
        """Expected z at this look, were there no stopping."""
        return self._drift * math.sqrt(self._fractions[self._look])

    def _standardised(self, z: float) -> Array:
        """(z limit - expected) / SD of this look's score, given each node of the look before."""
        step = self._step
        limit = z * math.sqrt(self._fractions[self._look]) - self._drift * step
        return np.asarray((limit - self._score) / math.sqrt(step))

    def _density(self, score: Array) -> Array:
        """Density of this look's score at ascending `score`, on the event that no earlier look stopped."""
        step = self._step
        spread = math.sqrt(step)
        origin = self._score + self._drift * step
        density = np.empty_like(score)
        for first in range(0, len(score), _ROWS):
            rows = score[first : first + _ROWS]
            # Nodes further away than the Gaussian reaches are left out: the work stays linear.
            near = slice(
                *np.searchsorted(origin, (rows[0] - (_REACH + 1) * spread, rows[-1] + (_REACH + 1) * spread))
            )
            distance = (rows[:, None] - origin[None, near]) / spread
            density[first : first + _ROWS] = np.exp(-0.5 * distance * distance) @ self._mass[near]
        return density / (spread * math.sqrt(2 * math.pi))


def _grid(low: float, high: float, width: float) -> tuple[Array, Array]:
    """Nodes and weights of the composite rule on [low, high] with panels of at most `width`."""
    if high <= low:
        return np.zeros(0), np.zeros(0)
    edges = np.linspace(low, high, math.ceil((high - low) / width) + 1)
    half = (edges[1:] - edges[:-1]) / 2
    middle = (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _WEIGHTS).ravel()


def _solve(probability: Callable[[float], float], target: float, start: float, step: float) -> float:
    """The z at which `probability` reaches `target`, walking from `start`, where it is at most the target."""

    def excess(z: float) -> float:
        # Tails are nearly parabolic on the log scale, where root finding needs few steps.
        return math.log(max(probability(z), _LEAST)) - math.log(target)

    if excess(start) >= 0:  # the first look: the marginal quantile is the answer, up to rounding
        return start
    end = start + step
    while excess(end) < 0:
        start, step = end, 2 * step
        end = start + step
    return zero(excess, start, end)


def root(function: Callable[[float], float], guess: float, most: float) -> float | None:
    """The positive zero of an increasing `function`, sought outwards from a positive `guess` up to `most`.

    None where the function is positive all the way down to 0 or negative all the way up to `most`.
    """
    low, high = 0.8 * guess, 1.25 * guess
    while function(high) < 0:
        if high >= most:
            return None
        low, high = high, min(1.5 * high, most)
    while function(low) > 0:
        if low == 0:
            return None
        low, high = (low / 2 if low > guess / 16 else 0.0), low
    return zero(function, low, high)
