"""Prints how fast the engine is, as ratios within one process, against the targets of its specification.

    python bench/ratios.py [--rounds 21] [--only WORD]

Every pair of jobs runs by turns; a ratio is the median over the rounds, with its quartiles, of CPU times of
one thread. Only the line of two threads is wall-clock time, which says little on a busy machine.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from planner.benchmarks import jobs
from planner.benchmarks.bound import bound
from planner.benchmarks.jobs import N, means, mechanisms
from planner.benchmarks.reference import with_numpy, with_scalar_numba
from planner.benchmarks.timing import Spread, Times, Work
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.kernels.tables import W
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json

UNIT = 2  # patients that an AB/BA trial is allocated in
# The numbers of patients of two power curves, twenty each: those around a plausible answer, and every
# twentieth of the largest, in whole allocation units (halves up).
AROUND = jobs.SIZES
TWENTIETHS = tuple(UNIT * ((100 * i + 20) // (20 * UNIT)) for i in range(1, 21))
TILES = 120  # trials of a timed job: 15 whole blocks of the smallest scenario


class Line(NamedTuple):
    """A comparison: `measure` gives the ratio with its quartiles; `target` reads "at least" or "at most"."""

    what: str
    target: str
    measure: Callable[[int], Spread]


def one_core(work: Job, tiles: int = TILES) -> Work:
    """All that the engine does for that many tiles, in the calling thread."""
    return jobs.one_core(work, tiles * W)


def _against_bound(work: Job, rounds: int) -> Spread:
    timed = {"engine": one_core(work), "bound": bound(work, TILES * W)}
    return Times(timed, rounds).ratio("bound", "engine")


def _against_peer(peer: Callable[[int], object], rounds: int) -> Spread:
    trials = 2000
    timed = {"engine": one_core(job_of(means())), "peer": lambda: peer(trials)}
    return Times(timed, rounds).ratio("peer", "engine").times(TILES * W / trials)


def _more(work: Job, less: Job, rounds: int, share: float = 1.0) -> Spread:
    """Time of one job over that of another, times a factor."""
    times = Times({"more": one_core(work), "less": one_core(less)}, rounds)
    return times.ratio("more", "less").times(share)


def _extra(work: Job, less: Job, rounds: int, things: int) -> Spread:
    """Time that each of so many further things adds, as a share of the smaller job."""
    middle, low, high = _more(work, less, rounds)
    return Spread((middle - 1.0) / things, (low - 1.0) / things, (high - 1.0) / things)


def _threads(rounds: int) -> Spread:
    work = job_of(means())
    trials = 400_000
    timed = {str(n): lambda n=n: run_job(work, trials, threads=n) for n in (1, 2)}
    times = Times(timed, rounds, time.perf_counter)
    best = min(times.seconds["1"]) / min(times.seconds["2"])  # other work only ever makes a round slower
    return Spread(best, *times.ratio("1", "2")[1:])


def _sizes(looks: int, sizes: Sequence[int], rounds: int) -> Spread:
    """A whole power curve over the largest number of patients alone, by the same passes."""
    scenario = means(looks=looks)
    many = job_of(scenario, patients=sizes)
    return _more(many, job_of(scenario, patients=[max(sizes)]), rounds)


def lines() -> Iterator[Line]:
    """The comparisons in the order of the specification's table."""
    one, ten = means(), means(hypotheses=10)
    yield Line(
        "AB/BA by means, two looks, one core: of the bound",
        ">= 0.80",
        lambda r: _against_bound(job_of(one), r),
    )
    every = tuple(mechanisms().hypotheses)[:10]
    first = mechanisms(every[:1])
    yield Line(
        "mechanisms, one hypothesis: of the bound", ">= 0.65", lambda r: _against_bound(job_of(first), r)
    )
    yield Line(
        "mechanisms, ten hypotheses: each against one alone",
        "<= 0.25",
        lambda r: _more(job_of(mechanisms(every)), job_of(first), r, 0.1),
    )
    yield Line(
        "mechanisms: each further hypothesis",
        "<= 0.20",
        lambda r: _extra(job_of(mechanisms(every)), job_of(first), r, 9),
    )
    yield Line(
        "means, ten hypotheses: each against one alone",
        "<= 0.25",
        lambda r: _more(job_of(ten), job_of(one), r, 0.1),
    )
    yield Line("means: each further hypothesis", "<= 0.20", lambda r: _extra(job_of(ten), job_of(one), r, 9))
    yield Line("vectorised NumPy: times as long", ">= 10", lambda r: _against_peer(with_numpy, r))
    yield Line(
        "scalar Numba, np.random: times as long", ">= 20", lambda r: _against_peer(with_scalar_numba, r)
    )
    for sizes, span in ((AROUND, "22 to 60"), (TWENTIETHS, "up to 100")):
        for looks, word, target in ((1, "one look", "<= 1.15"), (2, "two looks", "<= 1.45")):
            yield Line(
                f"20 numbers of patients against one, {span}, {word}",
                target,
                partial(_sizes, looks, sizes),
            )
    yield Line(
        "a second analysis",
        "<= 0.10",
        lambda r: _extra(job_of(means(analyses=2)), job_of(one), r, 1),
    )
    yield Line("two threads against one (best of wall-clock times)", ">= 1.85", _threads)


def met(value: float, target: str) -> bool:
    sign, limit = target.split()
    return value >= float(limit) if sign == ">=" else value <= float(limit)


def check() -> None:
    """The peers simulate the same trial: their power agrees with the engine's."""
    run = simulate(means(), trials=200_000)
    power = as_json(run.cells())[0]["power"]
    for peer in (with_numpy, with_scalar_numba):
        counts = peer(100_000)
        error = (power["mcse"] ** 2 + counts.power * (1 - counts.power) / counts.trials) ** 0.5
        if abs(counts.power - power["estimate"]) > 5 * error + 0.003:  # their limits are rounded
            raise SystemExit(f"{peer.__name__} simulates another trial: power {counts.power:.4f}")


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--only", default="", help="comparisons with this word in their name")
    given = parser.parse_args()
    check()
    work = job_of(means())
    alone = Times({"engine": one_core(work), "bound": bound(work, TILES * W)}, given.rounds)
    per = 1e9 / (TILES * W * N)
    table = Table("comparison", "target", "ratio", "quartiles", "", title="Ratios of CPU time of one thread")
    for line in lines():
        if given.only in line.what:
            value, low, high = line.measure(given.rounds)
            verdict = "" if met(value, line.target) else "missed"
            table.add_row(line.what, line.target, f"{value:.3g}", f"{low:.3g} .. {high:.3g}", verdict)
    console = Console(width=110)
    console.print(table)
    console.print(
        f"AB/BA by means: {alone.of('engine').median * per:.2f} ns a patient; "
        f"drawing alone {alone.of('bound').median * per:.2f} ns."
    )
    load = Path("/proc/loadavg")
    if load.exists():
        console.print(f"Load of the machine: {load.read_text().split()[0]}.")


if __name__ == "__main__":
    main()
