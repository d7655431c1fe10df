"""Running sums over patients, for analyses that need no more than counts, sums and squares.

Rows of lanes lie behind each other in flat arrays (row r is [r * W : (r + 1) * W]): LLVM vectorises a loop
only while it can prove, or test cheaply, that what is written is not what is read, and one base pointer for
many rows keeps that possible.
"""

from __future__ import annotations

import math

import numpy as np

from planner.kernels.jit import fma, lanes
from planner.kernels.rng import W

SUM_ROWS = 3  # count, sum, sum of squares


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
def student(shift, centre, variance):
    """(estimate, se, t) of the estimate shift + centre with that variance.

    Data without spread are not silent: t is infinite if the estimate is not 0, and 0 if it is, so that
    identical differences reject (p = 0) and no difference at all does not (p = 1). An estimate within 1e-12
    of the centre is the rounding of its sum: without this, differences that are all 0 would surely reject.
    """
    estimate = shift + centre
    estimate = estimate if abs(estimate) > 1e-12 * abs(centre) else 0.0
    se = math.sqrt(max(variance, 0.0))
    certain = np.inf if estimate > 0.0 else (-np.inf if estimate < 0.0 else 0.0)
    return estimate, se, estimate / se if se > 0.0 else certain
