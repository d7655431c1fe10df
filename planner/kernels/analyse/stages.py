"""Sums of a stage of a trial, of which every trial of a tile has patients of its own number."""

from __future__ import annotations

import numpy as np

from planner.kernels.analyse.groups import GROUP_ROWS, add_to_group, own_contrast
from planner.kernels.jit import kernel
from planner.kernels.tables import W


@kernel
def add_stage(values, h, reading, sequence, weight, begin, end, groups):
    """Add to each trial's groups the own contrasts of its patients begin .. end - 1.

    values f64[tile, patient, hypothesis, reading, period * W]; sequence i64[tile, patient]; weight
    f64[sequence, period]; begin the first patient of all trials, end i64[tile, W] each trial's own; groups
    f64[tile, sequence * GROUP_ROWS * W], see planner.kernels.analyse.groups.
    """
    x = np.empty(W)
    size = np.empty(W)
    for tile in range(values.shape[0]):
        last = np.int64(0)
        for i in range(W):
            last = max(last, end[tile, i])
        for p in range(begin, last):
            s = sequence[tile, p]
            own_contrast(values[tile, p, h, reading], weight[s], size, x)
            for i in range(W):
                x[i] = x[i] if p < end[tile, i] else np.nan
            add_to_group(x, size, groups[tile, s * GROUP_ROWS * W : (s + 1) * GROUP_ROWS * W])
