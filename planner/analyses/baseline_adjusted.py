"""Analysis of covariance: the outcome adjusted for what was measured before dosing.

    baseline-adjusted:  x = a patient's own contrast of the outcomes, z = that of the baselines, by sequence
    parallel-ancova:    x = the first outcome, z = the baseline before it, by treatment
    estimate = sum of share x (mean x - slope x mean z) of the groups,   slope = Sxz / Szz within groups
    se       = sqrt(s^2 (sum of share^2 / n + (sum of share x mean z)^2 / Szz)),
    s^2      = (Sxx - slope Sxz) / df,   df = patients - groups - 1

In a crossover trial the differences of baselines, not the baselines themselves, are what predicts the
differences of outcomes; adjusting each period for its own baseline would mix differences within and between
patients (Kenward and Roger 2010). The adjustment helps where the differences go together, and costs little
where they do not. Who lacks an outcome or a baseline that is compared takes no part. Undefined unless every
group has a patient and there are two more than groups, and where the baselines explain every difference
between patients (s = 0) and the estimate is not 0. An estimate of 0 has p = 1, also without spread.

Assumes that, given the baselines, what is compared is normal with one variance, and one slope for all groups;
and, in a crossover trial, that no treatment carries over into a baseline or an outcome.
"""

from __future__ import annotations

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.covariate import (
    ADJUSTED_ROWS,
    SCRATCH_ROWS,
    add_first_outcomes,
    add_own_contrasts,
    adjusted,
)
from planner.kernels.jit import kernel
from planner.kernels.tables import W


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the centre is not used."""
    share, baseline = contrast.share, contrast.baseline
    groups = np.empty(share.size * ADJUSTED_ROWS * W)
    scratch = np.empty(SCRATCH_ROWS * W)
    for tile in range(values.shape[0]):
        rows, order = values[tile], sequence[tile]
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop, weight = counts[look], contrast.weight
            add_own_contrasts(rows, h, reading, baseline, order, seen, stop, weight, scratch, groups)
            seen = stop
            adjusted(groups, share, scratch, stat[look, tile])


@kernel
def period_one(values, h, reading, sequence, contrast, centre, counts, stat):
    """The same of the first period."""
    treatment, effect, baseline = contrast.treatment, contrast.effect, contrast.baseline
    groups = np.empty(effect.size * ADJUSTED_ROWS * W)
    scratch = np.empty(SCRATCH_ROWS * W)
    for tile in range(values.shape[0]):
        rows, order = values[tile], sequence[tile]
        groups[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            add_first_outcomes(rows, h, reading, baseline, order, seen, stop, treatment, effect, groups)
            seen = stop
            adjusted(groups, effect, scratch, stat[look, tile])


_KENWARD_ROGER = "Kenward MG, Roger JH. Biostatistics 2010;11:1-17. doi:10.1093/biostatistics/kxp046"

INFO = {
    "baseline-adjusted": AnalysisInfo(
        reference="t",
        citation=_KENWARD_ROGER,
        df="sequences",
        covariates=1,
    ),
    "parallel-ancova": AnalysisInfo(
        kernel="period_one",
        reference="t",
        citation=_KENWARD_ROGER,
        df="first treatments",
        covariates=1,
    ),
}
