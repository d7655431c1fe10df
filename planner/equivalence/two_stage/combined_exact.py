"""Exact characteristics of a rule that combines p values of the stages (Maurer et al. 2018).

Given estimate and variance of stage 1, the patients of stage 2 and the conditional errors are known, and
stage 2 passes with the exact power of its two tests at these levels. For each variance, the size u of the
estimate is integrated in the pieces within which N2 stays the same: the real n with the conditional power
that is asked for is a smooth function of u between two bends, N2 its next even number. Estimates on either
side of 0 are planned for alike. Absolute error of a probability below 1e-5.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from planner._special import ndtri
from planner.equivalence.two_stage.decisions import StageEstimate, conditional_power
from planner.equivalence.two_stage.inverse_normal import conditional_error, crossings, score, t_of_score
from planner.equivalence.two_stage.law import Characteristics, FirstStage, in_parts
from planner.equivalence.two_stage.planning import LARGEST, LEAST, Ints, both_pass, even, probit, t_limit
from planner.monitoring.numerics import Floats, zeros

_REACH = 8.0  # standard deviations of the estimate
_NEGLIGIBLE = 1e-9  # probability of a node of the variance
_PRECISE = 1e-9  # relative, of the real n
_DEGREE, _FINE = 11, 128  # of the polynomial of a piece; steps between which it is inverted
_NARROW, _WIDE = 0.25, 1.0  # standard deviations of the estimate: pieces with few nodes, and the widest
_CHEBYSHEV = np.polynomial.chebyshev.chebpts1(_DEGREE + 1)
_STEPS = np.linspace(-1.0, 1.0, _FINE + 1)
_INTERPOLATED = np.polynomial.chebyshev.chebvander(_STEPS, _DEGREE) @ np.linalg.inv(
    np.polynomial.chebyshev.chebvander(_CHEBYSHEV, _DEGREE)
)
_FEW, _MORE = np.polynomial.legendre.leggauss(2), np.polynomial.legendre.leggauss(6)


class _Pieces(NamedTuple):
    """Sizes of the estimate with the same N2: one element per piece."""

    node: Ints  # of the standard deviation
    low: Floats
    high: Floats
    second: Floats


def characteristics(law: FirstStage) -> Characteristics:
    """What becomes of the trials of a plan without `use_estimate`: see the module's docstring."""
    plan = law.plan
    s, weight = law.spreads([law.powered_up_to, *law.bends(plan.first_level)])
    powered = s < law.powered_up_to
    reach = np.maximum(law.accepted(s, plan.first_level), 0.0)
    low, high = law.not_futile(s)
    passed, going = law.between(-reach, reach), law.going(low, high, reach)
    room = LARGEST if plan.most is None else 2 * ((plan.most - law.patients) // 2)
    going[powered | (room < LEAST)] = 0.0
    futile = np.where(powered, 0.0, 1.0 - passed - going)

    numbers, later = np.zeros(1), 0.0
    rows = np.flatnonzero(going * weight > _NEGLIGIBLE)
    if rows.size:
        s, weight_of_s = s[rows], weight[rows]
        pieces = _pieces(law, s, reach[rows], float(room))
        numbers = np.zeros(int(pieces.second.max()) + 1)
        for side, start, end in ((1.0, low[rows], high[rows]), (-1.0, -high[rows], -low[rows])):
            mirrored = replace(law, effect=side * law.effect)
            kept = pieces._replace(
                low=np.maximum(pieces.low, start[pieces.node]), high=np.minimum(pieces.high, end[pieces.node])
            )
            p = mirrored.between(kept.low, kept.high) * weight_of_s[kept.node]
            numbers += np.bincount(kept.second.astype(np.int64), p, minlength=numbers.size)
            later += _passes_later(mirrored, s, weight_of_s, kept)
    return Characteristics.of(
        law.patients, float(weight @ passed), float(weight @ futile), float(weight.sum()), numbers, later
    )


def _pieces(law: FirstStage, s: Floats, reach: Floats, room: float) -> _Pieces:
    """The sizes of the estimate from `reach` up, for each standard deviation, by the patients of stage 2."""
    plan, se = law.plan, s * math.sqrt(law.c)
    top = abs(law.effect) + _REACH * law.sd
    bends = [t_of_score(z, law.df) * se for z in crossings(plan.critical, plan.row.weights)]
    cuts = [x for bend in bends for x in (plan.log_limit - bend, bend - plan.log_limit)]
    cuts += [_size_up_to(law, se, reach, top, n) for n in {float(LEAST), room} if n < LARGEST]
    edges = np.sort(
        np.clip(np.stack([reach, *cuts, np.full(s.shape, top)], axis=1), reach[:, None], top), axis=1
    )
    middle, half = (edges[:, 1:] + edges[:, :-1])[:, :, None] / 2, np.diff(edges)[:, :, None] / 2
    u = middle + half * _CHEBYSHEV
    real = np.full(u.shape, float(LEAST))
    wide = np.broadcast_to(half > 0, u.shape)
    real[wide] = _real_patients(law, u[wide], np.broadcast_to(se[:, None, None], u.shape)[wide], room)
    size = (middle + half * _STEPS).reshape(len(s), -1)
    needed = np.exp(np.log(real) @ _INTERPOLATED.T).reshape(len(s), -1)
    needed = np.maximum.accumulate(needed * (1.0 - 10.0 * _PRECISE), axis=1)  # 4, but for rounding, is enough
    parts = [_steps(i, size[i], needed[i], plan.least_second, room) for i in range(len(s))]
    return _Pieces(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _steps(node: int, size: Floats, needed: Floats, least: int, room: float) -> _Pieces:
    """Where the real number needed passes an even one, between the first and the last that are needed."""
    first, last = (min(max(float(even(n)), least), room) for n in needed[[0, -1]])
    second = np.arange(first, last + 1, 2.0)
    ends = np.interp(second[:-1], needed, size)
    low, high = np.array([size[0], *ends]), np.array([*ends, size[-1]])
    return _Pieces(np.full(second.size, node), low, high, second)


def _errors(law: FirstStage, u: Floats, se: Floats) -> tuple[Floats, Floats]:
    """The conditional errors of the tests against the limit farther from the estimate, and the nearer one."""
    plan, df = law.plan, law.df
    far, near = score((plan.log_limit + u) / se, df), score((plan.log_limit - u) / se, df)
    weights = plan.row.weights
    return conditional_error(far, plan.critical, weights), conditional_error(near, plan.critical, weights)


def _wanted(law: FirstStage, se: Floats) -> Floats:
    """The conditional power that is asked for, as a normal quantile."""
    return probit(
        conditional_power(law.plan, StageEstimate(np.zeros(se.shape), se, np.full(se.shape, law.df)))
    )


def _surplus(law: FirstStage, n: Floats, se: Floats, errors: tuple[Floats, Floats], wanted: Floats) -> Floats:
    """How far the conditional power of stage 2 with n patients is above what is asked for: rises with n."""
    plan, effect = law.plan, abs(math.log(law.plan.ratio))
    root = np.sqrt(n * law.c / 2.0) / se
    low, high = (plan.log_limit + effect) * root, (plan.log_limit - effect) * root
    s, t = (t_limit(error, n - 2.0) for error in errors)
    return probit(both_pass(low, high, s, t, n - 2.0, plan.power_method)) - wanted


def _size_up_to(law: FirstStage, se: Floats, reach: Floats, top: float, n: float) -> Floats:
    """The largest estimate, from `reach` to `top`, with which n patients are enough; `reach` if none is."""
    wanted, many = _wanted(law, se), np.full(se.shape, n)

    def surplus(u: Floats, rows: Ints) -> Floats:
        return _surplus(law, many[rows], se[rows], _errors(law, u, se[rows]), wanted[rows])

    size, end = reach.copy(), np.full(se.shape, top)
    rows = np.flatnonzero(surplus(reach, np.arange(se.size)) > 0)
    always = surplus(end[rows], rows) > 0
    size[rows[always]] = top
    rows = rows[~always]
    size[rows] = zeros(lambda u: surplus(u, rows), reach[rows], end[rows], _PRECISE)
    return size


def _real_patients(law: FirstStage, u: Floats, se: Floats, room: float) -> Floats:
    """The real n, from 4 to `room`, with which stage 2 has the conditional power that is asked for."""
    errors, wanted = _errors(law, u, se), _wanted(law, se)
    span = law.plan.log_limit - abs(math.log(law.plan.ratio))

    def surplus(n: Floats, rows: Ints) -> Floats:
        return _surplus(law, n, se[rows], (errors[0][rows], errors[1][rows]), wanted[rows])

    n = np.full(u.shape, float(LEAST))
    rows = np.flatnonzero(surplus(n, np.arange(u.size)) < 0)
    low, high = n[rows], np.full(rows.size, room)
    guess = 2.0 / law.c * (se[rows] / span * np.maximum(wanted[rows] - ndtri(errors[1][rows]), 0.1)) ** 2
    for step in (0.8, 1.1, 1.5, 3.0):  # the normal approximation is near; never from far away
        there = np.clip(step * guess, LEAST, room)
        short = surplus(there, rows) < 0
        low, high = (
            np.where(short, np.maximum(low, there), low),
            np.where(short, high, np.minimum(high, there)),
        )
    within = surplus(high, rows) > 0
    n[rows[~within]] = room
    solved = rows[within]
    n[solved] = zeros(lambda each: surplus(each, solved), low[within], high[within], _PRECISE)
    return n


def _passes_later(law: FirstStage, s: Floats, weight: Floats, pieces: _Pieces) -> float:
    """P(a trial goes on with an estimate above 0 and is equivalent at the end)."""
    low, high = pieces.low, np.maximum(pieces.low, pieces.high)
    narrow = high - low <= _NARROW * law.sd
    total = 0.0
    for rows, (x, w) in ((np.flatnonzero(narrow), _FEW), (np.flatnonzero(~narrow), _MORE)):
        piece, start, width = in_parts(low[rows], high[rows], _WIDE * law.sd)
        u = start[:, None] + width[:, None] * (1 + x) / 2
        density = np.exp(-(((u - law.effect) / law.sd) ** 2) / 2) / (math.sqrt(2 * math.pi) * law.sd)
        at = rows[piece]
        each = (density * width[:, None] * w / 2 * weight[pieces.node[at], None]).ravel()
        likely = each > _NEGLIGIBLE / 1e4
        at = np.repeat(at, x.size)[likely]
        passes = _power_of_second(law, u.ravel()[likely], s[pieces.node[at]], pieces.second[at])
        total += float(each[likely] @ passes)
    return total


def _power_of_second(law: FirstStage, u: Floats, s: Floats, second: Floats) -> Floats:
    """P(stage 2 passes at the conditional errors), exactly."""
    far, near = _errors(law, u, s * math.sqrt(law.c))
    se = law.sigma * np.sqrt(2.0 / second)
    low, high = (law.plan.log_limit + law.effect) / se, (law.plan.log_limit - law.effect) / se
    df = second - 2.0
    return both_pass(low, high, t_limit(far, df), t_limit(near, df), df, "exact")
