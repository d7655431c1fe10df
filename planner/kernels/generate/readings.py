"""What is seen of a patient: the score on its scale, and the readings that analyses take from scores."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, lanes
from planner.kernels.tables import AT_MOST, CHANGE, SCORE, W


@lanes
def observe(r, true, occasion, error, so, se, shift, low, high, step, rounded, out):
    """Scores from improvements r f64[W]."""
    for i in range(W):
        x = true[i] * fma(so, occasion[i], 1.0 - min(r[i], 1.0)) + fma(se, error[i], shift)
        x = np.floor(x / step + 0.5) * step if rounded else x
        out[i] = min(max(x, low), high)


@lanes
def observe_entry(true, error, se, low, high, out):
    """Whole scores before the first dose."""
    for i in range(W):
        out[i] = min(max(np.floor(true[i] + fma(se, error[i], 0.5)), low), high)


@lanes
def observe_two(f, c, true, occasion, error, so, se, shift, low, high, out):
    """Whole scores from two features, in one pass; f f64[feature * W]."""
    c0, c1 = c[0], c[1]
    shift = shift + 0.5
    for i in range(W):
        r = fma(c0, f[i], c1 * f[i + W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def observe_four(f, c, true, occasion, error, so, se, shift, low, high, out):
    """The same from four features."""
    c0, c1, c2, c3 = c[0], c[1], c[2], c[3]
    shift = shift + 0.5
    for i in range(W):
        r = fma(c0, f[i], c1 * f[i + W]) + fma(c2, f[i + 2 * W], c3 * f[i + 3 * W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def observe_eight(f, c, true, occasion, error, so, se, shift, low, high, out):
    """The same from eight features."""
    c0, c1, c2, c3, c4, c5, c6, c7 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]
    shift = shift + 0.5
    for i in range(W):
        r = fma(c0, f[i], c1 * f[i + W]) + fma(c2, f[i + 2 * W], c3 * f[i + 3 * W])
        r += fma(c4, f[i + 4 * W], c5 * f[i + 5 * W]) + fma(c6, f[i + 6 * W], c7 * f[i + 7 * W])
        x = fma(true[i], fma(so, occasion[i], 1.0 - min(r, 1.0)), fma(se, error[i], shift))
        out[i] = min(max(np.floor(x), low), high)


@lanes
def read(reading, y, b, gone, out):
    """One reading of scores y f64[W] and baselines b f64[W]; gone is 0, or NaN where the patient has left."""
    kind, share, cut = reading[0], reading[2], reading[3]
    if kind == SCORE:
        for i in range(W):
            out[i] = y[i] + gone[i]
    elif kind == CHANGE:
        for i in range(W):
            out[i] = (y[i] - b[i]) + gone[i]
    elif kind == AT_MOST:
        for i in range(W):
            out[i] = (1.0 if y[i] <= share * b[i] + cut else 0.0) + gone[i]
    else:
        for i in range(W):
            out[i] = (100.0 * (y[i] - b[i]) / b[i] if b[i] > 0.0 else 0.0) + gone[i]
