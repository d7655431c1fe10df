"""Trials that end, added up as integers: what is kept of each, of a look, and of a tile."""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import bits, from_bits, lanes
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COMPLETERS,
    COVERED,
    DF,
    EARLY_EFFICACY,
    EARLY_FUTILITY,
    ENDS,
    ERROR,
    ESTIMATE,
    FAR,
    FAR_FOURTH,
    FARTHEST,
    FARTHEST_FOURTH,
    FINISHED,
    FINISHED_SQUARE,
    FIXED_POINT,
    FOURTH,
    FOURTH_BITS,
    FOURTH_HIGH,
    FOURTH_POINT,
    FUTILE,
    LAST,
    LATE_EFFICACY,
    NEITHER,
    PART_ERROR,
    PART_UNDEFINED,
    SE,
    SQUARE,
    SUMS,
    TILE_COVERED,
    TILE_FINISHED,
    TILE_FREE,
    TILE_SQUARE,
    TRIALS,
    UNDEFINED,
    WAYS,
    W,
)

_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it to |x| < 2^51 leaves the nearest integer in the low bits
_MAGIC_BITS = np.int64(0x4338000000000000)
_LARGEST = 2.0**50
_FULL = np.int64(2**50)
_LOW_BITS = np.int64(2**FOURTH_BITS - 1)
_COARSE = 21  # bits: from FIXED_POINT to COARSE_POINT
GOES_ON = -1  # code of a trial that goes on


@lanes
def _integer(x):
    """The nearest integer of -2^50 <= x <= 2^50, halves to even."""
    return bits(x + _MAGIC) - _MAGIC_BITS


@lanes
def _numbers(estimate, se, df, completers, interval, scale):
    """What a lane adds to the sums ERROR .. UNDEFINED, as integers; the estimate is less the true effect.

    An error of more than FARTHEST units counts as that; the fourth power is at most 2^50, and is that of
    every error of at least FARTHEST_FOURTH units.
    """
    defined = df > 0.0
    x = min(max(estimate * scale, -FARTHEST), FARTHEST) if defined else 0.0
    xx = x * x
    n = np.int64(completers)
    error = _integer(x * FIXED_POINT)
    square = _integer(xx * FIXED_POINT)
    fourth = _integer(min(xx * xx * FOURTH_POINT, _LARGEST))
    covered = np.int64(1) if (defined and abs(estimate) <= interval * se) else np.int64(0)
    undefined = np.int64(0) if defined else np.int64(1)
    return error, square, fourth, n, n * n, covered, undefined


@lanes
def _store(to, trials, error, square, fourth, finished, finished_square, covered, undefined):
    to[TRIALS] = trials
    to[ERROR] = error
    to[SQUARE] = square
    to[FOURTH] = fourth & _LOW_BITS
    to[FOURTH_HIGH] = fourth >> FOURTH_BITS
    to[FINISHED] = finished
    to[FINISHED_SQUARE] = finished_square
    to[COVERED] = covered
    to[UNDEFINED] = undefined


@lanes
def _sum(stat, interval, centre, unit, code, end, count, ends, part, whole):
    """part, whole i64[SUMS]: the sums of the `count` lanes that end in one way, and of all `ends` that do.

    interval i64[W] holds bits. Answers whether any lane may be too far off for its fourth power to be kept.
    """
    scale = 1.0 / unit
    any_fourth = np.int64(0)
    a = b = c = d = e = f = g = zero = np.int64(0)
    wa = wb = wc = wd = we = wf = wg = zero
    for i in range(W):
        estimate, se = stat[i + ESTIMATE * W] - centre, stat[i + SE * W]
        df, seen, width = stat[i + DF * W], stat[i + COMPLETERS * W], from_bits(interval[i])
        na, nb, nc, nd, ne, nf, ng = _numbers(estimate, se, df, seen, width, scale)
        this, done = code[i] == end, code[i] != GOES_ON
        any_fourth |= nc
        a += na if this else zero
        b += nb if this else zero
        c += nc if this else zero
        d += nd if this else zero
        e += ne if this else zero
        f += nf if this else zero
        g += ng if this else zero
        wa += na if done else zero
        wb += nb if done else zero
        wc += nc if done else zero
        wd += nd if done else zero
        we += ne if done else zero
        wf += nf if done else zero
        wg += ng if done else zero
    _store(part, count, a, b, c, d, e, f, g)
    _store(whole, ends, wa, wb, wc, wd, we, wf, wg)
    return any_fourth >= _FULL


