"""A run of a job: its blocks of trials on every core, added up to one tally.

A run is cut into chunks, a chunk into blocks of a few tiles of 128 trials. Generated patients are shared by
every analysis and every number of patients asked for: each design reads the first so many of them. Thread
count, chunk and block decide nothing: every trial is addressed by its number, and what is kept of it is
added as integers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import chain

from planner.engine.blocks import add_block
from planner.engine.executors import GoOn, Progress, WorkerMemory, executor, pieces
from planner.engine.lowered import Job
from planner.engine.simulation import Simulation
from planner.engine.tally import TRIALS_TO_CARRY, Tally
from planner.engine.workspace import (
    LESS_MEMORY,
    Workspace,
    chunk_size,
    job_in_words,
    new_workspace,
    thread_bytes,
)
from planner.kernels.tables import W


def memory_of(job: Job, block_tiles: int | None = None) -> WorkerMemory:
    """The memory of whoever simulates trials of a job."""
    return WorkerMemory(thread_bytes(job, block_tiles), job_in_words(job), LESS_MEMORY)


def tally_of(job: Job, first: int, trials: int, space: Workspace, go_on: GoOn) -> Tally:
    """The trials first .. first + trials - 1 of a job (first a multiple of 128), added up.

    Fewer if `go_on` says no meanwhile: those of the blocks until then. `space`: of a job of the same shape.
    """
    tally = job.cells.empty()
    carried = first
    for start, count in pieces(first, first + trials, space.tiles * W):
        if start - carried >= TRIALS_TO_CARRY:
            tally.carry()
            carried = start
        add_block(job, space, start, count, tally)
        if not go_on(count):
            break
    return tally


@dataclass(frozen=True, slots=True)
class TallyWork:
    """Trials of a job, as work for an executor: a piece is some of them, and gives their tally."""

    job: Job
    block_tiles: int | None = None  # for tests: it decides nothing
    compiles: bool = True

    @property
    def need(self) -> WorkerMemory:
        return memory_of(self.job, self.block_tiles)

    def empty(self) -> Tally:
        return self.job.cells.empty()

    def space(self) -> Workspace:
        return new_workspace(self.job, self.block_tiles)

    def do(self, first: int, number: int, space: Workspace, go_on: GoOn) -> Tally:
        return tally_of(self.job, first, number, space, go_on)


def run_job(
    job: Job,
    trials: int,
    *,
    first: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    chunk_trials: int | None = None,
    block_tiles: int | None = None,
) -> Simulation:
    """Simulate the trials first .. first + trials - 1 on `threads` cores (default all).

    `first` is a multiple of 128; tallies of neighbouring stretches add up to that of one run over both, if
    all but the last end at a multiple of 128. progress(done, trials) is called about ten times a second.
    After Ctrl-C the threads stop within a block; what is finished is returned marked partial, and
    KeyboardInterrupt is raised only if nothing is. chunk_trials and block_tiles are for tests: the answer
    does not depend on them.
    """
    began, end = time.perf_counter(), first + trials
    tile = pieces(first, min(first + W, end), W)  # to compile, or to load what is compiled
    rest = pieces(first + W, end, chunk_trials or chunk_size(job))
    done = executor(threads).add_up(TallyWork(job, block_tiles), chain(tile, rest), trials, progress)
    if done.interrupted and done.value.trials == 0:
        raise KeyboardInterrupt
    partial = done.interrupted and done.value.trials < trials
    return Simulation(job.cells, done.value, time.perf_counter() - began, partial, done.interrupted)
