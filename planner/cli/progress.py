"""How far work has come: a bar on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from planner import _interruption as interruption
from planner.cli.common import note_compiling, once_on_this_machine
from planner.cli.terminal import coloured, on_terminal, shows, write
from planner.results.number_text import duration

Clock = Callable[[], float]
Advance = Callable[[int, int], None]
"""Called with what is done and what there is to do."""

_MOST = 0.99  # shown at most while the work goes on
_EARLY = 1.0  # seconds of counting before which no rate is shown
_EVERY = 60.0  # seconds between two lines where there is no terminal
_LEAST_BAR, _NARROW = 10, 59  # columns: of a bar, and of a line that has none


class Pace:
    """How far work has come, in one way from nothing to all.

    What there is to do may turn out to be more or less than was thought. The share that is done never falls:
    what is left of the way is then divided anew.
    """

    def __init__(self, unit: str, clock: Clock = time.monotonic) -> None:
        self.unit = unit
        self.share = 0.0
        self._done = self._total = self._first = 0
        self._clock = clock
        self._begun = clock()
        self._counting: float | None = None  # since when; before that, kernels are compiled or loaded
        self._compiling = ""  # which one, in words

    def compiled(self, done: int, total: int) -> None:
        """So many kernels are compiled, of so many that are missing."""
        which = f"{done + 1} of {total} kernels" if total > 1 else "1 kernel"
        self._compiling = f"compiling {which}{once_on_this_machine()}" if done < total else ""

    def advance(self, done: int, total: int) -> None:
        """So much is done, and so much there is to do."""
        if self._counting is None:
            self._counting, self._first = self._clock(), done
        before = self._done if done >= self._done else 0
        if total > before:
            self.share += (1.0 - self.share) * min((done - before) / (total - before), 1.0)
        self._done, self._total = done, total

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return self._clock() - self._begun

    @property
    def percent(self) -> int:
        """What is done; less than 100 as long as there is anybody to look at it."""
        return int(100 * min(self.share, _MOST))

    @property
    def _rate(self) -> float | None:
        done, counted = self._done - self._first, self._clock() - (self._counting or 0.0)
        return done / counted if done > 0 and counted >= _EARLY else None

    def parts(self) -> tuple[str, str, str, str]:
        """In words: the share that is done, the rate, the time that has passed, and the time that is left."""
        so_far = f"{_time(self.elapsed)} so far"
        if self._counting is None:
            doing = self._compiling or "compiling or loading code"
            if self._compiling and interruption.requested():
                doing = "stopping after this kernel"  # one takes up to a quarter of a minute
            return "", doing, so_far, ""
        rate = self._rate
        left = ""
        if self._done >= self._total:
            left = "finishing"
        elif rate is not None:
            left = f"{_time((self._total - self._done) / rate)} left"
        return f"{self.percent} %", f"{rate:,.0f} {self.unit}/s" if rate else "", so_far, left


def _time(seconds: float) -> str:
    return duration(max(round(seconds), 1))


def bar_line(what: str, pace: Pace, width: int, *, symbols: bool = True) -> str:
    """One line of at most so many columns: the more of them, the more it says."""
    share, rate, so_far, left = pace.parts()
    shorter = [(share, so_far, left)] if share else [(rate,), (rate.split(",")[0],)]
    for parts in ((share, rate, so_far, left), *shorter, (share, left or so_far), (share or so_far,)):
        words = ", ".join(part for part in parts if part)
        room = width - len(what) - len(words) - 2
        if share and room >= _LEAST_BAR and width >= _NARROW:
            done = int(room * pace.percent / 100)
            full, empty = ("━", "·") if symbols else ("#", ".")
            return f"{what} {full * done}{empty * (room - done)} {words}"
        if len(f"{what}: {words}") <= width:
            return f"{what}: {words}"
    return what[:width]


class Heartbeat:
    """A line a minute, so that a log shows life; none where all is done within the first."""

    def __init__(
        self, what: str, pace: Pace, put: Callable[[str], None], clock: Clock = time.monotonic
    ) -> None:
        self._what, self._pace, self._put, self._clock = what, pace, put, clock
        self._next = clock() + _EVERY

    def beat(self) -> None:
        """Write the line, if it is time."""
        if self._clock() < self._next:
            return
        self._next += _EVERY
        share, rate, so_far, left = self._pace.parts()
        words = (f"{share} done" if share else "", rate, so_far, left)
        self._put(f"{self._what}: {', '.join(part for part in words if part)}\n")


@contextmanager
def progress(what: str, *, quiet: bool = False, unit: str = "trials") -> Iterator[Advance | None]:
    """A bar on a terminal, and a line a minute elsewhere, on the standard error; None when quiet."""
    if quiet:
        yield None
        return
    from planner.engine.compiling import watched

    pace = Pace(unit)
    if on_terminal(sys.stderr) and os.environ.get("TERM") != "dumb":
        display = _bar
    else:
        display = _beats
        note_compiling(quiet)
    with display(what, pace), watched(pace.compiled):
        yield pace.advance


@contextmanager
def _bar(what: str, pace: Pace) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    symbols = shows(sys.stderr, "━·")
    console = Console(stderr=True, no_color=not coloured(sys.stderr))

    def line() -> Text:
        text = bar_line(what, pace, console.width - 1, symbols=symbols)
        return Text(text, style="cyan", no_wrap=True, overflow="crop")

    with Live(get_renderable=line, console=console, transient=True, refresh_per_second=10):
        yield


@contextmanager
def _beats(what: str, pace: Pace) -> Iterator[None]:
    heart, ended = Heartbeat(what, pace, lambda line: write(line, sys.stderr)), threading.Event()

    def run() -> None:
        while not ended.wait(1.0):
            heart.beat()

    thread = threading.Thread(target=run, name="planner-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
