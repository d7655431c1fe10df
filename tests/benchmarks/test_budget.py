"""`planner bench` takes as long as its help says; it and `planner doctor` see how busy a machine is."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest

from planner import _platform
from planner.benchmarks import machine, measuring, others, rivals
from planner.benchmarks.timing import Budget, Times
from planner.cli import main
from tests.support.benches import HASTE

# The time


def test_a_slow_machine_does_fewer_rounds_but_never_less_than_two() -> None:
    def slow() -> None:
        time.sleep(0.01)

    for seconds, least, most in ((0.0, 2, 2), (0.1, 2, 12), (math.inf, 15, 15)):
        rounds = len(Times({"slow": slow}, 15, seconds=seconds).seconds["slow"])
        assert least <= rounds <= most


def test_stages_share_the_time_that_is_left() -> None:
    now = [100.0]
    budget = Budget(12.0, 3, lambda: now[0])
    assert budget.share() == 4.0
    now[0] += 2.0  # faster than that: the others get more
    assert budget.share() == 5.0
    now[0] += 9.0
    assert (budget.share(), budget.left) == (1.0, 1.0)
    now[0] += 9.0
    assert (budget.share(), budget.left) == (0.0, 0.0)


SECONDS = {
    "new-process": 1.5,
    "t-test": 10.0,
    "t-test-size": 7.0,
    "first-asthma": 14.0,
    "first-williams": 20.0,
}
"""About what a round of a wait takes by the clock, on two quiet cores."""


@pytest.mark.parametrize(("quick", "promised"), [(True, 15), (False, 180)])
def test_the_budget_is_what_help_promises(
    quick: bool, promised: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """With three seconds to start, and the waits; as many stages as shares: else some would get nothing."""
    effort = measuring.QUICK if quick else measuring.FULL
    waits = sum(SECONDS[name] * rounds for name, rounds in effort.waits.items())
    assert effort.seconds + waits + 3 <= promised
    main(["bench", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "Takes at most three minutes, with --quick 15 seconds" in text
    shares: list[float] = []

    class Counted(Budget):
        def share(self) -> float:
            shares.append(super().share())
            return 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "Budget", Counted)
        patch.setattr(measuring, "QUICK", HASTE)
        patch.setattr(
            rivals.others, "reported", lambda tool, _: others.Reported(tool.name, "4", 0.8, 100, (1.0, 2.0))
        )
        measuring.bench(quick=True, threads=1)
    assert len(shares) == HASTE.stages


# The load


@pytest.mark.parametrize(("average", "busy"), [(0.9, False), (1.1, True), (12.3, True), (None, False)])
def test_a_busy_machine_is_seen_by_doctor_and_bench_alike(
    average: float | None, busy: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "load_average", lambda: average)
    monkeypatch.setattr(machine, "machine_cores", lambda: 2)
    words = f"the machine is busy (load average of the last minute {average} on 2 cores)"
    main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["load"] == {"average": average, "cores": 2, "busy": busy}
    assert (words in found["warnings"]) == busy
    assert not any(each["serious"] for each in found["findings"] if each["what"] == words)
    main(["doctor"])
    page = capsys.readouterr().out
    assert ("The machine is busy" in page or "the machine is busy" in page) == busy
    assert ("the system does not say" in page) == (average is None)
    assert any(words in each for each in measuring._warnings([], [], machine.load_now())) == busy


BEFORE = "cpu  100 0 100 800 0 0 0 {stolen} 0 0\ncpu0 1 2 3\n"
AFTER = "cpu  200 0 200 1500 0 0 0 {stolen} 0 0\n"


@pytest.mark.parametrize(("stolen", "percent"), [(100, "10 %"), (30, ""), (0, "")])
def test_time_that_other_machines_take_is_warned_of(
    stolen: int, percent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 900 + `stolen` ticks since the first look."""
    monkeypatch.setattr(_platform, "_PROCESSES", tmp_path)
    (tmp_path / "stat").write_text(BEFORE.format(stolen=7))
    watch = machine.Watch()
    assert (watch.share(), watch.warning()) == (None, "")  # no time has gone by
    (tmp_path / "stat").write_text(AFTER.format(stolen=7 + stolen))
    assert watch.share() == pytest.approx(stolen / (900 + stolen))
    assert percent in watch.warning()
    assert bool(watch.warning()) == bool(percent)


@pytest.mark.parametrize("text", [None, "", "intr 1 2 3 4 5 6 7 8", "cpu 1 2 3", "cpu a b c d e f g h"])
def test_a_system_that_does_not_tell_warns_of_nothing(
    text: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_platform, "_PROCESSES", tmp_path)
    if text is not None:
        (tmp_path / "stat").write_text(text)
    assert _platform.stolen_time() is None
    assert machine.Watch().warning() == ""
