"""Cells of a sensitivity analysis: the power of an analysis, and what each assumption makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from planner.questions.compare.cells import Difference
from planner.results.cells import CarryoverFigures
from planner.results.contract import Written
from planner.results.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPower(Written):
    """The power with an assumption at another value, and its difference from the power as it is stated."""

    value: object
    power: Figure
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class AssumptionFigures(Written):
    """An assumption, and the power with it a step lower and a step higher; None where it cannot be so."""

    path: str
    label: str
    value: object
    lower: ChangedPower | None
    higher: ChangedPower | None
    impact: float  # size of the larger difference


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityCell(Written):
    """An analysis under a hypothesis, with its assumptions by their impact."""

    hypothesis: str
    analysis: str
    patients: int
    true_effect: float
    stated_effect: float | None
    is_null: bool
    power: Figure
    assumptions: tuple[AssumptionFigures, ...]
    carryover: CarryoverFigures | None = None  # None where nothing can be carried over
