"""Several analyses of one trial in words: each as if it were the only one, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.report.blocks import Block, Column, Heading, Items, Prose
from planner.report.context import PageContext, SharedCell, TableRows
from planner.results.cells import WholeTrial
from planner.results.number_text import DASH, estimated

EACH_ALONE = "Each analysis as if it were the only one: at its own looks and its own stop, at its full alpha."


def each_alone(analyses: Iterable[str]) -> list[Block]:
    """That each analysis stands alone, where the rows of a page have several."""
    return [Prose(EACH_ALONE)] if len(set(analyses)) > 1 else []


def together(
    whole_trials: Sequence[WholeTrial], rows: Sequence[SharedCell], context: PageContext
) -> list[Block]:
    """In how many trials any analysis is significant, in how many all; empty where there is one."""
    trials = {(each.hypothesis, each.patients): each for each in whole_trials}
    own = [(row, trials.get((row.cell.hypothesis, row.cell.patients))) for row in rows]
    once = {id(trial): (row, trial) for row, trial in reversed(own) if trial and len(trial.analyses) > 1}
    rows_of_trials = [
        once[id(trial)] for row, trial in own if trial and once.get(id(trial), (None,))[0] is row
    ]
    if not rows_of_trials:
        return []
    false = any(trial.familywise_error is not None for _, trial in rows_of_trials)
    sized = len({trial.patients for _, trial in rows_of_trials}) > 1
    columns = [Column("Hypothesis", number=False), *([Column("Planned")] if sized else [])]
    columns += [Column("Any significant"), Column("All significant")]
    columns += [Column("Any false alarm")] if false else []
    lines = TableRows(columns)
    for row, trial in rows_of_trials:
        line = [context.called(row.cell.hypothesis), *([str(trial.patients)] if sized else [])]
        line += [estimated(share, percent=True) for share in (trial.any, trial.all)]
        line += [estimated(trial.familywise_error, percent=True)] if false else []
        lines.add([line], [context.called(name) for name in row.same])
    remarks = ["No procedure for several primary analyses is planned: each is tested at its full alpha."]
    if false:
        remarks.append(
            "Any false alarm (family-wise error): the share of trials in which at least one null hypothesis "
            f"that is true is rejected; {DASH} where none is true."
        )
    return [Heading("All analyses together"), lines.sheet(), Items(remarks)]
