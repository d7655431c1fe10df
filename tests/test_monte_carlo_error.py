"""The Monte Carlo errors that are printed: as large as the spread of the figures over independent runs."""

from __future__ import annotations

import math
from statistics import fmean, stdev
from typing import Any

import pytest

from planner.reading import read_text
from planner.results import simulate

SEEDS = 60
TRIALS = 4096
# The standard deviation of 60 runs over its expectation has a standard error of 1 / sqrt(118) = 0.09.
LOW, HIGH = 0.72, 1.28

SCENARIO = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {patients}
[population]
period_effect = [0, 5]
[hypotheses.h]
means = {{ A = 3, B = 0 }}
sd_within = 3.5
sd_between = 4
[[analyses]]
method = "{method}"
"""


def runs(patients: int, method: str) -> list[dict[str, Any]]:
    scenario = read_text(SCENARIO.format(patients=patients, method=method))
    return [simulate(scenario, trials=TRIALS, seed=seed).cells()[0] for seed in range(SEEDS)]


def spread(values: list[float], errors: list[float]) -> float:
    """Standard deviation over runs, relative to the standard error that each run states."""
    return stdev(values) / fmean(errors)


@pytest.mark.parametrize("method", ["paired-t", "hills-armitage"])
@pytest.mark.parametrize("patients", [12, 13])
def test_errors_are_the_spread_over_runs(patients: int, method: str) -> None:
    cells = runs(patients, method)
    power = [cell["power"] for cell in cells]
    estimate = [cell["estimate"] for cell in cells]
    ratios = {
        "power": spread([p["estimate"] for p in power], [p["mcse"] for p in power]),
        "mean": spread([e["mean"] for e in estimate], [e["mean_mcse"] for e in estimate]),
        "empirical_se": spread(
            [e["empirical_se"] for e in estimate], [e["empirical_se_mcse"] for e in estimate]
        ),
    }
    print(patients, method, ratios)
    if patients % 2:  # one list for 128 trials: errors may be stated too large, never too small
        assert all(ratio < HIGH for ratio in ratios.values())
        assert ratios["mean"] > LOW
    else:
        assert all(LOW < ratio < HIGH for ratio in ratios.values())


def test_trials_that_share_a_list_are_not_independent() -> None:
    """Negative control: the error of independent trials is far too small for 13 patients in blocks of two."""
    cells = runs(13, "paired-t")
    naive = [cell["estimate"]["empirical_se"] / math.sqrt(TRIALS) for cell in cells]
    assert spread([cell["estimate"]["mean"] for cell in cells], naive) > HIGH
    assert "randomisation list" in cells[0]["note"]
