"""Power curves over the number of patients, from passes over nested patients that stay within memory.

Patient j of trial i is the same for every number of patients, so that one pass gives many points of a curve
and a curve is smooth. Each point keeps the figures of the pass with the most trials.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from planner.engine.executors import Progress
from planner.engine.grown import GrownRuns
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.kernels.tables import ENDS, LIMITS, SUMS, W
from planner.model.looks import monitoring_plan
from planner.model.readings import readings_of
from planner.monitoring.errors import BoundaryError
from planner.questions.run.assurance import AssurancePass, Pool
from planner.results.assurance import AssuranceRun
from planner.results.cells import Cell, VariantFigures
from planner.results.design_effect import APPROXIMATE
from planner.results.run import Run
from planner.results.variant_figures import VariantPowers
from planner.scenario.scenario import Scenario

Key = tuple[str, str]  # hypothesis, analysis
Points = Mapping[int, Cell]  # by number of patients

_BYTES = 64 * 2**20  # of limit tables in a pass, and of virtual patients in a thread


class Interrupted(Exception):
    """Ctrl-C: what has been evaluated is all there is."""


class Curves:
    """The points evaluated so far, and how to evaluate more."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int | None = None,
        threads: int | None = None,
        progress: Progress | None = None,
        variants: int | None = None,
        drawn_as: Mapping[str, str] | None = None,
    ) -> None:
        self.scenario = scenario
        self.variants = variants  # at most so many, of 128 trials each; None: nothing is uncertain
        self.drawn_as = drawn_as or {}  # hypotheses whose uncertain numbers are drawn as those of another
        self.seed = scenario.simulation.seed if seed is None else seed
        self.threads = threads
        self.trials = 0  # of all passes together, each counted whole though it may go on from another
        self.passed: list[str] = []  # digest of each pass, in turn: the search has no chance of its own
        self.impossible: set[int] = set()  # numbers of patients for which no stopping limits exist
        self.approximate = False  # whether the errors of any point are, for want of trials
        self.later = 0  # trials that will probably follow those of the present evaluation, for the progress
        self._progress = progress
        self._points: dict[Key, dict[int, Cell]] = {}
        self._powers: dict[tuple[Key, int], VariantPowers | None] = {}
        self._runs = GrownRuns()  # passes go on from earlier ones of the same patients
        self._pool: Pool | None = None  # of the hypotheses that were asked for last

    @property
    def simulated(self) -> int:
        """Trials that were made for all of this: what a pass takes over from another counts once."""
        return self._runs.simulated if self.variants is None else self.trials

    def points(self, hypothesis: str, analysis: str) -> Points:
        """The curve of a hypothesis and an analysis, by increasing number of patients.

        Without `uncertainty`, which takes longer than all else: `variant_figures` has it where it is wanted.
        """
        return dict(sorted(self._points.get((hypothesis, analysis), {}).items()))

    def variant_figures(self, key: Key, patients: int) -> VariantFigures | None:
        """How far the variants differ at a point of a curve; None where nothing is uncertain."""
        powers = self._powers[key, patients]
        return None if powers is None else powers.figures()

    def like(self, scenario: Scenario, drawn_as: Mapping[str, str] | None = None) -> Curves:
        """Curves of another scenario, counting its trials and telling its progress with these."""
        other = Curves(
            scenario,
            seed=self.seed,
            threads=self.threads,
            progress=self._progress,
            variants=self.variants,
            drawn_as=drawn_as,
        )
        other.trials, other.passed, other.later = self.trials, self.passed, self.later
        other._runs = self._runs
        return other

    def evaluate(self, hypotheses: Sequence[str], patients: Iterable[int], trials: int) -> None:
        """Simulate `trials` trials at each number of patients. Raises Interrupted after Ctrl-C."""
        possible = [n for n in sorted(set(patients)) if self._possible(n)]
        pieces = list(self._pieces(hypotheses, possible))
        for k, (names, numbers) in enumerate(pieces):
            self._pass(names, numbers, trials, later=(len(pieces) - k - 1) * trials)

    def _pass(self, names: Sequence[str], patients: Sequence[int], trials: int, later: int) -> None:
        only = self.scenario.simulation.model_copy(update={"hypotheses": tuple(names)})
        scenario = self.scenario.model_copy(update={"simulation": only})
        before, progress = self.trials, self._progress

        def advance(done: int, total: int) -> None:
            if progress is not None:
                progress(before + done, before + total + later + self.later)

        try:
            run = self._run(scenario, patients, trials, advance)
        except KeyboardInterrupt:
            raise Interrupted from None
        self.trials += run.trials
        self.passed.append(run.digest())
        points = run.points() if isinstance(run, AssuranceRun) else [(cell, None) for cell in run.cells()]
        for cell, powers in points:
            key = cell.hypothesis, cell.analysis
            curve = self._points.setdefault(key, {})
            self.approximate |= cell.note.endswith(APPROXIMATE)
            earlier = curve.get(cell.patients)
            if earlier is None or earlier.trials < cell.trials:
                curve[cell.patients] = cell
                self._powers[key, cell.patients] = powers
        if run.partial:
            raise Interrupted

    def _run(self, scenario: Scenario, patients: Sequence[int], trials: int, advance: Progress) -> Run:
        """Plain power; where numbers are uncertain, assurance over as many variants as there are tiles."""
        if self.variants is None:
            work = _without_primary(job_of(scenario, seed=self.seed, patients=patients))
            outcome = self._runs.run(work, trials, threads=self.threads, progress=advance)
            return Run(scenario, scenario.name, outcome)
        count = max(trials // W, 1)
        names = scenario.simulated_hypotheses
        if self._pool is None or self._pool.names != names:
            self._pool = Pool(scenario, self.seed, names, self.drawn_as)
        part = AssurancePass(scenario, count, seed=self.seed, patients=patients, pool=self._pool)
        part.work = _without_primary(part.work)
        part.grow(trials, self.threads, advance)
        return part.result()

    def _possible(self, patients: int) -> bool:
        """Whether stopping limits exist: stated ones may not fit where a look is left out."""
        if patients in self.impossible:
            return False
        try:
            for analysis in self.scenario.analyses:
                monitoring_plan(self.scenario, analysis, patients)
        except BoundaryError:
            self.impossible.add(patients)
            return False
        return True

    def _pieces(self, names: Sequence[str], patients: Sequence[int]) -> Iterator[tuple[list[str], list[int]]]:
        """Hypotheses and numbers of patients small enough to be held in memory together."""
        if not patients:
            return
        scenario, most = self.scenario, max(patients)
        readings = len(readings_of(scenario))
        patient = readings * scenario.design.periods * W * 8
        together = max(1, _BYTES // (most * patient))
        tests = min(together, len(names)) * len(scenario.analyses)
        table = tests * len(scenario.monitoring.counts) * LIMITS * 8 * (most + 2)
        if self.variants is not None:  # the sums of every variant are kept
            table += tests * self.variants * len(scenario.monitoring.counts) * ENDS * SUMS * 2
        at_once = max(1, _BYTES // table)
        for i in range(0, len(names), together):
            for j in range(0, len(patients), at_once):
                yield list(names[i : i + together]), list(patients[j : j + at_once])


def _without_primary(work: Job) -> Job:
    """A job that does not count analyses together: each has a curve of its own."""
    return replace(work, cells=replace(work.cells, primary=()))


def span(points: Points, target: float, errors: float | None = None) -> tuple[int, int | None]:
    """(largest number surely below the target, or 0; smallest from which all are surely at it or above).

    Surely: beyond so many Monte Carlo standard errors; by default, outside the 95 % interval.
    """
    below, above = 0, None
    for n in sorted(points):
        power = points[n].power
        ends = power.interval
        if errors is not None:
            ends = power.estimate - errors * power.error, power.estimate + errors * power.error
        if ends[1] < target:
            below = n
        if ends[0] < target:
            above = None
        elif above is None:
            above = n
    return below, above


def trials_after(trials: int, enough: float, growth: int, most: int) -> int:
    """Trials of all passes behind one of so many, each `growth` times as large, until one has enough."""
    total = 0
    while trials < min(enough, most):
        trials = min(growth * trials, most)
        total += trials
    return total


def first_enough(points: Points, target: float) -> int | None:
    """The smallest number of patients from which power stays at or above the target."""
    first = None
    for n in sorted(points):
        if points[n].power.estimate < target:
            first = None
        elif first is None:
            first = n
    return first


def grid(low: int, high: int, unit: int, ratio: float = 1.15) -> list[int]:
    """Multiples of the unit above `low` up to `high`, each about `ratio` times the one before."""
    numbers, n = [], low
    while n < high:
        n = min(max(n + unit, math.floor(n * ratio / unit) * unit), high)
        numbers.append(n)
    return numbers
