"""The command line as its users meet it: help, errors, exit codes, files and hostile names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.support.commands import FEW, SCENARIO, Cli, cli

__all__ = ["SCENARIO", "Cli", "cli"]  # for others too


def test_welcome_names_three_commands_that_exist(cli: Cli) -> None:
    code, out, err = cli()
    assert (code, err) == (0, "")
    assert re.findall(r"^  planner (\w+)", out, re.M) == ["run", "show", "new"]


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(cli: Cli, flag: str) -> None:
    from planner import __version__

    assert cli(flag) == (0, f"planner {__version__}\n", "")


def test_help_lists_every_command_and_each_explains_itself(cli: Cli) -> None:
    code, out, _ = cli("--help")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for name in (
        "run",
        "compare",
        "trial",
        "show",
        "check",
        "scenarios",
        "new",
        "boundaries",
        "cv",
        "cite",
        "methods",
        "schema",
    ):
        assert re.search(rf"^  {name} ", out, re.M)
        code, text, _ = cli(name, "--help")
        assert code == 0
        assert f"planner {name}" in text
        assert "Example" in text


# Files


def test_output_goes_to_a_file_whole_and_once(cli: Cli) -> None:
    code, out, err = cli("run", "small.toml", "-o", "result.json", "--trials", "1000")
    assert (code, out) == (0, "")
    assert "note: wrote result.json" in err
    before = Path("result.json").read_text()
    assert json.loads(before)["run"]["trials"] == 1000
    code, out, err = cli("run", "small.toml", "-o", "result.json", *FEW)
    assert (code, out) == (2, "")
    assert "error: result.json exists" in err
    assert Path("result.json").read_text() == before
    assert cli("run", "small.toml", "-o", "result.json", "--force", "--seed", "2", *FEW)[0] == 0
    assert Path("result.json").read_text() != before
    assert sorted(p.name for p in Path().iterdir() if p.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "no/such/folder/a.json"], "no folder"),
        (["-o", "a.xyz"], "ending"),
        (["-o", ".", "--json"], "folder"),
        (["--json", "--format", "csv"], "contradict"),
        (["--trials", "0"], "--trials"),
        (["--trials", "many"], "--trials"),
        (["--nonsense"], "--nonsense"),
        (["--hypothesis", "a,,b"], "empty"),
    ],
)
def test_misuse_is_explained(cli: Cli, arguments: list[str], words: str) -> None:
    code, out, err = cli("run", "small.toml", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "hint: " in err
    assert words in err
    assert "Traceback" not in err


def test_unknown_command(cli: Cli) -> None:
    code, out, err = cli("runn")
    assert (code, out) == (2, "")
    assert "did you mean run?" in err


# Faults of our own


def test_a_bug_is_one_line_and_the_traceback_on_request(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen\nthing")

    monkeypatch.setattr("planner.scenario.reading.read.open_source", broken)
    code, out, err = cli("run", "small.toml")
    assert (code, out) == (1, "")
    assert err.splitlines()[0] == "error: internal error: RuntimeError: unforeseen thing"
    assert "-v" in err
    assert "Traceback" not in err
    assert "Traceback" in cli("run", "small.toml", "-v")[2]


# Hostile names


@pytest.mark.parametrize("shape", ["table", "md", "json", "csv"])
def test_hostile_names_are_shown_literally(cli: Cli, shape: str) -> None:
    for arguments in (
        ["run", "hostile.toml", "--format", shape, *FEW],
        ["show", "hostile.toml", "--resolved"],
    ):
        code, out, _ = cli(*arguments)
        assert code == 0
        if arguments[0] == "run":
            assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}
            assert "[red]x[/red]" in out.replace("\\[", "[").replace("\\]", "]")
    code, out, _ = cli("show", "hostile.toml")
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_faults_of_hostile_files_are_shown_literally(cli: Cli) -> None:
    Path("worse.toml").write_text('title = "[red]\x9b"\n"[red]x\\u001b[31m" = 3\n')
    code, _, err = cli("check", "worse.toml")
    assert code == 3
    assert not set(err) & {"\x1b", "\x9b"}
