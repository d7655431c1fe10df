"""What patients guess, and what follows from it, lane by lane.

A patient guesses "active" where u < (1 - u) 2^eta, eta being log2 of the odds and u uniform.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.numbers import W, copy, power_of_two, unit
from planner.kernels.tables import MADE, MADE_RIGHT, MADE_SQUARE, RIGHT, RIGHT_SQUARE


@lanes
def _guess(word, x, before, odds, out):
    a, b, c = odds[0], odds[1], odds[2]
    for i in range(W):
        u = unit(word[i])
        eta = fma(c, x[i] - before[i], fma(b, x[i], a))
        out[i] = 1.0 if u < (1.0 - u) * power_of_two(eta) else 0.0


@lanes
def guess_now(guessing, k, word, seconds, none, felt, guess):
    """Fill row k of guess f64[period * W]: 1 where the period is taken for an active treatment, else 0.

    seconds f64[2 * outcome * W]: this period's second outcomes. felt f64[W]: what the guess refers to, of the
    period before, and of this one when it is done. none f64[W] holds 0.
    """
    at = (guessing.rows[0] + k) * W
    now = guess[k * W : (k + 1) * W]
    if guessing.rows[1] < 0:
        _guess(word[at : at + W], none, none, guessing.odds, now)
    else:
        x = seconds[guessing.rows[1] * W : (guessing.rows[1] + 1) * W]
        _guess(word[at : at + W], x, x if k == 0 else felt, guessing.odds, now)
        copy(x, felt)


@lanes
def improve_as_guessed(f, no, yes, ago, k, width, guess, r):
    """r f64[W] = sum of coef x feature, the coefficient of each feature by the guess when it was raised."""
    for i in range(W):
        r[i] = 0.0
    for j in range(width):
        dosed = max(k - ago[j], 0)  # a pass may read past the last feature, with coefficients 0
        g = guess[dosed * W : (dosed + 1) * W]
        row = f[j * W : (j + 1) * W]
        w0, w1 = no[j], yes[j]
        for i in range(W):
            r[i] = fma(w1 if g[i] > 0.0 else w0, row[i], r[i])


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
