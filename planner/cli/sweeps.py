"""`planner run` with swept settings: many combinations of settings in one table."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from planner.cli.files import Target
from planner.cli.problems import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.document import Block
    from planner.sweeping import Point


def swept(source: str, settings: list[str]) -> tuple[list[str], list[Point]]:
    """The plain settings, and the points of the sweep; no points where nothing is swept."""
    from planner.reading import read
    from planner.sweeping import SweepError, points, split

    try:
        plain, axes = split(settings)
        if not axes and not read(source, set=plain).sweep:
            return plain, []
        return plain, points(source, plain, axes)
    except SweepError as error:
        raise Problem(str(error), hint=error.hint) from error


def run_sweep(
    found: list[Point],
    source: str,
    settings: list[str],
    *,
    trials: int | None,
    seed: int,
    threads: int | None,
    precision: float | None,
    target: Target,
    dry_run: bool,
    verbose: bool,
) -> int:
    """Simulate all points and write their table."""
    from planner.cli import files
    from planner.cli.dry_run import of_sweep
    from planner.cli.run import compiling, precisely, remarks
    from planner.console import progress
    from planner.sweeping import simulate_points

    for point in {point.rest: point for point in found}.values():
        files.worked_out(point.scenario, source)
    if dry_run:
        with precisely():
            return of_sweep(found, trials, seed, precision, threads, target)
    compiling(target.quiet)
    with progress("Simulating", quiet=target.quiet) as advance, precisely():
        result = simulate_points(
            found, trials=trials, seed=seed, threads=threads, precision=precision, progress=advance
        )
    document = result.to_json()
    remarks(document, verbose)

    def blocks() -> list[Block]:
        from planner.explain import setting
        from planner.summary_sweep import sweep_document

        words = ["planner", "run", source, *(word for each in settings for word in ("--set", each))]
        command = shlex.join([*words, "--trials", str(result.trials), "--seed", str(seed)])
        described = setting(result.base, files.worked_out(result.base, source), command)
        return sweep_document(document, described, ascii_only=target.ascii_only)

    target.write(document, blocks, lambda: str(result.frame().write_csv()))
    return INTERRUPTED if result.partial else OK
