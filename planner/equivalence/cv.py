"""Coefficients of variation of log-normal outcomes: from SDs of logs, from intervals, pooled, with limits.

    sigma^2 = ln(1 + CV^2),   CV = sqrt(exp(sigma^2) - 1)

sigma is the SD of natural logs within patients (of patients, in parallel groups). A published interval tells
it: its half width on logs is t sigma sqrt(C), with C and df of the design (see field_designs). An estimated
sigma^2 with df degrees of freedom has confidence limits sigma^2 df / chi-square_df, and estimates of several
studies are pooled with their df as weights.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import NamedTuple

from planner._special import chdtri, stdtrit
from planner.equivalence.field_designs import Cost
from planner.errors import RequestError

_LARGEST = math.log(sys.float_info.max)


class EstimatedCV(NamedTuple):
    """A coefficient of variation (0.3 is 30 %) and the degrees of freedom with which it was estimated."""

    cv: float
    df: float


class Interval(NamedTuple):
    """Limits, of a coefficient of variation or of a ratio."""

    low: float
    high: float


def sd_of_logs(cv: float) -> float:
    """The SD of logs; raises RequestError for a CV that is not above 0."""
    if not (cv > 0.0 and cv * cv < math.inf):
        raise RequestError(f"a CV is {cv:g}, but must be above 0", "0.3 stands for 30 %")
    return math.sqrt(math.log1p(cv * cv))


def cv_of_logs(sd: float) -> float:
    """The CV of an outcome whose logs have this SD; raises RequestError where it is beyond all numbers."""
    if not sd * sd < _LARGEST:
        raise RequestError(
            f"an SD of logs of {sd:.3g} is too large for a CV",
            "a lower confidence, or a study of more patients",
        )
    return math.sqrt(math.expm1(sd * sd))


def cv_from_interval(low: float, high: float, cost: Cost, level: float = 0.9) -> EstimatedCV:
    """The CV behind a confidence interval of a ratio of geometric means, of confidence `level`.

    `cost`: C and df of the study. Raises RequestError for limits that are not positive and in order, a
    level that is no probability, and a study without a degree of freedom.
    """
    if not 0.0 < low < high < math.inf:
        wrong = "are not above 0" if min(low, high) <= 0.0 else "are not in order"
        raise RequestError(
            f"the limits {low:g} and {high:g} of a ratio {wrong}", "for instance 0.91 and 1.15"
        )
    sd = math.log(high / low) / 2.0 / (_quantile(cost, level) * math.sqrt(cost.factor))
    return EstimatedCV(cv_of_logs(sd), float(cost.df))


def interval_from_cv(ratio: float, cv: float, cost: Cost, level: float = 0.9) -> Interval:
    """The confidence interval that a study of this cost gives where it finds this ratio and CV.

    Raises RequestError like `cv_from_interval`.
    """
    if not 0.0 < ratio < math.inf:
        raise RequestError(f"a ratio is {ratio:g}, but must be above 0")
    half = _quantile(cost, level) * sd_of_logs(cv) * math.sqrt(cost.factor)
    return Interval(ratio * math.exp(-half), ratio * math.exp(half))


def pooled_cv(estimates: Sequence[EstimatedCV]) -> EstimatedCV:
    """The CV of the mean of the variances of logs, weighted by their df; their df in all."""
    df = sum(each.df for each in estimates)
    return EstimatedCV(
        cv_of_logs(math.sqrt(sum(each.df * sd_of_logs(each.cv) ** 2 for each in estimates) / df)), df
    )


def upper_limit(estimate: EstimatedCV, confidence: float = 0.8) -> float:
    """The CV that the true one does not exceed with this confidence (one-sided)."""
    return _limit(estimate, _probability(confidence))


def confidence_limits(estimate: EstimatedCV, confidence: float = 0.95) -> Interval:
    """Two-sided confidence limits of the CV, as much left out on each side."""
    tail = (1.0 - _probability(confidence)) / 2.0
    return Interval(_limit(estimate, tail), _limit(estimate, 1.0 - tail))


def by_treatment(cv: float, ratio: float) -> tuple[float, float]:
    """The CVs of two treatments, given equally often, from the pooled one and the ratio of their variances.

    `ratio`: variance of logs of the first over that of the second.
    """
    if not 0.0 < ratio < math.inf:
        raise RequestError(f"a ratio of variances is {ratio:g}, but must be above 0")
    second = 2.0 * sd_of_logs(cv) ** 2 / (1.0 + ratio)
    return cv_of_logs(math.sqrt(ratio * second)), cv_of_logs(math.sqrt(second))


def _limit(estimate: EstimatedCV, probability: float) -> float:
    """The CV that the true one stays below with this probability: df / the lower tail of chi-square."""
    sd, df = sd_of_logs(estimate.cv), estimate.df
    return cv_of_logs(sd * math.sqrt(df / float(chdtri(df, probability))))


def _quantile(cost: Cost, level: float) -> float:
    if not float(cost.df) >= 1.0:
        raise RequestError("too few patients: at least one degree of freedom is needed")
    return -float(stdtrit(float(cost.df), (1.0 - _probability(level)) / 2.0))


def _probability(value: float) -> float:
    if not 0.0 < value < 1.0:
        raise RequestError(f"a confidence is {value:g}, but must lie above 0 and below 1", "0.8 is 80 %")
    return value
