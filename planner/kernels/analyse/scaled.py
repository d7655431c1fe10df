"""Bioequivalence with limits that depend on how the reference varies: what each trial shows, and why.

The lanes' form of planner.equivalence.scaled_decisions, where the rules are explained.
"""

from __future__ import annotations

import math

import numpy as np

from planner.kernels.jit import kernel, lanes
from planner.kernels.tables import DF, ESTIMATE, LIMIT_BINS, LIMIT_TOP, SCALED_BITS, SE, T, W

_CRITERION, _NEAR, _UNSCALED, _ALIKE, _SWITCHED, _CAPPED = (np.int64(1 << bit) for bit in range(SCALED_BITS))


@lanes
def _bit(holds, bit):
    return bit if holds else np.int64(0)


@lanes
def _passes(rule, e, half, se, width, y, dy, scaled):
    """The scaled test: by its interval, or by the upper limit of effect^2 - k^2 s_wR^2."""
    inside = e + width >= half and width - e >= half
    if not rule.linear:
        return inside
    size = abs(e)
    low, high = size * size - se * se, (size + half) * (size + half)
    bound = low - y + math.sqrt((high - low) * (high - low) + dy * dy)
    return bound <= 0.0 if scaled else inside


@lanes
def _judge(stat, reference, test, critical, rule, code):
    """One tile: T and DF of stat, the limit in place of the variance of the reference, and code i64[W]."""
    unscaled = rule.unscaled
    for i in range(W):
        e, se, df, t = stat[i + ESTIMATE * W], stat[i + SE * W], stat[i + DF * W], stat[i + T * W]
        s2, dfr, s2t, dft = reference[i], reference[i + W], test[i], test[i + W]
        sound = df >= 1.0 and se > 0.0 and dfr >= 1.0
        if rule.compares:
            sound = sound and s2 > 0.0 and dft >= 1.0
        at = np.int64(df if sound else 1.0)
        free = np.int64(dfr if sound else 1.0)
        half = critical[at] * se
        scaled = s2 >= rule.switch if rule.at_switch else s2 > rule.switch
        width = rule.constant * math.sqrt(min(s2, rule.cap)) if scaled else unscaled
        capped = scaled and (s2 >= rule.cap or (rule.unscaled_too and width >= unscaled))
        width = min(width, unscaled) if rule.unscaled_too else width
        y = rule.constant * rule.constant * s2
        inside = e + unscaled >= half and unscaled - e >= half
        passes = _passes(rule, e, half, se, width, y, y - y * rule.shrunk[free], scaled)
        near = e >= rule.low and e <= rule.high
        alike = True
        if rule.compares:
            alike = s2t <= rule.ratio[np.int64(dft if sound else 1.0), free] * s2
        equivalent = passes and alike and (near or (rule.linear and not scaled))
        equivalent = equivalent and (inside or not rule.unscaled_too)
        outside = e - half > width or e + half < -width
        flat = not sound and (df >= 1.0 or abs(t) == np.inf) and se == 0.0
        verdict = np.inf if equivalent else (-np.inf if outside else 0.0)
        stat[i + T * W] = verdict if sound else (np.inf if flat else 0.0)
        stat[i + DF * W] = df if sound else 0.0
        reference[i] = width
        bits = _bit(passes, _CRITERION) | _bit(near, _NEAR) | _bit(inside, _UNSCALED)
        bits |= _bit(alike, _ALIKE) | _bit(scaled, _SWITCHED) | _bit(capped, _CAPPED)
        code[i] = bits if sound else np.int64(-1)


@kernel
def judge_scaled(stat, reference, test, critical, rule, code):
    """Decide every trial by a rule with scaled limits.

    stat f64[look, tile, STATISTICS * W] of an analysis: T becomes infinite where the trial shows equivalence,
    minus infinite where its interval lies outside its limits, else 0; DF 0 where the rule is undefined.
    reference, test f64[look, tile, 2 * W]: within-patient variance and its degrees of freedom; that of the
    reference becomes the log of the upper limit. critical f64[look, df]: half width of the interval in
    standard errors. code i64[look, tile, W]: a bit for each part of the rule that holds (see
    planner.kernels.tables), -1 where it is undefined.
    """
    for look in range(stat.shape[0]):
        for tile in range(stat.shape[1]):
            given = stat[look, tile], reference[look, tile], test[look, tile]
            _judge(*given, critical[look], rule, code[look, tile])


@kernel
def count_scaled(code, limit, look, trials, parts):
    """Add the trials of a block to parts i64[design, SCALED_BITS + 1 + LIMIT_BINS].

    code, limit: as `judge_scaled` leaves them; look i64[design, look] as in Rules; trials: how many of
    tiles * W count. Of each design: for each bit the trials in which it holds, those in which the rule is
    defined, and of those whose limits are scaled and not at their cap how many have one in each bin.
    """
    for design in range(parts.shape[0]):
        at, to = look[design, 0], parts[design]
        for tile in range(code.shape[1]):
            row, width = code[at, tile], limit[at, tile]
            for i in range(min(max(trials - tile * W, 0), W)):
                bits = row[i]
                if bits < 0:
                    continue
                to[SCALED_BITS] += 1
                for bit in range(SCALED_BITS):
                    to[bit] += (bits >> np.int64(bit)) & np.int64(1)
                if bits & _SWITCHED and not bits & _CAPPED:
                    place = np.int64(min(width[i] * (LIMIT_BINS / LIMIT_TOP), LIMIT_BINS - 1.0))
                    to[SCALED_BITS + 1 + place] += 1
