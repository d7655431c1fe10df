"""`--dry-run` of every command: what would be simulated, and an estimate of what it takes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from planner.engine.lowered import Job
from planner.kernels.tables import W
from planner.questions import effort as estimating
from planner.questions.effort import PlannedPass, of_passes, sampled
from planner.questions.run.foreseen import precise_trials
from planner.questions.run.precision import MOST, Steps, totals
from planner.questions.run.simulate import simulate
from planner.questions.size.effort import largest_passes
from planner.questions.size.size import size
from planner.questions.weigh.weigh import forecast, weigh
from planner.results.number_text import duration, memory
from planner.scenario.reading.read import read, read_text
from tests.support.commands import SCENARIO, Cli, cli

__all__ = ["cli"]

ESTIMATE = {"seconds", "at_most", "trials_per_second", "memory_bytes", "threads", "sampled_trials"}
COMMANDS = {
    "run": (["run", "staged.toml"], False, 2),
    "precision": (["run", "staged.toml", "--precision", "0.002"], True, 2),
    "sweep": (["run", "staged.toml", "--set", "design.patients=12:24:4"], False, 8),
    "grid": (["run", "small.toml", "--set", "population.dropout.per_period=0:.4:.1"], False, 10),
    "compare": (["compare", "small.toml", "staged.toml"], False, 4),
    "size": (["size", "small.toml", "--power", ".8,.9"], True, 4),
    "effect": (["size", "small.toml", "--find", "effect"], True, 2),
    "replay": (["trial", "small.toml", "--replay", "17"], False, 1),
    "weigh": (["weigh", "williams-2018"], False, 10),
    "find": (["trial", "small.toml", "--find", "wrong-sign"], True, 1),
}
SAID = {"sweep": "looks, stated as 12 and 24 of 24 patients, are scaled to 6 and 12"}
"""What a command says beside its result; all others say nothing."""


def check_said(err: str, name: str) -> None:
    wanted = SAID.get(name)
    assert err.count("warning:") == len(err.splitlines()) == (wanted is not None)
    assert (wanted or "") in err


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first sample of trials is long enough."""
    monkeypatch.setattr(estimating.sampled, "__defaults__", (0.0,))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", COMMANDS)
def test_json(cli: Cli, name: str) -> None:
    words, at_most, cells = COMMANDS[name]
    code, out, err = cli(*words, "--dry-run", "--json", "-q")
    assert code == 0
    check_said(err, name)
    found = json.loads(out)
    assert found["schema"] == "planner.dry-run/1"
    assert len(found["cells"]) == cells
    assert found["run"]["seed"] == 1
    estimate = found["estimate"]
    assert set(estimate) == ESTIMATE
    assert estimate["at_most"] is at_most
    assert estimate["seconds"] > 0
    assert estimate["sampled_trials"] >= W
    assert 5e7 < estimate["memory_bytes"] < 2e9


@pytest.mark.usefixtures("hasty")
def test_json_of_a_sensitivity(cli: Cli) -> None:
    _, out, _ = cli("run", "small.toml", "--sensitivity", "--dry-run", "--json", "-q")
    found = json.loads(out)
    assert found["run"]["variants"] == 1 + 2 * len(found["assumptions"])
    assert set(found["estimate"]) == ESTIMATE


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("name", COMMANDS)
def test_words(cli: Cli, name: str) -> None:
    code, out, err = cli(*COMMANDS[name][0], "--dry-run", "-q")
    assert code == 0
    check_said(err, name)
    assert out.startswith("Would be ")
    assert "just simulated on this machine" in " ".join(out.split())
    assert re.search(r"about [\d.]+ [MG]B at its peak", out)
    assert max(map(len, out.partition("The scenario, complete")[0].splitlines())) <= 80


@pytest.mark.usefixtures("hasty")
def test_what_is_uncertain(cli: Cli) -> None:
    Path("unsure.toml").write_text(
        SCENARIO + '\n[hypotheses.expected.uncertainty]\n"means.A" = { mean = 5, sd = 2 }\n'
    )
    _, out, _ = cli("run", "unsure.toml", "--uncertain", "--variants", "50", "--dry-run", "--json", "-q")
    found = json.loads(out)
    assert (found["run"]["uncertain"], found["run"]["variants"]) == (True, 50)
    assert found["estimate"]["seconds"] > 0
    words = ["size", "unsure.toml", "--uncertain", "--variants", "50", "--hypothesis", "expected"]
    found = json.loads(cli(*words, "--dry-run", "--json", "-q")[1])
    assert (found["run"]["variants"], found["estimate"]["at_most"]) == (50, True)


