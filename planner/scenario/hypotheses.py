"""Hypotheses of every family of outcomes, and which family a table of settings belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import TYPE_CHECKING, Annotated

from pydantic import Discriminator, GetCoreSchemaHandler, Tag, ValidationInfo
from pydantic_core import CoreSchema
from pydantic_core.core_schema import with_info_before_validator_function

from planner.scenario.families.base import FamilySettings
from planner.scenario.fields import as_spelt
from planner.scenario.tree import Tree
from planner.scenario.vocabulary import DISTRIBUTIONS, FAMILIES, named_family, written_as


def _settings(module: str) -> type[FamilySettings]:
    settings: type[FamilySettings] = import_module(f"planner.scenario.families.{module}").SETTINGS
    return settings


SETTINGS: dict[str, type[FamilySettings]] = {
    family: _settings(row.module) for family, row in FAMILIES.items()
}
"""The settings of a hypothesis of each family."""

NORMAL = next(iter(DISTRIBUTIONS))
"""The distribution of an endpoint that names none."""

_KEY = "distribution"  # in the context of a validation


class _Written(dict[str, object]):
    """A hypothesis as it is written, and the distribution of the endpoint that it is of."""

    distribution = NORMAL


def distribution_of(data: Tree) -> str:
    """The distribution of the endpoint as far as a file states a known one."""
    endpoint = data.get("endpoint")
    stated = endpoint.get("distribution") if isinstance(endpoint, Mapping) else None
    return (as_spelt(stated, DISTRIBUTIONS) if isinstance(stated, str) else None) or NORMAL


def with_distribution(context: Tree, distribution: str) -> Tree:
    """The context of a validation in which hypotheses are those of an endpoint of this distribution."""
    return {**context, _KEY: distribution}


def family_of(hypothesis: object, distribution: str = NORMAL) -> str:
    """The family of a hypothesis as it is written: the stated one, else the one whose settings it has.

    `distribution`: that of the endpoint. A family that does not exist is not taken; whoever reads the
    settings of the family refuses it.
    """
    names = list(dict.fromkeys(map(written_as, FAMILIES)))
    own = {name: named_family(name, distribution) for name in names}
    if isinstance(hypothesis, FamilySettings):
        return hypothesis.kind
    if not isinstance(hypothesis, Mapping):
        return own[names[0]]
    stated = hypothesis.get("family")
    if isinstance(stated, str) and stated in own:
        return own[stated]
    common = {name: SETTINGS[own[name]].model_fields.keys() & hypothesis.keys() for name in names}
    return own[max(common, key=lambda name: (name in hypothesis, len(common[name])))]


class OfEndpoint:
    """A table of hypotheses, each read as one of an endpoint of the distribution in the context."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_info_before_validator_function(self._marked, handler(source))

    def _marked(self, hypotheses: object, info: ValidationInfo) -> object:
        """The hypotheses as they are written, each with that distribution."""
        distribution = (info.context or {}).get(_KEY, NORMAL)
        if distribution == NORMAL or not isinstance(hypotheses, Mapping):
            return hypotheses
        return {name: _written(item, distribution) for name, item in hypotheses.items()}


def _written(hypothesis: object, distribution: str) -> object:
    if not isinstance(hypothesis, Mapping):
        return hypothesis
    written = _Written(hypothesis)
    written.distribution = distribution
    return written


def _family(hypothesis: object) -> str:
    return family_of(hypothesis, getattr(hypothesis, "distribution", NORMAL))


if TYPE_CHECKING:
    AnyHypothesis = FamilySettings
else:
    _TAGGED = [Annotated[settings, Tag(family)] for family, settings in SETTINGS.items()]
    AnyHypothesis = Annotated[reduce(or_, _TAGGED), Discriminator(_family)]
"""What pydantic reads a hypothesis as: the settings of its family."""

Hypothesis = FamilySettings
