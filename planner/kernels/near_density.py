"""Densities of a point as sums over the values of numbers near to it, each moved along its tangent."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import fma, kernel, lanes
from planner.kernels.random.normals import minus_log, power_of_two

ABREAST = 16
"""Points that are worked on side by side: what they have in common is loaded once."""

TERMS = 4
"""Terms of a product that are added in one pass; summaries are filled up to a multiple of it."""

_LOG2_E = 1.4426950408889634
_MOST = 50.0  # of the logarithm of how much denser the numbers are where they are moved to
_NOWHERE = -np.inf


@lanes
def _product(weight, x, total):
    """total f64[ABREAST] += weight f64[term] times x f64[term * ABREAST]."""
    for t in range(0, weight.size, TERMS):
        a, b, c, d = weight[t], weight[t + 1], weight[t + 2], weight[t + 3]
        row = x[t * ABREAST : (t + TERMS) * ABREAST]
        for i in range(ABREAST):
            y = fma(b, row[i + ABREAST], fma(a, row[i], total[i]))
            total[i] = fma(d, row[i + 3 * ABREAST], fma(c, row[i + 2 * ABREAST], y))


@lanes
def _along(turn, size, width, off, scaled, far):
    """scaled: what moves the numbers along each direction; far f64[ABREAST]: -2 log of the normal density."""
    for n in range(size.size):
        along = scaled[n * ABREAST : (n + 1) * ABREAST]
        for i in range(ABREAST):
            along[i] = 0.0
        _product(turn[n], off, along)
        for i in range(ABREAST):
            variance = fma(width[i], size[n], 1.0)
            share = along[i] / variance
            far[i] += fma(along[i], share, -minus_log(variance))
            along[i] = width[i] * share


@lanes
def _moved(back, at, uniform, scaled, to, change, inside):
    """Where the numbers are moved to: how much denser they are there, and whether within their limits."""
    for j in range(at.size):
        for i in range(ABREAST):
            to[i] = at[j]
        _product(back[j], scaled, to)
        for i in range(ABREAST):
            beyond = abs(to[i]) > 1.0
            inside[i] = 0.0 if beyond & (uniform[j] > 0.0) else inside[i]
            change[i] += 0.0 if uniform[j] > 0.0 else fma(at[j], at[j], -to[i] * to[i])


@kernel
def sort_pairs(near, first, order):
    """order i64[pair]: the pairs of a point and a part near i64[pair], sorted by part, else as they come.

    first i64[part + 1]: where those of a part begin; it is filled in too.
    """
    for p in range(first.size):
        first[p] = 0
    for i in range(near.size):
        first[near[i] + 1] += 1
    for p in range(first.size - 1):
        first[p + 1] += first[p]
    place = first.copy()
    for i in range(near.size):
        order[place[near[i]]] = i
        place[near[i]] += 1


@kernel
def near_densities(order, first, near, y, width, mean, turn, size, back, at, uniform, log):
    """log f64[point, neighbour]: log2 of what a part adds to the density at a point, less constants.

    order i64[point * neighbour], first i64[part + 1]: see sort_pairs. y f64[point, summary], width
    f64[point]: squares of how wide the neighbourhoods are. Of a part mean f64[part, summary], turn f64[part,
    direction, summary], size f64[part, direction], back f64[part, number, summary], at f64[part, number], as
    in LimitDensity; uniform f64[number] 1 or 0. The summaries, and the directions of back, are filled up with
    0 to a multiple of TERMS.
    """
    summaries = y.shape[1]
    flat = log.ravel()
    off, scaled = np.empty(summaries * ABREAST), np.zeros(summaries * ABREAST)
    wide, far, to = np.empty(ABREAST), np.empty(ABREAST), np.empty(ABREAST)
    change, inside = np.empty(ABREAST), np.empty(ABREAST)
    for p in range(first.size - 1):
        last = first[p + 1]
        for start in range(first[p], last, ABREAST):
            for i in range(ABREAST):
                point = order[min(start + i, last - 1)] // near
                wide[i] = width[point]
                for m in range(summaries):
                    off[m * ABREAST + i] = y[point, m] - mean[p, m]
                far[i], change[i], inside[i] = 0.0, 0.0, 1.0
            _along(turn[p], size[p], wide, off, scaled, far)
            _moved(back[p], at[p], uniform, scaled, to, change, inside)
            for i in range(min(ABREAST, last - start)):
                denser = min(0.5 * change[i], _MOST)
                flat[order[start + i]] = _LOG2_E * fma(-0.5, far[i], denser) if inside[i] > 0.0 else _NOWHERE


@lanes
def _powers(x, most, power):
    for i in range(x.size):
        power[i] = power_of_two(x[i] - most)


@kernel
def log_totals(log, total):
    """total f64[point]: the natural logarithm of the sums of 2^log f64[point, neighbour]; -inf of none."""
    power = np.empty(log.shape[1])
    for p in range(log.shape[0]):
        most = _NOWHERE
        for k in range(log.shape[1]):
            most = max(most, log[p, k])
        total[p] = _NOWHERE
        if most > _NOWHERE:
            _powers(log[p], most, power)
            add = 0.0
            for k in range(log.shape[1]):
                add += power[k]
            total[p] = most / _LOG2_E - minus_log(add)
