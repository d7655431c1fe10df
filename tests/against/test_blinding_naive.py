"""Guesses and what follows from them, against a plain NumPy simulation.

Readings are compared with those of `naive_terms.py` by sequence and period, the guess among them, so that a
score that does not follow its own guess, or that of an earlier period, shows in the products.
"""

from __future__ import annotations

from typing import Any

import pytest

from planner.model.readings import GUESS, Reading
from tests.support.blinded_cases import CASES
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.mechanism_cases import BASE, Json, changed, scenario
from tests.support.naive_readings import compare_readings


def compared(name: str, change: Json | None = None) -> Comparison:
    """Generated readings and the naive ones; `change`: settings of the naive twin only."""
    trial, other = scenario(CASES[name]), scenario(CASES[name] | (change or {}))
    measures = ("score", "change") if trial.endpoint.baseline == "period" else ("score",)
    readings = [Reading(measure, day) for measure in measures for day in trial.design.assessment_days]
    return compare_readings(
        trial,
        other,
        readings=[*readings, GUESS, Reading("score", 0.0, "dissociation")],
        called=lambda r: f"{r.outcome} {r.measure}, day {r.day:g}",
        seed=9,
        title=name,
    )


@pytest.mark.parametrize("name", CASES)
def test_readings(name: str) -> None:
    compared(name).check()


@pytest.mark.parametrize(
    ("name", "path", "value"),
    repeated(
        [
            ("guess sets the cue", "intercept", -1.35),
            ("guess sets the cue", "slope", 0.135),
            ("guess sets the cue", "slope_from_previous", 0.0),
            ("guess sets the cue", "expectancy/if_inactive", 0.25),
            ("guess multiplies the cue", "expectancy/combine", "replace"),
            ("what is left follows the guess of its period", "slope", 0.13),
            ("what is left follows the guess of its period", "expectancy/if_active", 0.93),
        ],
        fast=3,
    ),
)
def test_a_setting_that_is_off_is_seen(name: str, path: str, value: Any) -> None:
    """Negative control: the naive simulation has one setting that is off."""
    other = changed(changed(BASE, CASES[name]), {f"blinding/{path}": value})
    with pytest.raises(TooFarApart):
        compared(name, {"blinding": other["blinding"]}).check()
