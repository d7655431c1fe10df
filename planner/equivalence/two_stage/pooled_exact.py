"""Exact characteristics of rules that test all patients together (methods B, C and D).

Given the variance of stage 1, N is known. The pooled estimate d and the difference of the stages, z in its
own standard deviations, are independent normals; the residual sum of squares is SS1 + sigma^2
(chi-square(N2 - 2) + z^2); and d1 = d + kappa z. So

    P(pass, d1 in an interval | s1) = Int phi(d) Int phi(z) P(chi-square(N2 - 2) <= room(d) - z^2) dz dd,

room(d) = ((L - |d|)^2 df / (t^2 C) - SS1) / sigma^2, the inner integral over the z that leave d1 in the
interval; over all d1 it is P(chi-square(N2 - 1) <= room(d)). The variance of stage 1 is integrated in the
pieces within which N stays the same. Absolute error of a probability below 1e-6.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner._special import chdtr
from planner.equivalence.panels import Edges, panels
from planner.equivalence.two_stage.law import Characteristics, FirstStage
from planner.equivalence.two_stage.planning import LEAST, Ints, even, t_limit, variances_by_total
from planner.monitoring.numerics import Floats

_REACH = 8.0  # standard deviations of a normal
_NEGLIGIBLE = 1e-12  # probability of a node
_AT_ONCE = 256  # nodes whose inner integrals are worked out together
_FEW = 4  # patients of stage 2 up to which the bends of the chi-square are minded
_BULK = np.array([-3.0, 0.0, 3.0])  # edges for the density of the pooled estimate, in its SDs
_RISE = np.array([-6.0, -2.0, 2.0, 6.0])  # and around the place where it is just about equivalent
_TOWARDS = 1.0 - 4.0 ** -np.arange(1.0, 9.0)  # edges that come ever closer to where the room ends
_X, _W = np.polynomial.legendre.leggauss(28)
_Z, _Z_WEIGHT = np.sin(np.pi / 2 * _X), np.pi / 2 * np.cos(np.pi / 2 * _X) * _W
"""Nodes on [-1, 1] for a function that may end like a square root at either end."""


class _Nodes(NamedTuple):
    """Estimated standard deviations of stage 1 with what follows from them: one element per node."""

    s: Floats
    second: Floats  # patients of stage 2
    reach: Floats  # estimates up to this, on either side of 0, are equivalent after stage 1; 0 if none is
    low: Floats  # estimates below this are futile
    high: Floats  # estimates above this are futile

    def of(self, rows: Ints) -> _Nodes:
        return _Nodes(*(x[rows] for x in self))


def characteristics(law: FirstStage) -> Characteristics:
    """What becomes of the trials of a plan without `use_estimate`: see the module's docstring."""
    plan, n = law.plan, law.patients
    table = variances_by_total(plan, law.largest**2)
    if plan.most is not None:  # beyond it, all totals are alike
        table = table[: max((plan.most - LEAST) // 2 + 1, 1)]
    levels = {plan.first_level, plan.second_level, plan.power_level}
    s, weight = law.spreads([law.powered_up_to, *np.sqrt(table), *law.bends(*levels)])
    powered = s < law.powered_up_to
    total = LEAST + 2.0 * np.searchsorted(table, s * s)
    second = np.where(powered, 0.0, even(np.maximum(total - n, plan.least_second)))
    node = _Nodes(s, second, _reach(law, s, powered), *law.not_futile(s))

    passed, going = law.between(-node.reach, node.reach), law.going(node.low, node.high, node.reach)
    stops = second == 0  # the decision of stage 1 is final, at the level of stage 2 where that is larger
    futile = np.where(powered, 0.0, 1.0 - passed - going)
    last = np.maximum(node.reach, law.accepted(s, plan.second_level))
    passed += np.where(stops & ~powered, going - law.going(node.low, node.high, last), 0.0)
    if plan.most is not None:
        over = (n + second > plan.most) & ~stops
        futile += np.where(over, going, 0.0)
        stops |= over
    going[stops] = 0.0
    later = np.zeros(s.shape)
    rows = np.flatnonzero(going * weight > _NEGLIGIBLE)
    for some in (rows[second[rows] <= _FEW], rows[second[rows] > _FEW]):
        for start in range(0, some.size, _AT_ONCE):
            part = some[start : start + _AT_ONCE]
            later[part] = _passes_later(law, node.of(part))
    numbers: Floats = np.bincount(second.astype(np.int64), weight * going).astype(np.float64)
    return Characteristics.of(
        n, float(weight @ passed), float(weight @ futile), float(weight.sum()), numbers, float(weight @ later)
    )


def _reach(law: FirstStage, s: Floats, powered: NDArray[np.bool_]) -> Floats:
    """How far from 0 an estimate may be to be equivalent after stage 1; 0 where none is."""
    plan = law.plan
    first = law.accepted(s, plan.first_level)
    if plan.row.full_level is None:
        enough = np.maximum(first, law.accepted(s, plan.second_level))
    else:
        enough = law.accepted(s, plan.row.full_level)
    return np.maximum(np.where(powered, enough, first), 0.0)


class _Final:
    """The test of all patients, given each standard deviation of stage 1: one element per node."""

    def __init__(self, law: FirstStage, node: _Nodes) -> None:
        c2 = 2.0 / node.second
        information = 1.0 / law.c + 1.0 / c2
        df = law.patients + node.second - 3.0
        self.limit, self.effect, self.second = law.plan.log_limit, law.effect, node.second
        self.sd = law.sigma / np.sqrt(information)  # of the pooled estimate
        self.kappa = law.sigma * law.c / np.sqrt(law.c + c2)
        self.gain = information * df / (t_limit(law.plan.second_level, df) * law.sigma) ** 2
        self.used = law.df * (node.s / law.sigma) ** 2
        self.far = np.maximum(self.limit - np.sqrt(self.used / self.gain), 0.0)  # where the room ends

    def estimates(self, node: _Nodes) -> tuple[Floats, Floats]:
        """Pooled estimates that may pass, and their weights: a row per node."""
        edges = [Edges(np.full(self.sd.shape, self.effect), self.sd, _BULK), self._edge(0.0 * self.sd)]
        rest = np.sqrt((self.used + self.second - 1.0) / self.gain)  # room is what chi-square is on average
        rise = np.sqrt((self.second - 1.0) / 2.0) / (self.gain * rest)
        for side in (1.0, -1.0):
            edges.append(Edges(side * (self.limit - rest), rise, _RISE))
            if self.second[0] <= _FEW:
                edges.append(Edges(side * self.far, -side * self.far, _TOWARDS))
        if self.second[0] <= _FEW:
            for end in (node.reach, -node.reach, node.low, node.high):
                edges += [self._edge(bend) for bend in self._bends(end)]
        low, high = self.effect - _REACH * self.sd, self.effect + _REACH * self.sd
        d, weight = panels(edges, np.maximum(-self.far, low), np.minimum(self.far, high))
        return d, weight * _density((d - self.effect) / self.sd[:, None]) / self.sd[:, None]

    def _edge(self, at: Floats) -> Edges:
        return Edges(at, self.sd, np.zeros(1))

    def _bends(self, end: Floats) -> list[Floats]:
        """The d at which d1 is at an end of its interval just where z^2 is all the room; 0 where none is."""
        finite = np.where(np.isinf(end), 0.0, end)
        scale = self.kappa * self.kappa * self.gain
        a = 1.0 - scale
        c = finite * finite - scale * self.limit * self.limit + self.kappa * self.kappa * self.used
        bends = []
        for side in (1.0, -1.0):  # of 0
            b = -2.0 * finite + 2.0 * side * scale * self.limit
            with np.errstate(divide="ignore", invalid="ignore"):
                root = np.sqrt(b * b - 4.0 * a * c)
                for x in ((-b + root) / (2.0 * a), (-b - root) / (2.0 * a)):
                    bends.append(np.where(np.isfinite(x) & (x * side > 0) & np.isfinite(end), x, 0.0))
        return bends


def _passes_later(law: FirstStage, node: _Nodes) -> Floats:
    """P(a trial goes on and all patients together pass), given each standard deviation of stage 1."""
    final = _Final(law, node)
    d, weight = final.estimates(node)
    row, column = np.nonzero(weight > _NEGLIGIBLE)
    d, weight = d[row, column], weight[row, column]
    room = np.maximum(final.gain[row] * (final.limit - np.abs(d)) ** 2 - final.used[row], 0.0)
    kappa, second = final.kappa[row], node.second[row]
    if np.isinf(node.low).all() and np.isinf(node.high).all():
        chance = chdtr(second - 1, room)
    else:
        chance = _within((node.low[row] - d) / kappa, (node.high[row] - d) / kappa, room, second)
    inner = np.flatnonzero(node.reach[row] > 0)  # equivalent after stage 1
    low, high = np.maximum(node.low, -node.reach)[row], np.minimum(node.high, node.reach)[row]
    low, high = ((end[inner] - d[inner]) / kappa[inner] for end in (low, high))
    chance[inner] -= _within(low, high, room[inner], second[inner])
    return np.bincount(row, chance * weight, minlength=node.s.size).astype(np.float64)


def _within(low: Floats, high: Floats, room: Floats, second: Floats) -> Floats:
    """P(z between two ends, chi-square(N2 - 2) + z^2 <= room)."""
    most = np.minimum(np.sqrt(room), _REACH)
    low, high = np.maximum(low, -most), np.minimum(high, most)
    half = np.maximum(high - low, 0.0)[..., None] / 2
    z = (high + low)[..., None] / 2 + half * _Z
    df = second[..., None] - 2
    left = np.maximum(room[..., None] - z * z, 0.0)
    chance = np.where(df > 0, chdtr(np.maximum(df, 1.0), left), 1.0)  # of two patients there is no residual
    return np.asarray((chance * _density(z) * half) @ _Z_WEIGHT)


def _density(z: Floats) -> Floats:
    return np.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
