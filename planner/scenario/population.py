"""Settings of the patients, and what happens to all of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from planner.scenario.dropout import Dropout
from planner.scenario.fields import (
    A_NUMBER,
    Number,
    Points,
    Sd,
    Settings,
    about,
)


class Baseline(Settings):
    mean: Annotated[Points, about("Mean baseline", "points")]
    sd: Annotated[Sd, about("Standard deviation of the baseline between patients", "points")]
    at_least: Annotated[
        Points | None,
        about("Observed score that patients need to be enrolled; acts on hypotheses of mechanisms", "points"),
    ] = None


class Population(Settings):
    baseline: Annotated[Baseline | None, about("The baseline of the patients, where it is measured")] = None
    entry: Annotated[
        Literal["screening", "baseline"],
        about(
            "Which rating must reach `baseline.at_least`: one at screening, after which the first baseline "
            "is rated afresh; or the first baseline itself",
            since="0.2.0",
            example="baseline",
        ),
    ] = "screening"
    rating_sd: Annotated[
        Sd, about("Error of one rating under mechanisms: its SD beside the true severity", "points")
    ] = 0.0
    occasion_sd: Annotated[
        Annotated[Number, Field(ge=0, le=10)],
        about("Swings of a patient from period to period under mechanisms: SD as a share of the severity"),
    ] = 0.0
    period_effect: Annotated[
        tuple[Points, ...],
        about(
            "Added to every score of a period, one per period; where rates are stated, to the latent "
            "threshold, in its SDs; of a log-normal endpoint the ratio to the first period, which is 1",
            "points",
        ),
    ] = ()
    sequence_effect: Annotated[
        tuple[Points, ...],
        about(
            "Added to every score of a sequence, one per sequence; acts on means only; of a log-normal "
            "endpoint a factor",
            "points",
            example=[0.0, 2.0],
        ),
    ] = ()
    dropout: Annotated[Dropout, A_NUMBER, about("How patients leave the trial")] = Dropout()
