"""Exact laws of crossover trials with normal outcomes, by scipy: shares no code with the package.

Units: `effect` and `sd` in points; sd is that of one patient's difference of two treatments.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from scipy import integrate, stats


def t_power(ncp: float, df: float, alpha: float, direction: str = "two-sided") -> float:
    """Rejection probability of a t test; two-sided counts both tails."""
    above = lambda tail: float(stats.nct.sf(stats.t.isf(tail, df), df, ncp)) if ncp else tail  # noqa: E731
    below = lambda tail: float(stats.nct.sf(stats.t.isf(tail, df), df, -ncp)) if ncp else tail  # noqa: E731
    match direction:
        case "two-sided":
            return above(alpha / 2) + below(alpha / 2)
        case "greater":
            return above(alpha)
        case _:
            return below(alpha)


def paired_power(n: int, effect: float, sd: float, alpha: float, direction: str = "two-sided") -> float:
    """Paired t test of n complete patients; fewer than two never reject."""
    return t_power(effect * math.sqrt(n) / sd, n - 1, alpha, direction) if n > 1 else 0.0


def hills_armitage_power(
    n1: int, n2: int, effect: float, sd: float, alpha: float, direction: str = "two-sided"
) -> float:
    """Two-sample t test on period differences of n1 and n2 complete patients; undefined never rejects."""
    if min(n1, n2) < 1 or n1 + n2 < 3:
        return 0.0
    se = sd * math.sqrt(1 / n1 + 1 / n2) / 2
    return t_power(effect / se, n1 + n2 - 2, alpha, direction)


def completers(n: int, stay: float) -> Iterator[tuple[int, float]]:
    """(number, probability) of the patients of n who stay, each with the same chance."""
    for m in range(n + 1):
        yield m, float(stats.binom.pmf(m, n, stay))


def over_completers(n: int, stay: float, value: Callable[[int], float]) -> float:
    """Expectation of a number that depends on how many of n patients complete."""
    return math.fsum(p * value(m) for m, p in completers(n, stay))


def over_both(n1: int, n2: int, stay: float, value: Callable[[int, int], float]) -> float:
    """The same for two sequences."""
    return math.fsum(
        p * q * value(a, b) for a, p in completers(n1, stay) for b, q in completers(n2, stay) if p * q > 1e-12
    )


def paired_rejection(
    n1: int, n2: int, effect: float, shift: float, sd: float, alpha: float, direction: str = "two-sided"
) -> float:
    """Paired t test where the n1 patients' mean difference is effect + shift, that of the n2 effect - shift.

    The mean difference is Normal with that bias; the sum of squares about it is sd^2 times a noncentral
    chi-square with n - 1 df and noncentrality 4 shift^2 n1 n2 / (n sd^2), independent of it.
    """
    n = n1 + n2
    bias = effect + shift * (n1 - n2) / n
    noncentral = 4 * shift**2 * n1 * n2 / n / sd**2
    tail = alpha / 2 if direction == "two-sided" else alpha
    limit = stats.t.isf(tail, n - 1)
    at = bias * math.sqrt(n) / sd

    def given(q: float) -> float:
        reach = limit * math.sqrt(q / (n - 1))
        above, below = stats.norm.sf(reach - at), stats.norm.cdf(-reach - at)
        chance = {"two-sided": above + below, "greater": above, "less": below}[direction]
        return float(chance * stats.ncx2.pdf(q, n - 1, noncentral))

    middle, spread = n - 1 + noncentral, math.sqrt(2 * (n - 1 + 2 * noncentral))
    top = middle + 12 * spread + 40
    return float(integrate.quad(given, 0, top, points=[middle], limit=400, epsabs=1e-10)[0])


def observed_mean(
    mean: float, sd: float, low: float = -math.inf, high: float = math.inf, step: float | None = None
) -> float:
    """Mean of a normal score after rounding to steps (halves up) and clipping, by plain quadrature."""
    if step is None:
        return float(_pieces(lambda x: min(max(x, low), high), mean, sd, [low, high]))
    edges = np.arange(math.floor((mean - 12 * sd) / step) + 0.5, (mean + 12 * sd) / step) * step
    inner = edges[(edges > low - step) & (edges < high + step)] if math.isfinite(low + high) else edges
    return float(_pieces(lambda x: min(max(math.floor(x / step + 0.5) * step, low), high), mean, sd, inner))


def _pieces(score: Callable[[float], float], mean: float, sd: float, breaks: object) -> float:
    """Expectation of score(X) for a normal X, integrated between the points where the score has kinks."""
    inside = [float(b) for b in np.asarray(breaks) if abs(b - mean) < 12 * sd]
    points = [mean - 12 * sd, *sorted(inside), mean + 12 * sd]
    return math.fsum(
        integrate.quad(lambda x: score(x) * stats.norm.pdf(x, mean, sd), a + 1e-13, b - 1e-13)[0]
        for a, b in pairwise(points)
    )


def equivalence_power(
    low: float, high: float, effect: float, se: float, df: float, alpha: float = 0.05
) -> float:
    """P(estimate +- t s lies within the limits): the estimate is Normal(effect, se), s^2 / se^2 chi2 / df.

    Given s the estimate lies between low + t s and high - t s; integrated over the law of s.
    """
    limit = float(stats.t.isf(alpha, df))

    def given(x: float) -> float:
        reach = limit * x * se
        inside = stats.norm.cdf((high - effect - reach) / se) - stats.norm.cdf((low - effect + reach) / se)
        return float(inside * 2 * df * x * stats.chi2.pdf(df * x * x, df))

    ends = np.sqrt(stats.chi2.ppf([1e-15, 1 - 1e-15], df) / df)
    top = min(float(ends[1]), (high - low) / (2 * limit * se))
    bottom = min(float(ends[0]), top)
    return float(integrate.quad(given, bottom, top, limit=400, epsabs=1e-12)[0])


def outside_power(low: float, high: float, effect: float, se: float, df: float, alpha: float = 0.05) -> float:
    """P(the interval lies outside the limits): on either side a noncentral t."""
    limit = stats.t.isf(alpha, df)
    return float(stats.nct.sf(limit, df, (effect - high) / se) + stats.nct.sf(limit, df, (low - effect) / se))
