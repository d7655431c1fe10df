"""What people wait for: commands that exist, answers that are compared, two checkouts that take turns."""

from __future__ import annotations

import argparse
import copy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from planner.benchmarks.first_answers import QUESTIONS
from planner.benchmarks.measuring import FULL, QUICK
from planner.benchmarks.processes import timed
from planner.benchmarks.waiting import Taken, WaitFailed, measure, ratio
from planner.benchmarks.waits import WAITS, Answer, Kernels, Wait, differences
from planner.benchmarks.waits import wait as wait_called
from planner.cli.app import build
from planner.scenario.reading.read import read
from tests.support.paths import ROOT

Json = dict[str, Any]

# The table


@pytest.mark.parametrize(
    "wait", [each for each in WAITS if each.command[0] == "planner"], ids=lambda w: w.name
)
def test_what_is_typed_is_a_command_with_scenarios_that_exist(wait: Wait) -> None:
    for command in filter(None, (wait.command, wait.timed, wait.before)):
        group = build(command[1])
        with group.make_context("planner", list(command[1:])) as context:
            name, parsed, left = group.resolve_command(context, list(command[1:]))
            with parsed.make_context(name, left) as given:
                scenarios = given.params.get("scenarios") or [given.params["scenario"]]
        assert all(read(str(each)).hypotheses for each in scenarios)


def test_a_command_that_does_not_exist_does_not_parse() -> None:
    command = build("run").commands["run"]
    with pytest.raises(Exception, match="no-such-option"):
        command.make_context("run", ["asthma-ab-ba", "--no-such-option"])


def test_each_wait_is_declared_once_and_those_of_bench_exist() -> None:
    names = [each.name for each in WAITS]
    assert len(set(names)) == len(names)
    assert set(QUICK.waits) < set(FULL.waits) <= {*names, *QUESTIONS}
    assert all(bool(each.before) == (each.kernels is Kernels.others) for each in WAITS)
    assert wait_called("tests").command[0] == "pytest"


# Answers


ANSWER: Json = {
    "run": {"digest": "a", "seconds": 1.0},
    "designs": [{"design": "one", "p": {"estimate": 0.5, "mcse": 0.01, "low": 0.0, "high": 1.0}}],
    "answers": [{"hypothesis": "h", "analysis": "a", "patients": 52, "range": [48, 56]}],
    "curve": [{"patients": 40, "power": {"estimate": 0.8, "mcse": 0.001}}],
}


def changed(path: str, value: object) -> Json:
    """A copy of the answer with another value at such a path."""
    other = copy.deepcopy(ANSWER)
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    node: Any = other
    for part in way:
        node = node[part]
    node[last] = value
    return other


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("run.seconds", 9.0, None),
        ("run.digest", "b", None),  # drawn otherwise, the figures being the same
        ("designs.0.p.estimate", 0.55, None),
        ("designs.0.p.estimate", 0.58, "designs.one.p"),
        ("designs.0.p.estimate", None, "designs.one.p"),
        ("designs.0.design", "two", "designs (what it lists)"),
        ("answers.0.patients", 56, None),
        ("answers.0.patients", 58, "answers.h/a.patients"),
        ("answers.0.patients", None, "answers.h/a.patients"),
        ("curve.0.patients", 44, None),  # the way of a search
        ("curve.0.power.estimate", 0.81, "curve.40.power"),
        ("new", 1, None),
    ],
)
def test_figures_may_differ_by_monte_carlo_error_alone(path: str, value: object, place: str | None) -> None:
    assert differences(Answer.figures, ANSWER, changed(path, value)) == ([] if place is None else [place])


def test_a_digest_may_not_differ_and_figures_must_be_there() -> None:
    assert differences(Answer.digest, ANSWER, changed("run.seconds", 2.0)) == []
    assert differences(Answer.digest, ANSWER, changed("run.digest", "b")) == ["run.digest"]
    assert differences(Answer.digest, {}, {}) == ["run.digest"]
    assert differences(Answer.figures, {"run": {}}, ANSWER) == ["no figures in common"]
    assert differences(Answer.success, {}, {}) == []


# Turns

FAKE = """
import json, os, pathlib, sys
cache = pathlib.Path(os.environ["PLANNER_CACHE"])
log = pathlib.Path(__file__).with_name("log.txt")
with log.open("a") as file:
    print(sorted(each.name for each in cache.rglob("*.nbc")), *sys.argv[1:], file=file)
(cache / f"{sys.argv[1]}.nbc").touch()
print(json.dumps({"run": {"digest": DIGEST}}))
sys.exit(CODE)
"""


def checkout(folder: Path, digest: str = "a", code: int = 0) -> Path:
    """A planner that notes what it was given and what its cache held, and compiles a kernel for each name."""
    (folder / "planner").mkdir(parents=True)
    text = FAKE.replace("DIGEST", repr(digest)).replace("CODE", str(code))
    (folder / "planner" / "__main__.py").write_text(text)
    (folder / "planner" / "__init__.py").touch()
    return folder


def lines(folder: Path) -> list[str]:
    return (folder / "planner" / "log.txt").read_text().splitlines()


