"""Two executors beside the threads: one does all in turn, one has processes and sends them descriptions."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from planner.engine.executors import Piece, PieceSum, Progress

sent: list[int] = []
"""Bytes of every description that was sent to processes."""


def on(_: int) -> bool:
    """Go on."""
    return True


class InTurn:
    """Every piece cut into pieces of at most so many numbers, last first, each in new memory."""

    def __init__(self, most: int | None = None) -> None:
        self.most = most

    def add_up(
        self, work: Any, todo: Iterable[Piece], total: int, progress: Progress | None = None
    ) -> PieceSum[Any]:
        value = work.empty()
        for first, number in reversed(list(todo)):
            size = self.most or number
            for start in range(first, first + number, size):
                part = work.do(start, min(size, first + number - start), work.space(), on)
                part.add(value)
                value = part
        return PieceSum(value, False)


class Processes:
    """Two processes. Each is sent the work once, which is what it was made of, and then pieces of it."""

    def __init__(self, _: int | None = None) -> None:
        self.context = multiprocessing.get_context("spawn")

    def add_up(
        self, work: Any, todo: Iterable[Piece], total: int, progress: Progress | None = None
    ) -> PieceSum[Any]:
        described = pickle.dumps(work)
        sent.append(len(described))
        value = work.empty()
        with ProcessPoolExecutor(2, self.context, _receive, (described,)) as pool:
            for part in pool.map(_do, todo):
                value.add(part)
        return PieceSum(value, False)


_here: list[Any] = []  # in a process of the pool: the work, and memory for it


def _receive(described: bytes) -> None:
    work = pickle.loads(described)
    _here[:] = work, work.space()


def _do(piece: Piece) -> Any:
    work, space = _here
    return work.do(*piece, space, on)
