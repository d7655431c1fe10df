"""Lines drawn in Braille dots or plain ASCII, without colour.

Each series carries a letter at its points, so that series can be told apart by anybody in any terminal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from planner.report.blocks import Axis, Plot, Point, Series

Dot = tuple[int, int]  # across and down, counted from the upper left

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # Unicode Braille, by row and column
_ACROSS, _DOWN = 2, 4  # dots in one character cell
_DASHES = 24  # pieces of a broken line
_LABEL_EVERY = 3  # lines


def draw_lines(plot: Plot, *, width: int, height: int, braille: bool) -> str:
    """The plot as lines of text: `width` by `height` cells inside axes; ASCII where not `braille`."""
    cells = [[0] * width for _ in range(height)]
    marks: dict[Dot, str] = {}
    for series in plot.series:
        for start, end in _segments(series):
            _draw(cells, _dot(start, plot, width, height), _dot(end, plot, width, height))
        dots = [_dot(point, plot, width, height) for point in series.points]
        for dot in dots:
            if dot is not None and series.letter:
                cell = (dot[1] // _DOWN, dot[0] // _ACROSS)
                # Two letters at one place are a star: their numbers stand in the table.
                marks[cell] = series.letter if marks.get(cell, series.letter) == series.letter else "*"
    labels = _labels(plot.y, height)
    margin = max(map(len, labels))
    bar, corner, rule = ("┤", "└", "─") if braille else ("|", "+", "-")
    lines = []
    for row in range(height):
        characters = (marks.get((row, j)) or _character(cells[row][j], braille) for j in range(width))
        lines.append(f"{labels[row]:>{margin}} {bar}{''.join(characters)}".rstrip())
    lines.append(f"{'':{margin}} {corner}{rule * width}")
    low, high = plot.x.label(plot.x.low), plot.x.label(plot.x.high)
    lines.append(f"{'':{margin}}  {low}{plot.x.title:^{width - len(low) - len(high)}}{high}")
    return "\n".join(lines)


def _labels(axis: Axis, height: int) -> list[str]:
    """The labels of the y axis, by line from the top."""
    return [
        axis.label(axis.high - (axis.high - axis.low) * row / (height - 1)) if row % _LABEL_EVERY == 0 else ""
        for row in range(height)
    ]


def _segments(series: Series) -> Iterator[tuple[Point, Point]]:
    """Start and end of each straight piece of a line."""
    if series.line == "none":
        return
    for (x, y), (to_x, to_y) in pairwise(series.points):
        if series.line == "solid":
            yield (x, y), (to_x, to_y)
            continue
        for k in range(_DASHES):
            ends = (k, k + 0.4)
            start, end = ((x + (to_x - x) * t / _DASHES, y + (to_y - y) * t / _DASHES) for t in ends)
            yield start, end


def _dot(point: Point, plot: Plot, width: int, height: int) -> Dot | None:
    """The dot nearest to a point; None outside the axes."""
    if not all(map(math.isfinite, point)):
        return None
    across = (point[0] - plot.x.low) / (plot.x.high - plot.x.low)
    down = (plot.y.high - point[1]) / (plot.y.high - plot.y.low)
    if not (0 <= across <= 1 and 0 <= down <= 1):
        return None
    return round(across * (width * _ACROSS - 1)), round(down * (height * _DOWN - 1))


def _draw(cells: Sequence[list[int]], start: Dot | None, end: Dot | None) -> None:
    """Set the dots of a straight line, if both its ends are within the axes."""
    if start is None or end is None:
        return
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        across = round(start[0] + (end[0] - start[0]) * step / steps)
        down = round(start[1] + (end[1] - start[1]) * step / steps)
        cells[down // _DOWN][across // _ACROSS] |= _DOTS[down % _DOWN][across % _ACROSS]


def _character(dots: int, braille: bool) -> str:
    if not dots:
        return " "
    return chr(0x2800 + dots) if braille else "."
