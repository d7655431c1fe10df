"""A crossover trial whose size is known, and the answer of `size`, for tests."""

from __future__ import annotations

from typing import Any

from planner.questions.size.result import Sizing
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import scenario_text

SD = {"sd_within": 1.0, "sd_between": 1.0}


def trial(effects: Any = (1.0,), **settings: Any) -> Scenario:
    """A crossover trial with a hypothesis for each effect, in SDs within patients."""
    hypotheses = {f"{effect:g}": {"means": {"A": float(effect), "B": 0.0}, **SD} for effect in effects}
    return read_text(scenario_text(**({"hypotheses": hypotheses} | settings)))


def answer(found: Sizing, target: float, **wanted: str) -> dict[str, Any]:
    wanted_too = {"target": target, **wanted}
    (row,) = [
        a for a in found.to_json()["answers"] if all(a[key] == value for key, value in wanted_too.items())
    ]
    return row
