"""Sensitivity: what is varied, that every variant is the run of its own settings, and how it is shown."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from planner.questions.run.simulate import simulate
from planner.questions.sensitivity.assumptions import SensitivityError, assumptions
from planner.questions.sensitivity.sensitivity import sensitivity
from planner.results.contract import as_json
from planner.scenario.reading.read import read, read_text
from tests.support.commands import SCENARIO, Cli, cli

__all__ = ["cli"]  # the fixture
MEANS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[population]
dropout = { per_period = 0.1 }
period_effect = [0, 2]
[hypotheses.expected]
means = { A = 105, B = 100 }
sd_within = 5.5
sd_between = 6
[hypotheses.none]
means = { A = 100, B = 100 }
sd_within = 5.5
sd_between = 0
[[analyses]]
method = "hills-armitage"
[[analyses]]
method = "paired-t"
"""
RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 40
[endpoint]
measure = "response"
[hypotheses.h]
rates = { A = 0.9, B = 0.5 }
correlation = 0.3
"""


def labels(text: str, *hypotheses: str) -> list[str]:
    scenario = read_text(text)
    return [
        each.label
        for each in assumptions(scenario)
        if not hypotheses or set(hypotheses) & set(each.hypotheses)
    ]


def test_what_is_varied() -> None:
    """The difference, not the means; no zeros; what is common to all hypotheses once."""
    assert labels(MEANS) == [
        "difference A − B",
        "sd_within",
        "sd_between",
        "sd_within",
        "dropout.per_period",
        "period_effect",
    ]
    assert labels(RATES) == ["rates.A", "rates.B", "correlation"]


def test_what_cannot_be_has_no_variant() -> None:
    above, below = assumptions(read_text(RATES))[0].variants
    assert above[1] is not None
    assert below == (pytest.approx(1.08), None)


@pytest.mark.parametrize(
    ("label", "setting", "values"),
    [
        ("difference A − B", "hypotheses.expected.means.A", (104, 106)),
        ("sd_within", "hypotheses.expected.sd_within", (4.4, 6.6)),
        ("dropout.per_period", "population.dropout.per_period", (0.08, 0.12)),
        ("period_effect", "population.period_effect", ("[0, 1.6]", "[0, 2.4]")),
    ],
)
def test_every_variant_is_the_run_of_its_settings(label: str, setting: str, values: tuple[Any, Any]) -> None:
    scenario = read_text(MEANS, set=["simulation.hypotheses=['expected']"])
    found = sensitivity(scenario, trials=3001, seed=6)
    for cell in as_json(found.cells()):
        (row,) = [row for row in cell["assumptions"] if row["label"] == label]
        for side, value in zip(("lower", "higher"), values, strict=True):
            alone = read_text(MEANS, set=["simulation.hypotheses=['expected']", f"{setting}={value}"])
            (want,) = [
                c["power"]
                for c in as_json(simulate(alone, trials=3001, seed=6).cells())
                if c["analysis"] == cell["analysis"]
            ]
            assert row[side]["power"] == want
            change = want["estimate"] - cell["power"]["estimate"]
            assert row[side]["difference"]["estimate"] == pytest.approx(change, abs=1e-12)
            assert row[side]["difference"]["mcse"] < row[side]["difference"]["mcse_unpaired"]


def test_sorted_by_impact_and_told_apart() -> None:
    found = sensitivity(read_text(MEANS), trials=4000)
    for cell in as_json(found.cells()):
        impacts = [row["impact"] for row in cell["assumptions"]]
        assert impacts == sorted(impacts, reverse=True)
    expected, none = as_json(found.cells())[0], as_json(found.cells())[2]
    assert [row["label"] for row in expected["assumptions"]][:2] == ["difference A − B", "sd_within"]
    assert "difference A − B" not in [row["label"] for row in none["assumptions"]]
    # The period difference test is not touched by what a patient's own level or the period adds.
    assert {row["label"]: row["impact"] for row in expected["assumptions"]}["period_effect"] == 0.0
    frame = found.frame()
    assert len(frame) == sum(len(cell["assumptions"]) for cell in as_json(found.cells()))


def test_threads_decide_nothing() -> None:
    want = as_json(sensitivity(read_text(MEANS), trials=3001, threads=1).cells())
    assert as_json(sensitivity(read_text(MEANS), trials=3001, threads=3).cells()) == want


def test_mechanisms_have_their_components_varied() -> None:
    scenario = read("williams-2018", set=["simulation.hypotheses=['direct-opioid', 'nmda-only']"])
    found = {each.path: each for each in assumptions(scenario)}
    assert found["components.specific.share"].hypotheses == ("direct-opioid", "nmda-only")
    assert found["agents.naltrexone.occupancy"].variants[1][1] is None
    assert not any("rapamycin" in path or "at_least" in path or "signals" in path for path in found)


@pytest.mark.parametrize("step", [0.0, 1.0, -0.2, float("nan")])
def test_senseless_steps_are_refused(step: float) -> None:
    with pytest.raises(SensitivityError):
        assumptions(read_text(MEANS), step)


# The command


def test_the_command_draws_a_tornado(cli: Cli) -> None:
    few = ["--hypothesis", "expected", "--sensitivity", "--trials", "4000", "-q"]
    code, out, err = cli("run", "small.toml", *few)
    assert (code, err) == (0, "")
    (bar,) = [line for line in out.splitlines() if line.startswith("  difference A − B   ")]
    assert bar.index("-") < bar.index("|") < bar.index("+")
    (bar,) = [line for line in out.splitlines() if line.startswith("  sd_within   ")]
    assert bar.index("+") < bar.index("|") < bar.index("-")
    assert "Without any effect on it: sd_between." in out
    import shlex

    again = shlex.split(out.strip().splitlines()[-1])
    assert cli(*again[1:], "-q")[1] == out
    document = json.loads(cli("run", "small.toml", *few, "--json")[1])
    assert document["schema"] == "planner.sensitivity/1"
    rows = list(csv.DictReader(io.StringIO(cli("run", "small.toml", *few, "--format", "csv")[1])))
    assert [row["assumption"] for row in rows] == [row["path"] for row in document["cells"][0]["assumptions"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "design.patients=12,24"], "cannot be combined"),
        (["--precision", "0.01"], "cannot be combined"),
        (["--sensitivity-step", "2"], "must be above 0 and below 1"),
    ],
)
def test_misuse_is_explained(cli: Cli, arguments: list[str], words: str) -> None:
    code, out, err = cli("run", "small.toml", "--sensitivity", *arguments)
    assert (code, out) == (2, "")
    assert words in err


def test_too_much_to_vary_is_explained(cli: Cli) -> None:
    Path("huge.toml").write_text(
        SCENARIO
        + "".join(
            f"\n[hypotheses.h{i}]\nmeans = {{ A = {i}, B = 0 }}\nsd = 3\ncorrelation = 0.5\n"
            for i in range(90)
        )
    )
    code, out, err = cli("run", "huge.toml", "--sensitivity")
    assert (code, out) == (2, "")
    assert "too many" in err


def test_dry_run_and_hostile_names(cli: Cli) -> None:
    code, out, _ = cli("run", "small.toml", "--sensitivity", "--dry-run")
    assert code == 0
    assert "hypotheses.expected.means.A" in out
    for shape in ("table", "md", "csv", "json"):
        code, out, _ = cli("run", "hostile.toml", "--sensitivity", "--format", shape, "--trials", "256", "-q")
        assert code == 0
        assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}
