"""Tests against margins, resolved: equivalence within two limits, non-inferiority and superiority by one."""

from __future__ import annotations

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import Contrast, weights
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.estimability import within_patients
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.secondary_outcomes import SecondaryOutcome
from planner.scenario.text import listed
from planner.scenario.vocabulary import BINARY_MEASURES, MARGIN_TESTS, METHODS

Measured = Endpoint | SecondaryOutcome


def resolve_margins(
    draft: Draft, path: Path, analysis: PlannedAnalysis, measured: Measured | None
) -> PlannedAnalysis:
    """The analysis with both limits and its level; a fault where it lacks a margin, or has one in vain."""
    _check_unused(draft, path, analysis)
    if not analysis.against_margins:
        return analysis
    _check_method(draft, path, analysis)
    if draft.written((*path, "alpha")) is None:
        analysis = analysis.model_copy(update={"alpha": MARGIN_TESTS[analysis.alternative].alpha})
    if analysis.tests_equivalence:
        return _with_limits(draft, path, analysis, measured)
    _check_margin(draft, path, analysis, measured)
    return analysis


def _check_unused(draft: Draft, path: Path, analysis: PlannedAnalysis) -> None:
    """Limits belong to equivalence, a margin to the tests against one."""
    row = MARGIN_TESTS.get(analysis.alternative)
    examples = {"limits": "limits = [low, high]", "margin": "margin = ..."}
    for key, value in (("limits", analysis.limits), ("margin", analysis.margin)):
        if value in ((), None) or (row is not None and row.takes == key):
            continue
        usual = next(name for name, each in MARGIN_TESTS.items() if each.takes == key)
        hint = f'alternative = "{usual}"'
        if row is not None:
            hint = f"{examples[row.takes]}; or {hint}"
        draft.note((*path, key), f"is not used by alternative = {analysis.alternative}", hint, at_key=True)


def _check_method(draft: Draft, path: Path, analysis: PlannedAnalysis) -> None:
    """An estimate, its standard error and degrees of freedom are needed."""
    row = analysis.row if analysis.method else None
    if row is None:
        return
    by_p = analysis.own is not None and analysis.own.info.reference == "exact-p"
    if row.binary or by_p:
        tells = "answers with a p value alone" if by_p else "is a test of responses"
        able = listed([name for name, each in METHODS.items() if not each.binary][:3], "or")
        message = f"{analysis.alternative} is not available for {analysis.method}, which {tells}"
        draft.note((*path, "alternative"), message, f"a t test of scores, such as {able}")


def _with_limits(
    draft: Draft, path: Path, analysis: PlannedAnalysis, measured: Measured | None
) -> PlannedAnalysis:
    """The lowest and the highest effect that still counts as none."""
    if not analysis.limits:
        unit = f" {measured.unit}" if measured is not None else ""
        message = "equivalence needs `limits`: which differences still count as none"
        draft.note((*path, "alternative"), message, f"limits = [-m, m], in{unit or ' units of the outcome'}")
        return analysis
    limits = analysis.limits
    if len(limits) == 1:
        (m,) = limits
        if m <= 0.0:
            draft.note((*path, "limits"), f"is {m:g}: one number m stands for [-m, m], and is above 0")
            return analysis
        limits = (-m, m)
    low, high = limits
    if low >= high:
        message = f"are [{low:g}, {high:g}]: the lower limit comes first"
        draft.note((*path, "limits"), message, f"limits = [{high:g}, {low:g}]" if low > high else "")
    elif not low < 0.0 < high:
        message = f"from {low:g} to {high:g} do not have 0, no difference, between them"
        draft.note((*path, "limits"), message, "limits = [-m, m]")
    return analysis.model_copy(update={"limits": limits})


def better_end(draft: Draft, analysis: PlannedAnalysis, measured: Measured | None) -> str | None:
    """Whether `lower` or `higher` is better: more responders are, and lower scores under mechanisms."""
    if analysis.measure in BINARY_MEASURES:
        return "higher"
    stated = None if measured is None else measured.scale.better
    of_families = [each.settings.better for each in draft.families if each.settings.better]
    return stated or (of_families[0] if of_families and not analysis.outcome else None)


def _check_margin(draft: Draft, path: Path, analysis: PlannedAnalysis, measured: Measured | None) -> None:
    """One margin, on the side that the alternative means."""
    inferior = analysis.alternative == "non-inferiority"
    meant = "the difference that would be too bad" if inferior else "the difference that has to be exceeded"
    if analysis.margin is None:
        message = f"{analysis.alternative} needs `margin`: {meant}, first minus second"
        draft.note((*path, "alternative"), message, f"margin = {-2.5 if inferior else 2.5}, for instance")
        return
    better = better_end(draft, analysis, measured)
    if better is None:
        return  # it is asked for elsewhere
    higher = better == "higher"
    below = higher == inferior  # the side of 0 on which the margin lies
    if analysis.margin == 0.0:
        side = ("above" if higher else "below") + " 0"
        message = "is 0: that is a test of whether there is any difference"
        draft.note((*path, "margin"), message, f'alternative = "better" tells a difference {side} from none')
    elif (analysis.margin < 0.0) != below:
        side = "below" if below else "above"
        message = (
            f"is {analysis.margin:g}: where {better} is better, that of {analysis.alternative} is {side} 0"
        )
        draft.note((*path, "margin"), message, f"margin = {-analysis.margin:g}")


def resolve_pooled(
    draft: Draft, path: Path, analysis: PlannedAnalysis, design: Design, contrast: Contrast
) -> PlannedAnalysis:
    """The analysis without `pooled` where it says what is done anyway; a fault where it cannot be done."""
    row = analysis.row if analysis.method else None
    if analysis.pooled == "all":
        return analysis.model_copy(update={"pooled": None})
    if analysis.pooled is None or row is None:
        return analysis
    if row.pools:
        compared = weights(contrast)
        whole, alone = (
            within_patients(design.sequences, compared, analysis.carryover, only)[1]
            for only in (None, tuple(compared))
        )
        if whole and not alone:
            message = "nobody gets what is compared, and nothing else, in periods that can be told apart"
            draft.note((*path, "pooled"), message, 'pooled = "all"')
        return analysis
    able = listed([name for name, each in METHODS.items() if each.pools], "or")
    message = f"{analysis.method} has no error of all treatments together, from which to leave some out"
    draft.note((*path, "pooled"), message, f'method = "{able}"; or leave it out')
    return analysis
