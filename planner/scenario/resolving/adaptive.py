"""Two-stage trials, resolved: every number of the rule, stage 1, and what such a trial must be."""

from __future__ import annotations

import math
from collections.abc import Collection

from planner.scenario.adaptive import MOST, USUAL_MOST, Adaptive, StageFutility
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.faults import Path
from planner.scenario.monitoring import Efficacy, Futility, Monitoring
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import listed, printable
from planner.scenario.tree import Tree
from planner.scenario.two_stage_rules import RULES, TwoStageRule
from planner.scenario.vocabulary import METHODS

FEWEST_FIRST = 4
HELD = 0.05
"""The type I error that all published rules mean to hold."""
AT: Path = ("monitoring", "adaptive")
_METHOD = next(name for name, row in METHODS.items() if row.needs == "ab/ba" and not row.binary)


def with_patients(data: Tree) -> Tree:
    """The file with `design.patients`, which a two-stage trial need not state: the most of both stages."""
    monitoring, design = data.get("monitoring"), data.get("design")
    adaptive = monitoring.get("adaptive") if isinstance(monitoring, dict) else None
    if not isinstance(adaptive, dict | str) or not isinstance(design, dict) or "patients" in design:
        return data
    most = adaptive.get("max", USUAL_MOST) if isinstance(adaptive, dict) else USUAL_MOST
    sound = type(most) is int and FEWEST_FIRST <= most <= MOST
    return {**data, "design": {**design, "patients": most if sound else USUAL_MOST}}


def resolve_adaptive(
    draft: Draft, design: Design, analyses: Collection[PlannedAnalysis], monitoring: Monitoring
) -> Monitoring:
    """The monitoring with stage 1 and all patients as its looks, and every number of the rule."""
    stated = monitoring.adaptive
    assert stated is not None
    row = RULES[stated.rule]
    _check_design(draft, design)
    _check_analyses(draft, list(analyses))
    _check_rules(draft)
    _check_numbers(draft, stated, row)
    for analysis in analyses:
        _check_alpha(draft, analysis, stated, row)
        _check_ratio(draft, analysis, stated, row)
    _check_most(draft, design, stated)
    first = _first(draft, design, monitoring.looks)
    resolved = _complete(stated, row, design)
    _remark(draft, resolved, stated, row, [most for each in analyses for most in each.limits[1:]])
    return monitoring.model_copy(
        update={
            "looks": monitoring.looks if first is None else (first, design.patients),
            "efficacy": Efficacy(rule="none"),
            "futility": Futility(rule="none"),
            "adaptive": resolved,
        }
    )


def _check_design(draft: Draft, design: Design) -> None:
    """Two treatments in two periods, in both orders, as often."""
    a = design.treatments
    wanted = len(a) == 2 and set(design.sequences) == {(a[0], a[1]), (a[1], a[0])}
    if not wanted:
        message = "plans a second stage of a 2x2 crossover, two treatments in both orders"
        draft.note(AT, message, 'under [design]: name = "2x2"', at_key=True)
    elif len(set(design.allocation)) > 1:
        message = "plans both stages with equal sequences"
        draft.note(AT, message, "leave out design.allocation", at_key=True)


def _check_analyses(draft: Draft, analyses: list[PlannedAnalysis]) -> None:
    """One analysis: the equivalence of a log-normal endpoint."""
    if len(analyses) > 1:
        draft.note(AT, f"is of one analysis, and there are {len(analyses)}", "keep one", at_key=True)
    for analysis in analyses[:1]:
        if not (analysis.tests_equivalence and draft.gives_ratio(analysis)):
            message = "shows the equivalence of a log-normal endpoint"
            hint = 'alternative = "equivalence"; under [endpoint]: distribution = "log-normal"'
            draft.note(AT, message, hint, at_key=True)
        elif analysis.scaling is not None:
            message = "has no theory where limits are scaled to how the reference varies"
            draft.note(AT, message, "leave out scaling", at_key=True)
        elif analysis.method and analysis.method != _METHOD:
            message = f"tests both stages by {_METHOD}, not by {printable(analysis.method)}"
            draft.note(AT, message, f'method = "{_METHOD}", or leave it out', at_key=True)
        elif analysis.limits and abs(analysis.limits[0] * analysis.limits[1] - 1.0) > 1e-9:
            low, high = analysis.limits
            message = f"needs limits of which one is the reciprocal of the other, not {low:g} and {high:g}"
            draft.note(AT, message, f"limits = {max(high, 1.0 / low):.6g}", at_key=True)


