"""Natural logarithms, and coefficients of variation of what is normal on their scale.

Rounded correctly from 34 digits, and so the same to the last bit on every machine; the functions of a C
library are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache

from planner.scenario.contrasts import exact_weight

_DIGITS = Context(prec=34)
_NIL = Fraction(1, 10**28)  # what is left of logarithms that cancel


@lru_cache(maxsize=4096)
def _ln(x: float) -> Decimal:
    return _DIGITS.ln(Decimal(repr(x)))


def ln(x: float) -> float:
    """The natural logarithm of a number above 0."""
    return float(_ln(float(x)))


def sd_of_logs(cv: float) -> float:
    """The SD of logarithms that gives a CV (0.3 is 30 %): sqrt(ln(1 + CV^2))."""
    square = _DIGITS.multiply(Decimal(repr(float(cv))), Decimal(repr(float(cv))))
    return float(_DIGITS.sqrt(_DIGITS.ln(_DIGITS.add(1, square))))


def cv_of(sd: float) -> float:
    """The CV of what has logarithms of this SD: sqrt(exp(SD^2) - 1)."""
    square = _DIGITS.multiply(Decimal(repr(float(sd))), Decimal(repr(float(sd))))
    return float(_DIGITS.sqrt(_DIGITS.subtract(_DIGITS.exp(square), 1)))


def log_contrast(weights: Mapping[str, float], means: Mapping[str, float]) -> float:
    """The weighted sum of the logarithms of means above 0; exactly 0 where they cancel."""
    total = sum((exact_weight(w) * Fraction(_ln(float(means[a]))) for a, w in weights.items()), Fraction(0))
    return 0.0 if abs(total) < _NIL else float(total)
