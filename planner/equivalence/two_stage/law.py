"""The law of stage 1 of a complete two-stage trial, and what its quadrature adds up to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from planner._special import chdtri, ndtr
from planner.equivalence.tost import density
from planner.equivalence.two_stage.plan import FUTILITY_LEVEL, TwoStagePlan
from planner.equivalence.two_stage.planning import Ints, largest_variance, t_limit
from planner.monitoring.numerics import Floats

_TAIL = 1e-13  # probability left out on either side of the standard deviation
_PANEL = 0.25  # standard deviations of the standard deviation: the widest piece of its range
_X, _W = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True, slots=True)
class Characteristics:
    """What becomes of the trials of a plan: probabilities, and patients of both stages.

    A trial ends after stage 1 as equivalent, as not equivalent although it had the planned power, or as
    futile; all others have a stage 2.
    """

    equivalent: float  # at either stage
    equivalent_first: float  # after stage 1
    not_equivalent_first: float  # after stage 1, which had the planned power
    futile: float
    second_stage: float
    expected_patients: float
    patients: tuple[tuple[int, float], ...]  # numbers of patients in rising order, each with its probability

    @classmethod
    def of(
        cls, first: int, at_once: float, futile: float, total: float, numbers: Floats, later: float
    ) -> Characteristics:
        """From the probabilities of stage 1, and P(stage 2 has n patients) in `numbers` for n = 0, 1, ..

        `later`: P(a trial has a stage 2 and is equivalent). `total`: of all that was added up, next to 1.
        """
        second = float(numbers[1:].sum())
        shares = [(first, total - second), *((first + int(n), float(numbers[n])) for n in _positive(numbers))]
        return cls(
            equivalent=at_once + later,
            equivalent_first=at_once,
            not_equivalent_first=max(total - at_once - futile - second, 0.0),
            futile=futile,
            second_stage=second,
            expected_patients=sum(n * p for n, p in shares),
            patients=tuple(shares),
        )

    def quantile(self, share: float) -> int:
        """The smallest number of patients that at least this share of trials does not exceed."""
        reached = np.cumsum([p for _, p in self.patients])
        at = int(np.searchsorted(reached, share * reached[-1]))
        return self.patients[min(at, len(self.patients) - 1)][0]


def _positive(numbers: Floats) -> Ints:
    """The numbers of patients, above 0, that have a probability."""
    return np.flatnonzero(numbers[1:] > 0.0) + 1


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Stage 1: the estimate is normal, the variance a multiple of chi-square, independent of each other."""

    plan: TwoStagePlan
    patients: int  # the sequences as equal as can be
    sigma: float  # true standard deviation within patients, of logs
    effect: float  # true difference of logs

    @property
    def df(self) -> int:
        """Of the variance."""
        return self.patients - 2

    @property
    def c(self) -> float:
        """The variance of the estimate over sigma^2."""
        tr = (self.patients + 1) // 2
        return 0.5 / tr + 0.5 / (self.patients - tr)

    @property
    def sd(self) -> float:
        """Of the estimate."""
        return self.sigma * math.sqrt(self.c)

    def between(self, low: Floats, high: Floats) -> Floats:
        """P(low < estimate < high), 0 where the ends are the other way round."""
        below = ndtr((high - self.effect) / self.sd) - ndtr((low - self.effect) / self.sd)
        return np.asarray(np.maximum(below, 0.0))

    def going(self, low: Floats, high: Floats, reach: Floats) -> Floats:
        """P(the estimate is between two ends, but not within `reach` of 0)."""
        inside = self.between(np.maximum(low, -reach), np.minimum(high, reach))
        return self.between(low, high) - inside

    @property
    def powered_up_to(self) -> float:
        """The estimated standard deviation within patients up to which stage 1 has the planned power."""
        plan, df = self.plan, np.array([float(self.df)])
        most = largest_variance(plan.power_level, math.log(plan.ratio), plan, df)
        return math.sqrt(float(most[0]) / self.c)

    @property
    def largest(self) -> float:
        """The largest estimated standard deviation within patients that is reckoned with."""
        return self.sigma * math.sqrt(float(chdtri(self.df, _TAIL)) / self.df)

    def spreads(self, cuts: Iterable[float]) -> tuple[Floats, Floats]:
        """Estimated standard deviations within patients and their weights, in pieces that end at `cuts`."""
        low = self.sigma * math.sqrt(float(chdtri(self.df, 1.0 - _TAIL)) / self.df)
        edges = np.array([low, *sorted(x for x in cuts if low < x < self.largest), self.largest])
        _, start, width = in_parts(edges[:-1], edges[1:], _PANEL * self.sigma / math.sqrt(2 * self.df))
        s = (start[:, None] + width[:, None] * (1 + _X) / 2).ravel()
        weight = density(s / self.sigma, np.full(s.shape, float(self.df))) / self.sigma
        return s, weight * (width[:, None] * _W / 2).ravel()

    def accepted(self, s: Floats, level: float) -> Floats:
        """How far from 0 an estimate may be to be equivalent at `level`: below 0 where none is."""
        return self.plan.log_limit - float(t_limit(level, self.df)) * math.sqrt(self.c) * s

    def not_futile(self, s: Floats) -> tuple[Floats, Floats]:
        """The estimates between which a trial is not futile."""
        low, high = np.full(s.shape, -math.inf), np.full(s.shape, math.inf)
        for limits, slope in self._futile():
            low = np.maximum(low, math.log(limits[0]) - slope * s)
            high = np.minimum(high, math.log(limits[1]) + slope * s)
        return low, high

    def bends(self, *levels: float) -> list[float]:
        """The standard deviations at which what is accepted at a level ends, or meets what is futile."""
        slopes = [float(t_limit(level, self.df)) * math.sqrt(self.c) for level in levels]
        cuts = [self.plan.log_limit / slope for slope in slopes]
        for limits, slope in self._futile():
            for end in limits:
                cuts += [(self.plan.log_limit - abs(math.log(end))) / (each + slope) for each in slopes]
        return cuts

    def _futile(self) -> list[tuple[tuple[float, float], float]]:
        """The ranges of ratios outside of which a trial is futile, and how fast each widens with the SD."""
        plan, half = self.plan, float(t_limit(FUTILITY_LEVEL, self.df)) * math.sqrt(self.c)
        ranges = ((plan.ci_outside, half), (plan.estimate_outside, 0.0))
        return [(limits, slope) for limits, slope in ranges if limits is not None]


def in_parts(low: Floats, high: Floats, widest: float) -> tuple[Ints, Floats, Floats]:
    """Pieces cut into equal parts at most so wide: of each part its piece, where it starts, its width."""
    parts = np.maximum(np.ceil((high - low) / widest), 1).astype(np.int64)
    piece = np.repeat(np.arange(low.size), parts)
    width = ((high - low) / parts)[piece]
    place = np.arange(piece.size) - (np.cumsum(parts) - parts)[piece]
    return piece, low[piece] + width * place, width
