"""What is added up of virtual patients beside the analysis: who left, who came again, what they guessed."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import kernel, lanes
from planner.kernels.tables import (
    AGAIN,
    AGAIN_SQUARE,
    IN_VAIN,
    MADE,
    MADE_RIGHT,
    MADE_SQUARE,
    RANDOMISED,
    RIGHT,
    RIGHT_SQUARE,
    THERE,
    W,
)


@kernel
def count_guesses(values, reading, sequence, treatment, active, trials, tally):
    """Add the guesses of a block of trials to tally i64[hypothesis, sequence, 1 + treatment, GUESSES].

    Of the treatments, all together come first.

    values f64[tile, patient, hypothesis, reading, period * W], of which `reading` is the guess; treatment
    i64[sequence, period]; active i64[treatment] is 1 or 0; trials: how many of tiles * W count.
    """
    tiles, patients, hypotheses, _, width = values.shape
    made = np.zeros((1 + active.size, W), np.int64)
    right = np.zeros((1 + active.size, W), np.int64)
    for tile in range(tiles):
        valid = min(max(trials - tile * W, 0), W)
        for p in range(patients):
            s = sequence[tile, p]
            for h in range(hypotheses):
                made[:] = 0
                right[:] = 0
                for k in range(width // W):
                    a = treatment[s, k]
                    row = values[tile, p, h, reading, k * W : (k + 1) * W]
                    for i in range(valid):
                        there = np.int64(1) if row[i] == row[i] else np.int64(0)
                        hit = np.int64(1) if row[i] == active[a] else np.int64(0)
                        made[0, i] += there
                        made[1 + a, i] += there
                        right[0, i] += hit
                        right[1 + a, i] += hit
                for a in range(1 + active.size):
                    for i in range(valid):
                        tally[h, s, a, MADE] += made[a, i]
                        tally[h, s, a, RIGHT] += right[a, i]
                        tally[h, s, a, MADE_SQUARE] += made[a, i] * made[a, i]
                        tally[h, s, a, MADE_RIGHT] += made[a, i] * right[a, i]
                        tally[h, s, a, RIGHT_SQUARE] += right[a, i] * right[a, i]


@lanes
def _present(row, valid):
    n = np.int64(0)
    for i in range(W):
        n += np.int64(1) if (row[i] == row[i] and i < valid) else np.int64(0)
    return n


@lanes
def _waiting(row, valid):
    """Of a row that `wait` stores: how many waited in vain, sum and sum of squares of the others."""
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
    trials: how many of tiles * W count; waits: whether the last reading is how often patients waited.
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
