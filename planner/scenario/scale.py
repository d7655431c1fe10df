"""The scale that the endpoint is measured on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from planner.scenario import vocabulary
from planner.scenario.fields import (
    Number,
    OneOf,
    Points,
    Settings,
    about,
)

_SCALES = OneOf("scale", vocabulary.SCALES)


def _scale_by_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    row = vocabulary.SCALES[str(_SCALES.check(value))]._asdict()
    return {key: row[key] for key in row if key != "title" and row[key] is not None} | {"name": value}


class Scale(Settings):
    name: Annotated[str, about("Name of the scale", label=True)] = ""
    low: Annotated[Points | None, about("Lowest possible score", "points")] = None
    high: Annotated[Points | None, about("Highest possible score", "points")] = None
    step: Annotated[Points | None, about("Distance between neighbouring scores", "points", gt=0)] = None
    better: Annotated[
        Literal["lower", "higher"] | None, about("Whether lower or higher scores are better")
    ] = None
    remission_at_most: Annotated[Points | None, about("Highest score that counts as remission", "points")] = (
        None
    )
    response: Annotated[
        Number | None, about("Share of the baseline that must go for a response", gt=0, le=1)
    ] = None
