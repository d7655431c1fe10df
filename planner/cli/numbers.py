"""Numbers on the command line: whole ones, also as people write large ones, within what is possible."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

import typer

_DIGITS = 25  # of the longest whole number that is looked at: seeds have twenty


def whole(least: int, most: int) -> Callable[[str | int], int]:
    """A reader of whole numbers from `least` to `most`: 1000000, 1_000_000 or 1e6."""

    def number(text: str | int) -> int:
        found = text if isinstance(text, int) else _read(text.strip())
        if found is None:
            raise typer.BadParameter(f"{text!r} is not a whole number, such as {max(least, 1000)} or 1e6")
        if not least <= found <= most:
            raise typer.BadParameter(f"{text} is not in the range from {least:,} to {most:,}")
        return found

    return number


def _read(text: str) -> int | None:
    if re.fullmatch(r"[+-]?[0-9]{1,3}(_[0-9]{3})+", text):
        text = text.replace("_", "")
    if not text.isascii() or "_" in text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or value.adjusted() >= _DIGITS:
        return 10**_DIGITS if value.is_finite() and value > 0 else None
    return int(value) if value == value.to_integral_value() else None
