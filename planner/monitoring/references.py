"""What a statistic is compared with: the limits that have the tail area of a normal z, by the column of DF.

Boundaries are solved on the z scale. Each analysis names the distribution of its statistic under the null
hypothesis (`reference` in scenario.vocabulary.METHODS); here that becomes the smallest statistic that is as
significant as z, and the largest that is no more significant. To add a distribution: one row of REFERENCES.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import bdtrc, ndtr, stdtrit

from planner.monitoring.numerics import Floats, to_40_bits

_TIE = 1e-9  # relative; a p value this close to the level is equal to it
_NEAR = 1e-12  # the same for a normal score and its limit
_CELLS = 2048  # of 1 / df from 0 to 1, where df are no whole numbers


class Reference(NamedTuple):
    """Limits for the columns of DF (see `degrees`, without its first): z to statistic."""

    at_least: Callable[[float, Floats], Floats]  # smallest statistic whose p is at most the tail area of z
    at_most: Callable[[float, Floats], Floats]  # largest statistic whose p is at least the tail area of z
    df_for_interval: bool  # whether the interval uses t quantiles; otherwise normal ones
    cells: int = 0  # columns of a limit table, see `degrees`


def df_columns(most: int, cells: int = 0) -> Floats:
    """The df of the columns of a limit table: 0 (undefined), 1 .. most, infinity.

    `cells`: in place of whole df up to `most`, equal steps of 1 / df: infinity, cells, cells / 2, .. 1.
    """
    if cells:
        return np.array([0.0, math.inf, *(cells / np.arange(1, cells + 1))])
    return np.array([*range(most + 1), math.inf])


def look_up(table: Floats, df: float, cells: int) -> float:
    """The entry of a limit table at a df, as the kernel that decides looks it up."""
    if not cells or df <= 0.0:
        return float(table[int(min(max(df, 0.0), table.size - 1))])
    at = cells / max(df, 1.0)
    left = min(max(math.floor(at), 1), cells - 2)
    if math.isinf(table[left + 1]):
        return float(table[left + 1])
    f = at - left
    factors = [
        -f * (f - 1) * (f - 2) / 6,
        (f + 1) * (f - 1) * (f - 2) / 2,
        -(f + 1) * f * (f - 2) / 2,
        (f + 1) * f * (f - 1) / 6,
    ]
    return float(np.dot(factors, table[left : left + 4]))


def t_statistic(z: float, df: Floats) -> Floats:
    """The t with the tail area of z, for each df (infinity allowed)."""
    finite = np.where(np.isinf(df), 1.0, df)
    t = np.where(np.isinf(df), abs(z), -stdtrit(finite, ndtr(-abs(z))))
    return to_40_bits(np.copysign(t, z))


@cache
def _t_by_cells(z: float) -> Floats:
    return t_statistic(z, df_columns(0, _CELLS)[1:])


def normal(z: float, df: Floats) -> Floats:
    """z itself, whatever the column."""
    return np.full(df.shape, z)


def _reciprocal_p(z: float, df: Floats, room: float) -> Floats:
    """1 over the tail area of z: see planner.kernels.analyse.exact."""
    return np.full(df.shape, 1.0 / (float(ndtr(-z)) * room))


def _discordant(z: float, df: Floats, mid: float, significant: bool) -> Floats:
    """Limits for b - c by the column 1 + b + c, b being binomial (b + c, 1/2) under the null hypothesis.

    p(b) = P(X > b) + mid P(X = b): mid is 1 for the exact test, 1/2 for mid-p (Fagerland et al. 2013).
    """
    level = float(ndtr(-z))
    level *= 1.0 + _TIE if significant else 1.0 - _TIE
    m = np.where(np.isinf(df), 0.0, df - 1.0).astype(np.int64)  # SciPy warns of counts that are floats

    def p(b: Floats) -> Floats:
        above = np.where(b < 0, 1.0, bdtrc(np.clip(b, 0, m), m, 0.5))
        above = np.where(b >= m, 0.0, above)
        from_b = np.where(b <= 0, 1.0, bdtrc(np.clip(b - 1, 0, m), m, 0.5))
        from_b = np.where(b > m, 0.0, from_b)
        return above + mid * (from_b - above)

    # the smallest b with p(b) <= level, searched from the normal approximation
    b = np.clip(np.ceil(0.5 * (m + z * np.sqrt(m))), 0, m + 1)
    while (down := (b > 0) & (p(b - 1) <= level)).any():
        b -= down
    while (up := (b <= m) & (p(b) > level)).any():
        b += up
    if significant:
        return np.where((b > m) | np.isinf(df), math.inf, 2 * b - m)
    # p falls in b, so the largest b with p(b) >= level is the one before the smallest with p(b) < level
    return np.where(np.isinf(df), -math.inf, 2 * (b - 1) - m)


def _binomial(mid: float) -> Reference:
    return Reference(
        lambda z, df: _discordant(z, df, mid, True), lambda z, df: _discordant(z, df, mid, False), False
    )


REFERENCES: dict[str, Reference] = {
    "t": Reference(t_statistic, t_statistic, True),
    "fractional-t": Reference(lambda z, df: _t_by_cells(z), lambda z, df: _t_by_cells(z), True, _CELLS),
    "exact-p": Reference(
        lambda z, df: _reciprocal_p(z, df, 1.0 + _TIE), lambda z, df: _reciprocal_p(z, df, 1.0 - _TIE), False
    ),
    "normal": Reference(
        lambda z, df: normal(z - _NEAR * max(1.0, abs(z)), df),
        lambda z, df: normal(z + _NEAR * max(1.0, abs(z)), df),
        False,
    ),
    "binomial": _binomial(1.0),
    "binomial-mid": _binomial(0.5),
}
