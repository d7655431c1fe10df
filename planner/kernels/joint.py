"""Several analyses of the same trials, each at its own stop: how often any is significant, how often all."""

from __future__ import annotations

import numpy as np

from planner.kernels.decide import record
from planner.kernels.jit import kernel
from planner.kernels.tables import (
    ABOVE,
    ALL,
    ANY,
    BELOW,
    COUNT,
    FALSE_ALARM,
    TILES,
    WHOLE,
    WHOLE_SQUARE,
    WITHIN,
    W,
)


@kernel
def mark(stat, rules, bit, marks):
    """Add `bit` to marks i64[hypothesis, design, tile, W] where an analysis ends for efficacy.

    stat f64[hypothesis, look, tile, STATISTICS * W]. The lowest bit belongs to the first analysis, which
    begins anew.
    """
    end = np.empty(marks.shape[2:], np.int64)
    look = np.empty_like(end)
    keep = np.int64(0 if bit == 1 else -1)
    zero = np.int64(0)
    most = np.int64(ABOVE if rules.sides == WITHIN else BELOW)
    for h in range(marks.shape[0]):
        for design in range(marks.shape[1]):
            record(stat[h], rules, design, end, look)
            for tile in range(marks.shape[2]):
                row, how = marks[h, design, tile], end[tile]
                for i in range(W):
                    row[i] = (row[i] & keep) | (bit if how[i] <= most else zero)


@kernel
def count(marks, analyses, nulls, trials, joint):
    """Add a block of trials to joint i64[hypothesis, design, JOINTS, JOINT_SUMS].

    marks i64[hypothesis, design, tile, W]: a bit for each of so many analyses; nulls i64[hypothesis]: those
    whose null hypothesis is true; trials: how many of tiles * W count.
    """
    every = (np.int64(1) << np.int64(analyses)) - np.int64(1)
    for h in range(marks.shape[0]):
        for design in range(marks.shape[1]):
            to = joint[h, design]
            for tile in range(marks.shape[2]):
                valid = min(max(trials - tile * W, 0), W)
                row = marks[h, design, tile]
                some = whole = false = np.int64(0)
                for i in range(valid):
                    some += np.int64(1) if row[i] != 0 else np.int64(0)
                    whole += np.int64(1) if row[i] == every else np.int64(0)
                    false += np.int64(1) if row[i] & nulls[h] else np.int64(0)
                _add(to[ANY], some, valid)
                _add(to[ALL], whole, valid)
                _add(to[FALSE_ALARM], false, valid)


@kernel
def _add(to, number, valid):
    to[COUNT] += number
    if valid == W:
        to[TILES] += 1
        to[WHOLE] += number
        to[WHOLE_SQUARE] += number * number
