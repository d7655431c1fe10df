"""Ratios that hold on a busy machine: jobs by turns, processor time, medians of ratios within a round.

How long all of it takes is kept by the clock: what is slow gets fewer rounds, see `Budget`.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

Work = Callable[[], object]
T = TypeVar("T")
Clock = Callable[[], float]
LEAST = 2  # rounds, however slow the machine is: fewer have no quartiles


class Spread(NamedTuple):
    """The median of repeated measurements, and their quartiles."""

    median: float
    low: float
    high: float

    def times(self, factor: float) -> Spread:
        return Spread(self.median * factor, self.low * factor, self.high * factor)

    def inverse(self) -> Spread:
        return Spread(1.0 / self.median, 1.0 / self.high, 1.0 / self.low)


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles of at least two values."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def figure(values: Spread) -> dict[str, float]:
    """Median and quartiles for other programs."""
    return values._asdict()


def turned(things: Sequence[T], round_: int) -> list[T]:
    """All of them, each first now and then, so that none always inherits the same cache.

    >>> turned(["a", "b", "c"], 1)
    ['b', 'c', 'a']
    """
    first = round_ % len(things)
    return [*things[first:], *things[:first]]


class Budget:
    """Seconds by the clock for several stages: each gets an even part of what those before it have left.

    `now`: the clock, for tests.
    """

    def __init__(self, seconds: float, stages: int, now: Clock = time.perf_counter) -> None:
        self._end, self._stages, self._now = now() + seconds, stages, now

    @property
    def left(self) -> float:
        """Seconds that are left to all stages together; 0 once they are used up."""
        return max(0.0, self._end - self._now())

    def share(self) -> float:
        """Seconds for the next stage."""
        part = self.left / max(1, self._stages)
        self._stages -= 1
        return part


class Times:
    """Seconds of each job, round by round; of processor time of the calling thread unless another clock.

    `seconds`: by the clock, after which no round is begun; the first two are measured in any case.
    """

    def __init__(
        self,
        jobs: Mapping[str, Work],
        rounds: int = 15,
        clock: Clock = time.thread_time,
        seconds: float = math.inf,
    ) -> None:
        end = time.perf_counter() + seconds
        for work in jobs.values():
            work()  # compiles, and warms what there is to warm
        self.seconds: dict[str, list[float]] = {name: [] for name in jobs}
        names = list(jobs)
        for r in range(rounds):
            if r >= LEAST and time.perf_counter() >= end:
                break
            for name in turned(names, r):
                begun = clock()
                jobs[name]()
                self.seconds[name].append(clock() - begun)

    def of(self, name: str) -> Spread:
        """Seconds of one job."""
        return spread(self.seconds[name])

    def ratio(self, above: str, below: str) -> Spread:
        """The ratios of the two within each round."""
        pairs = zip(self.seconds[above], self.seconds[below], strict=True)
        return spread([a / b for a, b in pairs])
