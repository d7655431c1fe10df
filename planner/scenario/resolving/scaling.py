"""Limits that depend on how the reference varies, resolved: rule, regulator, every number, the method."""

from __future__ import annotations

from collections.abc import Mapping

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import Contrast, weights
from planner.scenario.design import Design
from planner.scenario.endpoint import Endpoint
from planner.scenario.estimability import sequence_shares
from planner.scenario.faults import Path
from planner.scenario.regulators import (
    ANALYSES,
    METRICS,
    REGULATORS,
    SCALED_RULES,
    SCALINGS,
    ScaledRule,
    regulators_with,
    scaled_rule,
)
from planner.scenario.resolving.draft import Draft
from planner.scenario.resolving.margins import USUAL_RATIOS
from planner.scenario.scaling import Scaling
from planner.scenario.text import listed, printable
from planner.scenario.vocabulary import METHODS

_NUMBERS = ("switch_cv", "switch_s", "constant", "cap_cv", "estimate_within")
_WITH_REFERENCE_TWICE = '"2x2x4", "2x2x3" or "2x3x3"'
_WITH_BOTH_TWICE = '"2x2x4" or "2x2x3"'


def resolve_scaling(
    draft: Draft,
    path: Path,
    analysis: PlannedAnalysis,
    design: Design,
    endpoint: Endpoint | None,
    contrast: Contrast,
) -> PlannedAnalysis:
    """The analysis with every number of its rule, and with what the rule implies; faults where it cannot be.

    `rule = "none"` leaves no scaling. What is implied: the alternative, the limits and the method.
    """
    stated = analysis.scaling
    if stated is None:
        return analysis
    at: Path = (*path, "scaling")
    if endpoint is not None and not draft.gives_ratio(analysis):
        what = printable(analysis.outcome) if analysis.outcome else "this endpoint"
        message = f"is of ratios, of a log-normal endpoint; {what} is compared by a difference"
        draft.note(at, message, 'under [endpoint]: distribution = "log-normal"', at_key=True)
        unscaled = {"scaling": None, "alternative": "two-sided", "limits": (), "margin": None}
        return analysis.model_copy(update=unscaled)
    scaling = _named(draft, at, stated)
    if scaling is None:
        return analysis.model_copy(update={"scaling": None, "alternative": "equivalence"})
    if scaling.rule == "none":
        _check_numbers(draft, at, stated, None)
        return _showing_equivalence(draft, path, analysis).model_copy(update={"scaling": None})
    row = SCALED_RULES[scaling.regulator][scaling.rule]
    sound = _check_numbers(draft, at, stated, row)
    _check_model(draft, path, analysis, contrast)
    if contrast and not isinstance(contrast, Mapping):
        _check_twice(draft, path, design, contrast, row, scaling)
    if draft.monitoring is not None and len(draft.monitoring.looks) > 1:
        message = "has no theory for looks before the end, and none is made up"
        draft.note(at, f"{scaling.rule} {message}", "leave out [monitoring] looks", at_key=True)
    analysis = _showing_equivalence(draft, path, analysis)
    analysis = _with_its_method(draft, path, analysis, scaling, row)
    if contrast and not isinstance(contrast, Mapping):
        _remark(draft, analysis, design, contrast, row, scaling)
    return analysis.model_copy(update={"scaling": _complete(scaling, row) if sound else scaling})


def _named(draft: Draft, at: Path, stated: Scaling) -> Scaling | None:
    """With rule and regulator, each by default that of the other; None where they do not go together."""
    rule, regulator = stated.rule, stated.regulator
    if rule == "none":
        return stated
    if not rule and not regulator:
        draft.note(at, "names no rule", 'scaling = { rule = "abel" }, or regulator = "ema"', at_key=True)
        return None
    rule = rule or next(iter(SCALED_RULES[regulator]))
    regulator = regulator or regulators_with(rule)[0]
    if rule not in SCALED_RULES[regulator]:
        has = listed(list(SCALED_RULES[regulator]))
        others = listed([f'"{each}"' for each in regulators_with(rule)], "or")
        message = f"{REGULATORS[regulator].title} ({regulator}) has no rule {rule}: it has {has}"
        draft.note((*at, "regulator"), message, f"regulator = {others}, or leave it out")
        return None
    return stated.model_copy(update={"rule": rule, "regulator": regulator})


