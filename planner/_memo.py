"""Answers that are kept for whoever needs them next: each worked out once, the latest so many of them held.

A key is made of values, and says all that the answer depends on; nobody changes an answer that he was given.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class Memo(Generic[Key, Answer]):
    """At most `most` answers by their keys; the one that was not needed for the longest time goes first.

    Threads that need the same answer at the same time wait for the one that works it out. If Ctrl-C ends
    that one, wherever it is, the next works it out: there is nothing left behind to wait for.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.worked_out = 0  # answers, since the process began
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._turns: dict[Key, Lock] = {}  # each held by whoever works that answer out
        self._lock = Lock()

    def of(self, key: Key, work_out: Callable[[], Answer]) -> Answer:
        """The answer to a key. What `work_out` raises is passed on, and not kept."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            turn = self._turns.setdefault(key, Lock())
        with turn:
            with self._lock:
                if key in self._answers:
                    return self._answers[key]
            answer = work_out()
            with self._lock:
                self._keep(key, answer)
        return answer

    def _keep(self, key: Key, answer: Answer) -> None:
        self.worked_out += 1
        self._answers[key] = answer
        self._turns.pop(key, None)
        while len(self._answers) > self.most:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget all answers."""
        with self._lock:
            self._answers.clear()
            self._turns.clear()
