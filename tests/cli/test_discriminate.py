"""`planner discriminate` as its users meet it: verdict, matrices, formats, faults, interruption."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

import planner
from planner import _interruption as interruption
from planner.questions.discriminate import simulating
from planner.questions.discriminate.discriminate import DRAWS, discriminate
from planner.questions.plan import plan_trial
from planner.report.pages.discriminate import discriminate_page, verdict
from planner.report.pages.discriminate_tables import key_of
from planner.report.render.renderer import Medium
from planner.report.render.terminal import Terminal
from planner.report.scenario.context import page_context
from planner.scenario.reading.read import read, read_text
from tests.support.commands import Cli, cli
from tests.support.harness import scenario_text
from tests.support.paths import INPUTS

__all__ = ["cli"]  # the fixture
FOLDER = INPUTS / "discriminate"
MEANS = {"A": (0, 2, 2, 6), "B": (0, 0, 0, 2)}
TEXT = scenario_text(
    patients=12,
    hypotheses={
        f"h{i}": {
            "label": f"Hypothesis {i}",
            "means": {"A": a, "B": b},
            "sd_within": 4,
            "sd_between": 3,
        }
        for i, (a, b) in enumerate(zip(*MEANS.values(), strict=True))
    },
)
TEXT += "".join(f'[hypotheses.h{i}.uncertainty]\n"means.A" = {{ mean = {i}, sd = 1 }}\n' for i in (0, 3))
FEW = ("--draws", "32")


@pytest.fixture
def plan(tmp_path: Path) -> str:
    path = tmp_path / "plan.toml"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def longer(tmp_path: Path) -> str:
    path = tmp_path / "longer.toml"
    path.write_text(TEXT.replace('["A B", "B A"]', '["A B B A", "B A A B"]'))
    return str(path)


def test_the_page(cli: Cli, plan: str) -> None:
    code, out, err = cli("discriminate", plan, *FEW)
    assert code == 0
    told = " ".join(out.split())
    assert "names the right one of four mechanisms in" in told
    assert "It cannot tell apart “Hypothesis 1” and “Hypothesis 2”." in told
    for heading in ("Is the right one named?", "More patients", "Who is taken for whom", "Two at a time"):
        assert heading in out
    assert re.search(r"^A Hypothesis 0 +[█▓]\d+", out, re.M)
    assert "The same result again" in out
    again = next(line.strip() for line in out.splitlines() if line.startswith("  planner discriminate"))
    assert cli(*again.split()[1:])[1] == out
    assert "internal" not in err


def test_json_has_what_the_contract_names(cli: Cli, plan: str, longer: str) -> None:
    code, out, _ = cli("discriminate", plan, longer, *FEW, "--patients", "6:12:6,30", "--json")
    document = json.loads(out)
    assert code == 0
    assert document["schema"] == "planner.discriminate/1"
    assert document["warnings"] == []
    assert document["run"]["draws"] == 32
    for design, periods in zip(document["designs"], (2, 4), strict=True):
        for key in ("p_right", "p_decisive_right", "p_decisive_wrong", "p_inconclusive", "ceiling"):
            figure = design[key]
            assert set(figure) == {"estimate", "mcse", "low", "high"}
            assert 0 <= figure["low"] <= figure["estimate"] <= figure["high"] <= 1
            assert figure["mcse"] > 0
        parts = [design[key]["estimate"] for key in list(design) if key.startswith("p_")]
        assert sum(parts[1:4]) == pytest.approx(1.0)
        assert design["hypotheses"] == ["h0", "h1", "h2", "h3"]
        assert design["classes"] == [["h0"], ["h1", "h2"], ["h3"]]
        assert [len(row) for row in design["confusion"]] == [4] * 4
        assert all(sum(row) == pytest.approx(1.0, abs=1e-5) for row in design["confusion"])
        assert [point["patients"] for point in design["curve"]] == [6, 12, 30]
        assert design["visits"] == 12 * periods
        assert design["equal_visits"]["visits"] == 48
        assert design["equal_patients"]["patients"] == 12
        assert design["information_bits"]["estimate"] < 2.0


def test_csv_is_the_curve_and_markdown_the_page(cli: Cli, plan: str, tmp_path: Path) -> None:
    code, out, _ = cli("discriminate", plan, *FEW, "--patients", "6,24", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert [row["patients"] for row in rows] == ["6", "12", "24"]
    assert all(0 < float(row["p_right_estimate"]) <= float(row["ceiling_estimate"]) + 0.05 for row in rows)
    target = tmp_path / "found.md"
    assert cli("discriminate", plan, *FEW, "-o", str(target))[0] == 0
    assert target.read_text().startswith("## Would this design tell the mechanisms apart?")
    assert cli("discriminate", plan, *FEW, "-o", str(target))[0] == 2


def test_python_and_the_command_line_say_the_same(cli: Cli, plan: str) -> None:
    found = planner.discriminate(planner.read(plan), draws=32)
    document = json.loads(cli("discriminate", plan, *FEW, "--json")[1])
    assert json.loads(json.dumps(found.to_json()["designs"])) == document["designs"]
    frame = found.frame()
    assert frame.height == len(document["designs"][0]["curve"])
    assert {"design", "patients", "visits", "p_right_estimate", "p_right_mcse"} <= set(frame.columns)
    assert "<table" in found._repr_html_()


def test_a_dry_run_tells_what_would_be_done(cli: Cli, plan: str) -> None:
    code, out, _ = cli("discriminate", plan, "--dry-run")
    assert code == 0
    assert f"{DRAWS} of what is uncertain" in out
    assert "mean score in A and B on day 1" in out
    document = json.loads(cli("discriminate", plan, "--dry-run", "--json")[1])
    (cell,) = document["cells"]
    assert cell["uncertain"] == 2
    assert cell["curve"] == [6, 12, 18, 24, 36, 48]
    assert document["estimate"]["seconds"] > 0
    assert cli("discriminate", plan, "--dry-run", "--format", "csv")[0] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--patients", "1"], "from 2 to 10,000 patients"),
        (["--patients", "12:96"], "whole numbers or from:to:step, not 12:96"),
        (["--patients", "12:96:0"], "the step is 0"),
        (["--patients", "90:12:6"], "the range runs backwards"),
        (["--summaries", "means,medians"], "--summaries: 'medians' is not means"),
        (["--hypothesis", "h9"], "--hypothesis: there is no hypothesis h9"),
        (["--hypothesis", "h1"], "it takes two hypotheses"),
        (["--decisive", "2"], "decisive weight"),
        (["--draws", "2"], "from 32 to 4,096"),
        (["--likelihood", "cauchy"], "is not gaussian or mixture"),
    ],
)
def test_misuse_is_explained(cli: Cli, plan: str, options: list[str], said: str) -> None:
    code, out, err = cli("discriminate", plan, *options)
    assert code == 2
    assert said in err
    assert "hint:" in err
    assert not out


def test_after_ctrl_c_what_is_finished_is_shown(cli: Cli, plan: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = simulating._draw

    def interrupted_at_50(task: Any, q: int, *rest: Any) -> Any:
        if q == 50 and not task.plain:
            interruption.request()
        return done(task, q, *rest)

    monkeypatch.setattr(simulating, "_draw", interrupted_at_50)
    try:
        code, out, err = cli("discriminate", plan, "--draws", "200", "--threads", "1")
    finally:
        interruption.request(False)
    assert code == 130
    assert "PARTIAL: interrupted after 5" in out
    assert "interrupted: the figures rest on 5" in err
    assert "To run it to its end" in out


@pytest.mark.long
def test_the_page_fits_eighty_columns_with_ten_hypotheses_and_ascii() -> None:
    scenario = read(FOLDER / "ab-ba.toml")
    found = discriminate(scenario, draws=32, summaries=["endpoint", "means"])
    about = page_context(scenario, plan_trial(scenario), "planner discriminate ab-ba.toml")
    blocks = discriminate_page(found, [about], about.command)
    lines = Terminal(Medium(80, wide=False)).page(blocks).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert any(line.startswith("J Naltrexone") for line in lines)
    assert "and means" in "\n".join(lines)
    plain = Terminal(Medium(80, wide=False, symbols=False, braille=False)).page(blocks)
    plain.encode("ascii")
    assert "▒" in "\n".join(lines)
    assert ":2" in plain


def test_keys_go_on_after_z() -> None:
    assert [key_of(i) for i in (0, 9, 25, 26, 52)] == ["A", "J", "Z", "A2", "A3"]


def test_verdict_where_nothing_can_be_told_apart() -> None:
    same = {"means": {"A": 1, "B": 0}, "sd_within": 4, "sd_between": 3}
    scenario = read_text(scenario_text(hypotheses={"x": same, "y": same}))
    found = discriminate(scenario, draws=32)
    said = verdict(found.designs[0], {})
    assert "names the right one of two mechanisms in 50 % of trials (guessing: 50 %)" in said
    assert said.endswith("It cannot tell any two of them apart.")


def test_hostile_names_stay_harmless(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "hostile.toml"
    text = TEXT.replace("Hypothesis 0", "[red]\\u001b[31m<b>")
    path.write_text(text)
    code, out, _ = cli("discriminate", str(path), *FEW)
    assert code == 0
    assert "\x1b" not in out
    assert "[red]" in out
