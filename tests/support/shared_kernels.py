"""Compiled code that most tests need, made once: workers share it out and wait for each other.

Without this every worker of a first run compiles the same kernels at the same time. Where they are compiled
already it takes a second.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.harness import scenario_text
from tests.support.paths import INPUTS

MANY = 1_000  # tests of a run that is worth it
PATIENCE = 180.0  # seconds; who waits in vain compiles for itself


def _mechanisms() -> None:
    """The kernels of mechanisms, with and without a return to the baseline: the two that take longest."""
    _simulate((INPUTS / "valid" / "mechanisms.toml").read_text(encoding="utf-8"))


def _others() -> None:
    """Means, and every analysis of two treatments."""
    from planner.scenario.vocabulary import METHODS

    means = {"h": {"means": {"A": 1.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 2.0}}
    rates = {"h": {"rates": {"A": 0.6, "B": 0.3}, "discordant": {"A": 0.4, "B": 0.1}}}
    for hypothesis, binary in ((means, False), (rates, True)):
        methods = [
            name for name, method in METHODS.items() if method.binary == binary and not method.baseline
        ]
        analyses = [{"name": name, "method": name} for name in methods]
        measure = {"measure": "response"} if binary else {}
        _simulate(scenario_text(hypotheses=hypothesis, analyses=analyses, looks=(6, 12)), measure)


def _simulate(text: str, endpoint: dict[str, str] | None = None) -> None:
    from planner.questions.run.simulate import simulate
    from planner.scenario.reading.read import read_text

    overrides = [f"endpoint.{key}={value}" for key, value in (endpoint or {}).items()]
    simulate(read_text(text, set=overrides), trials=128, threads=1)


SHARES: tuple[Callable[[], None], ...] = (_mechanisms, _others)


def share(tests: int) -> None:
    """In a worker of a large run: compile this worker's share, then wait until the others have theirs."""
    run, worker = os.environ.get("PYTEST_XDIST_TESTRUNUID"), os.environ.get("PYTEST_XDIST_WORKER", "")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if tests < MANY or run is None or workers < 2 or os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return
    number = int(worker.removeprefix("gw"))
    marks = [Path(tempfile.gettempdir(), f"planner-tests-{run}-{i}") for i in range(len(SHARES))]
    if number < len(SHARES):
        SHARES[number]()
        marks[number].touch()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not all(mark.exists() for mark in marks):
        time.sleep(0.1)
