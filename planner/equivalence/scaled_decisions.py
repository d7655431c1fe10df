"""Whether trials show bioequivalence by a rule with scaled limits: from their statistics, as arrays.

On natural logs: estimate d, its standard error, their df; s2_wR and s2_wT, the within-patient variances of
reference and test product, with theirs. Intervals are closed: one that touches a limit lies inside.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner._special import betaincinv, chdtri, stdtrit
from planner.equivalence.panels import Floats
from planner.equivalence.regulators import (
    UNSCALED,
    ScaledRule,
    is_scaled,
    linearised,
    log_limit,
    needs_near_estimate,
)

Bools = NDArray[np.bool_]


class ScaledDecision(NamedTuple):
    """What holds of each trial. All parts are false where the rule is undefined."""

    defined: Bools
    equivalent: Bools
    criterion: Bools  # the scaled test; the unscaled one below the switch. hvntid has none: it is true
    estimate: Bools  # the estimate is near enough, where the rule asks for that
    unscaled: Bools  # the interval lies within 80 to 125 %, whether the rule asks for that or not
    sd_ratio: Bools  # s_wT is not much larger than s_wR, where the rule asks for that
    scaled: Bools  # s_wR is beyond the switch
    upper_limit: Floats  # log; for rsabe and ntid the one that their criterion stands for


def decide(
    rule: ScaledRule,
    d: ArrayLike,
    se: ArrayLike,
    df: ArrayLike,
    s2wr: ArrayLike,
    dfr: ArrayLike,
    s2wt: ArrayLike = 0.0,
    dft: ArrayLike = 0.0,
    alpha: float = 0.05,
) -> ScaledDecision:
    """The decision on each trial, in the broadcast shape of the arguments; alpha of each one-sided test.

    Undefined, and not equivalent: df or dfr below 1 (nobody gets the reference twice), a standard error of 0,
    a number that is none; where SDs are compared also s2_wR = 0 or dft below 1. With s2_wR = 0 the other
    rules do not scale.
    """
    d, se, df, s2wr, dfr, s2wt, dft = (
        np.asarray(each, np.float64) for each in np.broadcast_arrays(d, se, df, s2wr, dfr, s2wt, dft)
    )
    defined = (df >= 1) & (dfr >= 1) & (se > 0) & (s2wr >= 0) & np.isfinite(d) & np.isfinite(se * s2wr)
    if rule.sd_ratio is not None:
        defined &= (s2wr > 0) & (dft >= 1) & (s2wt >= 0)
    d, se, s2wr, s2wt = (np.where(defined, each, 1.0) for each in (d, se, s2wr, s2wt))
    df, dfr, dft = (np.where(each >= 1, each, 1.0) for each in (df, dfr, dft))

    half = -stdtrit(df, alpha) * se
    scaled = is_scaled(rule, s2wr)
    width = log_limit(rule, s2wr)
    unscaled = within(d, half, UNSCALED)
    criterion = within(d, half, width)
    if linearised(rule):
        y = rule.constant**2 * s2wr
        bound = linear_bound(np.abs(d), se, half, y, y - y * shrunk(dfr, alpha))
        criterion = np.where(scaled, bound <= 0.0, criterion)
    estimate = np.ones_like(scaled)
    if rule.estimate_within is not None:
        lower, upper = np.log(rule.estimate_within)
        estimate = (d >= lower) & (d <= upper)
    near = estimate | ~needs_near_estimate(rule, s2wr)
    alike = np.ones_like(scaled)
    if rule.sd_ratio is not None:
        alike = s2wt <= rule.sd_ratio**2 * variance_ratio(dft, dfr, alpha) * s2wr
    passed = criterion & near & alike & (unscaled if rule.unscaled_too else True)
    return ScaledDecision(
        defined=defined,
        equivalent=passed & defined,
        criterion=criterion & defined,
        estimate=estimate & defined,
        unscaled=unscaled & defined,
        sd_ratio=alike & defined,
        scaled=scaled & defined,
        upper_limit=np.where(defined, width, np.nan),
    )


def within(d: Floats, half: Floats, width: Floats | float) -> Bools:
    """Whether the interval d -/+ half lies within -/+ width."""
    return np.asarray((d + width >= half) & (width - d >= half))


def linear_bound(size: Floats, se: Floats, half: Floats, y: Floats, dy: Floats) -> Floats:
    """The upper confidence limit of effect^2 - k^2 s_wR^2: at most 0 where bioequivalence is shown.

    E - y + sqrt((C - E)^2 + (b y - y)^2), with E = d^2 - se^2 and C = (|d| + t se)^2 (Howe WG. J Am Stat
    Assoc 1974;69:789-794; Hyslop T, Hsuan F, Holder DJ. Stat Med 2000;19:2885-2897; the - se^2 is the
    FDA's). `size`: |d|; `half`: t se; `y`: k^2 s2_wR; `dy`: y - b y.
    """
    e = size * size - se * se
    c = (size + half) ** 2
    return np.asarray(e - y + np.sqrt((c - e) ** 2 + dy * dy))


def shrunk(dfr: ArrayLike, alpha: float) -> Floats:
    """b: the lower confidence limit of a variance over its estimate, df over the chi-square quantile."""
    return np.asarray(dfr / chdtri(dfr, alpha))


def variance_ratio(dft: ArrayLike, dfr: ArrayLike, alpha: float) -> Floats:
    """The lower alpha quantile of F: s2_wT / s2_wR over it is the upper limit of the true ratio."""
    x = betaincinv(np.divide(dft, 2), np.divide(dfr, 2), alpha)
    return np.asarray(dfr * x / (dft * (1.0 - x)))
