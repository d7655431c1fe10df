"""Two numbers of one thing agree wherever they are shown: effects, patients of a sequence, analysed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.engine.blocks import records_of
from planner.engine.job import job_of
from planner.model.families.means import scale_effects
from planner.questions.compare.compare import compare
from planner.questions.plan import plan_trial, sequence_sizes
from planner.questions.replay.replay import replay
from planner.questions.replay.trial import PatientsUsed
from planner.questions.run.simulate import simulate
from planner.questions.sensitivity.sensitivity import sensitivity
from planner.questions.size.size import size
from planner.results.contract import as_json
from planner.results.effect_scale import unit_of
from planner.scenario import catalogue
from planner.scenario.design import Design
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.commands import Cli, cli
from tests.support.harness import scenario_text

__all__ = ["cli"]  # the fixture

FLOOR = """
schema_version = 1
title = "means near the end of their scale"
endpoint = { unit = "points", scale = { low = 0.0, high = 60.0, better = "lower" } }
[design]
sequences = ["K KN", "KN K"]
patients = 25
[hypotheses.h]
means = { K = 12.0, KN = 20.0 }
sd_within = 6.0
sd_between = 5.0
[[analyses]]
contrast = ["K", "KN"]
[[analyses]]
name = "first"
method = "period-one"
contrast = ["K", "KN"]
[population.dropout]
per_period = 0.4
"""
CEILING = FLOOR.replace("12.0", "40.0").replace("20.0", "55.0")
STEPS = FLOOR.replace("high = 60.0", "step = 15.0").replace("low = 0.0, ", "")
WELL_INSIDE = (
    FLOOR.replace("12.0", "28.0").replace("20.0", "30.0").replace("sd_within = 6.0", "sd_within = 0.5")
)
SLOW = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 25
[hypotheses.h]
means = { A = 0.03, B = 0.0 }
sd_difference = 1.5
"""


PAGES = (["run", "t.toml", "--trials", "256"], ["show", "t.toml"], ["trial", "t.toml", "--replay", "3"])
QUICK = ("williams-2018", "asthma-ab-ba", "hypertension-abba", "migraine-williams-3")
CATALOGUE = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.long) for name in catalogue.names()
]
OF_ONE_STAGE = [each for each in CATALOGUE if read(str(each.values[0])).monitoring.adaptive is None]
"""Those of which single trials are shown."""


def scenario_of(name: str) -> Scenario:
    texts = {"floor": FLOOR, "ceiling": CEILING, "steps": STEPS, "inside": WELL_INSIDE, "slow": SLOW}
    return read_text(texts[name]) if name in texts else read(name)


