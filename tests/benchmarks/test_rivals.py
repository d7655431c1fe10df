"""Rivals do the same trial or are refused; what is not here is named, with how to get it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from planner.benchmarks import first_answers, machine, measuring, others, rivals
from planner.benchmarks.others import ALL, PARAMETERS, TOOLS, Missing, Tool, power_by_coin_tosses
from planner.benchmarks.processes import Ended
from planner.benchmarks.timing import Budget
from planner.benchmarks.waiting import Taken, WaitFailed
from planner.questions.run.simulate import simulate
from tests.support.marks import repeated
from tests.support.paths import ROOT

IN_PYTHON = [tool for tool in ALL if tool.package]
IN_R = [tool for tool in ALL if not tool.package]


def tool_called(name: str) -> Tool:
    return next(each for each in ALL if each.name == name)


# The same trial


def test_a_rival_that_does_something_else_is_refused() -> None:
    peer = rivals.by_hand()[0]._replace(run=lambda trials, seed: 0.6)
    report = others.Reported("R", "4", 0.6, 1000, (1.0, 2.0))
    rows = rivals._against("small", rivals.means(), [peer], [report], 2, 0.001, 1.0)
    assert [row["same_trial"] for row in rows] == [False, False]
    warnings = measuring._warnings(rows, [], machine.Load(0.1, 2, False))
    assert ["void" in each for each in warnings] == [True, True]


def test_another_answer_in_a_new_process_is_refused() -> None:
    row = first_answers._row("t-test", "", "it", Taken([1.0], [1.0]), Taken([2.0], [2.0]))
    wrong, quiet = row | {"answer": 0.6, "expected": 0.8, "same_answer": False}, machine.Load(0.1, 2, False)
    assert "it answers 0.6, not 0.8" in measuring._warnings([], [wrong], quiet)[0]
    assert measuring._warnings([], [row], quiet) == []
    assert row["times_as_long"]["median"] == 0.5


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [("t-test", 0.81, 0.87), ("t-test-size", 32.0, 34.0)],
    ids=lambda each: str(each),
)
def test_an_answer_is_compared_with_the_exact_one(name: str, right: float, wrong: float) -> None:
    question = first_answers.QUESTIONS[name]
    assert question.same(right, question.expected(), 0)
    assert not question.same(wrong, question.expected(), 0)


def test_patients_that_a_t_test_needs_by_coin_tosses() -> None:
    """One more than 32, and a simulation may be two off; R's power.t.test has 15.62 in each group."""
    assert others.size(power_by_coin_tosses) == 33
    assert power_by_coin_tosses(32) < others.POWER < power_by_coin_tosses(33)
    assert [tool.name for tool in ALL if tool.slack] == ["mcpower"]


def test_power_where_groups_are_drawn_by_coins() -> None:
    """A little less than with equal groups (0.8021); R: sum(dbinom(k, 24, 0.5) * power of k and 24 - k)."""
    assert power_by_coin_tosses() == pytest.approx(0.7840368774756, abs=1e-10)


@pytest.mark.parametrize(
    ("job", "n", "effect", "deviation"),
    [
        ("t-test", 2 * 12, 1.2, 12**-0.5 * 2**0.5),
        # Half the difference of two means of 12 differences, each of SD 5.5 times the root of 2.
        ("mixed", 24, 3.0, 0.5 * 5.5 * 2**0.5 * (2 / 12) ** 0.5),
    ],
)
def test_jobs_have_the_exact_power_of_their_t_test(job: str, n: int, effect: float, deviation: float) -> None:
    limit, shift = stats.t.isf(0.025, n - 2), effect / deviation
    exact = stats.nct.sf(limit, n - 2, shift) + stats.nct.cdf(-limit, n - 2, shift)
    power = simulate(rivals.JOBS[job](), trials=100_000).cells()[0].power
    assert abs(power.estimate - exact) < 5 * power.mcse
    assert abs(power.estimate - 0.9 * exact) > 5 * power.mcse


def test_jobs_of_bioequivalence_have_their_exact_power() -> None:
    """Which R's programs have to find, too: see the tests of scaled limits and of two stages."""
    for job, exact in (("scaled", 0.730949), ("two-stage", 0.842167)):
        power = simulate(rivals.JOBS[job](), trials=100_000).cells()[0].power
        assert abs(power.estimate - exact) < 4 * power.error
        assert abs(power.estimate - 0.98 * exact) > 4 * power.error


def test_the_mixed_model_of_statsmodels_is_the_test_of_hills_and_armitage() -> None:
    """On one and the same trial: a t test of the period differences of the two sequences."""
    pytest.importorskip("statsmodels", reason="pip install 'planner[bench]'")
    from planner.benchmarks.tools.by_mixedlm import design, p_value

    rng = np.random.default_rng(3)
    model, patient = design(24)
    scores = np.repeat(rng.normal(scale=6.0, size=24), 2) + rng.normal(scale=5.5, size=48) + 3 * model[:, 2]
    differences = scores[::2] - scores[1::2]
    expected = stats.ttest_ind(differences[::2], differences[1::2]).pvalue
    assert p_value(scores, model, patient) == pytest.approx(expected, rel=1e-4)
    assert p_value(scores + model[:, 2], model, patient) != pytest.approx(expected, rel=1e-2)


