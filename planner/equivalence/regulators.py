"""What rules with scaled limits make of the within-patient variability of the reference.

The rules and their regulators are rows of planner.scenario.regulators. All is on natural logs: s2_wR is a
variance of logs, W the log of the upper limit; the lower limit is its reciprocal.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from planner.equivalence.panels import Floats
from planner.scenario.regulators import SCALED_RULES, Method, RuleName, ScaledRule, scaled_rule

__all__ = [
    "SCALED_RULES",
    "UNSCALED",
    "Method",
    "RuleName",
    "ScaledRule",
    "is_scaled",
    "linearised",
    "log_limit",
    "needs_near_estimate",
    "scaled_rule",
    "switch_variance",
    "widened_limits",
]

UNSCALED = math.log(1.25)
"""The log of the usual upper limit, 125 %."""


def switch_variance(rule: ScaledRule) -> tuple[float, bool]:
    """The s2_wR from which limits are scaled, and whether they are at this one."""
    if rule.switch_s is not None:
        return rule.switch_s**2, True
    return (math.inf if rule.switch_cv is None else math.log1p(rule.switch_cv**2)), False


def is_scaled(rule: ScaledRule, s2wr: Floats) -> NDArray[np.bool_]:
    """Whether limits are scaled, for each s2_wR."""
    switch, at = switch_variance(rule)
    return np.asarray(s2wr >= switch if at else s2wr > switch)


def linearised(rule: ScaledRule) -> bool:
    """Whether a trial whose limits are scaled is judged by a linearised criterion, not by its interval."""
    return rule.rule in ("rsabe", "ntid")


def needs_near_estimate(rule: ScaledRule, s2wr: Floats) -> NDArray[np.bool_]:
    """Whether the estimate must lie within `estimate_within`: of rsabe only where limits are scaled."""
    return is_scaled(rule, s2wr) | (not linearised(rule))


def log_limit(rule: ScaledRule, s2wr: Floats) -> Floats:
    """W, the log of the upper limit, for each s2_wR.

    Of rsabe and ntid, which compare no interval with it, it is the limit that their criterion stands for.
    """
    width = rule.constant * np.sqrt(np.minimum(s2wr, math.log1p(rule.cap_cv**2)))
    width = np.where(is_scaled(rule, s2wr), width, UNSCALED)
    return np.minimum(width, UNSCALED) if rule.unscaled_too else width


def widened_limits(rule: ScaledRule, cv_wr: float) -> tuple[float, float]:
    """The lower and upper limit, as ratios, at a within-patient CV of the reference (.35 is 35 %).

    >>> "%.4f %.4f" % widened_limits(scaled_rule("ema"), 0.50)
    '0.6984 1.4319'
    """
    width = float(log_limit(rule, np.array([math.log1p(cv_wr**2)]))[0])
    return math.exp(-width), math.exp(width)
