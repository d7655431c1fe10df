"""Limits that are scaled to how the reference varies, in words, with every number and what they imply."""

from __future__ import annotations

import math
from collections.abc import Callable

from planner.equivalence.regulators import linearised, widened_limits
from planner.model.scaled import adjusted_level, product_cvs
from planner.report.blocks import Block, Heading, Items
from planner.results.number_text import fixed, percent, plain
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.regulators import ANALYSES, METRICS, REGULATORS, SCALINGS, ScaledRule
from planner.scenario.scaling import Scaling
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed, printable


def scaling_blocks(scenario: Scenario) -> list[Block]:
    """The rule of each analysis that has one, whose it is, what is done otherwise, what the CVs imply."""
    blocks: list[Block] = []
    scaled = [each for each in scenario.analyses if each.scaling is not None]
    for analysis in scaled:
        assert analysis.scaling is not None
        of = f" of {printable(analysis.name)}" if len(scenario.analyses) > 1 else ""
        items = _sentences(scenario, analysis, analysis.scaling)
        blocks += [Heading(f"Limits{of}: scaled to how the reference varies"), Items(items)]
    return blocks


def _sentences(scenario: Scenario, analysis: PlannedAnalysis, scaling: Scaling) -> list[str]:
    rule, regulator = scaling.scaled_rule, REGULATORS[scaling.regulator]
    reference = printable(tuple(analysis.contrast)[1])
    alone = f" The limits of {METRICS[rule.metric]} alone are scaled so." if rule.metric else ""
    stands_in = f" {regulator.stands_in}." if regulator.stands_in else ""
    return [
        f"{SCALINGS[rule.rule].title} ({rule.rule}), by the rules of the {regulator.title} "
        f"({scaling.regulator}), analysis by {ANALYSES[rule.method]}.{alone}{stands_in} "
        f"{regulator.guidances[rule.rule]}.",
        *_RULES[rule.rule](rule, reference, analysis.alpha),
        *([_implied(scenario, analysis, rule, reference)] if rule.constant else []),
        *filter(None, [adjustment(scenario, analysis, scenario.design.patients)]),
    ]


def short_form(scaling: Scaling) -> str:
    """The rule in a few words: `limits scaled to how the reference varies (abel, ema)`."""
    return f"limits scaled to how the reference varies ({scaling.rule}, {scaling.regulator})"


def adjustment(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> str:
    """What `adjust_alpha` makes of alpha, and what that stands on; empty where it is not adjusted."""
    level = adjusted_level(scenario, analysis, patients)
    if level is None:
        return ""
    if level.alpha == analysis.alpha:
        return f"Alpha stays {plain(analysis.alpha)}, which holds the type I error ({level.hypothesis})."
    stands_on = f"assuming {listed(list(level.assumes))}" if level.assumes else "exact"
    return (
        f"Alpha is lowered to {plain(level.alpha, 5)} of each one-sided test, with which the type I error at "
        f"the widened limit of {printable(level.hypothesis)} is {percent(analysis.alpha)} with "
        f"{patients:,} patients ({stands_on})."
    )


def limits_text(low: float, high: float) -> str:
    """Limits as regulators write them: `69.84 to 143.19 %`."""
    return f"{fixed(100.0 * low, 2)} to {fixed(100.0 * high, 2)} %"


_USUAL = limits_text(0.8, 1.25)


def _switch(rule: ScaledRule, reference: str) -> str:
    """Where a trial's limits are scaled."""
    if rule.switch_s is not None:
        cv = math.sqrt(math.expm1(rule.switch_s**2))
        return (
            f"Where the SD of logarithms of {reference} within patients, s_wR, as the trial estimates it, is "
            f"{plain(rule.switch_s)} or more (CV {percent(cv, 4)})"
        )
    assert rule.switch_cv is not None
    return (
        f"Where the CV of {reference} within patients, as the trial estimates it, is above "
        f"{percent(rule.switch_cv)}"
    )


def _near(rule: ScaledRule) -> str:
    """Where the estimate must lie."""
    if rule.estimate_within is None:
        return ""
    return f" and the estimated ratio lies within {limits_text(*rule.estimate_within)}"


def _abel(rule: ScaledRule, reference: str, alpha: float) -> list[str]:
    wide = f"exp(-/+ {plain(rule.constant)} s_wR), s_wR being the SD of its logarithms"
    if math.isfinite(rule.cap_cv):
        widest = limits_text(*widened_limits(rule, math.nextafter(rule.cap_cv, math.inf)))
        fixed_ones = rule.switch_s is None and rule.cap_cv == rule.switch_cv
        wide = widest if fixed_ones else f"{wide}, and from a CV of {percent(rule.cap_cv, 5)} on {widest}"
    return [
        f"{_switch(rule, reference)}, the limits are {wide}; else {_USUAL}.",
        f"Equivalent: the interval of level {percent(1 - 2 * alpha)} lies within these limits{_near(rule)}.",
    ]


def _criterion(rule: ScaledRule, alpha: float) -> str:
    return (
        f"the upper {percent(1 - alpha)} confidence limit of (log ratio)^2 - ({plain(rule.constant)} s_wR)^2 "
        "is at most 0"
    )


def _rsabe(rule: ScaledRule, reference: str, alpha: float) -> list[str]:
    return [
        f"{_switch(rule, reference)}, equivalent means that {_criterion(rule, alpha)}{_near(rule)}.",
        f"Else equivalent means that the interval of level {percent(1 - 2 * alpha)} lies within {_USUAL}.",
    ]


def _ratio(rule: ScaledRule, alpha: float) -> str:
    assert rule.sd_ratio is not None
    return (
        f"the interval of level {percent(1 - 2 * alpha)} lies within {_USUAL}, and the upper "
        f"{percent(1 - alpha)} confidence limit of s_wT / s_wR, of the SDs of logarithms within patients, is "
        f"at most {plain(rule.sd_ratio)}"
    )


def _ntid(rule: ScaledRule, reference: str, alpha: float) -> list[str]:
    return [
        f"Limits narrow with s_wR, the SD of logarithms of {reference} within patients. Equivalent means "
        f"that {_criterion(rule, alpha)}, {_ratio(rule, alpha)}."
    ]


def _hvntid(rule: ScaledRule, reference: str, alpha: float) -> list[str]:
    return [f"Equivalent means that {_ratio(rule, alpha)}; R is {reference}."]


_RULES: dict[str, Callable[[ScaledRule, str, float], list[str]]] = {
    "abel": _abel,
    "rsabe": _rsabe,
    "ntid": _ntid,
    "hvntid": _hvntid,
}


def _implied(scenario: Scenario, analysis: PlannedAnalysis, rule: ScaledRule, reference: str) -> str:
    """The limits that the stated CV of the reference gives, under each hypothesis."""
    by_cv: dict[float, list[str]] = {}
    for name in scenario.simulated_hypotheses:
        _, cv = product_cvs(scenario.hypotheses[name], analysis)
        by_cv.setdefault(cv, []).append(printable(name))
    parts = []
    for cv, names in by_cv.items():
        limits = limits_text(*widened_limits(rule, cv))
        parts.append(f"{percent(cv)} ({listed(names)}): {limits}")
    what = "What this criterion stands for" if linearised(rule) else "Limits"
    return f"{what} at the stated CV of {reference}, {'; '.join(parts)}."
