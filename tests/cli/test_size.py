"""`planner size` as its users meet it: answers, plot, exit codes, formats, terminals and Ctrl-C."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
import signal
from pathlib import Path
from typing import Any

import pytest

from planner.cli import main
from tests.support.commands import SCENARIO, Cli, interrupted

CANCELLED = SCENARIO.replace("[hypotheses.none]", "carryover = { A = 10.0 }\n\n[hypotheses.none]")
HOSTILE = SCENARIO.replace("The difference that we hope for", "[red]x[/red] \\u001b[31m \\u202e")
STAGED = SCENARIO + "\n[monitoring]\nlooks = [12, 24]\n"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs `planner size` in a folder with scenario files; gives exit code, output and remarks."""
    monkeypatch.chdir(tmp_path)
    for name in ("SCENARIO", "CANCELLED", "HOSTILE", "STAGED"):
        Path(f"{name.lower()}.toml").write_text(globals()[name])

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["size", *arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_the_page_for_a_clinician(cli: Cli) -> None:
    code, out, err = cli("scenario.toml", "--power", ".8,.9", "-q")
    assert (code, err) == (0, "")
    assert re.search(r"The difference that we hope for +80 % +24 +exact +83\.\d ± 0\.\d %", out)
    assert re.search(r"The difference that we hope for +90 % +30 +exact +91\.\d ± 0\.\d %", out)
    assert re.search(r"answer 90 % +30 +91\.\d ± 0\.\d %", out)
    assert re.search(r"none +90 % +none", out)
    assert "power is the type I error" in " ".join(out.split())
    assert "noncentral t" in out
    assert "planner size scenario.toml --power 0.8,0.9" in out


def test_the_plot_fits_and_shows_target_and_answer_without_colour(cli: Cli) -> None:
    _, out, _ = cli("scenario.toml", "-q")
    assert "\x1b" not in out
    picture = out[out.index("The power curve") : out.index("How to read this")].splitlines()
    assert max(map(len, picture)) <= 80
    rows = [line.split("┤")[1] for line in picture if "┤" in line]
    assert len(rows) == 13
    (marked,) = [k for k, line in enumerate(rows) if "A" in line]
    dashes = [k for k, line in enumerate(rows) if len(line) > 40 and line.count(" ") < 15]
    assert dashes == [marked] == [1]  # 90 % is in the second of thirteen rows
    assert "Broken line: 90 %" in " ".join(out.split())
    assert re.search(r"^ +0 +patients +\d+$", "\n".join(picture), re.M)


def test_two_looks_show_stops_and_expected_patients(cli: Cli) -> None:
    _, out, _ = cli("staged.toml", "-q")
    assert "Stops early" in out
    assert "Expected patients" in out
    assert re.search(r"The difference that we hope for +90 % +\d+ +nothing ", out)
    assert "Looks keep their share" in out


def test_the_command_in_the_result_gives_the_same_result(cli: Cli) -> None:
    _, first, _ = cli("staged.toml", "--set", "monitoring.looks=[10, 24]", "--hypothesis", "expected", "-q")
    again = shlex.split(first.strip().splitlines()[-1])
    assert again[:2] == ["planner", "size"]
    _, second, _ = cli(*again[2:], "-q")
    assert second == first


def test_json_keeps_the_contract(cli: Cli) -> None:
    code, out, err = cli("scenario.toml", "--json", "--seed", "7", "--power", "0.9", "-q")
    assert (code, err) == (0, "")
    result = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert (result["schema"], result["run"]["seed"], result["find"]) == ("planner.size/1", 7, "patients")
    first, second = result["answers"]
    assert (first["hypothesis"], first["patients"], first["range"]) == ("expected", 30, [30, 30])
    assert second["patients"] is None
    assert second["note"]
    assert all(set(row["power"]) == {"estimate", "mcse", "low", "high"} for row in result["curve"])


def test_formats_agree(cli: Cli) -> None:
    few = ["--trials", "4000", "-q"]
    curve = json.loads(cli("staged.toml", "--format", "json", *few)[1])["curve"]
    rows = list(csv.DictReader(io.StringIO(cli("staged.toml", "--format", "csv", *few)[1])))
    assert [float(row["power_estimate"]) for row in rows] == [each["power"]["estimate"] for each in curve]
    assert [row["patients"] for row in rows if row["answers"] == "0.9"] != []
    page = cli("staged.toml", "--format", "md", *few)[1]
    assert page.startswith("## A small crossover\n")
    assert "```\n" in page


def test_one_hypothesis_without_an_answer_is_a_note(cli: Cli) -> None:
    code, out, _ = cli("cancelled.toml", "--max-patients", "200", "-q")
    assert code == 4
    code, out, _ = cli("cancelled.toml", "--power", ".04", "--max-patients", "200", "-q", "--json")
    assert code == 0
    assert [answer["patients"] is None for answer in json.loads(out)["answers"]] == [False, True]


def test_no_answer_at_all_says_the_best_power_and_why(cli: Cli) -> None:
    code, out, err = cli("cancelled.toml", "--hypothesis", "expected", "--max-patients", "200", "-q")
    assert code == 4
    assert "the best power is 0.0" in " ".join(out.split())
    assert err.startswith("error: no hypothesis has an answer\nhint: ")
    assert "cancels the effect" in err
    code, out, _ = cli("cancelled.toml", "--max-patients", "200", "-q", "--json")
    assert code == 4
    assert [answer["patients"] for answer in json.loads(out)["answers"]] == [None, None]


def test_the_smallest_effect(cli: Cli) -> None:
    code, out, _ = cli("scenario.toml", "--find", "effect", "--patients", "30", "-q")
    assert code == 0
    assert re.search(r"The difference that we hope for +90 % +4\.\d+ +exact", out)
    assert "Effect (points)" in out
    assert "--find effect --patients 30" in out
    code, _, err = cli("williams-2018", "--find", "effect", "-q")
    assert code == 2
    assert "difference of two means" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--power", "90"], "perhaps --power 0.9"),
        (["--power", "high"], "number"),
        (["--power", "0"], "between 0 and 1"),
        (["--max-patients", "100000"], "10,000"),
        (["--max-patients", "1"], "allocation unit"),
        (["--patients", "24"], "effect"),
        (["--find", "effect", "--max-patients", "50"], "--max-patients"),
        (["--find", "effect", "--patients", "10001"], "from 1 to 10,000"),
        (["--trials", "0"], "--trials"),
        (["--json", "--format", "csv"], "contradict"),
        (["-o", "a.xyz"], "ending"),
    ],
)
def test_misuse_is_explained(cli: Cli, arguments: list[str], words: str) -> None:
    code, out, err = cli("scenario.toml", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "hint: " in err
    assert words in err
    assert "Traceback" not in err


def test_faults_of_the_scenario_come_first(cli: Cli) -> None:
    assert cli("nowhere.toml")[0] == 3
    code, out, err = cli("scenario.toml", "--hypothesis", "nonne")
    assert (code, out) == (3, "")
    assert "nonne" in err


@pytest.mark.parametrize("shape", ["table", "md", "json", "csv"])
def test_hostile_names_are_shown_literally(cli: Cli, shape: str) -> None:
    code, out, _ = cli("hostile.toml", "--format", shape, "--trials", "1000", "-q")
    assert code == 0
    assert not set(out) & {"\x1b", "\u202e"}


def test_output_goes_to_a_file_once(cli: Cli) -> None:
    assert cli("scenario.toml", "-o", "sizes.json", "-q") == (0, "", "")
    before = Path("sizes.json").read_text()
    assert json.loads(before)["answers"][0]["patients"] == 30
    assert cli("scenario.toml", "-o", "sizes.json", "-q")[0] == 2
    assert Path("sizes.json").read_text() == before


@pytest.mark.long
def test_an_ascii_locale_gets_ascii(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = ["--set", "hypotheses.expected.means.A=0.8", "--trials", "100000000", "--max-patients", "10000"]
    cli("staged.toml", "-q", "--trials", "1000")  # so that the kernels are compiled
    code, out, err, waited = interrupted(cli, signal.SIGINT, "staged.toml", *tiny)
    assert code == 130, err
    assert "PARTIAL" in out
    assert "warning: interrupted" in err
    assert waited < 30  # of which a busy machine needs most


def test_help_explains(cli: Cli, capsys: Any) -> None:
    code, out, _ = cli("--help")
    assert code == 0
    assert "Examples:" in out
    assert "--max-patients" in out
