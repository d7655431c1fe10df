"""Densities of many parts, added up for many points: log2 of a sum of powers of two."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.normals import power_of_two
from planner.kernels.tables import W

TERMS, PARTS = 4, 2  # terms of a product, and parts, that are worked on in one pass; they come in multiples


@lanes
def _add_terms(point, one, other, t, x):
    a, b, c, d = one[t], one[t + 1], one[t + 2], one[t + 3]
    e, f, g, h = other[t], other[t + 1], other[t + 2], other[t + 3]
    for i in range(W):
        p, q, r, s = point[i], point[i + W], point[i + 2 * W], point[i + 3 * W]
        y, z = fma(b, q, fma(a, p, x[i])), fma(f, q, fma(e, p, x[i + W]))
        x[i] = fma(d, s, fma(c, r, y))
        x[i + W] = fma(h, s, fma(g, r, z))


@lanes
def _products(point, one, other, x, most):
    """x f64[2 * W]: sums over terms of two parts f64[term] times point f64[term * W].

    most f64[W]: the greatest so far.
    """
    for i in range(2 * W):
        x[i] = 0.0
    for t in range(0, one.size, TERMS):
        _add_terms(point[t * W : (t + TERMS) * W], one, other, t, x)
    for i in range(W):
        most[i] = max(most[i], max(x[i], x[i + W]))


@lanes
def _add_power(x, most, total):
    for i in range(W):
        total[i] += power_of_two(x[i] - most[i])


@kernel
def total_power(points, parts, most, total):
    """Sum over parts of 2^x, as total f64[block, W] times 2^most f64[block, W]; x is a product of matrices.

    points f64[block, term * W], parts f64[part, term]; the numbers of terms and parts are multiples of TERMS
    and PARTS.
    """
    x = np.empty((parts.shape[0] // PARTS, PARTS * W))
    for b in range(points.shape[0]):
        most[b] = -np.inf
        total[b] = 0.0
        for p in range(x.shape[0]):
            _products(points[b], parts[2 * p], parts[2 * p + 1], x[p], most[b])
        for p in range(x.shape[0]):
            _add_power(x[p, :W], most[b], total[b])
            _add_power(x[p, W:], most[b], total[b])
