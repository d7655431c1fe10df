"""Objects of the JSON contract as rows of a table."""

from __future__ import annotations

from typing import Any

from planner.results.figures import Json


def flatten(value: Any, prefix: str = "") -> Json:
    """An object of the JSON contract as one row: keys joined by an underscore, elements numbered from 1."""
    row: Json = {}
    for key, item in value.items():
        name = f"{prefix}_{key}" if prefix else key
        if isinstance(item, dict):
            row |= flatten(item, name)
        elif isinstance(item, list):
            for i, each in enumerate(item, start=1):
                row |= flatten(each, f"{name}_{i}")
        else:
            row[name] = item
    return row
