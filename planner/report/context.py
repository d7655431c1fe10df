"""What the pages of a result need to know of its scenario, and rows that several of them write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from planner.report.blocks import Column, Sheet
from planner.scenario.text import listed

Cell = Mapping[str, Any]


class Unit(NamedTuple):
    """How the figures of a measure are shown: shares of patients as percentage points."""

    name: str
    factor: float = 1.0


@dataclass(frozen=True)
class Setting:
    """What the tables need to know of the scenario."""

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
    moved: Mapping[tuple[str, str], str] = field(default_factory=dict)
    warnings: Sequence[str] = ()  # of the scenario and its looks, before anything is simulated

    def about_moved(self, cells: Sequence[Cell]) -> list[str]:
        """A sentence on every true effect among the cells that the scale has moved."""
        said: dict[str, list[str]] = {}
        for cell in cells:
            why = self.moved.get((cell["hypothesis"], cell["analysis"]))
            name = self.hypotheses.get(cell["hypothesis"]) or str(cell["hypothesis"])
            if why and name not in said.setdefault(why, []):
                said[why].append(name)
        return [f"True effect, {listed(names)}: {why}." for why, names in said.items() if names]


class Shown(NamedTuple):
    """A cell, and the other hypotheses of which it is the result as well."""

    cell: Cell
    same: tuple[str, ...]


def label(name: str, setting: Setting) -> str:
    """What a hypothesis is called."""
    return setting.hypotheses.get(name) or name


class Lines:
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
