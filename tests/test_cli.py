"""The command line as its users meet it: results, errors, exit codes, files, pipes and signals."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.cli import main

SCENARIO = """\
schema_version = 1
title = "A small crossover"

[treatments]
A = { label = "new drug" }
B = { label = "placebo" }

[design]
sequences = ["A B", "B A"]
patients = 24

[hypotheses.expected]
label = "The difference that we hope for"
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0

[hypotheses.none]
means = { A = 0.0, B = 0.0 }
sd_difference = 8.0
"""

HOSTILE = """\
schema_version = 1
title = "[red]x[/red] \\u001b[31m title \\u202e"
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses."[red]x[/red]"]
label = "\\u001b]0;title\\u0007 [bold]label[/bold] \\u009b31m"
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0
"""

FEW = ["--trials", "1000", "-q"]
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command in a folder with three scenario files; gives exit code, output and remarks."""
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SCENARIO)
    Path("staged.toml").write_text(SCENARIO + "\n[monitoring]\nlooks = [12, 24]\n")
    Path("hostile.toml").write_text(HOSTILE)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def command(*arguments: str) -> list[str]:
    code = "import sys; from planner.cli import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments]


# Welcome and help


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
        "cite",
        "methods",
        "schema",
    ):
        assert re.search(rf"^  {name} ", out, re.M)
        code, text, _ = cli(name, "--help")
        assert code == 0
        assert f"planner {name}" in text
        assert "Example" in text


# run


def test_run_prints_a_table_for_a_clinician(cli: Cli) -> None:
    code, out, err = cli("run", "small.toml", *FEW)
    assert (code, err) == (0, "")
    assert re.search(r"The difference that we hope for +\+5 +\d\d(\.\d)? ± \d(\.\d)? %", out)
    assert re.search(r"none +0 +type I error +\d(\.\d)? ± \d(\.\d)? %", out)
    assert "alpha 0.05, two-sided" in out
    assert "12 to A then B and 12 to B then A" in out
    assert "Stops early" not in out
    assert "planner run small.toml --trials 1000 --seed 1" in out


def test_the_command_in_the_result_gives_the_same_result(cli: Cli) -> None:
    _, first, _ = cli(
        "run", "staged.toml", "--set", "design.patients=30", "--set", "monitoring.looks=[16,30]", *FEW
    )
    assert "Stops early" in first
    again = first.strip().splitlines()[-1].split()
    assert again[:2] == ["planner", "run"]
    import shlex

    _, second, _ = cli(*shlex.split(" ".join(again[1:])), "-q")
    assert second == first


def test_run_json_keeps_the_contract(cli: Cli) -> None:
    code, out, err = cli("run", "staged.toml", "--json", "--seed", "7", *FEW)
    assert (code, err) == (0, "")
    result = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert {"schema", "scenario", "run", "cells", "partial", "warnings"} <= set(result)
    assert result["schema"] == "planner.run/1"
    assert result["scenario"]["name"] == "staged"
    assert result["run"]["seed"] == 7
    cell = result["cells"][0]
    assert {"hypothesis", "analysis", "patients", "true_effect", "is_null", "alpha", "alternative"} <= set(
        cell
    )
    for name in ("power", "stopped_early", "expected_patients", "expected_completers", "undefined"):
        assert set(cell[name]) >= {"estimate", "mcse", "low", "high"}
    for name in ("bias", "empirical_se", "rmse", "bias_given_early_stop", "exaggeration_given_efficacy"):
        assert {name, f"{name}_mcse"} <= set(cell["estimate"])
    total = sum(look["efficacy"]["estimate"] for look in cell["looks"])
    assert total == pytest.approx(cell["power"]["estimate"])


def test_formats_agree(cli: Cli) -> None:
    _, as_json, _ = cli("run", "small.toml", "--format", "json", *FEW)
    _, as_csv, _ = cli("run", "small.toml", "--format", "csv", *FEW)
    _, as_md, _ = cli("run", "small.toml", "--format", "md", *FEW)
    cells = json.loads(as_json)["cells"]
    rows = list(csv.DictReader(io.StringIO(as_csv)))
    assert [float(row["power_estimate"]) for row in rows] == [cell["power"]["estimate"] for cell in cells]
    assert f"{100 * cells[0]['power']['estimate']:.0f} ± " in as_md
    assert as_md.startswith("## A small crossover\n")


