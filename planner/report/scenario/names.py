"""What agents, signals and components are called in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from planner.results.number_text import plain
from planner.scenario.components import Agent, Component, Signal
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.secondary_outcomes import OutcomeComponent

Labelled = Component | OutcomeComponent


def days(days: float) -> str:
    return f"{plain(days)} day" if days == 1 else f"{plain(days)} days"


def signals_of(scenario: Scenario, hypothesis: FamilySettings | None) -> dict[str, Signal]:
    return {**scenario.signals, **(hypothesis.own_signals if hypothesis is not None else {})}


def called(table: Mapping[str, Agent] | Mapping[str, Signal] | Mapping[str, Labelled], name: str) -> str:
    entry = table.get(name)
    return (entry.label if entry is not None else "") or name


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
