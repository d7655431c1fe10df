"""The front page is short and begins with two commands; the guide names every command and every trial."""

from __future__ import annotations

import re

from planner.cli.app import COMMANDS
from planner.scenario import catalogue
from tests.support.documents import commands, fenced
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST = 150  # lines


def first_column(page: str, heading: str, column: int = 0) -> list[str]:
    """What stands in backquotes in a column of the table whose first column has this heading."""
    text = (ROOT / page).read_text(encoding="utf-8")
    table = text.split(f"\n| {heading} | ")[1].split("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in table.splitlines()[2:]]
    return re.findall(r"`([^`]+)`", "\n".join(row[column] for row in rows))


def test_the_front_page_is_short() -> None:
    assert len(README.splitlines()) <= MOST


def test_first_screen_has_two_complete_commands() -> None:
    """One sets up and runs the main job, one sets up and runs the tests."""
    typed = [block.text.strip() for block in fenced(README, "README.md") if block.language == "sh"]
    job, tests = typed[:2]
    for command in (job, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert "\n" not in command
    assert job.endswith("planner run williams-2018")
    assert tests.endswith("pytest")
    assert README.index(tests) < 2000


def test_the_main_command_and_an_own_scenario_are_shown() -> None:
    blocks = fenced(README, "README.md")
    words = [each.words for block in blocks for each in commands(block)]
    assert words[0] == "planner run williams-2018"
    assert "planner run my-trial.toml" in words
    (scenario,) = [block for block in blocks if block.caption]
    assert len([line for line in scenario.text.splitlines() if line.strip()]) <= 15


def test_the_catalogue_is_listed() -> None:
    assert sorted(first_column("docs/guide/start.md", "name")) == catalogue.names()


def test_every_command_is_a_question_of_the_guide() -> None:
    named = first_column("docs/guide/index.md", "the question", 1)
    assert {words.split()[0] for words in named} == set(COMMANDS)
