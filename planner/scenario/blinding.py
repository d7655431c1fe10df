"""The settings of blinding: what patients guess after each period, and what the guess does to them.

odds of guessing "active" = exp(intercept + slope x outcome + slope_from_previous x (outcome - previous one))
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from planner.scenario.fields import Number, Settings, Symbol, about

LogOdds = Annotated[Number, Field(ge=-100, le=100)]


class Expectancy(Settings):
    """A signal of the period that depends on what the patient guesses."""

    signal: Annotated[Symbol, about("The signal, for instance the expectancy cue", example="cue")]
    if_active: Annotated[
        Number,
        about(
            "Its value, or the factor on it, in those who guess that it is active", ge=0, le=100, example=1.0
        ),
    ]
    if_inactive: Annotated[
        Number,
        about(
            "Its value, or the factor on it, in those who guess that it is not", ge=0, le=100, example=0.15
        ),
    ]
    combine: Annotated[
        Literal["replace", "multiply"],
        about(
            "Whether these stand in place of what drives the signal, or multiply that; blockers act anyway",
            example="multiply",
        ),
    ] = "replace"


class Blinding(Settings):
    """After each period the patient guesses whether it was an active treatment."""

    active: Annotated[
        tuple[Symbol, ...],
        about("The agents that make a treatment active", min_length=1, max_length=24, example=["ketamine"]),
    ]
    intercept: Annotated[
        LogOdds, about("Log odds of guessing active without the outcome below", example=-1.5)
    ]
    outcome: Annotated[
        str, about("The secondary outcome that gives the treatment away", example="dissociation")
    ] = ""
    slope: Annotated[LogOdds, about("What each point of it adds to the log odds", example=0.2)] = 0.0
    slope_from_previous: Annotated[
        LogOdds,
        about(
            "What each point by which it exceeds that of the period before adds to the log odds", example=0.1
        ),
    ] = 0.0
    expectancy: Annotated[
        Expectancy | None,
        about(
            "The signal that depends on the guess",
            example={"signal": "cue", "if_active": 1.0, "if_inactive": 0.15},
        ),
    ] = None
