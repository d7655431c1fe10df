"""What every test counts on, whatever started it."""

from __future__ import annotations

import signal

import pytest

pytest.register_assert_rewrite("tests.support")


def pytest_configure() -> None:
    """Answer Ctrl-C. A shell that starts a job in the background has it ignored, and so have its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
