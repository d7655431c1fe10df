"""What carryover adds to an estimate, as the figures of a cell.

How far it biases is simulated by planner.results.carryover; nothing here needs a kernel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from planner.results.figures import Json, figure

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


def carryover_figures(cell: Mapping[str, Any], one: CarryoverBias | None) -> Json:
    """The key `carryover` of a cell; None where nothing can be carried over."""
    if one is None:
        return {"carryover": None}
    effect = 0.0 if cell["is_null"] else float(cell["true_effect"])
    of_error = abs(one.bias) / one.standard_error if one.standard_error > 0.0 else None
    of_effect = abs(one.bias / effect) if effect else None
    surely = abs(one.bias) > _BEYOND_CHANCE * one.mcse
    return {
        "carryover": {
            "bias": figure(one.bias, one.mcse),
            "standard_error": one.standard_error,
            "of_standard_error": of_error,
            "of_effect": of_effect,
            "matters": surely and any(share > WORTH_SAYING for share in (of_error, of_effect) if share),
        }
    }


def with_carryover(cells: Sequence[Json], biases: Mapping[Key, CarryoverBias]) -> list[Json]:
    """Cells with the key `carryover`."""
    return [
        cell | carryover_figures(cell, biases.get((cell["hypothesis"], cell["analysis"], cell["patients"])))
        for cell in cells
    ]
