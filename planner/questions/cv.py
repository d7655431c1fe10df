"""How variable an outcome is: the CV behind published intervals, pooled, and its upper limit."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from planner._version import __version__
from planner.equivalence.cv import EstimatedCV, cv_from_interval, pooled_cv, sd_of_logs, upper_limit
from planner.equivalence.field_designs import Cost, field_design
from planner.errors import RequestError
from planner.results.contract import Json, Written
from planner.results.digest import answer_digest
from planner.results.number_text import fixed, percent, plain
from planner.results.result import QuestionResult
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.text import count

if TYPE_CHECKING:
    import polars

Patients = int | Sequence[int]
"""Of a study: all of them, or those of each sequence."""

_BETWEEN = "parallel"  # the design whose CV is of patients


@dataclass(frozen=True, slots=True)
class LogSpread(Written):
    """A CV, and what it is on natural logs; the SD of a patient's difference has none in parallel groups."""

    cv: float
    sd_log: float
    sd_log_difference: float | None


@dataclass(frozen=True, slots=True)
class PublishedInterval(Written):
    """The confidence interval of a ratio of geometric means, and the ratio in its middle."""

    low: float
    high: float
    level: float
    ratio: float


@dataclass(frozen=True, slots=True)
class StudyCV(Written):
    """What one study says; `groups`: patients of each sequence, where these are known."""

    merged: ClassVar[frozenset[str]] = frozenset({"spread"})

    design: str
    patients: int
    groups: tuple[int, ...] | None
    df: float
    spread: LogSpread
    interval: PublishedInterval | None


@dataclass(frozen=True, slots=True)
class UpperLimit(Written):
    """What the true CV does not exceed, with this confidence."""

    merged: ClassVar[frozenset[str]] = frozenset({"spread"})

    confidence: float
    spread: LogSpread


@dataclass(frozen=True, repr=False)
class Variation(QuestionResult):
    """The answer of `cv`: that of all studies together, and of each.

    >>> import planner
    >>> planner.cv(pool=[(0.25, 24, "2x2"), (0.3, 18, "2x2x4")])
    Variation of 2 studies, digest 9204cfd24667
      CV 28.55 %, SD of logs 0.2799
      at most 30.93 % with confidence 80 %
    """

    question: ClassVar[str] = "cv"

    studies: tuple[StudyCV, ...]
    df: float
    spread: LogSpread
    upper: UpperLimit

    @property
    def within(self) -> bool:
        """Whether the CV is within patients; else it is of patients in parallel groups."""
        return self.studies[0].design != _BETWEEN

    def digest(self) -> str:
        """Name of the answer: of the studies and of what follows from them, to 12 digits."""
        stated = [[each.design, each.patients, each.groups, _digits(each.spread.cv)] for each in self.studies]
        derived = [_digits(x) for x in (self.spread.cv, self.upper.confidence, self.upper.spread.cv)]
        return answer_digest(
            "cv", "", [], hypotheses=None, seed=0, trials=0, options={}, sums=[stated, derived]
        )

    def to_json(self) -> Json:
        """The `planner.cv/1` object."""
        return {
            "schema": "planner.cv/1",
            "within_patients": self.within,
            "df": self.df,
            **self.spread.to_json(),
            "upper": self.upper.to_json(),
            "studies": [each.to_json() for each in self.studies],
            "run": {"planner": __version__, "digest": self.digest()},
            "warnings": [],
        }

    def frame(self) -> polars.DataFrame:
        """One row for each study, one for all together where there are several, one for the upper limit."""
        import polars

        return polars.DataFrame(self.rows(), infer_schema_length=None)

    def rows(self) -> list[Json]:
        """The same as objects."""
        rows = [
            {"of": "study", "design": each.design, "patients": each.patients, "df": each.df}
            | each.spread.to_json()
            for each in self.studies
        ]
        blank = {"design": None, "patients": None}
        if len(rows) > 1:
            rows.append({"of": "pooled", **blank, "df": self.df, **self.spread.to_json()})
        return [*rows, {"of": "upper limit", **blank, "df": None, **self.upper.spread.to_json()}]

    def _about(self) -> str:
        return count(len(self.studies), "study", "studies")

    def _lines(self) -> Iterator[str]:
        yield f"CV {percent(self.spread.cv, places=2)}, SD of logs {fixed(self.spread.sd_log, 4)}"
        limit = percent(self.upper.spread.cv, places=2)
        yield f"at most {limit} with confidence {percent(self.upper.confidence)}"


