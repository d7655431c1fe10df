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
