"""The settings of hypotheses of family `means`: the mean of each treatment, and how scores vary."""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator

from planner.scenario_uncertain import BY_PATH, Distribution
from planner.settings import (
    A_NUMBER,
    EVERY,
    Correlation,
    Number,
    Path,
    Points,
    Prior,
    Sd,
    Settings,
    Symbol,
    about,
    for_every,
)


class BaselineCorrelation(Settings):
    own: Annotated[Correlation, about("Between a score and the baseline of its own period")]
    cross: Annotated[Correlation, about("Between a score and the baseline of another period")]
    between: Annotated[Correlation, about("Between the baselines of two periods")]


class Spread(NamedTuple):
    """Standard deviations of the score `mean + patient + patient-by-treatment + residual`, in points."""

    within: dict[str, float]  # of the residual, by treatment
    between: float  # of the patient effect
    interaction: float  # of the patient-by-treatment effect

    def total(self, treatment: str) -> float:
        """SD of the scores of different patients on a treatment."""
        within = self.within[treatment]
        return sqrt(self.between * self.between + self.interaction * self.interaction + within * within)

    def contrast(self, weights: Mapping[str, float]) -> float:
        """SD of one patient's contrast of treatments, one period of each."""
        residual = sum(w * w * (self.within[a] * self.within[a]) for a, w in weights.items())
        own = sum(w * w for w in weights.values()) * (self.interaction * self.interaction)
        return sqrt(residual + own)

    def difference(self, first: str, second: str) -> float:
        """SD of one patient's difference of two treatments."""
        return self.contrast({first: 1.0, second: -1.0})

    def correlation(self, first: str, second: str) -> float:
        """Correlation of one patient's scores on two treatments; 0 where nothing varies."""
        scale = self.total(first) * self.total(second)
        return self.between * self.between / scale if scale > 0.0 else 0.0


class Means(Settings):
    """A hypothesis that states the mean of each treatment and how scores vary."""

    family: Annotated[Literal["means"], about("Kind of hypothesis")] = "means"
    label: Annotated[str, about("What the hypothesis is called in tables and plots", label=True)] = ""
    means: Annotated[Mapping[Symbol, Points], about("Mean of the measure on each treatment", "points")]
    sd_within: Annotated[
        Mapping[Symbol, Sd] | None,
        BeforeValidator(for_every),
        A_NUMBER,
        about("Residual SD within a patient, common or by treatment", "points"),
    ] = None
    sd_between: Annotated[Sd | None, about("SD of the patients' own levels", "points")] = None
    sd: Annotated[Points | None, about("SD of the scores of different patients", "points", gt=0)] = None
    correlation: Annotated[
        Number | None, about("Correlation of one patient's scores on two treatments", ge=0, lt=1)
    ] = None
    sd_difference: Annotated[
        Points | None, about("SD of one patient's difference of two treatments", "points", gt=0)
    ] = None
    sd_interaction: Annotated[Sd, about("Patient-by-treatment SD", "points")] = 0.0
    carryover: Annotated[
        Mapping[Symbol, Points], about("Points that a treatment adds in the next period", "points")
    ] = {}
    carryover_lasts: Annotated[
        Literal["next", "lasting"], about("Whether carryover reaches the next period only or all later ones")
    ] = "next"
    baseline_correlation: Annotated[
        BaselineCorrelation | None, about("Correlations of the baselines, where they are measured")
    ] = None
    prior: Prior = None
    uncertainty: Annotated[Mapping[Path, Distribution], BY_PATH] = {}

    @property
    def residual_variance(self) -> float:
        """Variance left for the residual by `sd` with `correlation`, or by `sd_difference`, points squared.

        Negative if the patient-by-treatment SD alone is already larger than the stated spread.
        """
        interaction = self.sd_interaction * self.sd_interaction
        if self.sd is not None and self.correlation is not None:
            return self.sd * self.sd * (1.0 - self.correlation) - interaction
        assert self.sd_difference is not None
        return self.sd_difference * self.sd_difference / 2.0 - interaction

    @property
    def spread(self) -> Spread:
        """The standard deviations that the stated ones imply; the only place where they are derived.

        With equal spread the variance of a within-patient difference is 2 within^2 + 2 interaction^2, and the
        correlation of two treatments is between^2 / (between^2 + interaction^2 + within^2).
        """
        if self.sd_within is not None:
            common = self.sd_within.get(EVERY)
            within = {k: self.sd_within.get(k, common) for k in self.means}
            found = {k: v for k, v in within.items() if v is not None}
            return Spread(found, self.sd_between or 0.0, self.sd_interaction)
        residual = sqrt(self.residual_variance)
        if self.sd is not None and self.correlation is not None:
            between = self.sd * sqrt(self.correlation)
        else:
            between = residual if self.sd_between is None else self.sd_between
        return Spread(dict.fromkeys(self.means, residual), between, self.sd_interaction)
