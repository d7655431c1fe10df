"""Ctrl-C in the middle of a simulation: what is finished is returned, marked, at once, and adds up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

from planner import _interruption as interruption
from planner.engine import blocks
from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.engine.tally import Tally
from planner.kernels.tables import W
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.results.run import Run
from tests.support.marks import repeated
from tests.support.sample_trials import environment, trial

MANY = 200_000_000  # an hour's work
PROMISED_S = 0.5
SLACK = 4  # for a machine that is busy with other things
pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as on Unix")

# Tells when the simulation runs, then what came of it: seconds since the signal are measured by the parent.
CHILD = f"""
import json, sys, threading
from tests.support.sample_trials import trial
from planner.questions.run.simulate import simulate
from tests.support.marks import repeated
scenario = trial(sys.argv[1])
simulate(scenario, trials=128, threads=1)  # loads the kernels
told = threading.Event()
def progress(done, total):
    if not told.is_set():
        told.set()
        print("running", flush=True)
try:
    run = simulate(scenario, trials={MANY}, threads=int(sys.argv[2]), progress=progress)
except KeyboardInterrupt:
    print(json.dumps(None))
else:
    ends = run.outcome.tally.ends
    print(json.dumps({{
        "partial": run.partial,
        "trials": run.trials,
        "counted": ends[..., 0].sum(axis=(2, 3, 4)).tolist(),
        "digest": run.digest(),
        "warnings": run.to_json()["warnings"],
        "threads": [t.name for t in threading.enumerate() if t is not threading.main_thread()],
    }}))
"""


def interrupted(name: str, threads: int, delay: float) -> tuple[Any, float]:
    """Report of a child that gets SIGINT `delay` seconds after it began to simulate; seconds until then."""
    command = [sys.executable, "-c", CHILD, name, str(threads)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "running\n"
            time.sleep(delay)
            begun = time.perf_counter()
            child.send_signal(signal.SIGINT)
            line = child.stdout.readline()
            seconds = time.perf_counter() - begun
            out, complaints = child.communicate(timeout=30)
            assert child.returncode == 0, complaints
            assert not out
            return json.loads(line), seconds
        finally:
            child.kill()


@pytest.mark.parametrize(
    ("name", "threads", "delay"),
    repeated([("whole-points", 2, 0.1), ("williams", 2, 0.5), ("futility", 5, 0.0), ("unbounded", 1, 0.2)]),
)
def test_ctrl_c_returns_what_is_finished(name: str, threads: int, delay: float) -> None:
    report, seconds = interrupted(name, threads, delay)
    print(f"{seconds:.3f} s, {report['trials']} trials")
    assert seconds < PROMISED_S * SLACK
    assert report["partial"] is True
    assert 0 < report["trials"] < MANY
    assert np.unique(report["counted"]).tolist() == [report["trials"]]
    assert any("interrupted" in warning for warning in report["warnings"])
    assert report["threads"] == []


@pytest.mark.long
@pytest.mark.parametrize("delay", [0.001 * 5**k for k in range(5)])
def test_ctrl_c_at_any_time(delay: float) -> None:
    for threads in (1, 2, 5):
        report, seconds = interrupted("whole-points", threads, delay)
        assert seconds < PROMISED_S * SLACK
        assert np.unique(report["counted"]).tolist() == [report["trials"]]


def _interrupt_in(seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


def test_figures_of_an_interrupted_run_are_of_whole_trials() -> None:
    """Power and stops of a partial run are those of its trials, near those of a whole run."""
    scenario = trial("whole-points")
    whole = simulate(scenario, trials=20_000)
    timer = _interrupt_in(0.3)
    part = simulate(scenario, trials=MANY)
    timer.join()
    assert part.partial
    assert not whole.partial
    for a, b in zip(as_json(part.cells()), as_json(whole.cells()), strict=True):
        assert a["power"]["estimate"] == pytest.approx(b["power"]["estimate"], abs=8 * b["power"]["mcse"])
        assert sum(look["efficacy"]["estimate"] for look in a["looks"]) == pytest.approx(
            a["power"]["estimate"]
        )
    assert part.digest() != whole.digest()


def test_the_next_run_is_whole() -> None:
    """Nothing of an interruption is left behind."""
    scenario = trial("unbounded")
    want = simulate(scenario, trials=2_000).digest()
    timer = _interrupt_in(0.1)
    assert simulate(scenario, trials=MANY).partial
    timer.join()
    after = simulate(scenario, trials=2_000)
    assert not after.partial
    assert after.digest() == want


def test_ctrl_c_never_cuts_an_addition_in_half(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the main thread is interrupted, the trials counted are those that were added up."""
    whole = Tally.add
    additions = []

    def add(self: Tally, other: Tally) -> None:
        additions.append(threading.current_thread() is threading.main_thread())
        if len(additions) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        self.trials += other.trials
        time.sleep(0.001)  # time enough to be interrupted
        self.trials -= other.trials
        whole(self, other)

    monkeypatch.setattr(Tally, "add", add)
    part = simulate(trial("unbounded"), trials=MANY, threads=2)
    assert part.partial
    assert part.outcome.tally.ends[..., 0].sum() == part.trials
    assert additions[1:5] == [False] * 4


