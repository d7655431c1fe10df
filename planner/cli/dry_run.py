"""What a command would do and what it would take: `--dry-run` of every command that simulates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from planner.cli.exit import OK, Problem
from planner.cli.output import Target

if TYPE_CHECKING:
    from planner.questions.foreseen import Foreseen
    from planner.report.blocks import Block

NO_CSV = ("--dry-run has no CSV form", "leave --format out, or use json or md")


def write_foreseen(target: Target, foreseen: Foreseen, more: Sequence[Block] = ()) -> int:
    """Write what is foreseen, as JSON or in words with `more` below; remarks on scenarios as warnings."""
    from planner.cli.options import Format
    from planner.cli.terminal import warn
    from planner.report.pages.effort import dry_run_page

    if target.wanted is Format.csv:
        raise Problem(NO_CSV[0], hint=NO_CSV[1])
    for remark in foreseen.remarks:
        warn(remark)
    target.write(foreseen.to_json(), lambda: dry_run_page(foreseen, more))
    return OK
