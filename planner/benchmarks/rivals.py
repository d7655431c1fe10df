"""planner against what else does the same job, by turns in one process; both must find the same power."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from planner.benchmarks import machine, others
from planner.benchmarks.definitions import BY_HAND, of_rival
from planner.benchmarks.jobs import means, one_core, t_test, whole_blocks
from planner.benchmarks.others import Missing, Peer, Reported
from planner.benchmarks.reference import Counts
from planner.benchmarks.timing import Budget, Spread, Times, figure, spread
from planner.engine.job import job_of
from planner.questions.run.simulate import simulate
from planner.results.contract import Json
from planner.scenario.scenario import Scenario

_ENGINE_TRIALS_PER_SECOND = 2e6  # roughly; only sizes the rounds
_CHECKED_TRIALS = 200_000
# Beyond Monte Carlo error: the limits that rivals are given are rounded, and tests may be one-sided.
_TOLERATED = 0.004


RIVALS = ("by hand", "tools", "rpact")
"""What is measured one after the other, for a budget of time."""


def against_rivals(rounds: int, seconds: float, budget: Budget) -> tuple[list[Json], list[Json]]:
    """Every rival that is here, on its job, in rounds of about so many seconds; and why others are not."""
    tools, skipped = _installed()
    rows = _against("small", means(), by_hand(), rounds, seconds, budget.share())
    rows += _against("t-test", t_test(), tools, rounds, seconds, budget.share())
    try:
        rows.append(_against_reported("t-test", t_test(), others.rpact(), rounds, seconds, budget.share()))
    except Missing as reason:
        skipped.append({"rival": "rpact", "reason": str(reason)})
    return rows, skipped


def by_hand() -> list[Peer]:
    """What a user would write for the small job without planner."""
    return [
        Peer(name, machine.installed_version(tool), _power(BY_HAND[name]), 2000)
        for name, tool in zip(BY_HAND, ("numpy", "numba"), strict=True)
    ]


def _power(simulation: Callable[[int, int], Counts]) -> Callable[[int, int], float]:
    return lambda trials, seed: simulation(trials, seed).power


def _installed() -> tuple[list[Peer], list[Json]]:
    tools: list[Peer] = []
    skipped: list[Json] = []
    for name, get in (("scipy.stats.power", others.scipy_power), ("mcpower", others.mcpower)):
        try:
            tools.append(get())
        except Missing as reason:
            skipped.append({"rival": name, "reason": str(reason)})
    return tools, skipped


def _against(
    job: str, scenario: Scenario, peers: Sequence[Peer], rounds: int, seconds: float, at_most: float
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
    ours = _power_by_planner(scenario)
    rows = []
    for peer in peers:
        faster = times.ratio(peer.name, "engine").times(trials / peer.trials)
        rate = times.of(peer.name).times(1.0 / peer.trials).inverse()
        power, count = sum(powers[peer.name]) / len(powers[peer.name]), peer.trials * len(powers[peer.name])
        rows.append(_row(job, peer, rate, faster, power, count, ours))
    return rows


def _against_reported(
    job: str, scenario: Scenario, rival: Reported, rounds: int, seconds: float, at_most: float
) -> Json:
    """A rival in a process of its own, which timed itself before: not by turns, as its note says."""
    work = job_of(scenario)
    trials = whole_blocks(work, seconds * _ENGINE_TRIALS_PER_SECOND)
    own = Times({"engine": one_core(work, trials)}, rounds, time.process_time, at_most)
    seconds_a_trial = own.of("engine").median / trials
    theirs = spread(rival.seconds).times(1.0 / rival.trials)
    ours = _power_by_planner(scenario)
    return _row(
        job, rival, theirs.inverse(), theirs.times(1.0 / seconds_a_trial), rival.power, rival.trials, ours
    )


def _row(
    job: str, rival: Peer | Reported, rate: Spread, faster: Spread, power: float, trials: int, ours: float
) -> Json:
    error = math.sqrt(max(power * (1.0 - power), 1e-4) * (1.0 / trials + 1.0 / _CHECKED_TRIALS))
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
        "same_trial": abs(power - expected) <= 5.0 * error + _TOLERATED,
        "note": rival.note if isinstance(rival, Peer) else "timed in its own process, not by turns",
    }


def _power_by_planner(scenario: Scenario) -> float:
    run = simulate(scenario, trials=_CHECKED_TRIALS)
    if run.partial:
        raise KeyboardInterrupt  # a run that is cut short returns; a check by half a run is none
    return float(run.cells()[0].power.estimate)
