"""Figures of a result: an estimate, its Monte Carlo standard error, and a 95 % interval.

Every result takes its intervals from here. Errors follow Morris, White and Crowther (2019, table 6).
Probabilities carry a standard error from (x + 2) / (trials + 4), which is never 0, and Wilson intervals as
modified by Brown, Cai and DasGupta (2001): of one to three events Wilson's lower limit is too high.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from planner.results.contract import Written

Z95 = 1.959963984540054
"""The 97.5 % quantile of the normal distribution: 95 % of it lies within so many standard deviations."""

_LOWEST = (0.0, 0.05129329438755053, 0.35536151069866195, 0.8176914471639534)
"""Expected events of which so many or more, up to three, come with a chance of 5 %."""


@dataclass(frozen=True, slots=True)
class Figure(Written):
    """An estimate with its Monte Carlo standard error and 95 % interval; these are None where unknown."""

    estimate: float
    mcse: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def error(self) -> float:
        """The Monte Carlo standard error where there surely is one, as of every probability."""
        assert self.mcse is not None
        return self.mcse

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval where there surely is one."""
        assert self.low is not None
        assert self.high is not None
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Quantile(Written):
    """A quantile with its Monte Carlo standard error."""

    estimate: float
    mcse: float


def figure(
    estimate: float,
    mcse: float | None,
    least: float = -math.inf,
    most: float = math.inf,
    quantile: float = Z95,
) -> Figure:
    """A figure with a normal interval within `least` and `most`; without an interval where it has no error.

    quantile: how many standard errors it extends to either side.
    """
    if mcse is None:
        return Figure(estimate)
    low, high = estimate - quantile * mcse, estimate + quantile * mcse
    return Figure(estimate, mcse, max(low, least), min(high, most))


def probability(x: int, n: int) -> Figure:
    """The share of n trials in which something happened, x times; n is at least 1."""
    low, high = _wilson_of_count(x, n)
    return Figure(x / n, smoothed_error(x, n), low, high)


def probability_among(x: int, n: int) -> Figure | None:
    """The same of those trials, or patients, that something concerns; None if there are none."""
    return probability(x, n) if n else None


def share(p: float, mcse: float, trials: float) -> Figure:
    """A share with an error of its own, and the Wilson interval of so many independent trials."""
    low, high = _wilson_of_share(p, trials)
    return Figure(p, mcse, low, high)


def smoothed_error(x: float, n: int) -> float:
    """The standard error of a share as if two more trials had the event and two more had not: never 0."""
    smooth = (x + 2) / (n + 4)
    return math.sqrt(smooth * (1 - smooth) / (n + 4))


def _wilson_of_count(x: int, n: int) -> tuple[float, float]:
    middle = (x + Z95 * Z95 / 2) / (n + Z95 * Z95)
    half = Z95 / (n + Z95 * Z95) * math.sqrt(x * (n - x) / n + Z95 * Z95 / 4)
    low = _LOWEST[x] / n if x < len(_LOWEST) and 2 * x <= n else middle - half
    high = 1.0 - _LOWEST[n - x] / n if n - x < len(_LOWEST) and 2 * x >= n else middle + half
    return max(0.0, min(low, x / n)), min(1.0, max(high, x / n))


def _wilson_of_share(p: float, size: float) -> tuple[float, float]:
    """The same interval, of a share of what need not be a whole number of trials, nor events."""
    middle = (p + Z95 * Z95 / (2.0 * size)) / (1.0 + Z95 * Z95 / size)
    half = math.sqrt(p * (1.0 - p) / size + Z95 * Z95 / (4.0 * size * size)) / (1.0 + Z95 * Z95 / size)
    return max(0.0, min(middle - Z95 * half, p)), min(1.0, max(middle + Z95 * half, p))


def mean(total: float, square: float, n: int) -> Figure:
    """Mean, its standard error and 95 % interval from a sum and a sum of squares over n, at least 1."""
    average = total / n
    variance = max(square / n - average * average, 0.0)
    return figure(average, math.sqrt(variance / (n - 1)) if n > 1 else None)


def early_stop_variance(total: float, square: float, n: int, early: int, looks: Sequence[int]) -> float:
    """What is added to the variance of the patients of a trial, so that no error is 0 for want of trials.

    total, square: sum of the patients over n trials, and of their squares; early: trials that stopped early;
    looks: patients at each look. Two more trials stop early, and two more do not, as for probabilities; what
    an early stop saves is as found, or where there was none as at the first look.
    """
    if n == 0 or len(looks) < 2:
        return 0.0
    most = looks[-1]
    less, squares = n * most - total, square - 2.0 * most * total + float(n) * most * most
    mean, mean_square = float(most - looks[0]), float(most - looks[0]) ** 2
    if early:
        mean, mean_square = less / early, squares / early
    p = (early + 2) / (n + 4)
    smooth = p * mean_square - (p * mean) ** 2
    return max(smooth - (square / n - (total / n) ** 2), 0.0)


def smooth(plain: Figure, more: float, n: int, least: float, most: float) -> Figure:
    """A mean with so much more variance of a trial, its interval within what is possible."""
    if plain.mcse is None:
        return plain
    mcse, middle = math.sqrt(plain.mcse**2 + more / (n + 4)), plain.estimate
    return figure(middle, mcse, min(least, middle), max(most, middle))


def widen(value: Figure, factor: float) -> Figure:
    """The figure with its Monte Carlo error and its interval times a factor."""
    wide = replace(value, mcse=None if value.mcse is None else value.mcse * factor)
    if value.low is None or value.high is None:
        return wide
    middle, rate = value.estimate, value.low >= 0.0 and value.high <= 1.0
    low, high = middle - factor * (middle - value.low), middle + factor * (value.high - middle)
    return replace(wide, low=max(low, 0.0) if rate else low, high=min(high, 1.0) if rate else high)
