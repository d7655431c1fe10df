"""Ratios that hold on a busy machine: jobs by turns, processor time, medians of ratios within a round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

Work = Callable[[], object]
Clock = Callable[[], float]


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


class Times:
    """Seconds of each job, round by round; of processor time of the calling thread unless another clock."""

    def __init__(self, jobs: Mapping[str, Work], rounds: int = 15, clock: Clock = time.thread_time) -> None:
        for work in jobs.values():
            work()  # compiles, and warms what there is to warm
        self.seconds: dict[str, list[float]] = {name: [] for name in jobs}
        names = list(jobs)
        for r in range(rounds):
            turn = r % len(names)  # each job is first now and then, so that none inherits the same cache
            for name in names[turn:] + names[:turn]:
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
