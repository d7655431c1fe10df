"""Statistics to decisions to sums: where each trial stops and why, added up as integers.

A trial stops at the first look whose limits its t passes; the limits depend on the statistic's own df. Every
number that is kept of a trial is an integer before it is added, so that any order of adding, on any number of
threads, in any chunks, gives the same bits.
"""

from __future__ import annotations

import numpy as np

from planner.kernels.jit import bits, kernel, lanes
from planner.kernels.rng import W
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COMPLETERS,
    COVERED,
    DF,
    ENDS,
    ERROR,
    ESTIMATE,
    FINISHED,
    FINISHED_SQUARE,
    FIXED_POINT,
    FOURTH,
    FUTILE,
    FUTILE_FROM,
    FUTILE_TO,
    LAST,
    LOWER,
    SE,
    SQUARE,
    SUMS,
    TRIALS,
    UNDEFINED,
    UPPER,
    T,
)

_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it to |x| < 2^51 leaves the nearest integer in the low bits
_MAGIC_BITS = np.int64(0x4338000000000000)
_LARGEST = 2.0**50
_COARSE = 20  # bits: 2^-32 to 2^-12 of the unit, so that squares of sums fit
_ONE, _TWO, _THREE = np.uint64(1), np.uint64(2), np.uint64(3)
_NONE = -1  # code of a trial that goes on


@lanes
def _integer(x):
    """The nearest integer, halves to even; beyond 2^50 the largest that is kept."""
    return bits(min(max(x, -_LARGEST), _LARGEST) + _MAGIC) - _MAGIC_BITS


@lanes
def _by_df(table, cells, stat, out):
    """out f64[W] = table[df]. A loop of its own: what is looked up cannot be vectorised, what follows can."""
    if cells > 0:
        _between(table, cells, stat, out)
        return
    most = np.float64(table.size - 1)
    for i in range(W):
        out[i] = table[np.uint64(min(stat[i + DF * W], most))]


@lanes
def _between(table, cells, stat, out):
    """The same for df that are no whole numbers: cubic interpolation in 1 / df between four columns.

    Limits and their reciprocal df go together smoothly: relative error below 1e-9 up to z = 8.
    """
    for i in range(W):
        df = stat[i + DF * W]
        at = cells / max(df, 1.0)
        left = min(max(np.floor(at), 1.0), cells - 2.0)
        f = at - left
        j = np.uint64(left)
        here = table[j + _ONE]
        endless = abs(here) == np.inf  # no limit, whatever the df
        a, b = 0.0 if endless else table[j], 0.0 if endless else here
        c, d = 0.0 if endless else table[j + _TWO], 0.0 if endless else table[j + _THREE]
        lower, upper = f * (f - 1.0) * (f - 2.0), (f + 1.0) * f * (f - 1.0)
        middle, next_one = (f + 1.0) * (f - 1.0) * (f - 2.0), (f + 1.0) * f * (f - 2.0)
        x = (upper * d - lower * a) / 6.0 + (middle * b - next_one * c) / 2.0
        x = here if endless else x
        out[i] = x if df > 0.0 else table[0]


@lanes
def _efficacy(stat, limit, cells, sides, running, other, upper, lower, code):
    """code i64[W]: how each running trial ends at this look for efficacy; upper, lower f64[W] are scratch.

    Two-sided limits are mirrored, and of one-sided ones the other side is never reached, so that one look-up
    by df is enough.
    """
    _by_df(limit[LOWER if sides < 0 else UPPER], cells, stat, upper)
    for i in range(W):
        found = upper[i]
        lower[i] = -found if sides == 0 else (found if sides < 0 else np.nan)
        upper[i] = np.nan if sides < 0 else found
    for i in range(W):
        t = stat[i + T * W]
        verdict = ABOVE if t >= upper[i] else (BELOW if t <= lower[i] else other)
        code[i] = verdict if running[i] > 0 else _NONE


@lanes
def _futile(stat, low, high, code):
    """Of the trials that would go on, those within the inner limits end for futility."""
    for i in range(W):
        t = stat[i + T * W]
        inside = t >= low[i] and t <= high[i] and stat[i + DF * W] > 0.0
        code[i] = FUTILE if (inside and code[i] == _NONE) else code[i]


@lanes
def _running(code, running):
    """Take out the trials that ended; answer how many go on."""
    n = np.int64(0)
    for i in range(W):
        on = np.int64(1) if (code[i] == _NONE and running[i] > 0) else np.int64(0)
        running[i] = on
        n += on
    return n


@lanes
def _count(code, end):
    n = np.int64(0)
    for i in range(W):
        n += np.int64(1) if code[i] == end else np.int64(0)
    return n


@lanes
def _numbers(stat, interval, centre, unit, number):
    """number i64[SUMS * W]: each lane's contribution to the sums, as integers (TRIALS is not filled)."""
    scale = 1.0 / unit
    for i in range(W):
        known = stat[i + DF * W] > 0.0
        e = stat[i + ESTIMATE * W] - centre
        x = e * scale if known else 0.0
        xx = x * x
        n = np.int64(stat[i + COMPLETERS * W])
        number[i + ERROR * W] = _integer(x * FIXED_POINT)
        number[i + SQUARE * W] = _integer(xx * FIXED_POINT)
        number[i + FOURTH * W] = _integer(xx * xx * FIXED_POINT)
        number[i + FINISHED * W] = n
        number[i + FINISHED_SQUARE * W] = n * n
        number[i + COVERED * W] = 1 if (known and abs(e) <= interval[i] * stat[i + SE * W]) else 0
        number[i + UNDEFINED * W] = 0 if known else 1