def test_an_error_in_a_thread_is_raised_and_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of one chunk is not lost, and the others do not run on for an hour."""

    def decide(*arguments: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ArithmeticError("a chunk failed")

    monkeypatch.setattr(blocks, "decide", decide)
    begun = time.perf_counter()
    with pytest.raises(ArithmeticError, match="a chunk failed"):
        run_job(job_of(trial("unbounded")), MANY, threads=2)
    assert time.perf_counter() - begun < PROMISED_S * SLACK


def test_an_error_in_the_progress_ends_the_run() -> None:
    work = job_of(trial("unbounded"))
    calls = []

    def progress(done: int, total: int) -> None:
        calls.append(done)
        raise RuntimeError("the display is gone")

    begun = time.perf_counter()
    with pytest.raises(RuntimeError, match="the display is gone"):
        run_job(work, MANY, threads=2, progress=progress)
    assert time.perf_counter() - begun < PROMISED_S * SLACK
    assert len(calls) == 1


def test_an_interrupt_after_the_last_trial_changes_nothing() -> None:
    """A run that has all its trials is not partial."""
    scenario = trial("unbounded")

    def progress(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    found = Run(scenario, "x", run_job(job_of(scenario), 64 * W, threads=2, progress=progress))
    assert found.trials == 64 * W
    assert not found.partial
    assert found.digest() == Run(scenario, "x", run_job(job_of(scenario), 64 * W)).digest()


def test_progress_is_told_often_and_ends_at_all() -> None:
    told: list[tuple[int, int]] = []
    begun = time.perf_counter()
    simulate(trial("whole-points"), trials=2_000_000, progress=lambda done, total: told.append((done, total)))
    seconds = time.perf_counter() - begun
    done = [d for d, _ in told]
    assert done == sorted(done)
    assert done[-1] == 2_000_000
    assert {total for _, total in told} == {2_000_000}
    assert 3 * seconds <= len(told) <= 10 * seconds + 2


def test_an_interruption_that_a_library_swallowed_still_ends_the_run() -> None:
    """A KeyboardInterrupt raised in a callback of compiled code is lost; the request itself is not."""
    work = job_of(trial("whole-points"), seed=1)
    before = signal.signal(signal.SIGINT, interruption.interrupt)  # as the command line does
    interruption.request()
    try:
        outcome = run_job(work, 10**9, threads=2)
    finally:
        interruption.request(False)
        signal.signal(signal.SIGINT, before)
    assert outcome.partial
    assert W <= outcome.tally.trials < 10**9


def test_an_interruption_that_was_answered_is_forgotten() -> None:
    """Whoever calls the engine without the command line gets all trials."""
    interruption.request()
    assert not run_job(job_of(trial("whole-points"), seed=1), 1000, threads=2).partial
    assert not interruption.requested()
