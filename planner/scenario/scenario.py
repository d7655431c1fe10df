"""What a crossover trial is: every setting of a scenario, declared once.

A declaration carries the type, the range, the unit and one sentence of help. Error messages, `show`, `--set`,
the JSON Schema and the digest are all derived from it. `scenario.reading.read` turns a file into a complete
`Scenario`: every default filled in, every look a count, so that nothing downstream knows a default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Strict, Tag

from planner.scenario import contrasts, vocabulary
from planner.scenario.blinding import Blinding
from planner.scenario.caps import MAX_PATIENTS as MAX_PATIENTS
from planner.scenario.caps import MAX_SEED, MAX_TRIALS
from planner.scenario.dropout import Dropout as Dropout
from planner.scenario.dropout import ReturnToBaseline
from planner.scenario.families.means import BaselineCorrelation as BaselineCorrelation
from planner.scenario.families.means import Means as Means
from planner.scenario.families.means import Spread as Spread
from planner.scenario.families.mechanism import Agent, Component, Rates, Signal, Terms, TreatmentAgent
from planner.scenario.fields import (
    AlsoWritten,
    Contrast,
    Days,
    Name,
    Number,
    OneOf,
    Path,
    Points,
    Sd,
    Settings,
    Symbol,
    Truth,
    Whole,
    about,
    split_text,
)
from planner.scenario.monitoring import Efficacy as Efficacy
from planner.scenario.monitoring import Futility as Futility
from planner.scenario.monitoring import Monitoring as Monitoring
from planner.scenario.observed import Observed
from planner.scenario.secondary_outcomes import MAX_OUTCOMES, Outcome, OutcomeScale
from planner.scenario.uncertainty import BY_PATH
from planner.scenario.uncertainty import Distribution as Distribution

MAX_PERIODS = 12
MAX_SEQUENCES = 100
MAX_TREATMENTS = 24
MAX_HYPOTHESES = 100
MAX_ANALYSES = 20
MAX_ASSESSMENTS = 20
MAX_NAMES = 100
"""Of agents, of signals and of components."""

_SCALES = OneOf("scale", vocabulary.SCALES)
_MEASURES = OneOf("measure", dict.fromkeys(vocabulary.MEASURES))


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
    agents: Annotated[
        tuple[TreatmentAgent, ...], about("The agents that it contains", max_length=MAX_TREATMENTS)
    ] = ()


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
    assessment_days: Annotated[
        tuple[Days, ...],
        about(
            "Days after each dosing on which patients are assessed; the analysed days if not given",
            "days",
            min_length=1,
            max_length=MAX_ASSESSMENTS,
        ),
    ] = ()
    baselines: Annotated[
        Literal["none", "first", "period"],
        about("Whether a baseline is measured: not at all, before the first period, before every period"),
    ] = "none"
    return_to_baseline: Annotated[
        ReturnToBaseline | None, about("Who may have the next dosing; acts on hypotheses of mechanisms")
    ] = None

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
            "threshold, in its SDs",
            "points",
        ),
    ] = ()
    sequence_effect: Annotated[
        tuple[Points, ...],
        about("Added to every score of a sequence, one per sequence; acts on means only", "points"),
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
    day: Annotated[
        Days,
        about("Day after dosing on which the endpoint is read; the first day assessed if not given", "days"),
    ] = 1.0
    label: Annotated[str, about("What the endpoint is called", label=True)] = ""
    measure: Annotated[
        str,
        _MEASURES,
        about("What is analysed; if not given: score for means, response for rates, change for mechanisms"),
    ] = ""
    baseline: Annotated[
        Literal["period", "first"],
        about("Which baseline change and response refer to: that of each period, or the first"),
    ] = "period"

    @property
    def bounds(self) -> Scale | None:
        """The scale if scores are to be rounded to its steps and cut at its limits, else None."""
        scale = self.scale
        limited = scale.low is not None or scale.high is not None or scale.step is not None
        return scale if limited and self.measure == "score" else None


Hypothesis = Means | Rates | Terms
FAMILIES: dict[str, type[Means | Rates | Terms]] = {"means": Means, "rates": Rates, "terms": Terms}


def family_of(hypothesis: Any) -> str:
    """The family of a hypothesis as it is written: the stated one, else the one whose settings it has.

    A family that does not exist is not taken; whoever reads the settings of the family refuses it.
    """
    if isinstance(hypothesis, Settings):
        return str(getattr(hypothesis, "family", "means"))
    if not isinstance(hypothesis, Mapping):
        return "means"
    stated = hypothesis.get("family")
    if isinstance(stated, str) and stated in FAMILIES:
        return stated
    own = {family: FAMILIES[family].model_fields.keys() & hypothesis.keys() for family in FAMILIES}
    return max(own, key=lambda family: (family in hypothesis, len(own[family])))


AnyHypothesis = Annotated[
    Annotated[Means, Tag("means")] | Annotated[Rates, Tag("rates")] | Annotated[Terms, Tag("terms")],
    Discriminator(family_of),
]


class Analysis(Settings):
    name: Annotated[Name, about("Name of the analysis in the results; its method if not given")] = ""
    method: Annotated[str, OneOf("analysis", vocabulary.METHODS), about("How the trial is analysed")] = ""
    contrast: Annotated[
        Contrast, about("Two treatments, first minus second; or the weight of each treatment, 0 in all")
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
    outcome: Annotated[str, about("The second outcome that is analysed; the endpoint if not given")] = ""
    measure: Annotated[str, _MEASURES, about("What is analysed; the endpoint's measure if not given")] = ""
    day: Annotated[Days | None, about("Day that is analysed; the endpoint's day if not given", "days")] = None
    planned_sd_difference: Annotated[
        Points | None, about("SD of one patient's difference that planning assumed", "points", gt=0)
    ] = None
    carryover: Annotated[
        Truth,
        about(
            "Whether the model allows for what the previous treatment adds (first-order carryover); for "
            "methods that fit a model of all periods",
            since="0.2.0",
        ),
    ] = False

    @property
    def weights(self) -> dict[str, float]:
        """The weight of each treatment in the contrast."""
        return contrasts.weights(self.contrast)


class Simulation(Settings):
    trials: Annotated[
        Whole, about("Number of simulated trials", "trials", label=True, ge=1, le=MAX_TRIALS)
    ] = 100_000
    seed: Annotated[Whole, about("Seed of the random numbers", label=True, ge=0, le=MAX_SEED)] = 1
    hypotheses: Annotated[
        tuple[Name, ...], about("The hypotheses to simulate; all if not given", label=True, min_length=1)
    ] = ()


class Scenario(Settings):
    schema_version: Annotated[Literal[1], about("Version of the scenario format")]
    extends: Annotated[
        str, about("Another scenario file, of the same folder or the catalogue, that this one adds to")
    ] = ""
    title: Annotated[str, about("One line that names the trial", label=True)] = ""
    question: Annotated[str, about("The question that the trial asks", label=True)] = ""
    notes: Annotated[str, about("Anything else that a reader should know", label=True)] = ""
    citations: Annotated[tuple[Citation, ...], about("Sources of the numbers", label=True)] = ()
    assumed: Annotated[tuple[Path, ...], about("Paths of settings that rest on no source", label=True)] = ()
    agents: Annotated[Mapping[Symbol, Agent], about("What treatments are made of", max_length=MAX_NAMES)] = {}
    treatments: Annotated[Mapping[Symbol, Treatment], about("The treatments", max_length=MAX_TREATMENTS)] = {}
    design: Annotated[Design, about("Sequences, patients and times")]
    population: Annotated[Population, about("The patients, and what happens to all of them")] = Population()
    endpoint: Annotated[Endpoint, about("What is measured")] = Endpoint()
    signals: Annotated[
        Mapping[Symbol, Signal], about("What agents activate or block in a patient", max_length=MAX_NAMES)
    ] = {}
    components: Annotated[
        Mapping[Symbol, Component], about("The parts of which improvement is made", max_length=MAX_NAMES)
    ] = {}
    outcomes: Annotated[
        Mapping[Symbol, Outcome], about("What is measured beside the endpoint", max_length=MAX_OUTCOMES)
    ] = {}
    blinding: Annotated[
        Blinding | None, about("What patients guess after each period, and what the guess does")
    ] = None
    hypotheses: Annotated[
        Mapping[Name, AnyHypothesis],
        about("What may be true", min_length=1, max_length=MAX_HYPOTHESES),
    ]
    uncertainty: Annotated[Mapping[Path, Distribution], BY_PATH] = {}
    analyses: Annotated[
        tuple[Analysis, ...], about("How the trial is analysed", min_length=1, max_length=MAX_ANALYSES)
    ] = ()
    monitoring: Annotated[Monitoring, about("When the data are looked at, and when to stop")] = Monitoring()
    observed: Annotated[
        Observed | None, about("What a trial has found, for `weigh`; it alters no simulation", label=True)
    ] = None
    simulation: Annotated[Simulation, about("How the trial is simulated")] = Simulation()
    sweep: Annotated[
        Mapping[Path, tuple[Any, ...]],
        about(
            "Settings that `run` varies: the path of each, and its values; paths joined by a comma vary "
            "together, with a list of their values for each step",
            label=True,
        ),
    ] = {}
    _name: str = PrivateAttr(default="scenario")
    _remarks: tuple[str, ...] = PrivateAttr(default=())

    @property
    def name(self) -> str:
        """Name of the file or of the entry of the catalogue; not a setting."""
        return self._name

    @property
    def remarks(self) -> tuple[str, ...]:
        """What whoever set something is told of what follows from it; every result repeats it."""
        return self._remarks

    def scale_of(self, analysis: Analysis) -> Scale | OutcomeScale:
        """The scale of what an analysis reads: the endpoint's, or that of a second outcome."""
        return self.outcomes[analysis.outcome].scale if analysis.outcome else self.endpoint.scale

    def direction(self, analysis: Analysis) -> Literal["two-sided", "greater", "less"]:
        """The alternative of an analysis as a sign of first minus second: `better` and `worse` translated.

        More responders are better, whichever end of the scale is.
        """
        match analysis.alternative:
            case "better" | "worse" as wish:
                counted = analysis.measure in vocabulary.BINARY_MEASURES
                up = (counted or self.scale_of(analysis).better == "higher") == (wish == "better")
                return "greater" if up else "less"
            case direction:
                return direction
