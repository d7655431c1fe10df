"""Densities of many parts, added up for many points: log2 of a sum of powers of two."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.rng import W, power_of_two

TERMS = 8  # terms of a product that are added in one pass; they come in multiples


@lanes
def _add_terms(point, part, t, x):
    a, b, c, d = part[t], part[t + 1], part[t + 2], part[t + 3]
    e, f, g, h = part[t + 4], part[t + 5], part[t + 6], part[t + 7]
    for i in range(W):
        y = fma(b, point[i + W], fma(a, point[i], x[i]))
        z = fma(d, point[i + 3 * W], c * point[i + 2 * W])
        y = fma(f, point[i + 5 * W], fma(e, point[i + 4 * W], y))
        z = fma(h, point[i + 7 * W], fma(g, point[i + 6 * W], z))
        x[i] = y + z


@lanes
def _product(point, part, x, most):
    """x f64[W]: sum over terms of part f64[term] times point f64[term * W]; most f64[W]: the greatest."""
    for i in range(W):
        x[i] = 0.0
    for t in range(0, part.size, TERMS):
        _add_terms(point[t * W : (t + TERMS) * W], part, t, x)
    for i in range(W):
        most[i] = max(most[i], x[i])


@lanes
def _add_power(x, most, total):
    for i in range(W):
        total[i] += power_of_two(x[i] - most[i])


@kernel
def total_power(points, parts, most, total):
    """Sum over parts of 2^x, as total f64[block, W] times 2^most f64[block, W]; x is a product of matrices.

    points f64[block, term * W], parts f64[part, term]; the number of terms is a multiple of TERMS.
    """
    x = np.empty((parts.shape[0], W))
    for b in range(points.shape[0]):
        most[b] = -np.inf
        total[b] = 0.0
        for p in range(parts.shape[0]):
            _product(points[b], parts[p], x[p], most[b])
        for p in range(parts.shape[0]):
            _add_power(x[p], most[b], total[b])
