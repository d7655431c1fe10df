"""`--patients` is the size of the trial on every command that has it: what --set design.patients says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from planner.cli.patients import sizes_in
from tests.support.commands import Cli, cli

__all__ = ["cli"]

FEW = ("--trials", "256", "-q")


def answer(outcome: tuple[int, str, str]) -> Any:
    """What is answered, without how long it took."""
    assert outcome[0] == 0, outcome[2]
    document = json.loads(outcome[1])
    run = document.get("run", {})
    document["run"] = {key: run[key] for key in ("digest", "trials", "draws") if key in run}
    return document


@pytest.mark.parametrize(
    ("words", "patients"),
    [
        (("run", "staged.toml", *FEW), "20"),
        (("run", "staged.toml", *FEW), "20,28"),
        (("run", "staged.toml", *FEW), "20:28:8"),
        (("compare", "small.toml", "staged.toml", *FEW), "20"),
        (("trial", "staged.toml", "-q"), "20"),
        (("show", "staged.toml"), "20"),
        (("check", "staged.toml"), "20"),
        (("discriminate", "small.toml", "--draws", "32", "-q"), "20"),
    ],
)
def test_it_is_the_setting(words: tuple[str, ...], patients: str, cli: Cli) -> None:
    """The same figures, digest, scaled looks and warnings."""
    by_set = answer(cli(*words, "--set", f"design.patients={patients}", "--json"))
    assert answer(cli(*words, "--patients", patients, "--json")) == by_set
    assert answer(cli(*words, "--json")) != by_set or words[0] == "check"


def test_several_are_the_curve_of_discriminate(cli: Cli) -> None:
    words = ("discriminate", "small.toml", "--draws", "32", "-q", "--json")
    (design,) = answer(cli(*words, "--patients", "12,30"))["designs"]
    assert design["patients"] == 24
    assert {12, 24, 30} == {point["patients"] for point in design["curve"]}


def test_the_command_at_the_foot_gives_the_same_digest(cli: Cli) -> None:
    page = cli("run", "staged.toml", "--patients", "20:28:8", *FEW)[1]
    command = page.rpartition("planner run ")[2].split()
    assert "--patients 20,28" in " ".join(command)
    again = answer(cli("run", *command, "-q", "--json"))
    assert again == answer(cli("run", "staged.toml", "--patients", "20:28:8", *FEW, "--json"))


@pytest.mark.parametrize(
    ("typed", "sizes"),
    [
        ("1e2", [100]),
        ("1_000", [1000]),
        ("1e2,24", [24, 100]),
        ("1e2:1_000:300", [100, 400, 700, 1000]),
        (" 20 : 28:8", [20, 28]),
        ("007", [7]),
    ],
)
def test_whole_numbers_are_taken_as_trials_takes_them(typed: str, sizes: list[int]) -> None:
    assert sizes_in([typed]) == sizes


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("run", "small.toml", "--patients", "many"),
            "--patients takes whole numbers or from:to:step, not many",
        ),
        (("run", "small.toml", "--patients", "0"), "--patients 0: from 1 to 10,000 patients"),
        (("run", "small.toml", "--patients", "96:12:12"), "--patients 96:12:12: the range runs backwards"),
        (("show", "small.toml", "--patients", "1e9"), "--patients 1e9: from 1 to 10,000 patients"),
        (("show", "small.toml", "--patients", "1.5"), "not 1.5"),
        (("show", "small.toml", "--patients", "-5"), "not -5"),
        (("show", "small.toml", "--patients", "1:2"), "not 1:2"),
        (("show", "small.toml", "--patients", "5:7:0"), "the step is 0"),
        (("run", "small.toml", "--patients", "20", "--set", "design.patients=24"), "say the same twice"),
        (("trial", "small.toml", "--patients", "20,24"), "--patients 20,24: planner trial takes one number"),
        (("size", "small.toml", "--patients", "20"), "--patients 20 goes with --find effect"),
        (
            ("boundaries", "--looks", "12,24", "--patients", "30"),
            "ends with 24 patients, and --patients is 30",
        ),
        (("boundaries", "--looks", "5", "--patients", "4"), "--patients 4 is too few for --looks 5"),
        (("weigh", "small.toml", "--patients", "256", "--virtual-patients", "256"), "say the same twice"),
        (("weigh", "small.toml", "--virtual-patients", "3"), "--virtual-patients: 3 is not in the range"),
    ],
)
def test_what_cannot_be_is_answered_by_what_was_typed(words: tuple[str, ...], says: str, cli: Cli) -> None:
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert says in " ".join(err.split())


def test_boundaries_at_fractions_of_so_many_patients(cli: Cli) -> None:
    by_counts = json.loads(cli("boundaries", "--looks", "12,30", "--json")[1])
    assert json.loads(cli("boundaries", "--looks", "0.4,1", "--patients", "30", "--json")[1]) == by_counts


def test_weigh_answers_the_former_spelling_with_the_new_one(cli: Cli) -> None:
    words = ("weigh", "williams-2018", "--hypothesis", "permissive,expectancy", "--variants", "20", "-q")
    code, page, err = cli(*words, "--patients", "256")
    assert (code, "--virtual-patients 256 from now on" in err) == (0, True)
    assert "--virtual-patients 256" in page
    former = answer(cli(*words, "--patients", "256", "--json"))
    assert former == answer(cli(*words, "--virtual-patients", "256", "--json"))
    assert "--patients" not in cli("weigh", "--help")[1].replace("--virtual-patients", "")
