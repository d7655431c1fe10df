"""Blocks of trials through generate, analyse, decide, on every core: the only module that runs the kernels.

A run is cut into chunks, a chunk into blocks of a few tiles of 128 trials. Generated patients are shared by
every analysis and every number of patients asked for: each design reads the first so many of them. Thread
count, chunk and block decide nothing: every trial is addressed by its number, and what is kept of it is
added as integers.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner.analyses import statistic
from planner.kernels.decide import decide
from planner.kernels.means import allocate, generate
from planner.kernels.rng import W
from planner.kernels.tables import STATISTICS, Floats, Ints, MeansWorld, Plan, Rules
from planner.monitoring import Looks, interval_table, limit_table, looks
from planner.scenario import Analysis, Means, Scenario
from planner.tally import Tally
from planner.truth import is_null, true_effect
from planner.world import AFTER, contrast_weights, means_world, period_weights, plan, typical_sd

Progress = Callable[[int, int], None]

_BLOCK_TILES = 8
_BLOCK_BYTES = 4 * 2**20  # generated values of a block stay within a core's cache
_CHUNK_SECONDS = 0.02
_PATIENT_SECONDS = 1e-8  # rough time of one patient under one hypothesis; only sizes the chunks
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Test:
    """One analysis under one hypothesis: what is true, and what the kernels need to judge it."""

    hypothesis: str
    analysis: Analysis
    true_effect: float
    is_null: bool
    looks: tuple[Looks, ...]  # one for each design
    unit: float  # points; errors of the estimate are summed in 2^-32 of it
    rules: Rules


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a block needs, as arrays; made once for a run."""

    seed: int
    plan: Plan
    world: MeansWorld
    patients: int  # the most that any design needs
    counts: Ints  # (look,) every number of finished patients at which anything is evaluated
    tests: tuple[tuple[Test, ...], ...]  # [hypothesis][analysis]
    weights: tuple[Floats, ...]  # [analysis] (sequence, period)
    kernels: tuple[Any, ...]  # [analysis] its compiled statistic
    designs: tuple[int, ...]  # numbers of patients
    width: int  # most looks of any design

    def empty(self) -> Tally:
        """A tally of the job's shape."""
        return Tally.empty(len(self.tests), len(self.kernels), len(self.designs), self.width)


def job(scenario: Scenario, *, seed: int | None = None, patients: Sequence[int] | None = None) -> Job:
    """Lower a scenario, for one or several numbers of patients (default: the scenario's own)."""
    designs = tuple(patients or (scenario.design.patients,))
    names = scenario.simulation.hypotheses or tuple(scenario.hypotheses)
    hypotheses = [scenario.hypotheses[name] for name in names]
    plans = [[looks(scenario, analysis, n) for n in designs] for analysis in scenario.analyses]
    counts = sorted({m for row in plans for each in row for m in each.counts})
    tests = tuple(
        tuple(
            _test(scenario, name, hypothesis, analysis, row, counts)
            for analysis, row in zip(scenario.analyses, plans, strict=True)
        )
        for name, hypothesis in zip(names, hypotheses, strict=True)
    )
    return Job(
        seed=scenario.simulation.seed if seed is None else seed,
        plan=plan(scenario),
        world=means_world(scenario, hypotheses, visits=[AFTER]),
        patients=max(designs),
        counts=np.array(counts, np.int64),
        tests=tests,
        weights=tuple(
            period_weights(scenario, contrast_weights(scenario, a.contrast)) for a in scenario.analyses
        ),
        kernels=tuple(statistic(a.method) for a in scenario.analyses),
        designs=designs,
        width=max(len(each.counts) for row in plans for each in row),
    )


def _test(
    scenario: Scenario,
    name: str,
    hypothesis: Means,
    analysis: Analysis,
    plans: Sequence[Looks],
    counts: Sequence[int],
) -> Test:
    effect = true_effect(scenario, hypothesis, contrast_weights(scenario, analysis.contrast))
    direction = plans[0].direction
    total, _ = typical_sd(hypothesis)
    unit = total if total > 0.0 else 1.0
    most = counts[-1]
    at = {m: i for i, m in enumerate(counts)}
    width = max(len(each.counts) for each in plans)
    index = np.full((len(plans), width), -1, np.int64)
    for d, each in enumerate(plans):
        index[d, : len(each.counts)] = [at[m] for m in each.counts]
    rules = Rules(
        look=index,
        limit=limit_table(plans, most),
        interval=interval_table(analysis.alpha, direction, most),
        sides={"two-sided": 0, "greater": 1, "less": -1}[direction],
        futile=any(z > -np.inf for each in plans for z in each.boundary.futility_z),
        centre=np.array([effect, unit]),
    )
    return Test(name, analysis, effect, is_null(effect, direction), tuple(plans), unit, rules)


