"""What `weigh` says on its page: predictions, errors, the planned test, the look at which the trial ended."""

from __future__ import annotations

import json
import re
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.errors import WeighingError
from planner.questions.weigh.data import observed_in
from planner.questions.weigh.exact_tests import fisher, mcnemar
from planner.questions.weigh.weigh import weigh
from planner.report.pages.weigh_tables import _alike, _one_in, weight
from planner.results.figures import Figure
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from tests.support.commands import Cli, cli

__all__ = ["cli"]  # the fixture
RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[endpoint]
measure = "response"
[hypotheses.works]
rates = { A = 0.6, B = 0.25 }
discordant = { A = 0.45, B = 0.1 }
[hypotheses.nothing]
rates = { A = 0.4, B = 0.4 }
discordant = { A = 0.1, B = 0.1 }
[[analyses]]
name = "resp"
method = "mcnemar-mid-p"
contrast = ["A", "B"]
[monitoring]
looks = [12, 24]
efficacy = { rule = "pocock" }
"""
LITRES = """
schema_version = 1
[design]
sequences = ["F S", "S F"]
patients = 24
[endpoint]
unit = "litres"
[hypotheses.better]
means = { F = 2.65, S = 2.50 }
sd_within = 0.2
sd_between = 0.5
[hypotheses.same]
means = { F = 2.50, S = 2.50 }
sd_within = 0.2
sd_between = 0.5
"""
DIFFERENCE = 'observed.difference={contrast=["F","S"],estimate=0.217,se=0.06}'


def responses(both: int, first: int, second: int, neither: int) -> str:
    """A file of patients by what they did under A and B, sequences in turn."""
    outcomes = [(1, 1)] * both + [(1, 0)] * first + [(0, 1)] * second + [(0, 0)] * neither
    lines = ["subject,sequence,period,treatment,value"]
    for i, (a, b) in enumerate(outcomes, 1):
        sequence = ("A B", "B A")[i % 2]
        value = {"A": a, "B": b}
        lines += [f"{i},{sequence},{k},{t},{value[t]}" for k, t in enumerate(sequence.split(), 1)]
    return "\n".join(lines) + "\n"


def page(cli: Cli, *words: str) -> str:
    code, out, err = cli("weigh", *words, "-q")
    assert code == 0, err
    return out


def row(out: str, name: str, heading: str) -> str:
    """The line of a table that begins with a name."""
    return next(line for line in out.partition(heading)[2].split("\n") if line.startswith(name))


@pytest.fixture
def files(cli: Cli) -> None:
    Path("plan.toml").write_text(RATES)
    Path("litres.toml").write_text(LITRES)
    Path("t.csv").write_text(responses(3, 6, 0, 3))


# The look at which the trial ended, beside data


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("result", ["", "responders = { A = [5, 10], B = [5, 10] }\nday = 1\n"])
def test_the_look_is_taken_from_the_scenario_and_the_result_from_the_data(cli: Cli, result: str) -> None:
    Path("ended.toml").write_text(f"{RATES}[observed]\nstopped_at = 1\n{result}")
    found = json.loads(page(cli, "ended.toml", "--data", "t.csv", "--json"))
    assert found["observed"]["stopped_at"] == 1
    assert found["observed"]["pairs"] == {"both": 3, "only": {"A": 6, "B": 0}, "neither": 3}
    assert "responders" not in found["observed"]
    assert (found["stopping"]["treatment"], found["stopping"]["look"]) == ("cancels", 1)
    assert ("take the place of the result" in found["observed"]["note"]) == bool(result)
    out = " ".join(page(cli, "ended.toml", "--data", "t.csv").split())
    assert "does not say at which look" not in out
    assert "That the trial ended at look 1 is taken from [observed]." in out
    plain = json.loads(
        page(cli, "plan.toml", "--data", "t.csv", "--json")
    )  # says no look: nothing is made up
    assert plain["stopping"]["treatment"] == "ignored"


@pytest.mark.usefixtures("files")
def test_sequences_of_the_scenario_must_be_those_of_the_data() -> None:
    for sequences, said in (('{ "A B" = 6, "B A" = 6 }', False), ('{ "A B" = 9, "B A" = 3 }', True)):
        plan = read_text(f"{RATES}[observed]\nsequences = {sequences}\n")
        found = observed_in(plan, "t.csv")
        assert dict(found.sequences) == {"A B": 6, "B A": 6}
        assert ("are not those of the data, which count" in found.note) == said
    many = read_text(f"{RATES}[observed]\nstopped_at = 1\n")
    Path("t.csv").write_text(responses(6, 12, 0, 6))
    assert "planned with 12 patients, fewer than the 24 here" in observed_in(many, "t.csv").note


def test_an_ending_alone_is_no_result() -> None:
    ended = read_text(f"{RATES}[observed]\nstopped_at = 1\n")
    with pytest.raises(WeighingError, match="states no observed result"):
        weigh(ended)
    for wrong, said in (("stopped_at = 3", "2 looks are planned"), ("paired = 3", "says no result")):
        with pytest.raises(ScenarioError, match=said):
            read_text(f"{RATES}[observed]\n{wrong}\n")


# Predictions


@pytest.mark.usefixtures("files")
def test_predictions_have_the_digits_that_their_error_warrants(cli: Cli) -> None:
    means = "observed.means={F={mean=2.65,n=24},S={mean=2.5,n=24}}"
    out = page(cli, "litres.toml", "--set", means)
    assert "What each predicts, in litres" in out
    assert row(out, "Observed", "What each predicts").split() == ["Observed", "2.65", "2.5"]
    assert "+" not in out  # levels have no sign
    for name, truth in (("better", (2.65, 2.50)), ("same", (2.50, 2.50))):
        cells = re.findall(r"([\d.]+) ± ([\d.]+)", row(out, name, "What each predicts"))
        assert len(cells) == 2
        for (value, error), mean in zip(cells, truth, strict=True):
            assert abs(float(value) - mean) < 4 * float(error) + 0.0005
            # sd .54 of each value, 32 x 8,192 patients: .0011
            assert 0.0005 <= float(error) <= 0.002
    out = page(cli, "litres.toml", "--set", DIFFERENCE)
    assert "+0.217 litres, standard error 0.06" in out
    (shown,) = re.findall(r"\+(0\.\d{3,}) ± (0\.000\d+)", row(out, "better", "What each predicts"))
    assert abs(float(shown[0]) - 0.15) < 4 * float(shown[1])


def test_the_error_of_a_prediction_is_that_of_other_seeds() -> None:
    plan = read_text(LITRES, set=[DIFFERENCE])
    rows = [
        weigh(plan, patients=128, seed=seed).to_json()["hypotheses"][0]["expected"][0] for seed in range(40)
    ]
    ratio = np.std([each["mean"] for each in rows], ddof=1) / np.mean([each["mcse"] for each in rows])
    assert 0.65 < ratio < 1.5
    assert not 0.65 < 3.0 * ratio < 1.5  # an error a third as large would be told


# The planned test


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("method", ["mcnemar-mid-p", "mcnemar-exact", "prescott"])
def test_the_planned_test_is_used_or_said_not_to_be(cli: Cli, method: str) -> None:
    setting = f"analyses.0.method={method}"
    (test,) = json.loads(page(cli, "plan.toml", "--data", "t.csv", "--json", "--set", setting))["tests"]
    exact = 2 * sum(comb(6, k) for k in range(6, 7)) / 2**6  # six of six discordant pairs
    assert test["p"] == pytest.approx(exact / 2 if method == "mcnemar-mid-p" else exact, rel=1e-12)
    assert test["planned"] == (method != "prescott")
    out = " ".join(page(cli, "plan.toml", "--data", "t.csv", "--set", setting).split())
    wanted = "not the planned test, “Prescott's" if method == "prescott" else "as planned (analysis resp)"
    assert wanted in out


@pytest.mark.usefixtures("files")
def test_trial_and_weigh_give_the_same_p(cli: Cli) -> None:
    """Whatever the form of McNemar's test and its direction."""
    for method, contrast in (("mcnemar-mid-p", "A,B"), ("mcnemar-asymptotic", "B,A")):
        names = json.dumps(contrast.split(","))
        words = ["--set", f"analyses=[{{name='resp',method='{method}',contrast={names},alternative='less'}}]"]
        words += ["--set", "monitoring.looks=[24]"]
        trial = ["trial", "plan.toml", *words, "--replay", "5", "--hypothesis", "works"]
        assert cli(*trial, "--format", "csv", "-o", "own.csv", "--force", "-q")[0] == 0
        shown = json.loads(cli(*trial, "--json")[1])["analyses"][0]["looks"][-1]["p"]
        (test,) = json.loads(page(cli, "plan.toml", *words, "--data", "own.csv", "--json"))["tests"]
        assert test["p"] == pytest.approx(shown, rel=1e-9)
        assert (test["planned"], test["alternative"]) == (True, "less")


