"""Statistics to decisions to sums: where each trial stops and why, added up as integers.

A trial stops at the first look whose limits its t passes; the limits depend on the statistic's own df. Every
number that is kept of a trial is an integer before it is added, so that any order of adding, on any number of
threads, in any chunks, gives the same bits.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.add_up import GOES_ON, add_ends, add_tile, is_last, keep_sums
from planner.kernels.jit import bits, from_bits, kernel, lanes
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    DF,
    ENDS,
    FUTILE,
    FUTILE_FROM,
    FUTILE_TO,
    LAST,
    LOWER,
    NO_TEST,
    SUMS,
    UPPER,
    WITHIN,
    T,
    W,
)

_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)


@lanes
def _columns(stat, most, column):
    """column u64[W]: each lane's df as a column of tables that end with `most`.

    Answers whether all are the same, and whether any is 0.
    """
    last = np.float64(most)
    first = np.uint64(min(stat[DF * W], last))
    other = np.uint64(0)
    empty = np.int64(0)
    for i in range(W):
        here = np.uint64(min(stat[i + DF * W], last))
        column[i] = here
        other |= here ^ first
        empty += np.int64(1) if here == np.uint64(0) else np.int64(0)
    return other == np.uint64(0), empty > 0


@lanes
def _without_test(column, running):
    """How many running trials have no degree of freedom."""
    number = np.int64(0)
    for i in range(W):
        number += running[i] if column[i] == np.uint64(0) else np.int64(0)
    return number


@lanes
def _look_up(table, other, column, same, entries):
    """entries i64[2 * W]: the bits of table[column], then those of other[column]; tables of bits, too.

    A loop of its own: what is looked up cannot be vectorised, what follows can. Whole numbers, because a
    processor stores twice as many of them in a cycle as of others.
    """
    if same:
        a, b = table[column[0]], other[column[0]]
        for i in range(W):
            entries[i] = a
            entries[i + W] = b
    else:
        for i in range(W):
            c = column[i]
            entries[i] = table[c]
            entries[i + W] = other[c]


@lanes
def _between(table, cells, stat, entries):
    """entries i64[W]: the same for df that are no whole numbers: four columns, cubic interpolation in 1 / df.

    Limits and their reciprocal df go together smoothly: relative error below 1e-9 up to z = 8.
    """
    for i in range(W):
        df = stat[i + DF * W]
        at = cells / max(df, 1.0)
        left = min(max(np.floor(at), 1.0), cells - 2.0)
        f = at - left
        j = np.uint64(left)
        here = from_bits(table[j + _ONE])
        endless = abs(here) == np.inf  # no limit, whatever the df
        a, b = 0.0 if endless else from_bits(table[j]), 0.0 if endless else here
        c = 0.0 if endless else from_bits(table[j + _TWO])
        d = 0.0 if endless else from_bits(table[j + _THREE])
        lower, upper = f * (f - 1.0) * (f - 2.0), (f + 1.0) * f * (f - 1.0)
        middle, next_one = (f + 1.0) * (f - 1.0) * (f - 2.0), (f + 1.0) * f * (f - 2.0)
        x = (upper * d - lower * a) / 6.0 + (middle * b - next_one * c) / 2.0
        x = here if endless else x
        entries[i] = bits(x) if df > 0.0 else table[0]


@lanes
def _by_df(table, other, cells, stat, column, same, entries):
    """entries i64[2 * W]: bits of two tables at each lane's df; for whole df see `_columns`."""
    if cells > 0:
        _between(table, cells, stat, entries[:W])
        _between(other, cells, stat, entries[W:])
    else:
        _look_up(table, other, column, same, entries)


@lanes
def _judge(stat, limit, inner, futility, sides, other, running, code):
    """code i64[W]: how each running trial ends at this look, or that it goes on; the others are taken out.

    limit i64[W] holds bits of each lane's efficacy limit, inner i64[2 * W] of those between which a trial
    that would go on ends for futility. Two-sided limits are mirrored, and of one-sided ones the other side
    is never reached, so that one look-up by df is enough. Equivalence is refuted at the last look alone:
    nobody stops a trial for it. Answers how many go on, and how many end ABOVE, BELOW and FUTILE.
    """
    on = above = below = futile = zero = np.int64(0)
    one, none = np.int64(1), np.int64(GOES_ON)
    turn = -1.0 if sides < 0 else 1.0
    first = np.int64(BELOW if sides < 0 else ABOVE)
    refuted = sides == WITHIN and other == LAST
    second = np.int64(BELOW) if sides == 0 or refuted else other
    for i in range(W):
        t = turn * stat[i + T * W]
        bound = turn * from_bits(limit[i])
        ends = second if t <= -bound else other
        ends = first if t >= bound else ends
        if futility:
            t = stat[i + T * W]
            inside = t >= from_bits(inner[i]) and t <= from_bits(inner[i + W]) and stat[i + DF * W] > 0.0
            inside = inside and ends == none and running[i] > 0
            ends = np.int64(FUTILE) if inside else ends
            futile += one if inside else zero
        ends = ends if running[i] > 0 else none
        here = running[i] if ends == none else zero
        code[i] = ends
        running[i] = here
        on += here
        above += one if ends == ABOVE else zero
        below += one if ends == BELOW else zero
    return on, above, below, futile


