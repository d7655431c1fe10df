"""Tables in text: CSV as other programs write it, read with the place of every cell, and written safely.

Read are commas, semicolons or tabs between the cells, line ends of every kind, comment lines that begin with
#, UTF-8 with or without a byte order mark, and UTF-16 with one. What is wrong is collected with its line and
column. Splitting and quoting are left to Python's csv module.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from planner.errors import PlannerError
from planner.scenario.faults import MAX_FAULTS, Fault, ScenarioError
from planner.scenario.reading.toml import decode_utf8, raw_of
from planner.scenario.text import did_you_mean, listed, quote

MAX_BYTES = 20_000_000
DELIMITERS = (",", ";", "\t")
MOST_ALIKE = 5
"""Alike faults that are each told; of more, the first with the lines of the others."""

MISSING = ("", "na", "n/a", "nan", "null", "none", ".")

_NUMBER = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+", re.ASCII)
_COMMA = re.compile(r"[+-]?\d++,\d++", re.ASCII)  # 1,5 or 1,500
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)  # 1,500: may be either
_VARYING = re.compile(r'"[^"]*"|subject \S+|\d[\d.,]*')  # in the messages of faults that are alike
_MOST_LINES = 8  # stretches of lines in a message
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def harmless(text: str) -> str:
    """The text of a cell so that no spreadsheet takes it for a formula: with an apostrophe before it."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(text: str) -> str:
    """What `harmless` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


class NotANumber(PlannerError, ValueError):
    """Text that is no number."""


def is_missing(text: str) -> bool:
    """Whether the cell says that there is no value."""
    return text.casefold() in MISSING


def number_of(text: str, decimal: str = ".") -> float:
    """The number in a cell, written with the digits 0 to 9. Raises NotANumber.

    `decimal`: a point, or a comma where the whole file has it so.
    """
    bare = text.replace("\N{MINUS SIGN}", "-")
    if decimal == "," and "." not in bare:
        bare = bare.replace(",", ".", 1)
    if not _NUMBER.fullmatch(bare):
        raise NotANumber(f"{quote(text)} is not a number", _hint(text))
    value = float(bare)
    if value in (float("inf"), float("-inf")):
        raise NotANumber(f"{quote(text)} is too large a number", "the largest is about 1.8e308")
    return value


def _hint(text: str) -> str:
    """What may have been meant by what is no number."""
    if _GROUPED.fullmatch(text):
        return "a decimal comma, or a thousand? Write a decimal point and no separators: 1.5 or 1500"
    if any(mark in text for mark in ",'_\u2019\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE} ") and any(
        c.isdigit() for c in text
    ):
        return "write a decimal point and no other marks in a number: 5.1 or 51"
    if any(c.isdigit() and not c.isascii() for c in text):
        return "write numbers with the digits 0 to 9"
    if text.lstrip("+-").casefold() in ("inf", "infinity"):
        return "nothing that is measured is infinite; leave it empty where it is missing"
    if text[:1] in ("<", ">", "\u2264", "\u2265"):
        return "decide which number stands for values beyond the limit of detection"
    return "leave it empty where it is missing"


@dataclass(frozen=True)
class Record:
    """A line of the table: its number in the file (from 1), and its cells without blanks around them."""

    line: int
    cells: tuple[str, ...]


@dataclass
class Table:
    """A file as rows of cells, with what is wrong with it. Columns are found by name, in lower case."""

    name: str
    lines: list[str]
    delimiter: str = ","
    header: Record = Record(1, ())
    rows: list[Record] = field(default_factory=list)
    comments: int = 0  # lines that begin with #
    decimal: str = "."
    faults: list[Fault] = field(default_factory=list)

    def has(self, column: str) -> bool:
        """Whether there is such a column."""
        return column in self.header.cells

    def cell(self, row: Record, column: str) -> str:
        """The cell of a row that is as long as the header."""
        return row.cells[self.header.cells.index(column)]

    def note(self, row: Record, column: str, message: str, hint: str = "") -> None:
        """A fault of a cell; of the whole line if `column` is empty."""
        text = self.lines[row.line - 1] if row.line <= len(self.lines) else ""
        at = self.header.cells.index(column) if column in self.header.cells else 0
        starts = _starts(text, self.delimiter)
        start = starts[min(at, len(starts) - 1)]
        rest = text[start:]
        start += len(rest) - len(rest.lstrip(' \t"'))
        written = row.cells[at] if at < len(row.cells) else ""
        width = max(len(written), 1) if column else 1
        self.faults.append(Fault(self.name, row.line, start + 1, column, message, hint, text, width))

    def number(self, row: Record, column: str) -> float | None:
        """The number in a cell; None if it is missing, or noted as a fault."""
        text = self.cell(row, column)
        if is_missing(text):
            return None
        try:
            return number_of(text, self.decimal)
        except NotANumber as error:
            self.note(row, column, str(error), error.hint)
            return None

    def check(self) -> None:
        """Raise ScenarioError if anything is wrong, with all of it in order of place, alike faults joined."""
        if not self.faults:
            return
        faults = condense(sorted(self.faults, key=lambda fault: (fault.line, fault.column)))
        if len(faults) > MAX_FAULTS:
            more = f"{len(faults) - MAX_FAULTS:,} more faults are not shown"
            faults = [*faults[:MAX_FAULTS], Fault(self.name, 0, 0, "", more)]
        raise ScenarioError(faults)


def condense(faults: Sequence[Fault]) -> list[Fault]:
    """Faults in order of place, where of more than MOST_ALIKE alike ones the first names the lines of all.

    Alike are those of one column that say the same but for numbers, subjects and what is quoted.
    """
    alike: dict[tuple[str, ...], list[Fault]] = {}
    for fault in faults:
        kind = (fault.path, *(_VARYING.sub("", text) for text in (fault.message, fault.hint)))
        alike.setdefault(kind, []).append(fault)
    kept = [each if len(each) <= MOST_ALIKE else [_as_one(each)] for each in alike.values()]
    return sorted((fault for each in kept for fault in each), key=lambda fault: (fault.line, fault.column))


def _as_one(alike: Sequence[Fault]) -> Fault:
    """The first of several faults, with how many there are and on which lines."""
    first, *others = alike
    what = "the same" if all(each.message == first.message for each in others) else "the like"
    where = _stretches([each.line for each in others])
    lines = f"{len(alike):,} lines in all: this one and {where}"
    return replace(first, message=f"{first.message}; {what} on {lines}")


def _stretches(lines: Sequence[int]) -> str:
    """`3 to 7, 9 and 12`, from numbers in ascending order; of many stretches the first ones."""
    ranges: list[list[int]] = []
    for line in lines:
        if ranges and line == ranges[-1][1] + 1:
            ranges[-1][1] = line
        else:
            ranges.append([line, line])
    texts = [f"{low}" if low == high else f"{low} to {high}" for low, high in ranges]
    rest = len(texts) - _MOST_LINES
    if rest > 1:
        return f"{', '.join(texts[:_MOST_LINES])} and others up to {lines[-1]}"
    return listed(texts)


def _starts(text: str, delimiter: str) -> list[int]:
    """Offsets at which the cells of a line begin."""
    starts, quoted = [0], False
    for mark in re.finditer(f'["{delimiter}]', text):
        if mark[0] == '"':
            quoted = not quoted
        elif not quoted:
            starts.append(mark.end())
    return starts


def read_table(path: str | Path, required: Sequence[str], numbers: Sequence[str] = ()) -> Table:
    """The rows of a file. Raises ScenarioError if it is no table with these columns.

    `numbers`: columns that tell whether the file writes decimals with a comma. Lines that cannot be split, or
    have more or fewer cells than the header, are noted as faults and left out.
    """
    name = str(path)
    text = _text(raw_of(Path(path), name, "data file", MAX_BYTES), name)
    table = Table(name, text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    columns = f"the first line names the columns: {','.join(required)}"
    if not text.strip("\ufeff \t\r\n"):
        raise ScenarioError([Fault(name, 0, 0, "", "is empty", columns)])
    for number, line in enumerate(table.lines, 1):
        if "\0" in line:
            hint = "the file is damaged, or no text: save it once more as CSV in UTF-8"
            fault = Fault(name, number, line.index("\0") + 1, "", "has a NUL byte", hint, line, 1)
            table.faults.append(fault)
    table.check()
    feed = _Feed(table.lines)
    table.delimiter = _delimiter(feed, required)
    records = _records(table, feed)
    first = next((row for row in records if any(row.cells)), None)
    table.check()
    if first is None:
        raise ScenarioError([Fault(name, 0, 0, "", "has no line but comments", columns)])
    table.header = Record(first.line, tuple(cell.casefold() for cell in first.cells))
    _check_header(table, required, columns)
    for row in records:
        if any(row.cells):
            _keep(table, row)
    table.comments = feed.comments
    table.decimal = _decimal([table.cell(row, c) for c in numbers if table.has(c) for row in table.rows])
    return table


def _text(raw: bytes, name: str) -> str:
    """The text in UTF-8, or in UTF-16 if it begins with its byte order mark."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            fault = Fault(name, 0, 0, "", "is not UTF-16 text, as its first bytes say", "save it as UTF-8")
            raise ScenarioError([fault]) from None
    text = decode_utf8(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), name)
    return text.lstrip("\ufeff")


