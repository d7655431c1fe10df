"""What there is to say, before anyone decides how it looks: headings, prose, facts, tables, code, plots.

A result is put into words once, as a list of these blocks; `render.terminal` lays them out for a terminal
and `render.markdown` for a protocol. Strings are kept as they came: each renderer escapes for itself. A plot
is its series and axes, and not yet a picture: each renderer draws for itself, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from planner.results.number_text import fixed, percent, plain


@dataclass(frozen=True)
class Heading:
    """A title (level 1) or the title of a section (level 2)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    """A paragraph. `warning` marks what must not be overlooked; the words say so, too."""

    text: str
    warning: bool = False


@dataclass(frozen=True)
class Items:
    """Short sentences, one a line."""

    items: Sequence[str]


@dataclass(frozen=True)
class Facts:
    """Names and what they stand for, side by side."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Column:
    """A column of a table; numbers stand at the right and are never broken over two lines."""

    title: str
    number: bool = True


@dataclass(frozen=True)
class Sheet:
    """A table. Names stand in its first columns. A line break in a cell says where it may best be broken.

    A row marked in `loud` is emphasised, in addition to what its words say.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    loud: frozenset[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Code:
    """Lines to be copied as they are."""

    text: str
    language: str = ""


# Plots

Point = tuple[float, float]  # x and y; a y that is not finite is a gap


@dataclass(frozen=True)
class Series:
    """Points in the order of a line through them.

    `letter` marks each point, so that series can be told apart without colour; "" for none. `line` leads from
    point to point, is broken (a line to compare with), or is absent: single places.
    """

    label: str  # what it is, in words
    letter: str
    points: Sequence[Point]
    line: Literal["solid", "broken", "none"] = "solid"


@dataclass(frozen=True)
class Axis:
    """What an axis is of, from where to where, and how its values are written."""

    title: str
    low: float
    high: float
    scale: Literal["number", "share", "log10", "names"] = "number"
    places: int | None = None  # decimals of its labels; as many as a number has, where None
    names: Sequence[str] = ()  # of the scale "names": what stands at 0, 1, 2 ...

    def label(self, value: float) -> str:
        """A value of the axis as it is written: a share as per cent, a logarithm as the number itself."""
        if self.scale == "names":
            return self.names[round(value)]
        if self.scale == "share":
            return percent(value, places=self.places or 0)
        if self.scale == "log10":
            return f"{10**value:.1g}" if value < -4 else plain(10**value, 2)
        return f"{value:g}" if self.places is None else fixed(value, self.places)


@dataclass(frozen=True)
class Plot:
    """Series within axes.

    `lines`: y against x. `bars`: a bar lies at each name of the y axis, from the lowest to the highest x that
    any series has there; the first series is what the others are compared with.
    """

    kind: Literal["lines", "bars"]
    series: Sequence[Series]
    x: Axis
    y: Axis
    title: str = ""
    wide: bool = False  # rather wider than other plots


@dataclass(frozen=True)
class Panels:
    """Small plots of lines with the same axes, side by side."""

    plots: Sequence[Plot]


Block = Heading | Prose | Items | Facts | Sheet | Code | Plot | Panels
