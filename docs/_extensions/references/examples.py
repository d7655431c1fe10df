"""An example line for a key: what a trial of the catalogue says there, else an example that the field has."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Any

from planner.scenario import catalogue
from planner.scenario.canonical.toml import as_toml
from planner.scenario.hypotheses import family_of

from .markdown import code

_LONGEST = 76
"""Characters of an example line."""


def example_of(path: str, page: str, node: dict[str, Any]) -> str:
    """A line with the key, and whose it is; empty if there is none."""
    last = path.rpartition(".")[2]
    family = page.removeprefix("hypotheses-") if page.startswith("hypotheses-") else ""
    for name, tree in _trials():
        for value in _values(tree, path.split("."), family):
            line = f"{last} = {as_toml(value)}"
            if "\n" not in line and len(line) <= _LONGEST:
                return f"{code(line)} ({name})"
    values = node.get("examples") or [
        value for each in node.get("anyOf", []) for value in each.get("examples", [])
    ]
    return code(f"{last} = {as_toml(values[0])}") if values else ""


@cache
def _trials() -> tuple[tuple[str, dict[str, Any]], ...]:
    """The files of the catalogue as they are written, and what several of them share."""
    paths = [catalogue.folder() / f"{name}.toml" for name in catalogue.names()]
    paths += sorted((catalogue.folder() / "library").glob("*.toml"))
    return tuple((path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths)


def _values(node: object, parts: list[str], family: str) -> Iterator[object]:
    """What stands at a path, whatever the names in it; of hypotheses only of those of the family."""
    if not parts:
        yield node
        return
    part, rest = parts[0], parts[1:]
    name = part.removesuffix("[]")
    if not isinstance(node, dict):
        return
    entries = list(node.values()) if name == "NAME" else [node[name]] if name in node else []
    for entry in entries:
        elements = entry if part.endswith("[]") and isinstance(entry, list) else [entry]
        for each in elements:
            if name != "NAME" or not family:
                yield from _values(each, rest, family)
            elif family_of(each) == family:  # the hypothesis; names further inside are of something else
                yield from _values(each, rest, "")
