"""How many patients a stage needs: power of two one-sided tests, with levels of their own.

With r the estimated over the true standard deviation, both tests pass with probability D(r) =
Phi(a - s r) + Phi(b - t r) - 1 where that is positive; a and b are the distances of the true difference from
the limits in standard errors, s and t the critical t. Its mean over r, cut off at 0, is the exact power.
Without the cut, it is the difference of two noncentral t probabilities, P(T2 < -t) - P(T1 < s), by which the
rules of the literature plan ("nct"): where power is low, it counts as negative what cannot happen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner._special import ndtr, ndtri, stdtrit
from planner.equivalence.panels import LEAST as ABOVE_0
from planner.equivalence.panels import Edges, panels
from planner.equivalence.tost import density
from planner.equivalence.two_stage.plan import PowerMethod, TwoStagePlan
from planner.monitoring.numerics import Floats, zeros

Ints = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LEAST = 4  # patients, of all or of a stage 2 that is analysed alone
LARGEST = 2**20  # patients: where more are needed, there is no number
_FEW, _DEGREE = 32, 12  # numbers of patients that are solved one by one; of the polynomial for all others
_BULK = np.array([-8.0, -2.0, 2.0, 8.0])  # edges for the density of r, in its standard deviations
_RISE = np.array([-7.0, -3.0, 0.0, 3.0, 7.0])  # edges around the place where Phi rises
_STEEP = 1.0  # standard deviations of r: where Phi rises within less, it has edges of its own
_TINY = 1e-300
_AT_ONCE = 20_000  # elements whose quadrature is done together, as memory allows


def t_limit(level: ArrayLike, df: ArrayLike) -> Floats:
    """The upper quantile of Student's t."""
    return np.asarray(-stdtrit(df, level))


