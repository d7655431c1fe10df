"""Groups of patients with a covariate: the t statistic of weighted sums of their adjusted means.

Of each group eight rows of lanes are kept: the number of patients, the first patient's value and covariate,
and the sums, squares and products of what the others differ from these.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.groups import own_contrast
from planner.kernels.jit import fma, lanes, shared
from planner.kernels.rng import W
from planner.kernels.sums import student
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T

ADJUSTED_ROWS = 8
SCRATCH_ROWS = 9
_NOISE = 1e-11  # relative; an estimate so small is the rounding of one that is 0
_PERFECT = 1e-13  # share of the sum of squares; so little is left over by rounding alone


@lanes
def _add(x, z, own):
    """Add a patient's value x f64[W] and covariate z f64[W]; who lacks either adds nothing."""
    for i in range(W):
        both = x[i] + z[i]
        here = both == both
        new = here and own[i] == 0.0
        value = x[i] if new else own[i + W]
        covariate = z[i] if new else own[i + 2 * W]
        d = x[i] - value if here else 0.0
        e = z[i] - covariate if here else 0.0
        own[i] += 1.0 if here else 0.0
        own[i + W] = value
        own[i + 2 * W] = covariate
        own[i + 3 * W] += d
        own[i + 4 * W] += e
        own[i + 5 * W] = fma(d, d, own[i + 5 * W])
        own[i + 6 * W] = fma(e, e, own[i + 6 * W])
        own[i + 7 * W] = fma(d, e, own[i + 7 * W])


@shared
def add_own_contrasts(rows, h, reading, baseline, sequence, start, stop, weight, scratch, groups):
    """Add each patient's own contrast, and that of the baselines, to the group of the patient's sequence.

    As planner.kernels.groups.add_by_sequence; baseline: the reading of the baselines; scratch f64[3 * W].
    """
    size = scratch[:W]
    x = scratch[W : 2 * W]
    z = scratch[2 * W : 3 * W]
    for p in range(start, stop):
        s = sequence[p]
        if np.any(weight[s] != 0.0):
            own_contrast(rows[p, h, reading], weight[s], size, x)
            own_contrast(rows[p, h, baseline], weight[s], size, z)
            _add(x, z, groups[s * ADJUSTED_ROWS * W : (s + 1) * ADJUSTED_ROWS * W])


@shared
def add_first_outcomes(rows, h, reading, baseline, sequence, start, stop, treatment, effect, groups):
    """Add each patient's first outcome and baseline to the group of the treatment then given."""
    for p in range(start, stop):
        g = treatment[sequence[p], 0]
        if effect[g] != 0.0:
            own = groups[g * ADJUSTED_ROWS * W : (g + 1) * ADJUSTED_ROWS * W]
            _add(rows[p, h, reading][:W], rows[p, h, baseline][:W], own)


@lanes
def adjusted(groups, share, scratch, stat):
    """The t statistic of the sum of share x (mean value - slope x mean covariate).

    One slope and one variance for all groups; without spread of the covariate it is left out. Undefined if
    a group that has a share is empty, or no degree of freedom is left. scratch f64[SCRATCH_ROWS * W].
    """
    for i in range(SCRATCH_ROWS * W):
        scratch[i] = 0.0
    for i in range(W):
        stat[i + COMPLETERS * W] = 0.0
    for g in range(share.size):
        a = share[g]
        own = groups[g * ADJUSTED_ROWS * W : (g + 1) * ADJUSTED_ROWS * W]
        missing = -np.inf if a != 0.0 else 0.0
        for i in range(W):
            n = own[i]
            one = 1.0 / max(n, 1.0)
            d, e = own[i + 3 * W], own[i + 4 * W]
            x, z = a * (own[i + W] + d * one), a * (own[i + 2 * W] + e * one)
            scratch[i] += x
            scratch[i + W] += z
            scratch[i + 2 * W] += a * a * one
            scratch[i + 3 * W] += max(fma(-d, d * one, own[i + 5 * W]), 0.0)
            scratch[i + 4 * W] += max(fma(-e, e * one, own[i + 6 * W]), 0.0)
            scratch[i + 5 * W] += fma(-d, e * one, own[i + 7 * W])
            scratch[i + 6 * W] += n - 1.0 if n > 0.0 else missing
            scratch[i + 7 * W] += abs(x)
            scratch[i + 8 * W] += abs(z)
            stat[i + COMPLETERS * W] += n
    for i in range(W):
        xx, zz, xz = scratch[i + 3 * W], scratch[i + 4 * W], scratch[i + 5 * W]
        apart = scratch[i + W]
        varies = zz > 0.0
        slope = xz / zz if varies else 0.0
        df = max(scratch[i + 6 * W] - (1.0 if varies else 0.0), 0.0)
        left = fma(-slope, xz, xx)
        left = left if left > _PERFECT * xx else 0.0
        share_of = scratch[i + 2 * W] + (apart * apart / zz if varies else 0.0)
        e = fma(-slope, apart, scratch[i])
        e = 0.0 if abs(e) <= _NOISE * (scratch[i + 7 * W] + abs(slope) * scratch[i + 8 * W]) else e
        estimate, se, t = student(e, 0.0, left * share_of / max(df, 1.0))
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = se
        stat[i + T * W] = t
        stat[i + DF * W] = df
