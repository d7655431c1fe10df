"""The table of a run that tells who guesses right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.document import Column, Sheet
from planner.figures import estimated

Cell = Mapping[str, Any]


def asked(cells: Sequence[Cell]) -> bool:
    """Whether patients guess what they were given."""
    return any("correct_guesses" in cell for cell in cells)


def right_guesses(names: Sequence[Sequence[str]], cells: Sequence[Cell]) -> Sheet:
    """A row for each hypothesis; `names`: what it is called, and those that share its row."""
    treatments = list(dict.fromkeys(a for cell in cells for a in cell["correct_guesses"]["by_treatment"]))
    columns = [Column("Hypothesis", number=False), Column("Guess right")]
    columns += [Column(f"on {treatment}") for treatment in treatments]
    rows = []
    for called, cell in zip(names, cells, strict=True):
        said = cell["correct_guesses"]
        shares = [said["all"], *(said["by_treatment"][a] for a in treatments)]
        rows.append([called[0], *(estimated(share, percent=True) for share in shares)])
        rows += [[f"= {name}", *[""] * (len(columns) - 1)] for name in called[1:]]
    return Sheet(columns, rows)
