"""The standard streams where they are not what one expects: closed, of a terminal that has gone, unread."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO, cast


class OutputError(OSError):
    """The standard output could not be written: a full disk, a terminal that has gone, or none at all."""


def discard(stream: TextIO) -> None:
    """Point the stream at nothing, so that what is still buffered disappears quietly."""
    with suppress(OSError, ValueError):  # a stream of nothing but memory
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


_terminals: list[TextIO] = []  # the streams that were a terminal when we began


def leave_terminals() -> None:
    """Write to no terminal any more: it has gone, and each further letter would be an error.

    One that has gone says that it is none.
    """
    for stream in _terminals:
        discard(stream)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


class _Closed(io.TextIOBase):
    """The standard output of a process that was started without one: it says so to who writes."""

    encoding = "utf-8"

    def write(self, _: str) -> int:
        raise OutputError(errno.EBADF, "the standard output is closed")


@contextmanager
def standing() -> Iterator[None]:
    """Within, the three standard streams are there, whatever the process was started with.

    A closed number would be given to the next file that is opened, and remarks would end up in it. The
    standard output, where it is closed, is an error to write to; remarks go nowhere.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    before = sys.stdout, sys.stderr
    if sys.stdout is None:
        sys.stdout = cast(TextIO, _Closed())
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # for as long as we run
    _terminals[:] = [stream for stream in (sys.stdout, sys.stderr) if _is_terminal(stream)]
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
