"""Where a result goes: the standard output, or a file that is never overwritten by accident."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.cli.exit import Problem
from planner.cli.options import Format
from planner.cli.writing import check_writable, deliver, is_stdout
from planner.results.contract import Json

if TYPE_CHECKING:
    from planner.report.blocks import Block

_ENDINGS = {each.ending: each for each in Format}


@dataclass(frozen=True)
class Target:
    """Where a result goes, and in which format."""

    wanted: Format
    path: Path | None
    force: bool
    quiet: bool

    def write(
        self,
        document: Json,
        blocks: Callable[[], Sequence[Block]],
        csv: Callable[[], str] | None = None,
    ) -> None:
        """Write the result as JSON, as CSV, or as text for people: only what is wanted is made."""
        if self.wanted is Format.json:
            self.write_text(as_json(document))
        elif self.wanted is Format.csv:
            assert csv is not None  # refused before the work
            self.write_text(verbatim(csv(), self.path))
        else:
            self.write_text(as_text(blocks(), self.wanted, self.path))

    def write_text(self, text: str) -> None:
        """Write the text as it is, with a note if it goes to a file."""
        deliver(text, self.path, self.force)
        say_written(self.path, self.quiet)

    @property
    def on_screen(self) -> bool:
        """Whether somebody sees the page on the terminal at once."""
        from planner.cli.terminal import on_terminal

        return bool(self.wanted.renderer) and is_stdout(self.path) and on_terminal(sys.stdout)


def target_of(
    choice: Format | None,
    json: bool,
    output: Path | None,
    force: bool = False,
    quiet: bool = False,
    *,
    no_csv: tuple[str, str] | None = None,
) -> Target:
    """Where the result will go; what is wrong with that ends the command before any work is done.

    `no_csv`: message and hint where there is no table to be written.
    """
    wanted = chosen_format(choice, json, output)
    if wanted is Format.csv and no_csv is not None:
        raise Problem(no_csv[0], hint=no_csv[1])
    check_writable(output, force)
    return Target(wanted, output, force, quiet)


def chosen_format(choice: Format | None, json: bool, output: Path | None) -> Format:
    """The format that was chosen, else the one that the ending of the output file implies, else a table."""
    if json and choice not in (None, Format.json):
        raise Problem(f"--json and --format {choice} contradict each other", hint="give one of the two")
    if json:
        return Format.json
    if choice is not None:
        return choice
    if output is None or is_stdout(output):
        return Format.table
    if output.suffix.lower() not in _ENDINGS:
        endings = ", ".join(_ENDINGS)
        raise Problem(
            f"cannot tell the format of {output} from its ending",
            hint=f"end it in one of {endings}, or give --format",
        )
    return _ENDINGS[output.suffix.lower()]


def as_json(document: Json) -> str:
    """One object, in ASCII: a control character in a name stays an escape, whatever reads it."""
    import json

    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def as_csv(header: list[str], rows: list[list[Any]]) -> str:
    """Rows as CSV (RFC 4180); a list in a cell is joined by semicolons.

    Text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay as they are.
    """
    import csv
    import io

    from planner.data.csv_text import harmless

    def safe(cell: object) -> object:
        text = ";".join(cell) if isinstance(cell, list) else cell
        return harmless(text) if isinstance(text, str) else text

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([safe(cell) for cell in row] for row in [header, *rows])
    return text.getvalue()


def frame_as_csv(frame: Any) -> str:
    """A polars frame as CSV, its text made harmless in the same way."""
    from planner.data.csv_text import harmless

    texts = [column for column in frame.iter_columns() if str(column.dtype) == "String"]
    safe = [column.map_elements(harmless, return_dtype=column.dtype) for column in texts]
    return str(frame.with_columns(safe).rename(harmless).write_csv())


def as_text(blocks: Sequence[Block], wanted: Format, output: Path | None) -> str:
    """The blocks in a format for people, made for where they go: the terminal or a file."""
    from planner.cli.terminal import medium_of
    from planner.report.render.renderer import renderer

    medium = medium_of(sys.stdout) if is_stdout(output) else None
    return renderer(wanted.renderer, medium).page(blocks)


def verbatim(text: str, output: Path | None) -> str:
    """Text for other programs, as it is; on a terminal, with control characters spelt out."""
    from planner.cli.terminal import on_terminal
    from planner.report.render.terminal import visible_lines

    return visible_lines(text) if is_stdout(output) and on_terminal(sys.stdout) else text


def say_written(output: Path | None, quiet: bool) -> None:
    """A note that the result went to a file."""
    if not is_stdout(output) and not quiet:
        from planner.cli.terminal import note

        note(f"wrote {output}")
