"""Options that are numbers: whole ones within what is possible, and lists."""

from __future__ import annotations

import math
from collections.abc import Callable

import typer

from planner.cli.exit import Problem
from planner.scenario.reading.numbers import numbers_in, whole_number


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


def number(least: float = -math.inf, most: float = math.inf) -> Callable[[str | float], float]:
    """A reader of numbers above `least` and below `most`."""

    def real(text: str | float) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isnan(value):
            raise typer.BadParameter(f"{text!r} is not a number, such as 0.05")
        if not least < value < most:
            raise typer.BadParameter(f"lies above {least:g} and below {most:g}, not at {text}")
        return value

    return real


def numbers(text: str, option: str) -> list[float]:
    """Numbers joined by commas, given to an option."""
    try:
        return numbers_in([text])
    except ValueError:
        raise Problem(
            f"{option} is {text!r}, but must be numbers joined by commas", hint=f"for instance {option} 0.5,1"
        ) from None
