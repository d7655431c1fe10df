"""What is wrong with a scenario, where, and what to do about it: in words for a clinician."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from planner.errors import PlannerError
from planner.scenario.text import printable

Path = tuple[str | int, ...]
"""Where a setting stands: ("analyses", 0, "alpha")."""

MAX_FAULTS = 100
_WIDEST_EXCERPT = 100


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. `line` and `column` count from 1 (0: of no particular line), `width` in
    characters; `path` is dotted. All text may come from the user: print it through `printable`."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    source_line: str = ""
    width: int = 0

    def __str__(self) -> str:
        """The fault as plain text: place and message, the line with a caret, the hint."""
        place = ":".join([printable(self.file), *(str(n) for n in (self.line, self.column) if self.line)])
        lines = [f"{place}: error: {self.path + ': ' if self.path else ''}{self.message}"]
        if quotation := self.quotation():
            lines.append(quotation)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def quotation(self, width_of: Callable[[str], int] = len) -> str:
        """The line with a caret under what is wrong; nothing where there is no line to show.

        `width_of`: columns that a text takes where this is printed, if not one for each character.
        """
        if not self.line or not self.source_line.strip():
            return ""
        before, marked, after = self.excerpt()
        carets = "^" * max(width_of(marked), 1)
        return f"{self.line:5d} | {before}{marked}{after}\n      | {' ' * width_of(before)}{carets}"

    def excerpt(self) -> tuple[str, str, str]:
        """The part of the line worth showing, printable: before what is wrong, what is wrong, and after."""
        start = max(0, self.column - 1 - _WIDEST_EXCERPT // 2) if self.column > _WIDEST_EXCERPT else 0
        end = start + _WIDEST_EXCERPT + 20
        before, rest = self.source_line[start : self.column - 1], self.source_line[self.column - 1 : end]
        width = max(self.width, 1)
        before, marked, after = (printable(part, tabs=True) for part in (before, rest[:width], rest[width:]))
        lead = "..." if start else ""
        tail = "..." if len(self.source_line) > end else ""
        return lead + before, marked, after + tail


class ScenarioError(PlannerError, ValueError):
    """A scenario that cannot be used. `faults` holds everything that is wrong with it, in order of place.

    >>> import planner
    >>> try:
    ...     planner.read("asthma-ab-ba", set=["design.patients=-5"])
    ... except planner.ScenarioError as error:
    ...     print(error.faults[0].path, error.faults[0].message)
    design.patients must be at least 1, not -5
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Fault]]]:
        return type(self), (self.faults,)


@lru_cache(maxsize=4096)
def dotted(path: Path) -> str:
    """The path as a user writes it: `hypotheses.H.means`, parts that are not bare keys in quotation marks."""
    return ".".join(_part(part) for part in path)


def _part(part: str | int) -> str:
    text = str(part)
    if text and all(c.isascii() and (c.isalnum() or c in "_-") for c in text):
        return text
    return '"' + printable(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'
