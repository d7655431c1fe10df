"""What the pages of a result need to know of its scenario, and the rows that several of them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from planner.report.blocks import Column, Sheet
from planner.results.cells import Cell
from planner.scenario.text import listed

if TYPE_CHECKING:  # it computes, which pages without figures do not
    from planner.results.effect_scale import Unit


class Tested(Protocol):
    """A cell of any result: an analysis under a hypothesis."""

    @property
    def hypothesis(self) -> str: ...
    @property
    def analysis(self) -> str: ...


class TrueEffect(Protocol):
    """A cell that says what is true there."""

    @property
    def analysis(self) -> str: ...
    @property
    def true_effect(self) -> float: ...
    @property
    def true_effect_mcse(self) -> float | None: ...


_ROUNDING = 1e-12
"""Share of a mean by which its standard error may differ from 0 because sums are rounded."""


@dataclass(frozen=True)
class PageContext:
    """What the pages of a result need to know of its scenario."""

    question: str
    design: str  # "24 patients randomised: 12 to A then B, 12 to B then A"
    endpoint: str
    units: Mapping[str, Unit]  # of the estimates, by analysis
    hypotheses: Mapping[str, str]  # name to label
    analyses: Mapping[str, str]  # name to a line that explains it
    futility: bool  # whether the trial may stop for futility
    assumed: Sequence[str]
    sourced: bool  # whether any source is named
    command: str
    classes: Sequence[Sequence[str]] = ()  # hypotheses that the design cannot separate
    carryover: Mapping[str, str] = field(default_factory=dict)  # by hypothesis: why it may reject the null
    unit: str = ""  # of the endpoint, as it is analysed
    partial: Sequence[str] = ()  # analyses that need less of a patient than every period
    # by hypothesis and analysis: why the true effect is not the difference of the stated means
    scale_notes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    warnings: Sequence[str] = ()  # of the scenario and its looks, before anything is simulated

    def called(self, hypothesis: str) -> str:
        """The label of a hypothesis, or its name."""
        return self.hypotheses.get(hypothesis) or hypothesis

    def true_effect(self, cell: TrueEffect, *, with_unit: bool = False) -> str:
        """Exact, or with the error of the simulation that it comes from."""
        unit, error = self.units[cell.analysis], cell.true_effect_mcse
        rounding = _ROUNDING * abs(cell.true_effect)  # of variants that all have the same effect
        simulated = error is not None and error > rounding
        return unit.effect_text(cell.true_effect, error if simulated else None, with_name=with_unit)

    def about_scale(self, cells: Sequence[Tested]) -> list[str]:
        """A sentence on every true effect among the cells that is not the difference of the stated means."""
        names_by_reason: dict[str, list[str]] = {}
        for cell in cells:
            reason = self.scale_notes.get((cell.hypothesis, cell.analysis))
            name = self.called(cell.hypothesis)
            if reason and name not in names_by_reason.setdefault(reason, []):
                names_by_reason[reason].append(name)
        return [f"True effect, {listed(names)}: {reason}." for reason, names in names_by_reason.items()]


class SharedCell(NamedTuple):
    """A cell, and the other hypotheses of which it is the result as well."""

    cell: Cell
    same: tuple[str, ...]


def effect_title(units: Iterable[Unit], *, mean: bool = False) -> str:
    """The title of a column of true effects; `mean`: of variants of what is uncertain."""
    what = "ratio" if all(unit.ratio for unit in units) else "effect"
    return f"{'Mean true' if mean else 'True'} {what}"


def sidedness(alternative: str) -> str:
    """`two-sided`, `one-sided, better`, or `each of two one-sided tests` of equivalence."""
    if alternative == "equivalence":
        return "each of two one-sided tests"
    return alternative if alternative == "two-sided" else f"one-sided, {alternative}"


class TableRows:
    """The rows of a table; the names of inseparable hypotheses stand below the first one."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.rows: list[list[str]] = []
        self.loud: set[int] = set()

    def add(self, lines: Sequence[list[str]], same: Sequence[str], loud: bool = False) -> None:
        lines = [*lines, *([""] * len(self.columns) for _ in range(len(same) - len(lines) + 1))]
        for line, name in zip(lines[1:], same, strict=False):
            line[0] = f"= {name}"
        if loud:
            self.loud.add(len(self.rows))
        self.rows += lines

    def sheet(self) -> Sheet:
        return Sheet(self.columns, self.rows, frozenset(self.loud))
