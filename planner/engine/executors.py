"""Work in pieces on whatever there is: threads here, and anything else that fulfils the protocol.

Work is a pure function of a piece. What it gives can be added up, in any order, to the same bits; so neither
the number of workers nor how the work is cut decides anything. An executor takes pieces from the work's list,
has them done, adds up what comes back, and answers Ctrl-C. It says nothing of trials: docs/contributing/
executor.md has an example.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from planner import _interruption as interruption
from planner._platform import usable_cores
from planner.engine import memory

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do."""

Piece = tuple[int, int]
"""The first of some consecutive numbers (of trials, of draws), and how many there are."""

GoOn = Callable[[int], bool]
"""Called by work after each block with how much that was; whether to go on with the next."""

_POLL_SECONDS = 0.1


class Additive(Protocol):
    """What work gives. `add` takes in another one; whatever the order, the sum has the same bits."""

    def add(self, other: Any, /) -> None:
        """Add the other to this one."""


V = TypeVar("V", bound=Additive)
V_co = TypeVar("V_co", bound=Additive, covariant=True)
S = TypeVar("S")
K = TypeVar("K")
T = TypeVar("T")


class Parts(dict[K, T]):
    """Results that are kept apart, by number: each is there once, and adding is putting together."""

    def add(self, other: Parts[K, T], /) -> None:
        """Take in the parts of the other."""
        self.update(other)


class WorkerMemory(NamedTuple):
    """The memory of a worker."""

    size: int  # bytes
    what: str  # that takes it, in words
    hint: str  # how to need less


LITTLE_MEMORY = WorkerMemory(0, "", "")
"""Of work that takes little."""


class PieceWork(Protocol[V_co, S]):
    """A pure function of pieces: the same piece gives the same, whoever does it, however often.

    Work that is to leave the process has to be pickled.
    """

    @property
    def need(self) -> WorkerMemory:
        """The memory of each worker."""

    @property
    def compiles(self) -> bool:
        """Whether the first piece is to be done before all others: it compiles what they need."""

    def empty(self) -> V_co:
        """What no piece at all gives."""

    def space(self) -> S:
        """Memory for one worker, who does one piece after the other in it; what it holds decides nothing."""

    def do(self, first: int, number: int, space: S, go_on: GoOn) -> V_co:
        """What the piece gives; less, if `go_on` has said no: then of what was finished by that time."""


@dataclass(frozen=True)
class PieceSum(Generic[V]):
    """What was finished, and whether Ctrl-C came, be it after the last piece."""

    value: V
    interrupted: bool  # by Ctrl-C


class Executor(Protocol):
    """Whoever has pieces done."""

    def add_up(
        self, work: PieceWork[V, S], todo: Iterable[Piece], total: int, progress: Progress | None = None
    ) -> PieceSum[V]:
        """The sum over all pieces of `todo`, which is read as workers become free.

        `total`: of all that work reports by `go_on`, for the progress. After Ctrl-C no piece is begun, those
        that are under way end within a block, and what is finished counts. An error of a piece is raised,
        once the others have ended. Raises MemoryLimitError where there is no room for one worker.
        """


class Threads:
    """The executor that is used where no other is asked for: threads of this process."""

    def __init__(self, number: int | None = None) -> None:
        """`number`: at most so many; all cores if not given, and fewer where memory is short."""
        self._number = number

    def add_up(
        self, work: PieceWork[V, S], todo: Iterable[Piece], total: int, progress: Progress | None = None
    ) -> PieceSum[V]:
        """See Executor. Progress is reported after a first piece alone, ten times a second, at the end."""
        crew, left, need = _Crew(work), iter(todo), work.need
        number = memory.workers(need.size, self._number or usable_cores(), need.what, need.hint)

        def tell() -> None:
            if progress is not None:
                progress(crew.done, total)

        # An exception that Ctrl-C raised in a callback of the compiler could end the whole process, and one
        # within a pool would leave locks behind: it is noted, and answered between two waits.
        with interruption.deferred():
            try:
                if work.compiles:
                    crew.first(left)
                    interruption.check()
                    tell()
                _work_off(crew, left, number, tell)
                interrupted = interruption.requested()
            except KeyboardInterrupt:
                interrupted = True
            return PieceSum(crew.total(), interrupted)


