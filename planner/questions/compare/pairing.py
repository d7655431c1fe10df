"""Several designs on the same virtual patients, paired trial by trial.

Trial i of every design has the same patients, so that most of what is chance cancels in a difference. What is
kept of the pairs are sums of integers: any number of threads, in any order, gives the same bits.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.engine.blocks import Records, compile_for, records_of
from planner.engine.executors import GoOn, Progress, WorkerMemory, executor, pieces
from planner.engine.lowered import Job
from planner.engine.workspace import LESS_MEMORY, Buffers, block_size, chunk_size, job_in_words, records_bytes
from planner.kernels.tables import COMPLETERS, Ints, W
from planner.questions.compare.cells import Difference
from planner.results.design_effect import approximate, design_effect, within_blocks
from planner.results.figures import Figure, early_stop_variance, figure, mean, probability, smooth, widen

FIGURES = ("power", "stopped_early", "expected_patients", "expected_completers", "expected_visits")
"""What is compared. Visits are those of all patients randomised when the trial stops: patients x periods."""
RATES = ("power", "stopped_early")

_PER_TRIAL = 4  # of each trial: significant, stopped early, patients, completers; visits follow from patients
# What is summed of each of these: x, x^2, x times that of the reference; and over the whole tiles of 128
# trials, which share a randomisation list, their sum, its square, and it times that of the reference.
_X, _XX, _XR, _T, _TT, _TR = range(6)
_SUMS = 6


class Member(NamedTuple):
    """Where a design has what is compared: its number, and its hypothesis and analysis by row of its job."""

    design: int
    hypothesis: int
    analysis: int


Group = Sequence[Member]
"""Members that are compared; the first is the reference of the others."""


@dataclass(frozen=True)
class PairedTrials:
    """The sums of paired trials. `sums` holds Python integers, which never overflow."""

    jobs: tuple[Job, ...]
    groups: tuple[Group, ...]
    trials: int
    sums: NDArray[np.object_]  # (group, member, _PER_TRIAL, _SUMS)
    seconds: float
    partial: bool

    def figure(self, g: int, m: int, name: str) -> Figure:
        """A figure of FIGURES of member m of a group."""
        sums, scale = self._of(g, m, name)
        n, total, square = self.trials, scale * sums[_X], scale**2 * sums[_XX]
        if name in RATES:
            value = probability(total, n)
        else:
            most = scale * self.jobs[self.groups[g][m].design].cells.patients
            value = smooth(mean(total, square, n), self._more(g, m, name), n, 0.0, most)
        effect = self._effect(g, [m], total, square, scale * sums[_T], scale**2 * sums[_TT])
        return widen(value, math.sqrt(effect))

    def difference(self, g: int, m: int, name: str, *, same: bool = False) -> Difference:
        """The figure of member m minus that of the reference, with its paired Monte Carlo error.

        `mcse_unpaired` is the error that independent trials would have. `same`: the two are one design, whose
        difference is 0 without error. Shares of trials take a discordant trial more on either side, and two
        that agree (as Agresti and Min 2005, who take half as many), so that no error is 0 for want of trials.
        """
        n = self.trials
        own, there = self.figure(g, m, name), self.figure(g, 0, name)
        a, scale = self._of(g, m, name)
        b, other = self._of(g, 0, name)
        total = scale * a[_X] - other * b[_X]
        square = scale**2 * a[_XX] - 2 * scale * other * a[_XR] + other**2 * b[_XX]
        whole = scale * a[_T] - other * b[_T]
        between = scale**2 * a[_TT] - 2 * scale * other * a[_TR] + other**2 * b[_TT]
        mcse = None
        if same:
            mcse = 0.0
        elif name in RATES:
            mcse = math.sqrt(square + 2 - total * total / (n + 4)) / (n + 4)
        elif n > 1:
            more = (self._more(g, m, name) + self._more(g, 0, name)) / 2.0
            mcse = math.sqrt((max(square / n - (total / n) ** 2, 0.0) + more) / (n - 1))
        if mcse is not None:
            mcse *= math.sqrt(self._effect(g, [m, 0], total, square, whole, between))
        unpaired = None if own.mcse is None or there.mcse is None else math.hypot(own.mcse, there.mcse)
        plain = figure(total / n, mcse)
        return Difference(plain.estimate, plain.mcse, plain.low, plain.high, None if n < 2 else unpaired)

    def _of(self, g: int, m: int, name: str) -> tuple[NDArray[np.object_], int]:
        """Sums of what a figure is made of, and by how much it is multiplied."""
        work = self.jobs[self.groups[g][m].design]
        if name == "expected_visits":
            return self.sums[g, m, FIGURES.index("expected_patients")], work.plan.leave.size
        return self.sums[g, m, FIGURES.index(name)], 1

    @property
    def approximate(self) -> bool:
        """Whether errors are approximate, for want of whole tiles."""
        return any(
            approximate(self.jobs[m.design].cells.block, _counts(self.jobs[m.design], m), self.trials)
            for group in self.groups
            for m in group
        )

    def _more(self, g: int, m: int, name: str) -> float:
        """What is added to the variance of a trial, so that no error is 0 for want of trials."""
        member = self.groups[g][m]
        work, n = self.jobs[member.design], self.trials
        sums, scale = self._of(g, m, name)
        patients = self.sums[g, m, FIGURES.index("expected_patients")]
        early = self.sums[g, m, FIGURES.index("stopped_early")][_X]
        more = early_stop_variance(patients[_X], patients[_XX], n, early, _counts(work, member))
        if name != "expected_completers":
            return float(scale**2 * more)
        gone = 2.0 / n if work.plan.leave.any() or work.cells.followed else 0.0
        return float(more * (sums[_X] / patients[_X]) ** 2 + gone)

    def _effect(
        self, g: int, members: Sequence[int], total: int, square: int, whole: int, between: int
    ) -> float:
        """Variance relative to that of independent trials, where looks come within a randomisation block.

        whole, between: over whole tiles, the sum of their sums and of the squares of these.
        """
        chosen = [self.groups[g][m] for m in members]
        listed = any(
            within_blocks(self.jobs[m.design].cells.block, _counts(self.jobs[m.design], m)) for m in chosen
        )
        n = self.trials
        if not listed:
            return 1.0
        alone = square / n - (total / n) ** 2
        rare = square / n  # of trials that differ from the others, by 1 or more
        return design_effect(n // W, whole, between, alone, n, 1.0 / rare if 0.0 < rare < 1.0 else 0.0)


def _counts(work: Job, member: Member) -> tuple[int, ...]:
    """Patients at each look."""
    return work.cells.tests[member.hypothesis][member.analysis].looks[0].counts


def pair(
    jobs: Sequence[Job],
    groups: Sequence[Group],
    trials: int,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> PairedTrials:
    """Simulate the trials 0 .. trials - 1 of every job, and pair them.

    Every job has one number of patients. `progress(done, all)` counts the trials of every job. Ctrl-C: as
    in `engine.run`.
    """
    compile_for(jobs, tallied=False)
    began = time.perf_counter()
    work = PairWork(tuple(jobs), tuple(groups))
    block = work.tiles * W
    size = max(min(chunk_size(job) for job in jobs) // len(jobs) // block, 1) * block
    tile = pieces(0, min(trials, W), W)  # to compile, or to load what is compiled
    todo = chain(tile, pieces(W, trials, size))
    done = executor(threads).add_up(work, todo, trials * len(jobs), progress)
    if done.interrupted and done.value.trials == 0:
        raise KeyboardInterrupt
    partial = done.interrupted and done.value.trials < trials
    seconds = time.perf_counter() - began
    return PairedTrials(work.jobs, work.groups, done.value.trials, done.value.sums, seconds, partial)


@dataclass(slots=True)
class PairSums:
    """What is kept of paired trials. `sums` holds Python integers, which never overflow."""

    trials: int
    sums: NDArray[np.object_]  # (group, member, _PER_TRIAL, _SUMS)

    def add(self, other: PairSums) -> None:
        """Add other trials of the same groups."""
        self.trials += other.trials
        self.sums = self.sums + other.sums


@dataclass(frozen=True, slots=True)
class PairWork:
    """Trials of several jobs, paired, as work for an executor: a piece is some of them."""

    jobs: tuple[Job, ...]
    groups: tuple[Group, ...]
    compiles: bool = True

    @property
    def need(self) -> WorkerMemory:
        size = sum(records_bytes(job, self.tiles) for job in self.jobs)
        largest = max(self.jobs, key=lambda job: job.cells.patients)
        return WorkerMemory(size, job_in_words(largest), LESS_MEMORY)

    @property
    def tiles(self) -> int:
        """Tiles of a block."""
        return min(block_size(job) for job in self.jobs)

    def empty(self) -> PairSums:
        return PairSums(0, np.full(self._shape, 0, dtype=object))

    def space(self) -> Buffers:
        return {}

    def do(self, first: int, number: int, space: Buffers, go_on: GoOn) -> PairSums:
        total = self.empty()
        for start, count in pieces(first, first + number, self.tiles * W):
            sums = self._block(start, count, -(-count // W), space)
            total.trials, total.sums = total.trials + count, total.sums + sums
            if not go_on(count * len(self.jobs)):
                break
        return total

    @property
    def _shape(self) -> tuple[int, int, int, int]:
        return len(self.groups), max(map(len, self.groups), default=0), _PER_TRIAL, _SUMS

    def _block(self, first: int, trials: int, tiles: int, space: Buffers) -> Ints:
        """i64[group, member, _PER_TRIAL, _SUMS] of a block."""
        sums = np.zeros(self._shape, np.int64)
        wanted = [
            [
                (g, m, each)
                for g, group in enumerate(self.groups)
                for m, each in enumerate(group)
                if each.design == j
            ]
            for j in range(len(self.jobs))
        ]
        reference: dict[int, Ints] = {}
        # References come before those that are compared with them.
        for j in sorted(range(len(self.jobs)), key=lambda j: all(m > 0 for _, m, _ in wanted[j])):
            records = records_of(self.jobs[j], first, tiles, space)
            for g, m, member in wanted[j]:
                x = _figures_of_trials(self.jobs[j], records, member, trials)
                if m == 0:
                    reference[g] = x
                _sum(x, reference[g], trials // W, sums[g, m])
        return sums


def _figures_of_trials(work: Job, records: Records, member: Member, trials: int) -> Ints:
    """i64[_PER_TRIAL, tile, 128]: what is kept of each trial, 0 for those beyond the last."""
    _, h, a = member
    test = work.cells.tests[h][a]
    counts = np.array(test.looks[0].counts, np.int64)
    end, look = records.end[h, a, 0], records.look[h, a, 0]
    lane = np.arange(end.size)
    at = work.analyses[a].rules.look[0, look]
    completers = records.stat[h, a, at, lane // W, COMPLETERS * W + lane % W]
    kept = np.stack(
        [
            np.isin(end, test.looks[0].efficacy),
            look + 1 < counts.size,
            counts[look],
            completers.astype(np.int64),
        ]
    )
    kept[:, trials:] = 0
    return np.asarray(kept, np.int64).reshape(_PER_TRIAL, -1, W)


def _sum(x: Ints, reference: Ints, whole: int, to: Ints) -> None:
    """Fill `to` i64[_PER_TRIAL, _SUMS] from x and the reference's, i64[_PER_TRIAL, tile, 128].

    whole: tiles that are full.
    """
    tile, other = x.sum(axis=-1), reference.sum(axis=-1)
    to[:, _X] = tile.sum(axis=-1)
    to[:, _XX] = (x * x).sum(axis=(1, 2))
    to[:, _XR] = (x * reference).sum(axis=(1, 2))
    tile, other = tile[:, :whole], other[:, :whole]
    to[:, _T] = tile.sum(axis=-1)
    to[:, _TT] = (tile * tile).sum(axis=-1)
    to[:, _TR] = (tile * other).sum(axis=-1)
