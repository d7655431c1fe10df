"""Exact power of trials of many sizes, to judge sizes by: two looks at a t test, and McNemar's exact test.

Quadrature and enumeration with SciPy; shares no code with the package.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from scipy import special, stats

_X, _W = np.polynomial.legendre.leggauss(80)


def smallest(power: Callable[[int], float], target: float, sizes: Iterable[int]) -> int | None:
    """The first size from which power stays at or above the target."""
    found = None
    for n in sizes:
        if power(n) < target:
            found = None
        elif found is None:
            found = n
    return found


def _nodes(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    half = (high - low) / 2
    return (low + high) / 2 + half * _X, half * _W


def two_looks(
    first: int, last: int, limits: tuple[float, float], effect: float, lost: int, *, look: bool = True
) -> float:
    """Two-sided rejection by t at `first` or `last` complete pairs, each at the level of its z limit.

    `effect` in SDs of one patient's difference; `lost`: df lost to estimated means (1, or 2 with periods).
    The sums of squares of the two stages add up: within the first, within the second, between their means.
    `look=False` leaves out the stop at the first look.
    """
    n2, df1, df2 = last - first, first - lost, last - lost
    c1, c2 = (float(stats.t.isf(stats.norm.sf(z), df)) for z, df in zip(limits, (df1, df2), strict=True))
    shift = effect * math.sqrt(first)
    if not look:
        c1 = math.inf
    early = float(stats.nct.sf(c1, df1, shift) + stats.nct.cdf(-c1, df1, shift)) if look else 0.0
    r, wr = _nodes(math.sqrt(stats.chi2.ppf(1e-14, df1)), math.sqrt(stats.chi2.isf(1e-14, df1)))
    wr = wr * 2 * r * stats.chi2.pdf(r * r, df1)
    y, wy = _nodes(-8.0, 8.0)
    wy = wy * stats.norm.pdf(y)
    second = effect + y / math.sqrt(n2)
    later = 0.0
    for root, weight in zip(r, wr, strict=True):
        reach = min(c1 * root / math.sqrt(df1), 1e9)
        low, high = max(-reach, shift - 8.0), min(reach, shift + 8.0)
        if high <= low:
            continue
        z, wz = _nodes(low, high)
        wz = wz * stats.norm.pdf(z - shift)
        mean = z[:, None] / math.sqrt(first)
        overall = (first * mean + n2 * second) / last
        between = first * (mean - overall) ** 2 + n2 * (second - overall) ** 2
        room = last * overall**2 * df2 / c2**2 - root * root - between
        chance = special.gammainc((n2 - 1) / 2, np.maximum(room, 0.0) / 2)
        later += weight * float(wz @ chance @ wy)
    return early + later


def mcnemar_exact(n: int, only_first: float, only_second: float, alpha: float) -> float:
    """Power of the exact two-sided McNemar test, over all numbers of discordant pairs."""
    share = only_first + only_second
    if share == 0.0:
        return 0.0
    m = np.arange(n + 1)
    among = stats.binom.pmf(m, n, share)
    total = 0.0
    for k, weight in zip(m, among, strict=True):
        b = np.arange(k + 1)
        p = 2 * np.minimum(stats.binom.cdf(b, k, 0.5), stats.binom.sf(b - 1, k, 0.5))
        total += weight * stats.binom.pmf(b, k, only_first / share)[p <= alpha * (1 + 1e-12)].sum()
    return float(total)
