"""The tables of a run: does the trial find a difference, when does it stop, how far off is its estimate.

Hypotheses that the design cannot separate have the same results to the last bit and share their rows.
Analyses in different units stand in tables of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from planner.model.stopping.remarks import LimitReport
from planner.report.blocks import Block, Column, Heading, Prose, Sheet
from planner.report.context import PageContext, SharedCell, TableRows, effect_title
from planner.report.pages.common import sentence
from planner.report.pages.parts.blinding import guesses_made, right_guesses
from planner.report.pages.parts.dropout import depends, dropout_table
from planner.report.pages.parts.scaled import at_limit_cells, parts_sheet
from planner.report.pages.parts.two_stage import stages_sheet
from planner.results.carryover_sentences import BEGIN, Carried, bias_sentences, place
from planner.results.cells import CarryoverFigures, Cell, LookFigures
from planner.results.effect_scale import Unit
from planner.results.figures import Figure
from planner.results.number_text import DASH, estimated, plain, plus_minus
from planner.scenario.text import listed
from planner.scenario.vocabulary import MARGIN_TESTS

# A type I error is called too high when it exceeds alpha by more than so many Monte Carlo standard errors.
BEYOND_CHANCE = 3.0
FEW = 50  # trials; a mean over fewer is not shown
NOBODY_MEANWHILE = "Expected patients assumes that nobody is randomised while others are in follow-up."


EFFICACY, FUTILITY = WAYS = ("efficacy", "futility")
"""Why a trial may stop early."""

Stop = tuple[str, int, int, str]  # analysis, patients, look, reason


def merge_identical(cells: Sequence[Cell], context: PageContext) -> list[SharedCell]:
    """The cells, one for hypotheses that the design cannot separate and whose figures all agree."""
    results: dict[str, list[Cell]] = {}
    for cell in cells:
        results.setdefault(cell.hypothesis, []).append(replace(cell, hypothesis=""))
    first: dict[str, str] = {}
    for group in context.classes:
        for name in group:
            alike = (other for other in group if results.get(other) == results.get(name))
            first[name] = next((other for other in alike if other in results), name)
    return [
        SharedCell(
            cell, tuple(n for n in results if n != cell.hypothesis and first.get(n) == cell.hypothesis)
        )
        for cell in cells
        if first.get(cell.hypothesis, cell.hypothesis) == cell.hypothesis
    ]


def tables(
    cells: Sequence[SharedCell],
    context: PageContext,
    limits: Sequence[LimitReport] = (),
    of_estimates: Sequence[str] = (),
) -> list[Block]:
    """The three questions, each with a table for every unit; `of_estimates`: warnings beside the third."""
    against = all(row.cell.alternative in MARGIN_TESTS for row in cells)
    blocks: list[Block] = [
        Heading("What does the trial show?" if against else "Does the trial find a difference?")
    ]
    blocks += _by_unit(cells, context, [_power(part, context) for part in _parts(cells, context)])
    if (sheet := parts_sheet(cells, context)) is not None:
        blocks += [Heading("What does it rest on?"), sheet]
    if (sheet := stages_sheet(cells, context)) is not None:
        blocks += [Heading("What becomes of the two stages?"), sheet]
    elif has_interim_looks(cells):
        blocks.append(Prose(NOBODY_MEANWHILE))
        blocks.append(Heading("When does it stop?"))
        never = cannot_stop([row.cell for row in cells], limits)
        sheets = [_looks(part, context, never) for part in _parts(cells, context)]
        blocks += _by_unit(cells, context, sheets)
    blocks += [warning(text) for text in context.warnings]
    blocks.append(Heading("How far off is its estimate?"))
    sheets = [_estimates(part, context) for part in _parts(cells, context)]
    blocks += _by_unit(cells, context, sheets)
    blocks += carryover_warnings([(row.cell, place(row.cell.patients)) for row in cells], context)
    blocks += [warning(text) for text in of_estimates]
    each = _each_hypothesis(cells, context)
    if depends([row.cell for row in cells]):
        blocks += [
            Heading("Who leaves?"),
            dropout_table([(n, c.departures) for n, c in each if c.departures]),
        ]
    if guesses_made([row.cell for row in cells]):
        blocks += [
            Heading("Who guesses right?"),
            right_guesses([(n, c.correct_guesses) for n, c in each if c.correct_guesses]),
        ]
    return blocks


def _each_hypothesis(cells: Sequence[SharedCell], context: PageContext) -> list[tuple[list[str], Cell]]:
    """Names and a cell of each hypothesis: all analyses and numbers of patients see the same patients."""
    once = {row.cell.hypothesis: row for row in reversed(cells)}
    rows = [row for row in cells if once[row.cell.hypothesis] is row]
    return [([context.called(name) for name in (row.cell.hypothesis, *row.same)], row.cell) for row in rows]


def has_interim_looks(cells: Sequence[SharedCell]) -> bool:
    """Whether there is a look before the last; one that plans a second stage has words of its own."""
    return any(len(row.cell.looks) > 1 and row.cell.two_stage is None for row in cells)


def _parts(cells: Sequence[SharedCell], context: PageContext) -> list[list[SharedCell]]:
    """The cells by unit."""
    by_unit: dict[Unit, list[SharedCell]] = {}
    for row in cells:
        by_unit.setdefault(context.units[row.cell.analysis], []).append(row)
    return list(by_unit.values())


def _by_unit(cells: Sequence[SharedCell], context: PageContext, sheets: Sequence[Sheet]) -> list[Block]:
    """The tables, each with the names of its analyses if there are several."""
    if len(sheets) == 1:
        return list(sheets)
    blocks: list[Block] = []
    for part, sheet in zip(_parts(cells, context), sheets, strict=True):
        names = list(dict.fromkeys(row.cell.analysis for row in part))
        unit = context.units[names[0]].name
        word = "Analysis" if len(names) == 1 else "Analyses"
        blocks += [Prose(f"{word} {listed(names)}{f', in {unit}' if unit else ''}:"), sheet]
    return blocks


def _naming(cells: Sequence[SharedCell], context: PageContext) -> tuple[list[Column], list[list[str]]]:
    """The columns that say which cell a row is; those that never vary are left out."""
    columns = [Column("Hypothesis", number=False)]
    rows = [[context.called(row.cell.hypothesis)] for row in cells]
    if len({row.cell.analysis for row in cells}) > 1:
        columns.append(Column("Analysis", number=False))
        rows = [[*names, row.cell.analysis] for names, row in zip(rows, cells, strict=True)]
    if len({row.cell.patients for row in cells}) > 1:
        columns.append(Column("Planned"))
        rows = [[*names, str(row.cell.patients)] for names, row in zip(rows, cells, strict=True)]
    return columns, rows


def too_high(cell: Cell) -> bool:
    """Whether a true null hypothesis is rejected more often than alpha, beyond Monte Carlo error."""
    if not cell.is_null:
        return False
    # futility that may be ignored holds no level
    error = cell.power_ignoring_futility or cell.power
    return error.estimate - cell.alpha > BEYOND_CHANCE * error.error


def _power(cells: Sequence[SharedCell], context: PageContext) -> Sheet:
    columns, rows = _naming(cells, context)
    mean = cells[0].cell.uncertainty is not None
    units = [context.units[row.cell.analysis] for row in cells]
    columns.append(Column(f"{effect_title(units, mean=mean)}{_unit(cells, context)}"))
    columns.append(Column("Assurance" if mean else "Power"))
    equivalence = any(row.cell.equivalence is not None for row in cells)
    columns += [Column(name) for name in NOT_EQUIVALENT] if equivalence else []
    columns += [Column("Expected patients"), Column("Expected completers")]
    lines, named = TableRows(columns), len(rows[0])
    for row, (cell, same) in zip(rows, cells, strict=True):
        row += [context.true_effect(cell), _power_cell(cell, context)]
        row += not_equivalent(cell) if equivalence else []
        row += [estimated(cell.expected_patients), estimated(cell.expected_completers)]
        lines.add([row], [context.called(name) for name in same], too_high(cell))
        if (error := cell.type1_at_limit) is not None:
            at_limit = at_limit_cells(error, context.units[cell.analysis])
            first = ["at the limit", *[""] * (named - 1), *at_limit]
            lines.add([[*first, *[DASH] * (len(columns) - len(first))]], (), error.too_high)
    return lines.sheet()


NOT_EQUIVALENT = ("Not equivalent", "Shown different", "Undefined")
"""Columns beside the power where equivalence is to be shown."""


def not_equivalent(cell: Cell) -> list[str]:
    """The trials that do not show equivalence; of these those that refute it, and those without a test."""
    if cell.equivalence is None:
        return [DASH] * len(NOT_EQUIVALENT)
    shares = cell.equivalence.not_equivalent, cell.equivalence.different, cell.undefined
    return [estimated(share, percent=True) for share in shares]


def _unit(cells: Sequence[SharedCell], context: PageContext) -> str:
    """The unit for the title of a column."""
    name = context.units[cells[0].cell.analysis].name
    return f" ({name})" if name else ""


def _power_cell(cell: Cell, context: PageContext) -> str:
    power = estimated(cell.power, percent=True)
    if not cell.is_null:
        return power
    if too_high(cell) and cell.hypothesis in context.carryover:
        return f"type I error\ntoo high (carryover?)\n{power}"
    return f"type I error\n{'too high: ' if too_high(cell) else ''}{power}"


def cannot_stop(cells: Sequence[Cell], limits: Sequence[LimitReport]) -> set[Stop]:
    """Looks before the last, with the reasons for which they cannot stop whatever the data are."""
    stops: set[Stop] = set()
    for limit in limits:
        for each in limit.idle:
            at = limit.analysis, limit.patients, each.look
            stops |= {(*at, "efficacy"), *([] if each.computed else [(*at, "futility")])}
    for cell in cells:
        for look in cell.looks[:-1]:
            at = cell.analysis, cell.patients, look.look
            limits_there = ((EFFICACY, look.efficacy_z), (FUTILITY, look.futility_z))
            stops |= {(*at, way) for way, z in limits_there if z is None}
    early = {(cell.analysis, cell.patients, x.look) for cell in cells for x in cell.looks[:-1]}
    return {stop for stop in stops if stop[:3] in early}


def other_warnings(warnings: Sequence[str]) -> list[Block]:
    """The warnings of a result of which its page says nothing else."""
    return [warning(text) for text in warnings if not _ELSEWHERE.search(text)]


_ELSEWHERE = re.compile(rf"(^|: ){BEGIN}|^interrupted: ")  # beside a table, and at the top


def warning(text: str) -> Prose:
    """A warning as it stands on a page."""
    return Prose(sentence(text), True)


def _looks(cells: Sequence[SharedCell], context: PageContext, never: set[Stop]) -> Sheet:
    """One row a look; at the last look the trial ends anyway, so that it does not stop early there."""
    columns, rows = _naming(cells, context)
    columns += [Column("Look", number=False), Column("Patients"), Column("Stops early"), Column("Efficacy")]
    if context.futility:
        columns.append(Column("Futility"))
    lines = TableRows(columns)
    for row, (cell, same) in zip(rows, cells, strict=True):
        early, own = estimated(cell.stopped_early, percent=True), []
        ways = WAYS if context.futility else WAYS[:1]
        first = [(cell.analysis, cell.patients, look.look) for look in cell.looks[:-1]]
        if all((*at, way) in never for at in first for way in ways):
            early = DASH if first else early
        for look in cell.looks:
            last = look is cell.looks[-1]
            line = [*row, "last" if last else str(look.look), plain(look.patients), early]
            for way in ways:
                none = (cell.analysis, cell.patients, look.look, way) in never
                none = none or (last and way == "futility")
                line.append(DASH if none else estimated(share_of(look, way), percent=True))
            own.append(line)
            row, early = [""] * len(row), ""
        lines.add(own, [context.called(name) for name in same])
    return lines.sheet()


def _estimates(cells: Sequence[SharedCell], context: PageContext) -> Sheet:
    columns, rows = _naming(cells, context)
    early = has_interim_looks(cells)
    columns.append(Column(f"Bias{_unit(cells, context)}"))
    stops = stop_reasons(context) if early else ()
    columns += [Column(f"Bias if stopped for {reason}") for reason in stops]
    exaggerated = tells_exaggeration([cell for cell, _ in cells])
    columns += [Column("Exaggeration if significant")] if exaggerated else []
    columns += [Column("Coverage of the interval")]
    lines = TableRows(columns)
    for row, (cell, same) in zip(rows, cells, strict=True):
        estimate, factor = cell.estimate, context.units[cell.analysis].factor
        row.append(_mean(estimate.bias, estimate.bias_mcse, factor, sign=True))
        for reason in stops:
            few = too_few_stops(cell, reason)
            row.append(DASH if few else _mean(*bias_if_stopped(cell, reason), factor, sign=True))
        exaggeration = _mean(estimate.exaggeration_given_efficacy, estimate.exaggeration_given_efficacy_mcse)
        few = too_few(cell)
        if exaggerated:
            row.append(DASH if few or exaggeration == DASH else f"× {exaggeration}")
        row.append(estimated(estimate.coverage, percent=True))
        lines.add([row], [context.called(name) for name in same])
    return lines.sheet()


def tells_exaggeration(cells: Sequence[Cell]) -> bool:
    """Whether any test looks for an effect: of one within margins, how far it is exaggerated says little."""
    return any(cell.equivalence is None and cell.margin is None for cell in cells)


def stop_reasons(context: PageContext) -> tuple[str, ...]:
    """Why a trial may stop early; the bias is given for each: a mixture of both says little of either."""
    return WAYS if context.futility else WAYS[:1]


def share_of(look: LookFigures, reason: str) -> Figure:
    """The share of the trials that end at a look for this reason."""
    return look.efficacy if reason == EFFICACY else look.futility


def bias_if_stopped(cell: Cell, reason: str) -> tuple[float | None, float | None]:
    """The bias of the trials that stop early for this reason, and its error."""
    estimate = cell.estimate
    if reason == EFFICACY:
        return estimate.bias_given_early_efficacy, estimate.bias_given_early_efficacy_mcse
    return estimate.bias_given_futility, estimate.bias_given_futility_mcse


def too_few(cell: Cell) -> bool:
    """Whether too few trials were significant for a mean over them."""
    return round(cell.power.estimate * cell.trials) < FEW


def too_few_stops(cell: Cell, reason: str) -> bool:
    """Whether too few trials stopped early for efficacy, or futility, for a mean over them."""
    share = sum(share_of(look, reason).estimate for look in cell.looks[:-1])
    return round(share * cell.trials) < FEW


class Biased(Protocol):
    """A cell with what carryover does to its estimate."""

    @property
    def hypothesis(self) -> str: ...
    @property
    def analysis(self) -> str: ...
    @property
    def carryover(self) -> CarryoverFigures | None: ...


def carryover_warnings(cells: Iterable[tuple[Biased, str]], context: PageContext) -> list[Block]:
    """Where carryover biases an estimate, and how much; each cell with its place (`place`)."""
    lines = bias_sentences(
        Carried(
            cell.analysis,
            f"“{context.called(cell.hypothesis)}”",
            at,
            context.units[cell.analysis],
            cell.carryover,
        )
        for cell, at in cells
    )
    return [warning(line) for line in lines]


def _mean(value: float | None, error: float | None, factor: float = 1.0, *, sign: bool = False) -> str:
    if value is None:
        return DASH
    return plus_minus(value * factor, None if error is None else error * factor, sign=sign)
