"""The table of a run that tells who leaves, where that depends on something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.document import Column, Sheet
from planner.figures import DASH, estimated

Cell = Mapping[str, Any]


def depends(cells: Sequence[Cell]) -> bool:
    """Whether leaving depends on anything, so that a run counts who left."""
    return any("dropout" in cell for cell in cells)


def departures(names: Sequence[Sequence[str]], cells: Sequence[Cell]) -> Sheet:
    """A row for each hypothesis; `names`: what it is called, and those that share its row."""
    treatments = list(dict.fromkeys(gap["treatment"] for cell in cells for gap in cell["leaving"]))
    columns = [Column("Hypothesis", number=False), Column("Leave in all")]
    columns += [Column(f"after {treatment}") for treatment in treatments]
    rows = []
    for called, cell in zip(names, cells, strict=True):
        row = [called[0], estimated(cell["dropout"], percent=True)]
        rows.append(row + [_after(cell, treatment) for treatment in treatments])
        rows += [[f"= {name}", *[""] * (len(columns) - 1)] for name in called[1:]]
    return Sheet(columns, rows)


def _after(cell: Cell, treatment: str) -> str:
    """Share who leave after periods of a treatment, all sequences and gaps taken together."""
    gaps = [gap for gap in cell["leaving"] if gap["treatment"] == treatment and gap["patients"]]
    patients = sum(gap["patients"] for gap in gaps)
    if not patients:
        return DASH
    share = sum(gap["patients"] * gap["left"]["estimate"] for gap in gaps) / patients
    error = sum((gap["patients"] * gap["left"]["mcse"]) ** 2 for gap in gaps) ** 0.5 / patients
    return estimated({"estimate": share, "mcse": error}, percent=True)
