"""What a simulation would do and take, as blocks."""

from __future__ import annotations

from collections.abc import Sequence

from planner.questions.effort import EffortEstimate
from planner.questions.foreseen import Foreseen
from planner.report.blocks import Block, Facts, Heading
from planner.results.number_text import duration, memory
from planner.scenario.text import count


def dry_run_page(foreseen: Foreseen, more: Sequence[Block] = ()) -> list[Block]:
    """What is foreseen, with the estimated time and memory, before more blocks."""
    return [Heading(foreseen.title, 1), Facts([*foreseen.facts, *_taken(foreseen.effort)]), *more]


def _taken(estimate: EffortEstimate) -> list[tuple[str, str]]:
    limit = "at most about" if estimate.at_most else "about"
    seconds = estimate.seconds
    spent = duration(seconds) if seconds < 1.0 else f"{limit} {duration(seconds)}"
    sample = count(estimate.sampled_trials, "trial")
    threads = count(estimate.threads, "thread")
    taken = [("Time", f"{spent} on {threads}, estimated from {sample} just simulated on this machine")]
    if estimate.memory_bytes is not None:
        taken.append(("Memory", f"about {memory(estimate.memory_bytes)} at its peak, an estimate too"))
    return taken
