"""What a simulation would do and take, as blocks. Works on the `planner.dry-run/1` object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Facts, Heading
from planner.results.number_text import duration, memory
from planner.scenario.text import count

Json = Mapping[str, Any]


def dry_run_page(
    title: str, facts: Sequence[tuple[str, str]], document: Json, more: Sequence[Block] = ()
) -> list[Block]:
    """The facts given, and the time and memory that the document estimates, before more blocks."""
    estimate = document["estimate"]
    return [Heading(title, 1), Facts([*facts, *_taken(estimate)]), *more]


def _taken(estimate: Json) -> list[tuple[str, str]]:
    limit = "at most about" if estimate["at_most"] else "about"
    seconds = estimate["seconds"]
    spent = duration(seconds) if seconds < 1.0 else f"{limit} {duration(seconds)}"
    sample = count(estimate["sampled_trials"], "trial")
    threads = count(estimate["threads"], "thread")
    taken = [("Time", f"{spent} on {threads}, estimated from {sample} just simulated on this machine")]
    if estimate["memory_bytes"] is not None:
        taken.append(("Memory", f"about {memory(estimate['memory_bytes'])} at its peak, an estimate too"))
    return taken