@pytest.mark.usefixtures("hasty")
def test_csv_is_refused_and_files_are_written(cli: Cli) -> None:
    for words, _, _ in COMMANDS.values():
        code, out, err = cli(*words, "--dry-run", "--format", "csv", "-q")
        assert (code, out) == (2, "")
        assert "error: --dry-run has no CSV form" in err
    assert cli("size", "small.toml", "--dry-run", "-o", "plan.md", "-q") == (0, "", "")
    assert Path("plan.md").read_text().startswith("## Would be sought\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["size", "small.toml", "--max-patients", "1"], "the most patients must be from 2"),
        (
            ["size", "small.toml", "--find", "effect", "--patients", "10001"],
            "--patients 10001: from 1 to 10,000 patients",
        ),
        (["run", "small.toml", "--precision", "0.7"], "--precision: must be at least"),
        (["trial", "small.toml", "--replay", str(2**63)], "not in the range from 0 to"),
    ],
)
def test_what_makes_no_sense_is_refused_all_the_same(cli: Cli, words: list[str], says: str) -> None:
    for dry in ([], ["--dry-run"]):
        code, out, err = cli(*words, *dry, "-q")
        assert (code, out) == (2, "")
        assert says in err


# --- The estimate ----------------------------------------------------------------------------------------


def test_a_sample_grows_until_it_takes_long_enough() -> None:
    asked: list[int] = []

    def do(n: int) -> None:
        asked.append(n)
        time.sleep(2e-5 * n)

    pace, n = sampled(do, 10**9)
    assert 1.9e-5 < pace < 4e-5
    assert asked[0] == W
    assert asked == sorted(asked)
    assert n == asked[-1]
    assert n * pace >= 0.15


def test_a_sample_never_exceeds_the_job() -> None:
    asked: list[int] = []
    assert sampled(asked.append, 300)[1] == 300
    assert max(asked) == 300


def test_time_of_a_run_is_about_right() -> None:
    """Within a factor of four: other processes may take the core while either is measured."""
    scenario = read_text(SCENARIO)
    trials = 400_000
    guess = of_passes([PlannedPass(scenario, trials, 24)], 1, 1)
    began = time.perf_counter()
    simulate(scenario, trials=trials, threads=1)
    taken = time.perf_counter() - began
    print(f"estimated {guess.seconds:.3f} s, taken {taken:.3f} s")
    assert 0.25 < guess.seconds / taken < 4.0


@pytest.mark.long
def test_time_of_weighing_is_about_right() -> None:
    """Within a factor of four, as above; the kernels are compiled or loaded before either is measured."""
    scenario = read("jelen-2025")
    told, guess = forecast(scenario, variants=150, patients=2048, threads=1)
    began = time.perf_counter()
    found = weigh(scenario, variants=150, patients=2048, threads=1)
    taken = time.perf_counter() - began
    print(f"estimated {guess.seconds:.3f} s, taken {taken:.3f} s")
    assert 0.25 < guess.seconds / taken < 4.0
    assert told["run"]["variants"] == len(found.measured)
    assert [set(group) for group in told["classes"]] == [set(group) for group in found.classes]


def test_many_passes_are_not_all_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = read_text(SCENARIO)
    works: list[Job] = []
    monkeypatch.setattr(estimating, "_run", lambda work, threads, trials: works.append(work))
    of_passes([PlannedPass(scenario, 1000, n) for n in range(10, 60, 2)], 1)
    assert {work.cells.patients for work in works} == {10, 34, 58}


def test_trials_that_a_precision_needs_at_most() -> None:
    """The error of a share is largest at one half: 0.5 / sqrt(n)."""
    for precision in (0.01, 0.003, 0.001):
        n = precise_trials(precision, Steps())
        assert n in list(totals(MOST))
        assert 0.5 / n**0.5 <= precision
        assert n == 10_240 or 0.5 / (n / 2) ** 0.5 > precision
    assert precise_trials(1e-6, Steps()) == MOST
    assert precise_trials(0.001, Steps(most=5_000)) == 5_000


@pytest.mark.parametrize("find", ["patients", "effect"])
def test_a_search_goes_no_further_than_told(find: str) -> None:
    scenario = read_text(SCENARIO)
    most = 200 if find == "patients" else 24
    found = size(scenario, power=0.83, find=find, max_patients=200, trials=20_000)
    told = list(largest_passes(scenario, find, most, 1, 20_000))
    assert found.trials <= sum(each.trials for each in told)
    assert all(each.patients <= most for each in told)


def test_how_long_and_how_much() -> None:
    said = [duration(s) for s in (0.2, 1.0, 12.34, 89.0, 91.0, 3600.0, 5400.1, 86400.0, 2e5, 9e5)]
    assert said[:5] == ["less than a second", "1 s", "12 s", "89 s", "1.5 min"]
    assert said[5:] == ["60 min", "1.5 h", "24 h", "2.3 days", "10 days"]
    assert [memory(b) for b in (183_456_789, 2_430_000_000)] == ["183 MB", "2.4 GB"]
