"""Blocks as Markdown (CommonMark with pipe tables), ready to be pasted into a protocol."""

from __future__ import annotations

from collections.abc import Sequence

from planner.report.blocks import Block, Code, Column, Facts, Heading, Items, Prose, Sheet
from planner.scenario.text import visible


def markdown(blocks: Sequence[Block]) -> str:
    """The blocks as Markdown (CommonMark with pipe tables), ready to be pasted into a protocol."""
    return "\n\n".join(_markdown(block) for block in blocks) + "\n"


def _markdown(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * (level + 1)} {_escaped(text)}"
        case Prose(text, warning):
            return f"**Warning:** {_escaped(text)}" if warning else _escaped(text)
        case Items(items):
            return "\n".join(f"- {_escaped(item)}" for item in items)
        case Facts(pairs):
            return "\n".join(f"- {_escaped(name)}: {_escaped(value)}" for name, value in pairs)
        case Sheet(columns, rows):
            return _pipe_table(columns, rows)
        case Code(text, language):
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
