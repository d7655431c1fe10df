"""Work in pieces on threads: the pieces, which thread takes the next one, progress, and Ctrl-C."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from planner import _interruption as interruption

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do."""

_POLL_SECONDS = 0.1


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
        return interruption.requested()


def _work_off(
    do: Callable[[int, int], None],
    todo: Iterator[tuple[int, int]],
    stop: threading.Event,
    threads: int,
    tell: Callable[[], None] | None,
) -> None:
    last_call = time.perf_counter()
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
                if tell and (time.perf_counter() - last_call >= _POLL_SECONDS or not waiting):
                    tell()
                    last_call = time.perf_counter()
        finally:
            stop.set()  # the pool then waits for no more than a block of each thread


def pieces(first: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """(first, trials) of the pieces of at most `size` into which the trials first .. end - 1 are cut."""
    for start in range(first, end, size):
        yield start, min(size, end - start)


def available_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
