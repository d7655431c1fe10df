"""Each patient's own contrast, compared with 0: a t test that takes the sequences into account.

    L = sum of weight x outcome of one patient (of a treatment given several times, the mean of its periods)
    estimate = mean over the sequences of the mean L of the sequence
    se       = sqrt(s^2 sum of 1/n) / number of sequences,   s^2 pooled within sequences
    df       = patients - sequences

In every sequence the mean L carries the period effects with other weights; their mean carries none. (Where
the plain mean of the sequences would carry some, they are weighted as equally as possible so that it does
not.) With the two sequences AB and BA it is the test of Hills and Armitage (1979). Sequences that lack a
treatment of the contrast take no part, nor do patients who miss a period that has a weight. Undefined unless
every sequence that takes part has a patient, and one of them two, and where s is 0 and the estimate is not:
contrasts that are all alike within the sequences leave their spread unknown. An estimate of 0 has p = 1,
also without spread.

Assumes that the contrasts are normal with the same variance in all sequences: treatments may differ in their
variance, which a pooled residual variance would not allow. Assumes that no treatment carries over.
"""

from __future__ import annotations

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.groups import GROUP_ROWS, add_by_sequence, half_variance, pooled
from planner.kernels.jit import kernel
from planner.kernels.tables import W


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the centre is not used."""
    weight, share = contrast.weight, contrast.share
    groups = np.empty(share.size * GROUP_ROWS * W)
    size = np.empty(W)
    x = np.empty(W)
    for tile in range(values.shape[0]):
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            add_by_sequence(values[tile], h, reading, sequence[tile], seen, stop, weight, size, x, groups)
            seen = stop
            pooled(groups, share, size, stat[look, tile])


@kernel
def within_variance(values, h, reading, sequence, contrast, counts, stat, spread):
    """The variance within patients of the scores that have a weight, 1 and -1 in a sequence: half that of
    their difference, pooled within the sequences.

    spread f64[look, tile, 2 * W]: variance, degrees of freedom; 0 where there are none. stat is not used; all
    else as in `statistic`.
    """
    weight = contrast.weight
    groups = np.empty(weight.shape[0] * GROUP_ROWS * W)
    size = np.empty(W)
    x = np.empty(W)
    for tile in range(values.shape[0]):
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            add_by_sequence(values[tile], h, reading, sequence[tile], seen, stop, weight, size, x, groups)
            seen = stop
            half_variance(groups, spread[look, tile])


INFO = {
    "subject-contrast": AnalysisInfo(
        reference="t",
        citation="Senn S. Cross-over Trials in Clinical Research, 2nd ed. Wiley 2002",
        df="sequences",
        law="own contrasts",
        when_some_leave="Patients who miss a period that it compares are left out whole",
    ),
}