def _check_rules(draft: Draft) -> None:
    """The rule itself says when to stop."""
    for key in ("efficacy", "futility"):
        if draft.written(("monitoring", key, "rule")) not in (None, "none"):
            hint = "leave it out"
            if key == "futility":
                hint = "adaptive = { ..., futility = { ci_outside = [0.95, 1.0526] } } gives up after stage 1"
            message = "beside adaptive, whose rule says when the trial stops"
            draft.note(("monitoring", key), message, hint, at_key=True)


def _check_numbers(draft: Draft, stated: Adaptive, row: TwoStageRule) -> None:
    """Levels as many as the rule takes, and ranges in order."""
    if row.weights and len(stated.alpha) > 1:
        message = f"{stated.rule} has one level, of the whole trial, and here are {len(stated.alpha)}"
        draft.note((*AT, "alpha"), message, "alpha = 0.05")
    top = max([*(stated.alpha or row.alpha[row.ratio]), row.full_level or 0.0])
    if stated.power is not None and stated.power <= top:
        draft.note((*AT, "power"), f"is {stated.power:g}, and must lie above alpha", "power = 0.8")
    if stated.min_second is not None and stated.min_second < row.min_second:
        message = f"is {stated.min_second}, and {stated.rule} needs at least {row.min_second} patients"
        draft.note((*AT, "min_second"), message)
    for key in ("ci_outside", "estimate_outside"):
        ends = getattr(stated.futility, key)
        if ends and ends[0] >= ends[1]:
            message = f"are [{ends[0]:g}, {ends[1]:g}]: the lower one comes first"
            draft.note((*AT, "futility", key), message)


def _check_alpha(draft: Draft, analysis: PlannedAnalysis, stated: Adaptive, row: TwoStageRule) -> None:
    """The level of the analysis is that by which the type I error is judged; tests are made at the rule's."""
    path: Path = ("analyses", 0, "alpha")
    if stated.alpha and row.weights and stated.alpha[0] != analysis.alpha:
        whole = stated.alpha[0]
        message = f"is {analysis.alpha:g}, and adaptive.alpha is {whole:g}: both are of the whole trial"
        draft.note(path, message, f"under [[analyses]]: alpha = {whole:g}")
    elif not stated.alpha and analysis.alpha != HELD:
        published = row.alpha.get(stated.ratio or row.ratio, row.alpha[row.ratio])
        made = listed([f"{each:g}" for each in published])
        message = (
            f"is {analysis.alpha:g}, and {stated.rule} tests at {made}, by which it means to hold {HELD:g}"
        )
        levels = "alpha = ..." if row.weights else "alpha = [..., ...]"
        draft.note(path, message, f"leave it out, or state levels as well: adaptive = {{ ..., {levels} }}")


def _check_ratio(draft: Draft, analysis: PlannedAnalysis, stated: Adaptive, row: TwoStageRule) -> None:
    """Patients can be planned for a ratio within the limits alone."""
    ratio = row.ratio if stated.ratio is None else stated.ratio
    if len(analysis.limits) == 2 and not analysis.limits[0] < ratio < analysis.limits[1]:
        low, high = analysis.limits
        message = f"is {ratio:g}, and must lie within the limits, {low:g} to {high:g}"
        draft.note((*AT, "ratio"), message, "adaptive = { ..., ratio = 0.95 }")


def _check_most(draft: Draft, design: Design, stated: Adaptive) -> None:
    """All patients are `max`, which is needed where some leave."""
    if stated.max is not None and stated.max != design.patients and draft.sized:
        message = (
            f"are {design.patients:,}, and adaptive.max is {stated.max:,}: both are the most of both stages"
        )
        draft.note(("design", "patients"), message, "leave out one of them")
    if design.patients > MOST and draft.sized:
        draft.note(("design", "patients"), f"are the most of both stages, at most {MOST:,} here")
    dropout = None if draft.population is None else draft.population.dropout
    if dropout is None:
        return
    if dropout.odds_ratio is not None:
        message = "is not simulated with dropout that depends on what happened to a patient"
        draft.note(AT, message, "leave out population.dropout.odds_ratio", at_key=True)
    if not _most_is_stated(draft, stated) and (dropout.before_first > 0.0 or any(dropout.per_period)):
        message = "needs `max` where patients leave: the most evaluable patients of both stages"
        draft.note(AT, message, "adaptive = { ..., max = 120 }", at_key=True)


