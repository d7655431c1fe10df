"""Looks that cannot stop a trial: where it is told, once, and with their cost."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from tests.support.commands import FEW, Cli, cli
from tests.support.idle_looks import BINARY

__all__ = ["cli"]


WILLIAMS = """\
schema_version = 1
title = "Williams square of 3 treatments, first look with one patient a sequence"
endpoint = { scale = { better = "higher" } }
monitoring = { looks = [0.3333333333, 0.6666666667, 1.0], efficacy = { rule = "pocock" } }
[design]
name = "williams"
arms = ["A", "B", "C"]
patients = 24
[hypotheses.h1]
means = { A = 0.9, B = 0, C = 0 }
sd_within = 1
sd_between = 1
[hypotheses.h0]
means = { A = 0, B = 0, C = 0 }
sd_within = 1
sd_between = 1
[[analyses]]
contrast = ["A", "B"]
"""


# What is said


def test_a_look_without_df_is_told_with_its_cost_and_what_would_do(cli: Cli) -> None:
    Path("w24.toml").write_text(WILLIAMS)
    code, out, err = cli("check", "w24.toml")
    assert (code, out) == (0, "w24.toml: valid\n")
    said = " ".join(err.split())
    assert "look 1, at 6 finished patients, cannot stop the trial" in said
    assert "from 6 patients in 6 sequences" in said
    # simulated 2,000,000 times: type I error .0340 (SE .0001), power .748 where looks at 18 and 24 have .80
    assert "type I error of the trial is 0.0340, and where looks [18, 24] have a power of 80 %" in said
    assert "it has about 74.8 %" in said
    assert "[18, 24] (as fractions 0.75, 1)" in said
    report = json.loads(cli("check", "w24.toml", "--json")[1])
    assert report["valid"]
    assert len(report["warnings"]) == 1
    shown = cli("show", "w24.toml")[1]
    assert "none: no test" in shown
    assert "cannot stop the trial" in " ".join(shown.split())
    plan = json.loads(cli("show", "w24.toml", "--json")[1])
    first = plan["plan"]["analyses"][0]["looks"][0]
    assert (first["df"], first["efficacy_t"]) == (0, None)
    assert "cannot be computed" in first["cannot_stop"]
    assert plan["warnings"] == report["warnings"]


def test_the_run_says_it_once_and_bears_it_out(cli: Cli) -> None:
    Path("w24.toml").write_text(WILLIAMS)
    trials = 40_000
    found = json.loads(cli("run", "w24.toml", "--trials", str(trials), "-q", "--json")[1])
    assert sum("cannot stop the trial" in warning for warning in found["warnings"]) == 1
    (limit,) = found["limits"]
    assert [each["look"] for each in limit["cannot_stop"]] == [1]
    power = {cell["hypothesis"]: cell["power"]["estimate"] for cell in found["cells"]}
    assert all(cell["looks"][0]["efficacy"]["estimate"] == 0 for cell in found["cells"])
    error = limit["type_one_error"]
    assert abs(power["h0"] - error) < 4 * math.sqrt(error / trials)
    better = json.loads(
        cli(
            "run",
            "w24.toml",
            "--set",
            "monitoring.looks=[0.75, 1.0]",
            "--trials",
            str(trials),
            "-q",
            "--json",
        )[1]
    )
    assert not [w for w in better["warnings"] if "cannot stop" in w]
    power = {cell["hypothesis"]: cell["power"]["estimate"] for cell in better["cells"]}
    assert abs(power["h1"] - 0.808) < 4 * math.sqrt(0.16 / trials)
    error = better["limits"][0]["type_one_error"]
    assert error > 0.05
    assert abs(power["h0"] - error) < 4 * math.sqrt(error / trials)


def test_an_exact_test_that_cannot_pass_is_told(cli: Cli) -> None:
    text = BINARY.format(
        looks=[4, 8, 12],
        patients=12,
        method="mcnemar-exact",
        alternative="two-sided",
        rule="obrien-fleming-spending",
        dropout="",
    )
    Path("exact.toml").write_text(text)
    for name in ("check", "run"):
        _, _, err = cli(name, "exact.toml", *(FEW if name == "run" else []))
        said = " ".join(err.split())
        assert "look 1, at 4 finished patients, cannot stop for efficacy" in said
        assert "no result of mcnemar-exact has a p value below 0.125" in said
        assert "[8, 12]" in said


def test_several_numbers_of_patients_are_told_together(cli: Cli) -> None:
    Path("w24.toml").write_text(WILLIAMS)
    sweep = ["--set", "design.patients=24:48:6", "--set", "monitoring.looks=[0.25, 1.0]"]
    found = json.loads(cli("run", "w24.toml", *sweep, *FEW, "--json")[1])
    told = [warning for warning in found["warnings"] if "cannot stop" in warning]
    assert len(told) == 1
    assert "look 1 cannot stop for efficacy in trials of 24 and 30 patients" in told[0]
    assert [limit["patients"] for limit in found["limits"]] == [24, 30, 36, 42, 48]
    assert [bool(limit["cannot_stop"]) for limit in found["limits"]] == [True, True, False, False, False]


def test_size_tells_it_of_its_answer(cli: Cli) -> None:
    Path("w24.toml").write_text(WILLIAMS)
    asked = ["--power", "0.6", "--hypothesis", "h1", "--max-patients", "24", "--trials", "4000", "-q"]
    found = json.loads(cli("size", "w24.toml", *asked, "--json")[1])
    answer = found["answers"][0]["patients"]
    assert answer == 24
    assert [limit["patients"] for limit in found["limits"]] == [answer]
    told = [w for w in found["warnings"] if w.startswith(f"with {answer} patients: look 1")]
    assert len(told) == 1


def test_compare_tells_of_which_design(cli: Cli) -> None:
    Path("w24.toml").write_text(WILLIAMS)
    Path("other.toml").write_text(WILLIAMS.replace("[0.3333333333, 0.6666666667, 1.0]", "[0.75, 1.0]"))
    found = json.loads(cli("compare", "other.toml", "w24.toml", *FEW, "--json")[1])
    told = [warning for warning in found["warnings"] if "cannot stop" in warning]
    assert len(told) == 1
    assert told[0].startswith("w24: look 1")


def test_scenarios_without_such_looks_are_silent(cli: Cli) -> None:
    assert cli("check", "staged.toml") == (0, "staged.toml: valid\n", "")
    out = cli("run", "staged.toml", *FEW)[1]
    # 5.06 %: quadrature of the two-look law at 12 and 24 patients
    assert "5.06 % where alpha is 5 %" in " ".join(out.split())
    assert "5.06 % where alpha is 5 %" in " ".join(cli("show", "staged.toml")[1].split())


def test_boundaries_tell_what_a_t_test_makes_of_them(cli: Cli) -> None:
    asked = ["boundaries", "--looks", "12,24", "--sided", "2", "--alpha", "0.05"]
    found = json.loads(cli(*asked, "--json")[1])
    assert found["t_test"]["df"] == [10, 22]
    assert found["t_test"]["type_one_error"] == pytest.approx(0.05055435953, abs=1e-7)
    assert "type I error 5.06 %" in " ".join(cli(*asked)[1].split())
    assert "t_test" not in json.loads(cli("boundaries", "--looks", "0.5,1", "--json")[1])


def test_two_sided_beta_left_to_later_looks_is_told(cli: Cli) -> None:
    asked = ["boundaries", "--looks", "5", "--sided", "2", "--alpha", "0.05", "--beta", "0.2"]
    asked += ["--rule", "pocock-spending", "--futility", "pocock-spending"]
    _, out, err = cli(*asked, "--json")
    (warning,) = json.loads(out)["warnings"]
    assert "look 1: pocock-spending gives beta 0.05908 up to this look" in warning
    assert "--futility-overlap spend" in " ".join(err.split())
    found = json.loads(cli(*asked, "--futility-overlap", "spend", "--json")[1])
    assert found["warnings"] == []
    assert found["looks"][0]["futility_z"] == pytest.approx(0.2367, abs=1e-4)


def test_overlap_in_a_scenario(cli: Cli) -> None:
    base = Path("staged.toml").read_text().replace("[12, 24]", "[4, 10, 18, 24]")
    rule = 'futility = {{ rule = "pocock-spending", beta = 0.2{} }}\n'
    digests, limits = {}, {}
    for name, overlap in (("no", ""), ("skip", ', overlap = "skip"'), ("spend", ', overlap = "spend"')):
        Path(f"{name}.toml").write_text(base + rule.format(overlap))
        shown = json.loads(cli("show", f"{name}.toml", "--json")[1])
        digests[name] = shown["digest"]
        limits[name] = shown["plan"]["analyses"][0]["looks"][0]["futility_z"]
        assert any("overlap" in warning for warning in shown["warnings"]) is (name != "spend")
    assert digests["no"] == digests["skip"] != digests["spend"]
    assert limits["no"] is limits["skip"] is None
    assert limits["spend"] > 0
    Path("wrong.toml").write_text(
        base + 'futility = { rule = "z", z = [0.0, 0.0, 0.5], overlap = "spend" }\n'
    )
    assert cli("check", "wrong.toml")[0] == 3
