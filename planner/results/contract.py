"""The JSON contract: how the parts of a result become objects of it. Nothing else is made of dictionaries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from planner.scenario.tree import Tree

Json = Tree
"""An object of the contract: texts, numbers, None, lists and objects, as `json.dumps` takes them."""


@dataclass(frozen=True, slots=True)
class Written:
    """A part of a result, a dataclass, that is written as an object: its fields by name, in their order."""

    if_any: ClassVar[frozenset[str]] = frozenset()
    """Fields without a key where they are None."""

    merged: ClassVar[frozenset[str]] = frozenset()
    """Fields whose own keys stand among those of the object; none of them where the field is None."""

    unwritten: ClassVar[frozenset[str]] = frozenset()
    """Fields that are no part of the contract."""

    def to_json(self) -> Json:
        """The object of the JSON contract."""
        written: Json = {}
        for each in fields(self):
            name, value = each.name, getattr(self, each.name)
            if name in self.unwritten:
                continue
            if name in self.merged:
                written |= {} if value is None else value.to_json()
            elif value is not None or name not in self.if_any:
                written[name] = as_json(value)
        return written


def as_json(value: object) -> Any:
    """A value of a result as it stands in the JSON contract."""
    if isinstance(value, Written):
        return value.to_json()
    if isinstance(value, Mapping):
        return {key: as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return value
