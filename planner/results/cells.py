"""Cells of a result: everything that is known of one analysis under one hypothesis at one number of patients.

Fields have the names and the order of the keys in the JSON contract, which `to_json` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

from planner.results.contract import Json, Written, as_json
from planner.results.figures import Figure, Quantile
from planner.results.limit_errors import ExactScaled, LimitError, components_json

STAGE_QUANTILES = (5, 50, 95)
"""Of the patients of a two-stage trial, in per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookFigures(Written):
    """A look: its patients and limits, and the shares of all trials that end there or have no test there."""

    look: int  # from 1
    information: float  # share of that of all patients
    patients: int
    completers: float  # expected
    completers_mcse: float | None = None  # None where the completers are exact
    efficacy_z: float | None  # None where the look cannot stop
    futility_z: float | None
    nominal_p: float | None
    efficacy: Figure
    futility: Figure
    undefined: Figure

    if_any: ClassVar = frozenset({"completers_mcse"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateFigures(Written):
    """What becomes of the estimate, in the unit of the measure; each with its Monte Carlo standard error."""

    mean: float | None
    mean_mcse: float | None
    bias: float | None
    bias_mcse: float | None
    empirical_se: float | None
    empirical_se_mcse: float | None
    rmse: float | None
    rmse_mcse: float | None
    coverage: Figure | None
    bias_given_early_stop: float | None
    bias_given_early_stop_mcse: float | None
    bias_given_early_efficacy: float | None
    bias_given_early_efficacy_mcse: float | None
    bias_given_futility: float | None
    bias_given_futility_mcse: float | None
    exaggeration_given_efficacy: float | None  # type M error; None without a true effect
    exaggeration_given_efficacy_mcse: float | None
    wrong_sign: Figure | None  # type S error, among the significant trials
    error_range: float  # an error beyond it counts as this large
    beyond_range: Figure | None
    empirical_se_is_rough: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioFigures(EstimateFigures):
    """What becomes of an estimated ratio, in per cent; its spread is told of the logarithms only."""

    unwritten: ClassVar = frozenset({"empirical_se", "empirical_se_mcse", "rmse", "rmse_mcse", "error_range"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Written):
    """Patients who wait for their next period until they have returned to their baseline."""

    never_returned: Figure | None  # share of those who were there before, who leave therefore
    extra_days: Figure | None  # of those who have the next dosing


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap(Written):
    """The gap after a period of a sequence: how many were there before, and the share of them who leave."""

    sequence: str  # treatments, separated by spaces
    after_period: int
    treatment: str
    patients: int  # counted over all trials
    left: Figure | None
    waiting: Waiting | None = None

    merged: ClassVar = frozenset({"waiting"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Departures(Written):
    """Who leaves, where that is not by chance alone: share of the patients, and by gap between periods."""

    dropout: Figure | None
    leaving: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectGuesses(Written):
    """Shares of the patients' guesses that are right; None where nobody guessed."""

    all: Figure | None
    by_treatment: Mapping[str, Figure | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantFigures(Written):
    """How far power and true effect differ between variants of what is uncertain."""

    variants: int
    power_sd: float
    power_quantiles: Mapping[str, Quantile]  # by name: p5, p25, p50, p75, p95
    effect_sd: float
    effect_quantiles: Mapping[str, Quantile]
    direction: str  # above or below 0, or within margins: where an effect is looked for
    effect_probability: Figure | None  # of an effect in that direction
    power_limit: Figure | None  # what assurance tends to as patients are added, if nothing is biased
    power_given_effect: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarryoverFigures(Written):
    """What carryover adds to the mean estimate of a trial that runs to its last look."""

    bias: Figure
    standard_error: float  # of the estimate, empirical
    of_standard_error: float | None  # size of the bias as a share of it
    of_effect: float | None  # and of the true effect
    matters: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalenceFigures(Written):
    """Where equivalence is to be shown: what trials show. Without a test they show nothing."""

    equivalent: Figure  # the interval lies within the limits: the power
    not_equivalent: Figure  # all others
    different: Figure  # of these, shown to be: the interval lies outside the limits, at the last look

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        return {
            "equivalent": self.equivalent.to_json(),
            "not_equivalent": self.not_equivalent.to_json(),
            "shown_different": self.different.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFigures(Written):
    """The upper limits that trials are held to, as ratios in per cent."""

    mean: Figure
    quantiles: Mapping[str, Quantile]  # by name: p5, p50, p95

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        names = {"p5": "q05", "p50": "q50", "p95": "q95"}
        quantiles = {name: self.quantiles[own].to_json() for own, name in names.items()}
        return {"mean": self.mean.to_json(), **quantiles}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledFigures(Written):
    """Where limits are scaled to how the reference varies: the share of trials in which each part holds.

    None where the rule does not ask for it.
    """

    criterion: Figure | None  # the scaled test by itself
    estimate: Figure | None  # the estimate is near enough
    unscaled: Figure  # the interval lies within 80 to 125 %, whether the rule asks for that or not
    sd_ratio: Figure | None  # the SD of the test product is not much larger than that of the reference
    switched: Figure  # limits are scaled
    upper_limit: LimitFigures | None  # None where the rule is undefined in every trial

    def to_json(self) -> Json:
        """The keys of the JSON contract, which stand among those of the cell."""
        parts = components_json(self.criterion, self.estimate, self.unscaled, self.sd_ratio, self.switched)
        return {"components": as_json(parts), "upper_limit": as_json(self.upper_limit)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoStageFigures(Written):
    """What becomes of trials whose second stage is planned after the first."""

    stage_one: Figure  # equivalence is shown after stage 1
    stage_two: Figure  # there is a stage 2
    futility: Figure  # given up after stage 1: by a futility rule, or because too many patients are needed
    patients_quantiles: Mapping[str, Quantile]  # randomised in both stages, by name: q05, q50, q95


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactStages(Written):
    """The exact figures of complete trials with a second stage."""

    equivalent: float
    stage_one: float  # equivalent after stage 1
    stage_two: float
    futility: float
    expected_patients: float
    patients_quantiles: Mapping[str, int]  # by name: q05, q50, q95

    def to_json(self) -> Json:
        """The object of the JSON contract, under its key."""
        return {"exact": {each.name: as_json(getattr(self, each.name)) for each in fields(self)}}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageError(Written):
    """The exact type I error of a two-stage rule, with so many patients in stage 1."""

    first: int  # patients of stage 1
    cv: float  # within patients
    type_one_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Written):
    """One analysis under one hypothesis: what is true, and the figures of so many virtual trials."""

    trials: int
    hypothesis: str
    analysis: str
    patients: int
    alpha: float
    alternative: str
    limits: tuple[float, float] | None = None  # of equivalence, first minus second
    margin: float | None = None  # of tests against one
    true_effect: float
    stated_effect: float | None
    true_effect_mcse: float
    is_null: bool
    power: Figure
    equivalence: EquivalenceFigures | None = None  # None where anything else is to be shown
    stopped_early: Figure
    looks: tuple[LookFigures, ...]
    expected_patients: Figure
    expected_completers: Figure
    estimate: EstimateFigures
    undefined: Figure
    departures: Departures | None = None  # None where everybody leaves by chance alone
    sweep: Mapping[str, object] = field(default_factory=dict)  # of a sweep, the values here by path
    note: str = ""
    power_ignoring_futility: Figure | None = None  # None where futility is binding, or not looked for
    correct_guesses: CorrectGuesses | None = None  # None where nobody is asked
    uncertainty: VariantFigures | None = None  # of a run over uncertain numbers
    carryover: CarryoverFigures | None = None  # None where nothing can be carried over, or was not looked for
    estimate_log: EstimateFigures | None = None  # of logarithms, where effects are ratios
    type1_at_limit: LimitError | None = None  # where limits are scaled, and the effect is within them
    exact: ExactScaled | None = None  # where limits are scaled, and a closed form is known
    scaled: ScaledFigures | None = None  # None where limits are not scaled to how the reference varies
    two_stage: TwoStageFigures | None = None  # None where there is no second stage
    exact_stages: ExactStages | None = None  # and of complete trials, without simulation

    @property
    def as_analysed(self) -> EstimateFigures:
        """The estimate as it was added up: of logarithms, where effects are ratios."""
        return self.estimate_log or self.estimate

    unwritten: ClassVar = frozenset({"trials"})
    merged: ClassVar = frozenset({"departures", "equivalence", "scaled", "two_stage", "exact_stages"})
    if_any: ClassVar = frozenset(
        {
            *("limits", "margin", "power_ignoring_futility", "correct_guesses", "uncertainty"),
            *("estimate_log", "type1_at_limit", "exact"),
        }
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrial(Written):
    """All primary analyses of a trial together, under one hypothesis at one number of patients."""

    hypothesis: str
    patients: int
    analyses: tuple[str, ...]
    procedure: str = "none"  # for several analyses
    success: None = None
    any: Figure  # is significant
    all: Figure
    familywise_error: Figure | None  # None where no null hypothesis is true
    looks: None = None
    expected_patients: None = None
    sweep: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
