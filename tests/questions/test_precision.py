"""`--precision`: as many trials as the error needs, always the same ones, none simulated twice."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import run_job
from planner.engine.simulation import Simulation
from planner.kernels.tables import W
from planner.questions.run import passes
from planner.questions.run.passes import PlainPass
from planner.questions.run.precision import FIRST, PrecisionError, Steps, totals, until_precise
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from tests.support.commands import Cli, cli
from tests.support.sample_trials import trial

__all__ = ["cli"]  # the fixture


@pytest.mark.parametrize("name", ["whole-points", "futility"])
def test_stretches_add_up_to_the_run(name: str) -> None:
    """Tallies of trials 0-255, 256-1407, 1408-3000, simulated apart, are the tally of all 3,001."""
    work = job_of(trial(name), seed=4)
    total = work.cells.empty()
    for first, end in ((0, 256), (256, 1408), (1408, 3001)):
        total.add(run_job(work, end - first, first=first, threads=2).tally)
    want = run_job(work, 3001).tally
    assert total.trials == want.trials
    for part in ("ends", "free", "between"):
        assert np.array_equal(getattr(total, part), getattr(want, part))


def test_steps_are_fixed_and_whole_tiles() -> None:
    assert list(totals(100_000)) == [10_240, 20_480, 40_960, 81_920, 100_000]
    assert list(totals(500)) == [500]
    assert FIRST % W == 0


@pytest.mark.parametrize("precision", [0.004, 0.0016])
def test_the_precision_is_reached_with_the_fewest_steps(precision: float) -> None:
    scenario = trial("whole-points")
    run = simulate(scenario, precision=precision, threads=2)
    worst = max(cell[f]["mcse"] for cell in as_json(run.cells()) for f in ("power", "stopped_early"))
    assert worst <= precision
    assert run.trials in list(totals(10**8))
    if run.trials > FIRST:
        half = simulate(scenario, trials=run.trials // 2)
        assert (
            max(c[f]["mcse"] for c in as_json(half.cells()) for f in ("power", "stopped_early")) > precision
        )
    assert run.digest() == simulate(scenario, trials=run.trials).digest()
    assert run.digest() == simulate(scenario, precision=precision, threads=1).digest()


def test_only_new_trials_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    stretches: list[tuple[int, int]] = []
    run = run_job

    def watched(work: Job, trials: int, **options: Any) -> Simulation:
        stretches.append((options["first"], trials))
        return run(work, trials, **options)

    monkeypatch.setattr(passes, "run_job", watched)
    simulate(trial("whole-points"), precision=0.003)
    assert stretches[0] == (0, FIRST)
    for (first, trials), (following, _) in pairwise(stretches):
        assert following == first + trials


def test_giving_up_is_told() -> None:
    run = simulate(trial("whole-points"), precision=1e-5, trials=30_000)
    assert run.trials == 30_000
    assert not run.partial
    assert "the precision of 1e-05 is not reached: after 30,000 trials" in run.to_json()["warnings"][0]


@pytest.mark.parametrize("precision", [0.0, -1.0, 0.5, 1e-7, float("nan")])
def test_senseless_precisions_are_refused(precision: float) -> None:
    scenario = trial("unbounded")
    with pytest.raises(PrecisionError):
        until_precise([PlainPass(scenario, lambda: job_of(scenario))], precision, Steps())


def test_progress_counts_on_and_ctrl_c_keeps_what_is_there() -> None:
    told: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if done > 300_000:
            raise KeyboardInterrupt

    run = simulate(trial("whole-points"), precision=2e-5, progress=progress, threads=2)
    assert run.partial
    assert run.trials > 150_000
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(done <= total for done, total in told)
    assert told[-1][1] > 10_000_000


def test_the_command(cli: Cli) -> None:
    code, out, err = cli("run", "staged.toml", "--precision", "0.004", "--json", "-q")
    assert (code, err) == (0, "")
    document = json.loads(out)
    assert document["run"]["trials"] in list(totals(10**8))
    assert all(cell["power"]["mcse"] <= 0.004 for cell in document["cells"])
    code, out, err = cli("run", "staged.toml", "--precision", "0.0001", "--trials", "2000", "-q")
    assert code == 0
    assert "warning: the precision of 0.0001 is not reached" in err
    assert "--trials 2000 --seed 1" in out
    out = cli("run", "staged.toml", "--precision", "0.001", "--dry-run")[1]
    assert "as many as a Monte Carlo standard error of 0.001" in " ".join(out.split())
