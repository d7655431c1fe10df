"""`size --find effect` takes every number of patients that `run` takes, and `run` has the power named."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy import stats
from scipy.optimize import brentq

from planner.questions.run.simulate import simulate
from planner.questions.size.size import size
from planner.results.contract import as_json
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import scenario_text

PAIRED = [{"method": "paired-t"}]


def least(plan: Scenario, **request: Any) -> dict[str, Any]:
    (row,) = size(plan, find="effect", power=0.8, **request).to_json()["answers"]
    return row


def paired_power(effect: float, n: int) -> float:
    """Two-sided power of the paired t test at alpha 5 %, the effect in SDs of the differences, by SciPy."""
    limit, shift = stats.t.isf(0.025, n - 1), effect * math.sqrt(n)
    return float(stats.nct.sf(limit, n - 1, shift) + stats.nct.cdf(-limit, n - 1, shift))


@pytest.mark.parametrize("design", [{}, {"allocation": [2, 1]}, {"allocation": [3, 1], "block": 2}])
@pytest.mark.parametrize(("patients", "own"), [(24, 24), (25, 25), (None, 25), (3, 24), (101, 24)])
def test_the_effect_of_every_number_that_run_takes(
    design: dict[str, object], patients: int | None, own: int
) -> None:
    """A paired t test does not mind who had which sequence: power follows from the noncentral t.

    At the effect that it names, a run of as many patients has that power.
    """
    hypothesis = {"means": {"A": 1.0, "B": 0.0}, "sd_difference": 2.0}

    def plan(effect: float, number: int) -> Scenario:
        moved = {"h": hypothesis | {"means": {"A": effect, "B": 0.0}}}
        return read_text(scenario_text(patients=number, hypotheses=moved, analyses=PAIRED, **design))

    n = patients or own
    row = least(plan(1.0, own), patients=patients, trials=2048)
    assert row["patients"] == n
    want = brentq(lambda effect: paired_power(effect / 2.0, n) - 0.8, 0.01, 16 / math.sqrt(n))
    assert row["effect"] == pytest.approx(want, rel=1e-6)
    (cell,) = as_json(simulate(plan(row["effect"], n), trials=20_480).cells())
    assert cell["power"]["estimate"] == pytest.approx(0.8, abs=5 * cell["power"]["mcse"])


def test_the_effect_of_looks_in_patients() -> None:
    """Looks at 11 and 25 of 25 patients, and scaled to 17."""
    hypothesis = {"means": {"A": 1.0, "B": 0.0}, "sd_difference": 2.0}

    def plan(effect: float) -> Scenario:
        moved = {"h": hypothesis | {"means": {"A": effect, "B": 0.0}}}
        return read_text(scenario_text(patients=25, looks=[11, 25], hypotheses=moved, analyses=PAIRED))

    for patients in (None, 17):
        row = least(plan(1.0), patients=patients, trials=40_960)
        sizes = None if patients is None else [patients]
        (cell,) = as_json(simulate(plan(row["effect"]), trials=40_960, seed=5, patients=sizes).cells())
        assert cell["power"]["estimate"] == pytest.approx(0.8, abs=0.012)
        assert paired_power(row["effect"] / 2.0, patients or 25) > 0.8  # looks cost some power