def test_hypotheses_by_repetition_or_commas(cli: Cli) -> None:
    both = [cell["hypothesis"] for cell in _cells(cli("run", "small.toml", "--json", *FEW))]
    assert both == ["expected", "none"]
    one = _cells(cli("run", "small.toml", "--hypothesis", "none", "--json", *FEW))
    assert [cell["hypothesis"] for cell in one] == ["none"]
    for way in (["--hypothesis", "none,expected"], ["--hypothesis", "none", "--hypothesis", "expected"]):
        cells = _cells(cli("run", "small.toml", *way, "--json", *FEW))
        assert {cell["hypothesis"] for cell in cells} == set(both)
    code, out, err = cli("run", "small.toml", "--hypothesis", "nonne", *FEW)
    assert (code, out) == (3, "")
    assert "nonne" in err


def _cells(outcome: tuple[int, str, str]) -> list[dict[str, Any]]:
    assert outcome[0] == 0
    cells: list[dict[str, Any]] = json.loads(outcome[1])["cells"]
    return cells


def test_dry_run_simulates_nothing(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "planner.engine", None)
    code, out, _ = cli("run", "small.toml", "--dry-run", "--trials", "5000")
    assert code == 0
    assert "5,000" in out
    code, out, _ = cli("run", "small.toml", "--dry-run", "--json")
    assert [cell["hypothesis"] for cell in json.loads(out)["cells"]] == ["expected", "none"]


# show, check, scenarios, new, schema


def test_show_tells_the_trial(cli: Cli) -> None:
    code, out, err = cli("show", "staged.toml")
    assert (code, err) == (0, "")
    for words in (
        "24 patients randomised: 12 to A then B and 12 to B then A",
        "True effect A - B: +5 points",
        "significant trials are type I errors",
        "SD within patients 5.657",
        "has SD 8",
        "alpha 0.05, two-sided",
        "Br J Clin Pharmacol 1979;8:7-20",
        "trials 100,000; seed 1",
    ):
        assert words in " ".join(out.split())
    assert re.search(r"^ +1 +12 +50 % +2\.963 +0\.00305 +3\.\d+ +10$", out, re.M)
    assert re.search(r"^ +2 +24 +100 % +1\.969 +0\.049 +2\.0\d+ +22$", out, re.M)


def test_show_resolved_can_be_read_again(cli: Cli) -> None:
    code, out, _ = cli("show", "staged.toml", "--resolved")
    assert code == 0
    assert tomllib.loads(out)["monitoring"]["looks"] == [12, 24]
    Path("full.toml").write_text(out)
    assert cli("show", "full.toml", "--resolved")[1] == out


def test_show_json(cli: Cli) -> None:
    _, out, _ = cli("show", "staged.toml", "--json")
    analysis = json.loads(out)["plan"]["analyses"][0]
    assert analysis["true_effects"]["none"] == {"effect": 0.0, "mcse": 0.0, "is_null": True}
    assert analysis["looks"][0]["df"] == 10


def test_planned_degrees_of_freedom_are_known_for_every_t_test() -> None:
    from planner.planned import ESTIMATED_MEANS
    from planner.vocabulary import METHODS

    assert set(ESTIMATED_MEANS) == {
        name for name, row in METHODS.items() if getattr(row, "reference", "t") == "t"
    }


def test_check_reports_all_faults_of_all_files(cli: Cli) -> None:
    Path("bad.toml").write_text(SCENARIO.replace("patients = 24", "patients = 0\nsequenc = 1"))
    code, out, err = cli("check", "small.toml", "bad.toml", "missing.toml")
    assert code == 3
    assert out == "small.toml: valid\n"
    assert "error: bad.toml:10:12: design.patients: " in err
    assert "   10 | patients = 0\n      |            ^\n" in err
    assert "hint: did you mean sequences?" in err
    assert "error: missing.toml: " in err
    code, out, err = cli("check", "small.toml", "bad.toml", "--json")
    report = json.loads(out)
    assert (code, err, report["valid"]) == (3, "", False)
    assert {"file", "line", "column", "path", "message"} <= set(report["faults"][0])
    assert ("bad.toml", 10, "design.patients") in {
        (f["file"], f["line"], f["path"]) for f in report["faults"]
    }


