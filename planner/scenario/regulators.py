"""What each regulator asks of a bioequivalence trial that gives the reference twice: one row a rule.

Of highly variable drugs (abel, rsabe) the limits widen with the within-patient SD of the reference, s_wR; of
drugs with a narrow therapeutic index (ntid) they narrow with it. All is on natural logs. To add a regulator:
one row of SCALED_RULES. What the rules make of numbers: planner.equivalence.regulators.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from planner.errors import UnknownNameError

RuleName = Literal["abel", "rsabe", "ntid", "hvntid"]
Method = Literal["least squares", "own contrasts"]


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
    "rsabe", "own contrasts", switch_s=0.294, constant=math.log(1.25) / 0.25, estimate_within=_USUAL
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


class NamedScaling(NamedTuple):
    """A rule by its name: which of its numbers can be others than the regulator's, and what it does."""

    title: str
    explanation: str  # paragraphs; an indented one is a formula
    numbers: tuple[str, ...] = ()


_SWR = (
    "s_wR is the SD of the logarithms of the reference within patients, as the trial itself estimates it "
    "from those who get it twice; CV_wR = sqrt(exp(s_wR^2) - 1)."
)
_ERROR = (
    "The limits follow the estimated variability, so that the test does not hold its level: of products at "
    "the edge of what the true variability allows more than alpha of the trials pass, most where it is just "
    "at the switch."
)

SCALINGS: dict[str, NamedScaling] = {
    "abel": NamedScaling(
        "Average bioequivalence with expanding limits",
        f"""Limits of highly variable drugs widen. {_SWR} With an estimate d of the log ratio, its standard
error se and df degrees of freedom the trial shows bioequivalence where

    |d| + t se <= W   and   d within estimate_within,   t: upper alpha quantile with df
    W = ln 1.25                        if CV_wR <= switch_cv
    W = constant min(s_wR, s_cap)      else,   s_cap = sqrt(ln(1 + cap_cv^2))

{_ERROR} adjust_alpha = true lowers alpha until the type I error at W of the stated variability is alpha.""",
        ("switch_cv", "switch_s", "constant", "cap_cv", "estimate_within"),
    ),
    "rsabe": NamedScaling(
        "Reference-scaled average bioequivalence",
        f"""{_SWR} Below switch_s the trial shows bioequivalence where the interval of level 1 - 2 alpha lies
within 0.8 to 1.25. At switch_s and above, with an estimate d of the log ratio, its standard error se with df
degrees of freedom and df_R those of s_wR, where

    E - y + sqrt((C - E)^2 + (b y - y)^2) <= 0   and   d within estimate_within
    E = d^2 - se^2,   C = (|d| + t se)^2,   t: upper alpha quantile with df
    y = constant^2 s_wR^2,   b = df_R / (upper alpha quantile of chi-square with df_R)

which is an upper 1 - alpha confidence limit of (log ratio)^2 - (constant s_wR)^2. {_ERROR}""",
        ("switch_cv", "switch_s", "constant", "estimate_within"),
    ),
    "ntid": NamedScaling(
        "Bioequivalence of drugs with a narrow therapeutic index",
        f"""Limits narrow with the variability of the reference. {_SWR} The trial shows bioequivalence where
the criterion of rsabe holds at every s_wR, the interval of level 1 - 2 alpha lies within 0.8 to 1.25, and the
upper limit of s_wT / s_wR, the SDs of test product and reference, is small:

    sqrt(s_wT^2 / s_wR^2 / F) <= 2.5,   F: lower alpha quantile with df_T and df_R

Both products have to be given twice.""",
        ("constant",),
    ),
    "hvntid": NamedScaling(
        "Bioequivalence of highly variable drugs with a narrow therapeutic index",
        """Nothing is scaled: the trial shows bioequivalence where the interval of level 1 - 2 alpha lies
within 0.8 to 1.25 and the upper limit of s_wT / s_wR is at most 2.5, as in ntid. Both products have to be
given twice.""",
    ),
    "none": NamedScaling(
        "Average bioequivalence with the usual limits, 0.8 to 1.25",
        "The interval of level 1 - 2 alpha lies within 0.8 to 1.25: alternative = equivalence of ratios.",
    ),
}
"""The rules that `scaling` of an analysis may name."""

ANALYSES: dict[Method, str] = {"least squares": "method A", "own contrasts": "intra-subject contrasts"}
"""What regulators call the analyses of their rules."""

METRICS = {"auc": "AUC", "cmax": "Cmax"}
"""What of a concentration over time an endpoint can be."""


class NamedRegulator(NamedTuple):
    """A regulator by its name."""

    title: str
    guidances: dict[str, str]  # by rule: where it stands
    fewest: int = 12  # evaluable patients that it asks of a trial whose limits are scaled
    stands_in: str = ""  # what it asks for that is done otherwise here


_FDA = (
    "FDA. Draft guidance for industry: Bioequivalence studies with pharmacokinetic endpoints for drugs "
    "submitted under an ANDA, August 2021"
)

REGULATORS: dict[str, NamedRegulator] = {
    "ema": NamedRegulator(
        "European Medicines Agency",
        {
            "abel": "EMA. Guideline on the investigation of bioequivalence, CPMP/EWP/QWP/1401/98 Rev. 1, "
            "2010, 4.1.10; method A: EMA/582648/2016, Annex I"
        },
    ),
    "hc": NamedRegulator(
        "Health Canada",
        {
            "abel": "Health Canada. Comparative bioavailability standards: formulations used for systemic "
            "effects, 2018, 2.1.1.8"
        },
        stands_in="Health Canada asks for a mixed model, for which intra-subject contrasts stand in",
    ),
    "gcc": NamedRegulator(
        "Gulf Cooperation Council",
        {"abel": "The GCC guidelines for bioequivalence, versions 2.4 (2016) to 3.0 (2021)"},
    ),
    "fda": NamedRegulator(
        "US Food and Drug Administration",
        {
            "rsabe": f"{_FDA}; draft guidance on progesterone",
            "ntid": f"{_FDA}; draft guidance on warfarin sodium, December 2012",
            "hvntid": "FDA. Draft guidance on rivaroxaban, September 2015",
        },
        fewest=24,
    ),
    "china": NamedRegulator(
        "National Medical Products Administration of China",
        dict.fromkeys(
            SCALED_RULES["china"], "Center for Drug Evaluation of China, which asks for what the FDA asks"
        ),
        fewest=24,
    ),
}
"""The regulators of SCALED_RULES. Dates stand where a source for them was at hand."""


def regulators_with(rule: str) -> list[str]:
    """The regulators that have a rule; the first one is taken where none is named."""
    return [regulator for regulator, rules in SCALED_RULES.items() if rule in rules]


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

    >>> import planner
    >>> ema = planner.scaled_rule("ema")
    >>> ema.rule, ema.switch_cv, ema.constant, ema.cap_cv
    ('abel', 0.3, 0.76, 0.5)
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
