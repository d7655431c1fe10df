"""The front page shows what the program prints, not what it once printed."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from planner.cli import main

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_the_example_gives_the_output_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (scenario,) = blocks("toml")
    ((first, shown),) = (block.split("\n", 1) for block in blocks("console"))
    assert first == "$ planner run example.toml"
    monkeypatch.chdir(tmp_path)
    Path("example.toml").write_text(scenario)
    assert main(["run", "example.toml", "-q"]) == 0
    assert capsys.readouterr().out.strip() == shown.strip()


def test_the_example_is_short() -> None:
    (scenario,) = blocks("toml")
    assert len([line for line in scenario.splitlines() if line.strip()]) <= 15
    tomllib.loads(scenario)


def test_first_screen_has_two_complete_commands() -> None:
    """One sets up and runs the main job, one sets up and runs the tests."""
    job, tests = [block.strip() for block in blocks("sh")[:2]]
    for command in (job, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
        assert "\n" not in command
    assert job.endswith("planner run asthma-ab-ba")
    assert tests.endswith("pytest")
    assert README.index(tests) < 2000
