"""Observed rates and means whose weights are known by enumeration, for tests of weighing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from planner.questions.weigh.weigh import weigh
from planner.scenario.reading.read import read_text

RATES = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 30
[endpoint]
measure = "response"
[hypotheses.blocked]
rates = { A = 0.6, B = 0.05 }
discordant = { A = 0.56, B = 0.01 }
[hypotheses.half]
rates = { A = 0.55, B = 0.3 }
discordant = { A = 0.3, B = 0.05 }
[hypotheses.nothing]
rates = { A = 0.4, B = 0.4 }
discordant = { A = 0.1, B = 0.1 }
"""
CELLS = {  # of RATES, by hand: (responds to A, responds to B)
    "blocked": {(1, 1): 0.04, (1, 0): 0.56, (0, 1): 0.01, (0, 0): 0.39},
    "half": {(1, 1): 0.25, (1, 0): 0.30, (0, 1): 0.05, (0, 0): 0.40},
    "nothing": {(1, 1): 0.3, (1, 0): 0.1, (0, 1): 0.1, (0, 0): 0.5},
}


def rows(text: str, *settings: str, **options: Any) -> dict[str, dict[str, Any]]:
    found = weigh(read_text(text, set=settings), **options)
    return {row["hypothesis"]: row for row in found.to_json()["hypotheses"]}


def likelihoods(text: str, *settings: str, **options: Any) -> dict[str, float]:
    return {name: row["likelihood"]["estimate"] for name, row in rows(text, *settings, **options).items()}


def parallel(text: str, setting: str) -> dict[str, Any]:
    """Rows of the scenario with one period; no analysis is needed to weigh its result."""
    scenario = read_text(text, set=[setting])
    population = scenario.population.model_copy(update={"period_effect": (0.0,)})
    design = scenario.design.model_copy(update={"sequences": (("A",), ("B",))})
    changed = scenario.model_copy(update={"design": design, "population": population})
    return {row["hypothesis"]: row["likelihood"] for row in weigh(changed).to_json()["hypotheses"]}


def worst_z(claimed: Any, right: Any) -> float:
    """The largest distance of claimed and true shares in ten bins of the claims, in standard errors."""
    p, x = claimed.ravel(), right.ravel()
    found = []
    for low in np.arange(0.0, 1.0, 0.1):
        here = (p >= low) & (p < low + 0.1 + 1e-12)
        if here.sum() >= 50:
            error = math.sqrt(float((p[here] * (1 - p[here])).sum()) + 1e-9)
            found.append(abs(float(x[here].sum() - p[here].sum())) / error)
    return max(found)
