"""The figures of a weighing, with the names and in the order of the JSON contract, which `to_json` writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from planner.results.contract import Json, Written
from planner.results.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected(Written):
    """What a hypothesis predicts of a measure under a treatment."""

    measure: str
    treatment: str
    mean: float
    mcse: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HypothesisWeight(Written):
    """How probable the result is under a hypothesis, and the weight that it gives."""

    hypothesis: str
    class_number: int  # among the classes of hypotheses that are the same; in JSON `class`
    prior: float
    likelihood: Figure
    bayes_factor: Figure
    weight: Figure
    effective_variants: float | None  # that carry the likelihood
    expected: Sequence[Expected]

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        return {
            "class" if name == "class_number" else name: value
            for name, value in Written.to_json(self).items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassWeight(Written):
    """The weight of hypotheses that are the same in this design, together."""

    hypotheses: Sequence[str]
    prior: float
    bayes_factor: Figure
    weight: Figure
    weight_equal_classes: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightsAt(Written):
    """The weights of the classes where an uncertain number is low, or high."""

    value: float
    class_weights: Sequence[Figure]
    log10_bayes_factor: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberInfluence(Written):
    """How the weights hang on an uncertain number, or on how many were seen under both treatments."""

    path: str
    hypothesis: str | None  # None: of all
    relative: bool  # whether values are factors
    hypotheses: Sequence[str]
    low: WeightsAt
    high: WeightsAt
    moved: float  # weight that goes from some hypotheses to others between the two
    moved_mcse: float
    beyond_chance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceGroup(Written):
    """Patients who were seen under these treatments."""

    treatments: Sequence[str]
    patients: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedEvidence(Written):
    """What was weighed: its kind, the parts of the result, who was seen under which treatments."""

    kind: str  # counts, means or difference
    parts: Sequence[str]
    groups: Sequence[EvidenceGroup]
    split: str  # how many patients had each sequence: none of it matters, known, by allocation or chance


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedStopping(Written):
    """How the stopping rule was treated, and how probable the end of the trial is given its result."""

    treatment: str
    look: int | None
    analysis: str | None
    note: str
    chance: Mapping[str, float] | None = None  # by hypothesis
    chance_mcse: Mapping[str, float] | None = None

    if_any: ClassVar = frozenset({"chance", "chance_mcse"})


@dataclass(frozen=True, slots=True)
class WeighingFigures:
    """All figures of a weighing, worked out once for whoever shows them."""

    evidence: WeighedEvidence
    stopping: WeighedStopping
    hypotheses: Sequence[HypothesisWeight]
    classes: Sequence[ClassWeight]
    sensitivity: Sequence[NumberInfluence]

    @property
    def by_weight(self) -> list[ClassWeight]:
        """The classes, those with most weight first."""
        return sorted(self.classes, key=lambda row: -row.weight.estimate)

    def first(self, row: ClassWeight) -> HypothesisWeight:
        """The first hypothesis of a class."""
        return next(each for each in self.hypotheses if each.hypothesis == row.hypotheses[0])