def test_limits_that_do_not_exist_are_a_fault_of_the_scenario(cli: Cli) -> None:
    impossible = ["--set", 'monitoring.futility={rule="z",z=[5.0]}']
    for name in ("check", "run", "show"):
        code, out, err = cli(name, "staged.toml", *impossible)
        assert (code, out) == (3, "")
        assert "error: staged.toml: monitoring: " in err


def test_the_catalogue_lists_shows_and_checks(cli: Cli) -> None:
    code, out, _ = cli("scenarios", "--json")
    listed = json.loads(out)["scenarios"]
    assert code == 0
    assert "asthma-ab-ba" in [row["name"] for row in listed]
    assert cli("check", *(row["name"] for row in listed))[0] == 0
    assert "asthma-ab-ba" in cli("scenarios")[1]


def test_new_writes_a_valid_scenario_once(cli: Cli) -> None:
    code, out, err = cli("new", "mine.toml")
    assert (code, out) == (0, "")
    assert "mine.toml" in err
    assert cli("check", "mine.toml")[0] == 0
    assert cli("run", "mine.toml", *FEW)[0] == 0
    Path("mine.toml").write_text("precious")
    code, _, err = cli("new", "mine.toml")
    assert code == 2
    assert "exists" in err
    assert Path("mine.toml").read_text() == "precious"
    assert cli("new", "mine.toml", "--force", "--from", "asthma-ab-ba", "-q") == (0, "", "")
    assert "asthma" in Path("mine.toml").read_text()
    assert cli("new", "other.toml", "--from", "../../etc/passwd")[0] == 2


def test_schema_accepts_what_check_accepts(cli: Cli) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    code, out, _ = cli("schema")
    assert code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(out))
    jsonschema.validate(tomllib.loads(SCENARIO), json.loads(out))


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
    assert "'run'" in err


# Faults of our own


def test_a_bug_is_one_line_and_the_traceback_on_request(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen\nthing")

    monkeypatch.setattr("planner.reading.read", broken)
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


# Pipes, terminals and signals


def test_a_closed_pipe_is_silent(cli: Cli) -> None:
    with subprocess.Popen(
        command("show", "asthma-ab-ba"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_an_ascii_locale_gets_ascii(cli: Cli) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        command("run", "asthma-ab-ba", *FEW), capture_output=True, env=environment, check=True
    )
    assert b"+/-" in done.stdout
    done.stdout.decode("ascii")


def on_terminal(width: int, *arguments: str, **environment: str) -> str:
    """What a command writes to a terminal of this width, both streams together."""
    import fcntl
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    surroundings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        command(*arguments),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=surroundings | {"TERM": "xterm"} | environment,
    ):
        os.close(follower)
        parts = []
        while True:
            try:
                ready, _, _ = select.select([leader], [], [], 120)
                part = os.read(leader, 65536) if ready else b""
            except OSError:
                break
            if not part:
                break
            parts.append(part)
    os.close(leader)
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_there_is_progress_and_the_table_fits(cli: Cli, width: int) -> None:
    text = on_terminal(width, "run", "staged.toml", "--trials", "200000")
    assert "Simulating" in text
    assert "trials/s" in text
    result = text[text.index("A small crossover") :]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result)
    assert "\x1b[1m" in result
    assert max(map(len, plain.splitlines())) <= width
    assert re.search(r"\d ± 0\.\d+ %", plain)


def test_no_color_is_respected(cli: Cli) -> None:
    text = on_terminal(80, "run", "small.toml", "--trials", "1000", "-q", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    text = on_terminal(80, "run", "nowhere.toml", NO_COLOR="1")
    assert text.startswith("error: ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_prints_what_is_finished(cli: Cli, number: int, code: int) -> None:
    main(["run", "small.toml", *FEW])  # so that the kernels are compiled
    for patience in (2.5, 5, 20):  # a busy machine may still be starting when the signal comes
        with subprocess.Popen(
            command("run", "small.toml", "--trials", "1000000000"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            time.sleep(patience)
            process.send_signal(number)
            sent = time.perf_counter()
            out, err = process.communicate(timeout=60)
            waited = time.perf_counter() - sent
        if out:
            break
    assert process.returncode == code
    assert "PARTIAL" in out
    assert "type I error" in out
    assert "warning: interrupted" in err
    assert waited < 5
