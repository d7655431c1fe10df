"""Family `terms`: draws, patient features, improvements, scores. It knows numbers, no pharmacology.

    R     = sum over features of coef x feature,  feature = size of the patient's component x 2^(-days x rate)
    score = clip(round(severity (1 - min(1, R) + occasion) + rating error + period effect))

and before dosing severity (1 - min(1, R)) + rating error, R then being what earlier periods have left. What
needs a logarithm or a power is computed once for a patient; each hypothesis is a small matrix over the
features.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.rng import (
    COMPONENT,
    LOW,
    PATIENT,
    PERIOD,
    SHIFT,
    STREAM,
    VISIT,
    U,
    W,
    copy,
    draw,
    normal_above,
    normals,
    power_of_two,
    stay,
    unit,
)
from planner.kernels.tables import AT_MOST, CHANGE, SCORE


@lanes
def _severity(word, z, entry, true):
    """True severity f64[W] of patients whose observed entry score reached the threshold.

    entry: chance to reach it, mean and SD of the observed score, then slope, intercept and residual SD of
    the true severity given it: one truncated draw and one conditional normal, no rejection.
    """
    chance, mean, sd, slope, intercept, rest = entry[0], entry[1], entry[2], entry[3], entry[4], entry[5]
    for i in range(W):
        observed = fma(sd, normal_above(unit(word[i]) * chance), mean)
        true[i] = fma(rest, z[i], fma(slope, observed, intercept))


@lanes
def _size(word, z, c, out):
    share, mean, sd, other_mean, other_sd = c[0], c[1], c[2], c[3], c[4]
    for i in range(W):
        out[i] = fma(sd, z[i], mean) if unit(word[i]) < share else fma(other_sd, z[i], other_mean)


@lanes
def _rate(z, median, spread, out):
    for i in range(W):
        out[i] = power_of_two(fma(spread, z[i], median))


@lanes
def _left(rate, days, out):
    for i in range(W):
        out[i] = power_of_two(-days * rate[i])


@lanes
def _product(size, left, out):
    for i in range(W):
        out[i] = size[i] * left[i]


@lanes
def _observe(r, true, occasion, error, so, se, shift, low, high, step, rounded, out):
    """Scores from improvements r f64[W]."""
    for i in range(W):
        x = true[i] * fma(so, occasion[i], 1.0 - min(r[i], 1.0)) + fma(se, error[i], shift)
        x = np.floor(x / step + 0.5) * step if rounded else x
        out[i] = min(max(x, low), high)


@lanes
def _observe_four(f, at, c, true, occasion, error, so, se, shift, low, high, out):
    """Whole scores from four features, in one pass: those of f f64[feature * W] from `at` on."""
    c0, c1, c2, c3 = c[0], c[1], c[2], c[3]
    shift = shift + 0.5
    for i in range(W):
        j = at + i
        r = fma(c0, f[j], c1 * f[j + W]) + fma(c2, f[j + 2 * W], c3 * f[j + 3 * W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def _observe_eight(f, at, c, true, occasion, error, so, se, shift, low, high, out):
    """The same from eight features."""
    c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    shift = shift + 0.5
    for i in range(W):
        j = at + i
        r = fma(c0, f[j], c1 * f[j + W]) + fma(c2, f[j + 2 * W], c3 * f[j + 3 * W])
        r += fma(c4, f[j + 4 * W], c5 * f[j + 5 * W]) + fma(c6, f[j + 6 * W], c7 * f[j + 7 * W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def _improvement(f, at, c, width, r):
    """r f64[W] = sum of coef x feature, any number of features."""
    for i in range(W):
        r[i] = 0.0
    for k in range(width):
        w = c[k]
        start = at + k * W
        for i in range(W):
            r[i] = fma(w, f[start + i], r[i])


@lanes
def _read(reading, y, visit, gone, out):
    """One reading of a period's scores y f64[visit * W]; gone is 0, or NaN where the patient has left."""
    kind = reading[0]
    share, cut = reading[2], reading[3]
    at = visit * W
    if kind == SCORE:
        for i in range(W):
            out[i] = y[at + i] + gone[i]
    elif kind == CHANGE:
        for i in range(W):
            out[i] = (y[at + i] - y[i]) + gone[i]
    elif kind == AT_MOST:
        for i in range(W):
            out[i] = (1.0 if y[at + i] <= share * y[i] + cut else 0.0) + gone[i]
    else:
        for i in range(W):
            b = y[i]
            change = y[at + i] - b
            out[i] = (100.0 * change / b if b > 0.0 else 0.0) + gone[i]


