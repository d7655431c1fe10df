"""A hypothesis is called by its name, or by its label where no other has it, wherever one is named."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import planner
from planner.errors import UnknownNameError
from planner.scenario.labels import name_called, words_called
from tests.support.commands import SCENARIO, Cli, cli

__all__ = ["cli"]

LABELLED = SCENARIO.replace("[hypotheses.none]", '[hypotheses.none]\nlabel = "Nothing, or less"')
OBSERVED = "\n[observed]\nmeans = { A = { mean = 3, n = 20 }, B = { mean = 0, n = 20 } }\n"
FEW = ("--trials", "500", "-q", "--json")
WAYS = {
    "run": ("run", "plan.toml", *FEW),
    "sweep": ("run", "plan.toml", "--set", "design.patients=20,24", *FEW),
    "size": ("size", "plan.toml", "--power", ".3", *FEW),
    "compare": ("compare", "plan.toml", "plan.toml", *FEW),
    "trial": ("trial", "plan.toml", "--json", "-q"),
    "dry run": ("run", "plan.toml", "--dry-run", "--json"),
}


@pytest.fixture
def plan(cli: Cli) -> Cli:
    Path("plan.toml").write_text(LABELLED + OBSERVED)
    return cli


def answer(outcome: tuple[int, str, str]) -> Any:
    """What is answered, without what differs from one run to the next."""
    assert outcome[0] in (0, 4), outcome[2]
    document = json.loads(outcome[1])
    if "run" in document:
        document["run"] = {k: v for k, v in document["run"].items() if k in ("digest", "trials")}
    document.pop("estimate", None)
    return document


@pytest.mark.parametrize("way", WAYS)
def test_a_label_gives_the_same_answer_as_the_name(way: str, plan: Cli) -> None:
    by_name = answer(plan(*WAYS[way], "--hypothesis", "none"))
    assert answer(plan(*WAYS[way], "--hypothesis", "Nothing, or less")) == by_name
    assert answer(plan(*WAYS[way], "--hypothesis", "nothing,  or LESS")) == by_name


def test_prior_weights_go_by_label_too(plan: Cli) -> None:
    weigh = ("weigh", "plan.toml", "--variants", "20", "-q", "--json")
    by_name = answer(plan(*weigh, "--prior", "none=3,expected=2"))
    by_label = answer(plan(*weigh, "--prior", "Nothing, or less=3,The difference that we hope for=2"))
    assert by_label == by_name
    code, _, err = plan(*weigh, "--prior", "Nothing, or lss=3")
    assert code == 2
    assert "--prior Nothing, or lss=3: there is no hypothesis" in err
    assert "did you mean none (Nothing, or less)?" in err


def test_the_file_may_choose_hypotheses_by_label(plan: Cli) -> None:
    chosen = planner.read_text(LABELLED + '\n[simulation]\nhypotheses = ["Nothing, or less"]\n')
    assert chosen.simulated_hypotheses == ("none",)
    by_set = answer(plan(*WAYS["run"], "--set", 'simulation.hypotheses=["Nothing, or less"]'))
    assert by_set == answer(plan(*WAYS["run"], "--hypothesis", "none"))


def test_python_takes_labels() -> None:
    scenario = planner.read_text(LABELLED)
    few: dict[str, Any] = {"hypotheses": ["Nothing, or less"], "trials": 500}
    assert planner.size(scenario, **few).to_json()["answers"][0]["hypothesis"] == "none"
    assert planner.compare([scenario, scenario], **few).to_json()["cells"][0]["hypothesis"] == "none"
    assert planner.replay(scenario, 3, hypothesis="Nothing, or less").hypothesis == "none"
    with pytest.raises(LookupError, match="there is no hypothesis Nothing at all"):
        planner.replay(scenario, 3, hypothesis="Nothing at all")
    with pytest.raises(ValueError, match="there is no hypothesis other"):
        planner.compare([scenario, scenario], hypotheses=["none", "other"], trials=500)
    with pytest.raises(planner.DiscriminationError, match="there is no hypothesis other"):
        planner.discriminate(scenario, hypotheses=["none", "expected", "other"])


@pytest.mark.parametrize("way", ["run", "size", "compare", "trial"])
def test_a_label_that_two_have_is_refused_with_their_names(way: str, cli: Cli) -> None:
    Path("plan.toml").write_text(LABELLED.replace("Nothing, or less", "The difference that we hope for"))
    code, out, err = cli(*WAYS[way], "--hypothesis", "the difference that we hope for")
    assert (code, out) in ((2, ""), (3, ""))
    assert "2 hypotheses have the label the difference that we hope for" in err
    assert "give a name: expected or none" in err
    assert "--hypothesis" in err


def test_a_name_goes_before_a_label() -> None:
    labels = {"a": ["b"], "b": ["c"], "c": []}
    assert [name_called(word, labels) for word in "abc"] == ["a", "b", "c"]
    with pytest.raises(UnknownNameError, match="no hypothesis d"):
        name_called("d", labels)


def test_commas_part_words_but_not_labels() -> None:
    labels = {"one": ["A, b"], "two": ["A"], "three": ["A, b, c"]}
    assert words_called(["one,two"], labels) == ["one", "two"]
    assert words_called(["A, b,A", "a,B,c, x"], labels) == ["A, b", "A", "a,B,c", "x"]
    assert words_called(["one,,two"], labels) == ["one", "", "two"]


def test_thousands_of_words_take_no_time() -> None:
    start = time.process_time()
    assert words_called(["a," * 5_000], {"one": ["A, b"]}) == [*["a"] * 5_000, ""]
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("by_label", "by_name"),
    [
        ('hypotheses."Nothing, or less".means.A=4', "hypotheses.none.means.A=4"),
        ('hypotheses.expected.means."new drug"=7', "hypotheses.expected.means.A=7"),
        ('hypotheses.expected.means={ "New drug" = 7, placebo = 1 }', "hypotheses.expected.means={A=7,B=1}"),
        ('analyses.0.contrast=["placebo", "new drug"]', 'analyses.0.contrast=["B", "A"]'),
        ('hypotheses."Nothing, or less".sd_difference=4,5', "hypotheses.none.sd_difference=4,5"),
    ],
)
def test_set_takes_labels_of_hypotheses_and_treatments(by_label: str, by_name: str, plan: Cli) -> None:
    def power(setting: str) -> list[Any]:
        cells = answer(plan("run", "plan.toml", *FEW, "--set", setting))["cells"]
        return [(cell["hypothesis"], cell["power"], cell["true_effect"]) for cell in cells]

    assert power(by_label) == power(by_name)
    plain = answer(plan("run", "plan.toml", *FEW))["cells"]
    assert power(by_label) != [(cell["hypothesis"], cell["power"], cell["true_effect"]) for cell in plain]


def test_a_label_of_two_treatments_is_refused_with_their_names(cli: Cli) -> None:
    Path("plan.toml").write_text(LABELLED.replace('"placebo"', '"new drug"'))
    code, _, err = cli("check", "plan.toml", "--set", 'analyses.0.contrast=["B", "new drug"]')
    assert code == 3
    assert "2 treatments have the label new drug" in err
    assert "give a name: A or B" in err
