"""What a rule with scaled limits rests on in virtual trials: how often its parts hold, and how wide it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.kernels.tables import (
    ALIKE,
    CAPPED,
    CRITERION,
    LIMIT_BINS,
    LIMIT_TOP,
    NEAR,
    SCALED_BITS,
    SWITCHED,
    UNSCALED_TOO,
    Floats,
    Ints,
)
from planner.model.scaled_tables import WidestLimits
from planner.results.cells import LimitFigures, ScaledFigures
from planner.results.cluster_errors import error, spread
from planner.results.figures import Figure, Quantile, figure, probability, widen

QUANTILES = (5, 50, 95)
"""Of the upper limits, in per cent."""

_WIDTH = LIMIT_TOP / LIMIT_BINS
_LEFT = np.arange(LIMIT_BINS) * _WIDTH


def scaled_figures(parts: Ints, trials: int, widest: WidestLimits) -> ScaledFigures:
    """From the counts i64[part] of one cell, as of independent trials."""
    limits = _Limits(parts[None], widest)
    return ScaledFigures(
        criterion=probability(int(parts[CRITERION]), trials) if widest.scales else None,
        estimate=probability(int(parts[NEAR]), trials) if widest.near else None,
        unscaled=probability(int(parts[UNSCALED_TOO]), trials),
        sd_ratio=probability(int(parts[ALIKE]), trials) if widest.compares else None,
        switched=probability(int(parts[SWITCHED]), trials),
        upper_limit=limits.figures() if parts[SCALED_BITS] else None,
    )


def widened(figures: ScaledFigures, factor: float) -> ScaledFigures:
    """With all Monte Carlo errors times a factor."""
    return _each(figures, lambda each, _: widen(each, factor), lambda limits: _wider(limits, factor))


def between_variants(figures: ScaledFigures, parts: Ints, n: Ints, widest: WidestLimits) -> ScaledFigures:
    """With errors that include the spread between variants: parts i64[variant, part], n i64[variant]."""
    limits = _Limits(parts, widest)
    return _each(figures, lambda each, bit: spread(each, parts[:, bit], n), lambda _: limits.figures())


def _each(
    figures: ScaledFigures,
    share: Callable[[Figure, int], Figure],
    limits: Callable[[LimitFigures], LimitFigures],
) -> ScaledFigures:
    def of(value: Figure | None, bit: int) -> Figure | None:
        return None if value is None else share(value, bit)

    return ScaledFigures(
        criterion=of(figures.criterion, CRITERION),
        estimate=of(figures.estimate, NEAR),
        unscaled=share(figures.unscaled, UNSCALED_TOO),
        sd_ratio=of(figures.sd_ratio, ALIKE),
        switched=share(figures.switched, SWITCHED),
        upper_limit=figures.upper_limit and limits(figures.upper_limit),
    )


def _wider(limits: LimitFigures, factor: float) -> LimitFigures:
    quantiles = {name: replace(each, mcse=each.mcse * factor) for name, each in limits.quantiles.items()}
    return LimitFigures(mean=widen(limits.mean, factor), quantiles=quantiles)


class _Limits:
    """The upper limits of the trials of some variants, in per cent: of two sizes, and in bins between."""

    def __init__(self, parts: Ints, widest: WidestLimits) -> None:
        bins = parts[:, SCALED_BITS + 1 :]
        unscaled = parts[:, SCALED_BITS] - parts[:, SWITCHED]
        count = np.column_stack([unscaled, parts[:, CAPPED], bins])
        left = np.concatenate([[widest.unscaled, widest.scaled], _LEFT])
        right = np.concatenate([left[:2], _LEFT + _WIDTH])
        order = np.argsort(left + right, kind="stable")
        used = order[count.sum(0)[order] > 0]
        self.count = count[:, used].astype(np.float64)  # (variant, value)
        self.left, self.right = left[used], right[used]
        self.n: Floats = self.count.sum(1)

    def figures(self) -> LimitFigures:
        """The mean and the quantiles over all variants."""
        middle = 100.0 * np.exp((self.left + self.right) / 2.0)
        total = float(self.n.sum())
        weights = self.count.sum(0)
        mean = float(weights @ middle) / total
        sd = math.sqrt(max(float(weights @ (middle - mean) ** 2), 0.0) / total)
        mcse = max(sd / math.sqrt(total), self._between(middle))
        quantiles = {f"p{q}": self._quantile(q / 100.0) for q in QUANTILES}
        return LimitFigures(mean=figure(mean, mcse, 0.0), quantiles=quantiles)

    def _between(self, value: Floats) -> float:
        """The error of the mean of a value f64[value], from the spread between variants."""
        return error(self.count @ value, self.n) if len(self.n) > 1 else 0.0

    def _quantile(self, p: float) -> Quantile:
        """With half the distance between the quantiles a standard error of p to either side."""
        at = self._at(p)
        below = (self.right <= at).astype(np.float64)
        mcse = max(math.sqrt(p * (1.0 - p) / float(self.n.sum())), self._between(below))
        return Quantile(_percent(at), (_percent(self._at(p + mcse)) - _percent(self._at(p - mcse))) / 2.0)

    def _at(self, p: float) -> float:
        """The log of the limit below which a share p lies."""
        weights = self.count.sum(0)
        up_to = np.cumsum(weights)
        rank = min(max(p, 0.0), 1.0) * up_to[-1]
        i = min(int(np.searchsorted(up_to, rank)), len(up_to) - 1)
        share = (rank - (up_to[i] - weights[i])) / weights[i]
        return float(self.left[i] + share * (self.right[i] - self.left[i]))


def _percent(log: float) -> float:
    return 100.0 * math.exp(log)
