"""Running sums over patients, for analyses that need no more than counts, sums and squares.

Rows of lanes lie behind each other in flat arrays (row r is [r * W : (r + 1) * W]): LLVM vectorises a loop
only while it can prove, or test cheaply, that what is written is not what is read, and one base pointer for
many rows keeps that possible.
"""

from __future__ import annotations

import math

import numpy as np

from planner.kernels.jit import fma, lanes
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, T, W

SUM_ROWS = 3  # count, sum, sum of squares
NOISE = 1e-12  # of the size of the scores: differences so small are the rounding of none
_SUSPECT = 1e-6  # a standard error so small beside the scores is looked at more closely


@lanes
def _contrast(y, weight, centre, x):
    """x f64[W] = sum over periods of weight x outcome, less the centre; y f64[period * W]."""
    w = weight[0]
    for i in range(W):
        x[i] = fma(w, y[i], -centre)
    for k in range(1, weight.size):
        w = weight[k]
        at = k * W
        for i in range(W):
            x[i] = fma(w, y[at + i], x[i])


@lanes
def _add(x, sums):
    for i in range(W):
        d = x[i]
        here = d == d
        d = d if here else 0.0
        sums[i] += 1.0 if here else 0.0
        sums[i + W] += d
        sums[i + 2 * W] = fma(d, d, sums[i + 2 * W])


@lanes
def _add_pair(a, w0, w1, centre, sums):
    """One patient of two periods, in one pass; the bits of `_contrast` and `_add`."""
    for i in range(W):
        d = fma(w1, a[i + W], fma(w0, a[i], -centre))
        here = d == d
        d = d if here else 0.0
        sums[i] += 1.0 if here else 0.0
        sums[i + W] += d
        sums[i + 2 * W] = fma(d, d, sums[i + 2 * W])


@lanes
def _add_four(a, b, c, d, w0, w1, centre, sums):
    """Four patients of two periods: the sums are read and written once. They are added in turn: same bits."""
    for i in range(W):
        xa = fma(w1, a[i + W], fma(w0, a[i], -centre))
        xb = fma(w1, b[i + W], fma(w0, b[i], -centre))
        xc = fma(w1, c[i + W], fma(w0, c[i], -centre))
        xd = fma(w1, d[i + W], fma(w0, d[i], -centre))
        na = 1.0 if xa == xa else 0.0
        nb = 1.0 if xb == xb else 0.0
        nc = 1.0 if xc == xc else 0.0
        nd = 1.0 if xd == xd else 0.0
        xa = xa if xa == xa else 0.0
        xb = xb if xb == xb else 0.0
        xc = xc if xc == xc else 0.0
        xd = xd if xd == xd else 0.0
        sums[i] += (na + nb) + (nc + nd)
        sums[i + W] = (((sums[i + W] + xa) + xb) + xc) + xd
        sums[i + 2 * W] = fma(xd, xd, fma(xc, xc, fma(xb, xb, fma(xa, xa, sums[i + 2 * W]))))


@lanes
def add_patients(rows, h, reading, sequence, chosen, start, stop, weight, centre, x, sums):
    """Add the patients start .. stop - 1 whose sequence i64[patient] is `chosen` to sums f64[3 * W].

    rows f64[patient, hypothesis, reading, period * W] of one tile; weight f64[period] of that sequence; x
    f64[W] is scratch. A patient's number is the sum of weight x outcome less the centre; NaN in any period
    adds nothing.
    """
    pairs = weight.size == 2
    w0, w1 = weight[0], weight[weight.size - 1]
    waiting = 0
    a = b = c = 0
    for p in range(start, stop):
        if sequence[p] != chosen:
            continue
        if not pairs:
            _contrast(rows[p, h, reading], weight, centre, x)
            _add(x, sums)
        elif waiting == 3:
            ya, yb, yc, yd = (
                rows[a, h, reading],
                rows[b, h, reading],
                rows[c, h, reading],
                rows[p, h, reading],
            )
            _add_four(ya, yb, yc, yd, w0, w1, centre, sums)
            waiting = 0
        else:
            a, b, c = (p, b, c) if waiting == 0 else ((a, p, c) if waiting == 1 else (a, b, p))
            waiting += 1
    for i in range(waiting):
        _add_pair(rows[a if i == 0 else (b if i == 1 else c), h, reading], w0, w1, centre, sums)