@lanes
def _count_far(stat, centre, unit, code, irregular):
    """Count the lanes that end and are too far off: irregular i64[IRREGULAR]."""
    scale = 1.0 / unit
    for i in range(W):
        if code[i] != GOES_ON and stat[i + DF * W] > 0.0:
            x = abs(stat[i + ESTIMATE * W] - centre) * scale
            irregular[FAR] += 1 if x > FARTHEST else 0
            irregular[FAR_FOURTH] += 1 if x > FARTHEST_FOURTH else 0


@lanes
def add_ends(stat, interval, centre, unit, code, above, below, futile, last, part, whole, tally, irregular):
    """Add the lanes that end, so many in each way, to tally i64[ENDS, SUMS].

    The most frequent way to end gets what the others leave of the whole: integers add up exactly. part and
    whole i64[SUMS] are scratch. Those that are too far off are counted in irregular i64[IRREGULAR].
    """
    far = False
    most = max(max(above, below), max(futile, last))
    usual = LAST if last == most else (BELOW if below == most else (ABOVE if above == most else FUTILE))
    ends = above + below + futile + last
    for end in range(ENDS):
        count = above if end == ABOVE else (below if end == BELOW else (futile if end == FUTILE else last))
        if count > 0 if end != usual else count == ends:
            far = _sum(stat, interval, centre, unit, code, end, count, ends, part, whole)
            if end != usual:
                for j in range(SUMS):
                    tally[end, j] += part[j]
                    tally[usual, j] -= part[j]
    for j in range(SUMS):
        tally[usual, j] += whole[j]
    if far:
        _count_far(stat, centre, unit, code, irregular)


@lanes
def is_last(look, design, k):
    return k + 1 == look.shape[1] or look[design, min(k + 1, look.shape[1] - 1)] < 0


@lanes
def keep_sums(now, free_now, before, free_before):
    """Copy what has been added up, i64[look, ENDS, SUMS] and i64[look, 2], before a tile is added.

    Loops, because the text of the error of shapes that differ takes Numba longer to compile than a kernel.
    """
    for k in range(before.shape[0]):
        for end in range(ENDS):
            for j in range(SUMS):
                before[k, end, j] = now[k, end, j]
        for j in range(2):
            free_before[k, j] = free_now[k, j]


@lanes
def add_tile(look, design, below_counts, ends, before, free, free_before, sums, between):
    """Add the products of the sums over a whole tile to between i64[sum, sum]; sums i64[sum] is scratch.

    below_counts: 1 where trials that end BELOW are efficacy, 0 where they are not. ends i64[look, ENDS, SUMS]
    and free i64[look, 2] are the tallies after the tile, the others before it.
    """
    looks = look.shape[1]
    rest = 1 + looks * ENDS
    for i in range(sums.size):
        sums[i] = 0
    sums[0] = 1
    for k in range(looks):
        last = is_last(look, design, k)
        for end in range(ENDS):
            x, y = ends[k, end], before[k, end]
            neither = end == LAST or (end == BELOW and below_counts == 0)
            way = EARLY_FUTILITY if end == FUTILE else (NEITHER if neither else EARLY_EFFICACY)
            way = LATE_EFFICACY if way == EARLY_EFFICACY and last else way
            sums[1 + k * ENDS + end] = x[TRIALS] - y[TRIALS]
            sums[rest + PART_ERROR + way] += x[ERROR] - y[ERROR]
            sums[rest + PART_UNDEFINED + way] += x[UNDEFINED] - y[UNDEFINED]
            sums[rest + TILE_SQUARE] += x[SQUARE] - y[SQUARE]
            sums[rest + TILE_COVERED] += x[COVERED] - y[COVERED]
            sums[rest + TILE_FINISHED] += x[FINISHED] - y[FINISHED]
        sums[rest + TILE_FREE] += free[k, 0] + free[k, 1] - free_before[k, 0] - free_before[k, 1]
    for way in range(WAYS):
        sums[rest + PART_ERROR + way] = sums[rest + PART_ERROR + way] >> _COARSE
    sums[rest + TILE_SQUARE] = sums[rest + TILE_SQUARE] >> _COARSE
    for i in range(sums.size):
        x = sums[i]
        if x != 0:
            for j in range(sums.size):
                between[i, j] += x * sums[j]
