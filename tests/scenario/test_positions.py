"""The position index finds every setting that tomllib finds, where it really stands."""

from __future__ import annotations

import time
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.scenario.reading.positions import Path, Positions, Span
from tests.support.toml_documents import UNHURRIED, documents

AWKWARD = (
    r'''
title = "a \" # no comment" # a comment
a.b . "c d" = 3
when = 1979-05-27 07:32:00
until = 1979-05-27T07:32:00-08:00
m = """
multi ""quoted"" \
line """
five = """quotes at the end"""""
l = ['x', [1, 2,  # inside
  3], {q = 1, r.s = [true]}] # z
"" = "empty key"
e = []
f = {}
[t]
x = -inf
[t.u."v w"]
y = '''
    + "'''lit # '''"
    + r"""
[ spaced . out ]
z = 0x1F
[[arr]]
n = 1
[arr.sub]
k = 1
[[arr.deep]]
z = 1
[[arr.deep]]
z = 2
[[arr]]
n = 2
[[arr.deep]]
z = 3
[arr.deep.inner]
w = 4
"""
)


def paths(value: Any, above: Path = ()) -> list[Path]:
    """The path of every table, element and value of a parsed document."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if above == () else [above]
    for part, item in inside:
        found += paths(item, (*above, part))
    return found


def check(text: str, positions: Positions | None = None) -> None:
    """Every path has a span, no other path has, and each plain value reads back from its span."""
    document = tomllib.loads(text)
    positions = positions or Positions(text)
    assert set(positions.spans) == set(paths(document))
    for path, span in positions.spans.items():
        value: Any = document
        for part in path:
            value = value[part]
        key = positions.text[slice(*span.key)]
        if isinstance(path[-1], str):
            assert path[-1] in tomllib.loads(f"{key} = 1")
        written = positions.text[slice(*span.value)]
        if not isinstance(value, dict | list):
            assert repr(tomllib.loads(f"v = {written}")["v"]) == repr(value)


def test_awkward_document() -> None:
    check(AWKWARD)
    check(AWKWARD.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    ("path", "line", "column", "written"),
    [
        (("when",), 4, 8, "1979-05-27 07:32:00"),
        (("l", 1, 2), 11, 3, "3"),
        (("l", 2, "r", "s", 0), 11, 22, "true"),
        (("arr", 0, "deep", 1, "z"), 28, 5, "2"),
        (("arr", 1, "deep", 0, "inner", "w"), 34, 5, "4"),
    ],
)
def test_places(path: Path, line: int, column: int, written: str) -> None:
    positions = Positions(AWKWARD)
    start, end = positions.spans[path].value
    assert positions.place(start) == (line, column)
    assert positions.text[start:end] == written


def test_header_of_a_table_named_before() -> None:
    positions = Positions("[a.b]\nx = 1\n[a]\ny = 2\n")
    assert positions.place(positions.spans["a",].key[0]) == (3, 2)


def test_nearest() -> None:
    positions = Positions("[a]\nb = [1, 2]\n")
    assert positions.nearest(("a", "b", 1, "deeper"))[0] == ("a", "b", 1)
    assert positions.nearest(("none",)) == ((), None)


def test_wrong_index_is_noticed() -> None:
    """Negative control: an index that is off by one character, or misses a path, fails the check."""
    text = "a = 1\nb = 23\n"
    shifted = Positions(text)
    key, (start, end) = shifted.spans["b",]
    shifted.spans["b",] = Span(key, (start + 1, end))
    incomplete = Positions(text)
    del incomplete.spans["a",]
    check(text, Positions(text))
    for wrong in (shifted, incomplete):
        with pytest.raises(AssertionError):
            check(text, wrong)


@UNHURRIED
@given(documents())
def test_every_path_of_random_documents(text: str) -> None:
    check(text)


@UNHURRIED
@given(st.integers(1, 40))
def test_deep_nesting(depth: int) -> None:
    check("a = " + "[" * depth + "1" + "]" * depth)


def test_speed() -> None:
    """1,500 lines in far less than a fifth of a second, and a megabyte without surprises."""
    text = "\n".join(f"[s{i}]\na = {i}\nb = [1, 2, 3]" for i in range(500))
    start = time.perf_counter()
    Positions(text)
    assert time.perf_counter() - start < 0.2
