"""Assurance of an equivalence trial: its power averaged over what the SD, the effect, or both may be.

An earlier study gives s^2 with d degrees of freedom: sigma^2 = s^2 d / chi-square_d, which is the posterior
of sigma^2 under the prior 1 / sigma^2 (Julious SA, Owen RJ. Pharm Stat 2006;5:29-37). Given the pooled SD
that the new trial will find, sigma^2 is again of this form with d + df degrees of freedom, and the estimate
therefore t of d + df. So one integral is left, in the angle theta whose squared sine, the share of the sum
of squares that the new trial adds, is Beta(df / 2, d / 2):

    Int_0^tm [T((upper - effect) a cos(theta) - b sin(theta)) - T((lower - effect) a cos(theta)
             + b sin(theta))] 2 sin(theta)^(df - 1) cos(theta)^(d - 1) / B(df / 2, d / 2) dtheta

with a = sqrt((d + df) / d) / spread, b = t sqrt((d + df) / df) se / spread, T the t distribution of d + df,
spread the SD of the estimate around the stated effect, and tm where the two arguments meet. An effect of
which an earlier estimate is known is normal around it with variance in proportion to sigma^2 (the
normal-inverse-gamma law where both are uncertain); it makes the spread larger than se.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from planner._special import betaln, stdtr
from planner.equivalence.panels import BULK, LEAST, Edges, Floats, between, panels, towards
from planner.equivalence.tost import standardised, tost_power
from planner.errors import RequestError

_BEND = np.array([-64.0, -20.0, -8.0, -3.0, 0.0, 3.0, 8.0, 20.0, 64.0])
"""Edges around a limit, in SDs of the estimate: the tails of t with few degrees of freedom are long."""


def assurance(
    lower: ArrayLike,
    upper: ArrayLike,
    effect: ArrayLike,
    se: ArrayLike,
    df: ArrayLike,
    alpha: ArrayLike,
    *,
    sd_df: float = math.inf,
    effect_se: ArrayLike = 0.0,
) -> Floats:
    """Mean power of two one-sided tests, in the broadcast shape of the arguments.

    The first six as in `tost_power`, `se` at the stated SD. `sd_df`: degrees of freedom with which that SD
    was estimated, at least 1; infinite: it is known. `effect_se`: standard error, at the stated SD, of the
    estimate from which the effect is known; 0: it is known. One limit may be infinite.

    Absolute error below 1e-11. Raises RequestError where a number is out of its range.

    The SD of 40 patients is known from 22 degrees of freedom:

    >>> import planner
    >>> import math
    >>> se, limit = math.sqrt(math.log1p(0.30**2) * 2 / 40), math.log(1.25)
    >>> mean = planner.assurance(-limit, limit, math.log(0.95), se, 38, 0.05, sd_df=22)
    >>> round(float(mean), 4)
    0.7793
    """
    if not sd_df >= 1.0:
        raise RequestError("an uncertain SD needs at least one degree of freedom")
    if sd_df == math.inf:
        return tost_power(lower, upper, effect, se, df, alpha, effect_se)
    low, high, slope, k = standardised(lower, upper, effect, se, df, alpha, effect_se)
    both = k + sd_df
    low, high, slope = (np.sqrt(both / n) * each for n, each in ((sd_df, low), (sd_df, high), (k, slope)))
    peak = np.arctan2(np.sqrt(k), math.sqrt(sd_df))
    end = np.where(slope > 0.0, np.arctan2(high - low, 2.0 * slope), np.pi / 2.0)
    edges = [Edges(peak, 1.0 / np.sqrt(2.0 * both), BULK)]
    edges += [Edges(np.arctan2(each, slope), 1.0 / np.hypot(each, slope), _BEND) for each in (high, -low)]
    edges += [*towards(0.0, k), *towards(np.pi / 2.0, np.full_like(k, sd_df))]
    angle, step = panels(edges, np.full_like(end, LEAST), end)
    sine, cosine = np.sin(angle), np.cos(angle)
    low, high, slope, k, both = (each[..., None] for each in (low, high, slope, k, both))
    inside = between(lambda x: stdtr(both, x), low * cosine + slope * sine, high * cosine - slope * sine)
    constant = np.log(2.0) - betaln(k / 2.0, sd_df / 2.0)
    density = np.exp(constant + (k - 1.0) * np.log(sine) + (sd_df - 1.0) * np.log(cosine))
    total: Floats = np.clip((inside * density * step).sum(axis=-1), 0.0, 1.0)
    return total
