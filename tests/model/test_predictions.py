"""What the ketamine hypotheses predict, compared with the table of the research sketch they come from.

numbers/ketamine_predictions.json is model output under stated assumptions, not data: responders in percent on
days 1, 3 and 14 of a first period, for ten hypotheses and eleven treatments. PASS: each of the 330 figures is
within 1.5 percentage points of what planner simulates.

Why they may differ at all, and by how much:

- the table is rounded to whole percent (0.5) and simulated itself (200,000 patients, standard error 0.1), and
  so is the comparison (0.2);
- the sketch cuts the *true* severity at 20 and gives the baseline an error of 2 points; planner cuts the
  *observed* score at 20, with the rating error of the scenario, 1.8 points;
- the sketch cuts improvements below -0.1, planner does not: only the few who worsen that much differ.

The largest difference seen is 0.8 points and the mean one 0.2, so nothing is left that needs another reason.
Under the pharmacokinetic hypothesis the sketch keeps the expectancy cue at its full level; so does the
library (`activated_by = { ketamine = 2.5 }` at 40 % of the level).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from planner.engine.potential_outcomes import potential_means
from planner.model.readings import Reading
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import NUMBERS

TABLE: dict[str, Any] = json.loads((NUMBERS / "ketamine_predictions.json").read_text(encoding="utf-8"))
TOLERANCE = 1.5  # percentage points
TILES = 512  # of 128 patients: standard error of a percentage at most 0.2

Figures = Mapping[tuple[str, str, str, float], float]  # hypothesis, treatment, measure, day: percent


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)


def all_arms() -> Scenario:
    """The library with the eleven treatments of the table, each patient given all of them."""
    treatments = {arm: {"agents": agents} for arm, agents in TABLE["arms"].items()}
    return read_text(
        f"""
extends = "library/ketamine-opioid.toml"
schema_version = 1
treatments = {toml(treatments)}
population = {toml(TABLE["population"])}
endpoint = {{ scale = "HAM-D17", measure = "change", day = 1 }}
analyses = [{{ method = "paired-t", contrast = ["K", "KN"] }}]

[design]
sequences = [{toml(list(treatments))}]
patients = 2
washout_days = 30
assessment_days = {TABLE["days"]}
"""
    )


def percentages(scenario: Scenario, arms: list[str], readings: list[tuple[str, float]]) -> Figures:
    names = [name for name in TABLE["response_percent"] if name in scenario.hypotheses]
    asked = [Reading(measure, day) for measure, day in readings]
    mean = potential_means(scenario, names, asked, arms, seed=7, tiles=TILES).mean
    return {
        (name, arm, measure, day): float(mean[h, r, a]) * (1.0 if measure == "percent-change" else 100.0)
        for h, name in enumerate(names)
        for r, (measure, day) in enumerate(readings)
        for a, arm in enumerate(arms)
    }


@pytest.fixture(scope="module")
def simulated() -> Figures:
    readings = [("response", float(day)) for day in TABLE["days"]]
    return percentages(all_arms(), list(TABLE["arms"]), readings)


def differences(simulated: Figures) -> dict[tuple[str, str, float], float]:
    return {
        (name, arm, day): simulated[name, arm, "response", float(day)] - percent
        for name, row in TABLE["response_percent"].items()
        for arm, figures in row.items()
        for day, percent in zip(TABLE["days"], figures, strict=True)
    }


def test_ten_hypotheses_by_eleven_treatments(simulated: Figures) -> None:
    found = differences(simulated)
    assert len(found) == 10 * 11 * 3
    assert {cell: round(d, 1) for cell, d in found.items() if abs(d) > TOLERANCE} == {}


def test_no_difference_is_systematic(simulated: Figures) -> None:
    found = differences(simulated)
    assert abs(sum(found.values()) / len(found)) < 0.3


def test_the_comparison_can_fail(simulated: Figures) -> None:
    """The figures of neighbouring hypotheses are further apart than the tolerance wherever they disagree."""
    found = {**simulated}
    for arm in TABLE["arms"]:
        for day in TABLE["days"]:
            other = simulated["indirect-opioid", arm, "response", float(day)]
            found["direct-opioid", arm, "response", float(day)] = other
    off = [cell for cell, d in differences(found).items() if abs(d) > TOLERANCE]
    assert off == [("direct-opioid", "X", 1), ("direct-opioid", "X", 3), ("direct-opioid", "X", 14)]


def test_level_of_ketamine_is_the_same_under_all_hypotheses(simulated: Figures) -> None:
    """They differ in mechanism, not in size."""
    day_1 = [simulated[name, "K", "response", 1.0] for name in TABLE["response_percent"]]
    assert max(day_1) - min(day_1) < TOLERANCE


def test_remission_and_mean_change() -> None:
    fits = TABLE["fits"]
    readings = [(fit["measure"], float(fit["day"])) for fit in fits]
    found = percentages(all_arms(), ["K"], readings)
    for fit in fits:
        value = found[fit["hypothesis"], fit["arm"], fit["measure"], float(fit["day"])]
        assert value == pytest.approx(fit["percent"], abs=TOLERANCE), fit


def test_williams_2018_preset() -> None:
    """57 and 41 % under all ten, the two of expectancy included; with naltrexone nearly nothing is left."""
    wanted = TABLE["williams-2018"]
    found = percentages(read("williams-2018"), ["K", "KN"], [("response", 1.0), ("remission", 1.0)])
    for name in TABLE["response_percent"]:
        for measure, percent in wanted["K"].items():
            assert found[name, "K", measure, 1.0] == pytest.approx(percent, abs=1.0), name
    for measure in ("response", "remission"):
        for name, percent in wanted[f"KN_{measure}"].items():
            assert found[name, "KN", measure, 1.0] == pytest.approx(percent, abs=0.6), name
