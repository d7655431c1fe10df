"""The table of who leaves and who waits, where that depends on something."""

from __future__ import annotations

from collections.abc import Sequence

from planner.report.blocks import Column, Sheet
from planner.results.cells import Cell, Departures, Gap
from planner.results.figures import Figure
from planner.results.number_text import DASH, estimated, plus_minus

Row = tuple[Sequence[str], Departures]


def depends(cells: Sequence[Cell]) -> bool:
    """Whether leaving depends on anything, so that a run counts who left."""
    return any(cell.departures is not None for cell in cells)


def waits(cells: Sequence[Cell]) -> bool:
    """Whether patients wait until they have returned to their baseline."""
    return any(
        gap.waiting is not None for cell in cells if cell.departures for gap in cell.departures.leaving
    )


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


def dropout_table(rows_of: Sequence[Row]) -> Sheet:
    """A row for each hypothesis: what it is called, with those that share its row, and who leaves."""
    gaps = [gap for _, departures in rows_of for gap in departures.leaving]
    treatments = list(dict.fromkeys(gap.treatment for gap in gaps))
    waiting = any(gap.waiting is not None for gap in gaps)
    return _waiting(rows_of, treatments) if waiting else _leaving(rows_of, treatments)


def _leaving(rows_of: Sequence[Row], treatments: Sequence[str]) -> Sheet:
    columns = [Column("Hypothesis", number=False), Column("Leave in all")]
    columns += [Column(f"after {treatment}") for treatment in treatments]
    rows = []
    for called, departures in rows_of:
        row = [called[0], estimated(departures.dropout, percent=True)]
        rows.append(row + [_left(_after(departures, treatment)) for treatment in treatments])
        rows += [[f"= {name}", *[""] * (len(columns) - 1)] for name in called[1:]]
    return Sheet(columns, rows)


def _waiting(rows_of: Sequence[Row], treatments: Sequence[str]) -> Sheet:
    """A line for each treatment."""
    columns = [Column("Hypothesis", number=False), Column("After", number=False), Column("Leave")]
    columns += [Column("Never back"), Column("Extra washout (days)")]
    rows = []
    for called, departures in rows_of:
        labels = [called[0], *(f"= {name}" for name in called[1:])]
        lines = [["all periods", estimated(departures.dropout, percent=True), "", ""]]
        for treatment in treatments:
            gaps = _after(departures, treatment)
            lines.append([treatment, _left(gaps), _never_returned(gaps), _days(gaps)])
        labels += [""] * (len(lines) - len(labels))
        lines += [[""] * 4 for _ in range(len(labels) - len(lines))]
        rows += [[label, *line] for label, line in zip(labels, lines, strict=True)]
    return Sheet(columns, rows)


def _after(departures: Departures, treatment: str) -> list[Gap]:
    """The gaps after a treatment, in all sequences, in which anybody was there before."""
    return [gap for gap in departures.leaving if gap.treatment == treatment and gap.patients]


def _left(gaps: Sequence[Gap]) -> str:
    return _pooled([(gap.patients, gap.left) for gap in gaps], percent=True)


def _never_returned(gaps: Sequence[Gap]) -> str:
    return _pooled([(gap.patients, gap.waiting.never_returned) for gap in gaps if gap.waiting], percent=True)


def _days(gaps: Sequence[Gap]) -> str:
    stay = [
        (gap.patients * (1.0 - gap.left.estimate), gap.waiting.extra_days)
        for gap in gaps
        if gap.left and gap.waiting
    ]
    return _pooled(stay, percent=False)


def _pooled(figures: Sequence[tuple[float, Figure | None]], percent: bool) -> str:
    """One figure of several, weighed by the numbers of patients that they rest on."""
    usable = [(n, figure) for n, figure in figures if figure is not None and figure.mcse is not None]
    total = sum(n for n, _ in usable)
    if not total:
        return DASH
    middle = sum(n * figure.estimate for n, figure in usable) / total
    error = sum((n * figure.error) ** 2 for n, figure in usable) ** 0.5 / total
    return plus_minus(middle, error, percent=percent)
