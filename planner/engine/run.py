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

from planner import _interruption as interruption
from planner.engine import memory
from planner.engine.job import Job as Job
from planner.engine.job import Test as Test
from planner.engine.job import job as job
from planner.engine.job import like as like
from planner.engine.tally import TRIALS_TO_CARRY, Tally
from planner.kernels.decide import decide, record
from planner.kernels.generate.blinding import count_guesses
from planner.kernels.generate.dropout import follow
from planner.kernels.generate.means import allocate
from planner.kernels.jit import ready
from planner.kernels.joint import count, mark
from planner.kernels.random.numbers import W
from planner.kernels.tables import STATISTICS, Floats, Ints

Progress = Callable[[int, int], None]

_BLOCK_TILES = 8
_BLOCK_BYTES = 2**22  # generated values of a block stay within the caches
_CHUNK_SECONDS = 0.02
_PATIENT_SECONDS = 1e-8  # rough time of one patient under one hypothesis; only sizes the chunks
_POLL_SECONDS = 0.1


@dataclass(slots=True)
class _Workspace:
    """The arrays of one thread, made once and used for every block."""

    tiles: int
    sequence: Ints
    values: Floats
    stat: Floats
    marks: Ints  # (hypothesis, design, tile, 128) the analyses that are significant; no tiles if not needed
    calls: dict[tuple[Any, int], Any] = field(default_factory=dict)  # kernels ready for what they are given

    def call(self, kernel: Any, number: int, *arguments: Any) -> None:
        """Call a kernel for a group or an analysis of that number: always with the same types."""
        ready_one = self.calls.get((kernel, number))
        if ready_one is None:
            ready_one = self.calls[kernel, number] = ready(kernel, *arguments)
        ready_one(*arguments)


