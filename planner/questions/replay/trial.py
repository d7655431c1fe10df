"""A virtual trial in full: its patients, what each look saw, and what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from planner.model.estimand import Truth
from planner.model.readings import Reading
from planner.results.blinding import Guess, GuessCounts, by_period, in_a_row
from planner.results.contract import Json, Written
from planner.results.digest import answer_digest
from planner.results.effect_scale import Unit
from planner.results.number_text import plus_minus
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario
from planner.scenario.text import count

if TYPE_CHECKING:
    import polars


GOES_ON, EFFICACY, FUTILITY, NOT_SIGNIFICANT = "goes on", "efficacy", "futility", "not significant"
EQUIVALENT, DIFFERENT, NOT_EQUIVALENT = "equivalent", "shown different", "not equivalent"
"""How trials end that are to show equivalence: the interval lies within the limits, outside, or neither."""


@dataclass(frozen=True, slots=True)
class VirtualPatient:
    """A virtual patient. `values`: one row for each reading of the trial, one score for each period."""

    subject: int  # from 1, in order of randomisation
    sequence: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]  # (reading, period); None after the patient has left
    left_before: int | None  # the period (from 1) before which the patient left; None for a completer
    extra_days: tuple[float | None, ...] = ()  # waited for after each period but the last; None once left
    guesses: tuple[Guess | None, ...] = ()  # after each period; empty where nobody is asked
    baselines: tuple[float | None, ...] = ()  # of each period, the one that change and response refer to
    scores: tuple[tuple[float | None, ...], ...] = ()  # (reading, period) of the endpoint; empty for rates


@dataclass(frozen=True, slots=True)
class UsedOf(Written):
    """So many patients, and how many of them an analysis uses."""

    all: int
    used: int


@dataclass(frozen=True, slots=True)
class PatientsUsed(Written):
    """The patients of the last look, and who of them is analysed."""

    patients: int
    finished: UsedOf
    left: UsedOf


@dataclass(frozen=True, slots=True)
class LookResult(Written):
    """What a look saw. None: a number that does not exist."""

    look: int  # from 1
    patients: int  # finished, completed or left
    completers: int
    estimate: float | None
    se: float | None  # None of a ratio: see `se_log`
    statistic: float | None  # t, or b - c of exact tests of responses
    df: float | None  # None: infinite, undefined, or no part of the analysis
    discordant: int | None  # of exact tests of responses: patients who respond to one treatment only
    efficacy_above: float | None  # significant from this statistic upwards
    efficacy_below: float | None  # or from this one downwards
    futility_from: float | None  # futile between these two; None where there is no limit
    futility_to: float | None
    p: float | None
    nominal_p: float | None  # the significance level of the look
    decision: str
    note: str = ""
    interval: tuple[float, float] | None = None  # by which tests against margins decide: at the look's level
    limits: tuple[float, float] | None = None  # that this trial is held to, where they are scaled
    estimate_log: float | None = None  # the logarithm of an estimate that is a ratio
    se_log: float | None = None  # and its standard error

    if_any: ClassVar = frozenset({"interval", "limits", "estimate_log", "se_log"})


@dataclass(frozen=True, slots=True)
class Course:
    """What one analysis made of the trial, look by look, up to the one that ended it."""

    analysis: PlannedAnalysis
    reading: int  # row of Patient.values
    truth: Truth  # as effects are given
    unit: Unit  # how they are
    differences: tuple[float | None, ...]  # of each patient, the contrast of the own scores as analysed
    planned: int  # looks planned
    looks: tuple[LookResult, ...]
    used: PatientsUsed
    margins: tuple[float, ...] = ()  # from which the effect is told, as effects are given

    @property
    def decision(self) -> str:
        """How the trial ended: efficacy, futility or not significant; of equivalence see EQUIVALENT."""
        return self.looks[-1].decision

    @property
    def wrong_sign(self) -> bool | None:
        """Whether the trial was significant in the wrong direction; None where there is none.

        Without a true effect, and where it is told from margins.
        """
        last, effect = self.looks[-1], self.unit.analysed(self.truth.effect)
        if effect == 0.0 or self.analysis.against_margins:
            return None
        estimate = 0.0 if last.estimate is None else self.unit.analysed(last.estimate)
        return last.decision == EFFICACY and estimate * effect < 0.0


@dataclass(frozen=True, repr=False)
class Trial(QuestionResult):
    """One virtual trial under one hypothesis. Made by `replay` and `find`.

    >>> import planner
    >>> trial = planner.replay(planner.read("asthma-ab-ba"), 17)
    >>> look = trial.courses[0].looks[0]
    >>> look.patients, look.completers, round(look.estimate, 1), look.decision
    (26, 25, 34.3, 'efficacy')
    >>> trial.frame().columns
    ['subject', 'sequence', 'period', 'treatment', 'value', 'score']
    """

    question: ClassVar = "trial"

    scenario: Scenario
    name: str
    index: int  # number of the trial in a run, from 0
    seed: int
    hypothesis: str
    readings: tuple[Reading, ...]
    patients: tuple[VirtualPatient, ...]  # those who had finished when the last analysis was done
    courses: tuple[Course, ...]  # of each analysis
    guesses: GuessCounts | None = None  # of these patients; None where nobody is asked

    def rows(self) -> list[Json]:
        """Long format: subject, sequence, period, treatment, value (None after the patient has left).

        `score` and `baseline`, where they are measured, are what the value of the endpoint is made of. Where
        values are no plain scores of one day, `measure` and `day` say which value it is; where
        secondary outcomes are analysed, `outcome` names them, empty for the endpoint. Where patients guess,
        `guessed_active` and `guessed_right` are 1 or 0.
        """
        named = any(reading.outcome for reading in self.readings)
        several = named or len(self.readings) > 1 or self.readings[0].measure != "score"
        extras = [what for what in ("scores", "baselines") if self._measured(what)]
        return [
            {
                "subject": patient.subject,
                "sequence": " ".join(patient.sequence),
                "period": k + 1,
                "treatment": treatment,
            }
            | ({"outcome": reading.outcome} if named else {})
            | ({"measure": reading.measure, "day": reading.day} if several else {})
            | {"value": patient.values[r][k]}
            | _score_and_baseline(patient, extras, r, k, self.readings[r].outcome)
            | (in_a_row(patient.guesses[k]) if patient.guesses else {})
            for patient in self.patients
            for r, reading in enumerate(self.readings)
            for k, treatment in enumerate(patient.sequence)
        ]

    def _measured(self, what: str) -> bool:
        """Whether any patient has a number of this kind."""
        values = (getattr(patient, what) for patient in self.patients)
        flat = (x for each in values for row in each for x in (row if isinstance(row, tuple) else (row,)))
        return any(x is not None for x in flat)

    def frame(self) -> polars.DataFrame:
        """The patients in long format, one row for each period; see `rows`."""
        import polars

        return polars.DataFrame(self.rows(), infer_schema_length=None)

    def _about(self) -> str:
        return f"{self.name}, number {self.index} of seed {self.seed} under {self.hypothesis}"

    def _lines(self) -> Iterator[str]:
        for course in self.courses:
            last = course.looks[-1]
            estimate = plus_minus(last.estimate, last.se, sign=not course.unit.ratio)
            estimate += f" {course.unit.name}" if course.unit.ratio else ""
            yield (
                f"{course.analysis.name}: {last.decision} at look {last.look} of {course.planned}, "
                f"{count(last.patients, 'patient')}, estimate {estimate}"
            )

    def digest(self) -> str:
        """Name of the trial: the same number, hypothesis, analyses and seed give the same digest."""
        return answer_digest(
            "trial",
            ENGINE,
            [self.scenario],
            hypotheses=self.hypothesis,
            seed=self.seed,
            trials=self.index,
            options={"analyses": [course.analysis.name for course in self.courses]},
            sums={
                "patients": [_patient(each) for each in self.patients],
                "looks": [
                    [[look.patients, look.completers, look.decision] for look in course.looks]
                    for course in self.courses
                ],
            },
        )

    def to_json(self) -> Json:
        """The `planner.trial/1` object."""
        return {
            "schema": "planner.trial/1",
            "scenario": scenario_named(self.name, self.scenario),
            "run": provenance(self.digest(), {"trial": self.index, "seed": self.seed}),
            "hypothesis": self.hypothesis,
            "readings": [_reading(reading) for reading in self.readings],
            "patients_planned": self.scenario.design.patients,
            "patients": [_patient(patient) for patient in self.patients],
            **({"guesses": self.guesses.to_json()} if self.guesses is not None else {}),
            "analyses": [_course(course) for course in self.courses],
            "warnings": list(self.scenario.remarks),
        }


def _score_and_baseline(patient: VirtualPatient, extras: Sequence[str], r: int, k: int, outcome: str) -> Json:
    """Score and baseline of a period, if they are among the `extras`; of a secondary outcome neither."""
    values: Json = {"score": patient.scores[r][k]} if "scores" in extras else {}
    return values | ({"baseline": None if outcome else patient.baselines[k]} if "baselines" in extras else {})


def _reading(reading: Reading) -> Json:
    """What a reading is of; a secondary outcome is named."""
    named = {"outcome": reading.outcome} if reading.outcome else {}
    return {**named, "measure": reading.measure, "day": reading.day}


def _patient(patient: VirtualPatient) -> Json:
    return {
        "subject": patient.subject,
        "sequence": list(patient.sequence),
        "values": [list(row) for row in patient.values],
        "left_before_period": patient.left_before,
        **({"scores": [list(row) for row in patient.scores]} if patient.scores else {}),
        **({"baselines": list(patient.baselines)} if any(x is not None for x in patient.baselines) else {}),
        **({"extra_days": list(patient.extra_days)} if patient.extra_days else {}),
        **by_period(patient.guesses),
    }


def _course(course: Course) -> Json:
    return {
        "analysis": course.analysis.name,
        "reading": course.reading,
        "alpha": course.analysis.alpha,
        "alternative": course.analysis.alternative,
        **({"limits": list(course.margins)} if len(course.margins) > 1 else {}),
        **({"margin": course.margins[0]} if len(course.margins) == 1 else {}),
        "true_effect": course.truth.effect,
        "stated_effect": course.truth.stated,
        "true_effect_mcse": course.truth.mcse,
        "looks_planned": course.planned,
        "looks": [look.to_json() for look in course.looks],
        "decision": course.decision,
        "used": course.used.to_json(),
        "wrong_sign": course.wrong_sign,
    }
