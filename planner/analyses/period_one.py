"""The first period alone: a two-sample t test of the treatments given there, as in a parallel trial.

    estimate = sum of weight x mean of the treatment's patients,   for two treatments mean A - mean B
    se       = sqrt(s^2 sum of weight^2 / n),   s^2 pooled within treatments,   df = patients - treatments

Nothing carries over into a first period, and nobody has left for what it did: the price is the variance
between patients. Patients who begin with a treatment that is not compared take no part. Undefined unless
every treatment that is compared has a patient, and one of them two, and where s is 0 and the estimate is not:
outcomes that are all alike leave their spread unknown. An estimate of 0 has p = 1, also without spread.

Assumes that the outcomes are normal with the same variance under all treatments.
"""

from __future__ import annotations

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.groups import GROUP_ROWS, add_by_first_treatment, pooled
from planner.kernels.jit import kernel
from planner.kernels.tables import W


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the centre is not used."""
    treatment, effect = contrast.treatment, contrast.effect
    groups = np.empty(effect.size * GROUP_ROWS * W)
    size = np.empty(W)
    for tile in range(values.shape[0]):
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            rows, order = values[tile], sequence[tile]
            add_by_first_treatment(rows, h, reading, order, seen, stop, treatment, effect, groups)
            seen = stop
            pooled(groups, effect, size, stat[look, tile])


INFO = {
    "period-one": AnalysisInfo(
        reference="t",
        citation="Student. Biometrika 1908;6:1-25. doi:10.1093/biomet/6.1.1",
        df="first treatments",
        law="first period",
    ),
}
