"""The figures of `size`, with the names and in the order of the JSON contract, which `to_json` writes.

What is sought, a number of patients or an effect, decides which of them are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from planner.questions.size.beyond import Beyond
from planner.results.cells import CarryoverFigures, Cell, VariantFigures
from planner.results.contract import Written
from planner.results.figures import Figure
from planner.results.limit_errors import LimitError

Key = tuple[str, str]  # hypothesis, analysis


@dataclass(frozen=True, slots=True)
class Peak(Written):
    """The highest power of a curve."""

    patients: int
    power: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint(Written):
    """A point of a power curve."""

    effect: float | None = None  # where an effect is sought
    hypothesis: str
    analysis: str
    patients: int
    trials: int
    power: Figure
    stopped_early: Figure
    expected_patients: Figure
    expected_completers: Figure
    undefined: Figure
    exact_power: float | None = None  # where a number of patients is sought, and a closed form is known

    @property
    def key(self) -> Key:
        """Whose curve this is."""
        return self.hypothesis, self.analysis

    @property
    def sought(self) -> float:
        """The number of patients, or the effect."""
        return self.patients if self.effect is None else self.effect


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsPoint(CurvePoint):
    """A point of a curve over the number of patients."""

    unwritten: ClassVar = frozenset({"effect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectPoint(CurvePoint):
    """A point of a curve over the effect."""

    unwritten: ClassVar = frozenset({"exact_power"})


def patients_point(cell: Cell, exact_power: float | None) -> PatientsPoint:
    """A cell as a point over the number of patients."""
    return PatientsPoint(
        hypothesis=cell.hypothesis,
        analysis=cell.analysis,
        patients=cell.patients,
        trials=cell.trials,
        power=cell.power,
        stopped_early=cell.stopped_early,
        expected_patients=cell.expected_patients,
        expected_completers=cell.expected_completers,
        undefined=cell.undefined,
        exact_power=exact_power,
    )


def effect_point(cell: Cell, hypothesis: str) -> EffectPoint:
    """A cell as a point over the effect under a hypothesis, of which the cell has a moved copy."""
    return EffectPoint(
        effect=cell.true_effect,
        hypothesis=hypothesis,
        analysis=cell.analysis,
        patients=cell.patients,
        trials=cell.trials,
        power=cell.power,
        stopped_early=cell.stopped_early,
        expected_patients=cell.expected_patients,
        expected_completers=cell.expected_completers,
        undefined=cell.undefined,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeAnswer(Written):
    """The answer for one hypothesis, analysis and target; where there is none, the note says why."""

    hypothesis: str
    analysis: str
    target: float
    patients: int | None = None
    patients_by_formula: int | None = None  # by the target power alone, where there is a minimum
    minimum: int | None = None  # evaluable patients that an answer has at least; None without one
    effect: float | None = None
    stated_effect: float | None = None
    range: tuple[float, float | None] | None = None  # what chance leaves open
    exact: bool = False  # a closed form gives the answer
    exact_power: float | None = None
    power: Figure | None = None
    trials: int | None = None
    stopped_early: Figure | None = None
    expected_patients: Figure | None = None
    expected_completers: Figure | None = None
    best: Peak | None = None  # where there is no answer
    ceiling: float | None = None
    extrapolated: Beyond | None = None
    note: str = ""
    uncertainty: VariantFigures | None = None
    carryover: CarryoverFigures | None = None
    type1_at_limit: LimitError | None = None  # where limits are scaled

    @property
    def key(self) -> Key:
        """On whose curve this is."""
        return self.hypothesis, self.analysis

    @property
    def sought(self) -> float | None:
        """The number of patients, or the effect."""
        return self.patients


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsAnswer(SizeAnswer):
    """A number of patients."""

    unwritten: ClassVar = frozenset({"effect", "stated_effect"})
    if_any: ClassVar = frozenset({"uncertainty", "patients_by_formula", "minimum", "type1_at_limit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastEffect(SizeAnswer):
    """The smallest effect with the target power, at one number of patients."""

    unwritten: ClassVar = frozenset(
        {
            *("exact_power", "best", "ceiling", "extrapolated", "uncertainty", "patients_by_formula"),
            *("minimum", "type1_at_limit"),
        }
    )

    @property
    def sought(self) -> float | None:
        """The effect."""
        return self.effect
