"""Groups of patients with a covariate: the t statistic of weighted sums of their adjusted means.

Of each group ten rows of lanes are kept: the number of patients, the first patient's value and covariate,
the sums, squares and products of what the others differ from these, and the sums of squares of what values
and covariates are made of, without signs, beside which a spread may be nothing but rounding.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.analyse.groups import own_contrast
from planner.kernels.analyse.sums import NOISE, rounding, student
from planner.kernels.jit import fma, lanes, shared
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W

ADJUSTED_ROWS = 10
SCRATCH_ROWS = 11
_SUM = 10.0  # times the rounding of a score may be that of a sum of adjusted means
_SOLVED = 64.0  # times the rounding of a sum of squares may be that of what a slope leaves of it


@lanes
def _add(x, z, of_x, of_z, own):
    """Add a patient's value x f64[W] and covariate z f64[W]; who lacks either adds nothing.

    of_x, of_z f64[W]: what they are made of, without signs; differences that are only its rounding are 0.
    """
    for i in range(W):
        both = x[i] + z[i]
        here = both == both
        new = here and own[i] == 0.0
        value = x[i] if new else own[i + W]
        covariate = z[i] if new else own[i + 2 * W]
        d, a = x[i] - value, abs(of_x[i])
        e, b = z[i] - covariate, abs(of_z[i])
        d = d if here and abs(d) > NOISE * a else 0.0
        e = e if here and abs(e) > NOISE * b else 0.0
        own[i] += 1.0 if here else 0.0
        own[i + W] = value
        own[i + 2 * W] = covariate
        own[i + 3 * W] += d
        own[i + 4 * W] += e
        own[i + 5 * W] = fma(d, d, own[i + 5 * W])
        own[i + 6 * W] = fma(e, e, own[i + 6 * W])
        own[i + 7 * W] = fma(d, e, own[i + 7 * W])
        own[i + 8 * W] += a * a if here else 0.0
        own[i + 9 * W] += b * b if here else 0.0


@shared
def add_own_contrasts(rows, h, reading, baseline, sequence, start, stop, weight, scratch, groups):
    """Add each patient's own contrast, and that of the baselines, to the group of the patient's sequence.

    As kernels.analyse.groups.add_by_sequence; baseline: the reading of the baselines; scratch f64[4 * W].
    """
    of_x, of_z = scratch[:W], scratch[3 * W : 4 * W]
    x = scratch[W : 2 * W]
    z = scratch[2 * W : 3 * W]
    for p in range(start, stop):
        s = sequence[p]
        if np.any(weight[s] != 0.0):
            own_contrast(rows[p, h, reading], weight[s], of_x, x)
            own_contrast(rows[p, h, baseline], weight[s], of_z, z)
            _add(x, z, of_x, of_z, groups[s * ADJUSTED_ROWS * W : (s + 1) * ADJUSTED_ROWS * W])


@shared
def add_first_outcomes(rows, h, reading, baseline, sequence, start, stop, treatment, effect, groups):
    """Add each patient's first outcome and baseline to the group of the treatment then given."""
    for p in range(start, stop):
        g = treatment[sequence[p], 0]
        if effect[g] != 0.0:
            own = groups[g * ADJUSTED_ROWS * W : (g + 1) * ADJUSTED_ROWS * W]
            x, z = rows[p, h, reading][:W], rows[p, h, baseline][:W]
            _add(x, z, x, z, own)


@lanes
def adjusted(groups, share, scratch, stat):
    """The t statistic of the sum of share x (mean value - slope x mean covariate).

    One slope and one variance for all groups; without spread of the covariate it is left out. Undefined if
    a group that has a share is empty, no degree of freedom is left, or there is an effect and the covariate
    explains all the rest. scratch f64[SCRATCH_ROWS * W].
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
            scratch[i + 9 * W] += own[i + 8 * W]
            scratch[i + 10 * W] += own[i + 9 * W]
            stat[i + COMPLETERS * W] += n
    for i in range(W):
        xx, zz, xz = scratch[i + 3 * W], scratch[i + 4 * W], scratch[i + 5 * W]
        apart = scratch[i + W]
        varies = zz > 0.0
        slope = xz / zz if varies else 0.0
        df = max(scratch[i + 6 * W] - (1.0 if varies else 0.0), 0.0)
        left = fma(-slope, xz, xx)
        bound = NOISE * NOISE * (scratch[i + 9 * W] + slope * slope * scratch[i + 10 * W])
        left = left if left > max(_SOLVED * rounding(stat[i + COMPLETERS * W]) * xx, bound) else 0.0
        share_of = scratch[i + 2 * W] + (apart * apart / zz if varies else 0.0)
        e = fma(-slope, apart, scratch[i])
        noise = _SUM * NOISE * (scratch[i + 7 * W] + abs(slope) * scratch[i + 8 * W])
        estimate, se, t, df = student(e, left * share_of / max(df, 1.0), df, noise)
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = se
        stat[i + T * W] = t
        stat[i + DF * W] = df
