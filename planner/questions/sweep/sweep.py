"""One scenario at many settings, all from the same virtual patients.

Numbers of patients cost little: they are evaluated in one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, ClassVar, TypeVar

from planner.engine.executors import Progress
from planner.model.looks import monitoring_plan
from planner.model.parameter_draws import check_uncertainty, same_first_variant
from planner.model.stopping.remarks import LimitReport
from planner.questions.limit_errors import cell_keys, limit_errors
from planner.questions.requested import check_numbers, check_whole
from planner.questions.run.assurance import VARIANTS
from planner.questions.run.simulate import Amount
from planner.questions.sweep.axes import Point, SweepError, points_of, remarks_on_looks, split_settings
from planner.results.cells import Cell, WholeTrial
from planner.results.contract import Json, as_json
from planner.results.digest import answer_digest
from planner.results.frames import flatten
from planner.results.provenance import ENGINE, provenance, scenario_named
from planner.results.result import QuestionResult, power_line
from planner.results.run import Run
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.own_methods import OwnMethods
from planner.scenario.reading.read import open_source
from planner.scenario.scenario import Scenario
from planner.scenario.text import count, listed, quote

if TYPE_CHECKING:
    import polars

Swept = TypeVar("Swept", Cell, WholeTrial)

_TABLE_BYTES = 2**28  # of stopping limits in one pass


@dataclass(frozen=True, repr=False)
class Sweep(QuestionResult):
    """The result of a sweep: the runs, each with the points that one pass over the patients answered.

    >>> import planner
    >>> patients = ["design.patients=24,36"]
    >>> swept = planner.sweep("asthma-ab-ba", set=patients, trials=1_024)
    >>> [(cell.sweep, round(cell.power.estimate, 2)) for cell in swept.cells()[1::3]]
    [({'design.patients': 24}, 0.57), ({'design.patients': 36}, 0.75)]
    """

    question: ClassVar = "sweep"

    base: Scenario  # without what is swept
    name: str
    passes: tuple[tuple[Run, tuple[int, ...]], ...]  # each with the numbers of its points
    all_points: tuple[Json, ...]  # the settings of each, by path
    remarks: tuple[str, ...] = ()  # warnings beside those that follow from the figures

    @property
    def partial(self) -> bool:
        """Whether the sweep was interrupted before all trials were done."""
        return any(run.partial for run, _ in self.passes) or len(self.finished) < len(self.all_points)

    @property
    def finished(self) -> list[int]:
        """The numbers of the points that have figures."""
        return sorted(number for _, numbers in self.passes for number in numbers)

    @property
    def trials(self) -> int:
        """Trials of each point; of the one with fewest, where the sweep was interrupted."""
        return min((run.trials for run, _ in self.passes), default=0)

    @property
    def scenarios(self) -> list[Scenario]:
        """Of every pass over the patients."""
        return [run.scenario for run, _ in self.passes]

    def cells(self) -> list[Cell]:
        """The cells of all points, in order of the points, each with its settings as `sweep`."""
        return self._in_order(lambda run: run.cells())

    def cells_with_carryover(self) -> list[Cell]:
        """The cells with what carryover does to each estimate."""
        return self._in_order(lambda run: run.cells_with_carryover())

    def whole_trials(self) -> list[WholeTrial]:
        """All primary analyses together, for each hypothesis at every point, in order of the points."""
        return self._in_order(lambda run: run.whole_trials(run.cells()))

    def _in_order(self, rows: Callable[[Run], Sequence[Swept]]) -> list[Swept]:
        """Rows of all passes, in each of which the numbers of patients vary fastest, by point."""
        placed: list[tuple[int, int, Swept]] = []
        for run, numbers in self.passes:
            for i, row in enumerate(rows(run)):
                number = numbers[i % len(numbers)]
                placed.append((number, i // len(numbers), replace(row, sweep=self.all_points[number])))
        return [row for _, _, row in sorted(placed, key=lambda each: each[:2])]

    def frame(self) -> polars.DataFrame:
        """The cells as a tidy table, one row each; swept settings as `sweep_PATH`."""
        import polars

        return polars.DataFrame(
            [flatten(cell) for cell in self.cells_with_carryover()], infer_schema_length=None
        )

    def _about(self) -> str:
        done = f"{len(self.finished):,} of " if self.partial else ""
        return f"{self.name}, {done}{count(len(self.all_points), 'point')} of {count(self.trials, 'trial')}"

    def _lines(self) -> Iterator[str]:
        for cell in self.cells():
            at = ", ".join(f"{path} {quote(value)}" for path, value in cell.sweep.items())
            yield power_line(f"{at}: {cell.hypothesis}, {cell.analysis}", cell.power, cell.is_null)

    def digest(self) -> str:
        """Name of the result: the same sweep, seed, trials and engine give the same digest everywhere."""
        return answer_digest(
            "sweep",
            ENGINE,
            [self.base, *(run.scenario for run, _ in self.passes)],
            hypotheses=self.base.simulated_hypotheses,
            seed=self.seed,
            trials=[run.trials for run, _ in self.passes],
            options={"points": self.all_points, "passes": [numbers for _, numbers in self.passes]},
            sums=[run.digest() for run, _ in self.passes],
        )

    def to_json(self) -> Json:
        """The `planner.run/1` object, its cells with `sweep`."""
        return {
            "schema": "planner.run/1",
            "scenario": scenario_named(self.name, self.base),
            "run": provenance(
                self.digest(),
                {"trials": self.trials, "seed": self.seed},
                seconds=sum(run.outcome.seconds for run, _ in self.passes),
                simulated=sum(run.trials for run, _ in self.passes),
            )
            | ({} if self.variants is None else {"variants": self.variants}),
            "cells": as_json(self.cells_with_carryover()),
            "trial": as_json(self.whole_trials()),
            "limits": self._limits(),
            "partial": self.partial,
            "warnings": self.warnings(),
            **({"uncertain": as_json(uncertain_numbers(self.base))} if self.variants is not None else {}),
        }

    @property
    def variants(self) -> int | None:
        """How many variants of what is uncertain are averaged over at each point; None if none are."""
        return min((run.variants for run, _ in self.passes if run.variants is not None), default=None)

    @property
    def seed(self) -> int:
        return self.passes[0][0].outcome.cells.seed

    @property
    def limits(self) -> list[LimitReport]:
        """What the limits can do at each point, pass by pass."""
        return [limit for run, _ in self.passes for limit in run.limits]

    def _limits(self) -> list[Json]:
        """The same in JSON, with the settings of the point as `sweep`."""
        return [
            limit.to_json() | {"sweep": self.all_points[numbers[i % len(numbers)]]}
            for run, numbers in self.passes
            for i, limit in enumerate(run.limits)
        ]

    def warnings(self, label: Callable[[str], str] = str) -> list[str]:
        """What must not be overlooked. `label`: what a hypothesis is called there."""
        warnings = list(self.remarks)
        if self.partial:
            warnings.append(
                f"interrupted: {len(self.finished):,} of {len(self.all_points):,} combinations have figures, "
                f"of at least {self.trials:,} trials"
            )
        for run, numbers in self.passes:
            whole = replace(run, outcome=replace(run.outcome, partial=False), remarks=())
            at = ", ".join(
                f"{path} {quote(value)}" for path, value in _common(self.all_points, numbers).items()
            )
            cells = [replace(cell, type1_at_limit=None) for cell in run.cells_with_carryover()]  # a column
            own = whole.warnings(cells, label)
            warnings += [f"{at}: {warning}" if at else warning for warning in own]
        return list(dict.fromkeys(warnings))


def _common(values: Sequence[Json], numbers: Sequence[int]) -> Json:
    """The settings that the points of a pass have in common."""
    first = values[numbers[0]]
    return {k: v for k, v in first.items() if all(values[n][k] == v for n in numbers)}


def sweep(
    source: str | FilePath,
    set: Sequence[str] = (),
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    precision: float | None = None,
    uncertain: bool = False,
    variants: int | None = None,
    progress: Progress | None = None,
    methods: OwnMethods | None = None,
) -> Sweep:
    """Read a scenario, and simulate it at every combination of the swept settings of `set`, or of its own.

        sweep("asthma-ab-ba", set=["design.patients=12:60:4"], trials=10_000).frame()

    `methods`: analyses of your own that it may name, as of `read`. Other options as of `simulate_points`.
    Raises SweepError and ScenarioError as `points_of` does.

    >>> import planner
    >>> patients = ["design.patients=24,36"]
    >>> print(planner.sweep("asthma-ab-ba", set=patients, trials=1_024))
    Sweep of asthma-ab-ba, 2 points of 1,024 trials, digest d789bd8a8c61
      design.patients 24: published, hills-armitage: power 99.9 ± 0.2 %
      design.patients 24: minimal-important, hills-armitage: power 57 ± 2 %
      design.patients 24: no-difference, hills-armitage: type I error 5.0 ± 0.7 %
      design.patients 36: published, hills-armitage: power 100.0 ± 0.1 %
      design.patients 36: minimal-important, hills-armitage: power 75 ± 1 %
      design.patients 36: no-difference, hills-armitage: type I error 5.6 ± 0.7 %
    """
    return simulate_points(
        points_of(open_source(source, methods), *split_settings(set)),
        trials=trials,
        seed=seed,
        threads=threads,
        precision=precision,
        uncertain=uncertain,
        variants=variants,
        progress=progress,
    )


def simulate_points(
    points: Sequence[Point],
    *,
    trials: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    precision: float | None = None,
    uncertain: bool = False,
    variants: int | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Simulate the scenario at every point (see `points_of`), with the same virtual patients.

    `precision`: add trials, at most `trials`, until the headline figures of all points are that precise.
    `uncertain`, `variants`: as in `simulate`; all points have the same draws of what is uncertain. Raises
    UncertaintyError where nothing is, SweepError where what is swept is drawn anew whatever it is.
    progress(done, all) counts the trials of every pass. Ctrl-C: what is finished is returned, marked partial;
    KeyboardInterrupt if nothing is. Raises BoundaryError as `check_limits` does.
    """
    check_whole(trials=trials, seed=seed, threads=threads, variants=variants)
    check_numbers(precision=precision)
    check_limits(points)
    base = points[0].scenario
    seed = base.simulation.seed if seed is None else seed
    if uncertain:
        check_draws(points, seed)
    if precision is None and trials is None:
        trials = base.simulation.trials
    amount, numbers = Amount(trials, precision, uncertain, variants), points_by_pass(points)
    sized = [[points[n].scenario for n in group] for group in numbers]
    passes = [amount.new_pass(each[0], seed, sized=each) for each in sized]
    if not amount.fits(passes):
        raise SweepError(
            f"{variants or VARIANTS:,} variants at each of {len(points):,} settings do not fit into memory",
            "fewer variants or hypotheses, or larger steps; numbers of patients cost least",
        )
    results = amount.simulate(passes, threads, progress)
    runs = tuple(
        (_with_limit_errors(run), tuple(group)) for run, group in zip(results.runs, numbers, strict=False)
    )
    remarks = (*remarks_on_looks(points), *results.remarks)
    return Sweep(base, base.name, runs, tuple(point.values for point in points), remarks)


