"""How often the costly steps are done, counted from outside, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from planner._memo import Memo
from planner.monitoring import boundaries


@contextmanager
def counted(
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    key: Callable[..., Any],
    calls: Counter[Any] | None = None,
) -> Iterator[Counter[Any]]:
    """How often a function is called with the same arguments, as `key` says what is the same."""
    calls = Counter() if calls is None else calls
    real = getattr(where, name)

    def counting(*args: Any, **options: Any) -> Any:
        calls[key(*args, **options)] += 1
        return real(*args, **options)

    monkeypatch.setattr(where, name, counting)
    yield calls
    monkeypatch.setattr(where, name, real)


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    monkeypatch.setattr(boundaries, "_SOLVED", Memo(2048))
    with counted(monkeypatch, boundaries, "_solve", lambda stated: stated.as_text()) as calls:
        yield calls
