"""What agents, signals and components are called in a sentence, and other words that many sentences have."""

from __future__ import annotations

from collections.abc import Mapping

from planner.results.number_text import plain
from planner.scenario.components import Agent, Component, Signal
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.secondary_outcomes import OutcomeComponent

Labelled = Component | OutcomeComponent


def in_days(days: float) -> str:
    """`1 day`, `2.5 days`."""
    return f"{plain(days)} day" if days == 1 else f"{plain(days)} days"


def signals_of(scenario: Scenario, hypothesis: FamilySettings | None) -> dict[str, Signal]:
    """The signals that a hypothesis sees: the common ones, and its own in place of those of the same name."""
    return {**scenario.signals, **(hypothesis.own_signals if hypothesis is not None else {})}


def called(table: Mapping[str, Agent] | Mapping[str, Signal] | Mapping[str, Labelled], name: str) -> str:
    """The label of an entry of a table, else its name."""
    entry = table.get(name)
    return (entry.label if entry is not None else "") or name


def capital(text: str) -> str:
    """With a capital at the beginning, the rest as it is."""
    return text[:1].upper() + text[1:]
