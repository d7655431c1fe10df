"""Exact power of two one-sided t tests (TOST), and of one t test against a margin: no simulation.

The estimate is normal around the true effect with standard error `se`; its estimated standard error is se x,
independent of it, with df x^2 chi-square. Equivalence is shown where the interval estimate -/+ t se x, t the
upper alpha quantile at df, lies inside the limits (Schuirmann DJ. J Pharmacokinet Biopharm
1987;15:657-680), which happens with probability

    power = Int_0^xm [Phi((upper - effect) / se - t x) - Phi((lower - effect) / se + t x)] f(x) dx

with f the density of x and xm = (upper - lower) / (2 t se), beyond which the interval is wider than the
limits are apart (Phillips KF. J Pharmacokinet Biopharm 1990;18:137-144; Owen DB. Biometrika
1965;52:437-446). The difference of two noncentral t probabilities, which leaves xm out, is not that: it is 0
or less where few patients and a large variance make the interval wide.

Everything may be an array: all parts are broadcast against each other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from planner._special import gammaln, ndtr, stdtrit
from planner.equivalence.panels import BULK, LEAST, Edges, Floats, between, panels, towards
from planner.errors import RequestError

_BEND = np.array([-8.0, -3.0, 0.0, 3.0, 8.0])
"""Edges around the place where an end of the interval meets the nearer limit, in SDs of the estimate."""
_STIRLING = 30.0  # half the df above which gammaln is left for its series, which loses no digits


def tost_power(
    lower: ArrayLike,
    upper: ArrayLike,
    effect: ArrayLike,
    se: ArrayLike,
    df: ArrayLike,
    alpha: ArrayLike,
    effect_se: ArrayLike = 0.0,
) -> Floats:
    """P(the 1 - 2 alpha interval lies inside the limits), in the broadcast shape of the arguments.

    `lower`, `upper`, `effect`: on the scale of the analysis (logs of ratios), one of the limits may be
    infinite. `se`: the true standard error, sigma sqrt(C). `df`: at least 1. `alpha`: of each test.
    `effect_se`: SD of a normal distribution of the true effect around `effect`, over which is averaged; the
    SE of an earlier estimate, for instance.

    Absolute error below 1e-12. Raises RequestError where a number is out of its range.

    Of 40 patients in a 2x2 design, at a CV of 30 % and a ratio of .95:

    >>> import planner
    >>> import math
    >>> sigma, limit = math.sqrt(math.log1p(0.30**2)), math.log(1.25)
    >>> cost = planner.field_design("2x2").cost(40)
    >>> se = sigma * math.sqrt(cost.factor)
    >>> power = planner.tost_power(-limit, limit, math.log(0.95), se, cost.df, 0.05)
    >>> round(float(power), 4)
    0.8158
    """
    low, high, slope, k = standardised(lower, upper, effect, se, df, alpha, effect_se)
    sd = 1.0 / np.sqrt(2.0 * k)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = 1.0 / np.abs(slope)
        end = np.where(slope > 0.0, (high - low) / (2.0 * slope), np.inf)
        bend = np.where(slope == 0.0, np.inf, np.minimum(high, -low) / slope)
    least = np.maximum(1.0 + BULK[0] * sd, LEAST)
    most = np.minimum(1.0 + BULK[-1] * sd, end)
    edges = [Edges(np.ones_like(sd), sd, BULK), Edges(bend, width, _BEND), *towards(0.0, k)]
    x, dx = panels(edges, least, most)
    inside = between(ndtr, low[..., None] + slope[..., None] * x, high[..., None] - slope[..., None] * x)
    total: Floats = np.clip((inside * density(x, k[..., None]) * dx).sum(axis=-1), 0.0, 1.0)
    return total


def margin_power(
    margin: ArrayLike, effect: ArrayLike, se: ArrayLike, df: ArrayLike, alpha: ArrayLike, above: bool = True
) -> Floats:
    """P(the one-sided 1 - alpha limit of the effect lies beyond the margin): above it, or below it.

    That is P(T >= t) of a noncentral t with noncentrality (effect - margin) / se, or its mirror image. The
    arguments are those of `tost_power`, of which it is the case with one limit at infinity.
    """
    if above:
        return tost_power(margin, math.inf, effect, se, df, alpha)
    return tost_power(-math.inf, margin, effect, se, df, alpha)


def standardised(
    lower: ArrayLike,
    upper: ArrayLike,
    effect: ArrayLike,
    se: ArrayLike,
    df: ArrayLike,
    alpha: ArrayLike,
    effect_se: ArrayLike,
) -> tuple[Floats, Floats, Floats, Floats]:
    """The limits seen from the effect, and t se, in SDs of the estimate around `effect`; and df."""
    parts = np.broadcast_arrays(lower, upper, effect, se, df, alpha, effect_se)
    low, high, mean, error, k, level, prior = (np.asarray(each, np.float64) for each in parts)
    _check(low, high, error, k, level, prior)
    spread = np.hypot(error, prior)
    slope = -stdtrit(k, level) * error / spread
    return (low - mean) / spread, (high - mean) / spread, slope, k


def _check(low: Floats, high: Floats, se: Floats, df: Floats, alpha: Floats, prior: Floats) -> None:
    wrong = {
        "the lower limit must be below the upper one": ~(low < high),
        "the standard error must be above 0": ~((se > 0.0) & (se < np.inf)),
        "at least one degree of freedom is needed": ~((df >= 1.0) & (df < np.inf)),
        "alpha must lie above 0 and below 1": ~((alpha > 0.0) & (alpha < 1.0)),
        "the SD of the effect cannot be negative": ~((prior >= 0.0) & (prior < np.inf)),
    }
    for message, where in wrong.items():
        if where.any():
            raise RequestError(message)


def density(x: Floats, df: Floats) -> Floats:
    """Density of x = sqrt(chi-square / df)."""
    z = df / 2.0
    large = np.maximum(z, _STIRLING)
    series = 0.5 * np.log(large / (2.0 * np.pi)) - 1.0 / large * (
        1.0 / 12.0 - 1.0 / large**2 * (1.0 / 360.0 - 1.0 / large**2 / 1260.0)
    )
    exact = z * np.log(z) - gammaln(z) - z
    constant = np.log(2.0) + np.where(z > _STIRLING, series, exact)
    log_x = np.log(x)
    value: Floats = np.exp(constant + df * (log_x - (x - 1.0) * (x + 1.0) / 2.0) - log_x)
    return value