@lanes
def reciprocal(n, near):
    """1 / n of a whole number 1 <= n < 2^40, rounded as a division would, from a value a few units off.

    A processor divides eight numbers in the time of eight multiplications and additions, so that one division
    (of 1 by the product of all divisors) and some of these are faster than several. The remainder is exact;
    the corrected value is off by less than 2^-100, and 1 / n is never that near to the middle between two
    numbers: n times a middle differs from 1 by a whole multiple of its last place (Markstein 1990).
    """
    return fma(near, fma(-n, near, 1.0), near)


@lanes
def quotient(a, n, near):
    """a / n of a whole number 1 <= n < 2^40, rounded as a division would, from 1 / n a few units off.

    For the same reason: n times the middle between two numbers has more digits than a. (|a| > 1e-280 or 0.)
    """
    q = a * near
    return fma(near, fma(-n, q, a), q)


@lanes
def student(estimate, variance, df, noise):
    """(estimate, se, t, df) of an estimate with that variance; an estimate within `noise` is 0.

    Without any spread there is no t test: what differs in every patient by the same is no evidence, however
    many decimals it has, because it says nothing of how much it might differ in the next one (on a scale of
    whole points four patients often agree by chance). DF is then 0 and T infinite. Only an estimate of 0
    needs no spread to be judged: t is 0, p = 1.
    """
    nil = abs(estimate) <= noise
    estimate = 0.0 if nil else estimate
    se = math.sqrt(max(variance, 0.0))
    flat = se == 0.0 and not nil and df > 0.0
    t = estimate / se if se > 0.0 else 0.0
    t = (np.inf if estimate > 0.0 else -np.inf) if flat else t
    return estimate, se, t, (0.0 if flat else df)


@lanes
def rounding(patients):
    """Share of a sum of squares within which its rounding lies, when a sum over so many is taken from it.

    Each addition rounds by at most 2^-53 of the sum: the sum of squares, and the square of the sum, are off
    by no more than 3 (patients + 1) of that.
    """
    return (patients + 1.0) * 2.0**-51


@lanes
def _doubtful(rows, h, reading, stop, centre, stat):
    """Whether the spread of any lane is so small beside its scores that it may be nothing but rounding.

    The scores of two patients will do to tell: who passes is looked at by `without_spread`.
    """
    first, last = rows[0, h, reading], rows[stop - 1, h, reading]
    doubtful = np.int64(0)
    for i in range(W):
        a, b = abs(first[i]), abs(last[i])
        size = abs(centre) + abs(stat[i + ESTIMATE * W]) + (a if a == a else 0.0) + (b if b == b else 0.0)
        open_to_doubt = stat[i + DF * W] > 0.0 or abs(stat[i + T * W]) == np.inf
        doubtful += 1 if stat[i + SE * W] <= _SUSPECT * size and open_to_doubt else 0
    return doubtful > 0


@lanes
def without_spread(rows, h, reading, sequence, stop, weight, centre, lost, size, stat):
    """Where patients' own contrasts differ by no more than their rounding, answer as without any spread.

    The patients 0 .. stop - 1 as in `add_patients`, weight f64[sequence, period]; stat as it was made of
    their sums, with n - `lost` degrees of freedom; size f64[W] is scratch. Scores are only gone through again
    where a lane is in doubt, which hardly ever happens.
    """
    if stop == 0 or not _doubtful(rows, h, reading, stop, centre, stat):
        return
    for i in range(W):
        size[i] = 0.0
    for p in range(stop):
        y = rows[p, h, reading]
        for i in range(W):
            own = 0.0
            for k in range(weight.shape[1]):
                own += abs(weight[sequence[p], k] * y[i + k * W])
            size[i] = own if own > size[i] else size[i]
    for i in range(W):
        noise = NOISE * (size[i] + abs(centre))
        se, n = stat[i + SE * W], stat[i + COMPLETERS * W]
        if (stat[i + DF * W] > 0.0 or abs(stat[i + T * W]) == np.inf) and se * se * n <= noise * noise:
            estimate, se, t, df = student(stat[i + ESTIMATE * W], 0.0, n - lost, noise)
            stat[i + ESTIMATE * W] = estimate
            stat[i + SE * W] = se
            stat[i + T * W] = t
            stat[i + DF * W] = df
