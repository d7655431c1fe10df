"""What a cell says, in words, of trials in which something does not exist or does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Cell = Mapping[str, Any]

WHY = (
    "A test is undefined where too few patients are left, or where the treatments differ without any spread "
    "between the patients."
)


def on_undefined(cell: Cell) -> list[str]:
    """How often the test was undefined at each look, what then happens, and why that is; if ever."""
    said = [
        f"At look {look['look']} the test was undefined in {share(_at(look))} of the trials: they go on."
        for look in cell["looks"][:-1]
        if _at(look) > 0.0
    ]
    if (x := _at(cell)) > 0.0:
        said.append(f"The test was undefined in {share(x)} of the trials: these count as not significant.")
    return [*said, WHY] if said else []


def on_errors(cell: Cell) -> list[str]:
    """Whether errors of estimates were too large, or too much the same, for their sums; if any were."""
    estimate, said = cell["estimate"], []
    if (x := _at(estimate, "beyond_range")) > 0.0:
        said.append(
            f"In {share(x)} of the trials the estimate is farther from the truth than "
            f"{estimate['error_range']:.6g}, and counts as that far: the real bias, standard error and root "
            "mean square error are larger than these."
        )
    if estimate["empirical_se_is_rough"]:
        said.append(
            "The estimates are all about equally far from the truth, so that their standard error, and the "
            "Monte Carlo errors that come from it, are only known roughly."
        )
    return said


def warnings(cells: Sequence[tuple[Cell, str]]) -> list[str]:
    """The same for all cells, each with the name of what it is under: alike ones together."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell, under in cells:
        for text in _of_cell(cell):
            found.setdefault((cell["analysis"], text), []).append(under)
    everywhere = len({under for _, under in cells})
    said = []
    for (analysis, text), unders in found.items():
        different = list(dict.fromkeys(unders))
        under = "" if len(different) == everywhere else f" under {', '.join(different)}"
        said.append(f"{analysis}{under}{text}")
    return said


def _of_cell(cell: Cell) -> list[str]:
    """What follows the name of the analysis."""
    said = [
        f" could not be computed at look {look['look']} in {share(_at(look))} of the trials; they go on"
        for look in cell["looks"][:-1]
        if _at(look) > 0.0
    ]
    if (x := _at(cell)) > 0.0:
        said.append(f" could not be computed in {share(x)} of the trials; they count as not significant")
    return [*said, *(f": {text[0].lower()}{text[1:].rstrip('.')}" for text in on_errors(cell))]


def share(x: float) -> str:
    """A share of trials that is not 0, in per cent."""
    return f"{x:.2%}" if x >= 0.0001 else "less than 0.01%"


def _at(part: Cell, name: str = "undefined") -> float:
    figure = part.get(name)
    return float(figure["estimate"]) if figure else 0.0