@lanes
def draw_patient(trial, k0, k1, p, plan, world, word, true, half, size, occasion, gone, error):
    """Everything random about one patient of all lanes: severity, sizes, occasions, errors, leaving.

    true, half f64[W]; size f64[size * W]; occasion f64[(period + 1) * W], error f64[period * visit * W];
    gone f64[(1 + period) * W], its first row 0; word u64[4 * W] is scratch.
    """
    w0, w1, w2, w3 = word[:W], word[W : 2 * W], word[2 * W : 3 * W], word[3 * W :]
    z0, z1 = error[:W], error[W : 2 * W]
    draw(trial, k0, k1, U(p), U(PATIENT) << STREAM, w0, w1, w2, w3)
    normals(w1, w2, z0, half)
    _severity(w0, z0, world.entry, true)
    before = np.int64(-1)
    for m in range(world.draws.size):
        component = world.draws[m]
        if component // 2 != before:
            before = component // 2
            draw(trial, k0, k1, U(p), (U(COMPONENT) << STREAM) + U(before), w0, w1, w2, w3)
            normals(w2, w3, z0, z1)
        i = component % 2
        at = i * W
        _size(word[at : at + W], error[at : at + W], world.sizes[m], size[m * W : (m + 1) * W])
    periods = plan.leave.size
    visits = error.size // W // periods
    for k in range(0, periods, 2):
        draw(trial, k0, k1, U(p), (U(PERIOD) << STREAM) + U(k // 2), w0, w1, w2, w3)
        normals(w2, w3, occasion[k * W : (k + 1) * W], occasion[(k + 1) * W : (k + 2) * W])
        for j in range(k, min(k + 2, periods)):
            was, now = gone[j * W : (j + 1) * W], gone[(j + 1) * W : (j + 2) * W]
            if plan.leave[j] > 0.0:
                stay(word[(j - k) * W : (j - k + 1) * W], plan.leave[j], was, now)
            elif j > 0:
                copy(was, now)
    for k in range(periods):
        for v in range(0, visits, 2):
            if v % 4 == 0:
                draw(trial, k0, k1, U(p), (U(VISIT) << STREAM) + U(64 * k + v // 4), w0, w1, w2, w3)
            a = word[(v % 4) * W : (v % 4 + 1) * W]
            b = word[(v % 4 + 1) * W : (v % 4 + 2) * W]
            at = (k * visits + v) * W
            normals(a, b, error[at : at + W], error[at + W : at + 2 * W])


@lanes
def _features(world, half, size, rate, left, f, features):
    """f f64[visit * feature * W]: sizes times what is left of them, at each visit."""
    for r in range(world.rates.shape[0]):
        _rate(half, world.rates[r, 0], world.rates[r, 1], rate[r * W : (r + 1) * W])
    for d in range(world.decays.shape[0]):
        r = np.int64(world.decays[d, 0])
        _left(rate[r * W : (r + 1) * W], world.decays[d, 1], left[d * W : (d + 1) * W])
    for v in range(world.feature.shape[1] - 1):
        for j in range(features):
            m = world.feature[j, 0]
            d = world.feature[j, 1 + v]
            to = f[(v * features + j) * W : (v * features + j + 1) * W]
            if d < 0:
                copy(size[m * W : (m + 1) * W], to)
            else:
                _product(size[m * W : (m + 1) * W], left[d * W : (d + 1) * W], to)


@kernel
def generate(first, seed, plan, world, sequence, values):
    """values f64[tile, patient, hypothesis, reading, period * W] of the trials first .. first + tiles * W."""
    tiles, patients, _, readings, _ = values.shape
    hypotheses = world.place.size
    periods = plan.leave.size
    visits = world.feature.shape[1] - 1
    paired = (visits + 1) // 2 * 2  # normals come in pairs
    features = world.feature.shape[0]
    k0 = seed & LOW
    k1 = seed >> SHIFT
    low, high, step = world.scale[0], world.scale[1], world.scale[2]
    rounded = world.scale[3] > 0.0
    whole = rounded and step == 1.0
    so, se = world.noise[0], world.noise[1]
    trial = np.empty(W, np.uint64)
    word = np.empty(4 * W, np.uint64)
    true = np.empty(W)
    half = np.empty(W)
    size = np.empty(world.draws.size * W)
    rate = np.empty(world.rates.shape[0] * W)
    left = np.empty((world.decays.shape[0] + 1) * W)
    occasion = np.zeros((periods + 2) * W)
    none = np.zeros(W)
    gone = np.zeros((periods + 1) * W)
    error = np.empty(periods * paired * W)
    f = np.zeros(visits * features * W)
    r = np.empty(W)
    y = np.empty(visits * W)
    for tile in range(tiles):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        for p in range(patients):
            draw_patient(trial, k0, k1, p, plan, world, word, true, half, size, occasion, gone, error)
            _features(world, half, size, rate, left, f, features)
            s = sequence[tile, p]
            for h in range(hypotheses):
                start, width = world.span[h, 0], world.span[h, 1]
                for k in range(periods):
                    for v in range(visits):
                        c = world.coef[h, s, k, v]
                        at = (v * features + start) * W
                        e = error[(k * paired + v) * W : (k * paired + v + 1) * W]
                        o = occasion[k * W : (k + 1) * W] if v > 0 else none
                        shift = world.shift[k] if v > 0 else 0.0
                        out = y[v * W : (v + 1) * W]
                        if whole and width == 4:
                            _observe_four(f, at, c, true, o, e, so, se, shift, low, high, out)
                        elif whole and width == 8:
                            _observe_eight(f, at, c, true, o, e, so, se, shift, low, high, out)
                        else:
                            _improvement(f, at, c, width, r)
                            _observe(r, true, o, e, so, se, shift, low, high, step, rounded, out)
                    for j in range(readings):
                        reading = world.readings[j]
                        gone_now = gone[(k + 1) * W : (k + 2) * W]
                        to = values[tile, p, world.place[h], j, k * W : (k + 1) * W]
                        _read(reading, y, np.int64(reading[1]), gone_now, to)
