"""What a command would do and what it would take, before it is begun: `--dry-run` of every question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.questions.effort import EffortEstimate
from planner.results.contract import Json
from planner.scenario.canonical.resolved import digest
from planner.scenario.scenario import Scenario

Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would be done: `title` and `facts` (name and value) in words, and the document about it.

    `document`: what the JSON object says of the question, such as its `run` and `cells`. `remarks`: what must
    be known of the scenarios though nothing is wrong with them.
    """

    title: str
    document: Json
    facts: Facts
    effort: EffortEstimate
    remarks: Sequence[str] = ()

    def to_json(self) -> Json:
        """The `planner.dry-run/1` object."""
        estimate = {"estimate": self.effort.to_json(), "warnings": list(self.remarks)}
        return {"schema": "planner.dry-run/1", **self.document, **estimate}


def scenario_name(scenario: Scenario) -> Json:
    """The scenario as every JSON object names it."""
    return {"name": scenario.name, "title": scenario.title, "digest": digest(scenario)}


def virtual_patients(patients: int) -> tuple[str, str]:
    """The fact that there are so many."""
    return "Virtual patients", f"{patients:,} in all"


def remarks_by_name(scenarios: Sequence[Scenario], names: Sequence[str]) -> list[str]:
    """The remarks on several scenarios, each after the name of its own."""
    return [f"{name}: {remark}" for one, name in zip(scenarios, names, strict=True) for remark in one.remarks]
