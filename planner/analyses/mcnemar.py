"""McNemar's test of paired responses: only patients who respond under one treatment and not the other count.

    b respond under the first treatment only, c under the second only, n completers
    estimate = (b - c) / n,   se = sqrt((b + c) - (b - c)^2 / n) / n            (Wald, for the interval)

Given how many patients are discordant (b + c), b is binomial with chance 1/2 under the null hypothesis
(McNemar 1947). The exact test takes its p from that distribution. The mid-p test counts half of the
probability of the result itself: less conservative, and now and then above alpha. The asymptotic test
compares (b - c) / sqrt(b + c) with the normal distribution. No discordant patient: p = 1.

Assumes that neither periods nor carryover change the chance to respond.
"""

from __future__ import annotations

import math

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.sums import SUM_ROWS, add_patients
from planner.kernels.jit import kernel, lanes, shared
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W


@lanes
def _evaluate(sums, asymptotic, stat):
    """The sum of the patients' differences is b - c, their sum of squares b + c.

    Exact forms answer with T = b - c and DF = 1 + b + c, so that limits for b - c by b + c are the test
    itself; the asymptotic form with its normal score and DF = infinity.
    """
    for i in range(W):
        n, difference, discordant = sums[i], sums[i + W], sums[i + 2 * W]
        share = 1.0 / max(n, 1.0)
        spread = max(discordant - difference * difference * share, 0.0)
        normal = difference / math.sqrt(max(discordant, 1.0))
        stat[i + ESTIMATE * W] = difference * share
        stat[i + SE * W] = math.sqrt(spread) * share
        stat[i + T * W] = normal if asymptotic else difference
        df = np.inf if asymptotic else 1.0 + discordant
        stat[i + DF * W] = df if n > 0.0 else 0.0
        stat[i + COMPLETERS * W] = n


@shared
def _statistic(values, h, reading, sequence, contrast, counts, asymptotic, stat):
    weight = contrast.weight
    sums = np.empty(SUM_ROWS * W)
    x = np.empty(W)
    for tile in range(values.shape[0]):
        sums[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            for s in range(weight.shape[0]):
                add_patients(
                    values[tile], h, reading, sequence[tile], s, seen, counts[look], weight[s], 0.0, x, sums
                )
            seen = counts[look]
            _evaluate(sums, asymptotic, stat[look, tile])


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; responses are 0 or 1, and the centre is not used."""
    _statistic(values, h, reading, sequence, contrast, counts, False, stat)


@kernel
def asymptotic(values, h, reading, sequence, contrast, centre, counts, stat):
    """The same, answering with a normal score."""
    _statistic(values, h, reading, sequence, contrast, counts, True, stat)


_FAGERLAND = "Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013;13:91. doi:10.1186/1471-2288-13-91"
_MCNEMAR = "McNemar Q. Psychometrika 1947;12:153-157. doi:10.1007/BF02295996"

INFO = {
    "mcnemar-mid-p": AnalysisInfo(
        reference="binomial-mid",
        citation=_FAGERLAND,
        decisive="discordant pairs",
    ),
    "mcnemar-exact": AnalysisInfo(
        reference="binomial",
        citation=_MCNEMAR,
        decisive="discordant pairs",
    ),
    "mcnemar-asymptotic": AnalysisInfo(
        kernel="asymptotic",
        reference="normal",
        citation=_MCNEMAR,
        decisive="discordant pairs",
    ),
}
