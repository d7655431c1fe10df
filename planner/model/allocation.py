"""How patients are allocated to sequences, and which share of them stays to the end."""

from __future__ import annotations

import math

import numpy as np

from planner.kernels.tables import (
    Plan,
)
from planner.model.dropout import is_informative
from planner.scenario.scenario import Scenario


def allocation_plan(scenario: Scenario) -> Plan:
    """How patients are allocated, and how likely they drop out before each period."""
    design, dropout = scenario.design, scenario.population.dropout
    unit = [s for s, n in enumerate(design.allocation) for _ in range(n)]
    leave = [dropout.before_first, *dropout.per_period]
    return Plan(np.array(unit * design.block, np.int64), np.array(leave[: design.periods], np.float64))


def retention(scenario: Scenario) -> float | None:
    """Chance that a randomised patient completes every period; None where only a simulation can find it."""
    if is_informative(scenario):
        return None
    return math.prod(1.0 - float(p) for p in allocation_plan(scenario).leave)
