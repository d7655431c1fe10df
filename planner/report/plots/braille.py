"""A line plot for the terminal, in Braille dots or plain ASCII, without colour.

Each series carries a letter at its points, so that series can be told apart by anybody in any terminal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # Unicode Braille, by row and column
_ACROSS, _DOWN = 2, 4  # dots in one character cell
_DASHES = 24  # pieces of a broken line


class Series(NamedTuple):
    """A line through `points`, marked at each with `letter` if not empty; a gap where a y is not finite."""

    letter: str
    points: Sequence[Point]


def broken_line(height: float, end: float) -> list[Point]:
    """A horizontal line from 0 to `end` in pieces with gaps between them."""
    points: list[Point] = []
    for k in range(_DASHES):
        points += [(end * k / _DASHES, height), (end * (k + 0.4) / _DASHES, height), (math.nan, height)]
    return points


def plot(
    series: Sequence[Series],
    *,
    x: tuple[float, float],
    y: tuple[float, float],
    tick: Callable[[float], str],
    x_title: str,
    width: int = 60,
    height: int = 13,
    ascii_only: bool = False,
) -> str:
    """The plot as lines of text: `width` by `height` cells inside axes.

    `x`, `y`: what the axes span. `tick` writes a y value as its label, one every third line.
    """
    cells = [[0] * width for _ in range(height)]
    marks: dict[tuple[int, int], str] = {}
    for letter, points in series:
        dots = [_dot(point, x, y, width, height) for point in points]
        for start, end in pairwise(dots):
            if start is not None and end is not None:
                _draw(cells, start, end)
        for dot in dots:
            if dot is not None and letter:
                cell = (dot[1] // _DOWN, dot[0] // _ACROSS)
                # Two letters at one place are a star: their numbers stand in the table.
                marks[cell] = letter if marks.get(cell, letter) == letter else "*"
    labels = [
        tick(y[1] - (y[1] - y[0]) * row / (height - 1)) if row % 3 == 0 else "" for row in range(height)
    ]
    margin = max(len(label) for label in labels)
    bar, corner, rule = ("|", "+", "-") if ascii_only else ("┤", "└", "─")
    lines = []
    for row in range(height):
        characters = (marks.get((row, j)) or _character(cells[row][j], ascii_only) for j in range(width))
        lines.append(f"{labels[row]:>{margin}} {bar}{''.join(characters)}".rstrip())
    lines.append(f"{'':{margin}} {corner}{rule * width}")
    low, high = f"{x[0]:g}", f"{x[1]:g}"
    lines.append(f"{'':{margin}}  {low}{x_title:^{width - len(low) - len(high)}}{high}")
    return "\n".join(lines)


def _dot(
    point: Point, x: tuple[float, float], y: tuple[float, float], width: int, height: int
) -> tuple[int, int] | None:
    """The dot nearest to a point, counted from the upper left; None outside the axes."""
    if not all(map(math.isfinite, point)):
        return None
    across = (point[0] - x[0]) / (x[1] - x[0])
    down = (y[1] - point[1]) / (y[1] - y[0])
    if not (0 <= across <= 1 and 0 <= down <= 1):
        return None
    return round(across * (width * _ACROSS - 1)), round(down * (height * _DOWN - 1))


def _draw(cells: list[list[int]], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Set the dots of a straight line."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        across = round(start[0] + (end[0] - start[0]) * step / steps)
        down = round(start[1] + (end[1] - start[1]) * step / steps)
        cells[down // _DOWN][across // _ACROSS] |= _DOTS[down % _DOWN][across % _ACROSS]


def _character(dots: int, ascii_only: bool) -> str:
    if not dots:
        return " "
    return "." if ascii_only else chr(0x2800 + dots)
