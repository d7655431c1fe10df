"""What is kept once it is worked out, whoever waits for it and whoever interrupts."""

from __future__ import annotations

import inspect
import sys
import threading
from typing import Any

import pytest

from planner._memo import Memo

# What is kept


def test_an_answer_is_worked_out_once() -> None:
    memo: Memo[str, int] = Memo(2)
    calls: list[str] = []

    def of(key: str) -> int:
        return memo.of(key, lambda: calls.append(key) or len(calls))

    assert [of(key) for key in "aabab"] == [1, 1, 2, 1, 2]
    of("c")  # the third: one of the two has to go, that which was not needed for longest
    assert of("b") == 2
    assert of("a") == 4
    assert calls == ["a", "b", "c", "a"]


def test_what_fails_is_not_kept() -> None:
    memo: Memo[str, int] = Memo(2)
    with pytest.raises(ZeroDivisionError):
        memo.of("a", lambda: 1 // 0)
    assert memo.of("a", lambda: 7) == 7


def test_threads_wait_for_the_one_that_works_it_out() -> None:
    memo: Memo[str, int] = Memo(2)
    begun, may_end, calls, answers = threading.Event(), threading.Event(), [], []

    def slow() -> int:
        calls.append(1)
        begun.set()
        may_end.wait(10)
        return 5

    workers = [threading.Thread(target=lambda: answers.append(memo.of("a", slow))) for _ in range(4)]
    for worker in workers:
        worker.start()
    begun.wait(10)
    may_end.set()
    for worker in workers:
        worker.join(10)
    assert (answers, len(calls)) == ([5] * 4, 1)


def test_ctrl_c_anywhere_leaves_nothing_to_wait_for() -> None:
    """Raised on each line in turn where an answer is worked out, then somebody else asks.

    Not on that of a `with` that is left: Python answers no signal between its last line and the release.
    """
    lines, first = inspect.getsourcelines(Memo)
    opening = {first + i for i, line in enumerate(lines) if line.lstrip().startswith("with ")}
    reached = 0
    for stop in range(1, 100):
        memo: Memo[str, int] = Memo(2)
        seen: list[int] = []

        def trace(frame: Any, event: str, _: Any, stop: int = stop, seen: list[int] = seen) -> Any:
            if frame.f_globals.get("__name__") != "planner._memo":
                return None
            if event == "line" and not (frame.f_lineno in opening and frame.f_lineno in seen):
                seen.append(frame.f_lineno)
                if len(seen) == stop:
                    raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            memo.of("a", lambda: 5)
            break
        except KeyboardInterrupt:
            reached = stop
        finally:
            sys.settrace(before)
        answers: list[int] = []
        other = threading.Thread(target=lambda m=memo, a=answers: a.append(m.of("a", lambda: 5)), daemon=True)
        other.start()
        other.join(10)
        assert answers == [5]
    assert 10 < reached < 99
