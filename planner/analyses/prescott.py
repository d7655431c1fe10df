"""Exact tests of paired responses in AB/BA that allow for a period effect.

A patient prefers a period who responds in it alone. Without a treatment effect the preferences of the two
sequences are alike, whatever the period effect: they are compared given how many patients prefer either
period, or neither.

    prescott:      score +1 for the first period, -1 for the second, 0 for neither; p = chance of a total
                   score of the first sequence no nearer to its mean                         Prescott (1981)
    mainland-gart: of the patients with a preference, Fisher's test of sequence against period preferred
                                                                       Mainland (1963), Gart (1969)
    estimate = mean over the two sequences of the mean of response A - response B
    se       = sqrt(v1 / n1 + v2 / n2) / 2,   v = variance of that difference    (Wald, for the interval)

One-sided: chance of a total score (a number of preferences) at least, or at most, as large. The test of
Prescott also uses the patients without a preference, and is the more powerful one. No preference, or with
mainland-gart none in one of the sequences: p = 1. Undefined unless both sequences have a completer.

Assumes that no treatment carries over into the second period.
"""

from __future__ import annotations

import math

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.exact import p_values, reciprocal
from planner.kernels.analyse.sums import SUM_ROWS, add_patients
from planner.kernels.jit import kernel, lanes, shared
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W


@lanes
def _evaluate(first, second, sides, all_patients, scratch, stat):
    """first, second f64[3 * W]: sums of response A - response B of the sequences AB and BA."""
    wins, ties, losses, law = scratch[0], scratch[1], scratch[2], scratch[3]
    for i in range(W):
        n1, s1, q1 = first[i], first[i + W], first[i + 2 * W]
        n2, s2, q2 = second[i], second[i + W], second[i + 2 * W]
        defined = n1 > 0.0 and n2 > 0.0
        m1, m2 = s1 / max(n1, 1.0), s2 / max(n2, 1.0)
        estimate = 0.5 * (m1 + m2)
        v1 = max(q1 / max(n1, 1.0) - m1 * m1, 0.0) / max(n1, 1.0)
        v2 = max(q2 / max(n2, 1.0) - m2 * m2, 0.0) / max(n2, 1.0)
        t = 0.0
        if defined:
            # of AB those who prefer A prefer the first period, of BA those who prefer B do
            plus1, minus1 = int(0.5 * (q1 + s1)), int(0.5 * (q1 - s1))
            plus, minus = plus1 + int(0.5 * (q2 - s2)), minus1 + int(0.5 * (q2 + s2))
            upper = lower = both = 1.0
            if all_patients:
                n, members = int(n1 + n2), int(n1)
                upper, lower, both = p_values(
                    plus, n - plus - minus, minus, members, plus1 - minus1, False, wins, ties, losses, law
                )
            elif q1 > 0.0 and q2 > 0.0:
                members = int(q1)
                upper, lower, both = p_values(plus, minus, 0, members, plus1, True, wins, ties, losses, law)
            t = reciprocal(upper, lower, both, sides, estimate)
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = 0.5 * math.sqrt(v1 + v2)
        stat[i + T * W] = t
        stat[i + DF * W] = np.inf if defined else 0.0
        stat[i + COMPLETERS * W] = n1 + n2


@shared
def _statistic(values, h, reading, sequence, contrast, all_patients, counts, stat):
    weight = contrast.weight
    sums = np.empty(2 * SUM_ROWS * W)
    x = np.empty(W)
    scratch = np.empty((4, counts[-1] + 2))
    ab = 0 if weight[0, 0] > 0.0 else 1
    for tile in range(values.shape[0]):
        sums[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            stop = counts[look]
            for s in range(2):
                own = sums[s * SUM_ROWS * W : (s + 1) * SUM_ROWS * W]
                add_patients(values[tile], h, reading, sequence[tile], s, seen, stop, weight[s], 0.0, x, own)
            seen = stop
            first = sums[ab * SUM_ROWS * W : (ab + 1) * SUM_ROWS * W]
            second = sums[(1 - ab) * SUM_ROWS * W : (2 - ab) * SUM_ROWS * W]
            _evaluate(first, second, contrast.sides, all_patients, scratch, stat[look, tile])


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; responses are 0 or 1, and the centre is not used."""
    _statistic(values, h, reading, sequence, contrast, True, counts, stat)


@kernel
def mainland_gart(values, h, reading, sequence, contrast, centre, counts, stat):
    """The same of the patients with a preference."""
    _statistic(values, h, reading, sequence, contrast, False, counts, stat)


INFO = {
    "prescott": AnalysisInfo(
        reference="exact-p",
        citation="Prescott RJ. Appl Stat 1981;30:9-15",
        decisive="preferences",
    ),
    "mainland-gart": AnalysisInfo(
        kernel="mainland_gart",
        reference="exact-p",
        citation="Gart JJ. Biometrika 1969;56:75-80. doi:10.1093/biomet/56.1.75",
        decisive="preferences",
    ),
}
