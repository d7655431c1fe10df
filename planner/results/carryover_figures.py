"""What carryover adds to an estimate, as the figures of a cell.

How far it biases is simulated by planner.results.carryover; nothing here needs a kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from planner.results.cells import CarryoverFigures
from planner.results.effect_scale import Unit, carryover_on_effect_scale
from planner.results.figures import figure

WORTH_SAYING = 0.1
"""A bias beyond this share of the standard error, or of the true effect, is worth a warning."""

_BEYOND_CHANCE = 2.0  # Monte Carlo standard errors

Key = tuple[str, str, int]  # hypothesis, analysis, number of patients


@dataclass(frozen=True, slots=True)
class CarryoverBias:
    """What carryover adds to the mean estimate of a trial that runs to its last look."""

    bias: float
    mcse: float
    standard_error: float  # empirical, of the estimate at the last look


class TestedEffect(Protocol):
    """A cell: an analysis under a hypothesis at a number of patients, and what is true there."""

    @property
    def hypothesis(self) -> str: ...
    @property
    def analysis(self) -> str: ...
    @property
    def patients(self) -> int: ...
    @property
    def is_null(self) -> bool: ...
    @property
    def true_effect(self) -> float: ...


def carryover_figures(effect: float, one: CarryoverBias | None, unit: Unit) -> CarryoverFigures | None:
    """What carryover does where this is the true effect, as it is analysed; None where nothing can be carried
    over. `unit`: how effects are given."""
    if one is None:
        return None
    of_error = abs(one.bias) / one.standard_error if one.standard_error > 0.0 else None
    of_effect = abs(one.bias / effect) if effect else None
    surely = abs(one.bias) > _BEYOND_CHANCE * one.mcse
    figures = CarryoverFigures(
        bias=figure(one.bias, one.mcse),
        standard_error=one.standard_error,
        of_standard_error=of_error,
        of_effect=of_effect,
        matters=surely and any(share > WORTH_SAYING for share in (of_error, of_effect) if share),
    )
    return carryover_on_effect_scale(figures, unit)


def carryover_in(
    cell: TestedEffect, biases: Mapping[Key, CarryoverBias], unit: Unit
) -> CarryoverFigures | None:
    """What carryover does to the estimate of a cell."""
    effect = 0.0 if cell.is_null else unit.analysed(cell.true_effect)
    return carryover_figures(effect, biases.get((cell.hypothesis, cell.analysis, cell.patients)), unit)
