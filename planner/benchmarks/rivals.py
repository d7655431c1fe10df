"""planner against what else does the same job, by turns in one process; both must find the same power."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from planner.benchmarks import machine, others
from planner.benchmarks.definitions import BY_HAND, of_rival
from planner.benchmarks.jobs import means, mixed, one_core, scaled, t_test, two_stage, whole_blocks
from planner.benchmarks.others import Missing, Peer, Reported
from planner.benchmarks.reference import Counts
from planner.benchmarks.timing import LEAST, Budget, Spread, Times, figure, spread
from planner.engine.job import job_of
from planner.questions.run.simulate import simulate
from planner.results.contract import Json
from planner.scenario.scenario import Scenario

_ENGINE_TRIALS_PER_SECOND = 2e6  # roughly; only sizes the rounds
CHECKED_TRIALS = 200_000
# Beyond Monte Carlo error: the limits that rivals are given are rounded, and tests may be one-sided.
_TOLERATED = 0.004
JOBS: dict[str, Callable[[], Scenario]] = {
    "small": means,
    "t-test": t_test,
    "mixed": mixed,
    "scaled": scaled,
    "two-stage": two_stage,
}
"""The jobs that rivals do too."""


def against_rivals(
    jobs: Sequence[str], rounds: int, seconds: float, budget: Budget
) -> tuple[list[Json], list[Json]]:
    """Every rival that is here, on its job, in rounds of about so many seconds; and why others are not."""
    rows: list[Json] = []
    skipped: list[Json] = []
    for job in jobs:
        peers, reports, missing = _rivals_of(job, max(LEAST, rounds // 5))
        rows += _against(job, JOBS[job](), peers, reports, rounds, seconds, budget.share())
        skipped += missing
    left_out = (each for each in others.ALL if each.job in JOBS and each.job not in jobs)
    skipped += [{"rival": each.name, "reason": "it takes longer than --quick has"} for each in left_out]
    return rows, skipped


def by_hand() -> list[Peer]:
    """What a user would write for the small job without planner."""
    return [
        Peer(name, machine.installed_version(tool), _power(BY_HAND[name]), 2000)
        for name, tool in zip(BY_HAND, ("numpy", "numba"), strict=True)
    ]


def _power(simulation: Callable[[int, int], Counts]) -> Callable[[int, int], float]:
    return lambda trials, seed: simulation(trials, seed).power


def _rivals_of(job: str, rounds: int) -> tuple[list[Peer], list[Reported], list[Json]]:
    """Those timed by turns, those that time themselves, and those that are not here."""
    peers = by_hand() if job == "small" else []
    reports: list[Reported] = []
    skipped: list[Json] = []
    for tool in (each for each in others.ALL if each.job == job):
        try:
            if tool.package is None:
                reports.append(others.reported(tool, rounds))
            else:
                peers.append(others.peer(tool))
        except Missing as reason:
            skipped.append({"rival": tool.name, "reason": str(reason)})
    return peers, reports, skipped


def _against(
    job: str,
    scenario: Scenario,
    peers: Sequence[Peer],
    reports: Sequence[Reported],
    rounds: int,
    seconds: float,
    at_most: float,
) -> list[Json]:
    """All by turns, in processor time of the whole process: a rival may have threads of its own."""
    work = job_of(scenario)
    trials = whole_blocks(work, seconds * _ENGINE_TRIALS_PER_SECOND)
    powers: dict[str, list[float]] = {peer.name: [] for peer in peers}

    def turn(peer: Peer) -> Callable[[], None]:
        answers = powers[peer.name]
        return lambda: answers.append(peer.run(peer.trials, len(answers) + 1))  # a new seed each round

    jobs = {peer.name: turn(peer) for peer in peers}
    times = Times({"engine": one_core(work, trials), **jobs}, rounds, time.process_time, at_most)
    ours = power_by_planner(scenario)
    rows = []
    for peer in peers:
        faster = times.ratio(peer.name, "engine").times(trials / peer.trials)
        rate = times.of(peer.name).times(1.0 / peer.trials).inverse()
        power, count = sum(powers[peer.name]) / len(powers[peer.name]), peer.trials * len(powers[peer.name])
        rows.append(_row(job, peer, rate, faster, power, count, ours))
    for report in reports:
        theirs = spread(report.seconds).times(1.0 / report.trials)
        faster = theirs.times(trials / times.of("engine").median)
        rows.append(_row(job, report, theirs.inverse(), faster, report.power, report.trials, ours))
    return rows


def _row(
    job: str, rival: Peer | Reported, rate: Spread, faster: Spread, power: float, trials: int, ours: float
) -> Json:
    expected = rival.expected if isinstance(rival, Peer) and rival.expected is not None else ours
    return {
        "rival": rival.name,
        "version": rival.version,
        "definition": of_rival(rival.name),
        "job": job,
        "trials_per_core_second": figure(rate),
        "times_as_fast": figure(faster),
        "power": power,
        "trials": trials,
        "planner_power": ours,
        "expected_power": expected,
        "same_trial": is_same(power, trials, expected),
        "note": rival.note,
    }


def is_same(power: float, trials: int, expected: float) -> bool:
    """Whether so many trials of a rival find the expected power, within five Monte Carlo errors.

    >>> is_same(0.81, 10_000, 0.8), is_same(0.85, 10_000, 0.8)
    (True, False)
    """
    error = math.sqrt(max(expected * (1.0 - expected), 1e-4) * (1.0 / trials + 1.0 / CHECKED_TRIALS))
    return abs(power - expected) <= 5.0 * error + _TOLERATED


def power_by_planner(scenario: Scenario) -> float:
    """What planner finds, by a run of its own."""
    run = simulate(scenario, trials=CHECKED_TRIALS)
    if run.partial:
        raise KeyboardInterrupt  # a run that is cut short returns; a check by half a run is none
    return float(run.cells()[0].power.estimate)
