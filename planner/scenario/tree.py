"""Nested tables, as TOML and JSON have them."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
"""Texts, numbers, dates, None, lists and tables by name: what is inside is known to whoever looks."""


def is_number(value: object) -> bool:
    """Whether a value of a file is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
