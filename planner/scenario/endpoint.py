"""Settings of the endpoint: what is measured, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from planner.scenario import vocabulary
from planner.scenario.fields import (
    AlsoWritten,
    Days,
    OneOf,
    Settings,
    about,
    spelt_schema,
)
from planner.scenario.scale import EndpointScale, scale_by_name

MEASURE = OneOf("measure", dict.fromkeys(vocabulary.MEASURES))

_USUAL = ", ".join(dict.fromkeys(f"{row.measure} for {row.states}" for row in vocabulary.FAMILIES.values()))


class Endpoint(Settings):
    scale: Annotated[
        EndpointScale,
        BeforeValidator(scale_by_name),
        AlsoWritten(**spelt_schema(vocabulary.SCALES)),
        about("A known scale by name, or the limits of another one"),
    ] = EndpointScale()
    unit: Annotated[
        str, about("Unit of the scores; none if a log-normal endpoint does not state it", max_length=40)
    ] = "points"
    day: Annotated[
        Days,
        about("Day after dosing on which the endpoint is read; the first day assessed if not given", "days"),
    ] = 1.0
    label: Annotated[str, about("What the endpoint is called", label=True)] = ""
    measure: Annotated[
        str,
        MEASURE,
        about(f"What is analysed; if not given: {_USUAL}"),
    ] = ""
    baseline: Annotated[
        Literal["period", "first"],
        about(
            "Which baseline change and response refer to: that of each period, or the first", example="first"
        ),
    ] = "period"
    distribution: Annotated[
        str,
        OneOf("distribution", vocabulary.DISTRIBUTIONS),
        about(
            'How scores are distributed whose means are stated; "log-normal": their natural logarithms are '
            "normal, everything is simulated, analysed and stopped on logarithms, and treatments are "
            "compared by the ratio of their geometric means",
            since="0.2.0",
            example="log-normal",
        ),
    ] = "normal"

    @property
    def on_logs(self) -> bool:
        """Whether logarithms are analysed, and treatments compared by a ratio."""
        return self.distribution == "log-normal"

    @property
    def unit_in_brackets(self) -> str:
        """` (mmHg)`, to stand behind what is measured; empty where there is no unit."""
        return f" ({self.unit})" if self.unit else ""

    @property
    def no_effect(self) -> float:
        """The effect of a period or sequence that changes nothing: a ratio of 1, or 0 points."""
        return 1.0 if self.on_logs else 0.0

    @property
    def bounds(self) -> EndpointScale | None:
        """The scale if scores are to be rounded to its steps and cut at its limits, else None."""
        scale = self.scale
        limited = scale.low is not None or scale.high is not None or scale.step is not None
        return scale if limited and self.measure == "score" else None
