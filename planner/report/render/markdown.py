"""Blocks as Markdown (CommonMark with pipe tables), ready to be pasted into a protocol."""

from __future__ import annotations

from collections.abc import Sequence

from planner.report.blocks import Block, Code, Column, Facts, Heading, Items, Panels, Plot, Prose, Sheet
from planner.report.plots import characters
from planner.report.render.renderer import Renderer
from planner.scenario.text import visible


class Markdown(Renderer):
    """CommonMark with pipe tables."""

    @staticmethod
    def escaped(text: str) -> str:
        return _escaped(text)

    def page(self, blocks: Sequence[Block]) -> str:
        return "\n\n".join(self.block(block) for block in blocks) + "\n"

    def heading(self, block: Heading) -> str:
        return f"{'#' * (block.level + 1)} {_escaped(block.text)}"

    def prose(self, block: Prose) -> str:
        return f"**Warning:** {_escaped(block.text)}" if block.warning else _escaped(block.text)

    def items(self, block: Items) -> str:
        return "\n".join(f"- {_escaped(item)}" for item in block.items)

    def facts(self, block: Facts) -> str:
        return "\n".join(f"- {_escaped(name)}: {_escaped(value)}" for name, value in block.pairs)

    def sheet(self, block: Sheet) -> str:
        return _pipe_table(block.columns, block.rows)

    def code(self, block: Code) -> str:
        return _fenced(block.text, block.language)

    def lines(self, block: Plot) -> str:
        return _fenced(characters.lines(block, braille=self.medium.braille))

    def bars(self, block: Plot) -> str:
        return _fenced(characters.bars(block))

    def panels(self, block: Panels) -> str:
        return _fenced(characters.panels(block, braille=self.medium.braille))


RENDERER = Markdown


def _fenced(text: str, language: str = "") -> str:
    """Lines as they are, between fences that do not occur in them."""
    fence = "```"
    while fence in text:
        fence += "`"
    lines = "\n".join(visible(line) for line in text.split("\n"))
    return f"{fence}{language}\n{lines}\n{fence}"


def _pipe_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table padded so that it also reads well as plain text."""
    cells = [[_escaped(column.title) for column in columns]]
    cells += [[_escaped(cell.replace("\n", " ")) for cell in row] for row in rows]
    widths = [max(3, *(len(row[j]) for row in cells)) for j in range(len(columns))]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(row, widths, columns, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = (
        f"{'-' * (width - 1)}:" if column.number else "-" * width
        for width, column in zip(widths, columns, strict=True)
    )
    return "\n".join([line(cells[0]), f"| {' | '.join(rule)} |", *(line(row) for row in cells[1:])])


_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|#~$"})


def _escaped(text: str) -> str:
    """Text that Markdown shows literally, on one line."""
    return visible(text).translate(_MARKDOWN)
