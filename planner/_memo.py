"""Answers that are kept for whoever needs them next: each worked out once, the latest so many of them held.

A key is made of values, and says all that the answer depends on; nobody changes an answer that he was given.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Memo(Generic[Key, Answer]):
    """At most `most` answers by their keys; the one that was not needed for the longest time goes first.

    Threads that need the same answer at the same time wait for the one that works it out.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.worked_out = 0  # answers, since the process began
        self._answers: OrderedDict[Key, Future[Answer]] = OrderedDict()
        self._lock = Lock()

    def of(self, key: Key, work_out: Callable[[], Answer]) -> Answer:
        """The answer to a key. What `work_out` raises is passed on, and not kept."""
        with self._lock:
            kept = self._answers.get(key)
            if kept is not None:
                self._answers.move_to_end(key)
            else:
                mine = self._answers[key] = Future[Answer]()
                while len(self._answers) > self.most:
                    self._answers.popitem(last=False)
        if kept is not None:
            return kept.result()
        try:
            answer = work_out()
        except BaseException as error:
            with self._lock:
                if self._answers.get(key) is mine:
                    del self._answers[key]
            mine.set_exception(error)
            raise
        with self._lock:
            self.worked_out += 1
        mine.set_result(answer)
        return answer

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._answers.clear()
