"""Dropout: by chance, or as it depends on the period just finished, lane by lane.

A patient leaves where u / (1 - u) < p / (1 - p) x 2^eta, u being the middle of the cell of the word that also
decides where nothing depends on anything: with eta = 0 the same patients leave, to the last one.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, lanes
from planner.kernels.random.draw import copy
from planner.kernels.random.normals import power_of_two, unit
from planner.kernels.random.philox import U
from planner.kernels.tables import W

SLOPE, ZERO, LEAST, MOST = 4, 5, 6, 7  # columns of DropoutTables.driver, after those of a reading


@lanes
def clear(row):
    for i in range(W):
        row[i] = 0.0


@lanes
def drive(driver, x, eta):
    """Add what a driver contributes to eta f64[W], log2 of the odds' factor; x f64[W] is its reading."""
    slope, zero, least, most = driver[SLOPE], driver[ZERO], driver[LEAST], driver[MOST]
    for i in range(W):
        eta[i] = fma(slope, min(max(x[i], least), most) - zero, eta[i])


@lanes
def _stay_by(word, chance, eta, before, gone):
    """gone f64[W]: `before` (0 or NaN), or NaN where the patient leaves now."""
    least = np.uint64(np.ceil(chance * 4294967296.0 - 0.5))
    for i in range(W):
        u = unit(word[i])
        leaves = u * (1.0 - chance) < (1.0 - u) * (chance * power_of_two(eta[i]))
        leaves = word[i] < least if eta[i] == 0.0 else leaves
        gone[i] = np.nan if leaves else before[i]


@lanes
def leave_after(dropout, s, k, word, first, eta, gone):
    """Fill the row of period k + 1 in gone f64[(1 + period) * W]; rows and words as in leave_all."""
    at = (first + 4 * ((k + 1) // 2) + (k + 1) % 2) * W
    before, now = gone[(k + 1) * W : (k + 2) * W], gone[(k + 2) * W : (k + 3) * W]
    if dropout.driver.shape[0] == 0:
        stay(word[at : at + W], dropout.chance[s, k + 1], before, now)
    else:
        _stay_by(word[at : at + W], dropout.chance[s, k + 1], eta, before, now)


@lanes
def leave_by_readings(dropout, s, k, word, first, stored, eta, gone):
    """Who leaves after period k of sequence s, by the readings stored f64[reading, period * W].

    eta f64[W] is scratch; gone as in leave_all.
    """
    clear(eta)
    for d in range(dropout.driver.shape[0]):
        drive(dropout.driver[d], stored[np.int64(dropout.driver[d, 1]), k * W : (k + 1) * W], eta)
    leave_after(dropout, s, k, word, first, eta, gone)


@lanes
def least_word(chance):
    """Smaller words have the given chance: the middle of their cell of (0, 1) lies below it."""
    return np.uint64(np.ceil(chance * 4294967296.0 - 0.5)) if chance > 0.0 else U(0)


@lanes
def stay(word, chance, before, gone):
    """gone f64[W]: `before` (0 or NaN), or NaN where the patient leaves now, with the given chance."""
    least = least_word(chance)
    for i in range(W):
        gone[i] = before[i] if word[i] >= least else np.nan


@lanes
def leave_all(leave, word, first, gone):
    """gone f64[(1 + period) * W] is 0, or NaN from the period before which the patient leaves.

    Its first row is 0. Words of two periods stand at the start of each draw, from row `first` on.
    """
    for k in range(leave.size):
        before, now = gone[k * W : (k + 1) * W], gone[(k + 1) * W : (k + 2) * W]
        if leave[k] > 0.0:
            at = (first + 4 * (k // 2) + k % 2) * W
            stay(word[at : at + W], leave[k], before, now)
        elif k > 0:
            copy(before, now)
