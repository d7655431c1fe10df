"""The terminal: blocks, errors and progress, with Rich where somebody looks at it, plainly elsewhere.

Off a terminal a table is as wide as it is: no line of it is broken, so that `grep`, `less -S` and a log file
stay readable. An output encoding that cannot show a character gets its nearest ASCII spelling.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TextIO

from planner.cli.streams import OutputError, discard
from planner.report.blocks import Block, Code, Facts, Heading, Items, Prose, Sheet
from planner.report.render.columns import GAP, column_widths, fitting, natural_width, unfolded
from planner.scenario.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import JustifyMethod
    from rich.table import Table

    from planner.scenario.faults import ScenarioError

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


def write(text: str, stream: TextIO) -> None:
    """Write the text; what the stream's encoding lacks is spelt in ASCII, and never stops the program.

    Nor does a reader who has left (`| head`), or remarks that nobody can take: the answer stays the same, and
    so does the exit code.
    """
    if not _shows(stream, text):
        encoding = _encoding(stream)
        text = text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    try:
        stream.write(text)
    except BrokenPipeError:
        discard(stream)
    except OSError as error:
        if stream is sys.stdout:
            raise OutputError(error.errno, error.strerror) from error
        discard(stream)


def _encoding(stream: TextIO) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _shows(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has all characters of the text."""
    try:
        text.encode(_encoding(stream))
    except UnicodeEncodeError:
        return False
    return True


def shows_braille(output: object = None) -> bool:
    """Whether Braille dots can be written: to a file always, to the standard output by its encoding."""
    to_file = output is not None and str(output) != "-"
    return to_file or _shows(sys.stdout, "⠿┤└")


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
    if not _shows(stream, "±–×─•"):  # before the columns are laid out, because the spellings differ in width
        blocks = [_in_ascii(block) for block in blocks]
    return rendered(blocks, width=columns(stream), wide=not on_terminal(stream), colour=coloured(stream))


def _in_ascii(value: Any) -> Any:
    """The block with every text in it spelt in ASCII as far as we can."""
    if isinstance(value, str):
        return value.translate(_ASCII)
    if isinstance(value, list | tuple):
        return [_in_ascii(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _in_ascii(getattr(value, f.name)) for f in fields(value)})
    return value


def rendered(blocks: Sequence[Block], *, width: int = PROSE, wide: bool = True, colour: bool = False) -> str:
    """The blocks as text: prose `width` columns wide, and tables as wide as they are where `wide`."""
    return "\n".join(_rendered(block, width, wide, colour) for block in blocks)


def _rendered(block: Block, width: int, wide: bool, colour: bool) -> str:
    match block:
        case Sheet():
            parts = [unfolded(block)] if wide else fitting(block, width)
            return "\n".join(
                _tabulated(part, natural_width(part) if wide else width, colour) for part in parts
            )
        case Heading(text):
            lines = [_styled(line, _BOLD, colour) for line in _wrapped(text, width)]
        case Prose(text, warning):
            lines = _wrapped(f"warning: {text}" if warning else text, width)
            lines = [_styled(line, _YELLOW, colour) for line in lines] if warning else lines
        case Items(items):
            lines = [line for item in items for line in _hanging("•", item, 3, width)]
        case Facts(pairs):
            indent = min(max((len(visible(name)) for name, _ in pairs), default=0) + GAP, width // 2)
            lines = [line for name, value in pairs for line in _hanging(name, value, indent, width)]
        case Code(text):  # to be copied: no line of it may be broken
            lines = [f"  {visible(line)}".rstrip() for line in text.split("\n")]
    return "".join(f"{line}\n" for line in lines)


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


_BOLD, _YELLOW = "1", "33"


def _styled(text: str, style: str, colour: bool) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if colour else text


def _tabulated(sheet: Sheet, width: int, colour: bool) -> str:
    from rich.console import Console

    console = Console(
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
    for column, size in zip(sheet.columns, column_widths(sheet, width), strict=True):
        justify: JustifyMethod = "right" if column.number else "left"
        table.add_column(Text(visible(column.title)), justify=justify, overflow="fold", width=size)
    for i, row in enumerate(sheet.rows):
        # A line break in a cell is ours: it stands where the cell may best be broken.
        cells = (Text("\n".join(map(visible, cell.split("\n")))) for cell in row)
        table.add_row(*cells, style="bold" if i in sheet.loud else "")
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


def faults(error: ScenarioError, stream: TextIO | None = None) -> None:
    """Everything that is wrong with a scenario: the place, the line with a caret, and what to do."""
    for fault in error.faults:
        place = ":".join([fault.file, *(str(n) for n in (fault.line, fault.column) if fault.line)])
        quotation = ""
        if fault.line and fault.source_line.strip():
            excerpt, indent, width = fault.excerpt()
            quotation = f"{fault.line:5d} | {excerpt}\n      | {' ' * indent}{'^' * width}"
        what = f"{fault.path}: {fault.message}" if fault.path else fault.message
        fail(f"{place}: {what}" if place else what, quotation=quotation, hint=fault.hint, stream=stream)


def _say(word: str, style: str, text: str, stream: TextIO | None) -> None:
    """A line that begins with its kind in words; the colour only repeats it."""
    stream = stream or sys.stderr
    codes = {"red": "31", "yellow": "33", "cyan": "36"}
    head = f"\x1b[1;{codes[style]}m{word}\x1b[0m" if coloured(stream) else word
    lines = "\n".join(visible(line) for line in text.split("\n"))
    write(f"{head} {lines}\n", stream)


@contextmanager
def progress(
    what: str, *, quiet: bool = False, unit: str = "trials"
) -> Iterator[Callable[[int, int], None] | None]:
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
            rate = f"{done / elapsed:,.0f} {unit}/s" if done and elapsed > 0 else ""
            bar.update(task, completed=done, total=total, rate=rate)

        yield advance
