"""What a crossover trial is: every setting of a scenario, declared once.

A declaration carries the type, the range, the unit and one sentence of help. Error messages, `show`, `--set`,
the JSON Schema and the digest are all derived from it. `planner.reading` turns a file into a complete
`Scenario`: every default filled in, every look a count, so that nothing downstream knows a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PrivateAttr, Strict

from planner import vocabulary
from planner.scenario_terms import Rates, Terms
from planner.settings import (
    A_NUMBER,
    EVERY,
    AlsoWritten,
    Correlation,
    Days,
    Name,
    Number,
    OneOf,
    Path,
    Points,
    Probability,
    Sd,
    Settings,
    Symbol,
    Truth,
    Whole,
    ZLimit,
    about,
    as_list,
    for_every,
    split_text,
)

MAX_PATIENTS = 10_000
MAX_PERIODS = 12
MAX_SEQUENCES = 100
MAX_TREATMENTS = 24
MAX_LOOKS = 20
MAX_HYPOTHESES = 100
MAX_ANALYSES = 20
MAX_TRIALS = 1_000_000_000

_SCALES = OneOf("scale", vocabulary.SCALES)


def _scale_by_name(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    row = vocabulary.SCALES[str(_SCALES.check(value))]._asdict()
    return {key: row[key] for key in row if key != "title" and row[key] is not None} | {"name": value}


Sequence = Annotated[
    tuple[Symbol, ...],
    Field(min_length=1, max_length=MAX_PERIODS),
    BeforeValidator(split_text),
    AlsoWritten(type="string"),
]


class Citation(Settings):
    key: Annotated[Name, about("Short name of the source", label=True)]
    text: Annotated[str, about("The source as it is printed", label=True)]
    doi: Annotated[str, about("Digital object identifier", label=True)] = ""
    url: Annotated[str, about("Where the source can be read", label=True)] = ""
    supports: Annotated[
        tuple[Path, ...], about("Paths of the settings that the source supports", label=True)
    ] = ()


class Treatment(Settings):
    label: Annotated[str, about("What the treatment is called in tables and plots", label=True)] = ""


class Design(Settings):
    sequences: Annotated[
        tuple[Sequence, ...],
        about(
            "The treatments of each sequence, in order of the periods",
            min_length=1,
            max_length=MAX_SEQUENCES,
        ),
    ] = ()
    name: Annotated[
        str | None, OneOf("design", vocabulary.DESIGNS), about("A named design, in place of `sequences`")
    ] = None
    arms: Annotated[
        tuple[Symbol, ...],
        about("The treatments A, B, ... of a named design", min_length=1, max_length=MAX_TREATMENTS),
    ] = ()
    allocation: Annotated[
        tuple[Annotated[int, Strict(), Field(ge=1, le=MAX_PATIENTS)], ...],
        about("Patients per sequence in one allocation unit; 1 each if not given", min_length=1),
    ] = ()
    patients: Annotated[
        Whole, about("Total number of patients randomised", "patients", ge=1, le=MAX_PATIENTS)
    ]
    block: Annotated[
        Whole, about("Allocation units in one randomisation block", "units", ge=1, le=MAX_PATIENTS)
    ] = 1
    washout_days: Annotated[Days, about("Time between the end of a period and the next dosing", "days")] = 0.0
    period_days: Annotated[Days, about("Length of one treatment period", "days")] = 0.0
    baselines: Annotated[
        Literal["none", "first", "period"],
        about("Whether a baseline is measured: not at all, before the first period, before every period"),
    ] = "none"

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.sequences[0])

    @property
    def treatments(self) -> tuple[str, ...]:
        """The treatments given, in order of first appearance in the sequences."""
        return tuple(dict.fromkeys(symbol for sequence in self.sequences for symbol in sequence))

    @property
    def unit(self) -> int:
        """Patients in one allocation unit."""
        return sum(self.allocation)


class Baseline(Settings):
    mean: Annotated[Points, about("Mean baseline", "points")]
    sd: Annotated[Points, about("Standard deviation of the baseline between patients", "points", gt=0)]


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


class Population(Settings):
    baseline: Annotated[Baseline | None, about("The baseline of the patients, where it is measured")] = None
    period_effect: Annotated[
        tuple[Points, ...], about("Added to every score of a period, one per period", "points")
    ] = ()
    sequence_effect: Annotated[
        tuple[Points, ...], about("Added to every score of a sequence, one per sequence", "points")
    ] = ()
    dropout: Annotated[Dropout, about("How patients leave the trial")] = Dropout()


class Scale(Settings):
    name: Annotated[str, about("Name of the scale", label=True)] = ""
    low: Annotated[Points | None, about("Lowest possible score", "points")] = None
    high: Annotated[Points | None, about("Highest possible score", "points")] = None
    step: Annotated[Points | None, about("Distance between neighbouring scores", "points", gt=0)] = None
    better: Annotated[
        Literal["lower", "higher"] | None, about("Whether lower or higher scores are better")
    ] = None
    remission_at_most: Annotated[Points | None, about("Highest score that counts as remission", "points")] = (
        None
    )
    response: Annotated[
        Number | None, about("Share of the baseline that must go for a response", gt=0, le=1)
    ] = None


class Endpoint(Settings):
    scale: Annotated[
        Scale,
        BeforeValidator(_scale_by_name),
        AlsoWritten(type="string", enum=list(vocabulary.SCALES)),
        about("A known scale by name, or the limits of another one"),
    ] = Scale()
    unit: Annotated[str, about("Unit of the scores", max_length=40)] = "points"
    day: Annotated[Days, about("Day after dosing on which the endpoint is read", "days")] = 1.0
    label: Annotated[str, about("What the endpoint is called", label=True)] = ""
    measure: Annotated[
        Literal["score", "change"], about("What the means describe: the score or its change from baseline")
    ] = "score"

    @property
    def bounds(self) -> Scale | None:
        """The scale if scores are to be rounded to its steps and cut at its limits, else None."""
        scale = self.scale
        limited = scale.low is not None or scale.high is not None or scale.step is not None
        return scale if limited and self.measure == "score" else None


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

    def difference(self, first: str, second: str) -> float:
        """SD of one patient's difference of two treatments, one period of each."""
        a, b = self.within[first], self.within[second]
        return sqrt(a * a + b * b + 2.0 * (self.interaction * self.interaction))

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


