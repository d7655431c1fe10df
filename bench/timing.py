"""Ratios that hold on a busy machine: jobs by turns, CPU time of one thread, medians of ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Work = Callable[[], object]


class Times:
    """Seconds of CPU time of each job, round by round."""

    def __init__(self, jobs: Mapping[str, Work], rounds: int = 15, clock: Callable[[], float] | None = None):
        clock = clock or time.thread_time
        for work in jobs.values():
            work()  # compiles, and warms what there is to warm
        self.seconds: dict[str, list[float]] = {name: [] for name in jobs}
        names = list(jobs)
        for r in range(rounds):
            for name in names[r % len(names) :] + names[: r % len(names)]:
                begun = clock()
                jobs[name]()
                self.seconds[name].append(clock() - begun)

    def median(self, name: str) -> float:
        return statistics.median(self.seconds[name])

    def ratio(self, above: str, below: str) -> tuple[float, float, float]:
        """Median, lower and upper quartile of the ratios of the two within each round."""
        pairs = zip(self.seconds[above], self.seconds[below], strict=True)
        low, middle, high = statistics.quantiles([a / b for a, b in pairs], n=4)
        return middle, low, high