@lanes
def _add(code, end, number, to):
    """Add the lanes that end this way to `to` i64[SUMS]; answer their count and sum of errors."""
    a = b = c = d = e = f = g = n = np.int64(0)
    zero, one = np.int64(0), np.int64(1)
    for i in range(W):
        this = code[i] == end
        n += one if this else zero
        a += number[i + ERROR * W] if this else zero
        b += number[i + SQUARE * W] if this else zero
        c += number[i + FOURTH * W] if this else zero
        d += number[i + FINISHED * W] if this else zero
        e += number[i + FINISHED_SQUARE * W] if this else zero
        f += number[i + COVERED * W] if this else zero
        g += number[i + UNDEFINED * W] if this else zero
    to[TRIALS] += n
    to[ERROR] += a
    to[SQUARE] += b
    to[FOURTH] += c
    to[FINISHED] += d
    to[FINISHED_SQUARE] += e
    to[COVERED] += f
    to[UNDEFINED] += g
    return n, a


@lanes
def _ends(stat, rules, design, k, last, futility, running, first, second, code):
    """code i64[W]: how each running trial ends at look k of a design; first, second f64[W] are scratch."""
    limit = rules.limit[design, k]
    cells = rules.cells
    _efficacy(stat, limit, cells, rules.sides, running, LAST if last else _NONE, first, second, code)
    if futility and not last:
        _by_df(limit[FUTILE_FROM], cells, stat, first)
        _by_df(limit[FUTILE_TO], cells, stat, second)
        for i in range(W):
            second[i] = second[i] if running[i] > 0 else -np.inf
        _futile(stat, first, second, code)


@lanes
def _is_last(look, design, k):
    return k + 1 == look.shape[1] or look[design, min(k + 1, look.shape[1] - 1)] < 0


@kernel
def decide(stat, rules, centre, analysis, trials, tally, free_tally, between):
    """Add the trials of a block to the tallies of one analysis, under every hypothesis.

    stat f64[hypothesis, look, tile, STATISTICS * W]; centre f64[hypothesis, 2]: the true effect, from which
    errors are taken, and the unit in which they are summed; trials: how many of tiles * W count (the last
    tile may be partial). The first axes of the tallies are hypothesis and analysis; then tally i64[design,
    look, ENDS, SUMS]; free_tally i64[design, look, 2] counts efficacy above and below with futility ignored
    (only where there is futility); between i64[design, 3]: tiles, and the sums over tiles of (significant
    trials)^2 and (sum of errors in 2^-12 of the unit)^2.
    """
    designs, looks = rules.look.shape
    number = np.zeros(SUMS * W, np.int64)
    code = np.empty(W, np.int64)
    running = np.empty(W, np.int64)
    free = np.empty(W, np.int64)
    first = np.empty(W)
    second = np.empty(W)
    for h in range(stat.shape[0]):
        for tile in range(stat.shape[2]):
            valid = min(max(trials - tile * W, 0), W)
            if valid == 0:
                break
            for design in range(designs):
                for i in range(W):
                    running[i] = 1 if i < valid else 0
                    free[i] = running[i]
                left = valid
                significant = np.int64(0)
                errors = np.int64(0)
                for k in range(looks):
                    at = rules.look[design, k]
                    if at < 0:
                        break
                    s = stat[h, at, tile]
                    last = _is_last(rules.look, design, k)
                    before = left
                    for futility in range(
                        0 if rules.futile else 1, 2
                    ):  # first as if there were no futility rule
                        on = running if futility == 1 else free
                        _ends(s, rules, design, k, last, futility == 1, on, first, second, code)
                        left = _running(code, on)
                        if futility == 0:
                            free_tally[h, analysis, design, k, 0] += _count(code, ABOVE)
                            free_tally[h, analysis, design, k, 1] += _count(code, BELOW)
                    if left < before:
                        _by_df(rules.interval, rules.cells, s, first)
                        _numbers(s, first, centre[h, 0], centre[h, 1], number)
                        for end in range(ENDS):
                            if _count(code, end) > 0:
                                n, e = _add(code, end, number, tally[h, analysis, design, k, end])
                                significant += n if end <= BELOW else 0  # ABOVE or BELOW
                                errors += e
                errors = errors >> _COARSE
                between[h, analysis, design, 0] += 1
                between[h, analysis, design, 1] += significant * significant
                between[h, analysis, design, 2] += errors * errors


@kernel
def record(stat, rules, design, end, look):
    """How and at which look (from 0) every trial of a block ends: end, look i64[tile, W]."""
    code = np.empty(W, np.int64)
    running = np.empty(W, np.int64)
    first = np.empty(W)
    second = np.empty(W)
    for tile in range(stat.shape[1]):
        for i in range(W):
            running[i] = 1
        for k in range(rules.look.shape[1]):
            at = rules.look[design, k]
            if at < 0:
                break
            last = _is_last(rules.look, design, k)
            _ends(stat[at, tile], rules, design, k, last, rules.futile, running, first, second, code)
            for i in range(W):
                if code[i] != _NONE:
                    end[tile, i] = code[i]
                    look[tile, i] = k
            _running(code, running)
