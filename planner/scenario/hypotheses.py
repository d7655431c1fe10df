"""Hypotheses of every family of outcomes, and which family a table of settings belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Discriminator, Tag

from planner.scenario.families.base import FamilySettings
from planner.scenario.vocabulary import FAMILIES


def _settings(module: str) -> type[FamilySettings]:
    settings: type[FamilySettings] = import_module(f"planner.scenario.families.{module}").SETTINGS
    return settings


SETTINGS: dict[str, type[FamilySettings]] = {
    family: _settings(row.module) for family, row in FAMILIES.items()
}
"""The settings of a hypothesis of each family."""


def family_of(hypothesis: object) -> str:
    """The family of a hypothesis as it is written: the stated one, else the one whose settings it has.

    A family that does not exist is not taken; whoever reads the settings of the family refuses it.
    """
    first = next(iter(FAMILIES))
    if isinstance(hypothesis, FamilySettings):
        return hypothesis.family
    if not isinstance(hypothesis, Mapping):
        return first
    stated = hypothesis.get("family")
    if isinstance(stated, str) and stated in FAMILIES:
        return stated
    own = {family: settings.model_fields.keys() & hypothesis.keys() for family, settings in SETTINGS.items()}
    return max(own, key=lambda family: (family in hypothesis, len(own[family])))


if TYPE_CHECKING:
    AnyHypothesis = FamilySettings
else:
    _TAGGED = [Annotated[settings, Tag(family)] for family, settings in SETTINGS.items()]
    AnyHypothesis = Annotated[reduce(or_, _TAGGED), Discriminator(family_of)]
"""What pydantic reads a hypothesis as: the settings of its family."""

Hypothesis = FamilySettings
