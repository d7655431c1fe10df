"""The figures of one design, with the names and in the order of the JSON contract, which `to_json` writes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from planner.results.contract import Written
from planner.results.figures import Figure

Shares = Sequence[Sequence[float]]  # by what is true and by what is named
Matrix = Sequence[Sequence[float | None]]  # the same; None: there is no such figure


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRates(Written):
    """How often the right one is named, and how surely: shares of trials."""

    p_right: Figure
    p_decisive_right: Figure
    p_decisive_wrong: Figure
    p_inconclusive: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingBasis(Written):
    """What a ceiling rests on: whether it is no more than a lower bound, and the two bounds seen."""

    at_least: bool
    named_right: float
    largest_weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRates(Written):
    """The rates where naming the right class is enough, and what endless patients would reach."""

    rates: DecisionRates
    ceiling: Figure
    ceiling_rests_on: CeilingBasis

    merged: ClassVar = frozenset({"rates"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPartitions(Written):
    """By classes that are hard to tell apart, and by classes that are the same."""

    practical: ClassRates
    structural: ClassRates


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMatrices(Written):
    """How often the true one of two is named: by the patients, by endless ones, and the error of that."""

    p_right: Matrix
    ceiling: Matrix
    mcse: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesPoint(Written):
    """The rates at one number of patients; `information_bits` on a curve only."""

    patients: int
    visits: int
    rates: DecisionRates
    information_bits: Figure | None = None

    merged: ClassVar = frozenset({"rates"})
    if_any: ClassVar = frozenset({"information_bits"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedFigures(Written):
    """The rates if the uncertain numbers were known."""

    rates: DecisionRates
    ceiling: Figure

    merged: ClassVar = frozenset({"rates"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesFigures(Written):
    """What so many kinds of summaries reach together."""

    summaries: Sequence[str]
    p_right: Figure
    ceiling: Figure
    ceiling_rests_on: CeilingBasis
    information_bits: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationBin(Written):
    """How often a mechanism whose weight lies between two limits is true; None where there is none."""

    low: float
    high: float
    weight: float | None
    true: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeTrialsCheck(Written):
    """Whole virtual trials judged by the same likelihoods."""

    trials: int
    rates: DecisionRates
    difference: Figure  # of p_right from that of the normal approximation
    differs: bool  # beyond chance
    undefined: float  # share of the trials that lack a treatment
    calibration: Sequence[CalibrationBin]

    merged: ClassVar = frozenset({"rates"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignAnswers(Written):
    """What is answered of a design; hypotheses in classes by their names."""

    rates: DecisionRates
    information_bits: Figure
    ceiling: Figure
    ceiling_rests_on: CeilingBasis
    ceiling_decisive_right: Figure
    classes: Sequence[Sequence[str]]
    structural_classes: Sequence[Sequence[str]]
    open_pairs: Sequence[Sequence[str]]
    chained_classes: Sequence[Sequence[str]]
    by_class: TwoPartitions
    confusion: Shares
    confusion_mcse: Matrix
    ceiling_confusion: Shares
    pairs: PairMatrices
    curve: Sequence[RatesPoint]
    fixed: FixedFigures
    added: Sequence[SummariesFigures]
    check: WholeTrialsCheck

    merged: ClassVar = frozenset({"rates"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryDescription(Written):
    """A summary in words: what it is, of which arms, on which day."""

    kind: str
    what: str
    arms: Sequence[str]
    day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignForecast(Written):
    """What would be simulated of a design."""

    design: str
    patients: int
    hypotheses: Sequence[str]
    uncertain: int  # numbers
    summaries: Sequence[SummaryDescription]
    curve: Sequence[int]
    virtual_patients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignFigures(Written):
    """A design and all its figures; the last two where several designs are compared."""

    design: str
    title: str
    digest: str
    patients: int
    periods: int
    visits: int
    sequences: Sequence[Sequence[str]]
    hypotheses: Sequence[str]
    prior: Sequence[float]
    summaries: Sequence[SummaryDescription]
    uncertain: bool
    practical_below: float
    sample: int
    answers: DesignAnswers
    equal_patients: RatesPoint | None = None
    equal_visits: RatesPoint | None = None

    merged: ClassVar = frozenset({"answers"})
    if_any: ClassVar = frozenset({"equal_patients", "equal_visits"})
