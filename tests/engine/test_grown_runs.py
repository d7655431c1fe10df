"""Runs that go on from earlier ones: the sums are those of one run over all trials, and of nothing else."""

from __future__ import annotations

import numpy as np
import pytest

import planner
from planner.engine.grown import GrownRuns
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.engine.tally import Tally


def _job(name: str, hypothesis: str, patients: list[int], seed: int = 1, **settings: object) -> Job:
    stated = [
        f"simulation.hypotheses=['{hypothesis}']",
        *(f"{key}={value}" for key, value in settings.items()),
    ]
    return job_of(planner.read(name, set=stated), seed=seed, patients=patients)


def _assert_same(found: Tally, want: Tally) -> None:
    assert found.trials == want.trials
    for name, sums in want.sums().items():
        assert np.array_equal(found.sums()[name], sums), name


@pytest.mark.parametrize("name", ["williams-2018", "two-by-two"])
def test_growing_gives_the_sums_of_one_run(name: str) -> None:
    """Some numbers of patients fall away; each time only the trials that are missing are simulated."""
    runs = GrownRuns()
    for patients, trials in (([8, 12, 20, 40], 256), ([12, 40], 640), ([12, 40], 700), ([40], 640)):
        work = _job(name, "direct-opioid", patients)
        _assert_same(runs.run(work, trials).tally, run_job(work, trials).tally)
    assert runs.simulated == 700


def test_a_run_does_not_go_on_from_half_a_tile() -> None:
    runs = GrownRuns()
    for trials in (200, 400):
        work = _job("two-by-two", "direct-opioid", [8])
        _assert_same(runs.run(work, trials).tally, run_job(work, trials).tally)
    assert runs.simulated == 200 + 400


def test_hypotheses_that_predict_the_same_share_their_trials() -> None:
    runs = GrownRuns()
    for name in ("mtor-crosstalk", "synergy"):
        work = _job("two-by-two", name, [8, 16])
        outcome = runs.run(work, 256)
        assert outcome.cells.hypotheses == (name,)
        _assert_same(outcome.tally, run_job(work, 256).tally)
    assert runs.simulated == 256


@pytest.mark.parametrize(
    "other",
    [
        _job("two-by-two", "permissive", [8, 16]),
        _job("two-by-two", "synergy", [8, 16], seed=2),
        _job("two-by-two", "synergy", [8, 12]),
        _job("two-by-two", "synergy", [8, 16, 20]),
        _job("two-by-two", "synergy", [8, 16], **{"analyses.0.alpha": 0.01}),
        _job("two-by-two", "synergy", [8, 16], **{"population.dropout.per_period": 0.2}),
        _job("two-by-two", "synergy", [8, 16], **{"endpoint.day": 3}),
    ],
    ids=["hypothesis", "seed", "number", "largest", "level", "dropout", "day"],
)
def test_nothing_is_taken_from_other_trials(other: Job) -> None:
    runs = GrownRuns()
    first = runs.run(_job("two-by-two", "synergy", [8, 16]), 256)
    found = runs.run(other, 256)
    assert runs.simulated == 512
    _assert_same(found.tally, run_job(other, 256).tally)
    assert first.tally.sums().keys() == found.tally.sums().keys()


def test_what_is_handed_out_is_a_copy() -> None:
    runs, work = GrownRuns(), _job("two-by-two", "synergy", [8, 16])
    runs.run(work, 256).tally.ends[:] = 0
    runs.run(work, 256).tally.ends[:] = 0
    _assert_same(runs.run(work, 256).tally, run_job(work, 256).tally)


def test_the_rate_of_a_search_counts_what_it_simulated() -> None:
    plan = planner.read("asthma-ab-ba", set=["simulation.hypotheses=['minimal-important']"])
    found = planner.size(plan, power=0.5, max_patients=40, trials=60_000)
    assert 60_000 < found.simulated < found.trials
    spent = found.to_json()["run"]
    assert spent["trials"] == found.trials
    assert spent["trials_per_second"] == pytest.approx(found.simulated / found.seconds)


def test_variants_are_simulated_anew_by_each_pass() -> None:
    plan = planner.read("williams-2018", set=["simulation.hypotheses=['permissive']"])
    found = planner.size(plan, power=0.5, max_patients=12, uncertain=True, variants=10)
    assert found.simulated == found.trials
