"""The terminal: blocks, errors and progress, with Rich where somebody looks at it, plainly elsewhere.

Off a terminal a table is as wide as it is: no line of it is broken, so that `grep`, `less -S` and a log file
stay readable. An output encoding that cannot show a character gets its nearest ASCII spelling.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from planner.document import Block, Code, Facts, Heading, Items, Prose, Sheet
from planner.figures import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType

PROSE = 80  # columns of running text off a terminal, and at most PROSE_MAX on one
PROSE_MAX = 100

_ASCII = str.maketrans(
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


def write(text: str, stream: TextIO) -> None:
    """Write the text; what the stream's encoding lacks is spelt in ASCII, and never stops the program."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)


def on_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at this stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def coloured(stream: TextIO) -> bool:
    """Colour only on a terminal that has it, and not where NO_COLOR is set (https://no-color.org)."""
    return on_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"


def columns(stream: TextIO) -> int:
    """The width of the terminal."""
    return max(shutil.get_terminal_size((PROSE, 24)).columns, 40) if on_terminal(stream) else PROSE


def page(blocks: Sequence[Block], stream: TextIO | None = None) -> str:
    """The blocks as the stream (the standard output) can show them."""
    stream = stream or sys.stdout
    return rendered(blocks, width=columns(stream), wide=not on_terminal(stream), colour=coloured(stream))


def rendered(blocks: Sequence[Block], *, width: int = PROSE, wide: bool = True, colour: bool = False) -> str:
    """The blocks as text: prose `width` columns wide, and tables as wide as they are where `wide`."""
    return "\n".join(_rendered(block, width, wide, colour) for block in blocks)


def _rendered(block: Block, width: int, wide: bool, colour: bool) -> str:
    if isinstance(block, Code):  # to be copied: no line of it may be broken
        return "".join(f"  {visible(line)}".rstrip() + "\n" for line in block.text.split("\n"))
    if isinstance(block, Sheet):
        width = max(width, _natural(block)) if wide else width
    else:
        width = min(width, PROSE_MAX)
    console = _console(width, colour)
    with console.capture() as captured:
        console.print(_renderable(block))
    # Rich pads lines to their width; the blanks only disturb those who copy.
    return "".join(f"{line.rstrip()}\n" for line in captured.get().rstrip("\n").split("\n"))


def _console(width: int, colour: bool) -> Console:
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def _natural(sheet: Sheet) -> int:
    from rich.cells import cell_len

    widths = [
        max(cell_len(visible(cell)) for cell in (column.title, *(row[j] for row in sheet.rows)))
        for j, column in enumerate(sheet.columns)
    ]
    return sum(widths) + 3 * len(widths) + 2


def _renderable(block: Heading | Prose | Items | Facts | Sheet) -> RenderableType:
    from rich.text import Text

    match block:
        case Heading(text, level):
            return Text(visible(text), style="bold" if level > 1 else "bold underline")
        case Prose(text, warning):
            return Text(f"warning: {visible(text)}", style="yellow") if warning else Text(visible(text))
        case Items(items):
            return _grid([("•", item) for item in items], "")
        case Facts(pairs):
            return _grid(pairs, "bold")
        case Sheet():
            return _table(block)


def _grid(pairs: Sequence[tuple[str, str]], style: str) -> RenderableType:
    """Two columns: the names as wide as the longest, the rest wrapped beside them."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=style == "", max_width=30, style=style, overflow="fold")
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(visible(name)), Text(visible(value)))
    return grid


def _table(sheet: Sheet) -> RenderableType:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for column in sheet.columns:
        # A number is never broken; names and titles give way when the terminal is narrow.
        table.add_column(
            Text(visible(column.title)),
            justify="right" if column.number else "left",
            no_wrap=False,
            overflow="fold",
            min_width=max((len(row[len(table.columns)]) for row in sheet.rows), default=1)
            if column.number
            else 10,
            vertical="top",
        )
    for i, row in enumerate(sheet.rows):
        table.add_row(*(Text(visible(cell)) for cell in row), style="bold" if i in sheet.loud else "")
    return table


def note(text: str, stream: TextIO | None = None) -> None:
    """A remark beside the result, on the standard error."""
    _say("note:", "cyan", text, stream)


def warn(text: str, stream: TextIO | None = None) -> None:
    """A warning beside the result, on the standard error."""
    _say("warning:", "yellow", text, stream)


def fail(text: str, *, quotation: str = "", hint: str = "", stream: TextIO | None = None) -> None:
    """An error: what and where, the line of the file that it is about, and what to do."""
    stream = stream or sys.stderr
    _say("error:", "red", text, stream)
    if quotation:
        write("\n".join(visible(line) for line in quotation.split("\n")) + "\n", stream)
    if hint:
        _say("hint:", "cyan", hint, stream)


def _say(word: str, style: str, text: str, stream: TextIO | None) -> None:
    """A line that begins with its kind in words; the colour only repeats it."""
    stream = stream or sys.stderr
    codes = {"red": "31", "yellow": "33", "cyan": "36"}
    head = f"\x1b[1;{codes[style]}m{word}\x1b[0m" if coloured(stream) else word
    lines = "\n".join(visible(line) for line in text.split("\n"))
    write(f"{head} {lines}\n", stream)


@contextmanager
def progress(what: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """A bar with rate and remaining time on a terminal; None, hence nothing, on a pipe or when quiet."""
    if quiet or not on_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not coloured(sys.stderr)),
        transient=True,
        refresh_per_second=10,
    )
    with bar:
        task = bar.add_task(what, total=None, rate="")

        def advance(done: int, total: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{done / elapsed:,.0f} trials/s" if done and elapsed > 0 else ""
            bar.update(task, completed=done, total=total, rate=rate)

        yield advance