def test_two_checkouts_take_turns_each_time_with_an_empty_cache(tmp_path: Path) -> None:
    wait = Wait("x", "", ("planner", "one"), Kernels.none, Answer.digest)
    folders = [checkout(tmp_path / name) for name in ("here", "there")]
    turns: list[str] = []
    here, there = measure(wait, folders, 2, lambda text: turns.append(text.rsplit("/", 1)[1]))
    assert turns == ["here", "there", "there", "here"]
    assert [lines(each) for each in folders] == [["[] one", "[] one", "[] one --json"]] * 2
    assert here.answer == there.answer == {"run": {"digest": "a"}}
    assert len(here.seconds) == len(there.processor) == 2
    assert 0.0 < here.clock.low <= here.clock.high


def test_a_cache_of_other_kernels_is_the_same_in_each_round(tmp_path: Path) -> None:
    wait = Wait("x", "", ("planner", "one"), Kernels.others, Answer.digest, before=("planner", "two"))
    folder = checkout(tmp_path)
    measure(wait, [folder], 2)
    assert lines(folder)[:3] == ["[] two", "['two.nbc'] one", "['two.nbc'] one"]


def test_a_round_that_compiles_does_not_count_where_all_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    monkeypatch.setattr("planner.benchmarks.waiting._usual", lambda otherwise: kept)
    folder = checkout(tmp_path / "here")
    (taken,) = measure(Wait("x", "", ("planner", "one"), Kernels.all, Answer.figures), [folder], 1)
    assert lines(folder) == ["[] one --json", "['one.nbc'] one --json"]
    assert len(taken.seconds) == 1


def test_another_answer_or_a_failure_is_refused(tmp_path: Path) -> None:
    wait = Wait("x", "", ("planner", "one"), Kernels.none, Answer.digest)
    here, other = checkout(tmp_path / "here"), checkout(tmp_path / "other", digest="b")
    with pytest.raises(WaitFailed, match=r"answers otherwise: run\.digest"):
        measure(wait, [here, other], 1)
    with pytest.raises(WaitFailed, match="ends with 3"):
        measure(wait, [checkout(tmp_path / "broken", code=3)], 1)


@pytest.mark.parametrize(
    ("printed", "why"),
    [
        ('"hello"', "answers no JSON object: hello"),
        ('"[]"', r"answers no JSON object: \[\]"),
        ('"{}"', r"answers otherwise: run\.digest"),
    ],
)
def test_what_is_no_answer_is_a_failure(printed: str, why: str, tmp_path: Path) -> None:
    wait = Wait("x", "", ("planner", "one"), Kernels.none, Answer.digest)
    here, other = checkout(tmp_path / "here"), checkout(tmp_path / "other")
    (other / "planner" / "__main__.py").write_text(f"print({printed})")
    with pytest.raises(WaitFailed, match=why):
        measure(wait, [here, other], 1)


def test_processor_time_is_of_all_processes_together() -> None:
    """One that waits for another which works: the work counts, the waiting does not."""
    work = "import time; end = time.process_time() + .2\nwhile time.process_time() < end: pass"
    code = f"import subprocess, sys, time; time.sleep(.3); subprocess.run([sys.executable, '-c', {work!r}])"
    ended = timed([sys.executable, "-c", code])
    assert ended.processor is not None
    assert 0.2 <= ended.processor < ended.seconds
    assert ended.seconds >= 0.5


def test_the_ratio_is_of_rounds_and_by_the_clock_where_nothing_else_is_known() -> None:
    here, there = Taken([1.0, 2.0], [1.0, 1.0]), Taken([5.0, 5.0], [2.0, 4.0])
    assert ratio(there, here) == (3.0, 2.5, 3.5)
    assert ratio(Taken([5.0, 5.0]), Taken([1.0, 2.5])) == (3.5, 2.75, 4.25)


# bench/waits.py


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    monkeypatch.delitem(sys.modules, "waits", raising=False)
    return import_module("waits")


def test_the_script_ends_with_1_where_a_checkout_answers_otherwise(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "HERE", checkout(tmp_path / "here"))
    same, other = checkout(tmp_path / "same"), checkout(tmp_path / "other", digest="b")
    assert script.main(["first-asthma", "--against", str(same), "--rounds", "1"]) == 0
    assert "times as long" in capsys.readouterr().out
    assert script.main(["first-asthma", "--against", str(other), "--rounds", "1"]) == 1
    assert "answers otherwise" in capsys.readouterr().out


def test_what_is_finished_is_printed_after_an_interruption(
    script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(wait: Wait, *_: object) -> list[Taken]:
        if wait.name == "size":
            raise KeyboardInterrupt
        return [Taken([1.25], [1.25])]

    monkeypatch.setattr(script, "measure", interrupted)
    assert script.main(["new-process", "size", "tests"]) == 1
    out = capsys.readouterr().out
    assert "1.25" in out
    assert "interrupted in size" in out


def test_a_wait_that_is_named_twice_is_measured_once(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []

    def measure(wait: Wait, *_: object) -> list[Taken]:
        measured.append(wait.name)
        return [Taken([1.0], [1.0])]

    monkeypatch.setattr(script, "measure", measure)
    assert script.main(["size", "new-process", "size"]) == 0
    assert measured == ["size", "new-process"]


@pytest.mark.parametrize(
    "arguments", [["no-such-wait"], ["--against", "/nowhere"], *(["--rounds", n] for n in ("x", "0", "-1"))]
)
def test_the_script_refuses_what_it_does_not_know(script: Any, arguments: list[str]) -> None:
    with pytest.raises((SystemExit, argparse.ArgumentError)):
        script.main(arguments)


def test_the_list_names_every_wait(script: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--list"]) == 0
    out = capsys.readouterr().out
    assert all(each.name in out for each in WAITS)
