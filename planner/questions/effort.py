"""What a simulation will take, before it is begun: time from a short sample of the very job, and memory.

These are estimates: how busy the machine will be is anybody's guess.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from planner._platform import peak_memory, usable_cores
from planner.engine import memory
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.potential_outcomes import TILES, truths
from planner.engine.run import run_job
from planner.engine.workspace import LESS_MEMORY, job_in_words, thread_bytes
from planner.kernels.tables import W
from planner.model.estimand import Truth
from planner.results.contract import Written
from planner.scenario.scenario import Scenario

_LONG = 0.15  # seconds that a sample should take
LONG_VARIANTS = 0.6  # ... of variants, before which there is more to make than before plain trials
_FEW = 8 * W  # trials of the first sample
_SOME_TILES = 64  # of virtual patients, for the time of true effects

Truths = dict[str, list[Truth]]


@dataclass(frozen=True, slots=True)
class EffortEstimate(Written):
    """The `estimate` of `planner.dry-run/1`.

    `at_most`: how far the work goes is decided on the way, and this is the longest.
    """

    seconds: float
    at_most: bool
    trials_per_second: float
    memory_bytes: int | None  # at its peak; None where the system does not tell
    threads: int
    sampled_trials: int


class PlannedPass(NamedTuple):
    """Trials of a scenario in one pass, at one or several numbers of patients, of which the most count."""

    scenario: Scenario
    trials: int
    patients: int
    sized: Sequence[Scenario] = ()  # the scenario at each number of patients, if not just at the most

    @property
    def hypotheses(self) -> int:
        return len(self.scenario.simulated_hypotheses)

    def job(self, seed: int, effects: Truths) -> Job:
        """The work of the pass. `effects`: true effects."""
        if self.sized:
            return job_of(self.scenario, seed=seed, sized=self.sized, given_truths=effects)
        return job_of(self.scenario, seed=seed, patients=[self.patients], given_truths=effects)


def sampled(do: Callable[[int], object], most: int, long: float = _LONG) -> tuple[float, int]:
    """Seconds that a trial takes, by do(n) with more and more trials n; and how many there were at last.

    `long`: seconds that a sample should take; what is made before its first trial counts as time of trials.
    """
    do(W)  # compiles, or loads compiled kernels
    n = min(_FEW, most)
    while True:
        began = time.perf_counter()
        do(n)
        spent = time.perf_counter() - began
        if spent >= long or n >= most:
            return spent / n, n
        n = min(most, math.ceil(n * min(max(1.2 * long / spent, 2.0), 64.0)))


def of_passes(
    passes: Sequence[PlannedPass], seed: int, threads: int | None = None, *, at_most: bool = False
) -> EffortEstimate:
    """Of a run, a sweep, or any passes over virtual patients: a few are sampled, the others like them.

    Passes are alike that have as many hypotheses; their time grows with the patients.
    """
    seconds, held, count = 0.0, 0, 0
    before, blocks, cores = peak_memory() or 0, 0, threads or usable_cores()
    for number in dict.fromkeys(each.hypotheses for each in passes):
        alike = [each for each in passes if each.hypotheses == number]
        chosen = sorted({0, (len(alike) - 1) // 2, len(alike) - 1})
        paces, tables, extra = [], 0, 0.0
        for each in (alike[i] for i in chosen):
            effects, spent = _rough_truths(each.scenario, seed)
            work = each.job(seed, effects)
            size = thread_bytes(work)
            blocks = max(blocks, size * memory.workers(size, cores, job_in_words(work), LESS_MEMORY))
            pace, n = sampled(partial(_run, work, threads), each.trials)
            paces.append(pace / each.patients)
            tables, extra, count = tables + _table_bytes(work), extra + spent, count + n
        patients = sum(each.trials * each.patients for each in alike)
        seconds += patients * math.fsum(paces) / len(chosen) + extra * len(alike) / len(chosen)
        held = max(held, tables * (len(alike) - len(chosen)) // len(chosen))
    trials, peak = sum(each.trials for each in passes), peak_memory()
    return EffortEstimate(
        seconds=seconds,
        trials_per_second=trials / seconds,
        memory_bytes=None if peak is None else max(peak, before + blocks) + held,
        threads=cores,
        sampled_trials=count,
        at_most=at_most,
    )


def _run(work: Job, threads: int | None, trials: int) -> None:
    run_job(work, trials, threads=threads)


def of_sample(
    do: Callable[[int], object],
    trials: int,
    threads: int | None,
    *,
    extra: float = 0.0,
    held: int = 0,
    long: float = _LONG,
    at_most: bool = False,
) -> EffortEstimate:
    """Of anything that simulates n trials when called do(n), in samples of `long` seconds.

    `extra`, `held`: seconds and bytes beside them.
    """
    pace, n = sampled(do, trials, long)
    peak = peak_memory()
    return EffortEstimate(
        seconds=extra + trials * pace,
        trials_per_second=1.0 / pace,
        memory_bytes=None if peak is None else peak + held,
        threads=threads or usable_cores(),
        sampled_trials=n,
        at_most=at_most,
    )


def rough_truths(scenarios: Sequence[Scenario], seed: int) -> tuple[list[Truths], float]:
    """Rough true effects that will do for a sample, and the seconds that the exact ones take."""
    rows = [_rough_truths(each, seed) for each in scenarios]
    return [effects for effects, _ in rows], math.fsum(spent for _, spent in rows)


def _rough_truths(scenario: Scenario, seed: int) -> tuple[Truths, float]:
    names = scenario.simulated_hypotheses
    effects = truths(scenario, names, seed, _SOME_TILES)  # compiles
    began = time.perf_counter()
    truths(scenario, names, seed, _SOME_TILES)
    return effects, (time.perf_counter() - began) * TILES / _SOME_TILES if _simulated(effects) else 0.0


def _simulated(effects: Truths) -> bool:
    return any(truth.mcse > 0.0 for rows in effects.values() for truth in rows)


def _table_bytes(work: Job) -> int:
    """Bytes of a job's limit tables, the largest part of what waits for its turn."""
    return sum(each.rules.limit.nbytes + each.rules.interval.nbytes for each in work.analyses)