def _check_numbers(draft: Draft, at: Path, stated: Scaling, row: ScaledRule | None) -> bool:
    """Numbers that the rule does not have, and those that contradict each other; whether all are sound."""
    rule = stated.rule if row is None else row.rule
    before = len(draft.complaints)
    for key in _NUMBERS:
        value = getattr(stated, key)
        if value in (None, ()) or key in SCALINGS[rule].numbers:
            continue
        if row is not None and value == getattr(row, key):
            continue
        uses = listed(list(SCALINGS[rule].numbers)) or "no number"
        draft.note((*at, key), f"is not used by rule = {rule}, which has {uses}", "leave it out", at_key=True)
    if stated.adjust_alpha and rule != "abel":
        message = f"is of widened limits (abel): there is no such alpha for {rule}"
        draft.note((*at, "adjust_alpha"), message, "leave it out", at_key=True)
    if row is None and stated.regulator:
        draft.note((*at, "regulator"), "is not used by rule = none", "leave it out", at_key=True)
    within = stated.estimate_within
    if within and not within[0] < 1.0 < within[1]:
        message = f"from {within[0]:g} to {within[1]:g} do not have 1, no effect, between them"
        draft.note((*at, "estimate_within"), message, "estimate_within = [0.8, 1.25]")
    if row is not None and stated.cap_cv is not None and rule == "abel":
        switch = stated.switch_cv if stated.switch_cv is not None else row.switch_cv
        if stated.switch_s is None and switch is not None and stated.cap_cv < switch:
            message = f"is {stated.cap_cv:g}, below the CV at which limits start to widen, {switch:g}"
            draft.note((*at, "cap_cv"), message)
    return len(draft.complaints) == before


def _complete(scaling: Scaling, row: ScaledRule) -> Scaling:
    """With every number that the rule has."""
    within = scaling.estimate_within
    rule = scaled_rule(
        scaling.regulator,
        scaling.rule,
        switch_cv=scaling.switch_cv,
        switch_s=scaling.switch_s,
        constant=scaling.constant,
        cap_cv=scaling.cap_cv,
        estimate_within=(within[0], within[1]) if within else None,
    )
    numbers = {key: getattr(rule, key) for key in SCALINGS[rule.rule].numbers}
    if rule.switch_s is not None and "switch_cv" in numbers:
        numbers["switch_cv"] = None  # switch_s wins
    if numbers.get("estimate_within", ()) is None:
        del numbers["estimate_within"]
    return scaling.model_copy(update=numbers)


def _check_model(draft: Draft, path: Path, analysis: PlannedAnalysis, contrast: Contrast) -> None:
    """A test product is compared with a reference, and by the model of the regulator."""
    at: Path = (*path, "scaling")
    if isinstance(contrast, Mapping):
        message = "compares a test product with a reference, two treatments"
        draft.note(at, message, 'contrast = ["T", "R"]', at_key=True)
    if analysis.carryover:
        message = "is judged without carryover in the model, as regulators ask"
        draft.note((*path, "carryover"), f"beside scaling: it {message}", "leave it out", at_key=True)


