"""Hypotheses of every family of outcomes, and which family a table of settings belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.fields import (
    Settings,
)

Hypothesis = Means | Rates | MechanismHypothesis


FAMILIES: dict[str, type[Means | Rates | MechanismHypothesis]] = {
    "means": Means,
    "rates": Rates,
    "terms": MechanismHypothesis,
}


def family_of(hypothesis: Any) -> str:
    """The family of a hypothesis as it is written: the stated one, else the one whose settings it has.

    A family that does not exist is not taken; whoever reads the settings of the family refuses it.
    """
    if isinstance(hypothesis, Settings):
        return str(getattr(hypothesis, "family", "means"))
    if not isinstance(hypothesis, Mapping):
        return "means"
    stated = hypothesis.get("family")
    if isinstance(stated, str) and stated in FAMILIES:
        return stated
    own = {family: FAMILIES[family].model_fields.keys() & hypothesis.keys() for family in FAMILIES}
    return max(own, key=lambda family: (family in hypothesis, len(own[family])))


AnyHypothesis = Annotated[
    Annotated[Means, Tag("means")]
    | Annotated[Rates, Tag("rates")]
    | Annotated[MechanismHypothesis, Tag("terms")],
    Discriminator(family_of),
]
