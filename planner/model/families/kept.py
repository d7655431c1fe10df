"""What a family has worked out of a scenario, kept for as long as one scenario is lowered."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_KEPT: ContextVar[dict[Hashable, tuple[Any, object]] | None] = ContextVar("kept", default=None)


@contextmanager
def keeping() -> Iterator[None]:
    """Meanwhile, in this thread, what is `kept` serves every later use of the same settings."""
    token = _KEPT.set({})
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept(settings: tuple[object, ...], further: Hashable, make: Callable[[], T]) -> T:
    """What `make` answers, or answered for the very same settings: made once while `keeping`.

    settings: objects that it depends on, the same if they are identical. further: values that it depends on.
    """
    answers = _KEPT.get()
    if answers is None:
        return make()
    key = (*map(id, settings), further)
    if key not in answers:
        answers[key] = make(), settings  # as long as the settings are kept, nothing else has their identity
    answer: T = answers[key][0]
    return answer
