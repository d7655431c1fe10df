"""Cells of a comparison: a design under a hypothesis, and what sets it apart from the first one."""

from __future__ import annotations

from dataclasses import dataclass

from planner.results.cells import CarryoverFigures
from planner.results.contract import Written
from planner.results.figures import Figure


@dataclass(frozen=True, slots=True)
class Difference(Figure):
    """A difference of two figures on the same virtual patients, with its paired Monte Carlo error."""

    mcse_unpaired: float | None = None  # that of independent trials


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonCell(Written):
    """An analysis of a design under a hypothesis."""

    hypothesis: str
    design: str
    analysis: str
    patients: int
    true_effect: float
    stated_effect: float | None
    true_effect_mcse: float
    is_null: bool
    alpha: float
    alternative: str
    power: Figure
    stopped_early: Figure
    expected_patients: Figure
    expected_completers: Figure
    expected_visits: Figure
    carryover: CarryoverFigures | None = None  # None where nothing can be carried over


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignDifference(Written):
    """A design minus the first that has the hypothesis."""

    hypothesis: str
    analysis: str
    design: str
    against: str
    power: Difference
    stopped_early: Difference
    expected_patients: Difference
    expected_completers: Difference
    expected_visits: Difference
