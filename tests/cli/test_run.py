"""`planner run`: its table, its JSON, its formats, what its dry run says."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest

from tests.support.commands import FEW, Cli, cells_of, cli

__all__ = ["cli"]


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
    both = [cell["hypothesis"] for cell in cells_of(cli("run", "small.toml", "--json", *FEW))]
    assert both == ["expected", "none"]
    one = cells_of(cli("run", "small.toml", "--hypothesis", "none", "--json", *FEW))
    assert [cell["hypothesis"] for cell in one] == ["none"]
    for way in (["--hypothesis", "none,expected"], ["--hypothesis", "none", "--hypothesis", "expected"]):
        cells = cells_of(cli("run", "small.toml", *way, "--json", *FEW))
        assert {cell["hypothesis"] for cell in cells} == set(both)
    code, out, err = cli("run", "small.toml", "--hypothesis", "nonne", *FEW)
    assert (code, out) == (3, "")
    assert "nonne" in err


CARRIED = """\
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 200
[hypotheses.one]
means = { A = 0, B = 0 }
sd_difference = 4
carryover = { A = 3 }
[hypotheses.again]
label = "The same by another name"
means = { A = 0, B = 0 }
sd_difference = 4
carryover = { A = 3 }
[hypotheses.other]
means = { A = 0, B = 0 }
sd_difference = 4
carryover = { A = 2 }
"""


def test_a_warning_is_given_once_for_hypotheses_that_are_the_same(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "carried.toml").write_text(CARRIED)
    code, out, err = cli("run", str(tmp_path / "carried.toml"), "--json", *FEW)
    assert code == 0
    warnings = json.loads(out)["warnings"]
    assert [re.sub(r" is .*| by .*", "", each) for each in warnings] == [
        "type I error of hills-armitage under one = again",
        "type I error of hills-armitage under other",
        "carryover biases the estimate of hills-armitage under one = again",
    ]
    assert "and other by -1 points" in warnings[-1]
    assert err.count("warning: ") == 3
