"""What every test counts on, whatever started it."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator

import pytest

pytest.register_assert_rewrite("tests.support")
# Workers share the processors, and for matrices as small as those of tests more threads only wait in a loop.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure() -> None:
    """Answer Ctrl-C. A shell that starts a job in the background has it ignored, and so have its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for nothing that could be freed while tests are collected: thousands of them, which all stay."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile what most tests need once, and not in every worker."""
    gc.freeze()
    gc.enable()
    from tests.support.shared_kernels import share

    share(len(session.items))
