"""Blocks as text for a terminal, a pipe or a log file: prose wrapped, tables aligned.

Off a terminal a table is as wide as it is: no line of it is broken, so that `grep`, `less -S` and a log file
stay readable. Who reads it, and what that stream can show, `planner.cli.terminal` knows.
"""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from planner.report.blocks import Block, Code, Facts, Heading, Items, Panels, Plot, Prose, Sheet
from planner.report.plots import characters
from planner.report.render.columns import GAP, column_widths, natural_width, split_to_fit, unfold
from planner.report.render.renderer import Renderer
from planner.scenario.text import visible

if TYPE_CHECKING:
    from rich.console import JustifyMethod
    from rich.table import Table

PROSE_MAX = 100  # columns of running text, however wide the terminal is

ASCII = str.maketrans(
    {
        "±": "+/-",
        "–": "-",
        "—": "-",
        "−": "-",
        "·": "-",
        "•": "*",
        "×": "x",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
        "…": "...",
        "░": ".",
        "▒": ":",
        "▓": "%",
        "█": "#",
        "─": "-",
        "━": "-",
        "│": "|",
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "σ": "sigma",
        "µ": "u",
        "μ": "mu",
    }
)


def visible_lines(text: str) -> str:
    """The text with control characters spelt out, but for the ends of its lines."""
    return "\n".join(visible(line) for line in text.split("\n"))


def in_ascii(value: object) -> Any:
    """The block with every text in it spelt in ASCII as far as we can."""
    if isinstance(value, str):
        return value.translate(ASCII)
    if isinstance(value, list | tuple):
        return [in_ascii(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: in_ascii(getattr(value, f.name)) for f in fields(value)})
    return value


class Terminal(Renderer):
    """Text for a terminal, a pipe or a log file."""

    def page(self, blocks: Sequence[Block]) -> str:
        """The blocks with a line between them."""
        if not self.medium.symbols:  # before the columns are laid out, because the spellings differ in width
            blocks = [in_ascii(block) for block in blocks]
        drawn = "\n".join(self.block(block) for block in blocks)
        return drawn if self.medium.symbols else drawn.translate(ASCII)

    def heading(self, block: Heading) -> str:
        lines = _wrapped(block.text, self.medium.columns)
        return _lines(styled(line, "bold", self.medium.colour) for line in lines)

    def prose(self, block: Prose) -> str:
        if not block.warning:
            return _lines(_wrapped(block.text, self.medium.columns))
        lines = _wrapped(f"warning: {block.text}", self.medium.columns)
        return _lines(styled(line, "yellow", self.medium.colour) for line in lines)

    def items(self, block: Items) -> str:
        return _lines(line for item in block.items for line in _hanging("•", item, 3, self.medium.columns))

    def facts(self, block: Facts) -> str:
        width = self.medium.columns
        indent = min(max((len(visible(name)) for name, _ in block.pairs), default=0) + GAP, width // 2)
        return _lines(line for name, value in block.pairs for line in _hanging(name, value, indent, width))

    def sheet(self, block: Sheet) -> str:
        width, wide = self.medium.columns, self.medium.wide
        parts = [unfold(block)] if wide else split_to_fit(block, width)
        return "\n".join(
            _tabulated(part, natural_width(part) if wide else width, self.medium.colour) for part in parts
        )

    def code(self, block: Code) -> str:
        return _verbatim(block.text)

    def lines(self, block: Plot) -> str:
        return _verbatim(characters.lines(block, braille=self.medium.braille))

    def bars(self, block: Plot) -> str:
        return _verbatim(characters.bars(block))

    def panels(self, block: Panels) -> str:
        return _verbatim(characters.panels(block, braille=self.medium.braille))


RENDERER = Terminal


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _verbatim(text: str) -> str:
    """Lines to be copied or looked at as they are: none of them may be broken."""
    return _lines(f"  {visible(line)}".rstrip() for line in text.split("\n"))


def _wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` and PROSE_MAX columns; a longer word, such as an address, stays whole."""
    text = visible(" ".join(text.split())).replace(" ± ", _TIED["±"]).replace(" %", _TIED["%"])
    width = min(width, PROSE_MAX)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines] or [""]


_TIED = {"±": "\xa0±\xa0", "%": "\xa0%"}  # a number stays with its error and its unit


def _hanging(name: str, text: str, indent: int, width: int) -> list[str]:
    """The name at the left and the text beside it; a name that is too long gets a line of its own."""
    name = visible(name)
    lines = _wrapped(text, max(min(width, PROSE_MAX) - indent, 20))
    if len(name) + GAP > indent:
        return [name, *(" " * indent + line for line in lines)]
    return [name.ljust(indent) + lines[0], *(" " * indent + line for line in lines[1:])]


def styled(text: str, style: str, colour: bool) -> str:
    """The text in a style of Rich's, such as "bold red", where there is colour."""
    if not colour:
        return text
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)


def _tabulated(sheet: Sheet, width: int, colour: bool) -> str:
    from rich.console import Console

    console = Console(
        file=io.StringIO(),
        width=width,
        height=1,  # with both given, Rich does not look for itself what the terminal has
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as captured:
        console.print(_table(sheet, width))
    # Rich pads lines to their width; the blanks only disturb those who copy.
    return "".join(f"{line.rstrip()}\n" for line in captured.get().rstrip("\n").split("\n"))


def _table(sheet: Sheet, width: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold"
    )
    sizes = column_widths(sheet, width)
    for column, size in zip(sheet.columns, sizes, strict=True):
        justify: JustifyMethod = "right" if column.number else "left"
        table.add_column(Text(visible(column.title)), justify=justify, overflow="fold", width=size)
    for i, row in enumerate(_labels_flow(sheet, sizes)):
        # A line break in a cell is ours: it stands where the cell may best be broken.
        cells = (Text("\n".join(map(visible, cell.split("\n")))) for cell in row)
        table.add_row(*cells, style="bold" if i in sheet.loud else "")
    return table


def _labels_flow(sheet: Sheet, sizes: Sequence[int]) -> list[list[str]]:
    """The rows, a label that does not fit continued beside the rows that it stands for: none is left empty.

    Those are the rows below with nothing in this column and in all before it.
    """
    from rich.console import Console
    from rich.text import Text

    rows, console = [list(row) for row in sheet.rows], Console(width=PROSE_MAX)
    for j, size in enumerate(sizes):
        if sheet.columns[j].number:
            break
        for i, row in enumerate(sheet.rows):
            below = 0
            while i + below + 1 < len(rows) and not any(sheet.rows[i + below + 1][: j + 1]):
                below += 1
            if below and row[j]:
                lines = Text("\n".join(map(visible, row[j].split("\n")))).wrap(console, size, overflow="fold")
                plain = [line.plain.rstrip() for line in lines]
                for k, line in enumerate([*plain[:below], "\n".join(plain[below:])]):
                    rows[i + k][j] = line
    return rows
