"""Groups of patients, and the t statistics of weighted sums of their means.

Of each group four rows of lanes are kept: the number of patients, the first patient's value, and the sum and
the sum of squares of what the others differ from it. Sums keep their digits that way however far the values
are from 0, and patients who are all alike but for rounding have a spread of exactly 0.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.analyse.sums import NOISE, student
from planner.kernels.jit import fma, lanes
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W

GROUP_ROWS = 4


@lanes
def add_to_group(x, size, own):
    """Add a patient's value x f64[W] to own f64[GROUP_ROWS * W]; NaN adds nothing.

    size f64[W]: what the value is made of, without signs; a difference that is only its rounding is 0.
    """
    for i in range(W):
        here = x[i] == x[i]
        first = x[i] if (here and own[i] == 0.0) else own[i + W]
        d = x[i] - first
        d = d if abs(d) > NOISE * abs(size[i]) else 0.0
        own[i] += 1.0 if here else 0.0
        own[i + W] = first
        own[i + 2 * W] += d
        own[i + 3 * W] = fma(d, d, own[i + 3 * W])


@lanes
def own_contrast(y, weight, size, x):
    """x f64[W] = sum of weight x outcome over the periods that have a weight; size f64[W] is scratch."""
    for i in range(W):
        x[i] = 0.0
        size[i] = 0.0
    for k in range(weight.size):
        w = weight[k]
        if w != 0.0:
            at = k * W
            for i in range(W):
                x[i] = fma(w, y[at + i], x[i])
                size[i] += abs(w * y[at + i])
    for i in range(W):
        x[i] = 0.0 if abs(x[i]) <= NOISE * size[i] else x[i]


@lanes
def _takes_part(weight):
    weighted = False
    for w in weight:
        weighted = weighted or w != 0.0
    return weighted


@lanes
def add_by_sequence(rows, h, reading, sequence, start, stop, weight, size, x, groups):
    """Add each patient's own contrast to the group of the patient's sequence.

    rows f64[patient, hypothesis, reading, period * W] and sequence i64[patient] of one tile; the patients are
    start .. stop - 1; weight f64[sequence, period], all 0 where a sequence takes no part; size, x f64[W] are
    scratch; groups f64[sequence * GROUP_ROWS * W].
    """
    for p in range(start, stop):
        s = sequence[p]
        if _takes_part(weight[s]):
            own_contrast(rows[p, h, reading], weight[s], size, x)
            add_to_group(x, size, groups[s * GROUP_ROWS * W : (s + 1) * GROUP_ROWS * W])


@lanes
def add_by_first_treatment(rows, h, reading, sequence, start, stop, treatment, effect, groups):
    """Add each patient's first outcome to the group of the treatment then given, if it is compared.

    treatment i64[sequence, period]; effect f64[treatment]: 0 for what is not compared; groups
    f64[treatment * GROUP_ROWS * W].
    """
    for p in range(start, stop):
        g = treatment[sequence[p], 0]
        if effect[g] != 0.0:
            x = rows[p, h, reading][:W]
            add_to_group(x, x, groups[g * GROUP_ROWS * W : (g + 1) * GROUP_ROWS * W])


@lanes
def _sum_up(groups, share, size, stat):
    """Estimate, and how many patients; size f64[W] is what the estimate is made of, without signs."""
    for i in range(W):
        size[i] = 0.0
        stat[i + ESTIMATE * W] = 0.0
        stat[i + COMPLETERS * W] = 0.0
    for g in range(share.size):
        at = g * GROUP_ROWS * W
        a = share[g]
        for i in range(W):
            n = groups[at + i]
            part = a * (groups[at + W + i] + groups[at + 2 * W + i] / max(n, 1.0))
            stat[i + ESTIMATE * W] += part
            size[i] += abs(part)
            stat[i + COMPLETERS * W] += n


@lanes
def _answer(size, stat):
    """From the variance in place of SE to the statistics."""
    for i in range(W):
        e, variance = stat[i + ESTIMATE * W], stat[i + SE * W]
        estimate, se, t, df = student(e, variance, stat[i + DF * W], NOISE * size[i])
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = se
        stat[i + T * W] = t
        stat[i + DF * W] = df


@lanes
def pooled(groups, share, size, stat):
    """The t statistic of the sum of share x mean, with one variance for all groups.

    share f64[group]; undefined (df 0) if a group that has a share is empty, no degree of freedom is left, or
    there is an effect but no spread.
    """
    _sum_up(groups, share, size, stat)
    for i in range(W):
        stat[i + SE * W] = 0.0
        stat[i + T * W] = 0.0
        stat[i + DF * W] = 0.0
    for g in range(share.size):
        at = g * GROUP_ROWS * W
        a = share[g]
        missing = -np.inf if a != 0.0 else 0.0
        for i in range(W):
            n = groups[at + i]
            s = groups[at + 2 * W + i]
            stat[i + SE * W] += a * a / max(n, 1.0)
            stat[i + T * W] += max(groups[at + 3 * W + i] - s * s / max(n, 1.0), 0.0)
            stat[i + DF * W] += n - 1.0 if n > 0.0 else missing
    for i in range(W):
        df = max(stat[i + DF * W], 0.0)
        stat[i + DF * W] = df
        stat[i + SE * W] *= stat[i + T * W] / max(df, 1.0)
    _answer(size, stat)


@lanes
def half_variance(groups, spread):
    """spread f64[2 * W]: half the variance within the groups, pooled, and its degrees of freedom."""
    for i in range(W):
        spread[i] = 0.0
        spread[i + W] = 0.0
    for g in range(groups.size // (GROUP_ROWS * W)):
        at = g * GROUP_ROWS * W
        for i in range(W):
            n = groups[at + i]
            s = groups[at + 2 * W + i]
            spread[i] += max(groups[at + 3 * W + i] - s * s / max(n, 1.0), 0.0)
            spread[i + W] += max(n - 1.0, 0.0)
    for i in range(W):
        spread[i] *= 0.5 / max(spread[i + W], 1.0)


@lanes
def unpooled(groups, share, size, stat):
    """The same with a variance for each group, and Satterthwaite's degrees of freedom.

    df = (sum of v)^2 / sum of v^2 / (n - 1), v = share^2 s^2 / n; undefined unless each group that has a
    share has two patients.
    """
    _sum_up(groups, share, size, stat)
    for i in range(W):
        stat[i + SE * W] = 0.0
        stat[i + T * W] = 0.0
        stat[i + DF * W] = 0.0
    for g in range(share.size):
        a = share[g]
        if a == 0.0:
            continue
        at = g * GROUP_ROWS * W
        for i in range(W):
            n = groups[at + i]
            s = groups[at + 2 * W + i]
            free = max(n - 1.0, 1.0)
            v = a * a * max(groups[at + 3 * W + i] - s * s / max(n, 1.0), 0.0) / free / max(n, 1.0)
            stat[i + SE * W] += v
            stat[i + T * W] += v * v / free
            stat[i + DF * W] += n - 1.0 if n > 1.0 else -np.inf
    for i in range(W):
        v, q = stat[i + SE * W], stat[i + T * W]
        most = max(stat[i + DF * W], 0.0)
        df = min(v * v / q, most) if q > 0.0 else most
        stat[i + DF * W] = max(df, 1.0) if most > 0.0 else 0.0
    _answer(size, stat)
