"""The law of a normal statistic observed at several looks, by recursive numerical integration.

Formula (Armitage, McPherson and Rowe 1969; Jennison and Turnbull 2000, chapter 19). On the score scale
B(t) = Z(t) sqrt(t), t the information fraction, increments are independent N(drift (t' - t), t' - t). With
f_k the density of B(t_k) on the event that no earlier look stopped,

    f_1(x) = phi((x - drift t_1) / sqrt(t_1)) / sqrt(t_1)
    f_k(x) = integral over the continuation region of look k - 1 of
             f_{k-1}(y) phi((x - y - drift d) / sqrt(d)) / sqrt(d) dy,    d = t_k - t_{k-1}.

Each integral is a composite Gauss-Legendre rule. The drift is that of B at full information: the expected z
statistic of the last look.

Where two looks are so close that a grid as fine as their distance would take thousands of panels, the grid is
fine only where f_k is, near the limits of earlier looks; between them it is as coarse as f_k allows, and the
narrow Gaussian of the next step is integrated on pieces of its own. What is interpolated there is the chance
that no earlier look has stopped a trial whose score is x now: f_k over the density of B(t_k), which is
smooth, between 0 and 1, and the same under every drift.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planner._special import ndtr, ndtri
from planner.monitoring.numerics import zero

Array = NDArray[np.float64]
Interval = tuple[float, float]

# A panel of four standard deviations of the narrowest Gaussian in the integrand, with 16 nodes, leaves a
# quadrature error near 1e-15. Beyond 12 standard deviations lies 1e-33 of the probability: no sum needs it,
# but limits at which next to nothing is spent stay right too.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_PANEL = 4.0
_REACH = 12.0
_ROWS = 64  # nodes advanced together: bounds the memory of the kernel matrix when looks are close
_PANELS = 400  # more than so many equal panels are replaced by a graded grid
_FLAT = 3.0  # a Gaussian step this many of its SDs away lets panels grow with the distance
_HERMITE, _HERMITE_WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
_WIDE = 12.0  # panels of so many SDs of a Gaussian step are smooth enough for the Gauss-Hermite rule above
_TILT = 3.0  # drifts this close share a grid: what it leaves out has a probability below 1e-18
_TO_LEGENDRE = np.linalg.inv(np.polynomial.legendre.legvander(_NODES, len(_NODES) - 1))
LEAST = 1e-300  # the logarithm of a probability is taken from here, clear of underflow


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


class ScoreProcess:
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
        self._bends: list[Interval] = []  # (score, scale): where the density bends, and over what distance
        self._coarse: _Coarse | None = None  # set where the next Gaussian step is narrower than the panels

    @property
    def reached(self) -> float:
        """Probability that no earlier look stopped."""
        return float(self._mass.sum())

    def above(self, z: float, drift: float | None = None) -> float:
        """P(no earlier stop, Z >= z), also under another `drift` that is within 3 of this one.

        Given the score, whether an earlier look stopped does not depend on the drift: densities under two
        drifts have the ratio of the densities without stopping.
        """
        more = 0.0 if drift is None else drift - self._drift
        mass, limit, score = self._standardise(z, more)
        if more:
            before = self._fractions[self._look - 1] if self._look else 0.0
            mass = mass * np.exp(more * score - more * (self._drift + more / 2) * before)
        return float(mass @ ndtr(-limit))

    def below(self, z: float) -> float:
        """P(no earlier stop, Z <= z)."""
        mass, limit, _ = self._standardise(z)
        return float(mass @ ndtr(limit))

    def within(self, z: float) -> float:
        """P(no earlier stop, |Z| <= z); 0 for a negative z."""
        if z < 0:
            return 0.0
        if self._coarse is not None:
            return max(self.below(z) - self.below(-z), 0.0)
        _, high, _ = self._standardise(z)
        _, low, _ = self._standardise(-z)
        return float(self._mass @ (ndtr(high) - ndtr(low)))

    def upper(self, probability: float) -> float:
        """The z with P(no earlier stop, Z >= z) = `probability`; inf for 0, -inf where it is out of reach."""
        if probability <= 0:
            return math.inf
        if probability >= self.reached:
            return -math.inf
        # The probability is at most the marginal tail, whose quantile therefore bounds the root.
        most = self._centre + quantile_above(probability)
        return _z_at(self.above, probability, most, -1.0)

    def lower(self, probability: float) -> float:
        """The z with P(no earlier stop, Z <= z) = `probability`; -inf for 0, inf where it is out of reach."""
        if probability <= 0:
            return -math.inf
        if probability >= self.reached:
            return math.inf
        least = self._centre - quantile_above(probability)
        return _z_at(self.below, probability, least, 1.0)

    def inner(self, probability: float) -> float:
        """The z with P(no earlier stop, |Z| <= z) = `probability`; -inf for 0, inf where out of reach."""
        if probability <= 0:
            return -math.inf
        if probability >= self.reached:
            return math.inf
        return _z_at(self.within, probability, 0.0, 1.0)

    def advance(self, *regions: Interval) -> None:
        """Continue to the next look where Z lies in one of `regions` (disjoint, ascending z intervals)."""
        now, step = self._fractions[self._look], self._step
        after = self._fractions[self._look + 1] - now
        root = math.sqrt(now)
        least = (self._centre - _REACH) * root
        most = (self._centre + _REACH) * root
        parts = [(max(low * root, least), min(high * root, most)) for low, high in regions]
        parts = [(low, high) for low, high in parts if high > low]
        width = _PANEL * math.sqrt(min(step, after))
        edges = [_equal_edges(low, high, width) for low, high in parts]
        graded = sum(high - low for low, high in parts) > _PANELS * width
        if graded:
            bends = [bend for bend in self._bends if bend[1] < root]
            edges = [_graded_edges(low, high, _PANEL * root, bends) for low, high in parts]
        pieces = [_nodes(each) for each in edges]
        score = np.concatenate([nodes for nodes, _ in pieces]) if pieces else np.zeros(0)
        weight = np.concatenate([weights for _, weights in pieces]) if pieces else np.zeros(0)
        density = self._density(score)
        # what bends this density bends the next one less; its own limits bend the next over one step
        limits = [edge for part in parts for edge in part]
        self._bends = [(at, math.hypot(scale, math.sqrt(after))) for at, scale in self._bends]
        self._bends += [(at, math.sqrt(after)) for at in limits]
        self._coarse = None
        if graded and max(float(np.diff(each).max()) for each in edges) > _PANEL * math.sqrt(after):
            self._coarse = _Coarse(edges, score, density, self._drift * now, root)
        self._mass = weight * density
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

    def _standardise(self, z: float, more: float = 0.0) -> tuple[Array, Array, Array]:
        """Of each node of the look before: mass, (z limit - expected) / SD of this look's score, and score.

        `more`: added to the drift of the step to this look.
        """
        step = self._step
        limit = z * math.sqrt(self._fractions[self._look]) - (self._drift + more) * step
        score, mass = self._score, self._mass
        if self._coarse is not None and math.isfinite(limit):
            score, mass = self._coarse.around(limit, math.sqrt(step))
        return mass, np.asarray((limit - score) / math.sqrt(step)), score

    def _density(self, score: Array) -> Array:
        """Density of this look's score at ascending `score`, on the event that no earlier look stopped."""
        step = self._step
        spread = math.sqrt(step)
        if self._coarse is not None:
            return self._coarse.blur(score - self._drift * step, spread)
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


