"""What is wrong with a scenario, where, and what to do about it: in words for a clinician."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner.errors import PlannerError

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
        if self.line and self.source_line.strip():
            excerpt, indent, width = self.excerpt()
            lines += [f"{self.line:5d} | {excerpt}", f"      | {' ' * indent}{'^' * width}"]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def excerpt(self) -> tuple[str, int, int]:
        """The part of the line worth showing, printable, with the caret's indentation and width in cells."""
        start = max(0, self.column - 1 - _WIDEST_EXCERPT // 2) if self.column > _WIDEST_EXCERPT else 0
        end = start + _WIDEST_EXCERPT + 20
        before, rest = self.source_line[start : self.column - 1], self.source_line[self.column - 1 : end]
        marked, after = rest[: max(self.width, 1)], rest[max(self.width, 1) :]
        lead = "..." if start else ""
        tail = "..." if len(self.source_line) > end else ""
        shown = [printable(part, tabs=True) for part in (before, marked, after)]
        return lead + "".join(shown) + tail, cells(lead + shown[0]), max(cells(shown[1]), 1)


class ScenarioError(PlannerError, ValueError):
    """A scenario that cannot be used. `faults` holds everything that is wrong with it, in order of place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = list(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[list[Fault]]]:
        return type(self), (self.faults,)


def printable(text: str, tabs: bool = False) -> str:
    """The text with control and invisible characters escaped; `tabs`: a tab becomes one blank."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c == "\t" and tabs else c.encode("unicode_escape").decode()
        for c in text
    )


def cells(text: str) -> int:
    """Columns that the text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def dotted(path: Path) -> str:
    """The path as a user writes it: `hypotheses.H.means`, parts that are not bare keys in quotation marks."""
    return ".".join(_part(part) for part in path)


def _part(part: str | int) -> str:
    text = str(part)
    if text and all(c.isascii() and (c.isalnum() or c in "_-") for c in text):
        return text
    return '"' + printable(text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def shown(value: object) -> str:
    """A value as it stood in the file, short enough for a message."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return '"' + printable(value if len(value) <= 40 else value[:37] + "...") + '"'
        case int() if abs(value) >= 10**20:
            return "a number of more than 20 digits"
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"a list of {len(value)}"
        case dict():
            return "a table"
    return f"{value} (a date or time)"


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a`, `a or b`, `a, b or c`."""
    words = [printable(word) for word in words]
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def nearest(word: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """The known word that the user may have meant, upper and lower case alike; `likeness` from 0 to 1."""
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word.casefold()[:100], by_fold, 1, likeness)
    return by_fold[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or all that is known if it is not much, or nothing."""
    known = list(known)
    near = nearest(word, known)
    if near is not None:
        return f"did you mean {printable(near)}?"
    return f"known: {listed(known, 'and')}" if 0 < len(known) <= 12 else ""
