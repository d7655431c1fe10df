"""Leaving that depends on the period just finished, lane by lane.

A patient leaves where u / (1 - u) < p / (1 - p) x 2^eta, u being the middle of the cell of the word that also
decides where nothing depends on anything: with eta = 0 the same patients leave, to the last one.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.numbers import W, power_of_two, stay, unit
from planner.kernels.tables import AGAIN, AGAIN_SQUARE, IN_VAIN, RANDOMISED, THERE

SLOPE, ZERO, LEAST, MOST = 4, 5, 6, 7  # columns of Leaving.driver, after those of a reading


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
def leave_after(leaving, s, k, word, first, eta, gone):
    """Fill the row of period k + 1 in gone f64[(1 + period) * W]; rows and words as in rng.leave_all."""
    at = (first + 4 * ((k + 1) // 2) + (k + 1) % 2) * W
    before, now = gone[(k + 1) * W : (k + 2) * W], gone[(k + 2) * W : (k + 3) * W]
    if leaving.driver.shape[0] == 0:
        stay(word[at : at + W], leaving.chance[s, k + 1], before, now)
    else:
        _stay_by(word[at : at + W], leaving.chance[s, k + 1], eta, before, now)


@lanes
def _present(row, valid):
    n = np.int64(0)
    for i in range(W):
        n += np.int64(1) if (row[i] == row[i] and i < valid) else np.int64(0)
    return n


@lanes
def _waiting(row, valid):
    """Of what returning.wait stores: how many waited in vain, sum and sum of squares of the others."""
    vain = once = square = np.int64(0)
    for i in range(W):
        counts = row[i] == row[i] and i < valid
        n = np.int64(row[i] if counts else 0.0)
        vain += np.int64(1) if n < 0 else np.int64(0)
        n = max(n, np.int64(0))
        once += n
        square += n * n
    return vain, once, square


@kernel
def follow(values, sequence, trials, waits, tally):
    """Add the patients of a block of trials to tally i64[hypothesis, sequence, period, FOLLOWED].

    values f64[tile, patient, hypothesis, reading, period * W]: a patient is there where the first reading is.
    trials: how many of tiles * W count; waits: whether the last reading tells how often patients waited.
    """
    tiles, patients, hypotheses, readings, width = values.shape
    for tile in range(tiles):
        valid = min(max(trials - tile * W, 0), W)
        for p in range(patients):
            for h in range(hypotheses):
                for k in range(width // W):
                    to = tally[h, sequence[tile, p], k]
                    to[RANDOMISED] += valid
                    to[THERE] += _present(values[tile, p, h, 0, k * W : (k + 1) * W], valid)
                    if waits:
                        again = values[tile, p, h, readings - 1, k * W : (k + 1) * W]
                        vain, once, square = _waiting(again, valid)
                        to[IN_VAIN] += vain
                        to[AGAIN] += once
                        to[AGAIN_SQUARE] += square
