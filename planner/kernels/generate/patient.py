"""What is drawn of a patient of family `terms`, and what follows from it whatever the hypothesis.

Severity, the sizes of the components of improvement, rates of decay, and features: sizes times what is left
of them at each visit. What needs a logarithm or a power is computed here, once for a patient.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.kernels.generate.dropout import leave_all
from planner.kernels.jit import fma, lanes
from planner.kernels.random.draw import copy, draw_all
from planner.kernels.random.normals import normal_above, power_of_two, unit
from planner.kernels.tables import Floats, W, Words


class Patient(NamedTuple):
    """One patient in all lanes of a tile: rows of lanes behind each other."""

    word: Words  # (4 * draw * W,)
    normal: Floats  # (row * W,)
    true: Floats  # (W,) severity
    size: Floats  # (size * W,) how large each component is
    rate: Floats  # (rate * W,) of decay, per day
    left: Floats  # (decay * W,) what is left after each decay
    feature: Floats  # (visit * feature_rows(tables) * W,) sizes times what is left of them, at each visit
    gone: Floats  # ((1 + period) * W,) 0, or NaN from the period before which the patient leaves
    none: Floats  # (W,) zeros


@lanes
def feature_rows(tables):
    """Rows of the features of one visit: a pass may read past the last one, with coefficients 0."""
    return tables.feature.shape[0] + 8


@lanes
def draw_patient(trial, k0, k1, p, plan, tables, patient):
    """Fill all of patient p; trial u64[W], k0 and k1 the halves of the seed."""
    word, normal = patient.word, patient.normal
    draw_all(trial, k0, k1, p, tables.draws, word, normal)
    leave_all(plan.leave, word, tables.rows[0], patient.gone)
    severity(word[:W], normal[:W], tables.entry, patient.true)
    if tables.screened:
        at = tables.errors[0] * W
        _enrolled_by(word[:W], tables.entry, patient.true, tables.noise[1], normal[at : at + W])
    _sizes(tables, word, normal, patient.size)
    _features(tables, normal[W : 2 * W], patient)


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
def _sizes(tables, word, normal, size):
    """size f64[size * W]: how large each component is in the patient."""
    for m in range(tables.source.shape[0]):
        a, b, to = tables.source[m, 0] * W, tables.source[m, 1] * W, m * W
        if tables.source[m, 2] == 0:
            _size(word[a : a + W], normal[b : b + W], tables.sizes[m], size[to : to + W])
        else:
            _skewed_size(word[a : a + W], normal[b : b + W], tables.sizes[m], size[to : to + W])


@lanes
def _features(tables, half, patient):
    """Rates of decay, what is left after each, and the features; half f64[W] is the patient's normal."""
    rate, left, size = patient.rate, patient.left, patient.size
    rows = feature_rows(tables)
    for r in range(tables.rates.shape[0]):
        _rate(half, tables.rates[r, 0], tables.rates[r, 1], rate[r * W : (r + 1) * W])
    for d in range(tables.decays.shape[0]):
        r = np.int64(tables.decays[d, 0])
        _left(rate[r * W : (r + 1) * W], tables.decays[d, 1], left[d * W : (d + 1) * W])
    for v in range(tables.feature.shape[1] - 1):
        for j in range(tables.feature.shape[0]):
            m = tables.feature[j, 0]
            d = tables.feature[j, 1 + v]
            to = patient.feature[(v * rows + j) * W : (v * rows + j + 1) * W]
            if d == -1:
                copy(size[m * W : (m + 1) * W], to)
            elif d >= 0:
                _product(size[m * W : (m + 1) * W], left[d * W : (d + 1) * W], to)
