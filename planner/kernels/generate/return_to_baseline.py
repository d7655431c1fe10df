"""Return to baseline: who is below a score before a dosing waits, is rated again, and leaves at last.

A patient who has waited is seen later than planned, so that less is left of what earlier dosings raised, and
of what they block. Both are redone for such lanes alone: the others keep the bits that they have without the
rule.

    left of a feature = 2^(-rate x max(0, planned days + pace x days waited since it was raised))
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.kernels.generate.dropout import clear
from planner.kernels.generate.readings import observe
from planner.kernels.generate.secondary_outcomes import background, on_scale
from planner.kernels.jit import fma, if_given, lanes
from planner.kernels.random.normals import power_of_two
from planner.kernels.tables import Floats, W


class _Feature(NamedTuple):
    """A feature as it fades: see ReturnToBaselineTables."""

    size: Floats  # (W,)
    rate: Floats  # (W,)
    since: float
    pace: float  # in days for a rating waited for
    then: Floats  # (W,) ratings waited for when it was raised
    guess: Floats  # (W,) what was guessed then


@lanes
def _feature(tables, m, k, v, patient, waited, guess):
    """Feature m at visit v of period k; guess f64[period * W]."""
    back = tables.return_to_baseline
    z, q = tables.feature[m, 0] * W, back.rate[m] * W
    then = max(k - back.ago[m], 0) * W
    return _Feature(
        patient.size[z : z + W],
        patient.rate[q : q + W],
        back.since[m, v],
        back.pace[m] * back.days,
        waited[then : then + W],
        guess[then : then + W],
    )


@lanes
def _add_feature(feature, now, no, yes, j, history, r):
    """Add a feature to r f64[W]; now: ratings waited for until now.

    Its coefficient is column j of no or yes f64[history, feature at work], by the guess when it was raised.
    """
    size, rate, then, guess = feature.size, feature.rate, feature.then, feature.guess
    since, pace = feature.since, feature.pace
    for i in range(W):
        days = max(fma(pace, now[i] - then[i], since), 0.0)
        left = power_of_two(-days * rate[i]) if days > 0.0 else 1.0
        w0, w1 = no[history[i], j], yes[history[i], j]
        r[i] = fma(w1 if guess[i] > 0.0 else w0, size[i] * left, r[i])


@lanes
def _improvement(tables, at, patient, course, now, r):
    """r f64[W] at a visit of patients who have waited `now` times so far."""
    h, s, k, v = at.h, at.s, at.k, at.v
    back = tables.return_to_baseline
    first, width = tables.span[h, k, v, 0], tables.span[h, k, v, 1]
    no, yes = back.coef[0, h, s, k, v], back.coef[back.coef.shape[0] - 1, h, s, k, v]
    clear(r)
    for j in range(min(width, back.pace.size - first)):  # coefficients beyond are 0
        feature = _feature(tables, first + j, k, v, patient, course.waited, course.guess)
        _add_feature(feature, now, no, yes, j, course.history, r)


@lanes
def _total(row):
    n = 0.0
    for i in range(W):
        n += row[i]
    return n


@lanes
def _see(tables, r, true, occasion, error, shift, seen):
    scale, noise = tables.scale, tables.noise
    low, high, step = scale[0], scale[1], scale[2]
    observe(r, true, occasion, error, noise[0], noise[1], shift, low, high, step, scale[3] > 0.0, seen)


@lanes
def _below(y, first, need, gone, waiting):
    """waiting f64[W]: 1 where a patient who is there is below the score needed, else 0."""
    share, points = need[0], need[1]
    for i in range(W):
        waiting[i] = 1.0 if (y[i] < fma(share, first[i], points) and gone[i] == 0.0) else 0.0


@lanes
def _wait(waiting, base, now, history):
    more = np.int64(1 if base > 1 else 0)
    for i in range(W):
        now[i] += waiting[i]
        history[i] += more if waiting[i] > 0.0 else np.int64(0)


@lanes
def _next_gap(base, before, now, history):
    """A new digit of the history, 0."""
    for i in range(W):
        now[i] = before[i]
        history[i] *= base


@lanes
def _merge(seen, which, out):
    for i in range(W):
        out[i] = seen[i] if which[i] > 0.0 else out[i]


@lanes
def _record(before, now, waiting, gone, stored):
    """How often each patient waited, -1 if in vain, NaN if not there; who waited in vain leaves."""
    for i in range(W):
        stored[i] = (-1.0 if waiting[i] > 0.0 else now[i] - before[i]) + gone[i]
        gone[i] = np.nan if waiting[i] > 0.0 else gone[i]


@lanes
def _await(tables, at, patient, course, y, stored):
    """The ratings in place of the first one, y f64[W], and who leaves after them."""
    back, k = tables.return_to_baseline, at.k
    r, seen, waiting = course.scratch[:W], course.scratch[W : 2 * W], course.scratch[2 * W : 3 * W]
    before, now = course.waited[(k - 1) * W : k * W], course.waited[k * W : (k + 1) * W]
    gone, first = patient.gone[(k + 1) * W : (k + 2) * W], course.entered
    _below(y, first, back.need, gone, waiting)
    for n in range(back.most):
        if _total(waiting) == 0.0:
            break
        _wait(waiting, back.base, now, course.history)
        _improvement(tables, at, patient, course, now, r)
        row = (back.errors[0] + (k - 1) * back.errors[1] + n) * W
        _see(tables, r, patient.true, patient.none, patient.normal[row : row + W], 0.0, seen)
        _merge(seen, waiting, y)
        _below(y, first, back.need, gone, seen)
        for i in range(W):
            waiting[i] *= seen[i]
    _record(before, now, waiting, gone, stored)


@if_given
def wait(back, others):
    """To be called after a visit, whose scores y f64[W] were made as if nobody had waited.

    row f64[period * W]: where it is stored how often patients wait after each period.
    """
    tables, at, patient, course, y, row = others
    k, waited, history = at.k, course.waited, course.history
    if k == 0:
        clear(waited[:W])
        for i in range(W):
            history[i] = 0
    else:
        now = waited[k * W : (k + 1) * W]
        if at.v == 0:
            _next_gap(back.base, waited[(k - 1) * W : k * W], now, history)
        if _total(now) > 0.0:
            r, seen = course.scratch[:W], course.scratch[W : 2 * W]
            _improvement(tables, at, patient, course, now, r)
            _see(tables, r, patient.true, at.occasion, at.error, at.shift, seen)
            _merge(seen, now, y)
        if at.v == 0:
            _await(tables, at, patient, course, y, row[(k - 1) * W : k * W])


@if_given
def wait_for_secondary(back, others):
    """Secondary outcomes of who has waited, y as in observe_secondary, which comes before."""
    tables, at, patient, course, y = others
    secondary, k, seen = tables.secondary, at.k, course.r
    now = course.waited[k * W : (k + 1) * W]
    if _total(now) > 0.0:
        for o in range(secondary.span.shape[0]):
            for before in range(2):
                background(secondary, o, 2 * k + before, patient.normal, seen)
                c = back.secondary[at.h, at.s, k, o, before]
                for j in range(secondary.span[o, 1]):
                    # One set of coefficients, whatever the guess.
                    feature = _feature(
                        tables, secondary.span[o, 0] + j, k, 0, patient, course.waited, course.guess
                    )
                    _add_feature(feature, now, c, c, j, course.history, seen)
                on_scale(secondary.scale[o], seen)
                _merge(seen, now, y[(2 * o + before) * W : (2 * o + before + 1) * W])
