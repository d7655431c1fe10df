"""Family `means`: draws, then scores. It knows no treatment names.

score[i, k] = constant + level_i + residual_ik + interaction_ia, then rounding and clipping if the scale has
steps and bounds; before dosing a baseline with its own share of the same normals. Missing values are NaN.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.generate.dropout import least_word, leave_all, leave_by_readings
from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.draw import draw_all, draw_words, normal_rows
from planner.kernels.random.normals import first_normals, normal_pair
from planner.kernels.random.philox import LOW, SHIFT, U
from planner.kernels.tables import (
    BASELINE_ERROR,
    BASELINE_LEVEL,
    CONSTANT,
    INTERACTION,
    PATIENT_LEVEL,
    RESIDUAL,
    W,
)


@lanes
def _score(c, low, high, size, level, residual, gone, out):
    """Level and residual only, in one pass: whole steps, halves up (the constant carries the half),
    clipped.
    """
    constant = c[CONSTANT] + 0.5
    a = c[PATIENT_LEVEL]
    b = c[RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        out[i] = fma(min(max(np.floor(x), low), high), size, gone[i])


@lanes
def _score_two(c, low, high, size, level, residual, gone, out):
    """The same of two periods, whose rows lie behind each other; c f64[2, MEANS_FEATURES]."""
    constant, a, b = c[0, CONSTANT] + 0.5, c[0, PATIENT_LEVEL], c[0, RESIDUAL]
    constant2, a2, b2 = c[1, CONSTANT] + 0.5, c[1, PATIENT_LEVEL], c[1, RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        y = fma(b2, residual[i + W], fma(a2, level[i], constant2))
        out[i] = fma(min(max(np.floor(x), low), high), size, gone[i])
        out[i + W] = fma(min(max(np.floor(y), low), high), size, gone[i + W])


@lanes
def _draw_two(c, low, high, size, level, word, least, least2, before, after, out):
    """Residuals and scores of two periods in one pass; word u64[4 * W] are those of their draw.

    The patient leaves where a word is below `least`, or below `least2` before the second of the periods;
    before and after f64[W] are 0 or NaN.
    """
    constant, a, b = c[0, CONSTANT] + 0.5, c[0, PATIENT_LEVEL], c[0, RESIDUAL]
    constant2, a2, b2 = c[1, CONSTANT] + 0.5, c[1, PATIENT_LEVEL], c[1, RESIDUAL]
    for i in range(W):
        residual, residual2 = normal_pair(word[i + 2 * W], word[i + 3 * W])
        here = before[i] if word[i] >= least else np.nan
        then = here if word[i + W] >= least2 else np.nan
        x = fma(b, residual, fma(a, level[i], constant))
        y = fma(b2, residual2, fma(a2, level[i], constant2))
        after[i] = then
        out[i] = fma(min(max(np.floor(x), low), high), size, here)
        out[i + W] = fma(min(max(np.floor(y), low), high), size, then)


@lanes
def _score_unrounded(c, low, high, level, residual, gone, out):
    constant = c[CONSTANT]
    a = c[PATIENT_LEVEL]
    b = c[RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        out[i] = min(max(x, low), high) + gone[i]


@lanes
def _respond(c, level, residual, gone, out):
    """1 where the latent score is at most 0."""
    constant = c[CONSTANT]
    a = c[PATIENT_LEVEL]
    b = c[RESIDUAL]
    for i in range(W):
        x = fma(b, residual[i], fma(a, level[i], constant))
        out[i] = (1.0 if x <= 0.0 else 0.0) + gone[i]


@lanes
def _add_up(normal, first, periods):
    """The second normal of a patient as the sum of those of the periods, which begin in row `first`."""
    for i in range(W):
        normal[i + W] = 0.0
    for k in range(periods):
        row = normal[(first + k) * W : (first + k + 1) * W]
        for i in range(W):
            normal[i + W] += row[i]


@lanes
def _score_of_all(c, low, high, size, rounded, level, second, residual, error, interaction, gone, out):
    """Every feature: baselines and patient-by-treatment interaction too."""
    constant = c[CONSTANT]
    c1 = c[PATIENT_LEVEL]
    c2 = c[BASELINE_LEVEL]
    c3 = c[RESIDUAL]
    c4 = c[BASELINE_ERROR]
    c5 = c[INTERACTION]
    for i in range(W):
        x = fma(c2, second[i], fma(c3, residual[i], fma(c1, level[i], constant)))
        x = fma(c5, interaction[i], fma(c4, error[i], x))
        x = np.floor(x + 0.5) if rounded else x
        out[i] = fma(min(max(x, low), high), size, gone[i])


@lanes
def _one(trial, k0, k1, p, leave, tables, c, word, level, gone, out):
    """One patient of one hypothesis: whole scores after dosing, of an even number of periods.

    c f64[period, MEANS_FEATURES]; gone f64[(period + 1) * W], whose first row is 0; out f64[period * W].
    """
    low, high, size = tables.scale[0], tables.scale[1], tables.scale[2]
    draw_words(trial, k0, k1, p, tables.draws, word)
    first_normals(word[W : 2 * W], word[2 * W : 3 * W], level)
    for k in range(0, leave.size, 2):
        at = (tables.rows[0] + 2 * k) * W
        words = word[at : at + 4 * W]
        least, least2 = least_word(leave[k]), least_word(leave[k + 1])
        before, after = gone[k * W : (k + 1) * W], gone[(k + 2) * W : (k + 3) * W]
        to = out[k * W : (k + 2) * W]
        _draw_two(c[k : k + 2], low, high, size, level, words, least, least2, before, after, to)


@lanes
def _whole(tables, c, normal, gone, out):
    """Whole scores of a patient under a hypothesis, two periods at a time; c and out as in `_one`."""
    low, high, size = tables.scale[0], tables.scale[1], tables.scale[2]
    level, periods = normal[:W], c.shape[0]
    for k in range(0, periods, 2):
        at = (tables.rows[1] + k) * W
        if k + 1 < periods:
            residual, here = normal[at : at + 2 * W], gone[(k + 1) * W : (k + 3) * W]
            _score_two(c[k : k + 2], low, high, size, level, residual, here, out[k * W : (k + 2) * W])
        else:
            residual, here = normal[at : at + W], gone[(k + 1) * W : (k + 2) * W]
            _score(c[k], low, high, size, level, residual, here, out[k * W : (k + 1) * W])


@lanes
def _any(tables, s, k, c, normal, gone, out):
    """Scores of any kind: a patient's reading of one period of sequence s; c f64[MEANS_FEATURES]."""
    low, high, size, rounded = tables.scale[0], tables.scale[1], tables.scale[2], tables.scale[3] > 0.0
    residuals, errors, interactions = tables.rows[1], tables.rows[2], tables.rows[3]
    level, second = normal[:W], normal[W : 2 * W]
    residual = normal[(residuals + k) * W : (residuals + k + 1) * W]
    here = gone[(k + 1) * W : (k + 2) * W]
    if tables.binary:
        _respond(c, level, residual, here, out)
    elif errors > 0 or interactions > 0 or tables.opposed:
        # What is not drawn has coefficient 0; any row of normals does.
        e = (errors + 2 * k) * W if errors > 0 else 0
        a = (interactions + tables.treatment[s, k]) * W if interactions > 0 else 0
        e, t = normal[e : e + W], normal[a : a + W]
        _score_of_all(c, low, high, size, rounded, level, second, residual, e, t, here, out)
    elif rounded:
        _score(c, low, high, size, level, residual, here, out)
    else:
        _score_unrounded(c, low, high, level, residual, here, out)


