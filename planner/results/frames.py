"""Parts of a result as rows of a table."""

from __future__ import annotations

from collections.abc import Mapping

from planner.results.contract import Json, Written, as_json


def flatten(value: Written | Mapping[str, object], prefix: str = "") -> Json:
    """A part of a result as one row: keys joined by an underscore, elements numbered from 1."""
    return _flat(as_json(value), prefix)


def _flat(value: Json, prefix: str) -> Json:
    row: Json = {}
    for key, item in value.items():
        row |= _columns(item, f"{prefix}_{key}" if prefix else key)
    return row


def _columns(item: object, name: str) -> Json:
    if isinstance(item, dict):
        return _flat(item, name)
    if isinstance(item, list):
        row: Json = {}
        for i, each in enumerate(item, start=1):
            row |= _columns(each, f"{name}_{i}")
        return row
    return {name: item}
