"""The front page shows what the program prints, not what it once printed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from planner.cli import main
from planner.scenario import catalogue
from planner.scenario.reading.read import read_text
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LEFT_OUT = "[...]"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def shown() -> list[tuple[str, str]]:
    """The commands with the output that follows them."""
    pairs = [block.split("\n", 1) for block in blocks("console")]
    return [(command.removeprefix("$ planner "), output) for command, output in pairs]


SLOW = ("weigh", "discriminate", "size")
"""Commands of the guide that take long enough to be tried with the long tests only."""


def tried() -> list[object]:
    """The number of each command, marked if it takes long."""
    return [
        pytest.param(i, marks=pytest.mark.long if command.startswith(SLOW) else ())
        for i, (command, _) in enumerate(shown())
    ]


@pytest.mark.parametrize("number", tried())
def test_commands_print_what_is_shown(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for scenario in blocks("toml"):
        Path("painkiller.toml" if "painkiller" in scenario else "example.toml").write_text(scenario)
    command, output = shown()[number]
    assert main([*command.split(), "-q"]) == 0
    printed = capsys.readouterr().out
    at = 0
    for excerpt in filter(None, (part.strip() for part in output.split(LEFT_OUT))):
        assert excerpt in printed[at:]
        at = printed.index(excerpt, at) + len(excerpt)


def test_the_main_command_and_a_mechanism_are_shown() -> None:
    commands = [command for command, _ in shown()]
    assert commands[0] == "run williams-2018"
    assert "show painkiller.toml" in commands
    assert [command.split()[0] for command in commands if command.startswith(SLOW)] == list(SLOW)


def test_the_examples_are_short_and_complete() -> None:
    means, mechanism = blocks("toml")
    for scenario, most in ((means, 15), (mechanism, 33)):
        assert len([line for line in scenario.splitlines() if line.strip()]) <= most
        tomllib.loads(scenario)
        assert read_text(scenario).hypotheses


def first_column(heading: str) -> list[str]:
    """What stands in backquotes in the first column of the table with this heading."""
    table = README.split(f"\n| {heading} | ")[1].split("\n\n")[0]
    return re.findall(r"`([^`]+)`", "\n".join(row.split(" | ")[0] for row in table.splitlines()[2:]))


def test_the_catalogue_is_listed() -> None:
    assert sorted(first_column("name")) == catalogue.names()


def test_commands_that_are_named_exist() -> None:
    from planner.cli.app import COMMANDS

    known = set(COMMANDS)
    assert {row.split()[0] for row in first_column("command")} == known
    assert set(re.findall(r"\bplanner (?!run|with)([a-z]+) [A-Za-z-]*\.toml", README)) <= known


def test_first_screen_has_two_complete_commands() -> None:
    """One sets up and runs the main job, one sets up and runs the tests."""
    job, tests = [block.strip() for block in blocks("sh")[:2]]
    for command in (job, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert "\n" not in command
    assert job.endswith("planner run williams-2018")
    assert tests.endswith("pytest")
    assert README.index(tests) < 2000
