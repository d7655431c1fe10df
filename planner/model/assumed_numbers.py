"""The numbers that a scenario assumes, as they stand in its plain tables: zeros are left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from planner.scenario.faults import Path

CHOSEN = ("at_least", "gate", "peak_day", "per", "around")
"""What is no assumption: structure, labels in numbers, criteria that are the trial's own choice."""


class AssumedNumber(NamedTuple):
    """A number, or several that are wrong together."""

    path: Path
    value: object
    label: str
    start: float | None = None  # what the value is counted from, where that is not 0


def numbers_in(
    table: object, apart: Collection[str] = (), chosen: Collection[str] = CHOSEN
) -> Iterator[AssumedNumber]:
    """Every number of a table that was not chosen, but of the settings `apart`."""
    for path, value in leaves(table):
        if path[0] not in apart and path[-1] not in chosen:
            yield AssumedNumber(path, value, ".".join(map(str, path)))


def leaves(node: object, path: Path = ()) -> Iterator[tuple[Path, float]]:
    """Every number of a table that is not 0, with its path."""
    if isinstance(node, Mapping):
        for key, item in node.items():
            yield from leaves(item, (*path, key))
    elif isinstance(node, int | float) and not isinstance(node, bool) and node != 0:
        yield path, node


def varies(value: object) -> bool:
    """Whether any number in the value is not 0."""
    if isinstance(value, list):
        return any(map(varies, value))
    return any(True for _ in leaves({"": value}))
