"""The bias from carryover in words: a sentence for each analysis. Works on cells of the JSON form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from planner.figures import listed, plain, plus_minus
from planner.scenario import Scenario
from planner.vocabulary import BINARY_MEASURES

Unit = tuple[str, float]  # name, factor


def unit_of(scenario: Scenario, analysis: str) -> Unit:
    """In what the bias of an analysis is told."""
    about = next(each for each in scenario.analyses if each.name == analysis)
    if about.outcome:
        return scenario.outcomes[about.outcome].unit, 1.0
    measure = about.measure or scenario.endpoint.measure
    if measure in BINARY_MEASURES:
        return "percentage points", 100.0
    return ("%" if measure == "percent-change" else scenario.endpoint.unit), 1.0


def told(
    cells: Sequence[Mapping[str, Any]],
    name: Callable[[Mapping[str, Any]], str],
    unit: Callable[[Mapping[str, Any]], Unit],
) -> list[str]:
    """For each analysis the hypotheses under which carryover matters, and how much.

    `name`: what a cell is called; cells of the same name and size are told once.
    """
    rows: dict[str, dict[str, None]] = {}
    for cell in cells:
        about = cell.get("carryover")
        if about is not None and about["matters"]:
            said = f"{name(cell)} by {_amount(about, *unit(cell))}"
            rows.setdefault(cell["analysis"], {})[said] = None
    return [
        f"carryover biases the estimate of {analysis} under {listed(list(said))}"
        for analysis, said in rows.items()
    ]


def _amount(about: Mapping[str, Any], unit: str, factor: float) -> str:
    bias = about["bias"]
    size = plus_minus(bias["estimate"] * factor, bias["mcse"] * factor, sign=True)
    parts = []
    if about["of_standard_error"] is not None:
        parts.append(f"{plain(about['of_standard_error'], 2)} standard errors at the last look")
    if about["of_effect"] is not None:
        parts.append(f"{plain(100.0 * about['of_effect'], 2)} % of the true effect")
    return f"{size} {unit}".rstrip() + f" ({', '.join(parts)})"
