"""What there is to say, before anyone decides how it looks: headings, prose, facts, tables, code.

A result is put into words once, as a list of these blocks; `cli.terminal` shows the blocks in a terminal
and `markdown` writes them for a protocol. Strings are kept as they came: each writer escapes for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from planner.scenario.text import visible


@dataclass(frozen=True)
class Heading:
    """A title (level 1) or the title of a section (level 2)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Prose:
    """A paragraph. `warning` marks what must not be overlooked; it is also said in words."""

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


Block = Heading | Prose | Items | Facts | Sheet | Code


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
