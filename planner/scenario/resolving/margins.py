"""Tests against margins, resolved: equivalence within two limits, non-inferiority and superiority by one."""

from __future__ import annotations

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import Contrast, weights
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.estimability import variance_factor, within_patients
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.secondary_outcomes import SecondaryOutcome
from planner.scenario.text import listed, printable
from planner.scenario.vocabulary import BINARY_MEASURES, MARGIN_TESTS, METHODS

Measured = Endpoint | SecondaryOutcome

USUAL_RATIOS = (0.8, 1.25)
"""Limits of equivalence of a log-normal endpoint where none are stated."""


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
    ratios, at = draft.gives_ratio(analysis), (*path, "limits")
    what, none, usual = ("effect", 1.0, "[0.8, 1.25]") if ratios else ("difference", 0.0, "[-m, m]")
    limits = analysis.limits or (USUAL_RATIOS if ratios else ())
    if not limits:
        unit = f"in {measured.unit}" if measured is not None and measured.unit else "in units of the outcome"
        message = "equivalence needs `limits`: which differences still count as none"
        draft.note((*path, "alternative"), message, f"limits = [-m, m], {unit}")
        return analysis
    if ratios and min(limits) <= 0.0:
        draft.note(at, "of a log-normal endpoint are ratios, above 0", f"limits = {usual}")
        return analysis
    if len(limits) == 1:
        (m,) = limits
        if m == none or (m < none and not ratios):
            message = f"is {m:g}: one number m stands for [-m, m], and is above 0"
            draft.note(at, "is 1: one number m stands for m and 1 / m" if ratios else message)
            return analysis
        limits = (min(m, 1.0 / m), max(m, 1.0 / m)) if ratios else (-m, m)
    low, high = limits
    if low >= high:
        message = f"are [{low:g}, {high:g}]: the lower limit comes first"
        draft.note(at, message, f"limits = [{high:g}, {low:g}]" if low > high else "")
    elif not low < none < high:
        message = f"from {low:g} to {high:g} do not have {none:g}, no {what}, between them"
        draft.note(at, message, f"limits = {usual}")
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
    inferior, ratios = analysis.alternative == "non-inferiority", draft.gives_ratio(analysis)
    what, none = ("ratio", 1.0) if ratios else ("difference", 0.0)
    order = "first over second" if ratios else "first minus second"
    if analysis.margin is None:
        meant = f"the {what} that {'would be too bad' if inferior else 'has to be exceeded'}, {order}"
        example = (0.8 if inferior else 1.25) if ratios else (-2.5 if inferior else 2.5)
        message = f"{analysis.alternative} needs `margin`: {meant}"
        draft.note((*path, "alternative"), message, f"margin = {example}, for instance")
        return
    at = (*path, "margin")
    if ratios and analysis.margin <= 0.0:
        draft.note(at, f"is {analysis.margin:g}: of a log-normal endpoint it is a ratio, above 0")
        return
    better = better_end(draft, analysis, measured)
    if better is None:
        return  # it is asked for elsewhere
    below = (better == "higher") == inferior  # the side of no effect on which the margin lies
    if analysis.margin == none:
        message = f"is {none:g}: that is a test of whether there is any {'effect' if ratios else what}"
        side = "above" if better == "higher" else "below"
        draft.note(at, message, f'alternative = "better" tells a {what} {side} {none:g} from none')
    elif (analysis.margin < none) != below:
        side = "below" if below else "above"
        message = (
            f"is {analysis.margin:g}: where {better} is better, that of {analysis.alternative} is {side}"
        )
        other = 1.0 / analysis.margin if ratios else -analysis.margin
        draft.note(at, f"{message} {none:g}", f"margin = {other:.6g}")


def resolve_pooled(
    draft: Draft, path: Path, analysis: PlannedAnalysis, design: Design, contrast: Contrast
) -> PlannedAnalysis:
    """The analysis with what `pooled` is; a fault where it cannot be done.

    None stands for `all`, but for the equivalence of ratios, where the default is `pair`.
    """
    row = analysis.row if analysis.method else None
    ratios = analysis.tests_equivalence and draft.gives_ratio(analysis)
    if analysis.pooled == "all":
        return analysis if ratios else analysis.model_copy(update={"pooled": None})
    if row is None:
        return analysis
    if row.pools:
        compared = weights(contrast)
        whole, alone = (
            within_patients(design.sequences, compared, analysis.carryover, only)[1]
            for only in (None, tuple(compared))
        )
        if analysis.pooled is None:
            of_two = alone and ratios and len(design.treatments) > 2
            return analysis.model_copy(update={"pooled": "pair"}) if of_two else analysis
        if whole and not alone:
            message = "nobody gets what is compared, and nothing else, in periods that can be told apart"
            draft.note((*path, "pooled"), message, 'pooled = "all"')
        return analysis
    if analysis.pooled is None:
        return analysis
    able = listed([name for name, each in METHODS.items() if each.pools], "or")
    message = f"{analysis.method} has no error of all treatments together, from which to leave some out"
    draft.note((*path, "pooled"), message, f'method = "{able}"; or leave it out')
    return analysis


def remark_on_constant(draft: Draft, analysis: PlannedAnalysis, design: Design, contrast: Contrast) -> None:
    """Patients who get one treatment in every period (Balaam) hardly help to tell an effect from margins."""
    alone = [s for s in design.sequences if len(s) > 1 and len(set(s)) == 1]
    row = analysis.row if analysis.method else None
    if not alone or not analysis.against_margins or row is None or row.needs != "estimable":
        return
    compared = weights(contrast)
    stated = design.sequences, design.allocation, compared, analysis.carryover, analysis.only
    factor = variance_factor(*stated)
    if factor is None:
        return
    times = float(factor) / sum(w * w for w in compared.values())
    sequences = listed([printable(" ".join(each)) for each in alone])
    draft.remarks.append(
        f"patients of {sequences} are given one treatment alone, and power is poor: the variance of the "
        f"comparison is {times:.3g} times that of an AB/BA trial of as many patients"
    )
