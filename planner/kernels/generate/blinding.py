"""What patients guess, and what follows from it, lane by lane.

A patient guesses "active" where u < (1 - u) 2^eta, eta being log2 of the odds and u uniform.
"""

from __future__ import annotations

from planner.kernels.jit import fma, lanes
from planner.kernels.random.draw import copy
from planner.kernels.random.normals import power_of_two, unit
from planner.kernels.tables import W


@lanes
def _guess(word, x, before, odds, out):
    a, b, c = odds[0], odds[1], odds[2]
    for i in range(W):
        u = unit(word[i])
        eta = fma(c, x[i] - before[i], fma(b, x[i], a))
        out[i] = 1.0 if u < (1.0 - u) * power_of_two(eta) else 0.0


@lanes
def guess_now(blinding, k, word, secondary, none, felt, guess):
    """Fill row k of guess f64[period * W]: 1 where the period is taken for an active treatment, else 0.

    secondary f64[2 * outcome * W]: this period's outcomes. felt f64[W]: what the guess refers to, of the
    period before, and of this one when it is done. none f64[W] holds 0.
    """
    at = (blinding.rows[0] + k) * W
    now = guess[k * W : (k + 1) * W]
    if blinding.rows[1] < 0:
        _guess(word[at : at + W], none, none, blinding.odds, now)
    else:
        x = secondary[blinding.rows[1] * W : (blinding.rows[1] + 1) * W]
        _guess(word[at : at + W], x, x if k == 0 else felt, blinding.odds, now)
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