def _check_twice(
    draft: Draft, path: Path, design: Design, contrast: Contrast, row: ScaledRule, scaling: Scaling
) -> None:
    """The reference is given twice to some patients; where SDs are compared the test product too."""
    test, reference = contrast
    most = max(sequence.count(a) for sequence in design.sequences for a in contrast)
    if row.method == "own contrasts" and most > 2:
        message = f"{scaling.rule} takes contrasts of products that are given once or twice, not {most} times"
        hint = f"under [design]: name = {_WITH_REFERENCE_TWICE}"
        draft.note((*path, "scaling"), message, hint, at_key=True)
        return
    twice = {a: any(sequence.count(a) > 1 for sequence in design.sequences) for a in (test, reference)}
    at: Path = (*path, "scaling")
    if not twice[reference]:
        message = (
            f"{scaling.rule} needs patients who get the reference, {printable(reference)}, twice: only they "
            "tell how it varies within patients"
        )
        hint = f"under [design]: name = {_WITH_REFERENCE_TWICE}"
        if twice[test]:
            hint += f", or the other contrast, if {printable(test)} is the reference"
        draft.note(at, message, hint, at_key=True)
    elif row.sd_ratio is not None and not twice[test]:
        message = (
            f"{scaling.rule} compares how test product and reference vary, and needs patients who get the "
            f"test product, {printable(test)}, twice as well"
        )
        draft.note(at, message, f"under [design]: name = {_WITH_BOTH_TWICE}", at_key=True)


def _showing_equivalence(draft: Draft, path: Path, analysis: PlannedAnalysis) -> PlannedAnalysis:
    """The analysis with the alternative that scaling implies; limits are those where nothing is scaled."""
    if draft.written((*path, "alternative")) is not None and not analysis.tests_equivalence:
        message = f"is {analysis.alternative}: scaling is of limits of equivalence"
        draft.note((*path, "alternative"), message, 'alternative = "equivalence", or leave it out')
    for key, value in (("limits", analysis.limits), ("margin", analysis.margin)):
        if value in ((), None, USUAL_RATIOS):
            continue
        message = "beside scaling, whose limits are 0.8 to 1.25 and those that its rule makes of them"
        hint = "scaling = { rule = ..., constant = ..., cap_cv = ... } has its numbers; leave this out"
        draft.note((*path, key), message, hint, at_key=True)
    return analysis.model_copy(update={"alternative": "equivalence", "limits": USUAL_RATIOS, "margin": None})


def _with_its_method(
    draft: Draft, path: Path, analysis: PlannedAnalysis, scaling: Scaling, row: ScaledRule
) -> PlannedAnalysis:
    """The analysis with the method that the regulator asks for; a fault where another one is stated."""
    method = next(name for name, each in METHODS.items() if each.scales == row.method)
    if analysis.method not in ("", method):
        message = (
            f"is {printable(analysis.method)}: {scaling.rule} of {scaling.regulator} is {method} "
            f"({ANALYSES[row.method]})"
        )
        draft.note((*path, "method"), message, f'method = "{method}", or leave it out')
    return analysis.model_copy(update={"method": method})


def _remark(
    draft: Draft,
    analysis: PlannedAnalysis,
    design: Design,
    contrast: tuple[str, ...],
    row: ScaledRule,
    scaling: Scaling,
) -> None:
    """What is right as it stands, but would surprise whoever has not thought of it."""
    test, _ = contrast
    scaled = f"{scaling.rule} of {scaling.regulator}"
    if analysis.metric is not None and row.metric is not None and row.metric != analysis.metric:
        draft.remarks.append(
            f"{REGULATORS[scaling.regulator].title} scales the limits of {METRICS[row.metric]} only: "
            f'those of {METRICS[analysis.metric]} are 0.8 to 1.25, scaling = {{ rule = "none" }}'
        )
    if scaling.regulator == "gcc":
        draft.remarks.append(
            "gcc has the fixed limits of the GCC guidelines up to version 3.0; version 3.1 (August 2022) has "
            'those of the EMA: regulator = "ema"'
        )
    if row.method != "own contrasts":
        return
    if scaling.rule == "rsabe" and not any(sequence.count(test) > 1 for sequence in design.sequences):
        draft.remarks.append(
            f"{scaled}: where nothing is scaled the regulator asks for a mixed model, which does not "
            "converge reliably where only the reference is given twice; intra-subject contrasts are used"
        )
    if sequence_shares(design.sequences, weights(contrast)) is None:
        draft.remarks.append(
            f"{scaled} weighs all sequences alike, and in this design periods do not cancel then: its "
            'estimate is biased by a period effect; "2x2x4", "2x2x3" and "2x3x3" are not'
        )
