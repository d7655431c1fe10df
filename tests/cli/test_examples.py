"""Examples of --help that name `my-trial.toml` work once `planner new` has made it."""

from __future__ import annotations

import inspect
import re
import shlex
import tomllib

import pytest

from planner.cli.app import COMMANDS, EXAMPLES, function_of
from planner.scenario import catalogue
from tests.support.commands import Cli, cli
from tests.support.marks import repeated

__all__ = ["cli"]

NEW = "planner new my-trial.toml"
DATA = "planner trial my-trial.toml --replay 3 --format csv -o patients.csv"


def lines() -> list[str]:
    """Every line of the help of each command."""
    helped = [inspect.getdoc(function_of(name)) or "" for name in COMMANDS]
    return [line.strip() for text in (*helped, EXAMPLES) for line in text.splitlines()]


def commands(which: str) -> list[str]:
    """The commands on a scenario, without the comment after them, each once."""
    found = [line.partition(" #")[0].strip() for line in lines() if line.startswith("planner ")]
    return list(dict.fromkeys(line for line in found if re.search(which, line)))


def arguments(command: str) -> list[str]:
    return shlex.split(command)[1:]


def on_my_trial() -> list[str]:
    return [line for line in commands(r" my-trial\.toml\b") if not line.startswith(NEW)]


def test_there_are_examples_of_every_kind() -> None:
    """A harness that finds no example would pass whatever they are."""
    found = on_my_trial()
    assert {arguments(line)[0] for line in found} >= {"run", "size", "trial", "show", "check", "weigh"}
    assert "planner run my-trial.toml -o results.md" in found
    assert len(found) >= 12
    assert NEW in commands(r"^planner new")


@pytest.mark.parametrize("command", repeated(on_my_trial()))
def test_examples_on_my_trial_work_after_new(command: str, cli: Cli) -> None:
    assert cli(*arguments(NEW), "-q") == (0, "", "")
    if "patients.csv" in command:
        assert cli(*arguments(DATA), "-q")[0] == 0
    code, _, err = cli(*arguments(command), *([] if " show " in command else ["-q"]))
    assert (code, "error:" in err) == (0, False), err


@pytest.mark.parametrize("command", commands(r"^planner trial (?!my-trial)"))
def test_examples_of_one_trial_find_one(command: str, cli: Cli) -> None:
    code, out, err = cli(*arguments(command), "-q")
    assert (code, err) == (0, "")
    assert "--format csv" in command or "The same trial again" in out


def test_an_example_with_another_name_would_fail(cli: Cli) -> None:
    assert cli(*arguments(NEW), "-q")[0] == 0
    assert cli("run", "my-trial.toml", "--hypothesis", "effect", "-q")[0] == 3


def test_hypotheses_of_the_examples_are_those_of_the_template() -> None:
    named = set(tomllib.loads(catalogue.template())["hypotheses"])
    for command in on_my_trial():
        for names in re.findall(r"--hypothesis (\S+)", command):
            assert set(names.split(",")) <= named, command


@pytest.mark.parametrize(
    "command",
    [
        ("run", "small.toml", "--set", "design.patients=30"),
        ("run", "small.toml", "--set", "design.patients=30,40"),
        ("size", "small.toml", "--power", ".8"),
        ("trial", "small.toml", "--replay", "0"),
        ("weigh", "small.toml"),
    ],
)
def test_an_unknown_hypothesis_is_a_fault_of_its_own_option(command: tuple[str, ...], cli: Cli) -> None:
    """Nobody typed `simulation.hypotheses`, and no second --set."""
    code, _, err = cli(*command, "--hypothesis", "expectd")
    assert code == 3
    assert "--hypothesis: there is no hypothesis expectd" in err
    assert "did you mean expected?" in err
    assert "--set" not in err
    assert "simulation.hypotheses" not in err


def test_a_hypothesis_that_was_set_is_a_fault_of_set(cli: Cli) -> None:
    _, _, err = cli("run", "small.toml", "--set", 'simulation.hypotheses=["expectd"]')
    assert "--set:1:24: simulation.hypotheses.0" in err
