"""Which short forms of a setting are read, found by giving them to what reads it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from pydantic import BeforeValidator

from planner.scenario.canonical.toml import as_toml
from planner.scenario.fields import Settings

from .markdown import code

PROBES: tuple[object, ...] = (0.5, "A", "A B")
"""A number, a name, several names: what may stand for a list or a table."""


@cache
def _models() -> dict[str, type[Settings]]:
    """Every table of settings by its name in the JSON Schema."""
    return {each.__name__: each for each in _below(Settings)}


def _below(model: type[Settings]) -> Iterator[type[Settings]]:
    for each in model.__subclasses__():
        yield each
        yield from _below(each)


def short_forms(model: str, name: str) -> list[str]:
    """What may be written in place of the full form, and what it stands for."""
    field = _models()[model].model_fields[name]
    forms = [_form(name, probe, made, "") for probe, made in _read(field.metadata)]
    for element in _elements(field.annotation):
        inner = getattr(element, "__metadata__", ())
        forms += [_form(name, probe, made, ", as an element") for probe, made in _read(inner)]
    return list(dict.fromkeys(forms))


def _elements(annotation: object) -> Iterator[object]:
    for each in get_args(annotation):
        yield each
        if not getattr(each, "__metadata__", ()):
            yield from _elements(each)


def _read(metadata: Any) -> Iterator[tuple[object, object]]:
    """The probes that are short for something else, each with what it is short for."""
    for validator in metadata:
        if isinstance(validator, BeforeValidator):
            for probe in PROBES:
                made = _result(validator.func, probe)
                if made is not None and made != probe and not (probe == "A" and made == ["A"]):
                    yield probe, made


def _result(function: Any, probe: object) -> object:
    try:
        return function(probe)
    except Exception:  # no short form, and refused as such
        return None


def _form(name: str, probe: object, made: object, where: str) -> str:
    return f"{code(as_toml(probe))} for {code(as_toml(made))}{where}."
