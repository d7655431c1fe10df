"""Ordinary least squares with effects of patients, periods and treatments: for any design.

    outcome = patient + period + treatment + error,   df = observations - patients - rank of the rest

With `carryover = true` the model also has an effect of the treatment given in the period before (first-order
carryover): the comparison is then free of it, at the price of a larger variance, which `planner show` gives
for the design. A response that lasts beyond the next period still biases it.

With `pooled = "pair"` the scores after other treatments than those of the contrast are left out of the model,
so that its error is that of the treatments that are compared; with `pooled = "all"` they help to estimate it.

The patients are swept out: each observation is taken from the mean of its patient's observations, so that
what is left is solved for periods and treatments alone. It uses every patient who has two periods, also of
sequences that lack a treatment of the contrast, and of those who left. It leaves aside what can be learnt
from differences between patients. Undefined where the contrast cannot be told from patients and periods, no
degree of freedom is left, or patients, periods and treatments explain every score and the estimate is not 0:
nothing is left then to estimate its error from. An estimate of 0 has p = 1, also without spread.

Assumes that the errors are normal with one variance under all treatments (with unequal variances the test is
too strict or too lax), that who leaves leaves at random, and that no treatment carries over, or with
`carryover = true` into the next period only.
"""

from __future__ import annotations

import math

import numpy as np

from planner.analyses import AnalysisInfo
from planner.kernels.analyse.sums import NOISE, rounding, student
from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W

_ALIASED = 1e-9  # relative; a parameter of which so little is left follows from those before it
_SUM = 10.0  # times the rounding of a score may be that of an estimate
_SOLVED = 128.0  # times the rounding of a sum of squares may be that of what the equations leave of it


@lanes
def _sweep(y, given, first, number, mean, own, whole):
    """Add a patient: own f64[(periods + periods (periods + 1) / 2) * W] of the sequence, whole f64[4 * W].

    given i64[period]: the treatments, -1 in periods that are left out.

    own: sums of deviations from the patient's mean by period, then the lower triangle of sums of
    (1 if k = l) - 1 / number over the patients who have both periods. whole: sum of squares, observations
    less patients, patients with two periods, sum of squared scores. first, number, mean f64[W] are scratch.
    """
    periods = given.size
    for i in range(W):
        first[i] = np.nan
        number[i] = 0.0
        mean[i] = 0.0
    for k in range(periods):
        if given[k] < 0:
            continue
        now = y[k * W : (k + 1) * W]
        for i in range(W):
            first[i] = first[i] if first[i] == first[i] else now[i]
    for k in range(periods):
        if given[k] < 0:
            continue
        now = y[k * W : (k + 1) * W]
        for i in range(W):
            d = now[i] - first[i]
            here = d == d
            number[i] += 1.0 if here else 0.0
            mean[i] += d if here else 0.0
    for i in range(W):
        mean[i] = first[i] + mean[i] / max(number[i], 1.0)
        whole[i + W] += max(number[i] - 1.0, 0.0)
        whole[i + 2 * W] += 1.0 if number[i] > 1.0 else 0.0
        number[i] = 1.0 / max(number[i], 1.0)
    at = periods * W
    for k in range(periods):
        if given[k] < 0:
            at += (k + 1) * W
            continue
        now, to = y[k * W : (k + 1) * W], own[k * W : (k + 1) * W]
        for i in range(W):
            d = now[i] - mean[i]
            here = d == d
            d = d if here else 0.0
            to[i] += d
            whole[i + 3 * W] += now[i] * now[i] if here else 0.0
            whole[i] = fma(d, d, whole[i])
        for j in range(k + 1):
            then, to = y[j * W : (j + 1) * W], own[at : at + W]
            at += W
            if given[j] < 0:
                continue
            same = 1.0 if j == k else 0.0
            for i in range(W):
                both = now[i] + then[i]
                to[i] += same - number[i] if both == both else 0.0


@lanes
def _add_row(to, at, row, times):
    for i in range(W):
        to[at + i] += times * row[i]


