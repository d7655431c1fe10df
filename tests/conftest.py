"""What every test counts on, whatever started it."""

from __future__ import annotations

import signal

import pytest

pytest.register_assert_rewrite("tests.support")


def pytest_configure() -> None:
    """Answer Ctrl-C. A shell that starts a job in the background has it ignored, and so have its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Compile what most tests need once, and not in every worker."""
    from tests.support.shared_kernels import share

    share(len(session.items))
