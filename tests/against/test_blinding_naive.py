"""Guesses and what follows from them, against a plain NumPy simulation.

Readings are compared with those of `naive_terms.py` by sequence and period, the guess among them, so that a
score that does not follow its own guess, or that of an earlier period, shows in the products.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from planner.kernels.tables import W
from planner.model.readings import GUESS, Reading
from tests.support import naive_terms
from tests.support.blinded_cases import CASES
from tests.support.harness import Comparison, TooFarApart
from tests.support.mechanism_cases import (
    BASE,
    LIMIT,
    PATIENTS,
    Json,
    changed,
    compare_moments,
    generated,
    scenario,
)


def compared(name: str, change: Json | None = None) -> Comparison:
    """Generated readings and the naive ones; `change`: settings of the naive twin only."""
    trial, other = scenario(CASES[name]), scenario(CASES[name] | (change or {}))
    days = list(trial.design.assessment_days)
    measures = ("score", "change") if trial.endpoint.baseline == "period" else ("score",)
    readings = [Reading(measure, day) for measure in measures for day in days]
    readings += [GUESS, Reading("score", 0.0, "dissociation")]
    names, sequences = list(trial.hypotheses), trial.design.sequences
    tiles = -(-PATIENTS * len(sequences) // (trial.design.patients * W))
    order, values = generated(trial, names, readings, tiles)
    rng = np.random.default_rng(9)
    comparison = Comparison(limit=LIMIT, title=name)
    for h, hypothesis in enumerate(names):
        for s, sequence in enumerate(sequences):
            found = (
                values[:, :, h][order == s].transpose(0, 3, 1, 2).reshape(-1, len(readings), len(sequence))
            )
            course = naive_terms.course(other, hypothesis, sequence, PATIENTS, days, rng)
            wanted = np.stack([course.reading(other, *reading) for reading in readings], axis=1)
            columns = [
                f"{r.outcome} {r.measure}, day {r.day:g}, period {k + 1}"
                for r in readings
                for k in range(len(sequence))
            ]
            both = (each.reshape(len(each), -1) for each in (found, wanted))
            compare_moments(comparison, f"{hypothesis}, {' '.join(sequence)}", columns, *both)
    return comparison


@pytest.mark.parametrize("name", CASES)
def test_readings(name: str) -> None:
    compared(name).check()


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("guess sets the cue", "intercept", -1.35),
        ("guess sets the cue", "slope", 0.135),
        ("guess sets the cue", "slope_from_previous", 0.0),
        ("guess sets the cue", "expectancy/if_inactive", 0.25),
        ("guess multiplies the cue", "expectancy/combine", "replace"),
        ("what is left follows the guess of its period", "slope", 0.13),
        ("what is left follows the guess of its period", "expectancy/if_active", 0.93),
    ],
)
def test_a_setting_that_is_off_is_seen(name: str, path: str, value: Any) -> None:
    """Negative control: the naive simulation has one setting that is off."""
    other = changed(changed(BASE, CASES[name]), {f"blinding/{path}": value})
    with pytest.raises(TooFarApart):
        compared(name, {"blinding": other["blinding"]}).check()