def both_pass(a: Floats, b: Floats, s: Floats, t: Floats, df: Floats, method: PowerMethod) -> Floats:
    """P(both one-sided tests pass), absolute error below 1e-9 (1e-6 if df is no whole number). All (n,).

    `a`, `b`: distances of the true difference from the lower and the upper limit over its true standard
    error; `s`, `t`: critical t of the two tests; `df` of the estimated standard error, at least 1. "nct" may
    be below 0: see the module's docstring.
    """
    steep = np.maximum(np.abs(s), np.abs(t)) > _STEEP * np.sqrt(2 * df)
    power = np.empty(a.shape)
    for rises in (False, True):
        rows = np.flatnonzero(steep == rises)
        for start in range(0, rows.size, _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            power[part] = _mean(a[part], b[part], s[part], t[part], df[part], method == "exact", rises)
    return power


def _mean(a: Floats, b: Floats, s: Floats, t: Floats, df: Floats, exact: bool, steep: bool) -> Floats:
    """The mean of D(r) over r."""
    sd = 1.0 / np.sqrt(2.0 * df)
    low, high = np.maximum(1.0 + _BULK[0] * sd, ABOVE_0), 1.0 + _BULK[-1] * sd
    if exact:  # D is positive up to (a + b) / (s + t), and everywhere if s + t is not
        high = np.minimum(high, np.divide(a + b, s + t, out=np.full(a.shape, math.inf), where=s + t > 0))
    edges = [Edges(np.ones(a.shape), sd, _BULK)]
    if steep:
        with np.errstate(divide="ignore", invalid="ignore"):
            edges += [Edges(x / y, 1.0 / np.abs(y), _RISE) for x, y in ((a, s), (b, t))]
    r, weight = panels(edges, low, high)
    value = ndtr(a[:, None] - s[:, None] * r) - ndtr(t[:, None] * r - b[:, None])
    total: Floats = (value * density(r, df[:, None]) * weight).sum(axis=1)
    return total


def probit(power: Floats) -> Floats:
    """The normal quantile of a power, finite also at 0 and 1: nearly a straight line in its precision."""
    return np.asarray(ndtri(np.clip(power, _TINY, 1.0 - 2.0**-53)))


def largest_variance(level: float, effect: float, plan: TwoStagePlan, df: Floats) -> Floats:
    """The largest variance of an estimate with which its two tests at `level` have the planned power.

    `effect` is the planned difference of logs. Power falls as the variance grows, so that a trial has power
    enough where the estimated variance of its estimate is at most this. Shape of `df`, (n,).
    """
    low, high = plan.log_limit + effect, plan.log_limit - effect
    t = t_limit(level, df)
    wanted = float(ndtri(plan.power))

    def surplus(precision: Floats) -> Floats:
        power = both_pass(low * precision, high * precision, t, t, df, plan.power_method)
        return probit(power) - wanted

    # from the normal approximation, to which it is near: never from far away
    start = (t + wanted) / min(low, high)
    precision = zeros(surplus, *_bracket(surplus, 0.9 * start, 1.2 * start))
    return np.asarray(precision**-2.0)


def _bracket(function: Callable[[Floats], Floats], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Moves two positive ends until an increasing function changes its sign in between."""
    while True:
        above, below = function(low) > 0, function(high) < 0
        if not (above | below).any():
            return low, high
        low, high = (
            np.where(above, low / 1.5, np.where(below, high, low)),
            np.where(above, low, np.where(below, 1.5 * high, high)),
        )


def variances_by_total(plan: TwoStagePlan, up_to: float) -> Floats:
    """For N = 4, 6, ..: the largest s2 with which N patients, of both stages, have the planned power.

    The last is above `up_to` unless that needs more than a million patients. Cannot be written to.
    """
    totals = 64
    while (table := _table(plan, totals))[-1] < up_to and 2 * totals < LARGEST:
        totals *= 2
    return table


@lru_cache(maxsize=64)
def _table(plan: TwoStagePlan, totals: int) -> Floats:
    n: Floats = LEAST + 2.0 * np.arange(totals, dtype=np.float64)
    df = n - 3  # one is lost to the stages
    table = np.concatenate([_variances(plan, df[:_FEW]), _many(plan)(1.0 / df[_FEW:]) ** -2.0]) * n / 2.0
    table.flags.writeable = False
    return table


def _variances(plan: TwoStagePlan, df: Floats) -> Floats:
    return largest_variance(plan.second_level, math.log(plan.ratio), plan, df)


@lru_cache(maxsize=64)
def _many(plan: TwoStagePlan) -> np.polynomial.Chebyshev:
    """The reciprocal of the largest standard error as a function of 1 / df, for many patients: to 1e-11."""
    most = 1.0 / (LEAST + 2.0 * _FEW - 3)

    def precision(x: Floats) -> Floats:
        return _variances(plan, 1.0 / x) ** -0.5

    series: np.polynomial.Chebyshev = np.polynomial.Chebyshev.interpolate(precision, _DEGREE, [0.0, most])
    return series


def total_patients(plan: TwoStagePlan, s2: Floats, effect: Floats | None = None) -> Floats:
    """The smallest even N, of both stages, with the planned power at variance `s2`; inf where there is none.

    `effect`: the difference of logs planned for, of each trial; without it the plan's own. All (n,).
    """
    if effect is None:
        table = variances_by_total(plan, float(np.max(s2, initial=0.0)))
        place = np.searchsorted(table, s2)
        return np.where(place < table.size, LEAST + 2.0 * place, math.inf)
    n, rows = np.full(s2.shape, math.inf), np.abs(effect) < plan.log_limit
    level, power = np.full(int(rows.sum()), plan.second_level), np.full(int(rows.sum()), plan.power)
    n[rows] = smallest_even(plan, s2[rows], effect[rows], (level, level), power, 3)
    return n


def smallest_even(
    plan: TwoStagePlan,
    s2: Floats,
    effect: Floats,
    levels: tuple[Floats, Floats],
    power: Floats,
    lost: int,
    largest: float = LARGEST,
) -> Floats:
    """The smallest even n >= 4 with which both tests pass with the power wanted.

    `levels`: of the tests against the lower and the upper limit. `lost`: n - df. Arrays of one shape (n,);
    inf where more than `largest`, by default a million patients, would be needed.
    """

    def power_of(n: Floats, rows: Booleans) -> Floats:
        df, root = n - lost, np.sqrt(n / (2.0 * s2[rows]))
        low, high = (plan.log_limit + effect[rows]) * root, (plan.log_limit - effect[rows]) * root
        s, t = (t_limit(level[rows], df) for level in levels)
        return both_pass(low, high, s, t, df, plan.power_method)

    everyone = np.ones(s2.shape, bool)
    wanted, room = ndtri(power), plan.log_limit - np.abs(effect)
    z = np.maximum(-ndtri(np.minimum(*levels)) + wanted, 0.0)
    n = _whole(2.0 * s2 * (z / room) ** 2)  # by the normal approximation, and mended once
    lacking = wanted - ndtri(np.clip(power_of(n, everyone), 1e-3, 1 - 1e-3))
    n = _whole(2.0 * s2 * np.maximum(np.sqrt(n / (2.0 * s2)) + lacking / room, 0.0) ** 2)

    enough = power_of(n, everyone) >= power
    low, high = np.where(enough, LEAST - 2.0, n), np.where(enough, n, math.inf)  # too few, and enough
    tried, step = ~enough, 2.0  # whether `low` was tried; how far to go from where the search stands
    while (open_ := (high - low > 2.0) & (low < largest)).any():
        middle = low + 2.0 * np.floor((high - low) / 4.0)
        probe = np.where(np.isinf(high), low + step, np.where(tried, middle, np.maximum(high - step, LEAST)))
        enough[open_] = power_of(probe[open_], open_) >= power[open_]
        high = np.where(open_ & enough, probe, high)
        low = np.where(open_ & ~enough, probe, low)
        tried |= open_ & ~enough
        step *= 2.0
    return np.asarray(np.where(low >= largest, math.inf, high))


def _whole(n: Floats) -> Floats:
    return np.clip(even(n), LEAST, LARGEST)


def even(n: Floats) -> Floats:
    """Rounded up to an even number."""
    return 2.0 * np.ceil(n / 2.0)
