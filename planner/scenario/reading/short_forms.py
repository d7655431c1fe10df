"""Short forms of settings: `size = 0.5` is { mean = 0.5 }, "cue" is { signal = "cue" }.

An override may then reach inside: --set components.specific.size.sd=0.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from planner.scenario.faults import Path
from planner.scenario.hypotheses import family_of
from planner.scenario.reading.messages import model_at
from planner.scenario.tree import Tree


def full_form(data: Tree, path: Path, value: object) -> Tree | None:
    """The table that a value stands for at a path of the settings `data`, None if it is no short form."""
    route = path
    if path[:1] == ("hypotheses",) and len(path) > 2:
        route = (*path[:2], family_of(data["hypotheses"][path[1]]), *path[2:])
    inside = isinstance(route[-1], int)
    model = model_at(route[:-2] if inside else route[:-1])
    field = model.model_fields.get(str(route[-2 if inside else -1])) if model is not None else None
    if field is None:
        return None
    for validator in _validators(field.annotation) if inside else field.metadata:
        if isinstance(validator, BeforeValidator):
            try:
                table = validator.func(value)  # type: ignore[call-arg]
            except PydanticCustomError:
                return None
            return table if isinstance(table, dict) else None
    return None


def _validators(annotation: object) -> Iterator[object]:
    """The validators of the elements of a list."""
    for element in get_args(annotation):
        yield from getattr(element, "__metadata__", ())
