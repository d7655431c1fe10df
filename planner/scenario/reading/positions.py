"""Where every setting of a TOML text stands. tomllib gives the values; this gives their places.

The text must be one that tomllib has accepted: nothing is validated here.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import NamedTuple

Path = tuple[str | int, ...]


class Span(NamedTuple):
    """Offsets of a setting's key and of its value; of a table, the value is its key once more."""

    key: tuple[int, int]
    value: tuple[int, int]


_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*""")
_EQUALS = re.compile(r"[ \t]*=[ \t]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'"
)
# A date and a time may be parted by one blank; no other plain value contains one.
_PLAIN = re.compile(r"[^\s,\]}#]+(?: \d[^\s,\]}#]*)?")


class Positions:
    """The places of all settings of `text`, by path; the index of a list element is part of a path."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\r\n", "\n")  # as tomllib does
        self.lines = self.text.split("\n")
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        self.spans: dict[Path, Span] = {}
        self._last: dict[Path, int] = {}  # index of the latest table of each array of tables
        self._document()

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1; columns count characters."""
        line = bisect_right(self._starts, offset) - 1
        return line + 1, offset - self._starts[line] + 1

    def nearest(self, path: Path) -> tuple[Path, Span | None]:
        """The longest beginning of `path` that stands in the text, and where."""
        while path and path not in self.spans:
            path = path[:-1]
        return path, self.spans.get(path)

    def _document(self) -> None:
        text, at, table = self.text, self._skip(0), Path()
        while at < len(text):
            if text.startswith("[[", at):
                table, at = self._header(at + 2, array=True)
            elif text[at] == "[":
                table, at = self._header(at + 1, array=False)
            else:
                at = self._pair(at, table)
            at = self._skip(at)

    def _skip(self, at: int) -> int:
        match = _BLANK.match(self.text, at)
        return match.end() if match else at

    def _keys(self, at: int) -> tuple[list[tuple[str, tuple[int, int]]], int]:
        """The parts of a dotted key with their spans, and the offset behind it."""
        parts = []
        while True:
            match = _KEY.match(self.text, at)
            assert match is not None
            word = match[1]
            name = tomllib.loads(f"k={word}")["k"] if word[0] in "\"'" else word
            parts.append((name, match.span(1)))
            at = match.end()
            if not self.text.startswith(".", at):
                return parts, at
            at += 1

    def _header(self, at: int, array: bool) -> tuple[Path, int]:
        parts, at = self._keys(at)
        table = Path()
        for depth, (name, span) in enumerate(parts, 1):
            table += (name,)
            self.spans.setdefault(table, Span(span, span))
            if array and depth == len(parts):
                self._last[table] = self._last.get(table, -1) + 1
            if table in self._last:
                table += (self._last[table],)
                self.spans.setdefault(table, Span(span, span))
        # A table opened here may have been named before, as the parent of another: here is its own place.
        self.spans[table] = Span(parts[-1][1], parts[-1][1])
        return table, at + (2 if array else 1)

    def _pair(self, at: int, table: Path) -> int:
        parts, at = self._keys(at)
        for name, span in parts:
            table += (name,)
            self.spans.setdefault(table, Span(span, span))
        match = _EQUALS.match(self.text, at)
        assert match is not None
        end = self._value(match.end(), table)
        self.spans[table] = Span(parts[-1][1], (match.end(), end))
        return end

    def _value(self, at: int, path: Path) -> int:
        """Index the value at `at`; the offset behind it."""
        opening = self.text[at]
        if opening in "[{":
            closing, number = "]" if opening == "[" else "}", 0
            at = self._skip(at + 1)
            while self.text[at] != closing:
                if opening == "{":
                    at = self._pair(at, path)
                else:
                    end = self._value(at, (*path, number))
                    self.spans[*path, number] = Span((at, end), (at, end))
                    at, number = end, number + 1
                at = self._skip(at)
                if self.text[at] == ",":
                    at = self._skip(at + 1)
            return at + 1
        match = (_STRING if opening in "\"'" else _PLAIN).match(self.text, at)
        assert match is not None
        return match.end()
