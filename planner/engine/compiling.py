"""Kernels compiled before the first of them is called, one after the other, for whoever watches.

What a call compiles by itself shows nothing for ten to twenty seconds. So what is going to be called is
listed first: the functions that call kernels are gone through once with a call that notes kernel and types.
What of that is neither in this process nor kept on this machine is compiled, in the calling thread. Where
nobody watches, nothing is listed, and a kernel is compiled when it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from planner import _interruption as interruption
from planner.kernels.jit import COMPILED, Types, is_compiled, types_of

Watch = Callable[[int, int], None]
"""Called before each kernel and at the end: how many are compiled, and how many were missing."""

Use = tuple[Any, Types]
"""A kernel, and the types of what it is called with."""

_watch: ContextVar[Watch | None] = ContextVar("watch", default=None)


@contextmanager
def watched(watch: Watch | None) -> Iterator[None]:
    """Within, `watch` is called when kernels are compiled."""
    token = _watch.set(watch)
    try:
        yield
    finally:
        _watch.reset(token)


def is_watched() -> bool:
    """Whether anybody watches: for nobody else is it worth a millisecond to list what will be called."""
    return _watch.get() is not None


@dataclass(slots=True)
class Listing:
    """Calls no kernel, but notes it: `call` stands in for what calls them."""

    uses: list[Use] = field(default_factory=list)

    def call(self, kernel: Any, number: int, *arguments: Any) -> None:
        """As Workspace.call."""
        if COMPILED:
            self.uses.append((kernel, types_of(*arguments)))


def compile_missing(uses: Iterable[Use]) -> None:
    """Compile what is not compiled yet. Ctrl-C ends it after the kernel that is being compiled."""
    missing = [each for each in dict.fromkeys(uses) if not is_compiled(*each)]
    if not missing:
        return
    watch = _watch.get() or (lambda done, total: None)
    with interruption.deferred():  # in the compiler an exception could end the process
        for done, (kernel, types) in enumerate(missing):
            watch(done, len(missing))
            kernel.compile(types)
            interruption.check()
        watch(len(missing), len(missing))