@kernel
def decide(stat, rules, centre, analysis, trials, tally, free_tally, irregular, between):
    """Add the trials of a block to the tallies of one analysis, under every hypothesis.

    stat f64[hypothesis, look, tile, STATISTICS * W]; centre f64[hypothesis, 2]: the true effect, from which
    errors are taken, and the unit in which they are summed; trials: how many of tiles * W count (the last
    tile may be partial). The first axes of the tallies are hypothesis and analysis; then tally i64[design,
    look, ENDS, SUMS]; free_tally i64[design, look, 2] counts efficacy above and below with futility ignored
    (only where there is futility); irregular i64[design, look, IRREGULAR] what is counted beside the sums;
    between i64[design, sum, sum]: over whole tiles, the sums of products of their sums (see
    planner.kernels.tables), if any are kept.
    """
    designs, looks = rules.look.shape
    limits, intervals = rules.limit.view(np.int64), rules.interval.view(np.int64)
    most = rules.interval.size - 1
    side = LOWER if rules.sides < 0 else UPPER
    below_counts = np.int64(0 if rules.sides == WITHIN else 1)
    column = np.empty(W, np.uint64)
    entries = np.empty(2 * W, np.int64)
    inner = np.empty(2 * W, np.int64)
    code = np.empty(W, np.int64)
    running = np.empty(W, np.int64)
    free = np.empty(W, np.int64)
    part = np.zeros(SUMS, np.int64)  # what is carried later stays 0
    whole = np.zeros(SUMS, np.int64)
    before = np.empty((looks, ENDS, SUMS), np.int64)
    free_before = np.empty((looks, 2), np.int64)
    sums = np.empty(between.shape[3], np.int64)
    for h in range(stat.shape[0]):
        for tile in range(stat.shape[2]):
            valid = min(max(trials - tile * W, 0), W)
            if valid == 0:
                break
            for design in range(designs):
                for i in range(W):
                    running[i] = free[i] = 1 if i < valid else 0
                kept = sums.size > 0 and valid == W
                if kept:
                    keep_sums(
                        tally[h, analysis, design], free_tally[h, analysis, design], before, free_before
                    )
                left = valid
                for k in range(looks):
                    at = rules.look[design, k]
                    if at < 0:
                        break
                    s = stat[h, at, tile]
                    limit = limits[design, k]
                    last = is_last(rules.look, design, k)
                    other = np.int64(LAST if last else GOES_ON)
                    same, empty = _columns(s, most, column)
                    if empty:
                        irregular[h, analysis, design, k, NO_TEST] += _without_test(column, running)
                    _by_df(limit[side], intervals, rules.cells, s, column, same, entries)
                    if rules.futile:  # first as if there were no futility rule
                        _, above, below, _ = _judge(s, entries, inner, False, rules.sides, other, free, code)
                        free_tally[h, analysis, design, k, 0] += above
                        free_tally[h, analysis, design, k, 1] += below * below_counts
                    if rules.futile and not last:
                        low, high = limit[FUTILE_FROM], limit[FUTILE_TO]
                        _by_df(low, high, rules.cells, s, column, same, inner)
                        on, above, below, futile = _judge(
                            s, entries, inner, True, rules.sides, other, running, code
                        )
                    else:
                        on, above, below, futile = _judge(
                            s, entries, inner, False, rules.sides, other, running, code
                        )
                    if on < left:
                        ends = left - on - above - below - futile
                        true, unit, to = centre[h, 0], centre[h, 1], tally[h, analysis, design, k]
                        width, odd = entries[W:], irregular[h, analysis, design, k]
                        add_ends(s, width, true, unit, code, above, below, futile, ends, part, whole, to, odd)
                    left = on
                if kept:
                    now, free_now = tally[h, analysis, design], free_tally[h, analysis, design]
                    to = between[h, analysis, design]
                    add_tile(rules.look, design, below_counts, now, before, free_now, free_before, sums, to)


@kernel
def record(stat, rules, design, end, look):
    """How and at which look (from 0) every trial of a block ends: end, look i64[tile, W]."""
    limits, intervals = rules.limit.view(np.int64), rules.interval.view(np.int64)
    most = rules.interval.size - 1
    side = LOWER if rules.sides < 0 else UPPER
    column = np.empty(W, np.uint64)
    entries = np.empty(2 * W, np.int64)
    inner = np.empty(2 * W, np.int64)
    code = np.empty(W, np.int64)
    running = np.empty(W, np.int64)
    for tile in range(stat.shape[1]):
        for i in range(W):
            running[i] = 1
        for k in range(rules.look.shape[1]):
            at = rules.look[design, k]
            if at < 0:
                break
            s = stat[at, tile]
            limit = limits[design, k]
            last = is_last(rules.look, design, k)
            same, _ = _columns(s, most, column)
            _by_df(limit[side], intervals, rules.cells, s, column, same, entries)
            if rules.futile and not last:
                low, high = limit[FUTILE_FROM], limit[FUTILE_TO]
                _by_df(low, high, rules.cells, s, column, same, inner)
            else:  # nothing lies between
                inner[:W] = bits(np.inf)
                inner[W:] = bits(-np.inf)
            other = np.int64(LAST if last else GOES_ON)
            _judge(s, entries, inner, True, rules.sides, other, running, code)
            for i in range(W):
                if code[i] != GOES_ON:
                    end[tile, i] = code[i]
                    look[tile, i] = k
