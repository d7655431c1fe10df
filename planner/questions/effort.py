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

from planner.engine import memory
from planner.engine.blocks import records_of
from planner.engine.executors import available_cores, pieces
from planner.engine.job import Job, job_of
from planner.engine.memory import peak_memory
from planner.engine.potential_outcomes import TILES, truths
from planner.engine.run import run_job
from planner.engine.workspace import LESS_MEMORY, job_in_words, thread_bytes
from planner.kernels.tables import W
from planner.model.estimand import Truth
from planner.questions.compare.compare import comparison_rows
from planner.questions.compare.pairing import pair
from planner.questions.run.assurance import VARIANT_TRIALS, AssurancePass, shares, simulate_variants
from planner.questions.run.precision import Steps, check
from planner.questions.run.simulate import MOST_BYTES, Amount
from planner.questions.sensitivity.assumptions import Assumption
from planner.questions.sensitivity.sensitivity import variants
from planner.questions.size.effort import LargestPass
from planner.questions.sweep.axes import Point
from planner.questions.sweep.sweep import points_by_pass
from planner.results.contract import Json
from planner.scenario.scenario import Scenario

_LONG = 0.15  # seconds that a sample should take
_LONG_VARIANTS = 0.6  # ... of variants, before which there is more to make than before plain trials
_FEW = 8 * W  # trials of the first sample
_SOME_TILES = 64  # of virtual patients, for the time of true effects

Truths = dict[str, list[Truth]]


@dataclass(frozen=True, slots=True)
class EffortEstimate:
    """An estimate; `at_most`: how far the work goes is decided on the way, and this is the longest."""

    seconds: float
    trials_per_second: float
    memory_bytes: int | None  # at its peak; None where the system does not tell
    threads: int
    sampled_trials: int
    at_most: bool = False

    def to_json(self) -> Json:
        """The `estimate` of `planner.dry-run/1`."""
        return {
            "seconds": self.seconds,
            "at_most": self.at_most,
            "trials_per_second": self.trials_per_second,
            "memory_bytes": self.memory_bytes,
            "threads": self.threads,
            "sampled_trials": self.sampled_trials,
        }


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
    before, blocks, cores = peak_memory() or 0, 0, threads or available_cores()
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
        threads=threads or available_cores(),
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


def precise_trials(precision: float, steps: Steps) -> int:
    """Trials after which no share has a larger Monte Carlo standard error, in the steps of --precision.

    Where numbers are uncertain, that many variants would do, were power 0 in some of them and 1 in others.
    """
    check(precision)
    needed = 0.25 / (precision * precision) * (steps.variant or 1)
    return next((total for total in steps.totals() if total >= needed), steps.most)


# The questions


def most_trials(amount: Amount) -> int:
    """The most trials that there can be of a pass. Raises PrecisionError as `check` does."""
    if amount.precision is None:
        assert amount.trials is not None
        return amount.trials
    return precise_trials(amount.precision, amount.steps)


def of_run(scenario: Scenario, amount: Amount, seed: int, threads: int | None) -> EffortEstimate:
    """Of a plain run."""
    trials = most_trials(amount)
    if amount.uncertain:
        return _of_variants(scenario, trials, amount, seed, threads)
    passes = [PlannedPass(scenario, trials, scenario.design.patients)]
    return of_passes(passes, seed, threads, at_most=amount.precision is not None)


def sweep_passes(points: Sequence[Point], trials: int) -> list[PlannedPass]:
    """The passes of a sweep, each of so many trials."""
    passes = []
    for group in points_by_pass(points):
        sized = [points[n].scenario for n in group]
        passes.append(PlannedPass(sized[0], trials, max(each.design.patients for each in sized), sized))
    return passes


def of_sweep(passes: Sequence[PlannedPass], amount: Amount, seed: int, threads: int | None) -> EffortEstimate:
    """Of the passes of a sweep."""
    if amount.uncertain:
        return _of_variants(passes[0].scenario, passes[0].trials, amount, seed, threads, passes)
    return of_passes(passes, seed, threads, at_most=amount.precision is not None)


