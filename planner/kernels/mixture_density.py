"""Densities of many parts, added up for many points: log2 of a sum of powers of two."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.normals import power_of_two
from planner.kernels.tables import W

TERMS, PARTS = 4, 4  # terms of a product, and parts, that are worked on in one pass; they come in multiples

_AT_ONCE = 8  # times PARTS: exponents that stay in the fastest memory until their powers are added
_NOWHERE = -1e300


@lanes
def _terms_of(y, point):
    """point f64[term * W]: the squares and products of y f64[axis, W], then y itself."""
    t = 0
    for a in range(y.shape[0]):
        for b in range(a, y.shape[0]):
            row = point[t * W : (t + 1) * W]
            for i in range(W):
                row[i] = y[a, i] * y[b, i]
            t += 1
    for a in range(y.shape[0]):
        row = point[(t + a) * W : (t + a + 1) * W]
        for i in range(W):
            row[i] = y[a, i]


@lanes
def _add_terms(point, parts, t, x):
    """x f64[PARTS * W] += TERMS terms of PARTS parts f64[PARTS, term] times point f64[TERMS * W]."""
    a0, a1, a2, a3 = parts[0, t], parts[0, t + 1], parts[0, t + 2], parts[0, t + 3]
    b0, b1, b2, b3 = parts[1, t], parts[1, t + 1], parts[1, t + 2], parts[1, t + 3]
    c0, c1, c2, c3 = parts[2, t], parts[2, t + 1], parts[2, t + 2], parts[2, t + 3]
    d0, d1, d2, d3 = parts[3, t], parts[3, t + 1], parts[3, t + 2], parts[3, t + 3]
    for i in range(W):
        p, q, r, s = point[i], point[i + W], point[i + 2 * W], point[i + 3 * W]
        x[i] = fma(a3, s, fma(a2, r, fma(a1, q, fma(a0, p, x[i]))))
        x[i + W] = fma(b3, s, fma(b2, r, fma(b1, q, fma(b0, p, x[i + W]))))
        x[i + 2 * W] = fma(c3, s, fma(c2, r, fma(c1, q, fma(c0, p, x[i + 2 * W]))))
        x[i + 3 * W] = fma(d3, s, fma(d2, r, fma(d1, q, fma(d0, p, x[i + 3 * W]))))


@lanes
def _exponents(point, parts, constant, x, most):
    """x f64[PARTS * W]: products of PARTS parts and the point; most f64[W]: the greatest so far."""
    for k in range(PARTS):
        row = x[k * W : (k + 1) * W]
        for i in range(W):
            row[i] = constant[k]
    for t in range(0, parts.shape[1], TERMS):
        _add_terms(point[t * W : (t + TERMS) * W], parts, t, x)
    for i in range(W):
        most[i] = max(max(most[i], max(x[i], x[i + W])), max(x[i + 2 * W], x[i + 3 * W]))


@lanes
def _rescale(new, most, total):
    """Totals in units of a new greatest power; those whose power stays are left as they are."""
    for i in range(W):
        share = power_of_two(most[i] - new[i])
        total[i] *= share if new[i] > most[i] else 1.0
        most[i] = new[i]


@lanes
def _add_powers(x, most, total):
    for k in range(PARTS):
        row = x[k * W : (k + 1) * W]
        for i in range(W):
            total[i] += power_of_two(row[i] - most[i])


@kernel
def total_power(y, parts, constant, most, total):
    """Sum over parts of 2^x, as total f64[block, W] times 2^most f64[block, W].

    x is constant f64[part] plus the product of parts f64[part, term] with the terms of a point y f64[block,
    axis, W]: y_a y_b for a <= b, row by row, then y_a. The numbers of terms and parts are filled up with 0 to
    multiples of TERMS and PARTS.
    """
    x, greatest = np.empty((_AT_ONCE, PARTS * W)), np.empty(W)
    point = np.zeros(parts.shape[1] * W)
    for b in range(y.shape[0]):
        most[b] = _NOWHERE
        total[b] = 0.0
        _terms_of(y[b], point)
        for start in range(0, constant.size, _AT_ONCE * PARTS):
            number = min(_AT_ONCE, (constant.size - start) // PARTS)
            for i in range(W):
                greatest[i] = most[b, i]
            for k in range(number):
                p = start + k * PARTS
                _exponents(point, parts[p : p + PARTS], constant[p : p + PARTS], x[k], greatest)
            _rescale(greatest, most[b], total[b])
            for k in range(number):
                _add_powers(x[k], most[b], total[b])
