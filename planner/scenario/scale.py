"""The scale that the endpoint, or a secondary outcome, is measured on."""

from __future__ import annotations

from typing import Annotated, Literal

from planner.scenario import vocabulary
from planner.scenario.fields import (
    Number,
    OneOf,
    Points,
    Settings,
    about,
)

_SCALES = OneOf("scale", vocabulary.SCALES)


def scale_by_name(value: object) -> object:
    """The name of a known scale is short for a table of what it is."""
    if not isinstance(value, str):
        return value
    name = str(_SCALES.check(value))
    row = vocabulary.SCALES[name]._asdict()
    return {key: row[key] for key in row if key != "title" and row[key] is not None} | {"name": name}


class Scale(Settings):
    """What scores are possible, and which are better."""

    low: Annotated[Points | None, about("Lowest possible score", "points", example=0)] = None
    high: Annotated[Points | None, about("Highest possible score", "points", example=100)] = None
    step: Annotated[
        Points | None, about("Distance between neighbouring scores", "points", gt=0, example=1)
    ] = None
    better: Annotated[
        Literal["lower", "higher"] | None, about("Whether lower or higher scores are better")
    ] = None


class EndpointScale(Scale):
    # The scale of the endpoint, perhaps a known one. A docstring would become part of the JSON Schema.

    name: Annotated[str, about("Name of the scale", label=True, example="VAS")] = ""
    remission_at_most: Annotated[
        Points | None, about("Highest score that counts as remission", "points", example=7)
    ] = None
    response: Annotated[
        Number | None, about("Share of the baseline that must go for a response", gt=0, le=1, example=0.5)
    ] = None
