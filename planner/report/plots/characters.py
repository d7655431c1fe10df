"""Plots as text, for every renderer whose pages are text: lines, bars, panels side by side.

A picture with its indent fits 80 columns.
"""

from __future__ import annotations

from planner.report.blocks import Panels, Plot
from planner.report.plots.braille import draw_lines
from planner.scenario.text import visible

_WIDTH, _WIDE, _HEIGHT = 60, 64, 13  # cells of a plot of lines
_ROW, _GAP = 76, 2  # columns of two panels, and between them
_PANEL_HEIGHT = 16
_NAME, _BAR = 30, 44  # columns of a name and of its bar


def lines(plot: Plot, *, braille: bool) -> str:
    """Lines within axes."""
    return draw_lines(plot, width=_WIDE if plot.wide else _WIDTH, height=_HEIGHT, braille=braille)


def bars(plot: Plot) -> str:
    """One bar a name, with the letters of the series on it, * where two meet; ASCII."""
    low, high = plot.x.low, plot.x.high
    width = max(high - low, 1e-9)

    def at(x: float) -> int:
        return min(int((x - low) / width * _BAR), _BAR - 1)

    left, right = plot.x.label(low), plot.x.label(high)
    drawn = [f"{'':{_NAME}}  {left}{right:>{_BAR - len(left)}}"]
    compared = plot.series[0].letter
    for i, name in enumerate(map(visible, plot.y.names)):
        marks = [(each.letter, at(x)) for each in plot.series for x, y in each.points if y == i]
        places = [place for _, place in marks]
        start, end = min(places, default=_BAR), max(places, default=-1)
        bar = ["=" if start <= j <= end else " " for j in range(_BAR)]
        for letter, place in marks:
            bar[place] = letter if bar[place] in ("=", compared) else "*"
        short = name if len(name) <= _NAME else f"...{name[3 - _NAME :]}"
        drawn.append(f"{short:{_NAME}}  {''.join(bar)}".rstrip())
    return "\n".join(drawn)


def panels(block: Panels, *, braille: bool) -> str:
    """Panels with their titles, two in a row."""
    y = block.plots[0].y
    margin = max(len(y.label(end)) for end in (y.low, y.high)) + 2  # the labels, a blank and the axis
    width = (_ROW - _GAP) // 2
    drawn = []
    for plot in block.plots:
        picture = draw_lines(plot, width=width - margin, height=_PANEL_HEIGHT, braille=braille)
        drawn.append([_cut(f"{'':{margin}}{plot.title}", width), *picture.split("\n")])
    rows: list[str] = []
    for i in range(0, len(drawn), 2):
        rows += [""] if rows else []
        pair = zip(*drawn[i : i + 2], strict=True)
        rows += [(" " * _GAP).join(line.ljust(width) for line in row).rstrip() for row in pair]
    return "\n".join(rows)


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
