"""`--set path=value`: settings that replace those of a file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from copy import copy
from typing import Any, NamedTuple

from planner.errors import UnknownNameError
from planner.scenario.faults import Fault, Path, dotted
from planner.scenario.fields import as_spelt
from planner.scenario.paths import leading_path
from planner.scenario.reading.by_label import named
from planner.scenario.reading.numbers import number_meant, number_text
from planner.scenario.reading.positions import Positions
from planner.scenario.reading.short_forms import full_form
from planner.scenario.reading.toml import read_toml
from planner.scenario.text import printable, quote
from planner.scenario.tree import Tree
from planner.scenario.vocabulary import DESIGNS

_NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WORDS = re.compile(r"[^\W\d][\w .+/'’-]*")
_SWEEP = re.compile(r"[^\[\"',:]*[,:][^\"']*")
_LISTS = {"analyses", "citations"}


class Optioned(str):
    """An override that an option of its own has made, `--hypothesis`; faults name that option."""

    option: str

    def __new__(cls, text: str, option: str) -> Optioned:
        """`text`: path=value, as after --set."""
        made = super().__new__(cls, text)
        made.option = option
        return made


class Override(NamedTuple):
    """One `path=value`: where it goes, what it says, and its text for error messages."""

    number: int  # from 1, in order of the command line
    text: str
    path: Path
    key: tuple[int, int]  # offsets in text
    start: int  # offset of the value
    value: object

    def fault(self, message: str, hint: str = "", at: tuple[int, int] | None = None, path: str = "") -> Fault:
        """A fault of this override; `at`: offsets in its text, the whole value if not given."""
        if isinstance(self.text, Optioned):  # nobody has typed this text
            return Fault(self.text.option, 0, 0, "", message, hint)
        start, end = at or (self.start, len(self.text))
        place = (self.number, start + 1, path or dotted(self.path))
        return Fault("--set", *place, message, hint, self.text, max(end - start, 1))

    def span(self, path: Path, at_key: bool) -> tuple[int, int]:
        """Offsets in the text of the setting at `path`, which begins with the path of this override."""
        if at_key and path == self.path:
            return self.key
        inner = path[len(self.path) :]
        if inner and isinstance(self.value, dict | list):
            positions = Positions("v=" + self.text[self.start :])
            place, span = positions.nearest(("v", *inner))
            if len(place) > 1 and span is not None:
                first, last = span.key if at_key else span.value
                return first + self.start - 2, last + self.start - 2
        return self.start, len(self.text)


def parse(number: int, text: str) -> Override | Fault:
    """One override from its text. A bare word is a text, `.5` a number."""
    path, end = leading_path(text)
    if any("\ud800" <= c <= "\udfff" for c in text):
        return Fault("--set", number, 1, "", "is not UTF-8 text", "", text, 1)
    blank = Override(number, text, path, (0, end), min(end, len(text)), None)
    if not path or text[end : end + 1] != "=":
        return blank.fault("is not of the form path=value", "for instance design.patients=24", (0, len(text)))
    start = end + 1 + (len(text[end + 1 :]) - len(text[end + 1 :].lstrip()))
    override = blank._replace(start=start)
    written = text[start:].strip()
    try:
        value = _value(written)
    except (ValueError, RecursionError):
        if not written:
            return override.fault("has no value")
        if _SWEEP.fullmatch(written):
            hint = f"write a list as [{printable(written)}]"
            hint = "a range is from:to:step, such as 12:60:4" if ":" in written else hint
            return override.fault("is a list of values where one is needed", hint)
        meant = number_meant(written)
        hint = "text needs quotation marks" if meant is None else f"write {number_text(meant)}"
        return override.fault(f"{quote(written)} is not a TOML value", hint)
    return override._replace(value=value)


def _value(text: str) -> object:
    try:
        document = read_toml("v=" + text)
    except tomllib.TOMLDecodeError:
        number = _NUMBER.fullmatch(text)
        if number is not None and not (
            text.lstrip("+-").startswith("0") and text.lstrip("+-")[1:2].isdigit()
        ):
            return float(text)
        if _WORDS.fullmatch(text) or as_spelt(text, DESIGNS) is not None:  # 2x2x4 begins with a digit
            return text
        raise
    if len(document) > 1:  # a line break has smuggled in a second setting
        raise ValueError
    return document["v"]


def apply(data: Tree, overrides: Sequence[Override]) -> tuple[Tree, list[Override], list[Fault]]:
    """The settings `data` with the overrides put in, tables and lists made where they are missing.

    Also returns those that fitted, each number in their paths taken as a list index or as a key, and the
    faults. `data` stays as it is: tables and lists on the way to what is put in are copies.
    """
    data = dict(data)
    fitted, faults = [], []
    for override in overrides:
        try:
            path, value = named(data, override.path, override.value)
            fitted.append(override._replace(path=_put(data, path, value)))
        except UnknownNameError as error:
            faults.append(override.fault(error.message, error.hint, at=override.key))
        except LookupError as error:
            faults.append(override.fault(str(error.args[0]), at=override.key))
    return data, fitted, faults


def _replaced(data: Tree, path: Path, table: Tree) -> Tree:
    """Put a table in place of its short form."""
    above: Any = data
    for part in path[:-1]:
        above = above[part]
    above[path[-1]] = table
    return table


def _put(data: Tree, path: Path, value: object) -> Path:
    """Set one value; the path as it was followed. LookupError says what is wrong with the path.

    What is changed inside `data` are copies that take the place of what stood there.
    """
    node: object = data
    followed: Path = ()
    for depth, part in enumerate(path):
        if followed and not isinstance(node, dict | list):
            table = full_form(data, followed, node)
            if table is not None:
                node = _replaced(data, followed, table)
        last = depth == len(path) - 1
        follower: object = [] if part in _LISTS and not last and isinstance(path[depth + 1], int) else {}
        key: Any = part
        if isinstance(node, dict):
            key = str(part)
            node.setdefault(key, follower)
        elif isinstance(node, list):
            if not isinstance(part, int) or part > len(node):
                entries = f"{len(node)} {'entry' if len(node) == 1 else 'entries'}, counted from 0"
                raise LookupError(f"{dotted(followed)} has {entries}; {dotted((part,))} is not one of them")
            if part == len(node):
                node.append(follower)
        else:
            raise LookupError(f"{dotted(followed)} is {quote(node)}, which has no settings inside")
        followed += (key,)
        if last:
            node[key] = value
        elif isinstance(node[key], dict | list):
            node[key] = copy(node[key])
        node = node[key]
    return followed
