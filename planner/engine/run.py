"""A run of a job: its blocks of trials on every core, added up to one tally.

A run is cut into chunks, a chunk into blocks of a few tiles of 128 trials. Generated patients are shared by
every analysis and every number of patients asked for: each design reads the first so many of them. Thread
count, chunk and block decide nothing: every trial is addressed by its number, and what is kept of it is
added as integers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from planner import _interruption as interruption
from planner.engine import memory
from planner.engine.blocks import add_block
from planner.engine.executors import Progress, available_cores, in_pieces, pieces
from planner.engine.job import Job
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


@dataclass(slots=True)
class Crew:
    """The state that threads share: each has its own workspace, all see one stop flag."""

    work: Job
    block_tiles: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    totals: list[Tally] = field(default_factory=list)  # of each thread, which alone adds to it
    done: dict[int, int] = field(default_factory=dict)  # trials simulated by each thread, block by block
    own: threading.local = field(default_factory=threading.local)

    def chunk(self, first: int, trials: int) -> Tally:
        """Trials first .. first + trials - 1; fewer if the run is stopped meanwhile."""
        if not hasattr(self.own, "space"):
            self.own.space = new_workspace(self.work, self.block_tiles)
        space: Workspace = self.own.space
        tally = self.work.cells.empty()
        me = threading.get_ident()
        carried = first
        for start in range(first, first + trials, space.tiles * W):
            if self.stop.is_set():
                break
            if start - carried >= TRIALS_TO_CARRY:
                tally.carry()
                carried = start
            count = min(space.tiles * W, first + trials - start)
            add_block(self.work, space, start, count, tally)
            self.done[me] = self.done.get(me, 0) + count
        return tally

    def add(self, first: int, trials: int) -> None:
        """Add a chunk to the thread's total. Ctrl-C interrupts the main thread only, so never an addition."""
        if not hasattr(self.own, "total"):
            self.own.total = self.work.cells.empty()
            self.totals.append(self.own.total)
        self.own.total.add(self.chunk(first, trials))

    def total(self) -> Tally:
        """What all threads have finished; to be called when they rest."""
        total = self.work.cells.empty()
        for each in self.totals:
            total.add(each)
        return total


def run_job(
    work: Job,
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
    crew = Crew(work, block_tiles)
    began = time.perf_counter()
    threads = memory.workers(
        thread_bytes(work, block_tiles), threads or available_cores(), job_in_words(work), LESS_MEMORY
    )
    interrupted = _first_tile(crew, first, min(trials, W)) or in_pieces(
        crew.add,
        pieces(first + W, first + trials, chunk_trials or chunk_size(work)),
        stop=crew.stop,
        threads=threads,
        tell=progress and (lambda: progress(sum(tuple(crew.done.values())), trials)),
    )
    total = crew.total()
    if interrupted and total.trials == 0:
        raise KeyboardInterrupt
    partial = interrupted and total.trials < trials
    return Simulation(work.cells, total, time.perf_counter() - began, partial, interrupted)


def run_jobs(
    make: Callable[[int], Job],
    stretches: Sequence[tuple[int, int]],
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[list[Tally | None], bool]:
    """For each stretch (first, trials) the tally of a job of its own, and whether Ctrl-C cut it short.

    make(i) gives the job of stretch i; it is called once for each, by any thread, and all jobs have the same
    shape. A stretch that Ctrl-C has cut has no tally.
    """
    own, stop, done = threading.local(), threading.Event(), dict[int, int]()
    tallies: list[Tally | None] = [None] * len(stretches)
    total = sum(trials for _, trials in stretches)

    def do(i: int, _: int = 1) -> None:
        first, trials = stretches[i]
        tally = Crew(make(i), stop=stop, own=own, done=done).chunk(first, trials)
        tallies[i] = tally if tally.trials == trials else None

    def compiled() -> bool:
        try:
            with interruption.deferred():  # as in `_first_tile`
                do(0)
                interruption.check()
        except KeyboardInterrupt:
            return True
        del own.space  # the other threads have their own
        return False

    interrupted = compiled() or in_pieces(
        do,
        pieces(1, len(stretches), 1),
        stop=stop,
        threads=threads,
        tell=progress and (lambda: progress(sum(tuple(done.values())), total)),
    )
    return tallies, interrupted


def _first_tile(crew: Crew, first: int, trials: int) -> bool:
    """Compile, or load compiled code, once and in this thread; whether Ctrl-C came meanwhile.

    It is deferred: raised in a callback of the compiler it could end the whole process.
    """
    try:
        with interruption.deferred():
            crew.add(first, trials)
            interruption.check()
    except KeyboardInterrupt:
        return True
    del crew.own.space  # the other threads have their own
    return False