def effects(cells: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {
        (cell["hypothesis"], cell["analysis"]): (cell["true_effect"], cell["stated_effect"], cell["is_null"])
        for cell in cells
    }


@pytest.mark.parametrize("name", ["floor", "ceiling", "steps", "inside", "slow", *CATALOGUE])
def test_all_commands_have_the_same_true_effects(name: str) -> None:
    """run, compare, trial, show and, where they take it, --sensitivity and a sweep of the patients."""
    scenario = scenario_of(name)
    names = scenario.simulated_hypotheses[:3]
    simulation = scenario.simulation.model_copy(update={"hypotheses": names})
    scenario = scenario.model_copy(update={"simulation": simulation})
    want = effects(as_json(simulate(scenario, trials=128).cells()))
    assert want
    plan = plan_trial(scenario, effects=True)
    shown = {
        (h, a.name): (given.effect, given.stated, given.is_null)
        for a in plan.analyses
        for h, truth in a.true_effects.items()
        if h in names and (given := unit_of(scenario, a.name).truth(truth))
    }
    assert shown == want
    if scenario.monitoring.adaptive is not None:
        return  # the others do not know a second stage, and say so
    assert effects(as_json(compare([scenario, scenario], trials=128).cells())) == want
    for h in names:
        document = replay(scenario, 3, hypothesis=h).to_json()
        for course in document["analyses"]:
            assert (course["true_effect"], course["stated_effect"]) == want[h, course["analysis"]][:2]
    if name in ("floor", "ceiling", "steps", "inside", "slow"):
        assert effects(as_json(sensitivity(scenario, trials=128).cells())) == want


def expected(mean: float, sd: float, low: float, high: float) -> float:
    """Mean of a normal score that is cut at both ends, by a fine grid of its quantiles."""
    at = (np.arange(400_000) + 0.5) / 400_000
    return float(np.clip(stats.norm.ppf(at, mean, sd), low, high).mean())


@pytest.mark.parametrize(
    ("text", "means", "part"),
    [(FLOOR, (12.0, 20.0), "low"), (CEILING, (40.0, 55.0), "high")],
    ids=["floor", "ceiling"],
)
def test_cutting_moves_the_effect_and_is_said(
    cli: Cli, tmp_path: Any, text: str, means: tuple[float, float], part: str
) -> None:
    scenario = read_text(text)
    contrast = scenario.analyses[0].weights
    (hypothesis,) = scenario.hypotheses.values()
    want = expected(means[0], 61**0.5, 0, 60) - expected(means[1], 61**0.5, 0, 60)
    (truth, *_) = plan_trial(scenario, effects=True).analyses[0].true_effects.values()
    assert truth.effect == pytest.approx(want, abs=1e-4)
    assert truth.stated == means[0] - means[1]
    assert truth.effect != pytest.approx(truth.stated, abs=1e-3)
    assert scale_effects(scenario, hypothesis, contrast) == (part,)  # type: ignore[arg-type]
    (tmp_path / "t.toml").write_text(text)
    end = "cut at 0, the lowest score" if part == "low" else "cut at 60, the highest score"
    stated = f"the stated means differ by {means[0] - means[1]:g}"
    commands = [
        ["run", "t.toml", "--trials", "256"],
        ["run", "t.toml", "--trials", "256", "--sensitivity"],
        ["compare", "t.toml", "t.toml", "--trials", "256"],
        ["trial", "t.toml", "--replay", "3"],
        ["show", "t.toml"],
    ]
    for command in commands:
        code, out, _ = cli(*command)
        said = " ".join(out.split())
        assert code == 0
        assert stated in said, command
        assert end in said, command
        assert f"{truth.effect:.4g}" in said, command
    code, out, _ = cli("run", "t.toml", "--trials", "256", "--set", "design.patients=24,36")
    assert "true effects are not the differences of the stated means" in " ".join(out.split())


def test_where_the_scale_changes_nothing_nothing_is_said(cli: Cli, tmp_path: Any) -> None:
    (tmp_path / "t.toml").write_text(WELL_INSIDE)
    for command in (
        ["run", "t.toml", "--trials", "256"],
        ["show", "t.toml"],
        ["trial", "t.toml", "--replay", "3"],
    ):
        assert "stated means differ" not in " ".join(cli(*command)[1].split())


# Patients of each sequence


@pytest.mark.parametrize(
    "design",
    [
        {"sequences": ["A B", "B A"], "patients": 25},
        {"sequences": ["A B", "B A"], "patients": 24},
        {"sequences": ["A B", "B A"], "patients": 31, "block": 3},
        {"sequences": ["A B", "B A"], "patients": 17, "allocation": [1, 3]},
        {"sequences": ["A B C", "B C A", "C A B"], "patients": 200},
    ],
    ids=["odd", "even", "long blocks", "unequal", "three"],
)
def test_the_patients_of_a_sequence_are_whole_and_those_that_occur(design: dict[str, Any]) -> None:
    """Every number between the ends occurs in some list of 600, none outside does, and they are on average
    what the allocation says."""
    head = "\n".join(f"{key} = {json.dumps(value)}" for key, value in design.items())
    means = "A = 1.0, B = 0.0, C = 0.0" if "C" in str(design) else "A = 1.0, B = 0.0"
    analysis = '[[analyses]]\ncontrast = ["A", "B"]\n'
    scenario = read_text(
        f"schema_version = 1\n[design]\n{head}\n[hypotheses.h]\nmeans = {{ {means} }}\n"
        f"sd_within = 1.0\nsd_between = 1.0\n{analysis}"
    )
    found = records_of(job_of(scenario), 0, 600).sequence  # (tile, patient)
    plan = plan_trial(scenario)
    for s, (low, high) in enumerate(plan.per_sequence_ends):
        seen = (found == s).sum(axis=1)
        assert set(seen.tolist()) == set(range(low, high + 1))
        assert seen.mean() == pytest.approx(plan.per_sequence[s], abs=4 * seen.std() / 600**0.5 + 1e-9)
    total = sum(low for low, _ in plan.per_sequence_ends), sum(high for _, high in plan.per_sequence_ends)
    assert total[0] <= design["patients"] <= total[1]


def test_no_fractions_of_patients_are_shown(cli: Cli, tmp_path: Any) -> None:
    (tmp_path / "t.toml").write_text(FLOOR)
    for command in (
        ["run", "t.toml", "--trials", "256"],
        ["show", "t.toml"],
        ["trial", "t.toml", "--replay", "3"],
    ):
        said = " ".join(cli(*command)[1].split())
        assert "12 or 13 to K then KN and 12 or 13 to KN then K" in said
        assert "12.5" not in said
        assert "do not fill the last block of 2" in said


def test_allocated_by_hand() -> None:
    design = Design(sequences=(("A", "B"), ("B", "A")), allocation=(1, 2), block=2, patients=8)
    # one block of 6 (2 and 4), and 2 of the next 6: 0 to 2 of its two, 0 to 2 of its four
    assert sequence_sizes(design, 8) == ((2, 4), (4, 6))


# Patients that an analysis uses


def used(text: str, index: int) -> list[tuple[PatientsUsed, int]]:
    found = replay(read_text(text) if "\n" in text else read(text), index)
    return [(course.used, course.looks[-1].completers) for course in found.courses]


MANY = scenario_text(
    ("A B C", "B C A", "C A B"),
    hypotheses={"h": {"means": {"A": 1.0, "B": 0.0, "C": 0.5}, "sd_within": 1.0, "sd_between": 1.0}},
    population={"dropout": {"before_first": 0.1, "per_period": 0.3}},
    analyses=[
        {"name": m, "method": m, "contrast": ["A", "B"]}
        for m in ("fixed-subject", "subject-contrast", "paired-t", "period-one", "welch", "period-one-welch")
    ],
    patients=25,
)


@pytest.mark.parametrize(
    "text", [pytest.param(FLOOR, id="floor"), pytest.param(MANY, id="many"), *OF_ONE_STAGE]
)
def test_the_patients_add_up_to_those_that_the_kernel_counts(text: str) -> None:
    for index in (0, 3, 17):
        for found, completers in used(text, index):
            assert found.finished.used + found.left.used == completers
            assert found.finished.all + found.left.all == found.patients
            assert found.finished.used <= found.finished.all


def test_the_page_of_a_trial_adds_up(cli: Cli, tmp_path: Any) -> None:
    """In 0.1.0 an analysis of the first period had completers who, further down, were in no analysis."""
    (tmp_path / "t.toml").write_text(FLOOR)
    code, out, _ = cli("trial", "t.toml", "--replay", "3")
    assert code == 0
    said = " ".join(out.split())
    assert "in no analysis" not in said
    whole, first = replay(read_text(FLOOR), 3).courses
    left, finished = whole.used.left.all, whole.used.finished.all
    counted = f"Of these 25 patients, {finished} finished every period and {left} left"
    assert f"{counted}; the analysis uses {finished}: all who finished" in said
    assert first.used.left.used == left  # nobody leaves before the first period
    assert "Analysed" in out
    assert f"{left} of 25 patients left before their last period" in said


def test_the_effect_of_a_search_is_the_true_one() -> None:
    """`size --find effect` and `run` of the means that it finds agree on a scale with a floor."""
    row = size(read_text(FLOOR), find="effect", power=0.8, trials=20_000).to_json()["answers"][0]
    moved = FLOOR.replace("K = 12.0", f"K = {20.0 + row['stated_effect']!r}")
    (cell, *_) = as_json(simulate(read_text(moved), trials=128).cells())
    assert cell["true_effect"] == pytest.approx(row["effect"], rel=1e-9)
    assert cell["stated_effect"] == pytest.approx(row["stated_effect"], rel=1e-9)
    assert "differ by" in row["note"]