Hypothesis = Means | Rates | Terms
FAMILIES: dict[str, type[Means]] = {"means": Means}


class Analysis(Settings):
    name: Annotated[Name, about("Name of the analysis in the results; its method if not given")] = ""
    method: Annotated[str, OneOf("analysis", vocabulary.METHODS), about("How the trial is analysed")] = ""
    contrast: Annotated[
        tuple[Symbol, ...], about("Two treatments, first minus second", min_length=2, max_length=2)
    ] = ()
    alpha: Annotated[
        Number, about("Significance level, of both sides together if two-sided", gt=0, lt=0.5)
    ] = 0.05
    alternative: Annotated[
        Literal["two-sided", "greater", "less", "better", "worse"], about("Direction of the test")
    ] = "two-sided"
    role: Annotated[Literal["primary"], about("A primary analysis drives its own stopping")] = "primary"
    planned_effect: Annotated[
        Points | None, about("Difference that planning assumed, first minus second", "points")
    ] = None
    measure: Annotated[str, about("What is analysed; the endpoint's measure if not given")] = ""
    day: Annotated[Days | None, about("Day that is analysed; the endpoint's day if not given", "days")] = None
    planned_sd_difference: Annotated[
        Points | None, about("SD of one patient's difference that planning assumed", "points", gt=0)
    ] = None


class Efficacy(Settings):
    rule: Annotated[str, OneOf("efficacy rule", vocabulary.EFFICACY_RULES), about("Rule for stopping early")]
    delta: Annotated[Number | None, about("Shape of the Wang-Tsiatis limits", ge=-10, le=0.5)] = None
    gamma: Annotated[Number | None, about("Shape of Hwang-Shih-DeCani spending", ge=-40, le=40)] = None
    rho: Annotated[Number | None, about("Power of Kim-DeMets spending", gt=0, le=50)] = None
    spent: Annotated[
        tuple[Probability, ...], about("Cumulative alpha spent, one per look", min_length=1)
    ] = ()
    z: Annotated[tuple[ZLimit, ...], about("Limit on the z scale, one per look", min_length=1)] = ()


