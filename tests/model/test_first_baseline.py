"""Readings of mechanisms refer to the baseline of their own period, or to the first one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.engine.job import job_of
from planner.engine.workspace import virtual_patients
from planner.kernels.tables import W
from planner.scenario.reading.read import read_text

TEXT = """
schema_version = 1
[agents.drug]
[signals.target]
activated_by = {{ drug = 1.0 }}
[components.specific]
size = {{ mean = 0.4, sd = 0.2 }}
half_life_days = 10
[treatments]
A = {{ agents = ["drug"] }}
B = {{ agents = [] }}
[design]
sequences = ["A B", "B A"]
patients = 8
washout_days = 7
[population]
baseline = {{ mean = 26, sd = 3, at_least = 20 }}
rating_sd = 2
occasion_sd = 0.1
[endpoint]
scale = "HAM-D17"
measure = "change"
baseline = "{baseline}"
[hypotheses.h]
terms = [{{ component = "specific", needs = ["target"] }}]
[[analyses]]
name = "change"
method = "hills-armitage"
[[analyses]]
name = "score"
method = "hills-armitage"
measure = "score"
[[analyses]]
name = "response"
method = "mcnemar-exact"
measure = "response"
"""


def readings(baseline: str) -> NDArray[np.float64]:
    """Change, score and response, f64[reading, tile, patient, period, lane]."""
    work = job_of(read_text(TEXT.format(baseline=baseline)), seed=5)
    _, values = virtual_patients(work, 0, 4)
    tiles, patients, _, kinds, _ = values.shape
    return values[:, :, 0].reshape(tiles, patients, kinds, 2, W).transpose(2, 0, 1, 3, 4)


def test_the_first_baseline_is_that_of_the_first_period() -> None:
    change, score, _ = readings("period")
    baseline = score - change
    change_from_first, same_score, response = readings("first")
    first = baseline[:, :, :1]
    assert np.array_equal(score, same_score)
    assert np.array_equal(change_from_first, score - first)
    assert np.array_equal(response, (score <= 0.5 * first).astype(float))
    assert (baseline[:, :, 1] < baseline[:, :, 0]).mean() > 0.5  # what is left of A lowers the second one
