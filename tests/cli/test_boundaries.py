"""`planner boundaries` as its users meet it: the JSON contract, tables, plots, exit codes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from planner.cli import main
from planner.monitoring.boundaries import boundary
from planner.report.blocks import Axis, Plot, Series
from planner.report.plots.braille import draw_lines
from planner.report.plots.characters import lines
from tests.support.paths import ROOT

Cli = Callable[..., tuple[int, str, str]]

TOP = [
    "schema",
    "alpha",
    "sided",
    "looks",
    "power",
    "drift",
    "inflation",
    "expected_information_null",
    "expected_information_alternative",
    "run",
    "warnings",
]
LOOK = [
    "look",
    "information",
    "efficacy_z",
    "futility_z",
    "alpha_spent",
    "beta_spent",
    "nominal_p",
    "p_efficacy_null",
    "p_futility_null",
    "p_efficacy_alternative",
    "p_futility_alternative",
    "note",
]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    def call(*arguments: str) -> tuple[int, str, str]:
        code = main(["boundaries", *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def parsed(cli: Cli, *arguments: str) -> dict[str, Any]:
    code, out, _ = cli(*arguments, "--json")
    assert code == 0
    document: dict[str, Any] = json.loads(out)
    return document


def test_json_contract(cli: Cli) -> None:
    document = parsed(cli, "--looks", "0.4,1", "--sided", "2", "--alpha", "0.05")
    assert list(document) == TOP
    assert all(list(look) == LOOK for look in document["looks"])
    solved = boundary((0.4, 1), alpha=0.05, sided=2, power=0.8)
    assert [look["efficacy_z"] for look in document["looks"]] == list(solved.efficacy_z)
    assert document["schema"] == "planner.boundaries/1"
    assert document["drift"] == solved.drift
    assert document["looks"][0]["nominal_p"] == pytest.approx(0.00078830351, abs=1e-10)
    assert document["looks"][-1]["alpha_spent"] == pytest.approx(0.05, abs=1e-11)
    assert document["warnings"] == []


def test_numbers_that_do_not_exist_are_null_with_a_note(cli: Cli) -> None:
    document = parsed(
        cli, "--looks", "3", "--efficacy-looks", "3", "--futility", "z", "--futility-z", "0,0.5"
    )
    first, _, last = document["looks"]
    assert first["efficacy_z"] is None
    assert first["nominal_p"] is None
    assert "does not stop for efficacy" in first["note"]
    assert last["futility_z"] is None
    assert [look["futility_z"] for look in document["looks"][:2]] == [0, 0.5]


def test_defaults(cli: Cli) -> None:
    stated = ("--rule", "obrien-fleming-spending", "--alpha", ".025", "--sided", "1", "--power", ".8")
    assert parsed(cli) == parsed(cli, *stated, "--looks", "0.5,1")
    assert parsed(cli, "--beta", "0.1") == parsed(cli, "--power", "0.9")
    assert parsed(cli, "--rule", "haybittle-peto")["looks"][0]["efficacy_z"] == 3
    assert parsed(cli, "--rule", "haybittle-peto", "--z", "3.2")["looks"][0]["efficacy_z"] == 3.2


@pytest.mark.parametrize(
    ("looks", "information"),
    [
        ("12,30", [0.4, 1]),
        ("0.4,1", [0.4, 1]),
        ("4", [0.25, 0.5, 0.75, 1]),
        ("1", [1]),
        ("1.0", [1]),
    ],
)
def test_looks_in_three_forms(cli: Cli, looks: str, information: list[float]) -> None:
    document = parsed(cli, "--looks", looks)
    assert [look["information"] for look in document["looks"]] == pytest.approx(information)


def test_drift_evaluates(cli: Cli) -> None:
    document = parsed(cli, "--looks", "0.5,1", "--drift", "3")
    assert document["drift"] == 3
    assert document["power"] == boundary((0.5, 1), drift=3.0).power
    spending = parsed(cli, "--drift", "3", "--beta", ".1", "--futility", "pocock-spending")
    assert spending["power"] != pytest.approx(0.9, abs=1e-3)


def test_several_rules(cli: Cli) -> None:
    rules = ("--rule", "pocock,hwang-shih-decani", "--rule", "obrien-fleming", "--gamma", "-4")
    document = parsed(cli, "--looks", "3", *rules)
    names = [one["rule"] for one in document["boundaries"]]
    assert names == ["pocock", "hwang-shih-decani", "obrien-fleming"]
    code, out, _ = cli("--looks", "3", *rules, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["rule"] for row in rows] == [name for name in names for _ in range(3)]
    assert float(rows[0]["efficacy_z"]) == document["boundaries"][0]["looks"][0]["efficacy_z"]
    code, out, _ = cli("--looks", "3", *rules)
    assert code == 0
    for letter in ("A z", "B z", "C z", "A p", "B p", "C p"):
        assert letter in out


@pytest.mark.parametrize("scale", ["z", "p", "spending", "none"])
@pytest.mark.parametrize(
    "extra", [(), ("--sided", "2", "--alpha", "0.05"), ("--futility", "pocock-spending")]
)
def test_every_scale_is_drawn(cli: Cli, scale: str, extra: tuple[str, ...]) -> None:
    code, out, _ = cli("--looks", "3", "--rule", "pocock", "--plot", scale, *extra)
    assert code == 0
    assert ("┤" in out) == (scale != "none")
    if scale != "none":
        assert out.count("E") > 3
        assert "f: " in out or "--futility" not in extra
    # Every z has its p beside it.
    assert "0.01103" in out or "0.02205" in out


def test_patients_are_shown_where_given(cli: Cli) -> None:
    code, out, _ = cli("--looks", "12,30")
    assert code == 0
    assert "Patients" in out
    assert "of 30 patients" in out


def test_output_without_braille() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from planner.cli import main; sys.exit(main(['boundaries']))"],
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    assert b"\\u28" not in done.stdout
    assert b"E.." in done.stdout


def test_limits_that_miss_alpha_are_warned_about(cli: Cli) -> None:
    code, _, err = cli("--rule", "z", "--z", "1.96,1.96")
    assert code == 0
    assert "spend alpha 0.04" in err
    assert parsed(cli, "--rule", "z", "--z", "1.96,1.96")["warnings"]


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        ("--rule wang-tsiatis", 2, "needs --delta", "add --delta"),
        ("--rule hwang-shih-decani", 2, "needs --gamma", "add --gamma"),
        ("--rule kim-demets", 2, "needs --rho", "add --rho"),
        ("--rule user-spending", 2, "needs --spent", "add --spent"),
        ("--rule z", 2, "needs --z", "add --z"),
        ("--futility kim-demets", 2, "needs --futility-rho", "add --futility-rho"),
        ("--futility conditional-power", 2, "needs --futility-at-most", "add"),
        ("--futility conditional-power --futility-at-most .2 --futility-under planned", 2, "", "--drift"),
        ("--rule obf", 2, "no efficacy rule", "choose one of"),
        ("--futility obf", 2, "no futility rule", "choose one of"),
        ("--delta 0.2", 2, "takes no --delta", "leave it out"),
        ("--rule wang-tsiatis --delta 7", 2, "delta is 7", "Pocock"),
        ("--looks 0.5,0.4,1", 2, "more information", ""),
        ("--looks 30,12", 2, "more patients", ""),
        ("--looks 1000", 2, "too many", "at most"),
        ("--looks half", 2, "numbers joined by commas", "--looks 0.5,1"),
        ("--looks nan,1", 2, "above 0", ""),
        ("--looks inf,1", 2, "above 0", ""),
        ("--efficacy-looks 1.5", 2, "whole numbers", "2,3"),
        ("--efficacy-looks inf", 2, "whole numbers", "2,3"),
        ("--efficacy-looks 3", 2, "counted from 1 to 2", ""),
        ("--power .8 --drift 3", 2, "both given", "give one"),
        ("--power .8 --beta .3", 2, "contradict", "give one"),
        ("--drift 3 --beta .3", 2, "both given", "give one"),
        ("--alpha nan", 2, "--alpha: 'nan' is not a number", ""),
        ("--sided 3", 2, "--sided", "--help"),
        ("--rule user-spending --spent 0.02,0.01", 2, "never be negative or decrease", "counts all"),
        ("--rule user-spending --spent 0.02,0.05", 2, "more than alpha", "raise alpha"),
        ("--power 0.01", 4, "not above the 0.025", "more power"),
        ("--rule z --z inf,inf", 4, "no effect reaches", "lower"),
    ],
)
def test_exit_codes(cli: Cli, arguments: str, code: int, message: str, hint: str) -> None:
    ended, out, err = cli(*arguments.split())
    assert ended == code
    assert not out
    assert err.startswith("error: ")
    assert message in err
    if hint:
        assert hint in err.split("hint:")[1]


def picture(*series: Series) -> Plot:
    return Plot("lines", series, Axis("x", 0.0, 1.0), Axis("y", 0.0, 1.0, places=1))


def test_plot_marks_points_and_leaves_gaps() -> None:
    line = Series("", "E", [(0.0, 1.0), (0.5, float("nan")), (1.0, 0.0), (2.0, 5.0)])
    drawn = draw_lines(picture(line), width=10, height=4, braille=False)
    rows = drawn.split("\n")
    assert rows[0].endswith("E")
    assert rows[3] == "0.0 |         E"
    assert "." not in "".join(row.split("|")[1] for row in rows[:4])
    assert drawn.count("E") == 2


def test_two_letters_at_one_place_become_a_star() -> None:
    assert "*" in lines(picture(Series("", "A", [(0.5, 0.5)]), Series("", "B", [(0.5, 0.5)])), braille=True)