@dataclass(slots=True)
class _Worker(Generic[V]):
    """One thread: what it has added up, and how much it has done, block by block."""

    total: V
    stop: threading.Event
    done: int = 0

    def go_on(self, number: int) -> bool:
        self.done += number
        return not self.stop.is_set()


@dataclass(slots=True)
class _Crew(Generic[V, S]):
    """All workers. Each alone adds to its total: Ctrl-C interrupts the main thread, and so no addition."""

    work: PieceWork[V, S]
    workers: list[_Worker[V]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    own: threading.local = field(default_factory=threading.local)

    def first(self, todo: Iterator[Piece]) -> None:
        """Do the first piece in the calling thread, to its end, in memory that is given back."""
        if (piece := next(todo, None)) is not None:
            worker = self._new()
            worker.total.add(self.work.do(*piece, self.work.space(), worker.go_on))

    def do(self, piece: Piece) -> None:
        """Do a piece in a thread of the pool."""
        if self.stop.is_set():
            return
        if not hasattr(self.own, "worker"):
            self.own.worker, self.own.space = self._new(), self.work.space()
        worker: _Worker[V] = self.own.worker
        worker.total.add(self.work.do(*piece, self.own.space, worker.go_on))

    def _new(self) -> _Worker[V]:
        worker = _Worker(self.work.empty(), self.stop)
        self.workers.append(worker)
        return worker

    @property
    def done(self) -> int:
        return sum(worker.done for worker in tuple(self.workers))

    def total(self) -> V:
        """What all have finished; to be called when they rest."""
        total = self.work.empty()
        for worker in self.workers:
            total.add(worker.total)
        return total


def _work_off(crew: _Crew[V, S], todo: Iterator[Piece], number: int, tell: Callable[[], None]) -> None:
    """Have all pieces done in a pool of so many threads."""
    last_call = time.perf_counter()
    with ThreadPoolExecutor(number, thread_name_prefix="planner") as pool:
        waiting: set[Future[None]] = set()
        try:
            while True:
                while len(waiting) < 2 * number and (piece := next(todo, None)):
                    waiting.add(pool.submit(crew.do, piece))
                if not waiting:
                    return
                interruption.check()
                finished, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
                for future in finished:
                    future.result()
                if time.perf_counter() - last_call >= _POLL_SECONDS or not waiting:
                    tell()
                    last_call = time.perf_counter()
        finally:
            crew.stop.set()  # the pool then waits for no more than a block of each thread


_chosen: ContextVar[Callable[[int | None], Executor]] = ContextVar("executor", default=Threads)


def executor(workers: int | None = None) -> Executor:
    """The executor in use, with at most so many workers (default: all cores)."""
    return _chosen.get()(workers)


@contextmanager
def using(make: Callable[[int | None], Executor]) -> Iterator[None]:
    """Within, everything that is simulated goes through other executors: make(most workers) gives each."""
    token = _chosen.set(make)
    try:
        yield
    finally:
        _chosen.reset(token)


def in_full(work: PieceWork[V, S], todo: Iterable[Piece], workers: int | None = None) -> V:
    """The sum over all pieces, a part of which is of no use: Ctrl-C ends it by KeyboardInterrupt.

    Not one that came before: what is made of an interrupted simulation comes through here, too.
    """
    with interruption.forgotten():
        result = executor(workers).add_up(work, todo, 0)
    if result.interrupted:
        raise KeyboardInterrupt
    return result.value


def pieces(first: int, end: int, size: int) -> Iterator[Piece]:
    """The pieces of at most `size` into which the numbers first .. end - 1 are cut."""
    for start in range(first, end, size):
        yield start, min(size, end - start)
