"""Designs side by side, in words: what each gives and costs, and how each differs from the first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner._version import __version__
from planner.questions.compare.cells import ComparisonCell, DesignDifference, Difference
from planner.questions.compare.compare import Comparison
from planner.report.blocks import Block, Column, Facts, Heading, Prose, Sheet
from planner.report.context import PageContext, effect_title
from planner.report.pages.common import (
    again,
    false_alarm,
    how_to_read,
    interruption,
    power_or_error,
    sentence,
)
from planner.report.pages.parts.whole_trial import EACH_ALONE
from planner.report.pages.run_tables import NOBODY_MEANWHILE
from planner.results.number_text import DASH, estimated, plus_minus
from planner.scenario.text import count

Row = ComparisonCell | DesignDifference

_SIZES = ("Expected patients", "Expected completers", "Expected visits")


def compare_page(result: Comparison, contexts: Sequence[PageContext], command: str) -> list[Block]:
    """The page of `planner compare`; `contexts`: of each design, in their order."""
    letters = {name: _letter(j) for j, name in enumerate(result.names)}
    blocks: list[Block] = [Heading("Designs side by side", 1)]
    if result.partial:
        blocks.append(interruption(count(result.trials, "trial")))
    blocks.append(Facts([*_designs(result, contexts), _simulated(result)]))
    by_name = dict(zip(letters, contexts, strict=True))
    blocks += _each_alone(result.cells())
    staged = any(cell.stopped_early.estimate for cell in result.cells())  # else their column would be empty
    figures = _figures(result.cells(), letters, by_name, staged=staged)
    blocks += [Heading("What each gives, and what it takes"), figures]
    if staged:
        blocks.append(Prose(NOBODY_MEANWHILE))
    if differences := result.differences():
        blocks += [Heading("How they differ"), _differences(differences, letters, by_name, staged=staged)]
    return (
        blocks
        + how_to_read(_reading(result, contexts, staged=staged))
        + again(command, partial=result.partial)
    )


def _each_alone(cells: Sequence[ComparisonCell]) -> list[Block]:
    return [Prose(EACH_ALONE)] if cells and _analysis(cells, cells[0]) else []


def _letter(j: int) -> str:
    return chr(ord("A") + j) if j < 26 else str(j + 1)


def _designs(result: Comparison, contexts: Sequence[PageContext]) -> list[tuple[str, str]]:
    facts = []
    for j, (design, context) in enumerate(zip(result.names, contexts, strict=True)):
        used = dict.fromkeys(cell.analysis for cell in result.cells() if cell.design == design)
        parts = [f"{design}: {context.design}", *(context.analyses[name] for name in used)]
        facts.append((_letter(j), "; ".join(parts)))
    return facts


def _simulated(result: Comparison) -> tuple[str, str]:
    trials = count(result.trials, "virtual trial")
    return (
        "Simulated",
        f"{trials} of each design under each hypothesis, seed {result.seed}, planner {__version__}",
    )


def _label(cell: Row, contexts: Mapping[str, PageContext]) -> str:
    return contexts[cell.design].called(cell.hypothesis)


def _analysis(cells: Sequence[Row], cell: Row) -> list[str]:
    """The name of the analysis, where there are several for one design."""
    per_design = {(c.design, c.analysis) for c in cells}
    return [cell.analysis] if len(per_design) > len({c.design for c in cells}) else []


def _figures(
    cells: Sequence[ComparisonCell],
    letters: Mapping[str, str],
    contexts: Mapping[str, PageContext],
    *,
    staged: bool,
) -> Sheet:
    several = bool(cells and _analysis(cells, cells[0]))
    units = [contexts[cell.design].units[cell.analysis] for cell in cells]
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Design", number=False), Column(effect_title(units))]
    columns += [Column(title) for title in ("Power", *_early(staged), *_SIZES)]
    rows, before = [], ""
    for cell in cells:
        label = _label(cell, contexts)
        row = ["" if label == before else label, *_analysis(cells, cell), letters[cell.design]]
        row += [
            contexts[cell.design].true_effect(cell, with_unit=True),
            power_or_error(cell.power, cell.is_null),
        ]
        row += [estimated(cell.stopped_early, percent=True)] if staged else []
        sizes = (cell.expected_patients, cell.expected_completers, cell.expected_visits)
        row += [estimated(size) for size in sizes]
        rows.append(row)
        before = label
    return Sheet(columns, rows)


def _differences(
    differences: Sequence[DesignDifference],
    letters: Mapping[str, str],
    contexts: Mapping[str, PageContext],
    *,
    staged: bool,
) -> Sheet:
    several = bool(differences and _analysis(differences, differences[0]))
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Designs", number=False), Column("Power"), Column("unpaired")]
    columns += [Column(title) for title in (*_early(staged), *_SIZES)]
    rows, before = [], ""
    for each in differences:
        label = _label(each, contexts)
        row = ["" if label == before else label, *_analysis(differences, each)]
        row.append(f"{letters[each.design]} − {letters[each.against]}")
        row += [_difference(each.power, percent=True), _unpaired(each.power)]
        row += [_difference(each.stopped_early, percent=True)] if staged else []
        sizes = (each.expected_patients, each.expected_completers, each.expected_visits)
        row += [_difference(size, percent=False) for size in sizes]
        rows.append(row)
        before = label
    return Sheet(columns, rows)


def _early(staged: bool) -> list[str]:
    return ["Stops early"] if staged else []


def _difference(figure: Difference, *, percent: bool) -> str:
    text = plus_minus(figure.estimate, figure.mcse, percent=percent, sign=True)
    return text.replace(" %", " percentage points") if percent else text


def _unpaired(figure: Difference) -> str:
    """The error that independent trials would have, with the digits of the paired one."""
    if figure.mcse_unpaired is None:
        return DASH
    return f"(± {plus_minus(100 * figure.mcse_unpaired, 0.1 * 100 * figure.mcse_unpaired).split(' ')[0]})"


def _reading(result: Comparison, contexts: Sequence[PageContext], *, staged: bool) -> list[str]:
    items = [
        "All designs are simulated with the same random numbers."
        if result.differing_assumptions
        else "All designs are simulated with the same virtual patients: designs differ only in what is done "
        "to the patients and how the data are analysed.",
        "± is the Monte Carlo standard error. That of a difference is paired: what is chance in both designs "
        "cancels. In brackets, the error that independent trials would have.",
    ]
    if result.differences():
        what = "Differences of power" + (" and of early stops" if staged else "")
        items.append(f"{what} are in percentage points.")
    items += dict.fromkeys(note for context in contexts for note in context.about_scale(result.cells()))
    items.append(
        "Expected visits: the periods of all patients randomised when the trial stops, whether or not they "
        "left."
    )
    if any(cell.is_null for cell in result.cells()):
        items.append(false_alarm(cell.alternative for cell in result.cells() if cell.is_null))
    return [*items, *map(sentence, result.warnings())]
