"""The settings that hypotheses of every family have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from planner.scenario.fields import Number, PathText, Settings, about
from planner.scenario.uncertainty import BY_PATH, Distribution


class FamilySettings(Settings):
    """A hypothesis of some family: what it is called, its weight, and which of its numbers are uncertain."""

    family: Annotated[str, about("Kind of hypothesis")]
    label: Annotated[str, about("What the hypothesis is called in tables and plots", label=True)] = ""
    prior: Annotated[
        Number | None,
        about(
            "Weight of the hypothesis before any data, relative to the others; 1 if not given",
            label=True,
            gt=0,
            le=1e6,
        ),
    ] = None
    uncertainty: Annotated[Mapping[PathText, Distribution], BY_PATH] = {}