@lanes
def _at(a, b):
    """Where the entry of a lower triangle begins."""
    row, column = max(a, b), min(a, b)
    return (row * (row + 1) // 2 + column) * W


@lanes
def _equations(sums, treatment, carried, treatments, matrix, right):
    """Normal equations of the effects of periods, of the treatments before, then of treatments.

    Each kind without its first one.
    """
    periods = treatment.shape[1]
    stride = (periods + periods * (periods + 1) // 2) * W
    matrix[:] = 0.0
    right[:] = 0.0
    for s in range(treatment.shape[0]):
        own = sums[s * stride : (s + 1) * stride]
        at = periods * W
        for k in range(periods):
            row = own[k * W : (k + 1) * W]
            for a in _effects(treatment, carried, treatments, s, k):
                if a >= 0:
                    _add_row(right, a * W, row, 1.0)
            for j in range(k + 1):
                entry = own[at : at + W]
                at += W
                for a in _effects(treatment, carried, treatments, s, k):
                    for b in _effects(treatment, carried, treatments, s, j):
                        # of the two mirrored entries of an unequal pair one is kept; within a period each
                        # pair of effects is met twice
                        if a >= 0 and b >= 0 and (j < k or a >= b):
                            _add_row(matrix, _at(a, b), entry, 2.0 if (j < k and a == b) else 1.0)


@lanes
def _effects(treatment, carried, treatments, s, k):
    """The parameters of a sequence in a period: the period's, that of the treatment before, the treatment's.

    -1: the first of its kind, or none.
    """
    given = treatment[s, k]
    first = treatment.shape[1] - 2
    if carried.size == 0:
        return k - 1, -1, (first + given if given > 0 else -1)
    before = carried[s, k]
    own = first + treatments - 1 + given if given > 0 else -1
    return k - 1, (first + before if before > 0 else -1), own


@lanes
def _solve(matrix, right, effect, others, scratch, stat):
    """Cholesky's decomposition in place, carried on to the contrast and to the right-hand side.

    effect f64[treatment]; others: how many parameters come before the treatments. scratch f64[6 * W + 2 *
    parameters * W]; ESTIMATE is filled with the estimate, SE with its variance in error variances, T with the
    sum of squares explained, DF with the rank, or infinity where the contrast cannot be estimated.
    """
    size = right.size // W
    pivot, inverse = scratch[:W], scratch[W : 2 * W]
    solved = scratch[2 * W : (2 + size) * W]
    for i in range(W):
        stat[i + ESTIMATE * W] = 0.0
        stat[i + SE * W] = 0.0
        stat[i + T * W] = 0.0
        stat[i + DF * W] = 0.0
    for j in range(size):
        c = effect[j - others + 1] if j >= others else 0.0
        whole = matrix[_at(j, j) : _at(j, j) + W]
        mine, response = solved[j * W : (j + 1) * W], right[j * W : (j + 1) * W]
        for i in range(W):
            pivot[i] = whole[i]
            mine[i] = c
        for m in range(j):
            own = matrix[_at(j, m) : _at(j, m) + W]
            theirs, before = solved[m * W : (m + 1) * W], right[m * W : (m + 1) * W]
            for i in range(W):
                x = own[i]
                pivot[i] = fma(-x, x, pivot[i])
                mine[i] = fma(-x, theirs[i], mine[i])
                response[i] = fma(-x, before[i], response[i])
        for i in range(W):
            sound = pivot[i] > _ALIASED * whole[i]
            inverse[i] = 1.0 / math.sqrt(pivot[i]) if sound else 0.0
            lost = not sound and abs(mine[i]) > _ALIASED
            stat[i + DF * W] += np.inf if lost else (1.0 if sound else 0.0)
            w = mine[i] * inverse[i]
            v = response[i] * inverse[i]
            mine[i] = w
            response[i] = v
            stat[i + ESTIMATE * W] = fma(w, v, stat[i + ESTIMATE * W])
            stat[i + SE * W] = fma(w, w, stat[i + SE * W])
            stat[i + T * W] = fma(v, v, stat[i + T * W])
        for b in range(j + 1, size):
            lower = matrix[_at(b, j) : _at(b, j) + W]
            for m in range(j):
                theirs, own = matrix[_at(b, m) : _at(b, m) + W], matrix[_at(j, m) : _at(j, m) + W]
                for i in range(W):
                    lower[i] = fma(-theirs[i], own[i], lower[i])
            for i in range(W):
                lower[i] *= inverse[i]


@lanes
def _left(squares, observations, scores, explained):
    """What the equations leave of a sum of squares: exactly 0 where that is nothing but rounding."""
    left = squares - explained
    return left if left > max(_SOLVED * rounding(observations) * squares, scores) else 0.0


@lanes
def _evaluate(whole, stat):
    for i in range(W):
        df = whole[i + W] - stat[i + DF * W]
        scores = NOISE * NOISE * whole[i + 3 * W]
        left = _left(whole[i], whole[i + W], scores, stat[i + T * W])
        share = stat[i + SE * W]
        noise = _SUM * math.sqrt(share * scores)
        e, variance = stat[i + ESTIMATE * W], left * share / max(df, 1.0)
        estimate, se, t, df = student(e, variance, max(df, 0.0), noise)
        stat[i + ESTIMATE * W] = estimate
        stat[i + SE * W] = se
        stat[i + T * W] = t
        stat[i + DF * W] = df
        stat[i + COMPLETERS * W] = whole[i + 2 * W]


@lanes
def _mean_square(whole, stat, spread):
    """spread f64[2 * W]: the mean square of what the equations leave, and its degrees of freedom."""
    for i in range(W):
        df = max(whole[i + W] - stat[i + DF * W], 0.0)
        scores = NOISE * NOISE * whole[i + 3 * W]
        spread[i] = _left(whole[i], whole[i + W], scores, stat[i + T * W]) / max(df, 1.0)
        spread[i + W] = df


@kernel
def statistic(values, h, reading, sequence, contrast, centre, counts, stat):
    """See planner.analyses; the centre is not used."""
    treatment, effect, carried = contrast.treatment, contrast.effect, contrast.carried
    sequences, periods = treatment.shape
    stride = (periods + periods * (periods + 1) // 2) * W
    others = periods - 1 + (effect.size - 1 if carried.size > 0 else 0)
    size = others + effect.size - 1
    sums = np.empty(sequences * stride)
    whole = np.empty(4 * W)
    matrix = np.empty(size * (size + 1) // 2 * W)
    right = np.empty(size * W)
    scratch = np.empty((3 + size) * W)
    first, number, mean = scratch[:W], scratch[W : 2 * W], scratch[2 * W : 3 * W]
    for tile in range(values.shape[0]):
        sums[:] = 0.0
        whole[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            for p in range(seen, counts[look]):
                s = sequence[tile, p]
                own = sums[s * stride : (s + 1) * stride]
                _sweep(values[tile, p, h, reading], treatment[s], first, number, mean, own, whole)
            seen = counts[look]
            _equations(sums, treatment, carried, effect.size, matrix, right)
            _solve(matrix, right, effect, others, scratch, stat[look, tile])
            _evaluate(whole, stat[look, tile])


@kernel
def within_variance(values, h, reading, sequence, contrast, counts, stat, spread):
    """The mean square within patients of the scores that have a treatment in contrast.treatment.

    With one treatment left the model is patient and period: the variance of its repeated scores (EMA 2011,
    method A). spread f64[look, tile, 2 * W]: mean square, degrees of freedom by rank; 0 where there are none.
    stat is scratch; all else as in `statistic`.
    """
    treatment, effect, carried = contrast.treatment, contrast.effect, contrast.carried
    sequences, periods = treatment.shape
    stride = (periods + periods * (periods + 1) // 2) * W
    others = periods - 1
    size = others + effect.size - 1
    sums = np.empty(sequences * stride)
    whole = np.empty(4 * W)
    matrix = np.empty(size * (size + 1) // 2 * W)
    right = np.empty(size * W)
    scratch = np.empty((3 + size) * W)
    first, number, mean = scratch[:W], scratch[W : 2 * W], scratch[2 * W : 3 * W]
    for tile in range(values.shape[0]):
        sums[:] = 0.0
        whole[:] = 0.0
        seen = np.int64(0)
        for look in range(counts.size):
            for p in range(seen, counts[look]):
                s = sequence[tile, p]
                own = sums[s * stride : (s + 1) * stride]
                _sweep(values[tile, p, h, reading], treatment[s], first, number, mean, own, whole)
            seen = counts[look]
            _equations(sums, treatment, carried, effect.size, matrix, right)
            _solve(matrix, right, effect, others, scratch, stat[look, tile])
            _mean_square(whole, stat[look, tile], spread[look, tile])


INFO = {
    "fixed-subject": AnalysisInfo(
        reference="t",
        citation="Jones B, Kenward MG. Design and Analysis of Cross-Over Trials, 3rd ed. CRC Press 2014",
        df="observations",
        law="least squares",
    ),
}
