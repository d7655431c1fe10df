"""The settings of an observed result: what a trial, planned here or published, has found.

Nothing of it is simulated with. `planner weigh` asks how probable it is under each hypothesis.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, Strict

from planner.scenario.fields import Days, Name, Number, Settings, Symbol, Whole, about

MAX_OBSERVED = 1_000
"""Patients of an observed result."""

Patients = Annotated[int, Strict(), Field(ge=0, le=MAX_OBSERVED)]
CountOf = Annotated[
    tuple[Patients, ...],
    Field(min_length=2, max_length=2),
]
"""So many of so many patients: [7, 12]."""


class ObservedPairs(Settings):
    """Patients seen under both of two treatments, by what they did under each."""

    both: Annotated[Patients, about("Patients who responded to both treatments", "patients", example=0)]
    only: Annotated[
        Mapping[Symbol, Patients],
        about(
            "Patients who responded to this treatment and not to the other, for each of the two",
            example={"K": 7, "KN": 0},
        ),
    ]
    neither: Annotated[Patients, about("Patients who responded to neither treatment", "patients", example=5)]


class ObservedMean(Settings):
    """The mean of a treatment, in the endpoint's measure."""

    mean: Annotated[Number, about("Observed mean, in the endpoint's measure", example=-14.2)]
    n: Annotated[Patients, about("Patients in the mean", "patients", gt=0, example=12)]
    sd: Annotated[
        Number | None,
        about(
            "Observed SD between patients; not weighed, but compared with what is predicted",
            gt=0,
            example=6.5,
        ),
    ] = None


class ObservedDifference(Settings):
    """A comparison of two treatments as reports give it: an estimate, or only its test statistic."""

    contrast: Annotated[
        tuple[Symbol, ...], about("Two treatments, first minus second", min_length=2, max_length=2)
    ]
    estimate: Annotated[
        Number | None, about("Observed mean difference, in the endpoint's measure", example=-8)
    ] = None
    se: Annotated[Number | None, about("Standard error of the estimate", gt=0, example=2)] = None
    interval: Annotated[
        tuple[Number, ...],
        about("Confidence interval, in place of the standard error", max_length=2, example=[-12, -4]),
    ] = ()
    level: Annotated[Number, about("Level of the confidence interval", gt=0.5, lt=1, example=0.9)] = 0.95
    t: Annotated[
        Number | None, about("t statistic of first minus second", ge=-1000, le=1000, example=-2.9)
    ] = None
    F: Annotated[
        Number | None, about("F statistic with one degree of freedom in the numerator", ge=0, le=1_000_000)
    ] = None
    df: Annotated[
        Number | None, about("Degrees of freedom of t, or of the denominator of F", gt=0, le=1_000_000)
    ] = None
    sign: Annotated[
        Literal["negative", "positive"] | None,
        about("Of an F statistic, which has no sign: the sign of first minus second, if reported"),
    ] = None
    n: Annotated[
        Patients | None, about("Patients compared; the expected completers if not given", "patients", gt=1)
    ] = None


class Observed(Settings):
    """What a trial has found, as far as it was reported."""

    citation: Annotated[Name | None, about("Key of the citation that reports the result")] = None
    note: Annotated[str, about("How the numbers were read or derived", example="read from figure 2")] = ""
    day: Annotated[
        Days | None, about("Day after dosing that was observed; the endpoint's day if not given", "days")
    ] = None
    responders: Annotated[
        Mapping[Symbol, CountOf], about("Responders and patients seen, by treatment: { A = [7, 12] }")
    ] = {}
    remitters: Annotated[
        Mapping[Symbol, CountOf], about("Patients in remission and patients seen, by treatment")
    ] = {}
    pairs: Annotated[
        ObservedPairs | None,
        about(
            "Responses of the same patients to two treatments, if reported together",
            example={"both": 0, "only": {"K": 7, "KN": 0}, "neither": 5},
        ),
    ] = None
    paired: Annotated[
        Patients | None,
        about(
            "Patients counted under all treatments; as many as possible if not given", "patients", example=12
        ),
    ] = None
    sequences: Annotated[
        Mapping[Name, Patients],
        about(
            'Patients of the result in each sequence, { "A B" = 5, "B A" = 1 }; if not given, as many as '
            "the allocation makes probable",
            since="0.2.0",
            example={"K KN": 7, "KN K": 5},
        ),
    ] = {}
    means: Annotated[
        Mapping[Symbol, ObservedMean],
        about(
            "Mean of each treatment", example={"K": {"mean": -14.2, "n": 12}, "KN": {"mean": -3.1, "n": 12}}
        ),
    ] = {}
    difference: Annotated[
        ObservedDifference | None,
        about(
            "Difference of two treatments, or its test statistic",
            example={"contrast": ["K", "KN"], "estimate": -8, "se": 2},
        ),
    ] = None
    use: Annotated[
        Literal["counts", "responders", "remitters", "pairs", "means", "difference"] | None,
        about(
            "What is weighed, since it all comes from the same patients: all counts together, or one of "
            "these; the first that is given, in this order, if not stated",
            example="pairs",
        ),
    ] = None
    stopped_at: Annotated[
        Whole | None, about("Look at which the trial ended, counted from 1", ge=1, example=1)
    ] = None
    stopped_by: Annotated[
        Name | None,
        about("Analysis whose stopping rule ended the trial; the first if not given", example="response"),
    ] = None