def cv(
    interval: tuple[float, float] | None = None,
    patients: Patients | None = None,
    design: str = "2x2",
    *,
    level: float = 0.9,
    pool: Sequence[tuple[float, Patients, str]] = (),
    upper: float = 0.8,
) -> Variation:
    """The CV of a log-normal outcome from a published interval, from CVs of several studies, or from both.

    `interval`: confidence limits of a ratio of geometric means, of confidence `level`; `patients`: those
    analysed, in all or in each sequence; `design`: its name in the field, such as 2x2 or 2x2x4. `pool`: CV
    (0.3 is 30 %), patients and design of further studies, all weighted by their degrees of freedom. `upper`:
    confidence of the one-sided upper limit.

    Raises RequestError for numbers that cannot be, for a study without a degree of freedom, and where
    parallel groups would be pooled with designs within patients; UnknownNameError for an unknown design.

    >>> import planner
    >>> answer = planner.cv((0.91, 1.15), patients=24, design="2x2")
    >>> round(answer.spread.cv, 4), round(answer.upper.spread.cv, 4)
    (0.2394, 0.2794)
    """
    studies = [] if interval is None else [_of_interval(interval, patients, design, level)]
    studies += [_of_cv(*each) for each in pool]
    if not studies:
        raise RequestError("no study is given", "an interval with its patients, or studies to pool")
    if interval is None and patients is not None:
        raise RequestError("patients are given, but no interval of theirs", "a CV goes into `pool`")
    if len({each.design == _BETWEEN for each in studies}) > 1:
        raise RequestError(
            "a CV of parallel groups is of patients, and the others are within patients",
            "pool studies of one kind",
        )
    estimate = pooled_cv([EstimatedCV(each.spread.cv, each.df) for each in studies])
    within = studies[0].design != _BETWEEN
    limit = UpperLimit(upper, _spread(upper_limit(estimate, upper), within))
    return Variation(tuple(studies), estimate.df, _spread(estimate.cv, within), limit)


def _of_interval(
    interval: tuple[float, float], patients: Patients | None, design: str, level: float
) -> StudyCV:
    if patients is None:
        raise RequestError("the patients of the interval are not given", "those who were analysed")
    cost = _cost(design, patients)
    low, high = interval
    published = PublishedInterval(low, high, level, math.sqrt(low * high)) if 0.0 < low < high else None
    return _study(design, patients, cv_from_interval(low, high, cost, level), published)


def _of_cv(value: float, patients: Patients, design: str) -> StudyCV:
    return _study(design, patients, EstimatedCV(value, float(_cost(design, patients).df)), None)


def _study(
    design: str, patients: Patients, estimate: EstimatedCV, published: PublishedInterval | None
) -> StudyCV:
    name = field_design(design).name
    groups = None if isinstance(patients, int) else tuple(patients)
    total = patients if isinstance(patients, int) else sum(patients)
    spread = _spread(estimate.cv, name != _BETWEEN)
    return StudyCV(name, total, groups, estimate.df, spread, published)


def _cost(design: str, patients: Patients) -> Cost:
    """C and df of a study; what it has too few patients for is refused."""
    row = field_design(design)
    total = patients if isinstance(patients, int) else sum(patients)
    if not 1 <= total <= MAX_PATIENTS:
        raise RequestError(f"{total:,} patients", f"from 1 to {MAX_PATIENTS:,}")
    cost = row.cost(patients) if isinstance(patients, int) else row.cost_of(patients)
    if not (cost.df >= 1.0 and math.isfinite(cost.factor)):
        needed = next(n for n in range(row.sequences, MAX_PATIENTS) if row.cost(n).df >= 1.0)
        raise RequestError(
            f"{count(total, 'patient')} are too few for {row.name}", f"it takes {needed} or more"
        )
    return cost


def _spread(value: float, within: bool) -> LogSpread:
    sd = sd_of_logs(value)
    return LogSpread(value, sd, math.sqrt(2.0) * sd if within else None)


def _digits(x: float) -> str:
    return plain(x, 12)
