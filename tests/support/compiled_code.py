"""What tests of kept compiled code share."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from planner.kernels import cache, jit

needs_compiler = pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
needs_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two other users"
)


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test is a new process as far as warnings go, and none has settings of folders."""
    for name in ("PLANNER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    cache._warn_once.cache_clear()
    yield
    cache._warn_once.cache_clear()