def test_a_tool_is_timed_by_turns_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        others, "ALL", [tool_called("scipy.stats.power"), tool_called("R, lme of nlme in a loop")]
    )
    (row,), (skipped,) = rivals.against_rivals(["t-test"], 2, 0.001, Budget(1.0, 1))
    assert (row["rival"], row["same_trial"], row["trials"]) == ("scipy.stats.power", True, 12_000)
    assert row["times_as_fast"]["median"] > 1.0
    assert skipped == {"rival": "R, lme of nlme in a loop", "reason": "it takes longer than --quick has"}


@pytest.mark.long
def test_every_tool_that_is_here_does_the_same_trial() -> None:
    jobs = [job for job in rivals.JOBS if job != "small"]
    rows, skipped = rivals.against_rivals(jobs, 2, 0.01, Budget(1.0, 2))
    assert {each["rival"] for each in (*rows, *skipped)} == {
        tool.name for tool in ALL if tool.job in rivals.JOBS
    }
    assert all(row["same_trial"] for row in rows)


@pytest.mark.parametrize("tool", repeated(IN_PYTHON), ids=lambda tool: tool.program)
def test_a_program_runs_alone_and_imports_nothing_of_planner(tool: Tool, tmp_path: Path) -> None:
    code = (TOOLS / tool.program).read_text()
    assert "planner" not in re.sub(r'""".*?"""', "", code, flags=re.S)
    try:
        command = tool.command(50)
    except Missing as reason:
        pytest.skip(str(reason))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    released, power = done.stdout.split()
    assert (released, done.stderr) == (machine.installed_version(str(tool.package)), "")
    usual = {"t-test": 0.802, "mixed": 0.447, "t-test-size": 32.0}[tool.job]
    expected = tool.expected() if tool.expected else usual
    if tool.job == "t-test-size":
        assert abs(float(power) - expected) <= 6 * tool.slack  # of 50 trials, not 5,000
    else:
        assert rivals.is_same(float(power), 50, expected)


# What is not here


def test_a_tool_that_is_not_here_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for tool in IN_R:
        with pytest.raises(Missing, match="R is not installed: apt install r-base-core"):
            others.reported(tool)
    monkeypatch.setattr(others, "_installed", lambda package: False)
    for tool in IN_PYTHON:
        for use in (others.peer, lambda tool: tool.command(10)):  # whether it is imported or started
            with pytest.raises(Missing, match="not installed: pip install"):
                use(tool)


def test_a_package_that_cannot_be_imported_or_is_used_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "_installed", lambda package: True)
    monkeypatch.setattr(others, "version", lambda package: "9")
    mcpower = tool_called("mcpower")
    monkeypatch.delitem(sys.modules, "planner.benchmarks.tools.by_mcpower", raising=False)
    monkeypatch.setitem(sys.modules, "mcpower", None)
    with pytest.raises(Missing, match="pip install"):
        others.peer(mcpower)
    changed = Tool("scipy", "by_scipy.py", "mixed", 10, "", "scipy")  # given five numbers, not two
    with pytest.raises(Missing, match="version 9 is used in another way: TypeError"):
        others.peer(changed)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [("echo 4.1 0.801 2 3 4", 3), ("echo missing", 0), ("exit 1", 0), ("echo a b c", 0)],
)
def test_r_may_fail(answer: str, seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "Rscript"
    program.write_text(f'#!/bin/sh\n[ "$2" = {TOOLS}/rpact.R ] && [ $3 -eq 10000 ] && {answer}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    if seconds:
        report = others.reported(tool_called("rpact"))
        assert (report.version, report.power, report.seconds) == ("4.1", 0.801, (2.0, 3.0, 4.0))
    else:
        with pytest.raises(Missing, match="R "):
            others.reported(tool_called("rpact"))


def test_a_tool_that_fails_in_a_new_process_is_left_out_and_planner_may_not() -> None:
    broken = Ended(1.0, 1.0, 1, "", "Traceback\nImportError: no such thing")
    with pytest.raises(Missing, match="ImportError: no such thing"):
        first_answers._by_tool(tool_called("mcpower"), broken)
    with pytest.raises(WaitFailed, match="no such thing"):
        first_answers._by_planner(first_answers.QUESTIONS["t-test"], broken)
    assert first_answers._by_tool(tool_called("rpact"), broken._replace(out="4.1 0.8 \n")) == 0.8


def test_what_pip_installs_is_in_the_extra() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["bench"]
    asked = {tool.package for tool in IN_PYTHON if "[bench]" in tool.install}
    assert {need.split(">=")[0] for need in extra} == asked
    text = (ROOT / "bench" / "README.md").read_text()
    for tool in ALL:
        assert tool.install.split(",")[0].replace("'planner[bench]'", "'.[bench]'") in text, tool.name
    assert set(PARAMETERS) == {tool.job for tool in ALL} < {*rivals.JOBS, *first_answers.QUESTIONS}


@pytest.mark.long
def test_waits_against_tools_by_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """planner and one tool, a round each; the others are not here."""
    scipy = [tool_called("scipy.stats.power")]
    monkeypatch.setattr(others, "ALL", [*scipy, *(each for each in IN_R if each.job == "t-test")])
    monkeypatch.setattr(others, "_r", lambda: (_ for _ in ()).throw(Missing("R is not installed")))
    rows, skipped = first_answers.first_answers({"t-test": 1})
    assert [row["by"] for row in rows] == ["planner", "scipy.stats.power"]
    assert all(row["same_answer"] for row in rows)
    assert {each["reason"] for each in skipped} == {"R is not installed"}
    assert rows[0]["times_as_long"] is None
    assert rows[1]["times_as_long"]["median"] > 0.0
