"""The type I error of tests with scaled limits, and the alpha that holds it.

The limits depend on the estimated variability of the reference, so that a product at the edge of what the
true one allows passes more often than in alpha of the trials (Wonnemann M, Froemke C, Koch A. Pharm Res
2015;32:135-143). For widened limits alpha can be lowered until it does not (Labes D, Schuetz H. Pharm Res
2016;33:2805-2814), here by the exact power.
"""

from __future__ import annotations

import math

import numpy as np

from planner.equivalence.regulators import UNSCALED, ScaledRule, log_limit
from planner.equivalence.scaled import scaled_power
from planner.equivalence.scaled_laws import ScaledLaw
from planner.errors import RequestError
from planner.monitoring.numerics import zero

_LESS = 4.0  # by what alpha is divided until it is low enough
_TOLERANCE = 1e-10


def ratio_at_limit(rule: ScaledRule, s2wr: float) -> float:
    """The ratio of means at which the type I error is judged, if s2_wR is the true variance of the reference.

    The upper limit that it gives; of rsabe 1.25, beyond which no estimate may lie.
    """
    width = UNSCALED if rule.rule == "rsabe" else float(log_limit(rule, np.array([s2wr]))[0])
    return math.exp(width)


def scaled_type_one_error(law: ScaledLaw, rule: ScaledRule, alpha: float = 0.05) -> float:
    """P(bioequivalent) at `ratio_at_limit`. Errors: see scaled_power."""
    return scaled_power(law, rule, ratio_at_limit(rule, law.s2wr), alpha)


def adjusted_alpha(law: ScaledLaw, rule: ScaledRule, alpha: float = 0.05) -> float:
    """The largest alpha of each test, at most `alpha`, with a type I error of at most `alpha`.

    At the stated variability of the reference. Raises RequestError for a rule without widened limits.
    """
    if rule.rule != "abel":
        raise RequestError(f"alpha is adjusted for widened limits (abel), not for {rule.rule}")

    def excess(level: float) -> float:
        return scaled_type_one_error(law, rule, level) - alpha

    if excess(alpha) <= 0.0:
        return alpha
    high, low = alpha, alpha / _LESS
    while excess(low) > 0.0:
        high, low = low, low / _LESS
    return zero(excess, low, high, _TOLERANCE)
