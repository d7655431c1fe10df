"""The settings of hypotheses of family `means`: the mean of each treatment, and how scores vary."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, sqrt
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from planner.scenario.bounds import Bounds
from planner.scenario.endpoint import Endpoint
from planner.scenario.families.base import FamilySettings
from planner.scenario.faults import Path
from planner.scenario.fields import (
    A_NUMBER,
    EVERY,
    Correlation,
    Number,
    Points,
    Sd,
    Settings,
    Symbol,
    about,
    for_every,
)
from planner.scenario.score_spread import ScoreSpread, typical


class BaselineCorrelation(Settings):
    own: Annotated[Correlation, about("Between a score and the baseline of its own period", example=0.7)]
    cross: Annotated[Correlation, about("Between a score and the baseline of another period", example=0.6)]
    between: Annotated[Correlation, about("Between the baselines of two periods", example=0.6)]


Each = Discriminator(lambda value: "table" if isinstance(value, Mapping) else "number")
_SdOrTable = Annotated[Annotated[Sd, Tag("number")] | Annotated[Mapping[Symbol, Sd], Tag("table")], Each]
_Positive = Annotated[Points, Field(gt=0)]
_PositiveOrTable = Annotated[
    Annotated[_Positive, Tag("number")] | Annotated[Mapping[Symbol, _Positive], Tag("table")], Each
]


class Means(FamilySettings):
    """A hypothesis that states the mean of each treatment and how scores vary."""

    family: Annotated[Literal["means"], about("Kind of hypothesis")] = "means"
    means: Annotated[Mapping[Symbol, Points], about("Mean of the measure on each treatment", "points")]
    sd_within: Annotated[
        Mapping[Symbol, Sd] | None,
        BeforeValidator(for_every),
        A_NUMBER,
        about("Residual SD within a patient, common or by treatment", "points"),
    ] = None
    sd_between: Annotated[
        _SdOrTable | None,
        about(
            "SD of the patients' own levels, common or by treatment; may be left out where patients are "
            "compared with themselves alone",
            "points",
        ),
    ] = None
    sd: Annotated[
        _PositiveOrTable | None,
        about(
            "SD of the scores of different patients, common or by treatment",
            "points",
            example={"D": 12, "P": 14},
        ),
    ] = None
    correlation: Annotated[
        Number | None, about("Correlation of one patient's scores in two periods", ge=-1, le=1, example=0.7)
    ] = None
    sd_difference: Annotated[
        Points | None, about("SD of one patient's difference of two treatments", "points", gt=0, example=8.0)
    ] = None
    sd_interaction: Annotated[Sd, about("Patient-by-treatment SD", "points", example=3.0)] = 0.0
    carryover: Annotated[
        Mapping[Symbol, Points],
        about("Points that a treatment adds in the next period", "points", example={"D": 0.5}),
    ] = {}
    carryover_lasts: Annotated[
        Literal["next", "lasting"],
        about("Whether carryover reaches the next period only or all later ones", example="lasting"),
    ] = "next"
    baseline_correlation: Annotated[
        BaselineCorrelation | None,
        about(
            "Correlations of the baselines, where they are measured",
            example={"own": 0.7, "cross": 0.6, "between": 0.6},
        ),
    ] = None

    has_sequence_effects: ClassVar = True
    by_treatment: ClassVar = ("means",)
    may_be_uncertain: ClassVar = ("means", "sd_within", "sd_between", "sd_interaction", "carryover")
    loose: ClassVar = ("carryover", "carryover_lasts")
    renamed: ClassVar = dict.fromkeys(("sd_difference", "sd", "correlation"), ("sd_within", "sd_between"))

    def limits_of(self, route: Path, endpoint: Endpoint | None) -> Bounds:
        """A mean score is one that the scale has; an SD within patients is above 0."""
        if route[0] == "means" and endpoint is not None and endpoint.measure == "score":
            low, high = endpoint.scale.low, endpoint.scale.high
            return Bounds(-inf if low is None else low, inf if high is None else high)
        return Bounds(low=0.0, above=True) if route[0] == "sd_within" else Bounds()

    def stated_sd(self, treatment: str) -> float:
        """What `sd` says of a treatment, in points."""
        stated = self.sd
        assert stated is not None
        return stated[treatment] if isinstance(stated, Mapping) else stated

    def residual_variance(self, treatment: str) -> float:
        """Variance left for the residual by `sd` with `correlation`, or by `sd_difference`, points squared.

        Negative if the patient-by-treatment SD alone is already larger than the stated spread.
        """
        interaction = self.sd_interaction * self.sd_interaction
        if self.sd is not None and self.correlation is not None:
            sd = self.stated_sd(treatment)
            return sd * sd * (1.0 - self.correlation) - interaction
        assert self.sd_difference is not None
        return self.sd_difference * self.sd_difference / 2.0 - interaction

    @property
    def spread(self) -> ScoreSpread:
        """The standard deviations that the stated ones imply; the only place where they are derived.

        With equal spread the variance of a within-patient difference is 2 within^2 + 2 interaction^2, and the
        correlation of two treatments is between^2 / (between^2 + interaction^2 + within^2). Patients whose
        `sd_between` nobody states, since it cancels, differ as much as their own scores do. With `sd` by
        treatment the covariance of two scores is correlation x sd x sd, so that the patient effect is in
        proportion to the SD.
        """
        if self.sd_within is not None:
            common = self.sd_within.get(EVERY)
            within = {k: self.sd_within.get(k, common) for k in self.means}
            stated = {k: v for k, v in within.items() if v is not None}
            assumed = typical(list(stated.values())) if stated else 0.0
            level = assumed if self.sd_between is None else self.sd_between
            return ScoreSpread(stated, self._level(level), self.sd_interaction)
        residual = {a: sqrt(self.residual_variance(a)) for a in self.means}
        if self.sd is None or self.correlation is None:
            between = self.sd_between
            level = residual if between is None else self._level(between)
            return ScoreSpread(residual, level, self.sd_interaction)
        root = sqrt(abs(self.correlation))
        level = {a: self.stated_sd(a) * root for a in self.means}
        return ScoreSpread(residual, level, self.sd_interaction, -1 if self.correlation < 0.0 else 1)

    def _level(self, stated: float | Mapping[str, float]) -> dict[str, float]:
        """SD of the patient effect by treatment."""
        if isinstance(stated, Mapping):
            return {a: stated.get(a, stated.get(EVERY, 0.0)) for a in self.means}
        return dict.fromkeys(self.means, stated)


SETTINGS = Means
