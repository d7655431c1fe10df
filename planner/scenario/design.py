"""Settings of the design: treatments, sequences, patients, times."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, Strict

from planner.scenario import vocabulary
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.components import TreatmentAgent
from planner.scenario.fields import (
    A_NUMBER,
    A_TEXT,
    AlsoWritten,
    Days,
    Flag,
    Number,
    OneOf,
    Settings,
    Symbol,
    Whole,
    about,
    split_text,
)

MAX_PERIODS = 12
MAX_SEQUENCES = 100
MAX_TREATMENTS = 24
MAX_ASSESSMENTS = 20


TreatmentSequence = Annotated[
    tuple[Symbol, ...],
    Field(min_length=1, max_length=MAX_PERIODS),
    BeforeValidator(split_text),
    AlsoWritten(type="string"),
]


class Treatment(Settings):
    label: Annotated[str, about("What the treatment is called in tables and plots", label=True)] = ""
    agents: Annotated[
        tuple[TreatmentAgent, ...], about("The agents that it contains", max_length=MAX_TREATMENTS)
    ] = ()


class ReturnToBaseline(Settings):
    """Who has not become as ill again as at first waits for the next dosing, is rated again, or leaves."""

    share: Annotated[
        Number | None,
        about(
            "Share of the first baseline that a patient's score must reach for the next dosing",
            gt=0,
            le=2,
            example=0.8,
        ),
    ] = None
    entry: Annotated[
        Flag,
        about("Whether the score must reach the one that patients need to be enrolled instead", example=True),
    ] = False
    recheck_days: Annotated[
        Annotated[Days, Field(gt=0)],
        about("Days after which a patient below it is rated again", "days", example=7),
    ]
    at_most_days: Annotated[
        Days, about("Longest extra washout; who is below it then leaves the trial", "days", example=28)
    ]

    @property
    def rechecks(self) -> int:
        """The most times that a patient is rated again in one gap."""
        return int(self.at_most_days / self.recheck_days + 1e-9)


class Design(Settings):
    sequences: Annotated[
        tuple[TreatmentSequence, ...],
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
        A_TEXT,
        about("The treatments A, B, ... of a named design", min_length=1, max_length=MAX_TREATMENTS),
    ] = ()
    allocation: Annotated[
        tuple[Annotated[int, Strict(), Field(ge=1, le=MAX_PATIENTS)], ...],
        about("Patients per sequence in one allocation unit; 1 each if not given", min_length=1),
    ] = ()
    patients: Annotated[
        Whole,
        about(
            "Total number of patients randomised; needed, unless monitoring.adaptive plans a second stage",
            "patients",
            ge=1,
            le=MAX_PATIENTS,
        ),
    ]
    minimum: Annotated[
        Whole | None,
        about(
            "Fewest evaluable patients that an answer of `size` has, whatever the power; 0 for none; if not "
            "given 12 where the equivalence of a log-normal endpoint is to be shown, 24 in parallel groups",
            "patients",
            label=True,
            ge=0,
            le=MAX_PATIENTS,
            example=12,
        ),
    ] = None
    block: Annotated[
        Whole, about("Allocation units in one randomisation block", "units", ge=1, le=MAX_PATIENTS, example=2)
    ] = 1
    washout_days: Annotated[Days, about("Time between the end of a period and the next dosing", "days")] = 0.0
    period_days: Annotated[Days, about("Length of one treatment period", "days")] = 0.0
    assessment_days: Annotated[
        tuple[Days, ...],
        A_NUMBER,
        about(
            "Days after each dosing on which patients are assessed; the analysed days if not given",
            "days",
            min_length=1,
            max_length=MAX_ASSESSMENTS,
        ),
    ] = ()
    baselines: Annotated[
        Literal["none", "first", "period"],
        about(
            "Whether a baseline is measured: not at all, before the first period, before every period",
            example="period",
        ),
    ] = "none"
    return_to_baseline: Annotated[
        ReturnToBaseline | None,
        about(
            "Who may have the next dosing; acts on hypotheses of mechanisms",
            example={"share": 0.8, "recheck_days": 7, "at_most_days": 28},
        ),
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
    def cycle_days(self) -> float:
        """Days from one dosing to the next."""
        return self.period_days + self.washout_days

    @property
    def unit(self) -> int:
        """Patients in one allocation unit."""
        return sum(self.allocation)
