"""The settings of means of a log-normal endpoint: geometric means, and how scores vary about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from planner.scenario.bounds import Bounds
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.fields import A_NUMBER, EVERY, LARGEST, Number, Symbol, about, for_every
from planner.scenario.logs import sd_of_logs
from planner.scenario.score_spread import ScoreSpread

USUAL_CV_BETWEEN = 0.5
"""CV between patients where none is stated: it cancels wherever patients are compared with themselves."""

MOST_CV = 3
"""A larger CV, or SD of logarithms, is a percentage."""

_MOST_RATIO = 1000.0
_Above0 = Annotated[Number, Field(gt=0, le=LARGEST)]
_Ratio = Annotated[Number, Field(ge=1.0 / _MOST_RATIO, le=_MOST_RATIO)]
_Cv = Annotated[Number, Field(ge=0, le=MOST_CV)]
_LogSd = Annotated[Number, Field(ge=0, le=MOST_CV)]


class LogNormal(FamilySettings):
    """A hypothesis that states the geometric mean of each treatment and how scores vary, by their CV."""

    family: Annotated[Literal["means"], about("Kind of hypothesis")] = "means"
    means: Annotated[
        Mapping[Symbol, _Above0],
        about(
            "Geometric mean of the measure on each treatment", "of the endpoint", example={"T": 95, "R": 100}
        ),
    ]
    cv_within: Annotated[
        Mapping[Symbol, _Cv] | None,
        BeforeValidator(for_every),
        A_NUMBER,
        about(
            "Coefficient of variation within a patient, common or by treatment (0.3 is 30 %)",
            example={"T": 0.35, "R": 0.5},
        ),
    ] = None
    sd_within: Annotated[
        Mapping[Symbol, _LogSd] | None,
        BeforeValidator(for_every),
        A_NUMBER,
        about("In place of `cv_within`: residual SD of natural logarithms within a patient", example=0.3),
    ] = None
    cv_between: Annotated[
        _Cv | None,
        about(
            "Coefficient of variation of the patients' own levels; 0.5 if neither it nor `sd_between` is "
            "given",
            example=0.6,
        ),
    ] = None
    sd_between: Annotated[
        _LogSd | None,
        about("In place of `cv_between`: SD of the logarithms of the patients' own levels", example=0.5),
    ] = None
    sd_interaction: Annotated[_LogSd, about("Patient-by-treatment SD of logarithms", example=0.1)] = 0.0
    carryover: Annotated[
        Mapping[Symbol, _Ratio],
        about("Factor that a treatment leaves on the next period", "a ratio", example={"T": 1.02}),
    ] = {}
    carryover_lasts: Annotated[
        Literal["next", "lasting"],
        about("Whether carryover reaches the next period only or all later ones", example="lasting"),
    ] = "next"

    measures: ClassVar = ("score",)
    distribution: ClassVar = "log-normal"
    of_what: ClassVar = "positive scores"
    has_baselines: ClassVar = False
    effects_in: ClassVar = "ratios"
    has_sequence_effects: ClassVar = True
    by_treatment: ClassVar = ("means",)
    may_be_uncertain: ClassVar = (
        "means",
        "cv_within",
        "sd_within",
        "cv_between",
        "sd_between",
        "sd_interaction",
        "carryover",
    )
    loose: ClassVar = ("carryover", "carryover_lasts")

    def limits_of(self, route: Path, endpoint: Endpoint | None) -> Bounds:
        """A spread within patients is above 0."""
        return Bounds(low=0.0, above=True) if route[0] in ("cv_within", "sd_within") else Bounds()

    def common_limits_of(self, route: Path) -> Bounds:
        """Effects of periods and sequences are ratios; that of the first period is 1."""
        if route == ("population", "period_effect", 0):
            return Bounds(1.0, 1.0)
        ratios = (("population", "period_effect"), ("population", "sequence_effect"))
        return Bounds(low=0.0, above=True) if route[:2] in ratios else Bounds()

    @property
    def within(self) -> dict[str, float]:
        """SD of logarithms within a patient, by treatment, of those for which it is stated."""
        cvs, sds = self.cv_within or {}, self.sd_within or {}
        stated = {**{a: sd_of_logs(cv) for a, cv in cvs.items()}, **sds}
        each = {a: stated.get(a, stated.get(EVERY)) for a in self.means}
        return {a: sd for a, sd in each.items() if sd is not None}

    @property
    def between(self) -> float:
        """SD of the logarithms of the patients' own levels."""
        if self.sd_between is not None:
            return self.sd_between
        return sd_of_logs(USUAL_CV_BETWEEN if self.cv_between is None else self.cv_between)

    @property
    def spread(self) -> ScoreSpread:
        """How logarithms vary; the only place where their SDs come from CVs."""
        return ScoreSpread(self.within, dict.fromkeys(self.means, self.between), self.sd_interaction)


SETTINGS = LogNormal
