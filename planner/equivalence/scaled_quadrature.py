"""Integrals over what a test with scaled limits depends on: s2_wR, the standard error, the estimate.

Given s2_wR and the standard error, a rule accepts an interval of estimates around 0:

- with widened limits (abel) |d| <= W(s_wR) - t se;
- with the linearised criterion (rsabe, ntid) |d| up to where `linear_bound` is 0. It rises with |d| and is
  convex, so that Newton's steps from above end there.

Standard errors are cut at the corners of the decision: where nothing is accepted any more, where the limits
of the estimate or the unscaled test take over. As such a corner moves through the likely standard errors,
the power given s2_wR bends within a short way: panels of s2_wR are halved until the last coefficients of
their polynomials say that nothing is missed.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from planner._special import chdtr, ndtr, stdtrit
from planner.equivalence.panels import BULK, LEAST, Edges, Floats, between, panels
from planner.equivalence.regulators import (
    UNSCALED,
    ScaledRule,
    is_scaled,
    linearised,
    log_limit,
    needs_near_estimate,
    switch_variance,
)
from planner.equivalence.scaled_decisions import linear_bound, shrunk, variance_ratio
from planner.equivalence.scaled_laws import ScaledLaw
from planner.equivalence.tost import density

_NODES = 12
_X, _W = np.polynomial.legendre.leggauss(_NODES)
_LAST = np.linalg.inv(np.polynomial.legendre.legvander(_X, _NODES - 1))[-2:]
"""Makes the last two Legendre coefficients of values at the nodes."""
_MISSED = 1e-10  # by a panel, at most, as these coefficients say
_NARROW = 1e-12  # half a panel that is not cut any more
_HERE = np.zeros(1)  # the edges of a cut
_BISECTIONS = 32  # of a corner: missed by little it costs the square of that
_STEPS, _CLOSE = 60, 1e-13  # Newton's, of which about six are needed


def mean_over_variances(function: Callable[[Floats], Floats], law: ScaledLaw, rule: ScaledRule) -> float:
    """The mean of a function of s2_wR, which may jump or bend at the switch and at the cap of the rule."""
    df = np.asarray(float(law.dfr))
    sd = 1.0 / np.sqrt(2.0 * df)
    cuts = np.array([switch_variance(rule)[0], math.log1p(rule.cap_cv**2)])
    ends = np.concatenate([1.0 + BULK * sd, np.sqrt(cuts / law.s2wr)])
    ends = np.unique(np.clip(ends, LEAST, 1.0 + BULK[-1] * sd))
    low, high = ends[:-1], ends[1:]
    total = 0.0
    while low.size:
        half = (high - low)[:, None] / 2.0
        root = low[:, None] + half * (1.0 + _X)
        value = function((law.s2wr * root**2).ravel()).reshape(root.shape) * density(root, df) * half
        more = (np.abs(value @ _LAST.T) > _MISSED).any(axis=1) & (half[:, 0] > _NARROW)
        total += float((value[~more] @ _W).sum())
        middle = (low + high)[more] / 2.0
        low, high = np.concatenate([low[more], middle]), np.concatenate([middle, high[more]])
    return total


class Acceptance:
    """The power of a rule given s2_wR."""

    def __init__(self, law: ScaledLaw, rule: ScaledRule, effect: float, alpha: float) -> None:
        self.law, self.rule, self.effect, self.alpha = law, rule, effect, alpha
        self.t = -float(stdtrit(law.df, alpha))
        self.rest = law.df - law.dfr if law.nested else law.df  # df of what S has besides s2_wR
        self.bounds = () if rule.estimate_within is None else tuple(np.log(rule.estimate_within))
        self.sizes = np.unique(np.round(np.abs(self.bounds), 12))  # once, where one is the other's reciprocal
        self.shrunk = float(shrunk(law.dfr, alpha))

    def __call__(self, s2wr: Floats) -> Floats:
        """P(all parts of the rule hold), for each s2_wR."""
        se, weight = self._standard_errors(s2wr)
        most = np.maximum(self._accepted(s2wr, se), 0.0)
        low, high = -most, most
        if self.bounds:
            near = needs_near_estimate(self.rule, s2wr)[:, None]
            low = np.where(near, np.maximum(low, self.bounds[0]), low)
            high = np.where(near, np.minimum(high, self.bounds[1]), high)
        sd = math.sqrt(self.law.c * self.law.variance)
        inside = between(ndtr, (low - self.effect) / sd, (high - self.effect) / sd)
        power = (weight * inside).sum(axis=1)
        if self.rule.sd_ratio is not None:
            power = power * sds_alike(self.law, self.rule.sd_ratio, self.alpha, s2wr)
        return np.asarray(power)

    def _linear(self, s2wr: Floats) -> NDArray[np.bool_]:
        """Where the linearised criterion decides."""
        return is_scaled(self.rule, s2wr) & linearised(self.rule)

    def _standard_errors(self, s2wr: Floats) -> tuple[Floats, Floats]:
        """Nodes and weights for each s2_wR, up to where nothing is accepted any more."""
        law, df = self.law, np.full_like(s2wr, self.rest)
        unit = law.c * law.variance * df / law.df  # of se^2, a chi-square / df of the rest
        fixed = law.c * law.dfr * s2wr / law.df if law.nested else np.zeros_like(s2wr)
        sd = 1.0 / np.sqrt(2.0 * df)
        least, most = np.maximum(1.0 + BULK[0] * sd, LEAST), 1.0 + BULK[-1] * sd
        low, high = (np.sqrt(fixed + unit * root**2) for root in (least, most))
        end, *corners = (
            np.sqrt(np.maximum(se**2 - fixed, 0.0) / unit) for se in self._corners(s2wr, low, high)
        )
        edges = [Edges(np.ones_like(sd), sd, BULK), *(Edges(corner, sd, _HERE) for corner in corners)]
        root, weight = panels(edges, least, np.minimum(most, end))
        return np.sqrt(fixed[:, None] + unit[:, None] * root**2), weight * density(root, df[:, None])

    def _corners(self, s2wr: Floats, low: Floats, high: Floats) -> list[Floats]:
        """The standard errors at which nothing is accepted any more, and where the decision has a corner."""
        width, linear = log_limit(self.rule, s2wr), self._linear(s2wr)
        corners = []
        for size in (0.0, *self.sizes):
            corner = np.clip((width - size) / self.t, low, high)
            if linear.any():
                corner = np.where(linear, self._crossing(size, 0.0, s2wr, low, high), corner)
            corners.append(corner)
        if self.rule.unscaled_too and linear.any():
            corners[0] = np.minimum(corners[0], np.clip(UNSCALED / self.t, low, high))
            corners.append(self._crossing(UNSCALED, -self.t, s2wr, low, corners[0]))
        return corners

    def _crossing(self, size: float, slope: float, s2wr: Floats, low: Floats, high: Floats) -> Floats:
        """The standard error at which |d| = size + slope se is just accepted by the linearised criterion.

        Where none is, an end of the range: the upper one if it is accepted throughout.
        """
        y = self.rule.constant**2 * s2wr
        dy = y - self.shrunk * y

        def accepted(se: Floats) -> NDArray[np.bool_]:
            return linear_bound(size + slope * se, se, self.t * se, y, dy) <= 0.0

        first, last = accepted(low), accepted(high)
        a, b = low, high
        for _ in range(_BISECTIONS):
            middle = (a + b) / 2.0
            same = accepted(middle) == first
            a, b = np.where(same, middle, a), np.where(same, b, middle)
        return np.where(first == last, np.where(first, high, low), b)

    def _accepted(self, s2wr: Floats, se: Floats) -> Floats:
        """The largest |d| that is accepted, for each s2_wR (rows) and standard error."""
        most = log_limit(self.rule, s2wr)[:, None] - self.t * se
        rows = np.flatnonzero(self._linear(s2wr))
        if rows.size:
            most[rows] = self._largest(s2wr[rows, None], se[rows])
        return np.minimum(most, UNSCALED - self.t * se) if self.rule.unscaled_too else most

    def _largest(self, s2wr: Floats, se: Floats) -> Floats:
        """The |d| at which the linearised criterion is 0."""
        y = self.rule.constant**2 * s2wr
        dy, half, square = y - self.shrunk * y, self.t * se, se * se
        size = np.sqrt(y - dy + square)
        for _ in range(_STEPS):
            rise = 2.0 * half * size + half * half + square  # C - E
            root = np.sqrt(rise * rise + dy * dy)
            step = (size * size - square - y + root) / (2.0 * size + 2.0 * half * rise / root)
            size = size - step
            if float(np.abs(step).max()) < _CLOSE:
                break
        return np.asarray(size)


def sds_alike(law: ScaledLaw, most: float, alpha: float, s2wr: Floats) -> Floats:
    """P(the upper limit of s_wT / s_wR is at most so much) given each s2_wR."""
    largest = most**2 * float(variance_ratio(law.dft, law.dfr, alpha)) * s2wr
    return np.asarray(chdtr(law.dft, law.dft * largest / law.s2wt))
