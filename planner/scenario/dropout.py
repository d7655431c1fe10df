"""The settings of how patients leave or wait: by chance, or depending on what they have been through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from planner.scenario.fields import (
    A_NUMBER,
    Number,
    Points,
    Probability,
    Settings,
    Symbol,
    about,
    as_list,
    by_number,
)

Ratio = Annotated[Number, Field(ge=0.001, le=1000)]

IMPROVEMENT_STEP = 10.0
"""Percentage points of improvement to which one odds ratio belongs."""


class Driver(Settings):
    """A number of the period just finished on which leaving depends."""

    ratio: Annotated[Ratio, about("Factor on the odds of leaving", example=1.3)]
    per: Annotated[
        Points, about("By how much higher the number is when the odds take the factor", gt=0, example=5)
    ] = 1.0
    around: Annotated[
        Points, about("The number at which the stated probability of leaving holds", example=20)
    ]


class OddsRatios(Settings):
    """Factors on the odds of leaving after a period, which are the stated ones where none applies."""

    improvement: Annotated[
        Ratio | None,
        about(
            "Factor on the odds of leaving for each 10 percentage points by which the score has improved on "
            "its baseline in the period just finished; acts on hypotheses of mechanisms",
            example=0.8,
        ),
    ] = None
    endpoint: Annotated[
        Driver | None,
        about(
            "How the odds depend on the value of the endpoint in the period just finished",
            example={"ratio": 1.3, "per": 5, "around": 20},
        ),
    ] = None
    treatment: Annotated[
        Mapping[Symbol, Ratio],
        about("Factor on the odds after a period of this treatment; 1 if not named", example={"PB": 1.5}),
    ] = {}
    outcomes: Annotated[
        Mapping[Symbol, Annotated[Driver, by_number("ratio", per=10.0, around=0.0), A_NUMBER]],
        about(
            "How the odds depend on secondary outcomes, such as adverse effects, in the period just "
            "finished; a number is the factor for each 10 points from 0 on; acts on hypotheses of mechanisms",
            example={"dissociation": 1.2},
        ),
    ] = {}


class Dropout(Settings):
    per_period: Annotated[
        tuple[Probability, ...],
        BeforeValidator(as_list),
        A_NUMBER,
        about("Probability of leaving between a period and the next: one for all gaps, or one per gap"),
    ] = (0.0,)
    before_first: Annotated[
        Probability, about("Probability of leaving after randomisation and before the first period")
    ] = 0.0
    odds_ratio: Annotated[
        OddsRatios | None,
        about(
            "What the odds of leaving between periods depend on; on nothing if not given",
            example={"improvement": 0.8},
        ),
    ] = None
