"""The timed jobs under pytest-benchmark, to save and to compare: `pytest bench -n 0 --benchmark-only`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ratios import TILES, one_core

from planner.benchmarks.bound import bound
from planner.benchmarks.jobs import means, scaled, two_stage, whole_blocks
from planner.benchmarks.jobs import one_core as trials_on_one_core
from planner.benchmarks.reference import with_numpy, with_scalar_numba
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.kernels.tables import W
from planner.scenario.scenario import Scenario

TRIALS = TILES * W


def _engine(**how: Any) -> Job:
    return job_of(means(**how))


@pytest.mark.benchmark(group="AB/BA by means, two looks, 15,360 trials")
@pytest.mark.parametrize("what", ["engine", "bound", "numpy", "scalar-numba"])
def test_one_core(benchmark: Any, what: str) -> None:
    jobs = {
        "engine": one_core(_engine()),
        "bound": bound(_engine(), TRIALS),
        "numpy": lambda: with_numpy(TRIALS),
        "scalar-numba": lambda: with_scalar_numba(TRIALS),
    }
    jobs[what]()
    benchmark(jobs[what])


@pytest.mark.benchmark(group="more of it, 15,360 trials")
@pytest.mark.parametrize(
    "work",
    [
        pytest.param({"hypotheses": 10}, id="ten-hypotheses"),
        pytest.param({"analyses": 2}, id="two-analyses"),
        pytest.param({"looks": 1}, id="one-look"),
    ],
)
def test_more(benchmark: Any, work: dict[str, int]) -> None:
    job = one_core(_engine(**work))
    job()
    benchmark(job)


@pytest.mark.benchmark(group="bioequivalence, 16,384 trials")
@pytest.mark.parametrize("make", [scaled, two_stage], ids=["scaled", "two-stage"])
def test_bioequivalence(benchmark: Any, make: Callable[[], Scenario]) -> None:
    work = job_of(make())
    job = trials_on_one_core(work, whole_blocks(work, 16_384))
    job()
    benchmark(job)


@pytest.mark.benchmark(group="20 numbers of patients, 15,360 trials")
@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("sizes", [[60], list(range(22, 62, 2))], ids=["one", "twenty"])
def test_sizes(benchmark: Any, looks: int, sizes: list[int]) -> None:
    job = one_core(job_of(means(looks=looks), patients=sizes))
    job()
    benchmark(job)


@pytest.mark.benchmark(group="threads, 400,000 trials")
@pytest.mark.parametrize("threads", [1, 2])
def test_threads(benchmark: Any, threads: int) -> None:
    work = _engine()
    benchmark(lambda: run_job(work, 400_000, threads=threads))
