"""Random TOML texts: nested tables, arrays of tables, dotted and quoted keys, odd spacing, comments."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For a machine that is busy with something else."""

Test = Callable[..., None]


def examples(*strategies: st.SearchStrategy[Any], fast: int, long: int) -> Callable[[Test], Test]:
    """A test of whatever these strategies draw: a few of it in the fast part, many in the long one."""

    def decorate(test: Test) -> Test:
        @pytest.mark.parametrize("number", [fast, pytest.param(long, marks=pytest.mark.long)])
        def drawn(number: int) -> None:
            settings(UNHURRIED, max_examples=number)(given(*strategies)(test))()

        return drawn

    return decorate


_BARE = st.text("abcXYZ019_-", min_size=1, max_size=4)
_NAMES = st.one_of(_BARE, st.text(max_size=4))
_SPACE = st.sampled_from(["", " ", "\t", "  "])
_BREAK = st.sampled_from(["\n", "\n\n", ' # a = [1, "x\n', "\n \t# [no]\n", "\r\n"])

plain_values = st.one_of(
    st.integers(-(2**40), 2**40).map(str),
    st.floats().map(repr),
    st.booleans().map(lambda value: str(value).lower()),
    st.text(max_size=8).map(lambda text: quoted(text)),
    st.text('ab #[]{}=,"', max_size=8).map(lambda text: f"'{text}'"),
    st.text("ab #[]'\n\"\\", max_size=8).map(lambda text: multiline(text)),
    st.sampled_from(["1979-05-27 07:32:00", "1979-05-27", "07:32:00", "0xFF", "1_000", "+1e-3", "-inf"]),
)


def quoted(text: str) -> str:
    """A basic string."""
    return json.dumps(text).replace("\x7f", "\\u007f") if text.isascii() else _escaped(text)


def _escaped(text: str) -> str:
    return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08X}" for c in text) + '"'


def multiline(text: str) -> str:
    """A multi-line basic string."""
    return '"""' + text.rstrip('"').replace("\\", "\\\\").replace('"""', '""\\"') + '"""'


def key(name: str) -> str:
    """A bare key where it can be, else a quoted one."""
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else quoted(name)


@st.composite
def values(draw: Any, depth: int = 2) -> str:
    """The text of a value: plain, an array over several lines, an inline table."""
    kind = draw(st.sampled_from(["plain", "plain", "array", "table"])) if depth else "plain"
    if kind == "plain":
        return str(draw(plain_values))
    if kind == "array":
        items = draw(st.lists(values(depth - 1), max_size=3))
        gap = draw(st.sampled_from([", ", ",", ",\n  # note\n", "\n,\n"]))
        return "[" + draw(_SPACE) + gap.join(items) + draw(st.sampled_from(["", "\n"])) + "]"
    names = draw(st.lists(_NAMES, max_size=3, unique=True))
    pairs = [f"{key(name)}{draw(_SPACE)}={draw(_SPACE)}{draw(values(depth - 1))}" for name in names]
    return "{ " + ", ".join(pairs) + " }"


@st.composite
def documents(draw: Any) -> str:
    """A TOML text. Names are never used twice on a level, so that it is always valid."""
    return "".join(_table(draw, (), 2)) or "a = 1"


def _table(draw: Any, path: tuple[str, ...], depth: int) -> list[str]:
    lines = []
    names = draw(st.lists(_NAMES, max_size=5, unique=True))
    kinds = [draw(st.sampled_from(["value", "value", "dotted", "table", "tables"])) for _ in names]
    for name, kind in zip(names, kinds, strict=True):
        if kind == "value" or (not depth and kind != "dotted"):
            space = draw(_SPACE)
            lines.append(f"{space}{key(name)}{space}={draw(_SPACE)}{draw(values())}{draw(_BREAK)}")
        elif kind == "dotted":
            for inner in draw(st.lists(_NAMES, min_size=1, max_size=2, unique=True)):
                dot = draw(st.sampled_from([".", " . "]))
                lines.append(f"{key(name)}{dot}{key(inner)} = {draw(values())}{draw(_BREAK)}")
    if depth:
        for name, kind in zip(names, kinds, strict=True):
            header = ".".join(key(part) for part in (*path, name))
            if kind == "table":
                lines += [f"[{header}]{draw(_BREAK)}", *_table(draw, (*path, name), depth - 1)]
            elif kind == "tables":
                for _ in range(draw(st.integers(1, 3))):
                    lines += [f"[[ {header} ]]{draw(_BREAK)}", *_table(draw, (*path, name), depth - 1)]
    return lines
