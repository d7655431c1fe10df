"""`planner run --sensitivity`: the power with every assumption a step off."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from planner.cli.exit import INTERRUPTED, OK
from planner.cli.output import Target

if TYPE_CHECKING:
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario


def run_sensitivity(
    plan: Scenario,
    source: str,
    same: Callable[..., str],
    *,
    step: float,
    trials: int,
    seed: int,
    threads: int | None,
    target: Target,
    dry_run: bool,
    verbose: bool,
) -> int:
    """Simulate all variants and write what they change.

    `same`: the command that does the same again, for the options that are given to it.
    """
    from planner.cli.common import explain, print_remarks, work_out
    from planner.cli.output import frame_as_csv
    from planner.cli.progress import progress
    from planner.questions.sensitivity.assumptions import SensitivityError, assumptions
    from planner.questions.sensitivity.sensitivity import sensitivity
    from planner.results.carryover_sentences import labels

    follows = work_out(plan, source)
    with explain(SensitivityError, option="--sensitivity"):
        varied = assumptions(plan, step)
    if dry_run:
        from planner.cli.dry_run import write_foreseen
        from planner.questions.sensitivity.foreseen import foreseen
        from planner.report.blocks import Heading, Items

        more: list[Block] = [Heading("What is varied"), Items([each.path for each in varied])]
        return write_foreseen(target, foreseen(plan, varied, trials, seed, threads), more)
    with progress("Simulating", quiet=target.quiet) as advance:
        result = sensitivity(
            plan, step=step, varied=varied, trials=trials, seed=seed, threads=threads, progress=advance
        )
    document = result.to_json()
    warnings = result.warnings(result.cells(), labels(plan))
    print_remarks(document, verbose, warnings, target)

    def blocks() -> list[Block]:
        from planner.report.pages.sensitivity import sensitivity_page
        from planner.report.scenario.context import page_context

        command = same(sensitivity=True, sensitivity_step=step, trials=trials, seed=seed)
        return sensitivity_page(result, page_context(plan, follows, command), warnings)

    target.write(document, blocks, lambda: frame_as_csv(result.frame()))
    return INTERRUPTED if result.partial else OK
