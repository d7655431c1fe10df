"""Every renderer draws every kind of block, and a new one needs nothing but the blocks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from types import UnionType
from typing import get_args, get_type_hints
from xml.etree import ElementTree

import pytest

from planner.cli.options import Format
from planner.cli.output import chosen_format
from planner.cli.terminal import medium_of
from planner.monitoring.boundaries import boundary
from planner.report.blocks import (
    Axis,
    Block,
    Code,
    Column,
    Facts,
    Heading,
    Items,
    Panels,
    Plot,
    Point,
    Prose,
    Series,
    Sheet,
)
from planner.report.pages.boundaries import NamedBoundary, boundaries_page
from planner.report.render.renderer import Medium, Renderer, renderer
from planner.report.render.terminal import Terminal
from planner.scenario.text import visible
from tests.support.paths import ROOT

FOLDER = ROOT / "planner" / "report" / "render"
NAME = "<b>x & y</b>"  # what a renderer must not take for markup
SHARE = Axis("power", 0.0, 1.0, "share")
CURVE = Series("power", "A", [(0.0, 0.1), (30.0, math.nan), (60.0, 0.8), (90.0, 0.9)])
TARGET = Series("target", "", [(0.0, 0.8), (90.0, 0.8)], "broken")
LINES = Plot("lines", [TARGET, CURVE], Axis("patients", 0.0, 90.0), SHARE, NAME)
TORNADO = Plot(
    "bars",
    [
        Series("as assumed", "|", [(0.8, 0.0), (0.8, 1.0)]),
        Series("lower", "-", [(0.7, 0.0), (0.75, 1.0)]),
        Series("higher", "+", [(0.9, 0.0)]),
    ],
    Axis("power", 0.7, 0.9, "share", places=1),
    Axis("assumption", 0.0, 1.0, "names", names=["SD within", NAME]),
)
EXAMPLES: dict[str, tuple[Block, tuple[str, ...]]] = {
    "Heading": (Heading("A title", 1), ("A title",)),
    "Prose": (Prose("A paragraph.", warning=True), ("A paragraph.", "arning")),
    "Items": (Items(["one", "two"]), ("one", "two")),
    "Facts": (Facts([("Seed", "1")]), ("Seed", "1")),
    "Sheet": (Sheet([Column("Who", number=False), Column("Power")], [["we", "80 %"]]), ("Who", "we", "80 %")),
    "Code": (Code("planner run x", "sh"), ("planner run x",)),
    "Plot lines": (LINES, ("patients", "90", "100 %", "A")),
    "Plot bars": (TORNADO, ("SD within", "70.0 %", "90.0 %", "-", "+", "|")),
    "Panels": (Panels([LINES, LINES, LINES]), ("patients", "100 %", "x & y")),
}
"""One block of each kind, and texts of it that any renderer shows."""


def kinds() -> set[str]:
    """Every kind of block, and of plot."""
    assert isinstance(Block, UnionType)
    names = {block.__name__ for block in get_args(Block)}
    return (names - {"Plot"}) | {f"Plot {kind}" for kind in get_args(get_type_hints(Plot)["kind"])}


def shows(by: Renderer, block: Block, texts: Iterable[str]) -> bool:
    """Whether all the texts are on the page, as they are (in code) or as the renderer escapes them."""
    drawn = by.page([block])
    return all(text in drawn or by.escaped(text) in drawn for text in texts)


def test_there_is_an_example_of_every_kind() -> None:
    assert set(EXAMPLES) == kinds()


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("module", sorted({each.renderer for each in Format} - {""}))
def test_every_renderer_draws_every_kind(module: str, kind: str) -> None:
    block, texts = EXAMPLES[kind]
    for medium in (Medium(), Medium(60, wide=False, colour=True), Medium(symbols=False, braille=False)):
        assert shows(renderer(module, medium), block, texts)
    assert renderer(module, Medium(symbols=False, braille=False)).page([block]).isascii()


def test_a_kind_that_is_not_drawn_is_noticed() -> None:
    class Silent(Terminal):
        def bars(self, block: Plot) -> str:
            return ""

    block, texts = EXAMPLES["Plot bars"]
    assert not shows(Silent(), block, texts)
    without = {k: v for k, v in vars(Html).items() if k != "panels"}
    with pytest.raises(TypeError, match="panels"):
        type("Forgetful", (Renderer,), without)()


def missing(files: set[str], rows: set[str]) -> set[str]:
    """Files without a row, and rows without a file."""
    return files ^ rows


def test_every_renderer_is_a_format() -> None:
    """A file that has a renderer is a format of `--format`, and the other way round."""
    files = {path.stem for path in FOLDER.glob("*.py") if "\nRENDERER = " in path.read_text()}
    rows = {each.renderer for each in Format} - {""}
    assert missing(files, rows) == set()
    assert missing(files | {"html"}, rows) == {"html"}
    assert missing(files, rows | {"html"}) == {"html"}


def test_endings_are_distinct_and_say_the_format() -> None:
    assert len({each.ending for each in Format}) == len(Format)
    for each in Format:
        assert chosen_format(None, False, Path(f"power{each.ending}")) is each


def test_what_a_stream_cannot_show_is_drawn_in_ascii() -> None:
    class Stream:
        encoding = "ascii"

        def isatty(self) -> bool:
            return False

    assert medium_of(Stream()) == Medium(symbols=False, braille=False)  # type: ignore[arg-type]
    plain, dotted = (Terminal(Medium(braille=braille)).page([LINES]) for braille in (False, True))
    assert not any("⠀" < character < "⣿" for character in plain)
    assert any("⠀" < character < "⣿" for character in dotted)


# A renderer as somebody might add it: pages in HTML, plots in SVG


class Html(Renderer):
    """Pages as HTML with plots in SVG; written from nothing but the blocks."""

    @staticmethod
    def escaped(text: str) -> str:
        return safe(text)

    def page(self, blocks: Sequence[Block]) -> str:
        return f"<main>{''.join(self.block(block) for block in blocks)}</main>"

    def heading(self, block: Heading) -> str:
        return f"<h{block.level}>{safe(block.text)}</h{block.level}>"

    def prose(self, block: Prose) -> str:
        return f"<p>{'Warning: ' if block.warning else ''}{safe(block.text)}</p>"

    def items(self, block: Items) -> str:
        return f"<ul>{''.join(f'<li>{safe(item)}</li>' for item in block.items)}</ul>"

    def facts(self, block: Facts) -> str:
        return f"<dl>{''.join(f'<dt>{safe(n)}</dt><dd>{safe(v)}</dd>' for n, v in block.pairs)}</dl>"

    def sheet(self, block: Sheet) -> str:
        titles = "".join(f"<th>{safe(column.title)}</th>" for column in block.columns)
        rows = ("".join(f"<td>{safe(cell)}</td>" for cell in row) for row in block.rows)
        return f"<table><tr>{titles}</tr>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"

    def code(self, block: Code) -> str:
        return f"<pre>{safe(block.text)}</pre>"

    def lines(self, block: Plot) -> str:
        parts = []
        for each in block.series:
            dash = ' stroke-dasharray="4"' if each.line == "broken" else ""
            for run in runs(each.points) if each.line != "none" else []:
                places = " ".join(f"{x:g},{y:g}" for x, y in (place(point, block) for point in run))
                parts.append(
                    f'<polyline points="{places}"{dash}><title>{safe(each.label)}</title></polyline>'
                )
            parts += [letter(each.letter, place(p, block)) for p in each.points if math.isfinite(p[1])]
        return svg(block, parts, [block.y.label(block.y.low), block.y.label(block.y.high)])

    def bars(self, block: Plot) -> str:
        parts = []
        for i, name in enumerate(block.y.names):
            on = [(each.letter, place(p, block)) for each in block.series for p in each.points if p[1] == i]
            ends = [x for _, (x, _) in on]
            parts.append(f'<rect x="{min(ends):g}" width="{max(ends) - min(ends):g}"/>')
            parts += [f"<text>{safe(name)}</text>", *(letter(mark, where) for mark, where in on)]
        return svg(block, parts, [block.x.label(block.x.low)])

    def panels(self, block: Panels) -> str:
        return f"<div>{''.join(self.lines(plot) for plot in block.plots)}</div>"


def safe(text: str) -> str:
    return escape(visible(text))


def place(point: Point, plot: Plot) -> Point:
    """In a picture of 100 by 100, counted from the upper left."""
    across = (point[0] - plot.x.low) / (plot.x.high - plot.x.low)
    return 100 * across, 100 - 100 * (point[1] - plot.y.low) / (plot.y.high - plot.y.low)


def runs(points: Sequence[Point]) -> list[list[Point]]:
    """The parts of a line between its gaps."""
    parts: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point[1]):
            parts[-1].append(point)
        else:
            parts.append([])
    return [part for part in parts if part]


def letter(text: str, where: Point) -> str:
    return f'<text x="{where[0]:g}" y="{where[1]:g}">{safe(text)}</text>' if text else ""


def svg(plot: Plot, parts: Sequence[str], labels: Sequence[str]) -> str:
    texts = [plot.title, plot.x.title, plot.x.label(plot.x.high), plot.y.title, *labels]
    return f"<svg>{''.join(parts)}{''.join(f'<text>{safe(text)}</text>' for text in texts)}</svg>"


@pytest.mark.parametrize("kind", EXAMPLES)
def test_a_new_renderer_needs_nothing_but_the_blocks(kind: str) -> None:
    block, texts = EXAMPLES[kind]
    drawn = Html().page([block])
    ElementTree.fromstring(drawn)
    assert shows(Html(), block, texts)
    assert "<b>" not in drawn


def test_what_is_escaped_in_another_way_is_looked_for_so() -> None:
    class Spelt(Terminal):
        """Writes text in a form of its own, as LaTeX or RTF do."""

        @staticmethod
        def escaped(text: str) -> str:
            return "".join(f"{ord(character):x};" for character in text)

        def heading(self, block: Heading) -> str:
            return self.escaped(block.text)

    block = Heading(NAME, 1)
    assert shows(Spelt(), block, (NAME,))
    assert not shows(Spelt(), Heading("x", 1), (NAME,))


def test_lines_stand_where_their_points_are() -> None:
    tree = ElementTree.fromstring(Html().page([LINES]))
    drawn = [each.attrib["points"] for each in tree.iter("polyline")]
    assert drawn == ["0,20 100,20", "0,90", "66.6667,20 100,10"]


def test_a_page_of_a_command_is_drawn() -> None:
    """Limits of O'Brien and Fleming at two looks, as Jennison and Turnbull (2000, table 2.3) print them."""
    solved = boundary([0.5, 1.0], alpha=0.05, sided=2, efficacy="obrien-fleming", power=0.9)
    page = boundaries_page(
        [NamedBoundary("A", "O'Brien-Fleming", "none", solved, None)], patients=None, scale="z"
    )
    tree = ElementTree.fromstring(Html().page(page))
    (plot,) = [block for block in page if isinstance(block, Plot)]
    limits = [y for each in plot.series for _, y in each.points]
    assert [round(y, 3) for y in limits] == [2.797, 1.977, -2.797, -1.977]
    assert len(list(tree.iter("polyline"))) == 2
