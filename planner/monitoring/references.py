"""What a statistic is compared with: the limits that have the tail area of a normal z, by the column of DF.

Boundaries are solved on the z scale. Each analysis names the distribution of its statistic under the null
hypothesis (`reference` in its INFO, see planner.analyses); here that becomes the smallest statistic that is
as significant as z, the largest that is no more significant, and the p value. To add a distribution: one row
of REFERENCES.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from planner._special import bdtr, bdtrc, ndtr, stdtr, stdtrit
from planner.monitoring.numerics import Floats, to_40_bits

_TIE = 1e-9  # relative; a p value this close to the level is equal to it
_NEAR = 1e-12  # the same for a normal score and its limit
_CELLS = 2048  # of 1 / df from 0 to 1, where df are no whole numbers


class Reference(NamedTuple):
    """A distribution: limits for the columns of DF (see `df_columns`, without its first), and p values."""

    at_least: Callable[[float, Floats], Floats]  # smallest statistic whose p is at most the tail area of z
    at_most: Callable[[float, Floats], Floats]  # largest statistic whose p is at least the tail area of z
    tails: Callable[[float, float], tuple[float, float]]  # p, greater and less, of a statistic with its df
    student: bool = False  # whether it is Student's t, so that the interval uses t quantiles, not normal ones
    cells: int = 0  # columns of a limit table, see `df_columns`
    discordant: bool = False  # whether DF is 1 + the patients who respond to one treatment only
    p_alone: bool = False  # whether T is nothing but a p value in disguise: see planner.kernels.analyse.exact


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


def _student(t: float, df: float) -> tuple[float, float]:
    if math.isinf(df) or math.isinf(t):
        return float(ndtr(-t)), float(ndtr(t))
    return float(stdtr(df, -t)), float(stdtr(df, t))


def _normal(z: float, df: float) -> tuple[float, float]:
    return float(ndtr(-z)), float(ndtr(z))


def _binomial_tails(at: float) -> Callable[[float, float], tuple[float, float]]:
    """Tails of b given b + c, from T = b - c and DF = 1 + b + c; `at` is the weight of P(X = b)."""

    def tails(difference: float, df: float) -> tuple[float, float]:
        m = round(df) - 1
        if m == 0:  # nobody responds to one treatment only: no evidence either way
            return 1.0, 1.0
        b = round((m + difference) / 2)
        above = float(bdtrc(b, m, 0.5)) if b < m else 0.0
        below = float(bdtr(b - 1, m, 0.5)) if b > 0 else 0.0
        equal = float(bdtr(b, m, 0.5)) - below if below < above else float(bdtrc(b - 1, m, 0.5)) - above
        if b == 0:
            equal = 0.5**m
        return above + at * equal, below + at * equal

    return tails


def _reciprocal(t: float, df: float) -> tuple[float, float]:
    """T is 1 over the p value of its side, 2 over a two-sided one: see planner.kernels.analyse.exact."""
    return (1.0 / t, 1.0) if t > 0.0 else (1.0, -1.0 / t)


def _binomial(mid: float) -> Reference:
    return Reference(
        lambda z, df: _discordant(z, df, mid, True),
        lambda z, df: _discordant(z, df, mid, False),
        _binomial_tails(mid),
        discordant=True,
    )


REFERENCES: dict[str, Reference] = {
    "t": Reference(t_statistic, t_statistic, _student, student=True),
    "fractional-t": Reference(
        lambda z, df: _t_by_cells(z), lambda z, df: _t_by_cells(z), _student, student=True, cells=_CELLS
    ),
    "exact-p": Reference(
        lambda z, df: _reciprocal_p(z, df, 1.0 + _TIE),
        lambda z, df: _reciprocal_p(z, df, 1.0 - _TIE),
        _reciprocal,
        p_alone=True,
    ),
    "normal": Reference(
        lambda z, df: normal(z - _NEAR * max(1.0, abs(z)), df),
        lambda z, df: normal(z + _NEAR * max(1.0, abs(z)), df),
        _normal,
    ),
    "binomial": _binomial(1.0),
    "binomial-mid": _binomial(0.5),
}
