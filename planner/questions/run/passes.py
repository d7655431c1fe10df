"""Passes over virtual patients that grow: trials are added to those there are, none is simulated twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from planner.engine.executors import Progress
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.engine.simulation import Simulation
from planner.results.run import Run
from planner.scenario.scenario import Scenario


class Pass(Protocol):
    """One pass over the virtual patients, as far as it has come."""

    @property
    def trials(self) -> int:
        """Trials that are finished."""

    def grow(self, total: int, threads: int | None, progress: Progress | None) -> bool:
        """Simulate what is missing to `total` trials; whether Ctrl-C did not come.

        KeyboardInterrupt if no new trial is finished.
        """

    def result(self, cut: bool = False) -> Run:
        """The trials so far; `cut`: as those of a simulation that Ctrl-C has stopped."""


class PlainPass:
    """Trials of a scenario in which no number is uncertain. `lower`: makes the job, when trials are wanted.

    To lower a scenario takes a second or more where true effects are simulated, and a sweep has many passes.
    """

    def __init__(self, scenario: Scenario, lower: Callable[[], Job], name: str = "") -> None:
        self.scenario, self.name = scenario, name or scenario.name
        self._lower = lower
        self._outcome: Simulation | None = None

    @cached_property
    def work(self) -> Job:
        """The scenario, lowered."""
        return self._lower()

    @property
    def trials(self) -> int:
        return self._outcome.tally.trials if self._outcome else 0

    def grow(self, total: int, threads: int | None, progress: Progress | None) -> bool:
        first = self.trials
        new = run_job(self.work, total - first, first=first, threads=threads, progress=progress)
        self._outcome = new if self._outcome is None else _sum_of(self._outcome, new)
        return not new.interrupted

    def result(self, cut: bool = False) -> Run:
        outcome = self._outcome
        assert outcome is not None
        outcome = replace(outcome, partial=True, interrupted=True) if cut else outcome
        return Run(self.scenario, self.name, outcome)


def _sum_of(before: Simulation, new: Simulation) -> Simulation:
    total = before.cells.empty()
    total.add(before.tally)
    total.add(new.tally)
    return Simulation(before.cells, total, before.seconds + new.seconds, new.partial, new.interrupted)


def grow_all(
    passes: Sequence[Pass],
    total: int,
    needed: int,
    threads: int | None = None,
    progress: Progress | None = None,
) -> bool:
    """Let all passes grow to `total` trials each, one after the other; whether nothing interrupted them.

    KeyboardInterrupt if no pass has any trial. `needed`: trials of each pass in the end, for the progress.
    """
    for one in passes:
        done = sum(each.trials for each in passes)
        tell = progress and _shifted(progress, done, needed * len(passes))
        try:
            whole = one.grow(total, threads, tell)
        except KeyboardInterrupt:
            if not any(each.trials for each in passes):
                raise
            return False
        if not whole:
            return False
    return True


def _shifted(progress: Progress, done: int, needed: int) -> Progress:
    return lambda more, _: progress(done + more, needed)
