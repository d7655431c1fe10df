"""The catalogue answers as before the modules were moved: every key, figure and digest, to the last bit."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import before
import pytest

REWORDED: dict[str, str] = {
    was: now
    for file in sorted(before.FOLDER.glob("reworded*.json"))
    for was, now in json.loads(file.read_text(encoding="utf-8")).items()
}
"""Texts of notes, warnings, errors and help that say the same in other words: as they were, as they are."""

QUICK = ("schema", "asthma-ab-ba", "williams-2018", "stated looks", "stated rates", "stated three treatments")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in before.names()]
)
def test_nothing_is_another(name: str) -> None:
    was, now = before.kept(name), before.documents(name)
    if name == "schema":
        was, now = ({"schema": {"document": unfolded(each["schema"]["document"])}} for each in (was, now))
    assert list(unlisted(was, now)) == []


def unlisted(was: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    """The differences that are no listed rewording."""
    for path, one, other in before.differences(was, now):
        if not (isinstance(one, str) and REWORDED.get(one) == other):
            yield path, one, other


def unfolded(schema: dict[str, Any]) -> Any:
    """The schema with every reference replaced by what it refers to: names of definitions do not count."""
    definitions = schema["$defs"]

    def resolved(value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, list):
            return [resolved(each, within) for each in value]
        if not isinstance(value, dict):
            return value
        name = value.get("$ref", "").removeprefix("#/$defs/")
        if name in within:
            return f"as {len(within) - within.index(name)} above"
        rest = {key: resolved(each, within) for key, each in value.items() if key not in ("$ref", "$defs")}
        return {**resolved(definitions[name], (*within, name)), **rest} if name else rest

    return resolved(schema, ())


def altered(document: Any, path: tuple[str, ...], by: float) -> Any:
    """A copy with the number at this path multiplied by 1 + `by`."""
    made = copy.deepcopy(document)
    inner = made
    for key in path[:-1]:
        inner = inner[int(key) if isinstance(inner, list) else key]
    inner[path[-1]] *= 1.0 + by
    return made


def test_a_figure_altered_in_its_last_digits_is_found() -> None:
    was = before.kept("asthma-ab-ba")
    path = ("run", "document", "cells", "0", "power", "estimate")
    assert list(unlisted(was, was)) == []
    assert [each[0] for each in unlisted(was, altered(was, path, 1e-12))] == ["/".join(path)]
    gone = copy.deepcopy(was)
    del gone["size"]["document"]["answers"]
    assert [each[0] for each in unlisted(was, gone)] == ["size/document/answers"]


def test_a_text_may_be_another_only_where_it_is_listed() -> None:
    assert list(unlisted({"warnings": ["This."]}, {"warnings": ["That."]}))


def test_a_setting_that_the_schema_describes_otherwise_is_found() -> None:
    document = before.kept("schema")["schema"]["document"]
    changed = copy.deepcopy(document)
    next(iter(changed["$defs"].values()))["additionalProperties"] = "other"
    assert unfolded(document) == unfolded(document)
    assert unfolded(document) != unfolded(changed)
