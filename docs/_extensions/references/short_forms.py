"""Which short forms of a setting are read: from the table of planner.scenario.reading.short_forms."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from planner.scenario.fields import Settings
from planner.scenario.reading.short_forms import ShortForm, forms_of

from .markdown import code, text


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
    return [_in_words(form) for form in forms_of(_models()[model], name)]


def _in_words(form: ShortForm) -> str:
    element = ", as an element" if form.setting.endswith(".*") else ""
    when = f" ({text(form.when)})" if form.when else ""
    return f"{code(form.short)} for {code(form.full)}{element}{when}."
