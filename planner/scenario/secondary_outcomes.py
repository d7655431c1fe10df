"""The settings of secondary outcomes: dissociation, or anything else that is measured beside the endpoint.

    score = background + sum over terms of size x product of gates x decay + noise, on the outcome's own scale

Sizes are in points of the outcome and do not depend on how severe the illness is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from planner.scenario.components import HalfLifeSpread, Share, Term
from planner.scenario.fields import A_NUMBER, Days, Points, Sd, Settings, Symbol, about, by_number
from planner.scenario.scale import Scale

MAX_OUTCOMES = 20


class PointSpread(Settings):
    """A distribution between patients, in points of the outcome."""

    mean: Annotated[Points, about("Mean, in points of the outcome", "points", example=20.0)]
    sd: Annotated[Sd, about("Standard deviation between patients", "points", example=14.0)] = 0.0


class OutcomeComponent(Settings):
    """A part of a secondary outcome: how large it is in whom, and how long it lasts."""

    label: Annotated[str, about("What the component is", label=True, example="dissociation")] = ""
    share: Annotated[Share, about("Share of the patients who are susceptible", example=0.9)] = 1.0
    size: Annotated[
        PointSpread,
        by_number("mean"),
        A_NUMBER,
        about("What it adds to the score of the susceptible, in points"),
    ]
    otherwise: Annotated[
        PointSpread, by_number("mean"), A_NUMBER, about("What it adds in the others, in points", example=1.0)
    ] = PointSpread(mean=0.0)
    distribution: Annotated[
        Literal["normal", "lognormal"],
        about("How sizes spread between patients; lognormal: all above 0, a few very large"),
    ] = "normal"
    half_life_days: Annotated[
        HalfLifeSpread | None,
        by_number("median"),
        A_NUMBER,
        about(
            "Half-life; if not given it lasts until the outcome is read and is gone at the next dosing",
            example=0.5,
        ),
    ] = None
    peak_day: Annotated[Days, about("Day until which nothing of it is lost", "days", example=1)] = 0.0


class SecondaryOutcome(Settings):
    """A secondary outcome. What drives it is the same under every hypothesis that has no terms of its own."""

    label: Annotated[str, about("What the outcome is called", label=True)] = ""
    unit: Annotated[str, about("Unit of the scores", max_length=40, example="points")] = "points"
    scale: Annotated[Scale, about("The limits of its scale")] = Scale()
    day: Annotated[
        Days, about("Day after dosing on which it is read; 0: at the dosing itself", "days", example=1)
    ] = 0.0
    background: Annotated[
        PointSpread,
        by_number("mean"),
        A_NUMBER,
        about(
            "Score without any drug; each patient has a level of its own", example={"mean": 2.0, "sd": 1.0}
        ),
    ] = PointSpread(mean=0.0)
    noise_sd: Annotated[Sd, about("Error of one measurement", "points")] = 0.0
    components: Annotated[
        Mapping[Symbol, OutcomeComponent],
        about("Of what it is made; in place of the common components of that name"),
    ] = {}
    terms: Annotated[
        tuple[Term, ...], about("The components that are at work, and the signals they need", max_length=12)
    ] = ()
