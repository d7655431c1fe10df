"""Hills and Armitage's test of an AB/BA trial: a two-sample t test on the period differences.

    estimate = (mean of x in AB + mean of x in BA) / 2,   x = the patient's outcome under A minus that under B
    se       = sqrt(s^2 (1/n1 + 1/n2)) / 2,               s^2 pooled within sequences, n1 + n2 - 2 df

The means of the two sequences carry a period effect with opposite signs, so it cancels (Hills and Armitage
1979). Undefined unless both sequences have a completer and there are three in all, and where s is 0 and the
estimate is not: period differences that are all alike within the sequences leave their spread unknown. An
estimate of 0 has p = 1, also without spread.

Assumes that the period differences are normal with the same variance in both sequences, and that no
treatment carries more over into the second period than the other.
"""

from __future__ import annotations

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.sums import (
    NOISE,
    SUM_ROWS,
    add_patients,
    quotient,
    reciprocal,
    rounding,
    student,
    without_spread,
)
from planner.kernels.jit import kernel, lanes
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W


@lanes
def _evaluate(sums, centre, stat):
    for i in range(W):
        n1, s1, q1 = sums[i], sums[i + W], sums[i + 2 * W]
        n2, s2, q2 = sums[i + 3 * W], sums[i + 4 * W], sums[i + 5 * W]
        df = max(n1 + n2 - 2.0, 0.0) if n1 >= 1.0 and n2 >= 1.0 else 0.0
        a, b, d = max(n1, 1.0), max(n2, 1.0), max(df, 1.0)
        inverse = 1.0 / (a * b * d)  # the only division for three
        r1, r2 = reciprocal(a, inverse * (b * d)), reciprocal(b, inverse * (a * d))
        m1, m2 = quotient(s1, a, r1), quotient(s2, b, r2)
        within = max(q1 - s1 * m1, 0.0) + max(q2 - s2 * m2, 0.0)
        within = within if within > rounding(n1 + n2) * (q1 + q2) else 0.0
        variance = quotient(0.25 * within * (r1 + r2), d, inverse * (a * b))
        noise = NOISE * abs(centre)
        estimate, se, t, df = student(0.5 * (m1 + m2) + centre, variance, df, noise)
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = se
        stat[i + T * W] = t
        stat[i + DF * W] = df
        stat[i + COMPLETERS * W] = n1 + n2


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the contrast has two sequences."""
    weight = contrast.weight
    sums = np.empty(2 * SUM_ROWS * W)
    x = np.empty(W)
    for tile in range(values.shape[0]):
        sums[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            for s in range(2):
                own = sums[s * SUM_ROWS * W : (s + 1) * SUM_ROWS * W]
                add_patients(
                    values[tile], h, reading, sequence[tile], s, seen, stop, weight[s], centre, x, own
                )
            seen = stop
            _evaluate(sums, centre, stat[look, tile])
            rows, order = values[tile], sequence[tile]
            without_spread(rows, h, reading, order, stop, weight, centre, 2.0, x, stat[look, tile])


INFO = {
    "hills-armitage": AnalysisInfo(
        reference="t",
        citation="Hills M, Armitage P. Br J Clin Pharmacol 1979;8:7-20",
        df="sequences",
        law="own contrasts",
    ),
}