def block_size(work: Job) -> int:
    """Tiles of 128 trials in a block: so few that its generated values stay within a core's cache."""
    tile = work.patients * len(work.tests) * work.readings * work.plan.leave.size * W * 8
    return max(1, min(_BLOCK_TILES, _BLOCK_BYTES // tile))


LOWER = "lower the patients, the hypotheses (--hypothesis NAME) or the periods"
"""What to do where a block does not fit into memory."""


def described(work: Job) -> str:
    """A block of trials, in words."""
    number = ((work.patients, "patient"), (work.plan.leave.size, "period"))
    sizes = " and ".join(f"{n:,} {what}{'s' * (n != 1)}" for n, what in number)
    under = f"{len(work.tests):,} hypothes{'is' if len(work.tests) == 1 else 'es'}"
    return f"a block of {W} virtual trials of {sizes} under {under}"


def thread_bytes(work: Job, tiles: int | None = None) -> int:
    """Bytes that a thread needs for its blocks and its sums."""
    hypotheses, tiles = len(work.tests), tiles or block_size(work)
    row = tiles * W * 8
    values = work.patients * hypotheses * work.readings * work.plan.leave.size * row
    stat = hypotheses * work.counts.size * STATISTICS * row
    return values + stat + 2 * work.empty_bytes()


def records_bytes(work: Job, tiles: int) -> int:
    """Bytes that `records` of so many tiles take."""
    row = tiles * W * 8
    ends = len(work.tests) * len(work.judges) * row * (2 * len(work.designs) + work.counts.size * STATISTICS)
    return thread_bytes(work, tiles) + ends


Buffers = dict[tuple[int, ...], Floats]
"""Arrays by their shape, to be written over: fresh memory costs as much time as what is written to it."""


def _workspace(work: Job, tiles: int | None, buffers: Buffers | None = None) -> _Workspace:
    hypotheses, periods = len(work.tests), work.plan.leave.size
    tiles = tiles or block_size(work)
    shape = (tiles, work.patients, hypotheses, work.readings, periods * W)
    values = np.empty(shape) if buffers is None else buffers.setdefault(shape, np.empty(shape))
    values.fill(np.nan)  # what a hypothesis says nothing of stays missing
    return _Workspace(
        tiles,
        np.zeros((tiles, work.patients), np.int64),
        values,
        np.empty((hypotheses, work.counts.size, tiles, STATISTICS * W)),
        np.zeros((hypotheses, len(work.designs), tiles if work.primary else 0, W), np.int64),
    )


def _generate(work: Job, first: int, space: _Workspace) -> None:
    seed = np.uint64(work.seed)
    space.call(allocate, 0, first, seed, work.plan.block, space.sequence)
    for g, group in enumerate(work.groups):
        space.call(group.generate, g, first, seed, work.plan, group.world, space.sequence, space.values)


def virtual_patients(work: Job, first: int, tiles: int) -> tuple[Ints, Floats]:
    """The patients of the trials from `first` (a multiple of 128) on.

    Sequences i64[tile, patient], outcomes f64[tile, patient, hypothesis, reading, period * 128], NaN if
    missing.
    """
    space = _workspace(work, tiles)
    _generate(work, first, space)
    return space.sequence, space.values


@dataclass(frozen=True, slots=True)
class Records:
    """Single trials in full: to be looked at, or to be paired with those of another design."""

    sequence: Ints  # (tile, patient)
    values: Floats  # (tile, patient, hypothesis, reading, period * 128)
    stat: Floats  # (hypothesis, analysis, look, tile, STATISTICS * 128), look being an index into Job.counts
    end: Ints  # (hypothesis, analysis, design, tile * 128) how each trial ended: see planner.kernels.tables
    look: Ints  # (hypothesis, analysis, design, tile * 128) at which look of its design, from 0


def records(work: Job, first: int, tiles: int, buffers: Buffers | None = None) -> Records:
    """The trials first .. first + tiles * 128 - 1 (first a multiple of 128), exactly as `run` sees them.

    `buffers`: values of earlier calls of the same thread, which are written over where they fit.
    """
    space = _workspace(work, tiles, buffers)
    _generate(work, first, space)
    cells = (len(work.tests), len(work.judges))
    stat = np.empty((*cells, *space.stat.shape[1:]))
    end = np.zeros((*cells, len(work.designs), tiles, W), np.int64)
    look = np.zeros_like(end)
    for h, tests in enumerate(work.tests):
        for a, test in enumerate(tests):
            _analyse(work, h, a, space, stat[h, a])
            for d in range(len(work.designs)):
                record(stat[h, a], test.rules, d, end[h, a, d], look[h, a, d])
    flat = (*cells, len(work.designs), tiles * W)
    return Records(space.sequence, space.values, stat, end.reshape(flat), look.reshape(flat))


def statistics(work: Job, first: int, tiles: int, buffers: Buffers | None = None) -> Floats:
    """What the analyses say of the trials from `first` (a multiple of 128) on: as `Records.stat`."""
    space = _workspace(work, tiles, buffers)
    _generate(work, first, space)
    stat = np.empty((len(work.tests), len(work.judges), *space.stat.shape[1:]))
    for h in range(len(work.tests)):
        for a in range(len(work.judges)):
            _analyse(work, h, a, space, stat[h, a])
    return stat


def _analyse(work: Job, h: int, a: int, space: _Workspace, stat: Floats) -> None:
    judge, centre = work.judges[a], float(work.tests[h][a].truth.effect)
    given = space.values, h, judge.reading, space.sequence, judge.contrast, centre, work.counts, stat
    space.call(judge.kernel, a, *given)


def _block(work: Job, space: _Workspace, first: int, trials: int, tally: Tally) -> None:
    """Add the trials first .. first + trials - 1, at most a block; first is a multiple of a tile."""
    _generate(work, first, space)
    for a, judge in enumerate(work.judges):
        for h in range(len(work.tests)):
            _analyse(work, h, a, space, space.stat[h])
        sums = tally.ends, tally.free, tally.irregular, tally.between
        space.call(decide, a, space.stat, judge.rules, judge.centre, a, trials, *sums)
        if a in work.primary:
            space.call(mark, a, space.stat, judge.rules, 1 << work.primary.index(a), space.marks)
    if work.primary:
        space.call(count, 0, space.marks, len(work.primary), work.true_nulls, trials, tally.joint)
    if work.followed[0]:
        follow(space.values, space.sequence, trials, work.waits, tally.followed)
    if (asked := work.asked) is not None:
        count_guesses(
            space.values, asked.reading, space.sequence, asked.given, asked.active, trials, tally.guessed
        )
    tally.trials += trials


@dataclass(slots=True)
class _Crew:
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
            self.own.space = _workspace(self.work, self.block_tiles)
        space: _Workspace = self.own.space
        tally = self.work.empty()
        me = threading.get_ident()
        carried = first
        for start in range(first, first + trials, space.tiles * W):
            if self.stop.is_set():
                break
            if start - carried >= TRIALS_TO_CARRY:
                tally.carry()
                carried = start
            count = min(space.tiles * W, first + trials - start)
            _block(self.work, space, start, count, tally)
            self.done[me] = self.done.get(me, 0) + count
        return tally

    def add(self, first: int, trials: int) -> None:
        """Add a chunk to the thread's total. Ctrl-C interrupts the main thread only, so never an addition."""
        if not hasattr(self.own, "total"):
            self.own.total = self.work.empty()
            self.totals.append(self.own.total)
        self.own.total.add(self.chunk(first, trials))

    def total(self) -> Tally:
        """What all threads have finished; to be called when they rest."""
        total = self.work.empty()
        for each in self.totals:
            total.add(each)
        return total


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished (or interrupted) simulation."""

    work: Job
    tally: Tally
    seconds: float
    partial: bool
    interrupted: bool = False  # by Ctrl-C, be it after the last trial


def run(
    work: Job,
    trials: int,
    *,
    first: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    chunk_trials: int | None = None,
    block_tiles: int | None = None,
) -> Outcome:
    """Simulate the trials first .. first + trials - 1 on `threads` cores (default all).

    `first` is a multiple of 128; tallies of neighbouring stretches add up to that of one run over both, if
    all but the last end at a multiple of 128. progress(done, trials) is called about ten times a second.
    After Ctrl-C the threads stop within a block; what is finished is returned marked partial, and
    KeyboardInterrupt is raised only if nothing is. chunk_trials and block_tiles are for tests: the answer
    does not depend on them.
    """
    crew = _Crew(work, block_tiles)
    began = time.perf_counter()
    threads = memory.workers(
        thread_bytes(work, block_tiles), threads or available_cores(), described(work), LOWER
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
    return Outcome(work, total, time.perf_counter() - began, partial, interrupted)


def run_each(
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
    found: list[Tally | None] = [None] * len(stretches)
    total = sum(trials for _, trials in stretches)

    def do(i: int, _: int = 1) -> None:
        first, trials = stretches[i]
        tally = _Crew(make(i), stop=stop, own=own, done=done).chunk(first, trials)
        found[i] = tally if tally.trials == trials else None

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
    return found, interrupted


def _first_tile(crew: _Crew, first: int, trials: int) -> bool:
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


def in_pieces(
    do: Callable[[int, int], None],
    todo: Iterator[tuple[int, int]],
    *,
    stop: threading.Event,
    threads: int | None = None,
    tell: Callable[[], None] | None = None,
) -> bool:
    """do(first, trials) for all pieces on `threads` cores (default all); whether Ctrl-C cut it short.

    `tell` is called about ten times a second, and at the end. `stop` is set when nothing more is wanted; what
    runs should then end within a block.
    """
    threads = threads or available_cores()
    with interruption.deferred():
        try:
            _work_off(do, todo, stop, threads, tell)
        except KeyboardInterrupt:
            return True
        return interruption.asked()


def _work_off(
    do: Callable[[int, int], None],
    todo: Iterator[tuple[int, int]],
    stop: threading.Event,
    threads: int,
    tell: Callable[[], None] | None,
) -> None:
    told = time.perf_counter()
    with ThreadPoolExecutor(threads, thread_name_prefix="planner") as pool:
        waiting: set[Future[None]] = set()
        try:
            while True:
                while len(waiting) < 2 * threads and (piece := next(todo, None)):
                    waiting.add(pool.submit(do, *piece))
                if not waiting:
                    return
                interruption.check()
                finished, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if tell and (time.perf_counter() - told >= _POLL_SECONDS or not waiting):
                    tell()
                    told = time.perf_counter()
        finally:
            stop.set()  # the pool then waits for no more than a block of each thread


def chunk_size(work: Job) -> int:
    """Trials that a thread takes at a time: some hundredths of a second."""
    seconds = work.patients * _PATIENT_SECONDS * (1.0 + 0.3 * len(work.tests) * len(work.judges))
    return max(1, round(_CHUNK_SECONDS / (seconds * W * _BLOCK_TILES))) * W * _BLOCK_TILES


def pieces(first: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """(first, trials) of the pieces of at most `size` into which the trials first .. end - 1 are cut."""
    for start in range(first, end, size):
        yield start, min(size, end - start)


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
