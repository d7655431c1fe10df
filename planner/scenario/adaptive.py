"""The setting `adaptive` of the monitoring: a second stage whose patients are planned after the first."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict

from planner.scenario.fields import A_NUMBER, Flag, Number, OneOf, Settings, Whole, about, as_list
from planner.scenario.two_stage_rules import RULES

USUAL_MOST = 4_000
"""Patients of both stages that are simulated at most where no `max` is stated."""

MOST = 10_000
"""The largest `max`."""

_Ratio = Annotated[float, Strict(), Field(gt=0, le=100)]
_Range = Annotated[tuple[_Ratio, ...], Field(min_length=2, max_length=2)]
_Level = Annotated[float, Strict(), Field(gt=0, lt=0.5)]


class StageFutility(Settings):
    """When a trial is given up after stage 1; what is not stated stops none."""

    ci_outside: Annotated[
        _Range,
        about(
            "Stop where the whole 90 % interval of stage 1 lies outside these ratios",
            example=[0.95, 1.0526],
        ),
    ] = ()
    estimate_outside: Annotated[
        _Range,
        about("Stop where the estimated ratio of stage 1 lies outside these", example=[0.85, 1.1764]),
    ] = ()


class Adaptive(Settings):
    """A published two-stage rule, and what departs from it; a complete scenario has every number."""

    rule: Annotated[
        str,
        OneOf("two-stage rule", RULES),
        about("Rule by which patients of stage 2 are planned and tested", example="potvin-b"),
    ]
    alpha: Annotated[
        tuple[_Level, ...],
        BeforeValidator(as_list),
        A_NUMBER,
        about(
            "Level of each one-sided test of stages 1 and 2, one number for both; of maurer one, of the "
            "whole trial; that of the rule if not given",
            min_length=1,
            max_length=2,
            example=[0.0294, 0.0294],
        ),
    ] = ()
    power: Annotated[
        Number | None,
        about("Power for which stage 2 is planned; that of the rule if not given", gt=0, lt=1, example=0.8),
    ] = None
    ratio: Annotated[
        _Ratio | None,
        about("Ratio for which stage 2 is planned; that of the rule if not given", example=0.95),
    ] = None
    max: Annotated[
        Whole | None,
        about(
            "Most evaluable patients of both stages: a larger number is not begun and counts as futile; "
            "under maurer stage 2 is cut to it. Needed where patients leave",
            "patients",
            ge=4,
            le=MOST,
            example=120,
        ),
    ] = None
    min_second: Annotated[
        Whole | None,
        about("Fewest patients of a stage 2", "patients", ge=0, le=MOST, example=2),
    ] = None
    use_estimate: Annotated[
        Flag,
        about(
            "Whether stage 2 is planned for the ratio that stage 1 estimates, in place of `ratio`",
            example=True,
        ),
    ] = False
    planned_by: Annotated[
        Literal["nct", "exact"],
        about(
            "How power is computed for planning: as the difference of two noncentral t, as published, or "
            "exactly",
            example="exact",
        ),
    ] = "nct"
    inflate: Annotated[
        Flag,
        about("Whether stage 2 randomises more patients to make up for those who will leave", example=True),
    ] = False
    futility: Annotated[
        StageFutility,
        about("When the trial is given up after stage 1", example={"ci_outside": [0.95, 1.0526]}),
    ] = StageFutility()
