"""The p value of a statistic as the analyses answer: with its degrees of freedom, by its reference.

What a trial is decided by are limits (monitoring.references); the p value is the same in a form that readers
know, to be compared with the nominal significance level of a look.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import bdtr, bdtrc, ndtr, stdtr


def p_value(reference: str, statistic: float, df: float, direction: str) -> float | None:
    """P value of an analysis; None where the data do not determine the test (df 0).

    reference: a key of monitoring.references.REFERENCES. direction: two-sided, greater or less. A two-sided p
    is twice the smaller tail, at most 1.
    """
    if df <= 0 or math.isnan(statistic):
        return None
    upper, lower = _TAILS[reference](statistic, df)
    if direction == "greater":
        return upper
    return lower if direction == "less" else min(1.0, 2.0 * min(upper, lower))


def _student(t: float, df: float) -> tuple[float, float]:
    if math.isinf(df) or math.isinf(t):
        return float(ndtr(-t)), float(ndtr(t))
    return float(stdtr(df, -t)), float(stdtr(df, t))


def _normal(z: float, df: float) -> tuple[float, float]:
    return float(ndtr(-z)), float(ndtr(z))


def _binomial(at: float) -> Callable[[float, float], tuple[float, float]]:
    """Tails of b given b + c, from T = b - c and DF = 1 + b + c; `at` is the weight of P(X = b)."""

    def tails(difference: float, df: float) -> tuple[float, float]:
        m = round(df) - 1
        if m == 0:  # nobody responds to one treatment only: no evidence either way
            return 1.0, 1.0
        b = round((m + difference) / 2)
        above = float(bdtrc(b, m, 0.5)) if b < m else 0.0
        below = float(bdtr(b - 1, m, 0.5)) if b > 0 else 0.0
        equal = float(bdtr(b, m, 0.5)) - below if below < above else float(bdtrc(b - 1, m, 0.5)) - above
        if b == 0:
            equal = 0.5**m
        return above + at * equal, below + at * equal

    return tails


def _reciprocal(t: float, df: float) -> tuple[float, float]:
    """T is 1 over the p value of its side, 2 over a two-sided one: see planner.kernels.analyse.exact."""
    return (1.0 / t, 1.0) if t > 0.0 else (1.0, -1.0 / t)


_TAILS: dict[str, Callable[[float, float], tuple[float, float]]] = {
    "t": _student,
    "fractional-t": _student,
    "exact-p": _reciprocal,
    "normal": _normal,
    "binomial": _binomial(1.0),
    "binomial-mid": _binomial(0.5),
}
