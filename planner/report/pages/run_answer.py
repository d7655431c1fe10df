"""The answer of a run in a sentence or two for each analysis, before its tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.report.blocks import Block, Items, Prose
from planner.report.context import PageContext
from planner.report.pages.parts.alternatives import in_words
from planner.report.pages.run_tables import too_high
from planner.results.cells import Cell
from planner.results.figures import Figure
from planner.results.number_text import estimated, percent
from planner.scenario.text import count

_MOST_ANALYSES = 4  # analyses that are answered before the tables
_WRONG = 0.05  # share of the significant trials that may point in the wrong direction without a remark


def answers_of_run(cells: Sequence[Cell], context: PageContext) -> list[Block]:
    """The answer of each analysis; `cells`: those of inseparable hypotheses once."""
    analyses: dict[str, list[Cell]] = {}
    for cell in cells:
        analyses.setdefault(cell.analysis, []).append(cell)
    if len(analyses) == 1:
        return [Prose(_answer(cells, context))]
    answers = [f"{name}: {_answer(own, context)}" for name, own in list(analyses.items())[:_MOST_ANALYSES]]
    left = len(analyses) - _MOST_ANALYSES
    return [
        Items([*answers, *([f"{count(left, 'more analysis', 'more analyses')} below."] if left > 0 else [])])
    ]


def _answer(cells: Sequence[Cell], context: PageContext) -> str:
    """Power, early stops and expected patients where there is an effect; false alarms where there is none."""
    effects = [cell for cell in cells if not cell.is_null]
    nulls = [cell for cell in cells if cell.is_null]
    sentences = []
    if effects:
        sentences.append(f"{_finds(effects, context)}{_stops(effects)}.{_wrong_way(effects, context)}")
    if nulls:
        none = _false_alarms(nulls, context)
        sentences.append(f"{none}{'' if effects else _stops(nulls)}.")
    return " ".join(sentences)


def _finds(cells: Sequence[Cell], context: PageContext) -> str:
    words = in_words(cells[0].alternative)
    mean = any(cell.uncertainty is not None for cell in cells)
    averaged = ", averaged over what the uncertain numbers may be" if mean else ""
    if len(cells) == 1:
        under = context.called(cells[0].hypothesis)
        power = estimated(cells[0].power, percent=True)
        return f"Under “{under}”, the trial {words.shows} in {power} of virtual trials{averaged}"
    low, high = _ends(cells, _power)
    does = "finds it" if words.shows == "finds the difference" else words.shows
    if (power := estimated(low.power, percent=True)) == estimated(high.power, percent=True):
        return f"Where {words.true}, the trial {does} in {power} of virtual trials{averaged}"
    return (
        f"Where {words.true}, the trial {does} in "
        f"{estimated(low.power, percent=True)} (“{context.called(low.hypothesis)}”) to "
        f"{estimated(high.power, percent=True)} (“{context.called(high.hypothesis)}”) of virtual "
        f"trials{averaged}"
    )


def _stops(cells: Sequence[Cell]) -> str:
    """`; 23.1 ± 0.1 % stop early, and on average 36.1 ± 0.1 of 52 patients are randomised`."""
    if all(len(cell.looks) < 2 for cell in cells):
        return ""
    if all(cell.two_stage is not None for cell in cells):
        second = _range(cells, _second_stage, percent=True)
        patients = _range(cells, _expected_patients)
        return f"; {second} have a second stage, and on average {patients} patients are randomised"
    early, patients = _range(cells, _stopped_early, percent=True), _range(cells, _expected_patients)
    return f"; {early} stop early, and on average {patients} of {cells[0].patients:,} patients are randomised"


def _wrong_way(cells: Sequence[Cell], context: PageContext) -> str:
    """` Of the significant trials 12 ± 3 % point in the wrong direction.`, where that is more than a few."""
    shares = [(share, cell) for cell in cells if (share := cell.estimate.wrong_sign) is not None]
    wrong = [(share, cell) for share, cell in shares if share.estimate > _WRONG]
    if not wrong:
        return ""
    most_wrong, worst = max(wrong, key=lambda each: each[0].estimate)
    under = "" if len(cells) == 1 else f" under “{context.called(worst.hypothesis)}”"
    most = f"{'up to ' if len(wrong) > 1 else ''}{estimated(most_wrong, percent=True)}{under}"
    return f" Of the significant trials, {most} point in the wrong direction (type S error)."


def _false_alarms(cells: Sequence[Cell], context: PageContext) -> str:
    levels = " or ".join(dict.fromkeys(percent(cell.alpha, digits=4) for cell in cells))
    under = f" (“{context.called(cells[0].hypothesis)}”)" if len(cells) == 1 else ""
    exceeded = ", which is exceeded" if any(too_high(cell) for cell in cells) else ""
    where = f"Where {in_words(cells[0].alternative).null}{under}"
    return (
        f"{where}, {_range(cells, _power, percent=True)} of virtual trials "
        f"are false alarms (type I error; alpha {levels}{exceeded})"
    )


def _power(cell: Cell) -> Figure:
    return cell.power


def _stopped_early(cell: Cell) -> Figure:
    return cell.stopped_early


def _second_stage(cell: Cell) -> Figure:
    assert cell.two_stage is not None
    return cell.two_stage.stage_two


def _expected_patients(cell: Cell) -> Figure:
    return cell.expected_patients


def _ends(cells: Sequence[Cell], of: Callable[[Cell], Figure]) -> tuple[Cell, Cell]:
    """The cells in which a figure is smallest and largest."""

    def value(cell: Cell) -> float:
        return of(cell).estimate

    return min(cells, key=value), max(cells, key=value)


def _range(cells: Sequence[Cell], of: Callable[[Cell], Figure], *, percent: bool = False) -> str:
    """The figure, or its smallest and largest value."""
    ends = [estimated(of(cell), percent=percent) for cell in _ends(cells, of)]
    return " to ".join(dict.fromkeys(ends))
