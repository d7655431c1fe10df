"""Looks and stopping rules, resolved: looks as counts, rules with all their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import floor, inf
from typing import TypeVar

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.faults import Path
from planner.scenario.look_counts import nearest, scaled, scaling
from planner.scenario.monitoring import Efficacy, Futility, Monitoring, RuleSettings
from planner.scenario.resolving.adaptive import resolve_adaptive
from planner.scenario.resolving.draft import Draft
from planner.scenario.stopping_rules import (
    EFFICACY_RULES,
    FUTILITY_RULES,
    UNDER,
    Parameter,
    StoppingRule,
    parameters_of,
)
from planner.scenario.text import count, listed
from planner.scenario.tree import Tree

_Rule = TypeVar("_Rule", bound=RuleSettings)


def resolve_monitoring(
    draft: Draft, design: Design, analyses: Iterable[PlannedAnalysis]
) -> Monitoring | None:
    """The looks as counts of finished patients, and both rules."""
    monitoring = draft.monitoring
    if monitoring is None:
        return None
    if monitoring.adaptive is not None:
        return resolve_adaptive(draft, design, list(analyses), monitoring)
    looks = _looks(draft, design, monitoring.looks)
    if looks is None:
        return monitoring
    default = "obrien-fleming-spending" if len(looks) > 1 else "none"
    efficacy = monitoring.efficacy or Efficacy(rule=default)
    futility = monitoring.futility or Futility(rule="none")
    if len(looks) == 1 < len(monitoring.looks):  # scaled until none was left for the rule to act at
        futility = Futility(rule="none")
    _check_parameters(draft, efficacy, ("monitoring", "efficacy"), EFFICACY_RULES, len(looks))
    _check_parameters(draft, futility, ("monitoring", "futility"), FUTILITY_RULES, len(looks))
    _check_efficacy(draft, efficacy, list(analyses))
    _check_futility(draft, futility, len(looks), design, list(analyses))
    rules = {
        "efficacy": _with_defaults(efficacy, EFFICACY_RULES[efficacy.rule]),
        "futility": _with_defaults(futility, FUTILITY_RULES[futility.rule]),
    }
    resolved = monitoring.model_copy(update={"looks": looks, **rules})
    stated = _shares(monitoring.looks)
    if stated != resolved.shares:  # rounding has moved them
        resolved._shares = stated
    return resolved


def rounded(fraction: float, patients: int, unit: int) -> int:
    """A fraction of the patients to the nearest multiple of the allocation unit, halves up.

    The fraction is taken as the decimal number that is written, so that .29 of 100 in pairs is 30, not 28.
    """
    return nearest(Fraction(repr(fraction)), unit, patients)


def _shares(looks: tuple[float, ...]) -> tuple[Fraction, ...]:
    """Stated looks, fractions or patients, as shares of all patients."""
    stated = [Fraction(repr(look)) for look in looks]
    return tuple(look / stated[-1] for look in stated)


def _looks(draft: Draft, design: Design, looks: tuple[float, ...]) -> tuple[int, ...] | None:
    path: Path = ("monitoring", "looks")
    patients = design.patients
    if not looks:
        return (patients,)
    if any(later <= earlier for earlier, later in pairwise(looks)):
        draft.note(path, "must increase from look to look")
        return None
    if looks[-1] <= 1.0:
        if looks[-1] < 1.0:
            draft.note((*path, len(looks) - 1), "the last look must be everybody, 1.0")
            return None
        counts = (*(rounded(look, patients, design.unit) for look in looks[:-1]), patients)
        if counts[0] < 1 or any(b <= a for a, b in pairwise(counts)):
            if draft.resized is not None:
                return _scaled(draft, design, looks)
            places = listed([str(n) for n in counts])
            units = f"multiples of {count(design.unit, 'patient')}"
            draft.note(path, f"fall together: rounded to {units} the looks are at {places}")
            return None
        return counts
    for i, look in enumerate(looks):
        if look != floor(look):
            draft.note((*path, i), f"is {look:g}: a count of patients must be a whole number")
            return None
    if looks[-1] != patients:
        if looks[-1] == draft.resized:
            return _scaled(draft, design, looks)
        message = f"is {looks[-1]:g}, but the last look is at all {patients:,} patients (design.patients)"
        right_looks = [f"{look:g}" for look in looks] + [str(patients)]
        if looks[-1] > patients:  # as large a share of all
            right_looks = [f"{look / looks[-1]:.4g}" for look in looks[:-1]] + ["1.0"]
        draft.note((*path, len(looks) - 1), message, f"looks = [{', '.join(right_looks)}]")
        return None
    return tuple(int(look) for look in looks)


def _scaled(draft: Draft, design: Design, looks: tuple[float, ...]) -> tuple[int, ...]:
    """The looks of the file at another number of patients than the file states, and a word about it."""
    counts = scaled(_shares(looks), design.unit, design.patients)
    stated = [f"{look:,.12g}" for look in looks]
    last = f"{stated[-1]} of {draft.resized:,} patients" if looks[-1] > 1.0 else stated[-1]
    draft.remarks.append(scaling([*stated[:-1], last], design.unit, counts))
    return counts


def _check_parameters(
    draft: Draft, settings: RuleSettings, path: Path, rules: Mapping[str, StoppingRule], looks: int
) -> None:
    """Every parameter that the rule needs is there, and no other; lists are as long as the looks."""
    row, stated = rules[settings.rule], settings.stated()
    for parameter in row.required:
        if parameter.name not in stated:
            message = f"{settings.rule} needs `{parameter.name}`: {parameter.help}"
            draft.note((*path, "rule"), message, _with_examples(settings, path, row))
    used = {parameter.name for parameter in row.parameters if parameter.in_scenario}
    for parameter in parameters_of(rules):
        if parameter.name not in stated:
            continue
        place = (*path, parameter.name)
        if parameter.name not in used:
            hint = "" if parameter.kind == "choice" else _needs(settings.rule, row)
            draft.note(place, f"is not used by the rule {settings.rule}", hint, at_key=True)
        if parameter.kind == "list":
            _check_list(draft, place, parameter, stated[parameter.name], looks)


def _with_examples(settings: RuleSettings, path: Path, row: StoppingRule) -> str:
    """The rule with all that it needs: as stated, else an example; nothing where one is a list by look."""
    stated = settings.stated()
    if any(each.kind == "list" for each in row.required):
        return ""
    needed = [f"{each.name} = {stated.get(each.name, each.example)}" for each in row.required]
    return f'{path[-1]} = {{ rule = "{settings.rule}", {", ".join(needed)} }}'


def _needs(name: str, row: StoppingRule) -> str:
    needed = [parameter.name for parameter in row.required]
    return f"{name} needs {listed(needed)}" if needed else f"{name} needs no number"


def _check_list(
    draft: Draft, path: Path, parameter: Parameter, values: tuple[float, ...], looks: int
) -> None:
    wanted = parameter.count(looks)
    if len(values) != wanted:
        message = f"has {count(len(values), 'number')}, but there must be {wanted}: one per {parameter.per}"
        draft.note(path, message)
    elif parameter.cumulative:
        if any(later < earlier for earlier, later in pairwise(values)):
            draft.note(path, "is cumulative and cannot fall")
        if not 0.0 < values[-1] < 1.0:
            draft.note((*path, looks - 1), "must be above 0 and below 1 at the last look")


def _with_defaults(settings: _Rule, row: StoppingRule) -> _Rule:
    """With what a rule takes where nothing is stated.

    What came with a later version is left out where it is as it was before: so it stays out of the digest.
    """
    stated = settings.stated()
    update: Tree = {}
    for parameter in row.parameters:
        if parameter.in_scenario and not parameter.required:
            value = stated.get(parameter.name, parameter.default)
            update[parameter.name] = None if parameter.since and value == parameter.default else value
    return settings.model_copy(update=update)


def _check_efficacy(draft: Draft, rule: Efficacy, analyses: list[PlannedAnalysis]) -> None:
    path: Path = ("monitoring", "efficacy")
    for i, limit in enumerate(rule.z):
        if limit <= 0.0:
            draft.note((*path, "z", i), "must be above 0: the limit applies to the size of z")
    for analysis in analyses if rule.spent else ():
        if rule.spent[-1] > analysis.alpha:
            message = f"spends {rule.spent[-1]:g}, more than the alpha of {analysis.alpha:g}"
            draft.note((*path, "spent", len(rule.spent) - 1), message)
            break


def _check_futility(
    draft: Draft, rule: Futility, looks: int, design: Design, analyses: list[PlannedAnalysis]
) -> None:
    path: Path = ("monitoring", "futility")
    if rule.rule != "none" and looks < 2:
        draft.note((*path, "rule"), "has no look before the last to act at", "monitoring.looks = [0.5, 1.0]")
    if any(later < earlier for earlier, later in pairwise(rule.z)):
        draft.note((*path, "z"), "cannot fall from look to look")
    if rule.under == "planned" and UNDER in FUTILITY_RULES[rule.rule].parameters:
        _check_planned(draft, design, analyses)


def _of_different_patients(analysis: PlannedAnalysis, design: Design) -> bool:
    return design.periods == 1 or analysis.row.needs == "first"


def _check_planned(draft: Draft, design: Design, analyses: list[PlannedAnalysis]) -> None:
    """Conditional power under the planned effect needs that effect and its SD in every primary analysis."""
    for analysis in analyses:
        missing = [k for k in ("planned_effect", "planned_sd_difference") if getattr(analysis, k) is None]
        if missing:
            message = f"needs {listed([f'`{k}`' for k in missing])} in every analysis"
            hint = "under [[analyses]]: planned_effect = points, planned_sd_difference = points"
            if draft.no_effect:
                hint = "under [[analyses]]: planned_effect = ratio, planned_sd_difference = SD of logarithms"
            draft.note(("monitoring", "futility", "under"), message, hint)
            return
        if analysis.method and _of_different_patients(analysis, design):
            message = f"{analysis.method} compares different patients, and no SD of theirs is planned"
            draft.note(("monitoring", "futility", "under"), message, 'under = "estimate"')
            return
        if analysis.against_margins:
            _check_within_margins(draft, analysis)
        elif analysis.planned_effect == (0.0 if analysis.outcome else draft.no_effect):
            none = f"{analysis.planned_effect:g}"
            draft.note(
                ("monitoring", "futility", "under"), f'the planned effect is {none}: use under = "null"'
            )
            return


def _check_within_margins(draft: Draft, analysis: PlannedAnalysis) -> None:
    """Conditional power against margins is that of an effect on their right side."""
    effect, margin = analysis.planned_effect, analysis.margin
    assert effect is not None
    none = 0.0 if analysis.outcome else draft.no_effect
    if analysis.tests_equivalence:
        low, high = analysis.limits if len(analysis.limits) == 2 else (-inf, inf)  # else it is refused
    else:
        upwards = margin is None or (margin < none) == (analysis.alternative == "non-inferiority")
        low, high = (none if margin is None else margin, inf) if upwards else (-inf, margin or none)
    if not low < effect < high:
        message = f"the planned effect of {effect:g} is at a margin or beyond it"
        draft.note(("monitoring", "futility", "under"), message, 'under = "null"')