@dataclass(slots=True)
class _Workspace:
    """The arrays of one thread, made once and used for every block."""

    tiles: int
    sequence: Ints
    values: Floats
    stat: Floats


def _workspace(work: Job, tiles: int | None) -> _Workspace:
    hypotheses, periods = len(work.tests), work.plan.leave.size
    readings = work.world.visits.size
    tile = work.patients * hypotheses * readings * periods * W * 8
    tiles = tiles or max(1, min(_BLOCK_TILES, _BLOCK_BYTES // tile))
    return _Workspace(
        tiles,
        np.zeros((tiles, work.patients), np.int64),
        np.empty((tiles, work.patients, hypotheses, readings, periods * W)),
        np.empty((work.counts.size, tiles, STATISTICS * W)),
    )


def _block(work: Job, space: _Workspace, first: int, trials: int, tally: Tally) -> None:
    """Add the trials first .. first + trials - 1, at most a block; first is a multiple of a tile."""
    seed = np.uint64(work.seed)
    allocate(first, seed, work.plan.block, space.sequence)
    generate(first, seed, work.plan, work.world, space.sequence, space.values)
    for h, tests in enumerate(work.tests):
        for a, test in enumerate(tests):
            work.kernels[a](
                space.values, h, 0, space.sequence, work.weights[a], test.true_effect, work.counts, space.stat
            )
            decide(space.stat, test.rules, trials, tally.ends[h, a], tally.free[h, a])
    tally.trials += trials


@dataclass(slots=True)
class _Crew:
    """The state that threads share: each has its own workspace, all see one stop flag."""

    work: Job
    block_tiles: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    done: list[int] = field(default_factory=list)  # trials finished, a number appended per block
    own: threading.local = field(default_factory=threading.local)

    def chunk(self, first: int, trials: int) -> Tally:
        """Trials first .. first + trials - 1; fewer if the run is stopped meanwhile."""
        if not hasattr(self.own, "space"):
            self.own.space = _workspace(self.work, self.block_tiles)
        space: _Workspace = self.own.space
        tally = self.work.empty()
        for start in range(first, first + trials, space.tiles * W):
            if self.stop.is_set():
                break
            count = min(space.tiles * W, first + trials - start)
            _block(self.work, space, start, count, tally)
            self.done.append(count)
        return tally


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished (or interrupted) simulation."""

    work: Job
    tally: Tally
    seconds: float
    partial: bool


def run(
    work: Job,
    trials: int,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
    chunk_trials: int | None = None,
    block_tiles: int | None = None,
) -> Outcome:
    """Simulate trials 0 .. trials - 1 on `threads` cores (default all).

    progress(done, trials) is called about ten times a second. After Ctrl-C the threads stop within a block;
    what is finished is returned marked partial, and KeyboardInterrupt is raised only if nothing is.
    chunk_trials and block_tiles are for tests: the answer does not depend on them.
    """
    threads = threads or available_cores()
    crew = _Crew(work, block_tiles)
    began = time.perf_counter()
    total = crew.chunk(0, min(trials, W))  # compiles, or loads compiled code, in this thread once
    rest = _pieces(total.trials, trials, chunk_trials or _chunk_trials(work))
    partial = False
    with ThreadPoolExecutor(threads, thread_name_prefix="planner") as pool:
        waiting: set[Future[Tally]] = set()
        try:
            while True:
                while len(waiting) < 2 * threads and (piece := next(rest, None)):
                    waiting.add(pool.submit(crew.chunk, *piece))
                if not waiting:
                    break
                finished, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    total.add(future.result())
                if progress:
                    progress(sum(crew.done), trials)
        except KeyboardInterrupt:
            partial = True
            crew.stop.set()
            for future in waiting:
                if not future.cancel():
                    total.add(future.result())
    if partial and total.trials == 0:
        raise KeyboardInterrupt
    return Outcome(work, total, time.perf_counter() - began, partial and total.trials < trials)


def _chunk_trials(work: Job) -> int:
    seconds = work.patients * _PATIENT_SECONDS * (1.0 + 0.3 * len(work.tests) * len(work.kernels))
    return max(1, round(_CHUNK_SECONDS / (seconds * W * _BLOCK_TILES))) * W * _BLOCK_TILES


def _pieces(first: int, trials: int, size: int) -> Iterator[tuple[int, int]]:
    for start in range(first, trials, size):
        yield start, min(size, trials - start)


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
