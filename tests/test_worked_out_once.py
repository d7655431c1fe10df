"""Nothing is worked out twice: how often the costly steps are done, counted from outside."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from planner._memo import Memo
from planner.monitoring import boundaries
from planner.monitoring.boundaries import BoundaryError, boundary


@contextmanager
def counted(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, key: Callable[..., Any]
) -> Iterator[Counter[Any]]:
    """How often a function is called with the same arguments, as `key` says what is the same."""
    calls: Counter[Any] = Counter()
    real = getattr(where, name)

    def counting(*args: Any, **options: Any) -> Any:
        calls[key(*args, **options)] += 1
        return real(*args, **options)

    monkeypatch.setattr(where, name, counting)
    yield calls
    monkeypatch.setattr(where, name, real)


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


# Boundaries

PLAN: dict[str, Any] = {
    "alpha": 0.025,
    "sided": 1,
    "efficacy": "hwang-shih-decani",
    "efficacy_parameters": {"gamma": -4.0},
    "futility": "z",
    "futility_parameters": {"z": (0.1,)},
    "drift": 3.0,
}


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    monkeypatch.setattr(boundaries, "_SOLVED", Memo(2048))
    with counted(monkeypatch, boundaries, "_solve", lambda stated: stated.as_text()) as calls:
        yield calls


@pytest.mark.parametrize(
    "other",
    [
        {"alpha": 0.0250001},
        {"sided": 2},
        {"efficacy_parameters": {"gamma": -3.0}},
        {"efficacy": "kim-demets", "efficacy_parameters": {"rho": 3.0}},
        {"efficacy_looks": [2]},
        {"futility_parameters": {"z": (0.2,)}},
        {"futility": "none", "futility_parameters": {}},
        {"binding": True},
        {"drift": 2.0},
        {"drift": -3.0},
        {"drift": None},
        {"drift": None, "power": 0.8},
    ],
)
def test_a_boundary_is_solved_once_for_all_that_it_depends_on(
    solved: Counter[str], other: dict[str, Any]
) -> None:
    first = boundary([0.5, 1.0], **PLAN)
    assert boundary((0.5, 1.0), **PLAN) is first
    another = boundary([0.5, 1.0], **PLAN | other)
    assert another != first
    assert boundary([0.4, 1.0], **PLAN) != first
    assert list(solved.values()) == [1, 1, 1]
    boundaries._SOLVED.clear()
    assert boundary([0.5, 1.0], **PLAN | other) == another


def test_limits_of_the_caller_are_not_kept(solved: Counter[str]) -> None:
    z = [0.1]
    first = boundary([0.5, 1.0], **PLAN | {"futility_parameters": {"z": z}})
    z[0] = 0.2
    assert boundary([0.5, 1.0], **PLAN | {"futility_parameters": {"z": z}}) != first


def test_a_plan_without_limits_is_refused_in_the_same_words(solved: Counter[str]) -> None:
    wrong = PLAN | {"futility_parameters": {"z": (9.0,)}}
    texts = set()
    for _ in range(2):
        with pytest.raises(BoundaryError) as caught:
            boundary([0.5, 1.0], **wrong)
        texts.add((str(caught.value), caught.value.hint, type(caught.value)))
    assert len(texts) == 1
    assert list(solved.values()) == [1]