class _Feed:
    """Lines for csv.reader. Where a record `begins`, comment lines are passed over, but not inside quotes."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.at = 0  # the next line, from 0
        self.first = 1  # the line at which the present record begins, from 1
        self.begins = True
        self.comments = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.begins:
            self.skip()
            self.first, self.begins = self.at + 1, False
        if self.at >= len(self.lines):
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1] + "\n"

    def skip(self, blank: bool = False) -> None:
        """Pass over comment lines, and over blank ones if asked to."""
        while self.at < len(self.lines):
            line = self.lines[self.at].strip(" \t")
            if line[:1] != "#" and (line or not blank):
                return
            self.comments += line[:1] == "#"
            self.at += 1


def _delimiter(feed: _Feed, required: Sequence[str]) -> str:
    """What parts the cells: said by a first line "sep=;", else that by which most columns are found."""
    feed.skip(blank=True)
    line = feed.lines[feed.at] if feed.at < len(feed.lines) else ""
    stated = re.fullmatch(r'"?sep=([,;\t])"?', line.strip(" "), re.IGNORECASE)
    if stated:
        feed.at += 1
        return stated[1]
    headers = {d: {cell.strip(" \"'").casefold() for cell in line.split(d)} for d in DELIMITERS}
    return max(DELIMITERS, key=lambda d: (len(headers[d] & set(required)), len(headers[d])))


def _records(table: Table, feed: _Feed) -> Iterator[Record]:
    """The records that can be split; the others are noted."""
    reader = csv.reader(feed, delimiter=table.delimiter, strict=True, skipinitialspace=True)
    while True:
        feed.begins = True
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            _note_unsplit(table, feed.first, str(error))
            continue
        yield Record(feed.first, tuple(plain(cell.strip()) for cell in cells))


def _note_unsplit(table: Table, line: int, error: str) -> None:
    """A record that the csv module refuses."""
    text = table.lines[min(line, len(table.lines)) - 1]
    most = csv.field_size_limit()
    column, at = "", text.rfind('"') + 1 or 1
    if "field larger" in error:
        starts = [*_starts(text, table.delimiter), len(text) + 1]
        sizes = [after - before - 1 for before, after in pairwise(starts)]
        i = next((i for i, size in enumerate(sizes) if size > most), 0)
        at, column = starts[i] + 1, table.header.cells[i] if i < len(table.header.cells) else ""
        message = f"a cell has more than {most:,} characters"
        hint = "is a quotation mark or the end of a line missing?"
    elif "end of data" in error:
        message, hint = "a quotation mark opens here and is never closed", "close it, or leave it out"
    elif "expected after" in error:
        message = "something follows a closing quotation mark"
        hint = 'a quotation mark inside quotation marks is written twice: ""'
    else:
        message, hint = f"cannot be read as CSV: {error}", ""
    table.faults.append(Fault(table.name, line, at, column, message, hint, text, 1))


def _check_header(table: Table, required: Sequence[str], columns: str) -> None:
    """Note missing columns, and those that come twice; nothing can be read without knowing which is which."""
    header = table.header.cells
    missing = [column for column in required if column not in header]
    if missing:
        others = [cell for cell in header if cell and cell not in required]
        near = [f"{c}: {hint}" for c in missing if (hint := did_you_mean(c, others)).startswith("did")]
        table.note(table.header, "", f"has no column {listed(missing)}", "; ".join(near) or columns)
    for column in dict.fromkeys(cell for cell in header if cell):
        if header.count(column) > 1:
            table.note(table.header, column, f"has {_times(header.count(column))} columns {column}")
    table.check()


def _times(number: int) -> str:
    return {2: "two", 3: "three"}.get(number, str(number))


def _keep(table: Table, row: Record) -> None:
    """Keep a row if it has as many cells as the header; empty cells beyond it do not count."""
    size = len(table.header.cells)
    if len(row.cells) > size and not any(row.cells[size:]):
        row = Record(row.line, row.cells[:size])
    if len(row.cells) == size:
        table.rows.append(row)
        return
    message = f"has {len(row.cells)} cells, the first line has {size}"
    more = len(row.cells) > size and table.delimiter == ","
    table.note(row, "", message, _COMMAS if more else "")


_COMMAS = "decimals are written with a point, or the cells are parted by semicolons"


def _decimal(cells: Sequence[str]) -> str:
    """A comma if some numbers can only be read so and none has a point; else a point."""
    commas = [cell for cell in cells if _COMMA.fullmatch(cell)]
    clear = any(not _GROUPED.fullmatch(cell) for cell in commas)
    points = any("." in cell and _NUMBER.fullmatch(cell) for cell in cells)
    return "," if clear and not points else "."
