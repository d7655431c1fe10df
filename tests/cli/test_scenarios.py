"""`planner show`, `check`, `scenarios`, `new` and `schema`."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.support.commands import FEW, SCENARIO, Cli, cli

__all__ = ["cli"]


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
    assert analysis["true_effects"]["none"] == {
        "effect": 0.0,
        "mcse": 0.0,
        "is_null": True,
        "stated": 0.0,
    }
    assert analysis["looks"][0]["df"] == 10


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
    document = json.loads(out)
    listed = document["scenarios"]
    assert (code, document["schema"]) == (0, "planner.scenarios/1")
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
