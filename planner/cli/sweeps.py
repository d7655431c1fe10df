"""`planner run` with swept settings: many combinations of settings in one table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from planner.cli.exit import INTERRUPTED, OK
from planner.cli.output import Target

if TYPE_CHECKING:
    from planner.questions.run.simulate import Amount
    from planner.questions.sweep.axes import Point
    from planner.report.blocks import Block
    from planner.scenario.reading.source import Source
    from planner.scenario.scenario import Scenario


def read_sweep(source: Source, settings: list[str]) -> tuple[Scenario, list[Point]]:
    """The scenario, and the points of the sweep; no points where nothing is swept.

    Where something is swept, the scenario is that of the first point.
    """
    from planner.cli.common import explain
    from planner.questions.sweep.axes import SweepError, points_of, split_settings

    with explain(SweepError):
        plain, axes = split_settings(settings)
        base = None if axes else source.scenario(plain)
        if base is not None and not base.sweep:
            return base, []
        points = points_of(source, plain, axes, base)
        return points[0].scenario, points


def run_sweep(
    points: list[Point],
    source: str,
    *,
    amount: Amount,
    seed: int,
    threads: int | None,
    same: Callable[..., str],
    target: Target,
    dry_run: bool,
    verbose: bool,
) -> int:
    """Simulate all points and write their table.

    `same`: the command that does the same again, for trials and a seed.
    """
    from planner.cli.common import explain_limits, explain_precision, print_remarks, work_out
    from planner.cli.output import frame_as_csv
    from planner.cli.progress import progress
    from planner.questions.sweep.sweep import check_limits, simulate_points
    from planner.results.carryover_sentences import labels

    with explain_limits(source):
        check_limits(points)
    if amount.uncertain:
        _check_draws(points, seed)
    if dry_run:
        with explain_precision():
            return _dry_run(points, amount, seed, threads, target)
    with progress("Simulating", quiet=target.quiet) as advance, explain_precision(), _explain_draws():
        result = simulate_points(
            points,
            trials=amount.trials,
            seed=seed,
            threads=threads,
            precision=amount.precision,
            uncertain=amount.uncertain,
            variants=amount.variants,
            progress=advance,
        )
    document = result.to_json()
    warnings = result.warnings(labels(result.base))
    print_remarks(document, verbose, warnings, target)

    def blocks() -> list[Block]:
        from planner.report.pages.sweep import sweep_page
        from planner.report.scenario.context import page_context, with_analyses_of

        stated = amount.trials is not None or amount.precision is not None
        command = same(trials=amount.trials if stated else result.base.simulation.trials, seed=seed)
        described = page_context(result.base, work_out(result.base, source), command)
        return sweep_page(result, with_analyses_of(described, result.scenarios), warnings)

    target.write(document, blocks, lambda: frame_as_csv(result.frame()))
    return INTERRUPTED if result.partial else OK


def _dry_run(points: list[Point], amount: Amount, seed: int, threads: int | None, target: Target) -> int:
    """The combinations that would be simulated."""
    from planner.cli.dry_run import write_foreseen
    from planner.questions.sweep.foreseen import foreseen
    from planner.report.blocks import Column, Sheet

    paths = list(points[0].values)
    rows = [[str(point.values[path]) for path in paths] for point in points]
    sheet = Sheet([Column(path) for path in paths], rows)
    return write_foreseen(target, foreseen(points, amount, seed, threads), [sheet])


def _check_draws(points: list[Point], seed: int) -> None:
    """Before anything is simulated: draws at every point, and none that replace what is swept."""
    from planner.questions.sweep.sweep import check_draws

    with _explain_draws():
        check_draws(points, seed)


def _explain_draws() -> AbstractContextManager[None]:
    """Within, what cannot be averaged over is explained."""
    from planner.cli.common import explain
    from planner.errors import UncertaintyError
    from planner.questions.sweep.axes import SweepError

    return explain(SweepError, UncertaintyError, option="--uncertain")
