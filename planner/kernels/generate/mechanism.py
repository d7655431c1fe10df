"""Family `mechanism`: draws, patient features, improvements, scores. It knows numbers, no pharmacology.

    R     = sum over features of coef x feature,  feature = size of the patient's component x 2^(-days x rate)
    score = clip(round(severity (1 - min(1, R) + occasion) + rating error + period effect))

and before dosing severity (1 - min(1, R)) + rating error, R then being what earlier periods have left. What
needs a logarithm or a power is computed once for a patient; each hypothesis is a small matrix over the
features.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.generate.blinding import guess_now, improve_as_guessed
from planner.kernels.generate.dropout import clear, drive, leave_after, leave_all
from planner.kernels.generate.readings import observe, read
from planner.kernels.generate.return_to_baseline import wait, wait_for_secondary
from planner.kernels.generate.secondary_outcomes import observe_secondary
from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.draw import copy, draw_all
from planner.kernels.random.normals import normal_above, power_of_two, unit
from planner.kernels.random.philox import LOW, SHIFT, U
from planner.kernels.tables import W


@lanes
def severity(word, z, entry, true):
    """True severity f64[W] of patients whose observed entry score reached the threshold.

    entry: chance to reach it, mean and SD of the observed score, then slope, intercept and residual SD of
    the true severity given it: one truncated draw and one conditional normal, no rejection.
    """
    chance, mean, sd, slope, intercept, rest = entry[0], entry[1], entry[2], entry[3], entry[4], entry[5]
    for i in range(W):
        observed = fma(sd, normal_above(unit(word[i]) * chance), mean)
        true[i] = fma(rest, z[i], fma(slope, observed, intercept))


@lanes
def _enrolled_by(word, entry, true, se, error):
    """error f64[W] of the first baseline, where that is the rating by which the patient was enrolled."""
    chance, mean, sd = entry[0], entry[1], entry[2]
    for i in range(W):
        observed = fma(sd, normal_above(unit(word[i]) * chance), mean)
        error[i] = (observed - true[i]) / se


@lanes
def _size(word, z, c, out):
    share, mean, sd, other_mean, other_sd = c[0], c[1], c[2], c[3], c[4]
    for i in range(W):
        out[i] = fma(sd, z[i], mean) if unit(word[i]) < share else fma(other_sd, z[i], other_mean)


@lanes
def _skewed_size(word, z, c, out):
    """The same where mean and SD are those of the logarithm to the base 2."""
    share, mean, sd, other_mean, other_sd = c[0], c[1], c[2], c[3], c[4]
    for i in range(W):
        x = fma(sd, z[i], mean) if unit(word[i]) < share else fma(other_sd, z[i], other_mean)
        out[i] = power_of_two(x)


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
def _observe_entry(true, error, se, low, high, out):
    """Whole scores before the first dose."""
    for i in range(W):
        out[i] = min(max(np.floor(true[i] + fma(se, error[i], 0.5)), low), high)


@lanes
def _observe_two(f, c, true, occasion, error, so, se, shift, low, high, out):
    """Whole scores from two features, in one pass; f f64[feature * W]."""
    c0, c1 = c[0], c[1]
    shift = shift + 0.5
    for i in range(W):
        r = fma(c0, f[i], c1 * f[i + W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def _observe_four(f, c, true, occasion, error, so, se, shift, low, high, out):
    """The same from four features."""
    c0, c1, c2, c3 = c[0], c[1], c[2], c[3]
    shift = shift + 0.5
    for i in range(W):
        r = fma(c0, f[i], c1 * f[i + W]) + fma(c2, f[i + 2 * W], c3 * f[i + 3 * W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def _observe_eight(f, c, true, occasion, error, so, se, shift, low, high, out):
    """The same from eight features."""
    c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    shift = shift + 0.5
    for i in range(W):
        r = fma(c0, f[i], c1 * f[i + W]) + fma(c2, f[i + 2 * W], c3 * f[i + 3 * W])
        r += fma(c4, f[i + 4 * W], c5 * f[i + 5 * W]) + fma(c6, f[i + 6 * W], c7 * f[i + 7 * W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def _improvement(f, c, width, r):
    """r f64[W] = sum of coef x feature, any number of features."""
    for i in range(W):
        r[i] = 0.0
    for k in range(width):
        w = c[k]
        row = f[k * W : (k + 1) * W]
        for i in range(W):
            r[i] = fma(w, row[i], r[i])


@lanes
def _sizes(tables, word, normal, size):
    """size f64[size * W]: how large each component is in the patient."""
    for m in range(tables.source.shape[0]):
        a, b, to = tables.source[m, 0] * W, tables.source[m, 1] * W, m * W
        if tables.source[m, 2] == 0:
            _size(word[a : a + W], normal[b : b + W], tables.sizes[m], size[to : to + W])
        else:
            _skewed_size(word[a : a + W], normal[b : b + W], tables.sizes[m], size[to : to + W])


@lanes
def _features(tables, half, size, rate, left, f, stride):
    """f f64[visit * stride * W]: sizes times what is left of them, at each visit."""
    for r in range(tables.rates.shape[0]):
        _rate(half, tables.rates[r, 0], tables.rates[r, 1], rate[r * W : (r + 1) * W])
    for d in range(tables.decays.shape[0]):
        r = np.int64(tables.decays[d, 0])
        _left(rate[r * W : (r + 1) * W], tables.decays[d, 1], left[d * W : (d + 1) * W])
    for v in range(tables.feature.shape[1] - 1):
        for j in range(tables.feature.shape[0]):
            m = tables.feature[j, 0]
            d = tables.feature[j, 1 + v]
            to = f[(v * stride + j) * W : (v * stride + j + 1) * W]
            if d == -1:
                copy(size[m * W : (m + 1) * W], to)
            elif d >= 0:
                _product(size[m * W : (m + 1) * W], left[d * W : (d + 1) * W], to)


@lanes
def _leave(tables, s, k, word, y, b, none, x, eta, gone):
    """Who leaves after period k, by scores y f64[visit * W] and baselines b; x, eta f64[W] are scratch."""
    clear(eta)
    for d in range(tables.dropout.driver.shape[0]):
        v = np.int64(tables.dropout.driver[d, 1])
        read(tables.dropout.driver[d], y[v * W : (v + 1) * W], b, none, x)
        drive(tables.dropout.driver[d], x, eta)
    leave_after(tables.dropout, s, k, word, tables.rows[0], eta, gone)


@kernel
def generate(first, seed, plan, tables, sequence, values):
    """values f64[tile, patient, hypothesis, reading, period * W] of the trials first .. first + tiles * W."""
    tiles, patients, _, readings, _ = values.shape
    hypotheses = tables.place.size
    periods = plan.leave.size
    visits = tables.feature.shape[1] - 1
    stride = tables.feature.shape[0] + 8  # a pass may read past the last feature, with coefficients 0
    k0 = seed & LOW
    k1 = seed >> SHIFT
    low, high, step = tables.scale[0], tables.scale[1], tables.scale[2]
    rounded = tables.scale[3] > 0.0
    whole = rounded and step == 1.0
    so, se = tables.noise[0], tables.noise[1]
    depends = tables.dropout.chance.shape[0] > 0
    leaving, occasions, paired = tables.rows[0], tables.rows[1], tables.rows[2]
    trial = np.empty(W, np.uint64)
    word = np.empty(4 * tables.draws.place.size * W, np.uint64)
    normal = np.zeros((np.max(tables.draws.pair[:, 2]) + 2) * W)
    true = np.empty(W)
    half = normal[W : 2 * W]
    size = np.empty(tables.source.shape[0] * W)
    rate = np.empty(tables.rates.shape[0] * W)
    left = np.empty((tables.decays.shape[0] + 1) * W)
    none = np.zeros(W)
    gone = np.zeros((periods + 1) * W)
    f = np.zeros(visits * stride * W)
    r = np.empty(W)
    secondary = tables.secondary.span.shape[0]
    # Scores; then secondary outcomes as read and before dosing, and guesses.
    y = np.zeros((visits + 2 * secondary + 2) * W)
    guesses = tables.blinding.odds.size > 0
    informed = tables.blinding.coef.size > 0
    felt = np.empty(W)
    guess = np.empty(periods * W)
    entered = np.empty(W)
    eta = np.empty(W)
    waited, history, scratch = np.zeros(periods * W), np.zeros(W, np.int64), np.empty(3 * W)
    kept, spare = readings > tables.readings.shape[0], np.empty(periods * W)
    for tile in range(tiles):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        for p in range(patients):
            draw_all(trial, k0, k1, p, tables.draws, word, normal)
            leave_all(plan.leave, word, leaving, gone)
            severity(word[:W], normal[:W], tables.entry, true)
            if tables.screened:
                at = tables.errors[0] * W
                _enrolled_by(word[:W], tables.entry, true, se, normal[at : at + W])
            _sizes(tables, word, normal, size)
            _features(tables, half, size, rate, left, f, stride)
            s = sequence[tile, p]
            for h in range(hypotheses):
                for k in range(periods):
                    twin = tables.twin[h, s, k]
                    if twin < h:
                        for j in range(readings):
                            was = values[tile, p, tables.place[twin], j, k * W : (k + 1) * W]
                            copy(was, values[tile, p, tables.place[h], j, k * W : (k + 1) * W])
                        continue
                    for v in range(visits):
                        start, width = tables.span[h, k, v, 0], tables.span[h, k, v, 1]
                        c = tables.coef[h, s, k, v]
                        here = f[(v * stride + start) * W : (v * stride + start + width) * W]
                        at = (tables.errors[v] + k * paired) * W
                        e = normal[at : at + W]
                        o = normal[(occasions + k) * W : (occasions + k + 1) * W] if v > 0 else none
                        shift = tables.shift[k] if v > 0 else 0.0
                        out = y[v * W : (v + 1) * W]
                        if informed:
                            yes, ago = tables.blinding.coef[h, s, k, v], tables.blinding.ago[start:]
                            improve_as_guessed(here, c, yes, ago, k, width, guess, r)
                            observe(r, true, o, e, so, se, shift, low, high, step, rounded, out)
                        elif whole and width == 0:
                            _observe_entry(true, e, se, low, high, out)
                        elif whole and width == 2:
                            _observe_two(here, c, true, o, e, so, se, shift, low, high, out)
                        elif whole and width == 4:
                            _observe_four(here, c, true, o, e, so, se, shift, low, high, out)
                        elif whole and width == 8:
                            _observe_eight(here, c, true, o, e, so, se, shift, low, high, out)
                        else:
                            _improvement(here, c, width, r)
                            observe(r, true, o, e, so, se, shift, low, high, step, rounded, out)
                        row = values[tile, p, tables.place[h], readings - 1] if kept else spare
                        patient = (tables, h, s, k, v, size, rate, true, normal, none, o, e, shift)
                        so_far = (entered, gone, waited, history, guess, scratch, out, row)
                        wait(tables.return_to_baseline, patient + so_far)
                        if v == 0 and secondary > 0:  # when the dosing has come, and before improvement
                            outcomes = y[visits * W :]
                            observe_secondary(tables.secondary, h, s, k, f, normal, outcomes)
                            patient = (tables, h, s, k, size, rate, normal, waited, history, r, outcomes)
                            wait_for_secondary(tables.return_to_baseline, patient)
                        if v == 0 and guesses:
                            guess_now(tables.blinding, k, word, y[visits * W :], none, felt, guess)
                            copy(guess[k * W : (k + 1) * W], y[(visits + 2 * secondary) * W :])
                    if k == 0:
                        copy(y[:W], entered)  # before the first dose all hypotheses say the same
                    baseline = entered if tables.first else y[:W]
                    for j in range(tables.readings.shape[0]):
                        v = np.int64(tables.readings[j, 1])
                        here = gone[(k + 1) * W : (k + 2) * W]
                        to = values[tile, p, tables.place[h], j, k * W : (k + 1) * W]
                        before = baseline if v < visits else y[(v + 1) * W : (v + 2) * W]
                        read(tables.readings[j], y[v * W : (v + 1) * W], before, here, to)
                    if depends and k + 1 < periods:
                        _leave(tables, s, k, word, y, baseline, none, r, eta, gone)