def _most_is_stated(draft: Draft, stated: Adaptive) -> bool:
    """Whether the file says how many patients both stages have at most: see `with_patients`."""
    return stated.max is not None or draft.written(("design", "patients")) != USUAL_MOST


def _first(draft: Draft, design: Design, looks: tuple[float, ...]) -> int | None:
    """The patients of stage 1; None where none are stated that can be."""
    path: Path = ("monitoring", "looks")
    if len(looks) == 2 and looks[1] == design.patients:
        looks = looks[:1]  # as a complete scenario is written
    if len(looks) != 1:
        message = f"adaptive has one look, at the patients of stage 1, not {len(looks)}"
        where = path if looks else AT
        draft.note(
            where, message if looks else "needs the patients of stage 1", "looks = [24]", at_key=not looks
        )
        return None
    (first,) = looks
    if first != math.floor(first) or first < FEWEST_FIRST:
        message = f"is {first:g}: stage 1 has a whole number of patients, at least {FEWEST_FIRST}"
        draft.note((*path, 0), message, "looks = [24]")
        return None
    if first >= design.patients and draft.sized:
        message = f"is {first:g}, which leaves no patients for stage 2: both have at most {design.patients:,}"
        draft.note((*path, 0), message)
        return None
    return int(first)


def _complete(stated: Adaptive, row: TwoStageRule, design: Design) -> Adaptive:
    """With every number."""
    ratio = row.ratio if stated.ratio is None else stated.ratio
    levels = 1 if row.weights else 2
    alpha = stated.alpha or row.alpha.get(ratio, row.alpha[row.ratio])
    return stated.model_copy(
        update={
            "ratio": ratio,
            "alpha": alpha if len(alpha) == levels else tuple(alpha[:1]) * levels,
            "power": row.power if stated.power is None else stated.power,
            "max": design.patients,
            "min_second": row.min_second if stated.min_second is None else stated.min_second,
        }
    )


def _remark(
    draft: Draft, resolved: Adaptive, stated: Adaptive, row: TwoStageRule, limits: Collection[float]
) -> None:
    """What is right as it stands, but would surprise whoever has not thought of it."""
    if not _most_is_stated(draft, stated):
        heavy = ""
        if row.weights or stated.use_estimate:
            heavy = "; its expected number of patients hangs on that: few trials would have very many"
        draft.remarks.append(
            f"no adaptive.max is stated: stage 2 is planned for at most {USUAL_MOST:,} patients in all{heavy}"
        )
    for each in [each for each in row.known_errors if each.ratio == resolved.ratio][:1]:
        yours = "" if _as_computed(resolved, row, limits) else "; yours departs from it: run --at-limit"
        draft.remarks.append(
            f"{resolved.rule}, without a `max`, is known not to hold .05: at a true ratio of 1.25 the type I "
            f"error is {each.error:.4f} with {each.patients} patients in stage 1 and a CV of {each.cv:g} "
            f"(exact){yours}"
        )
    if resolved.ratio not in row.alpha:
        ratios = listed([f"{each:g}" for each in row.alpha], "or")
        draft.remarks.append(
            f"{resolved.rule} was published for a planned ratio of {ratios}: with {resolved.ratio:g} look at "
            "its type I error (run --at-limit)"
        )


def _as_computed(resolved: Adaptive, row: TwoStageRule, limits: Collection[float]) -> bool:
    """Whether a rule is used as where its known errors were computed, but for `max`.

    Errors of other levels, powers and futility can be smaller or larger: with futility by the interval of
    stage 1 potvin-c has .0510 in place of .0513, planned for 90 % power .0525.
    """
    return (
        resolved.alpha == row.alpha.get(resolved.ratio or row.ratio, row.alpha[row.ratio])
        and resolved.power == row.power
        and (resolved.min_second or 0) <= max(row.min_second, 2)  # the fewest that a stage 2 has anyway
        and not resolved.use_estimate
        and resolved.planned_by == "nct"
        and resolved.futility == StageFutility()
        and all(math.isclose(each, 1.25) for each in limits)
    )
