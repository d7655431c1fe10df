"""Paired t test: the mean of the patients' own treatment differences over its standard error, n - 1 df.

    t = mean(x) / sqrt(s^2 / n)                                        Student (1908)

A period effect biases it when the sequences differ in size, and widens s in any case: it is offered for
designs without one. Undefined with fewer than two completers, and where all differences are equal and not 0:
they leave their spread unknown. If all are 0, p = 1.

Assumes that the differences are normal, and that there is no carryover.
"""

from __future__ import annotations

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.sums import (
    NOISE,
    SUM_ROWS,
    add_patients,
    quotient,
    rounding,
    student,
    without_spread,
)
from planner.kernels.jit import kernel, lanes
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W


@lanes
def _evaluate(sums, centre, stat):
    for i in range(W):
        n = sums[i]
        total = sums[i + W]
        df = max(n - 1.0, 0.0)
        m, d = max(n, 1.0), max(df, 1.0)
        inverse = 1.0 / (m * d)  # the only division for three
        mean = quotient(total, m, inverse * d)
        squares = sums[i + 2 * W]
        rest = squares - total * mean
        rest = rest if rest > rounding(n) * squares else 0.0
        variance = quotient(quotient(rest, d, inverse * m), m, inverse * d)
        estimate, se, t, df = student(mean + centre, variance, df, NOISE * abs(centre))
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = se
        stat[i + T * W] = t
        stat[i + DF * W] = df
        stat[i + COMPLETERS * W] = n


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the estimate is the mean difference."""
    weight = contrast.weight
    sums = np.empty(SUM_ROWS * W)
    x = np.empty(W)
    for tile in range(values.shape[0]):
        sums[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            for s in range(weight.shape[0]):
                own, stop = weight[s], counts[look]
                add_patients(values[tile], h, reading, sequence[tile], s, seen, stop, own, centre, x, sums)
            seen = counts[look]
            _evaluate(sums, centre, stat[look, tile])
            rows, order, seen_by = values[tile], sequence[tile], counts[look]
            without_spread(rows, h, reading, order, seen_by, weight, centre, 1.0, x, stat[look, tile])


INFO = {
    "paired-t": AnalysisInfo(
        reference="t",
        citation="Student. Biometrika 1908;6:1-25. doi:10.1093/biomet/6.1.1",
        df="patients",
        law="one sample",
    ),
}
