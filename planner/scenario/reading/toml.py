"""Scenario files to dictionaries: text in UTF-8, TOML, and what is wrong with either.

Nothing in a file is executed, expanded or fetched.
"""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

from planner._platform import read_pipe
from planner.scenario.faults import Fault, ScenarioError
from planner.scenario.tree import Tree

MAX_BYTES = 1_000_000


def text_of(path: Path, name: str) -> str:
    """The text of the file, refused if it is too big or not UTF-8."""
    return decode_utf8(raw_of(path, name, "scenario file", MAX_BYTES), name)


def raw_of(path: Path, name: str, what: str, most: int) -> bytes:
    """The bytes of a regular file, or of a pipe that somebody writes to, as in `<(command)`.

    Nothing else is opened: a device may have no end.
    """
    try:
        about = path.stat()
    except OSError as error:
        raise unreadable(name, f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the name
        raise unreadable(name, f"is not a file name: {error}") from None
    if stat.S_ISDIR(about.st_mode):
        raise unreadable(name, f"is a folder, not a {what}", "name a file in it")
    pipe = stat.S_ISFIFO(about.st_mode)
    if not stat.S_ISREG(about.st_mode) and not pipe:
        kind = next((kind for of, kind in _KINDS if of(about.st_mode)), "no regular file")
        raise unreadable(name, f"is {kind}, not a {what}", "save its content in a file, and name that")
    try:
        if pipe:
            if path not in _streams:
                _streams[path] = read_pipe(path, most + 1, _PATIENCE)
            raw = _streams[path]
        else:
            with path.open("rb") as file:
                raw = file.read(most + 1)
    except OSError as error:
        raise unreadable(name, f"cannot be read: {error.strerror or error}") from None
    if pipe and not raw:
        raise unreadable(name, "is a pipe that nobody writes to", f"name a {what}")
    if len(raw) > most:
        raise unreadable(name, f"is larger than {most:,} bytes; this is no {what}")
    return raw


_PATIENCE = 1.0  # seconds for somebody to open the other end of a pipe
_streams: dict[Path, bytes] = {}  # what came through pipes, which can be read but once

_KINDS = (
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def decode_utf8(raw: bytes, name: str) -> str:
    """The text in UTF-8, with or without a byte order mark. Raises ScenarioError with the place."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"is not UTF-8 text: byte 0x{raw[error.start]:02x} on this line"
        source = raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[line - 1]
        hint = "save the file as UTF-8"
        raise ScenarioError([Fault(name, line, column, "", message, hint, source, 1)]) from None


def unreadable(name: str, message: str, hint: str = "") -> ScenarioError:
    return ScenarioError([Fault(name, 0, 0, "", message, hint)])


# A dotted key of dozens of parts: tomllib needs time that grows with their square.
_DEEP = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){40}""", re.ASCII)


_LONGEST = 13_000  # binary digits of a whole number: more could not be written in decimal ones


def read_toml(text: str) -> Tree:
    """The TOML text as dictionaries. Raises ValueError also for 0xfff... of thousands of digits."""
    data = tomllib.loads(text)
    todo: list[object] = [data]
    while todo:
        value = todo.pop()
        if isinstance(value, dict | list):
            todo += value.values() if isinstance(value, dict) else value
        elif isinstance(value, int) and value.bit_length() > _LONGEST:
            raise ValueError("a number of too many digits")
    return data


def parse_toml(text: str, name: str) -> Tree:
    """The TOML text as dictionaries; ScenarioError where it is not TOML."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise unreadable(name, "contains half of a character (a surrogate)") from None
    if not text.strip():
        raise unreadable(name, "is empty", "`planner new FILE` starts a scenario from a template")
    if _DEEP.search(text):
        raise unreadable(name, "has lists or tables nested too deeply")
    try:
        return read_toml(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([_syntax_fault(text, name, str(error))]) from None
    except RecursionError:
        raise unreadable(name, "has lists or tables nested too deeply") from None
    except ValueError:  # int() refuses numbers of thousands of digits
        raise unreadable(name, "contains a number of too many digits") from None


_WORDS = {
    "Invalid value": ("is not a TOML value", 'text needs quotation marks: "..."'),
    "Cannot overwrite a value": ("this setting is given twice", "keep one of the two"),
    "Expected '=' after a key": ("a name must be followed by =", "name = value, or [name] for a section"),
    "Illegal character": ("a character that cannot stand here", "text must end on its line"),
    "Unterminated string": ("a text does not end", "close it with a quotation mark"),
    "Expected newline or end of document after a statement": (
        "something follows where the line should end",
        "text needs quotation marks, and each setting its own line",
    ),
    "Unclosed array": ("a list does not end", "close it with ]"),
    "Unclosed inline table": ("a table does not end", "close it with }"),
    "Cannot declare": ("this section is given twice", "merge the two"),
}


def _syntax_fault(text: str, name: str, message: str) -> Fault:
    """A fault of TOML itself, from tomllib's sentence with its line and column."""
    lines = text.replace("\r\n", "\n").split("\n")
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line, column = (int(place[1]), int(place[2])) if place and place[1] else (len(lines), len(lines[-1]) + 1)
    while line > 1 and not lines[line - 1].strip():  # the end of the document: show the last line with text
        line -= 1
        column = len(lines[line - 1]) + 1
    plain = message[: place.start()] if place else message
    words, hint = next((words for start, words in _WORDS.items() if plain.startswith(start)), (plain, ""))
    source = lines[line - 1]
    comma = _decimal_comma(plain, source, column)
    if comma is not None:
        words, hint = "a comma inside a number", f"a decimal point: {comma[0].replace(',', '.')}"
        column = comma.start() + 1
    pointed = re.compile(r"([+-]?)(\.\d+)").match(source, column - 1)
    if pointed is not None and plain.startswith("Invalid value"):
        hint = f"a number needs a digit before its point: {pointed[1]}0{pointed[2]}"
    if plain.startswith("Expected newline"):
        hint = _on_its_line(source, column) or hint
    word = re.compile(r"[^\s,\]}#]+").match(source, column - 1)
    pointed_at = comma is not None or plain.startswith(("Invalid value", "Expected '='"))
    width = len(word[0]) if word is not None and pointed_at else 1
    return Fault(name, line, column, "", f"not valid TOML: {words}", hint, source, width)


def _on_its_line(source: str, column: int) -> str:
    """What to write for a percentage, and for a section with a setting behind it on one line."""
    percentage = re.search(r"(\d+(?:\.\d+)?) *$", source[: column - 1])
    if percentage is not None and source[column - 1] == "%":
        return f"a share: {float(percentage[1]) / 100:.12g}"
    section = re.match(r"\s*(\[+[^\[\]]+\]+)\s", source[:column])
    return f"{section[1]} on a line of its own, and each setting on a line below it" if section else ""


def _decimal_comma(plain: str, source: str, column: int) -> re.Match[str] | None:
    """A number with a comma: tomllib stops behind it in `{ sd = 6,3 }`, and at the comma in `sd = 6,3`."""
    if plain.startswith("Expected '='"):
        return re.search(r"\d+,\d+$", source[: column - 1])
    rest = re.match(r",\d+", source[column - 1 :]) if plain.startswith("Expected newline") else None
    return None if rest is None else re.search(r"\d+,\d+$", source[: column - 1 + rest.end()])
