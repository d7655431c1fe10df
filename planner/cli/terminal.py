"""The terminal: pages, remarks and errors, in colour where somebody looks at it, plainly elsewhere.

An output encoding that cannot show a character gets its nearest ASCII spelling.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, TextIO

from planner.cli.streams import OutputError, discard
from planner.report.render.renderer import PROSE, Medium
from planner.report.render.terminal import ASCII, styled, visible_lines

if TYPE_CHECKING:
    from planner.scenario.faults import ScenarioError


def write(text: str, stream: TextIO) -> None:
    """Write the text; what the stream's encoding lacks is spelt in ASCII, and never stops the program.

    Nor does a reader who has left (`| head`), or remarks that nobody can take: the answer stays the same, and
    so does the exit code.
    """
    if not shows(stream, text):
        encoding = _encoding(stream)
        text = text.translate(ASCII).encode(encoding, "backslashreplace").decode(encoding)
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


def shows(stream: TextIO, text: str) -> bool:
    """Whether the stream's encoding has all characters of the text."""
    try:
        text.encode(_encoding(stream))
    except UnicodeEncodeError:
        return False
    return True


def on_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at this stream."""
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def coloured(stream: TextIO) -> bool:
    """Whether to write colour: on a terminal that has it, unless the surroundings state it.

    NO_COLOR (https://no-color.org) wins over FORCE_COLOR (https://force-color.org) and CLICOLOR_FORCE
    (https://bixense.com/clicolors), and each of them over what the terminal is. An empty one states nothing.
    """
    stated = os.environ.get
    if stated("NO_COLOR"):
        return False
    if stated("FORCE_COLOR") or stated("CLICOLOR_FORCE", "0") not in ("", "0"):
        return True
    return on_terminal(stream) and stated("TERM", "") != "dumb"


def columns(stream: TextIO) -> int:
    """The width of the terminal."""
    return max(shutil.get_terminal_size((PROSE, 24)).columns, 40) if on_terminal(stream) else PROSE


def medium_of(stream: TextIO) -> Medium:
    """What the stream can show."""
    return Medium(
        columns=columns(stream),
        wide=not on_terminal(stream),
        colour=coloured(stream),
        symbols=shows(stream, "±–×─•"),
        braille=shows(stream, "⠿┤└"),
    )


def note(text: str, stream: TextIO | None = None) -> None:
    """A remark beside the result, on the standard error."""
    _write_line("note:", "bold cyan", text, stream)


def warn(text: str, stream: TextIO | None = None) -> None:
    """A warning beside the result, on the standard error."""
    _write_line("warning:", "bold yellow", text, stream)


def fail(text: str, *, quotation: str = "", hint: str = "", stream: TextIO | None = None) -> None:
    """An error: what and where, the line of the file that it is about, and what to do."""
    stream = stream or sys.stderr
    _write_line("error:", "bold red", text, stream)
    if quotation:
        write(visible_lines(quotation) + "\n", stream)
    if hint:
        _write_line("hint:", "bold cyan", hint, stream)


def faults(error: ScenarioError, stream: TextIO | None = None) -> None:
    """Everything that is wrong with a scenario: the place, the line with a caret, and what to do."""
    from rich.cells import cell_len

    for fault in error.faults:
        place = ":".join([fault.file, *(str(n) for n in (fault.line, fault.column) if fault.line)])
        quotation = fault.quotation(cell_len)
        what = f"{fault.path}: {fault.message}" if fault.path else fault.message
        fail(f"{place}: {what}" if place else what, quotation=quotation, hint=fault.hint, stream=stream)


def _write_line(word: str, style: str, text: str, stream: TextIO | None) -> None:
    """A line that begins with its kind in words; the colour only repeats it."""
    stream = stream or sys.stderr
    write(f"{styled(word, style, coloured(stream))} {visible_lines(text)}\n", stream)
