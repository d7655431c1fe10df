"""Cells of the JSON contract as rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.results.figures import Json

if TYPE_CHECKING:
    pass


def flat(value: Any, prefix: str = "") -> Json:
    """A cell of the JSON contract as one row: keys joined by an underscore, elements numbered from 1."""
    row: Json = {}
    for key, item in value.items():
        name = f"{prefix}_{key}" if prefix else key
        if isinstance(item, dict):
            row |= flat(item, name)
        elif isinstance(item, list):
            for i, each in enumerate(item, start=1):
                row |= flat(each, f"{name}_{i}")
        else:
            row[name] = item
    return row
