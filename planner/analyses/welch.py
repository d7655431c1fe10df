"""Welch's t test: each group of patients has a variance of its own.

    estimate = sum of share x mean of a group,   v = share^2 s^2 / n of a group
    se       = sqrt(sum of v),   df = (sum of v)^2 / sum of v^2 / (n - 1)            Welch (1947)

`welch` compares the sequences' means of each patient's own contrast, as subject-contrast does (with AB/BA:
the test of Hills and Armitage without their common variance); in a design of one period it compares the
treatments. `period-one-welch` compares the treatments of the first period, as period-one does. Undefined
unless every group has two patients, and where none of them has any spread and the estimate is not 0. An
estimate of 0 has p = 1, also without spread.

Assumes that what is compared is normal.
"""

from __future__ import annotations

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.groups import GROUP_ROWS, add_by_first_treatment, add_by_sequence, unpooled
from planner.kernels.jit import kernel, shared
from planner.kernels.tables import W


@shared
def _statistic(values, h, reading, sequence, contrast, first, counts, stat):
    share = contrast.effect if first else contrast.share
    groups = np.empty(share.size * GROUP_ROWS * W)
    size = np.empty(W)
    x = np.empty(W)
    for tile in range(values.shape[0]):
        rows, order = values[tile], sequence[tile]
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            if first:
                treatment, effect = contrast.treatment, contrast.effect
                add_by_first_treatment(rows, h, reading, order, seen, stop, treatment, effect, groups)
            else:
                add_by_sequence(rows, h, reading, order, seen, stop, contrast.weight, size, x, groups)
            seen = stop
            unpooled(groups, share, size, stat[look, tile])


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the centre is not used."""
    first = contrast.treatment.shape[1] == 1
    _statistic(values, h, reading, sequence, contrast, first, counts, stat)


@kernel
def period_one(values, h, reading, sequence, contrast, centre, counts, stat):
    """The same of the first period."""
    _statistic(values, h, reading, sequence, contrast, True, counts, stat)


_WELCH = "Welch BL. Biometrika 1947;34:28-35. doi:10.1093/biomet/34.1-2.28"

INFO = {
    "welch": AnalysisInfo(
        reference="fractional-t",
        citation=_WELCH,
        per_group=2,
    ),
    "period-one-welch": AnalysisInfo(
        kernel="period_one",
        reference="fractional-t",
        citation=_WELCH,
        per_group=2,
    ),
}
