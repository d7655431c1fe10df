"""Runs that go on from earlier ones: what was simulated of the same patients is not simulated again.

A tally is a sum of integers over trials, each addressed by its number, so that the trials of a run and those
behind them add up to the tally of one run over both, to the bit. A search asks for the same patients with
more and more trials, for fewer numbers of patients each time, and hypotheses that predict the same for a
design have the same patients: their tables are equal, whatever they are called.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Hashable
from dataclasses import astuple, replace
from typing import NamedTuple

from planner.engine.executors import Progress
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.engine.simulation import Simulation
from planner.engine.table_key import generators_key, numbers_key
from planner.engine.tally import Tally
from planner.kernels.tables import W

_KEPT = 64  # earlier runs at most ...
_BYTES = 64 * 2**20  # ... and of their tallies


class _Earlier(NamedTuple):
    """Trials that are finished."""

    key: Hashable
    designs: tuple[str, ...]  # the key of each
    tally: Tally


class GrownRuns:
    """Runs of jobs from their first trial on, the latest of which are kept to go on from."""

    def __init__(self) -> None:
        self.simulated = 0  # trials, without those that were there before
        self._earlier: deque[_Earlier] = deque(maxlen=_KEPT)

    def run(
        self, job: Job, trials: int, *, threads: int | None = None, progress: Progress | None = None
    ) -> Simulation:
        """What `run_job` gives for the trials 0 .. trials - 1. Ctrl-C: as there, of the trials to come."""
        began, key, designs = time.perf_counter(), _job_key(job), _design_keys(job)
        before = self._most(key, designs, trials)
        done = 0 if before is None else before.trials
        if before is None or done < trials:
            onward = progress and (lambda more, _: progress(done + more, trials))
            new = run_job(job, trials - done, first=done, threads=threads, progress=onward)
            self.simulated += new.tally.trials
            if before is not None:
                before.add(new.tally)
                new = replace(new, tally=before)
        else:
            new = Simulation(job.cells, before, 0.0, partial=False)
        if not new.partial:
            self._keep(_Earlier(key, designs, new.tally.of_designs(range(len(designs)))))
        return replace(new, seconds=time.perf_counter() - began)

    def _keep(self, run: _Earlier) -> None:
        self._earlier.append(run)
        while sum(each.tally.nbytes for each in self._earlier) > _BYTES:
            self._earlier.popleft()

    def _most(self, key: Hashable, designs: tuple[str, ...], trials: int) -> Tally | None:
        """A tally of these designs with the most trials that are no more than wanted, and can be added to."""
        best: _Earlier | None = None
        for each in self._earlier:
            n = each.tally.trials
            fits = n == trials or (n < trials and n % W == 0)
            if fits and each.key == key and set(designs) <= set(each.designs):
                best = each if best is None or n > best.tally.trials else best
        return None if best is None else best.tally.of_designs([best.designs.index(each) for each in designs])


def _job_key(job: Job) -> Hashable:
    """Everything that decides a tally but what one number of patients has for itself.

    The largest number belongs to it: patients are counted, and tables of limits end, where it ends.
    """
    cells, guessing = job.cells, job.guessing
    analyses = [
        (each.reading, each.contrast, each.centre, each.margins, each.rules.interval, *each.rules[3:])
        for each in job.analyses
    ]
    shape = cells.seed, cells.patients, cells.width, cells.listed, cells.followed, cells.primary
    beside = job.plan, job.readings, job.waits, None if guessing is None else astuple(guessing)
    units = [test.unit for row in cells.tests for test in row]
    kernels = tuple(each.kernel for each in job.analyses)
    return kernels, generators_key(job.generators, analyses, shape, beside, units)


def _design_keys(job: Job) -> tuple[str, ...]:
    """The number of patients, the looks and the limits of each design."""
    keys = []
    for d, patients in enumerate(job.cells.designs):
        limits = []
        for each in job.analyses:
            at = each.rules.look[d]
            limits.append((job.counts[at[at >= 0]], each.rules.limit[d]))
        keys.append(numbers_key(patients, limits))
    return tuple(keys)
