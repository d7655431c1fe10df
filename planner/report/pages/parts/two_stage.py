"""Two-stage trials on the pages of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.report.blocks import Column, Sheet
from planner.report.context import PageContext, SharedCell, TableRows
from planner.results.cells import Cell, StageError
from planner.results.figures import Figure
from planner.results.number_text import estimated, percent, plain, plus_minus

_LITTLE = 1e-5


def stages_sheet(rows: Sequence[SharedCell], context: PageContext) -> Sheet | None:
    """What becomes of stage 1, and how many patients it takes; None where there is no second stage."""
    staged = [row for row in rows if row.cell.two_stage is not None]
    if not staged:
        return None
    exact = any(row.cell.exact_stages is not None for row in staged)
    columns = [Column("Hypothesis", number=False), Column("Of the trials", number=False)]
    columns += [Column("Simulated"), *([Column("Exact")] if exact else [])]
    lines = TableRows(columns)
    for cell, same in staged:
        name, own = context.called(cell.hypothesis), []
        for what, simulated, known in _figures(cell):
            own.append([name, what, simulated, *([known] if exact else [])])
            name = ""
        lines.add(own, [context.called(each) for each in same])
    return lines.sheet()


def _figures(cell: Cell) -> list[tuple[str, str, str]]:
    """Each figure in words, simulated and exact."""
    stages, known = cell.two_stage, cell.exact_stages
    assert stages is not None
    shares: tuple[tuple[str, Figure, float | None], ...] = (
        ("show equivalence", cell.power, None if known is None else known.equivalent),
        ("show it after stage 1", stages.stage_one, None if known is None else known.stage_one),
        ("have a stage 2", stages.stage_two, None if known is None else known.stage_two),
        ("are given up after stage 1", stages.futility, None if known is None else known.futility),
    )
    rows = [(what, estimated(share, percent=True), _exact(exact)) for what, share, exact in shares]
    mean = None if known is None else known.expected_patients
    rows.append(("patients on average", estimated(cell.expected_patients), plain(mean, 4)))
    for name, quantile in stages.patients_quantiles.items():
        share = int(name.removeprefix("q"))
        value = None if known is None else float(known.patients_quantiles[name])
        simulated = plus_minus(quantile.estimate, quantile.mcse)
        rows.append((f"{share} % have at most", simulated, plain(value)))
    return rows


def _exact(share: float | None) -> str:
    """A probability; one that is next to none without its digits."""
    return "< 0.001 %" if share is not None and 0.0 < share < _LITTLE else percent(share, 4)


def about_stages(cells: Iterable[Cell]) -> list[str]:
    """What the figures are."""
    staged = [cell for cell in cells if cell.two_stage is not None]
    if not staged:
        return []
    exact = " Exact: of complete trials, by quadrature." if any(c.exact_stages for c in staged) else ""
    return [
        "Patients are those randomised in both stages. Given up after stage 1: by a futility rule, or "
        f"because more patients would be needed than the most allowed.{exact}",
        "The interval is that of all patients of a trial, at the level of stage 2: it makes no allowance for "
        "the choice that was made after stage 1.",
    ]


def errors_sheet(errors: Sequence[StageError]) -> Sheet:
    """Type I errors of a rule: a row for each CV, a column for each number of patients in stage 1."""
    firsts = list(dict.fromkeys(each.first for each in errors))
    by_place = {(each.cv, each.first): each.type_one_error for each in errors}
    columns = [Column("CV within"), *(Column(f"{first} in stage 1") for first in firsts)]
    rows = [
        [percent(cv), *(percent(by_place.get((cv, first)), 3) for first in firsts)]
        for cv in dict.fromkeys(each.cv for each in errors)
    ]
    return Sheet(columns, rows)