def _of_variants(
    scenario: Scenario,
    trials: int,
    amount: Amount,
    seed: int,
    threads: int | None,
    passes: Sequence[PlannedPass] = (),
) -> EffortEstimate:
    """Of trials that are divided over variants: some of these are sampled, each with its share of trials.

    `passes`: those of a sweep; the first is sampled, and the time of the others grows with their patients.
    The sums of all variants are kept, and count.
    """
    assert amount.variants is not None
    precise = amount.precision is not None  # which adds no more variants than fit
    each = VARIANT_TRIALS if precise else trials / amount.variants
    sizes = [one.design.patients for one in passes[0].sized] if passes else None
    whole = trials
    if passes:
        whole = round(trials * sum(one.patients for one in passes) / passes[0].patients)

    def some(n: int) -> None:
        count = max(1, int(n / each))
        simulate_variants(scenario, trials=n, count=count, seed=seed, threads=threads, patients=sizes)

    designs = sum(len(one.sized) for one in passes) / len(sizes) if sizes else 1
    variants = len(shares(trials, round(trials / each)))
    one_variant = AssurancePass(scenario, None, seed=seed, patients=sizes).variant_bytes
    kept = int(one_variant * designs * variants)
    held = min(kept, MOST_BYTES) if precise else kept
    return of_sample(some, whole, threads, held=held, long=_LONG_VARIANTS, at_most=precise)


def of_search(
    passes: Sequence[LargestPass],
    scenario: Scenario,
    patients: int,
    seed: int,
    threads: int | None,
    *,
    uncertain: bool,
) -> EffortEstimate:
    """Of the search for a size: its passes, each as large as it can be.

    `uncertain`: variants of `scenario` are sampled, with so many patients, 128 trials of each.
    """
    if not uncertain:
        work = [PlannedPass(each.scenario, each.trials, each.patients) for each in passes]
        return of_passes(work, seed, threads, at_most=True)

    def some(n: int) -> None:
        AssurancePass(scenario, max(1, n // W), seed=seed, patients=[patients]).grow(n, threads, None)

    whole = -(-sum(each.trials * each.patients for each in passes) // patients)
    return of_sample(some, whole, threads, long=_LONG_VARIANTS, at_most=True)


def of_sensitivity(
    scenario: Scenario, varied: Sequence[Assumption], trials: int, seed: int, threads: int | None
) -> tuple[EffortEstimate, int]:
    """Of the variants with an assumption a step off, and how many there are."""
    (effects,), extra = rough_truths([scenario], seed)
    jobs, groups, _ = variants(scenario, varied, seed, effects)
    effort = of_sample(lambda n: pair(jobs, groups, n, threads=threads), trials, threads, extra=extra)
    return effort, len(jobs)


def of_compare(designs: Sequence[Scenario], trials: int, seed: int, threads: int | None) -> EffortEstimate:
    """Of designs side by side."""
    effects, extra = rough_truths(designs, seed)
    jobs = [
        job_of(each, seed=seed, given_truths=own, tallied=False)
        for each, own in zip(designs, effects, strict=True)
    ]
    groups = [row.group for row in comparison_rows(jobs)]
    return of_sample(lambda n: pair(jobs, groups, n, threads=threads), trials, threads, extra=extra)


def of_trial(scenario: Scenario, trials: int, seed: int, *, at_most: bool) -> EffortEstimate:
    """Of one trial in full, or of a search that looks at so many trials at most."""
    (effects,), extra = rough_truths([scenario], seed)
    work = job_of(scenario, seed=seed, given_truths=effects, tallied=False)

    def scan(n: int) -> None:
        for start, count in pieces(0, n, 8 * W):
            records_of(work, start, -(-count // W))

    return of_sample(scan, trials, 1, extra=extra, at_most=at_most)