class _Coarse:
    """A density on panels that are wider than the Gaussian step that follows."""

    def __init__(self, edges: Sequence[Array], score: Array, density: Array, mean: float, sd: float) -> None:
        """`edges`: of the panels of each interval. `mean`, `sd`: of the score, were there no stopping."""
        self._mean, self._sd = mean, sd
        self._edges = edges
        self._low = np.concatenate([each[:-1] for each in edges])
        self._high = np.concatenate([each[1:] for each in edges])
        going = (density / self._gauss(score)).reshape(-1, len(_NODES))
        self._legendre = _TO_LEGENDRE @ going.T  # (degree, panel)

    def _gauss(self, score: Array) -> Array:
        distance = (score - self._mean) / self._sd
        return np.asarray(np.exp(-0.5 * distance * distance) / (self._sd * math.sqrt(2 * math.pi)))

    def at(self, score: Array) -> Array:
        """The density at scores within the intervals."""
        panel = np.clip(np.searchsorted(self._low, score, side="right") - 1, 0, len(self._low) - 1)
        low, high = self._low[panel], self._high[panel]
        inside = np.clip((2.0 * score - low - high) / (high - low), -1.0, 1.0)
        going = np.polynomial.legendre.legval(inside, self._legendre[:, panel], tensor=False)
        return np.asarray(going * self._gauss(score))

    def around(self, limit: float, spread: float) -> tuple[Array, Array]:
        """Nodes and masses that are fine within reach of a limit of the next score."""
        reach = (_REACH + 1) * spread
        fine = np.linspace(limit - reach, limit + reach, math.ceil(2 * reach / (_PANEL * spread)) + 1)
        pieces = []
        for edges in self._edges:
            own = fine[(fine > edges[0]) & (fine < edges[-1])]
            pieces.append(_nodes(np.union1d(edges, own)))
        score = np.concatenate([nodes for nodes, _ in pieces])
        return score, np.concatenate([weights for _, weights in pieces]) * self.at(score)

    def blur(self, score: Array, spread: float) -> Array:
        """The density plus an independent Gaussian of SD `spread`, at each score."""
        density = np.zeros_like(score)
        panel = np.searchsorted(self._low, score, side="right") - 1
        wide = (panel >= 0) & ((self._high - self._low)[panel] >= _WIDE * spread)
        reach = (_REACH + 1) * spread
        inside = np.zeros_like(wide)
        for edges in self._edges:
            inside |= (score - reach > edges[0]) & (score + reach < edges[-1])
        wide &= inside
        at = score[wide, None] - spread * _HERMITE
        density[wide] = self.at(at.ravel()).reshape(at.shape) @ _HERMITE_WEIGHTS / math.sqrt(2 * math.pi)
        density[~wide] = self._in_pieces(score[~wide], spread)
        return density

    def _in_pieces(self, score: Array, spread: float) -> Array:
        """The same, on panels of the Gaussian, cut off at the ends of the intervals."""
        pieces = np.linspace(-_REACH - 1, _REACH + 1, math.ceil(2 * (_REACH + 1) / _PANEL) + 1) * spread
        density = np.zeros_like(score)
        for first in range(0, len(score), _ROWS):
            rows = score[first : first + _ROWS]
            for edges in self._edges:
                cuts = np.clip(rows[:, None] + pieces, edges[0], edges[-1])
                half = (cuts[:, 1:] - cuts[:, :-1]) / 2
                at = ((cuts[:, 1:] + cuts[:, :-1]) / 2)[:, :, None] + half[:, :, None] * _NODES
                distance = (at - rows[:, None, None]) / spread
                value = np.exp(-0.5 * distance * distance) * self.at(at.ravel()).reshape(at.shape)
                density[first : first + _ROWS] += (value @ _WEIGHTS * half).sum(axis=1)
        return density / (spread * math.sqrt(2 * math.pi))


