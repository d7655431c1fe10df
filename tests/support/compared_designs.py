"""Designs to be compared, for tests."""

from __future__ import annotations

from typing import Any

from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import scenario_text

HYPOTHESES = {
    "expected": {"means": {"A": 5, "B": 0}, "sd_within": 5.5, "sd_between": 6},
    "none": {"means": {"A": 0, "B": 0}, "sd_within": 5.5, "sd_between": 6},
}
DROPOUT = {"dropout": {"per_period": 0.1}}


def design(
    *sequences: str, patients: int = 24, look: int = 12, hypotheses: Any = None, **more: Any
) -> Scenario:
    text = scenario_text(
        sequences or ("A B", "B A"),
        patients,
        hypotheses=hypotheses or HYPOTHESES,
        looks=[look, patients],
        population=DROPOUT,
        **more,
    )
    return read_text(text)
