"""Options that are whole numbers within what is possible."""

from __future__ import annotations

from collections.abc import Callable

import typer

from planner.scenario.reading.numbers import whole_number


def whole(least: int, most: int) -> Callable[[str | int], int]:
    """A reader of whole numbers from `least` to `most`: 1000000, 1_000_000 or 1e6."""

    def number(text: str | int) -> int:
        value = text if isinstance(text, int) else whole_number(text.strip())
        if value is None:
            raise typer.BadParameter(f"{text!r} is not a whole number, such as {max(least, 1000)} or 1e6")
        if not least <= value <= most:
            raise typer.BadParameter(f"{text} is not in the range from {least:,} to {most:,}")
        return value

    return number