def _equal_edges(low: float, high: float, width: float) -> Array:
    """Edges of equal panels of at most `width`."""
    return np.linspace(low, high, math.ceil((high - low) / width) + 1)


def _graded_edges(low: float, high: float, width: float, bends: Sequence[Interval]) -> Array:
    """Edges of panels of at most `width`, finer towards each bend: `_PANEL` times its scale where it is."""
    edges = _equal_edges(low, high, width)
    if not bends:
        return edges
    where, scale = np.array(bends).T
    while True:
        a, b = edges[:-1, None], edges[1:, None]
        distance = np.maximum(np.maximum(a - where, where - b), 0.0)
        wide = ((b - a) > _PANEL * np.maximum(scale, distance / _FLAT) * (1 + 1e-9)).any(axis=1)
        if not wide.any():
            return edges
        edges = np.sort(np.concatenate([edges, (edges[:-1] + edges[1:])[wide] / 2]))


def _nodes(edges: Array) -> tuple[Array, Array]:
    """Nodes and weights of the composite rule on panels with these edges."""
    half = (edges[1:] - edges[:-1]) / 2
    middle = (edges[1:] + edges[:-1]) / 2
    return (middle[:, None] + half[:, None] * _NODES).ravel(), (half[:, None] * _WEIGHTS).ravel()


def _z_at(probability: Callable[[float], float], target: float, start: float, step: float) -> float:
    """The z at which `probability` reaches `target`, walking from `start`, where it is at most the target."""

    @cache
    def excess(z: float) -> float:
        # Tails are nearly parabolic on the log scale, where root finding needs few steps.
        return math.log(max(probability(z), LEAST)) - math.log(target)

    if excess(start) >= 0:  # the first look: the marginal quantile is the answer, up to rounding
        return start
    end = start + step
    while excess(end) < 0:
        start, step = end, 2 * step
        end = start + step
    return zero(excess, start, end)


def power_at(
    fractions: Sequence[float], sided: int, efficacy: Sequence[float], futility: Sequence[float]
) -> Callable[[float], float]:
    """P(cross the upper limit) as a function of the drift: one walk serves all drifts that are close."""
    walked: list[tuple[float, list[ScoreProcess]]] = []

    def power(drift: float) -> float:
        near = next((stages for at, stages in walked if abs(drift - at) <= _TILT), None)
        if near is None:
            process, near = ScoreProcess(fractions, drift), []
            for look, (high, low) in enumerate(zip(efficacy, futility, strict=True), start=1):
                near.append(copy(process))
                if look < len(fractions):
                    process.advance(*continuation(sided, high, low))
            walked.append((drift, near))
        return math.fsum(stage.above(high, drift) for stage, high in zip(near, efficacy, strict=True))

    return power