def test_forms_of_the_tests_by_hand() -> None:
    assert mcnemar(6, 2, "binomial", "greater") == pytest.approx(37 / 256)
    assert mcnemar(6, 2, "binomial-mid") == pytest.approx(2 * (37 - 14) / 256)
    assert mcnemar(6, 2, "normal") == pytest.approx(0.15729920705, rel=1e-9)  # z = 4 / sqrt(8)
    # 3 of 4 against 1 of 4 (the tea tasting of Fisher 1935): 17 / 70 one-sided, 34 / 70 two-sided
    assert fisher(3, 4, 1, 4, "greater") == pytest.approx(17 / 70)
    assert fisher(3, 4, 1, 4, "less") == pytest.approx(69 / 70)
    assert fisher(3, 4, 1, 4) == pytest.approx(34 / 70)


# Errors


@pytest.mark.usefixtures("files")
def test_weights_of_stated_rates_are_said_to_be_exact(cli: Cli) -> None:
    found = json.loads(page(cli, "plan.toml", "--data", "t.csv", "--json"))
    assert (found["run"]["exact"], found["run"]["patients"]) == (True, 0)
    chance = {  # multinomial, by hand, with the cells of each hypothesis
        "works": 0.15**3 * 0.45**6 * 0.3**3,
        "nothing": 0.3**3 * 0.1**6 * 0.5**3,
    }
    for each in found["hypotheses"]:
        share = chance[each["hypothesis"]] / sum(chance.values())
        assert each["weight"]["estimate"] == pytest.approx(share, rel=1e-6)
        assert each["weight"]["mcse"] == 0.0
    out = page(cli, "plan.toml", "--data", "t.csv")
    assert "Computed exactly from the stated rates: there is no Monte Carlo error." in out
    assert "virtual patients under each" not in out
    # Who leaves is not known to the rates: with informative leaving everything is simulated, with errors.
    out = page(cli, "litres.toml", "--set", DIFFERENCE)
    assert "Computed exactly" not in out
    assert row(out, "better", "How probable").count("±") == 1


