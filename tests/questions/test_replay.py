"""One trial in full: it is the one that the run counted, and scipy finds the same statistics in its data."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.engine.blocks import records_of
from planner.engine.job import job_of
from planner.kernels.tables import ABOVE, BELOW, COMPLETERS, FINISHED, LAST, TRIALS
from planner.monitoring.p_values import p_value
from planner.questions.replay.replay import KINDS, find, replay
from planner.questions.run.simulate import simulate
from planner.report.pages.trial import _axis
from planner.scenario.reading.read import read_text
from tests.support.commands import SCENARIO, Cli, cli
from tests.support.sample_trials import trial

__all__ = ["cli"]  # the fixture
W = 128
RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[endpoint]
measure = "response"
[hypotheses.h]
rates = { A = 0.7, B = 0.3 }
correlation = 0.3
[[analyses]]
method = "mcnemar-exact"
[[analyses]]
method = "mcnemar-mid-p"
"""


@pytest.mark.parametrize("name", ["whole-points", "futility", "williams"])
def test_trials_looked_at_one_by_one_add_up_to_the_run(name: str) -> None:
    """Of 10,000 trials: how each ended, at which look, with how many completers."""
    scenario, tiles = trial(name), 79
    trials = 10_000
    run = simulate(scenario, trials=trials, seed=5)
    work = job_of(scenario, seed=5)
    counted = np.zeros_like(run.outcome.tally.ends[..., 0, :, :, [TRIALS, FINISHED]])
    found = records_of(work, 0, tiles)
    for h in range(work.hypotheses):
        for a in range(len(work.analyses)):
            end, look = found.end[h, a, 0, :trials], found.look[h, a, 0, :trials]
            at = work.analyses[a].rules.look[0, look]
            lane = COMPLETERS * W + np.arange(trials) % W
            completers = found.stat[h, a, at, np.arange(trials) // W, lane].astype(int)
            np.add.at(counted, (0, h, a, look, end), 1)
            np.add.at(counted, (1, h, a, look, end), completers)
    assert np.array_equal(counted[0], run.outcome.tally.ends[:, :, 0, :, :, TRIALS])
    assert np.array_equal(counted[1], run.outcome.tally.ends[:, :, 0, :, :, FINISHED])


@pytest.mark.parametrize("name", ["whole-points", "williams"])
def test_replay_is_the_trial_of_the_records(name: str) -> None:
    scenario = trial(name)
    work = job_of(scenario, seed=5)
    found = records_of(work, 0, 3)
    words = {ABOVE: "efficacy", BELOW: "efficacy", LAST: "not significant"}
    for index in (0, 1, 127, 128, 300):
        for h, hypothesis in enumerate(scenario.hypotheses):
            shown = replay(scenario, index, hypothesis=hypothesis, seed=5)
            for a, course in enumerate(shown.courses):
                assert course.decision == words.get(int(found.end[h, a, 0, index]), "futility")
                assert course.looks[-1].look == found.look[h, a, 0, index] + 1
            values = found.values[index // W, :, h, 0].reshape(work.cells.patients, -1, W)[..., index % W]
            printed = np.array([p.values[0] for p in shown.patients], float)
            assert np.array_equal(printed, values[: len(printed)], equal_nan=True)


def differences(rows: list[dict[str, Any]], first: str, second: str) -> dict[str, list[float]]:
    """Of each completer the mean under one treatment minus that under the other, by sequence."""
    scores: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    sequence, left = {}, set()
    for row in rows:
        sequence[row["subject"]] = row["sequence"]
        if row["value"] in ("", None):
            left.add(row["subject"])
        else:
            scores[row["subject"]][row["treatment"]].append(float(row["value"]))
    found: dict[str, list[float]] = defaultdict(list)
    for subject, own in scores.items():
        if subject not in left:
            found[sequence[subject]].append(float(np.mean(own[first]) - np.mean(own[second])))
    return found


@pytest.mark.parametrize("index", [3, 1000, 123_456_789])
def test_scipy_finds_the_same_statistics_in_the_printed_patients(index: int) -> None:
    scenario = trial("whole-points")
    shown = replay(scenario, index, hypothesis="effect")
    rows = shown.frame().to_dicts()
    for course in shown.courses:
        for look in course.looks:
            own = differences([r for r in rows if r["subject"] <= look.patients], "A", "B")
            if course.analysis.method == "paired-t":
                want = stats.ttest_1samp(own["A B"] + own["B A"], 0.0, alternative="less")
                estimate = np.mean(own["A B"] + own["B A"])
            else:
                want = stats.ttest_ind(own["A B"], [-x for x in own["B A"]])
                estimate = (np.mean(own["A B"]) + np.mean(own["B A"])) / 2
            assert look.estimate == pytest.approx(estimate, rel=1e-10)
            assert look.statistic == pytest.approx(want.statistic, rel=1e-10)
            assert look.df == want.df
            assert look.p == pytest.approx(want.pvalue, rel=1e-10)
            assert look.completers == len(own["A B"] + own["B A"])
            limit = look.efficacy_below if look.efficacy_above is None else look.efficacy_above
            assert limit is not None
            assert look.nominal_p is not None
            sides = 2 if course.analysis.alternative == "two-sided" else 1
            assert sides * stats.t.sf(abs(limit), look.df) == pytest.approx(look.nominal_p, rel=1e-9)
            assert (look.p <= look.nominal_p) == (look.decision == "efficacy")


def test_exact_tests_of_responses_have_their_p_values() -> None:
    scenario = read_text(RATES)
    for index in range(20):
        shown = replay(scenario, index)
        own = differences(shown.rows(), "A", "B")
        x = np.array(own["A B"] + own["B A"])
        b, m = int((x > 0).sum()), int((x != 0).sum())
        exact, mid = (course.looks[-1] for course in shown.courses)
        assert exact.p == pytest.approx(stats.binomtest(b, m).pvalue if m else 1.0)
        assert mid.p == pytest.approx(min(1.0, exact.p - stats.binom.pmf(b, m, 0.5)), abs=1e-12)
        assert (exact.decision == "efficacy") == (exact.p <= 0.05)


def test_p_values_at_the_edges() -> None:
    assert p_value("t", 2.0, 0.0, "two-sided") is None
    assert p_value("t", float("inf"), 5.0, "two-sided") == 0.0
    assert p_value("binomial", 0.0, 1.0, "two-sided") == 1.0
    assert p_value("binomial-mid", 0.0, 1.0, "greater") == 1.0
    assert p_value("normal", 1.959963984540054, float("inf"), "two-sided") == pytest.approx(0.05)
    for b, m in ((0, 80), (40, 80), (70, 80), (12, 12), (5, 9)):
        want = stats.binomtest(b, m, alternative="greater").pvalue
        assert p_value("binomial", 2 * b - m, m + 1, "greater") == pytest.approx(want, rel=1e-9)
        half = want - stats.binom.pmf(b, m, 0.5) / 2
        assert p_value("binomial-mid", 2 * b - m, m + 1, "greater") == pytest.approx(half, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_find_gives_the_first_of_its_kind(kind: str) -> None:
    # One-sided limits find no wrong sign.
    sided: dict[str, object] = {"alternative": "two-sided" if kind == "wrong-sign" else "better"}
    scenario, name = trial("futility"), "small"
    if kind == "shown-different":  # seldom, where futility stops what is not equivalent
        sided = {"alternative": "equivalence", "limits": (-4.0, 4.0)}
        scenario, name = trial("whole-points"), "effect"
    scenario = scenario.model_copy(update={"analyses": (scenario.analyses[0].model_copy(update=sided),)})
    first = find(scenario, kind, trials=30_000, hypothesis=name, seed=2)
    assert first is not None
    (course,) = first.courses
    assert {
        "efficacy": course.decision == "efficacy",
        "early-efficacy": course.decision == "efficacy" and course.looks[-1].look < course.planned,
        "futility": course.decision == "futility",
        "wrong-sign": course.wrong_sign,
        "not-significant": course.decision != "efficacy",
        "shown-different": course.decision == "shown different",
    }[kind]
    again = find(scenario, kind, first=first.index, trials=1, hypothesis=name, seed=2)
    assert again is not None
    assert again.index == first.index
    if first.index:
        assert find(scenario, kind, trials=first.index, hypothesis=name, seed=2) is None


def test_who_left_is_told() -> None:
    shown = replay(trial("futility"), 1)
    left = [p for p in shown.patients if p.left_before is not None]
    assert left
    for p in left:
        assert [x is None for x in p.values[0]] == [k + 1 >= p.left_before for k in range(2)]
    assert shown.courses[0].looks[0].completers == sum(
        p.left_before is None for p in shown.patients[: shown.courses[0].looks[0].patients]
    )


def test_axes_hold_all_values() -> None:
    for low, high in ((0, 1), (165.2, 505), (-3, -2.9), (18, 18), (-1e-3, 1e6), (99, 101)):
        start, end, _ = _axis(low, high)
        assert start <= low <= high <= end


# The command


def test_the_command_shows_the_trial(cli: Cli) -> None:
    code, out, err = cli("trial", "staged.toml", "--replay", "7")
    assert (code, err) == (0, "")
    assert "number 7 (counted from 0), seed 1" in out
    assert "A then B: " in out
    assert "⣿" in out or "⠤" in out
    assert max(map(len, out[out.index("The patients") :].splitlines())) <= 80
    assert "planner trial staged.toml --replay 7 --seed 1 --hypothesis expected" in out


def test_the_formats_agree(cli: Cli) -> None:
    find = ["trial", "staged.toml", "--find", "early-efficacy"]
    shown = json.loads(cli(*find, "--json")[1])
    assert shown["schema"] == "planner.trial/1"
    (course,) = shown["analyses"]
    assert (course["decision"], course["looks"][-1]["look"]) == ("efficacy", 1)
    rows = list(csv.DictReader(io.StringIO(cli(*find, "--format", "csv")[1])))
    assert list(rows[0]) == ["subject", "sequence", "period", "treatment", "value", "score"]
    assert len(rows) == 24
    values = [x for p in shown["patients"] for x in p["values"][0]]
    assert [float(row["value"]) for row in rows] == values
    own = differences(rows, "A", "B")
    want = stats.ttest_ind(own["A B"], [-x for x in own["B A"]])
    assert course["looks"][0]["statistic"] == pytest.approx(want.statistic, rel=1e-10)
    assert "type I error" not in cli(*find)[1]
    assert "this is a type I error" in " ".join(cli(*find, "--hypothesis", "none")[1].split())


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--find", "futility"], 4, "no futility rule"),
        (["--find", "wrong-sign", "--hypothesis", "none", "--trials", "500"], 4, "no sign is wrong"),
        (["--find", "something"], 2, "--find"),
        (["--replay", "-1"], 2, "--replay"),
        (["--replay", str(2**62)], 2, "not in the range"),
        (["--analysis", "hills"], 2, "did you mean hills-armitage?"),
        (["--hypothesis", "expcted"], 3, "expected"),
    ],
)
def test_no_answer_is_explained(cli: Cli, arguments: list[str], code: int, words: str) -> None:
    answered, out, err = cli("trial", "staged.toml", *arguments)
    assert (answered, out) == (code, "")
    assert words in err
    assert "Traceback" not in err


def test_responses_are_counted_not_drawn(cli: Cli) -> None:
    Path("rates.toml").write_text(RATES)
    _, out, _ = cli("trial", "rates.toml", "--analysis", "mcnemar-exact")
    assert "Responds in" in out
    assert "A (period 1) and B (period 2)" in out
    assert "┤" not in out


def test_hostile_names_are_shown_literally(cli: Cli) -> None:
    for shape in ("table", "md", "csv", "json"):
        code, out, _ = cli("trial", "hostile.toml", "--format", shape)
        assert code == 0
        assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_a_short_scenario_has_a_trial(cli: Cli) -> None:
    Path("one.toml").write_text(SCENARIO.replace("patients = 24", "patients = 2"))
    code, out, _ = cli("trial", "one.toml")
    assert code == 0
    assert "the data do not determine the test" in out.replace("\n", " ").lower()
