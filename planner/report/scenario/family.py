"""What the description of a scenario needs of each family of outcomes, with words that suit most of them.

A module of this folder named by the table of families offers `IN_WORDS`, an object of a subclass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Generic, TypeVar

from planner.questions.plan import TrialPlan
from planner.report.blocks import Block
from planner.results.number_text import plain
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed
from planner.scenario.vocabulary import FAMILIES

Stated = TypeVar("Stated", bound=FamilySettings)


class FamilyInWords(ABC, Generic[Stated]):
    """The hypotheses of one family in words; `Stated` is the class of their settings."""

    @abstractmethod
    def sentences(self, scenario: Scenario, hypothesis: Stated, plan: TrialPlan) -> list[str]:
        """What a hypothesis says, and what follows from it for a patient; its true effects come after it."""

    def made_of(self, scenario: Scenario, hypotheses: Sequence[Stated]) -> list[Block]:
        """What is to be known before the hypotheses are read: of what they are made."""
        return []

    def moved_by_scale(self, scenario: Scenario, hypothesis: Stated, contrast: Mapping[str, float]) -> str:
        """Why the true effect is not the stated one: what the scale does to it; empty if it does nothing."""
        return ""

    def carried_over(self, scenario: Scenario, left: Mapping[str, float]) -> str:
        """That carryover may reject a true null hypothesis; `left`: what goes into the next period."""
        points = listed([f"{plain(value)} from {a}" for a, value in left.items()])
        return f"carryover: into the next period go {points} ({scenario.endpoint.unit})"

    def period_effects(self, scenario: Scenario, added: str) -> str:
        """The effects of periods, such as `+1 in period 2`, with what they are in."""
        return f"Period effects: {added} ({scenario.endpoint.unit})."


def in_words_of(family: str) -> FamilyInWords[Any]:
    """The words of a family, by the name that scenarios use."""
    module = import_module(f"planner.report.scenario.{FAMILIES[family].module}")
    words: FamilyInWords[Any] = module.IN_WORDS
    return words
