"""The exact power of bioequivalence tests whose limits are scaled to the variability of the reference.

Exact for complete trials of which the law is known (planner.equivalence.scaled_laws): method A with both
products equally variable; contrasts within patients of 2x2x4, 2x3x3 and, with equal CVs, 2x2x3 designs.
PowerTOST 1.5-7, which simulates statistics, agrees for contrasts; for method A it draws from an approximation
that is up to .005 away (2x3x3).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from planner._special import betainc, chdtr, chdtri, ndtr
from planner.equivalence.regulators import UNSCALED, ScaledRule, log_limit, switch_variance
from planner.equivalence.scaled_decisions import variance_ratio
from planner.equivalence.scaled_laws import ScaledLaw
from planner.equivalence.scaled_quadrature import Acceptance, mean_over_variances
from planner.equivalence.tost import tost_power
from planner.errors import RequestError

QUANTILES = (0.05, 0.50, 0.95)
"""Of the upper limit, which are shown."""


class ScaledPower(NamedTuple):
    """Probabilities of bioequivalence and of what it consists of; None: the rule does not ask for it."""

    equivalent: float
    criterion: float | None  # the scaled test, without what is asked besides; unscaled below the switch
    estimate: float | None  # the estimate lies where it must
    unscaled: float  # the interval lies within 80 to 125 %
    sd_ratio: float | None  # s_wT is shown not to be much larger than s_wR
    scaled: float  # s_wR is beyond the switch
    mean_limit: float  # of the upper limit, as a ratio; of rsabe and ntid: that their criterion stands for
    limit_quantiles: tuple[float, ...]  # likewise, at QUANTILES


def scaled_power(law: ScaledLaw, rule: ScaledRule, ratio: float, alpha: float = 0.05) -> float:
    """P(bioequivalent) if the true ratio of geometric means, T over R, is `ratio`.

    `alpha`: of each one-sided test. Absolute error below 1e-9. Raises RequestError if alpha does not lie
    between 0 and .5, the ratio is not above 0, or SDs are compared and the law has none of T.

    EMA's limits, 24 patients in a full replicate design:

    >>> import planner
    >>> ema, sequences = planner.scaled_rule("ema"), ["TRTR", "RTRT"]
    >>> law = planner.scaled_law(ema.method, sequences, [12, 12], 0.45, 0.45)
    >>> round(planner.scaled_power(law, ema, ratio=0.95), 4)
    0.8881
    """
    if not 0.0 < alpha < 0.5:
        raise RequestError(f"alpha is {alpha:g}, but must lie above 0 and below 0.5")
    if not 0.0 < ratio < math.inf:
        raise RequestError(f"the ratio of means is {ratio:g}, but must lie above 0")
    if rule.sd_ratio is not None and law.dft < 1:
        raise RequestError(f"{rule.rule} compares SDs: no two patients of one sequence get T twice")
    power = mean_over_variances(Acceptance(law, rule, math.log(ratio), alpha), law, rule)
    return min(max(power, 0.0), 1.0)


def scaled_power_parts(law: ScaledLaw, rule: ScaledRule, ratio: float, alpha: float = 0.05) -> ScaledPower:
    """The same, and the probability of each part of the rule by itself; see scaled_power."""
    equivalent = scaled_power(law, rule, ratio, alpha)
    criterion = estimate = sd_ratio = None
    effect, sd = math.log(ratio), math.sqrt(law.c * law.variance)
    if rule.constant > 0.0:
        alone = rule._replace(estimate_within=None, unscaled_too=False, sd_ratio=None)
        criterion = equivalent if alone == rule else scaled_power(law, alone, ratio, alpha)
    if rule.estimate_within is not None:
        lower, upper = (math.log(each) for each in rule.estimate_within)
        estimate = float(ndtr((upper - effect) / sd) - ndtr((lower - effect) / sd))
    if rule.sd_ratio is not None:
        f = law.dft * rule.sd_ratio**2 * float(variance_ratio(law.dft, law.dfr, alpha)) * law.s2wr / law.s2wt
        sd_ratio = float(betainc(law.dft / 2, law.dfr / 2, f / (f + law.dfr)))
    variances = law.s2wr * chdtri(law.dfr, 1.0 - np.array(QUANTILES)) / law.dfr
    return ScaledPower(
        equivalent=equivalent,
        criterion=criterion,
        estimate=estimate,
        unscaled=float(tost_power(-UNSCALED, UNSCALED, effect, sd, law.df, alpha)),
        sd_ratio=sd_ratio,
        scaled=1.0 - float(chdtr(law.dfr, switch_variance(rule)[0] / law.s2wr * law.dfr)),
        mean_limit=mean_over_variances(lambda s2wr: np.exp(log_limit(rule, s2wr)), law, rule),
        limit_quantiles=tuple(float(each) for each in np.exp(log_limit(rule, variances))),
    )
