"""Secondary outcomes of family `terms`, such as dissociation:

    score = clip(round(background + sum of coef x feature + error))

in points of the outcome; features are rows of the same table as those of
improvement (kernels.generate.mechanism).
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, lanes
from planner.kernels.tables import W


@lanes
def background(secondary, o, row, normal, out):
    """Secondary outcome o without any feature; row: of its errors, two for each period."""
    mean, sd, error_sd = secondary.level[o, 0], secondary.level[o, 1], secondary.level[o, 2]
    at, to = secondary.rows[o, 0] * W, (secondary.rows[o, 1] + row) * W
    z, error = normal[at : at + W], normal[to : to + W]
    for i in range(W):
        out[i] = fma(error_sd, error[i], fma(sd, z[i], mean))


@lanes
def _add(feature, weight, out):
    for i in range(W):
        out[i] = fma(weight, feature[i], out[i])


@lanes
def on_scale(scale, out):
    low, high, step = scale[0], scale[1], scale[2]
    rounded = scale[3] > 0.0
    for i in range(W):
        x = out[i]
        x = np.floor(x / step + 0.5) * step if rounded else x
        out[i] = min(max(x, low), high)


@lanes
def observe_secondary(secondary, h, s, k, f, normal, y):
    """y f64[2 * outcome * W]: each secondary outcome when it is read in period k, and before that dosing.

    f f64[feature * W]: the features, those of secondary outcomes among them; normal f64[row * W].
    """
    for o in range(secondary.span.shape[0]):
        for before in range(2):
            out = y[(2 * o + before) * W : (2 * o + before + 1) * W]
            background(secondary, o, 2 * k + before, normal, out)
            for j in range(secondary.span[o, 1]):
                weight = secondary.coef[h, s, k, o, before, j]
                first = (secondary.span[o, 0] + j) * W
                if weight != 0.0:
                    _add(f[first : first + W], weight, out)
            on_scale(secondary.scale[o], out)
