"""The table of who leaves and who waits, where that depends on something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Column, Sheet
from planner.results.number_text import DASH, estimated

Cell = Mapping[str, Any]
Gap = Mapping[str, Any]


def depends(cells: Sequence[Cell]) -> bool:
    """Whether leaving depends on anything, so that a run counts who left."""
    return any("dropout" in cell for cell in cells)


def waits(cells: Sequence[Cell]) -> bool:
    """Whether patients wait until they have returned to their baseline."""
    return any("extra_days" in gap for cell in cells for gap in cell.get("leaving", ()))


def about_dropout(cells: Sequence[Cell]) -> list[str]:
    """How to read the table."""
    if not depends(cells):
        return []
    items = [
        "Who leaves: of all patients randomised, and of those who were there in a period of a treatment "
        "the share who leave after it, as if no trial stopped early. It depends on what a patient has been "
        "through, so that completers are no random choice of the patients; what that does to the "
        "estimate is part of its bias."
    ]
    if waits(cells):
        items.append(
            "Never back: those who leave because they have not returned to their baseline in time; they are "
            "part of those who leave. Extra washout: the mean over all who have the next dosing."
        )
    return items


def dropout_table(names: Sequence[Sequence[str]], cells: Sequence[Cell]) -> Sheet:
    """A row for each hypothesis; `names`: what it is called, and those that share its row."""
    treatments = list(dict.fromkeys(gap["treatment"] for cell in cells for gap in cell["leaving"]))
    return _waiting(names, cells, treatments) if waits(cells) else _leaving(names, cells, treatments)


def _leaving(names: Sequence[Sequence[str]], cells: Sequence[Cell], treatments: Sequence[str]) -> Sheet:
    columns = [Column("Hypothesis", number=False), Column("Leave in all")]
    columns += [Column(f"after {treatment}") for treatment in treatments]
    rows = []
    for called, cell in zip(names, cells, strict=True):
        row = [called[0], estimated(cell["dropout"], percent=True)]
        rows.append(row + [_share(_after(cell, treatment), "left") for treatment in treatments])
        rows += [[f"= {name}", *[""] * (len(columns) - 1)] for name in called[1:]]
    return Sheet(columns, rows)


def _waiting(names: Sequence[Sequence[str]], cells: Sequence[Cell], treatments: Sequence[str]) -> Sheet:
    """A line for each treatment."""
    columns = [Column("Hypothesis", number=False), Column("After", number=False), Column("Leave")]
    columns += [Column("Never back"), Column("Extra washout (days)")]
    rows = []
    for called, cell in zip(names, cells, strict=True):
        labels = [called[0], *(f"= {name}" for name in called[1:])]
        lines = [["all periods", estimated(cell["dropout"], percent=True), "", ""]]
        for treatment in treatments:
            gaps = _after(cell, treatment)
            shares = [_share(gaps, "left"), _share(gaps, "never_returned")]
            lines.append([treatment, *shares, _days(gaps)])
        labels += [""] * (len(lines) - len(labels))
        lines += [[""] * 4 for _ in range(len(labels) - len(lines))]
        rows += [[label, *line] for label, line in zip(labels, lines, strict=True)]
    return Sheet(columns, rows)


def _after(cell: Cell, treatment: str) -> list[Gap]:
    """The gaps after a treatment, in all sequences."""
    return [gap for gap in cell["leaving"] if gap["treatment"] == treatment and gap["patients"]]


def _share(gaps: Sequence[Gap], name: str) -> str:
    return _pooled([(gap["patients"], gap[name]) for gap in gaps], percent=True)


def _days(gaps: Sequence[Gap]) -> str:
    stay = [(gap["patients"] * (1.0 - gap["left"]["estimate"]), gap["extra_days"]) for gap in gaps]
    return _pooled(stay, percent=False)


def _pooled(figures: Sequence[tuple[float, Mapping[str, Any] | None]], percent: bool) -> str:
    """One figure of several, weighed by the numbers of patients that they rest on."""
    usable = [(n, figure) for n, figure in figures if figure is not None and figure["mcse"] is not None]
    total = sum(n for n, _ in usable)
    if not total:
        return DASH
    middle = sum(n * figure["estimate"] for n, figure in usable) / total
    error = sum((n * figure["mcse"]) ** 2 for n, figure in usable) ** 0.5 / total
    return estimated({"estimate": middle, "mcse": error}, percent=percent)