def test_a_column_has_one_style() -> None:
    def figures(*values: float) -> list[Figure]:
        return [Figure(value, value / 50) for value in values]

    rare, cells = _alike(figures(0.003727, 1 / 24_000), 1e-4, True)
    assert rare
    assert cells == ["268 ± 5", "24,000 ± 500"]
    rare, cells = _alike(figures(0.3, 0.003727), 1e-4, True)
    assert (rare, cells) == (False, ["30.0 ± 0.6 %", "0.373 ± 0.007 %"])
    exact = [Figure(value, 0.0) for value in (0.9888, 0.01117)]
    assert _alike(exact, 1e-4, True) == (False, ["98.88 %", "1.12 %"])
    assert _one_in(Figure(1 / 2.7e8, 1e-9)) == "270 ± 70 million"
    assert _one_in(Figure(0.0, 0.0)) == "never"
    assert weight(Figure(5e-5, 1e-6)) == "< 0.01 %"
    assert "±" in weight(Figure(5e-5, 1e-4))  # it may be much more than that


@pytest.mark.long
def test_every_simulated_figure_has_its_error(cli: Cli) -> None:
    few = ["--variants", "30", "--virtual-patients", "256"]
    words = ["williams-2018", "--set", "observed.stopped_at=1", *few]
    found: dict[str, Any] = json.loads(page(cli, *words, "--json"))
    assert set(found["stopping"]["chance_mcse"]) == set(found["stopping"]["chance"])
    assert all(0.0 < error < 0.2 for error in found["stopping"]["chance_mcse"].values())
    assert all(each["mcse"] > 0.0 for each in found["hypotheses"][0]["expected"])
    assert all(each["moved_mcse"] > 0.0 for each in found["sensitivity"][:3])
    out = page(cli, *words)
    tables, _, _ = out.partition("The same result again")
    assert max(map(len, tables.split("\n"))) <= 88
    for heading in ("How probable", "What each predicts"):
        cells = row(out, "Permissive opioid tone", heading)
        assert cells.count("±") >= (2 if heading == "How probable" else 4)


# Whose fault it is


def test_a_fault_of_the_scenario_is_not_blamed_on_the_data(cli: Cli) -> None:
    Path("t.csv").write_text(responses(3, 6, 0, 3))
    open_rates = re.sub(r"rates = .*\n", "", RATES)
    Path("open.toml").write_text(open_rates)
    code, _, err = cli("weigh", "open.toml", "--data", "t.csv", "-q")
    assert code == 2
    assert "open.toml: works does not say how many respond" in err
    assert "t.csv" not in err
    Path("plan.toml").write_text(RATES)
    code, _, err = cli("weigh", "plan.toml", "--data", "t.csv", "--prior", "nobody=2", "-q")
    assert (code, "t.csv" in err) == (2, False)
    Path("t.csv").write_text("subject,sequence,period,treatment,value\n1,A B,1,A,1\n")
    code, _, err = cli("weigh", "plan.toml", "--data", "t.csv", "-q")
    assert code == 3
    assert "t.csv: fewer than two patients" in err
