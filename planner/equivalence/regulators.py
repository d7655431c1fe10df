"""What each regulator asks of a bioequivalence trial that gives the reference twice: one row a rule.

Of highly variable drugs (abel, rsabe) the limits widen with the within-patient SD of the reference, s_wR; of
drugs with a narrow therapeutic index (ntid) they narrow with it. All is on natural logs: s2_wR is a variance
of logs, W the log of the upper limit; the lower limit is its reciprocal. To add a regulator: one row of
SCALED_RULES.

EMA: Guideline on the investigation of bioequivalence (CPMP/EWP/QWP/1401/98 Rev. 1, 2010), 4.1.10; method A:
its questions and answers (EMA/582648/2016). Health Canada: Comparative bioavailability standards (2018),
2.1.1.8. GCC: Guidelines for bioequivalence (2016). FDA: draft guidances on progesterone (2011; rsabe),
warfarin sodium (2012; ntid) and rivaroxaban (2015; hvntid). China: NMPA technical guidances on highly
variable drugs (2018) and on drugs with a narrow therapeutic index (2021).
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.equivalence.panels import Floats
from planner.errors import UnknownNameError

RuleName = Literal["abel", "rsabe", "ntid", "hvntid"]
Method = Literal["least squares", "own contrasts"]

UNSCALED = math.log(1.25)
"""The log of the usual upper limit, 125 %."""


class ScaledRule(NamedTuple):
    """A rule whose limits depend on the variability of the reference, in plain numbers.

    Where both are given, `switch_s` wins over `switch_cv`; where neither is, nothing is scaled.
    """

    rule: RuleName
    method: Method  # the analysis that gives the estimate, its SE and s_wR
    switch_cv: float | None = None  # CV of the reference above which limits are scaled
    switch_s: float | None = None  # or SD of its logs, at or above which they are
    constant: float = 0.0  # W over s_wR; 0 where nothing is scaled
    cap_cv: float = math.inf  # CV above which limits widen no further
    estimate_within: tuple[float, float] | None = None  # where the ratio itself must lie
    unscaled_too: bool = False  # whether the interval must also lie within the usual limits
    sd_ratio: float | None = None  # most that the upper limit of s_wT / s_wR may be
    metric: Literal["auc", "cmax"] | None = None  # the only one for which the regulator scales


_USUAL = (0.80, 1.25)
_EMA = ScaledRule(
    "abel",
    "least squares",
    switch_cv=0.30,
    constant=0.76,
    cap_cv=0.50,  # 69.84 to 143.19 %
    estimate_within=_USUAL,
    metric="cmax",
)
_HC = _EMA._replace(method="own contrasts", cap_cv=0.57382, metric="auc")  # to 66.7 to 150.0 %
_GCC = _EMA._replace(constant=math.log(4 / 3) / math.sqrt(math.log1p(0.30**2)), cap_cv=0.30, metric=None)
_RSABE = ScaledRule(
    "rsabe", "own contrasts", switch_s=0.294, constant=UNSCALED / 0.25, estimate_within=_USUAL
)
_HVNTID = ScaledRule("hvntid", "own contrasts", unscaled_too=True, sd_ratio=2.5)
_NTID = _HVNTID._replace(rule="ntid", switch_s=0.0, constant=-math.log(0.9) / 0.1)

SCALED_RULES: dict[str, dict[str, ScaledRule]] = {
    "ema": {"abel": _EMA},
    "hc": {"abel": _HC},
    "gcc": {"abel": _GCC},
    "fda": {"rsabe": _RSABE, "ntid": _NTID, "hvntid": _HVNTID},
    "china": {"rsabe": _RSABE, "ntid": _NTID},
}
"""The rules of a regulator by their names; the first is the one for highly variable drugs."""


def scaled_rule(
    regulator: str,
    rule: str | None = None,
    *,
    switch_cv: float | None = None,
    switch_s: float | None = None,
    constant: float | None = None,
    cap_cv: float | None = None,
    estimate_within: tuple[float, float] | None = None,
) -> ScaledRule:
    """The rule of a regulator, its first unless named; what else is given replaces the regulator's number.

    Raises UnknownNameError for a regulator or rule that is not in SCALED_RULES.
    """
    rules = SCALED_RULES.get(regulator)
    if rules is None:
        raise UnknownNameError(f"no regulator {regulator}: {', '.join(SCALED_RULES)}")
    name = next(iter(rules)) if rule is None else rule
    if name not in rules:
        raise UnknownNameError(f"{regulator} has no rule {name}: {', '.join(rules)}")
    row = rules[name]
    if switch_cv is not None or switch_s is not None:
        row = row._replace(switch_cv=switch_cv, switch_s=switch_s)
    row = row if constant is None else row._replace(constant=constant)
    row = row if cap_cv is None else row._replace(cap_cv=cap_cv)
    return row if estimate_within is None else row._replace(estimate_within=estimate_within)


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
