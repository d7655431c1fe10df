"""Dictionaries to a complete Scenario, or everything that is wrong with them.

The dictionaries are checked setting by setting against the models of `scenario.scenario` and, where these
hold, resolved and checked across settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.blinding import Blinding
from planner.scenario.canonical.resolved import followed, full_paths
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.components import Agent, Component, Signal
from planner.scenario.design import Design, Treatment
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path, dotted
from planner.scenario.hypotheses import SETTINGS, distribution_of, family_of
from planner.scenario.monitoring import Monitoring
from planner.scenario.observed import Observed
from planner.scenario.own_methods import context_of
from planner.scenario.paths import split_path
from planner.scenario.population import Population
from planner.scenario.reading.guesses import answered
from planner.scenario.reading.messages import complaints_of
from planner.scenario.reading.toml import MAX_BYTES
from planner.scenario.reading.validate import validated
from planner.scenario.resolving.adaptive import with_patients
from planner.scenario.resolving.draft import Complaint, Draft
from planner.scenario.resolving.examples import with_examples
from planner.scenario.resolving.kept import Kept
from planner.scenario.resolving.steps import resolve_parts
from planner.scenario.scenario import MAX_ANALYSES, MAX_HYPOTHESES, MAX_NAMES, Scenario
from planner.scenario.secondary_outcomes import SecondaryOutcome
from planner.scenario.simulation import SimulationSettings
from planner.scenario.text import quote
from planner.scenario.tree import Tree
from planner.scenario.uncertainty import MAX_UNCERTAIN, Distribution


def build_scenario(
    data: Tree,
    overridden: Sequence[Path] = (),
    resized: int | None = None,
    context: Tree | None = None,
    kept: Kept | None = None,
) -> tuple[Scenario | None, list[Complaint]]:
    """The complete scenario, or all complaints.

    Settings that were `overridden` lose what the file says of them: that a source supports the number, or
    that it is assumed. `resized`: the number of patients that the file states, where another one was set
    and the looks were not: these are scaled. `context`: analyses of the user's own that it may name.
    `kept`: what was worked out of other scenarios of the same file.
    """
    context, kept = context_of(None) if context is None else context, kept or Kept()
    data = with_patients(data)
    try:
        written = validated(data, context, kept)
        complaints: list[Complaint] = []
    except ValidationError as error:
        complaints = complaints_of(error)
        written = None
    draft = _draft(data, written, context)
    draft.resized = resized
    parts = resolve_parts(draft, kept)
    complaints += draft.complaints + _check_paths(draft, overridden)
    if complaints or written is None:
        return None, with_examples(answered(complaints, data), data)
    scenario = written.model_copy(update={**parts, "extends": ""})
    scenario = scenario.model_copy(update=_moved_paths(scenario, overridden))
    scenario._remarks = tuple(draft.remarks)
    return scenario, complaints


def _overrides(path: Path, overridden: Sequence[Path]) -> bool:
    """Whether the setting at `path`, or a table or list that holds it, was overridden."""
    return any(path[: len(other)] == other for other in overridden)


def _moved_paths(scenario: Scenario, overridden: Sequence[Path]) -> Tree:
    """`assumed` and `supports` with paths of the full form, where a setting has another name there."""

    def moved(texts: tuple[str, ...]) -> tuple[str, ...]:
        written = [path for text in texts if not _overrides(path := split_path(text), overridden)]
        paths = [path for each in written for path in full_paths(each, scenario)]
        return tuple(dict.fromkeys(dotted(path) for path in paths))

    citations = [item.model_copy(update={"supports": moved(item.supports)}) for item in scenario.citations]
    return {"assumed": moved(scenario.assumed), "citations": tuple(citations)}


# Settings that can be left out of a part without a follow-up fault from the checks across settings.
_LOOSE = {"patients", "washout_days", "period_days", "block", "allocation", "label", "unit"}
_LOOSE |= {"alpha", "alternative", "role", "planned_effect", "uncertainty", "scaling", "metric"}


def _sound_part(model: type[BaseModel], raw: object, context: Tree) -> object:
    """The part, without faulty settings that are unknown or loose; None if others are faulty."""
    try:
        return model.model_validate(raw, context=context)
    except ValidationError as error:
        faulty = error.errors(include_url=False, include_context=False, include_input=False)
    if not isinstance(raw, dict):
        return None
    loose = _LOOSE.union(model.loose if issubclass(model, FamilySettings) else ())
    kept = dict(raw)
    for details in faulty:
        key = details["loc"][0] if details["loc"] else None
        unknown = details["type"] == "extra_forbidden" and len(details["loc"]) == 1
        if not unknown and key not in loose:
            return None
        kept.pop(str(key), None)
    if model is Design and "patients" not in kept:
        kept["patients"] = 1
    return model.model_validate(kept, context=context)


def _sound_patients(design: object) -> bool:
    given = design.get("patients") if isinstance(design, dict) else None
    return type(given) is int and 1 <= given <= MAX_PATIENTS


_SECTIONS: dict[str, type[BaseModel]] = {
    "design": Design,
    "population": Population,
    "endpoint": Endpoint,
    "monitoring": Monitoring,
    "simulation": SimulationSettings,
    "blinding": Blinding,
    "observed": Observed,
}


def _draft(data: Tree, written: Scenario | None, context: Tree) -> Draft:
    """The parts of the scenario that are sound by themselves."""

    part, distribution = partial(_sound_part, context=context), distribution_of(data)

    def parts(model: type[BaseModel] | None, raw: object, most: int) -> dict[object, object]:
        """The sound entries of a table or list; no model: hypotheses, each by its family."""
        items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
        built = {
            key: part(model or SETTINGS[family_of(item, distribution)], item)
            for key, item in islice(items, most)
        }
        return {key: item for key, item in built.items() if item is not None}

    common: dict[str, type[BaseModel]] = {
        "agents": Agent,
        "signals": Signal,
        "components": Component,
        "outcomes": SecondaryOutcome,
    }
    if written is not None:
        single = {name: getattr(written, name) for name in _SECTIONS}
        tables = {name: getattr(written, name) for name in (*common, "treatments", "hypotheses")}
        analyses: dict[Any, Any] = dict(enumerate(written.analyses))
    else:
        single = {
            name: part(model, data.get(name, None if model in (Design, Observed) else {}))
            for name, model in _SECTIONS.items()
        }
        tables = {name: parts(model, data.get(name), MAX_NAMES) for name, model in common.items()}
        tables["treatments"] = parts(Treatment, data.get("treatments"), MAX_BYTES)
        tables["hypotheses"] = parts(None, data.get("hypotheses"), MAX_HYPOTHESES)
        analyses = parts(PlannedAnalysis, data.get("analyses"), MAX_ANALYSES)
    if written is not None:
        uncertain = written.uncertainty
    else:
        uncertain = _distributions(data.get("uncertainty"))
    sized = written is not None or _sound_patients(data.get("design"))
    return Draft(data, **single, **tables, analyses=analyses, uncertainty=uncertain, sized=sized)


def _distributions(raw: object) -> dict[str, Distribution]:
    """The sound ones of the shared uncertain numbers."""
    distributions = {}
    for key, item in islice(raw.items(), MAX_UNCERTAIN) if isinstance(raw, dict) else ():
        with suppress(ValidationError):
            distributions[str(key)] = Distribution.model_validate(item)
    return distributions


def _check_paths(draft: Draft, overridden: Sequence[Path]) -> list[Complaint]:
    """Every path that a citation supports or that is assumed leads to a setting of the file."""
    places: list[Path] = [("assumed",)]
    citations = draft.written(("citations",))
    places += [
        ("citations", i, "supports") for i in range(len(citations) if isinstance(citations, list) else 0)
    ]
    complaints = []
    for place in places:
        paths = draft.written(place)
        for i, text in enumerate(paths if isinstance(paths, list) else []):
            if not isinstance(text, str) or _overrides(path := split_path(text), overridden):
                continue
            if not _follows(draft.data, path):
                complaints.append(Complaint((*place, i), f"{quote(text)} is not a setting of this file"))
    return complaints


def _follows(data: Tree, path: Path) -> bool:
    return bool(path) and len(followed(path, data)) == len(path)