@lanes
def _simulate(trial, k0, k1, plan, tables, sequence, word, normal, gone, eta, values):
    """All patients of a tile: sequence i64[patient]; values f64[patient, hypothesis, reading, period * W]."""
    patients, _, readings, _ = values.shape
    hypotheses, periods, visits = tables.place.size, plan.leave.size, tables.visits
    depends = tables.dropout.chance.shape[0] > 0
    drawn = tables.rows[2] > 0 or tables.rows[3] > 0 or tables.opposed
    plain = not drawn and not tables.binary and tables.scale[3] > 0.0
    whole = plain and not depends
    one = whole and hypotheses == 1 and readings == 1 and visits[0] >= 0 and periods % 2 == 0
    for p in range(patients):
        s = sequence[p]
        if one:
            c, out = tables.coef[0, s, :, visits[0]], values[p, tables.place[0], 0]
            _one(trial, k0, k1, p, plan.leave, tables, c, word, normal[:W], gone, out)
            continue
        draw_all(trial, k0, k1, p, tables.draws, word, normal)
        leave_all(plan.leave, word, tables.rows[0], gone)
        if tables.opposed:
            _add_up(normal, tables.rows[1], periods)
        for h in range(hypotheses):
            stored = values[p, tables.place[h]]
            if whole:
                for r in range(readings):
                    if visits[r] >= 0:
                        _whole(tables, tables.coef[h, s, :, visits[r]], normal, gone, stored[r])
                continue
            for k in range(periods):
                for r in range(readings):
                    if visits[r] >= 0:
                        out = stored[r, k * W : (k + 1) * W]
                        _any(tables, s, k, tables.coef[h, s, k, visits[r]], normal, gone, out)
                if depends and k + 1 < periods:
                    leave_by_readings(tables.dropout, s, k, word, tables.rows[0], stored, eta, gone)


@kernel
def generate(first, seed, plan, tables, sequence, values):
    """values f64[tile, patient, hypothesis, reading, period * W] of the trials first .. first + tiles * W."""
    trial = np.empty(W, np.uint64)
    word = np.empty(4 * tables.draws.place.size * W, np.uint64)
    normal = np.zeros(normal_rows(tables.draws) * W)
    gone = np.zeros((plan.leave.size + 1) * W)
    eta = np.empty(W)
    k0, k1 = seed & LOW, seed >> SHIFT
    for tile in range(values.shape[0]):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        _simulate(trial, k0, k1, plan, tables, sequence[tile], word, normal, gone, eta, values[tile])