class Futility(Settings):
    rule: Annotated[str, OneOf("futility rule", vocabulary.FUTILITY_RULES), about("Rule for giving up early")]
    at_most: Annotated[Number | None, about("Conditional power at which to stop", gt=0, lt=1)] = None
    under: Annotated[
        Literal["estimate", "planned", "null"] | None,
        about("The effect under which conditional power is computed; estimate if not given"),
    ] = None
    beta: Annotated[Number | None, about("Total beta to spend", gt=0, lt=1)] = None
    gamma: Annotated[Number | None, about("Shape of Hwang-Shih-DeCani spending", ge=-40, le=40)] = None
    rho: Annotated[Number | None, about("Power of Kim-DeMets spending", gt=0, le=50)] = None
    spent: Annotated[tuple[Probability, ...], about("Cumulative beta spent, one per look", min_length=1)] = ()
    z: Annotated[
        tuple[ZLimit, ...], about("Limit on the z scale, one per look before the last", min_length=1)
    ] = ()
    binding: Annotated[Truth, about("Whether the efficacy limits count on the futility rule")] = False


class Monitoring(Settings):
    looks: Annotated[
        tuple[Annotated[float, Strict(), Field(gt=0)], ...],
        about(
            "Patients finished at each look, or fractions of all; the last is everybody",
            min_length=1,
            max_length=MAX_LOOKS,
        ),
    ] = ()
    efficacy: Annotated[Efficacy | None, about("Stopping because the treatment works")] = None
    futility: Annotated[Futility | None, about("Stopping because it will not be shown to work")] = None

    @property
    def counts(self) -> tuple[int, ...]:
        """Patients finished at each look of a complete scenario."""
        return tuple(int(look) for look in self.looks)


class Simulation(Settings):
    trials: Annotated[
        Whole, about("Number of simulated trials", "trials", label=True, ge=1, le=MAX_TRIALS)
    ] = 100_000
    seed: Annotated[Whole, about("Seed of the random numbers", label=True, ge=0, le=2**64 - 1)] = 1
    hypotheses: Annotated[
        tuple[Name, ...], about("The hypotheses to simulate; all if not given", min_length=1)
    ] = ()


class Scenario(Settings):
    schema_version: Annotated[Literal[1], about("Version of the scenario format")]
    title: Annotated[str, about("One line that names the trial", label=True)] = ""
    question: Annotated[str, about("The question that the trial asks", label=True)] = ""
    notes: Annotated[str, about("Anything else that a reader should know", label=True)] = ""
    citations: Annotated[tuple[Citation, ...], about("Sources of the numbers", label=True)] = ()
    assumed: Annotated[tuple[Path, ...], about("Paths of settings that rest on no source", label=True)] = ()
    treatments: Annotated[Mapping[Symbol, Treatment], about("The treatments", max_length=MAX_TREATMENTS)] = {}
    design: Annotated[Design, about("Sequences, patients and times")]
    population: Annotated[Population, about("The patients, and what happens to all of them")] = Population()
    endpoint: Annotated[Endpoint, about("What is measured")] = Endpoint()
    hypotheses: Annotated[
        Mapping[Name, Means],
        about("What may be true", min_length=1, max_length=MAX_HYPOTHESES),
    ]
    analyses: Annotated[
        tuple[Analysis, ...], about("How the trial is analysed", min_length=1, max_length=MAX_ANALYSES)
    ] = ()
    monitoring: Annotated[Monitoring, about("When the data are looked at, and when to stop")] = Monitoring()
    simulation: Annotated[Simulation, about("How the trial is simulated")] = Simulation()
    _name: str = PrivateAttr(default="scenario")

    @property
    def name(self) -> str:
        """Name of the file or of the entry of the catalogue; not a setting."""
        return self._name

    def direction(self, analysis: Analysis) -> Literal["two-sided", "greater", "less"]:
        """The alternative of an analysis as a sign of first minus second: `better` and `worse` translated."""
        match analysis.alternative:
            case "better" | "worse" as wish:
                up = (self.endpoint.scale.better == "higher") == (wish == "better")
                return "greater" if up else "less"
            case direction:
                return direction
