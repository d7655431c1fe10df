"""Power averaged over uncertain numbers: the assurance of O'Hagan, Stevens and Campbell (2005).

The trials are divided over variants of the scenario, in each of which every uncertain number has a drawn
value. Each variant has trials of its own; together they are those of a run without uncertainty. For a
precision, variants are added, each with the same number of trials.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from planner.engine.executors import GoOn, Parts, Progress, WorkerMemory, executor, pieces
from planner.engine.generators import Generator, generators_of
from planner.engine.job import job_like, job_of
from planner.engine.lowered import Job
from planner.engine.potential_outcomes import truths
from planner.engine.run import memory_of, tally_of
from planner.engine.simulation import Simulation
from planner.engine.tally import Tally
from planner.engine.workspace import Workspace, block_size, new_workspace
from planner.kernels.tables import Plan, W
from planner.model.allocation import allocation_plan, retention
from planner.model.estimand import Truth
from planner.model.families.kept import keeping
from planner.model.parameter_draws import Variants, check_uncertainty
from planner.model.readings import readings_of
from planner.results.assurance import AssuranceRun
from planner.results.between_draws import VariantTallies
from planner.results.contract import Json
from planner.results.run import Run
from planner.scenario.scenario import Scenario

VARIANTS = 500
"""Variants of a run, by default."""

MOST_VARIANTS = 100_000

VARIANT_TRIALS = 1_024
"""Trials of a variant where a precision decides how many variants there are: eight tiles.