def _with_limit_errors(run: Run) -> Run:
    """The run with the type I errors at scaled limits that are known exactly."""
    return replace(run, limit_errors=limit_errors(run.scenario, cell_keys(run), exact_alone=True))


def check_limits(points: Sequence[Point]) -> None:
    """Solve the limits of all points; BoundaryError where one has none, before anything is simulated."""
    lasts = {point.rest: point for point in points}.values()
    for scenario in (point.scenario for point in (*lasts, *points)):
        for analysis in scenario.analyses:
            monitoring_plan(scenario, analysis, scenario.design.patients)


def check_draws(points: Sequence[Point], seed: int) -> None:
    """Raise UncertaintyError where nothing is uncertain, SweepError where draws replace what is swept."""
    for point in points:
        check_uncertainty(point.scenario)
    pair = same_first_variant([point.scenario for point in points], seed)
    if pair is not None:
        one, other = (points[i].values for i in pair)
        names = listed([path for path in one if one[path] != other[path]])
        raise SweepError(
            f"{names}: swept and uncertain at once, so that the drawn values replace the swept ones",
            "sweep the parameters of the distribution, or say nothing of it while the number is swept",
        )


def points_by_pass(points: Sequence[Point]) -> list[list[int]]:
    """Numbers of the points that differ only in the number of patients, and so need one pass together."""
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for number, point in enumerate(points):
        groups.setdefault(point.rest, []).append(number)
    pieces = []
    for group in groups.values():
        scenarios = [points[n].scenario for n in group]
        most = max(s.design.patients for s in scenarios)
        looks = max(len(s.monitoring.counts) for s in scenarios)
        alone = scenarios[0].monitoring.adaptive is not None  # its second stage depends on the number
        size = 1 if alone else max(1, _TABLE_BYTES // (looks * 4 * 8 * (most + 3)))
        pieces += [group[i : i + size] for i in range(0, len(group), size)]
    return pieces
