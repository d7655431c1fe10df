"""Ctrl-C while threads work: noted at once, answered where it can do no harm.

Python answers Ctrl-C by raising KeyboardInterrupt wherever the main thread happens to be. In a callback of
a compiled library it is swallowed there; inside a thread pool it leaves locks that nobody will release. So
whoever waits for threads defers it: the request is noted, and `check` raises it between two waits.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_requested = threading.Event()
_waiting = 0  # how many times the main thread has deferred interruptions


def request(wanted: bool = True) -> None:
    """Note that the program should end; with False, forget it."""
    if wanted:
        _requested.set()
    else:
        _requested.clear()


def requested() -> bool:
    """Whether the program was asked to end."""
    return _requested.is_set()


def check() -> None:
    """Raise KeyboardInterrupt if the program was asked to end."""
    if requested():
        raise KeyboardInterrupt


def interrupt(*_: object) -> None:
    """A signal handler: note the request, and raise it unless somebody has deferred it."""
    request()
    if not _waiting:
        raise KeyboardInterrupt


@contextmanager
def deferred() -> Iterator[None]:
    """Within, the main thread is not interrupted; it should `check` several times a second.

    Where Python's own handler of Ctrl-C is in place it is replaced meanwhile, and what it has noted is
    forgotten at the end: by then the request has been answered.
    """
    global _waiting
    main = threading.current_thread() is threading.main_thread()
    plain = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    _waiting += main
    if plain:
        request(False)  # of somebody who has long been answered
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if plain:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            request(False)
        _waiting -= main


@contextmanager
def forgotten() -> Iterator[None]:
    """Within, a request that was made before does not count; afterwards it stands again."""
    earlier = requested()
    request(False)
    try:
        yield
    finally:
        if earlier:
            request()