Making a variant takes as long as several thousand trials of it.
"""

_TRUTH_TILES = 16  # of 128 patients, for the true effects of a variant
_KEPT = 2048  # variants that a pool of one hypothesis keeps; fewer of more hypotheses


def simulate_variants(
    scenario: Scenario,
    *,
    trials: int | None = None,
    count: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    patients: Sequence[int] | None = None,
    name: str = "",
) -> Run:
    """Simulate `count` variants of a scenario (default 500), which share the trials, and average over them.

    The trials of a variant begin at a multiple of 128; where there are too few trials for so many variants,
    fewer are drawn. Raises UncertaintyError where nothing is uncertain. Ctrl-C: as in `run_job`.
    """
    check_uncertainty(scenario)
    one = AssurancePass(scenario, count or VARIANTS, seed=seed, patients=patients, name=name)
    one.grow(trials or scenario.simulation.trials, threads, progress)
    return one.result()


class AssurancePass:
    """Variants of a scenario, each with its own trials: as many as they are given, or growing in number.

    `count`: the variants that share all trials; None: as many as there are times 1,024 trials. `sized`: the
    scenario at each number of patients, in place of `patients`, as of `job_of`. `pool`: variants of the
    same scenario, seed and hypotheses that were made before. Where nothing is uncertain all are the same.
    """

    def __init__(
        self,
        scenario: Scenario,
        count: int | None,
        *,
        seed: int | None = None,
        patients: Sequence[int] | None = None,
        sized: Sequence[Scenario] | None = None,
        name: str = "",
        pool: Pool | None = None,
    ) -> None:
        self.scenario, self.count, self.name = scenario, count, name or scenario.name
        self.seed = scenario.simulation.seed if seed is None else seed
        self.names = scenario.simulated_hypotheses
        work = job_of(scenario, seed=self.seed, patients=patients, sized=sized, truth_tiles=_TRUTH_TILES)
        # Variants have whole tiles of their own: what lists do to errors is in the spread between variants.
        self.work = replace(work, cells=replace(work.cells, listed=False))
        self._pool = pool or Pool(scenario, self.seed, self.names, keep=False)
        self._variants = Parts[int, SimulatedVariant]()  # those that are finished, by number
        self._begun = 0  # variants: more than are finished where Ctrl-C has cut them
        self._seconds = 0.0
        self._interrupted = False

    @property
    def trials(self) -> int:
        return sum(each.tally.trials for each in self._variants.values())

    @property
    def variant_bytes(self) -> int:
        """About what is kept of a variant: its sums, and as much again for all that holds them."""
        sums = self.work.cells.empty()
        kept = sums.ends, sums.free, sums.irregular, sums.followed, sums.guessed, sums.parts
        return 2 * sum(each.nbytes for each in kept)

    def grow(self, total: int, threads: int | None, progress: Progress | None) -> bool:
        """As `Pass.grow`; without a count, `total` is a multiple of 1,024."""
        began, first = time.perf_counter(), self._begun
        stretches = shares(total, self.count or total // VARIANT_TRIALS)
        work = VariantWork(self.work, self._pool, tuple(stretches))
        todo = pieces(first, len(stretches), 1)
        trials = sum(each for _, each in stretches[first:])
        done = executor(threads).add_up(work, todo, trials, progress)
        self._variants.add(done.value)
        self._begun, self._interrupted = len(stretches), done.interrupted
        self._seconds += time.perf_counter() - began
        if done.interrupted and not done.value:
            raise KeyboardInterrupt
        return not done.interrupted

    def result(self, cut: bool = False) -> Run:
        """The average over the variants that are finished."""
        finished = sorted(self._variants)
        variants = [self._variants[i] for i in finished]
        total = self.work.cells.empty()
        for each in variants:
            total.add(each.tally)
        rows = [[each.truths[name] for name in self.names] for each in variants]
        drawn = VariantTallies(
            tuple(each.tally for each in variants),
            np.array([[[truth.effect for truth in row] for row in each] for each in rows]),
            np.array([[[truth.is_null for truth in row] for row in each] for each in rows]),
            tuple(each.retention for each in variants),
            tuple(finished),
        )
        partial = cut or len(finished) < self._begun
        outcome = Simulation(self.work.cells, total, self._seconds, partial, cut or self._interrupted)
        return AssuranceRun(self.scenario, self.name, outcome, drawn=drawn)


class SimulatedVariant(NamedTuple):
    """What is kept of a variant."""

    tally: Tally
    truths: dict[str, list[Truth]]  # by hypothesis
    retention: float | None


@dataclass(frozen=True, slots=True)
class VariantWork:
    """Variants as work for an executor: a piece is some of them, and gives each that was not cut."""

    job: Job  # of which those of the variants have the shape
    pool: Pool
    stretches: tuple[tuple[int, int], ...]  # (first, trials) of each variant
    compiles: bool = True

    @property
    def tiles(self) -> int:
        """Of a block: a variant has few, and patients beyond its trials would be made for nothing."""
        most = max((trials for _, trials in self.stretches), default=W)
        return min(block_size(self.job), -(-most // W))

    @property
    def need(self) -> WorkerMemory:
        return memory_of(self.job, self.tiles)

    def empty(self) -> Parts[int, SimulatedVariant]:
        return Parts()

    def space(self) -> Workspace:
        return new_workspace(self.job, self.tiles)

    def do(self, first: int, number: int, space: Workspace, go_on: GoOn) -> Parts[int, SimulatedVariant]:
        variants = self.empty()
        for i in range(first, first + number):
            made, (start, trials) = self.pool[i], self.stretches[i]
            job = job_like(self.job, made.plan, made.generators, made.truths)
            tally = tally_of(job, start, trials, space, go_on)
            if tally.trials < trials:
                break
            variants[i] = SimulatedVariant(tally, made.truths, made.retention)
        return variants


def shares(trials: int, count: int) -> list[tuple[int, int]]:
    """(first, trials) of each variant: whole tiles of 128 trials, shared as evenly as they can be.

    Together they are the trials 0 .. trials - 1 of a run without uncertainty.
    """
    tiles = -(-trials // W)
    count = min(count, tiles)
    edges = [tiles * i // count * W for i in range(count + 1)]
    return [(a, min(b, trials) - a) for a, b in pairwise(edges)]


class Lowered(NamedTuple):
    """A variant as the engine needs it, whatever the number of patients."""

    truths: dict[str, list[Truth]]  # by hypothesis
    retention: float | None
    plan: Plan
    generators: tuple[Generator, ...]


class Pool:
    """The variants of a scenario under some hypotheses; making one takes longer than a thousand trials of it.

    The first ones are kept, to be used again with other numbers of patients. `drawn_as`: see Variants.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int,
        names: tuple[str, ...],
        drawn_as: Mapping[str, str] = MappingProxyType({}),
        keep: bool = True,
    ) -> None:
        self.seed, self.names = seed, names
        self._variants = Variants(scenario, seed, names, drawn_as)
        self._kept: dict[int, Lowered] = {}
        self._most = _KEPT // len(names) if keep else 0

    def __getstate__(self) -> Json:
        """Without the variants that are kept: whoever is sent the pool makes its own."""
        return {**self.__dict__, "_kept": {}}

    def __getitem__(self, i: int) -> Lowered:
        lowered = self._kept.get(i)
        if lowered is None:
            lowered = self._lower(i)
            if i < self._most:
                self._kept[i] = lowered
        return lowered

    def _lower(self, i: int) -> Lowered:
        """True effects come from patients of the variant's own."""
        variant = self._variants[i]
        with keeping():
            effects = truths(variant, self.names, self.seed, _TRUTH_TILES, first=(i + 1) * _TRUTH_TILES)
            generators = generators_of(variant, self.names, readings_of(variant))
        return Lowered(effects, retention(variant), allocation_plan(variant), generators)
