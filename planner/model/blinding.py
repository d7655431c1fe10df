"""What patients guess after each period, to the tables of planner.kernels.generate.blinding.

A guess comes after the secondary outcomes of its period and before the improvement: it decides which of two
rows of coefficients the period's dose has, for as long as anything of it is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from planner.kernels.tables import BlindingTables, Floats
from planner.model.draw_list import DrawList
from planner.monitoring.numerics import to_12_digits
from planner.scenario.scenario import Scenario

INACTIVE, ACTIVE = False, True
NO_GUESSES = BlindingTables(
    np.zeros(0), np.zeros(2, np.int64), np.zeros(0, np.int64), np.zeros((0, 0, 0, 0, 0))
)


def depends_on_guess(scenario: Scenario) -> bool:
    """Whether anything but the guess itself depends on it."""
    return scenario.blinding is not None and scenario.blinding.expectancy is not None


def possible_guesses(scenario: Scenario) -> tuple[bool | None, ...]:
    """What a treatment may be taken for, as far as anything depends on it."""
    return (INACTIVE, ACTIVE) if depends_on_guess(scenario) else (None,)


def active_treatments(scenario: Scenario) -> dict[str, bool]:
    """Which treatments of the design are active."""
    agents = scenario.blinding.active if scenario.blinding is not None else ()
    return {a: any(has_agent(scenario, a, agent) for agent in agents) for a in scenario.design.treatments}


def guessing_table(
    scenario: Scenario, outcomes: Sequence[str], draws: DrawList, ago: Sequence[int], informed: Floats | None
) -> BlindingTables:
    """The table; `outcomes`: the secondary outcomes that are read, in order.

    ago: periods since the dose that raised each feature; informed: coefficients of the doses that were taken
    for active ones, None where they do not differ.
    """
    blinding = scenario.blinding
    if blinding is None:
        return NO_GUESSES
    stated = (blinding.intercept, blinding.slope, blinding.slope_from_previous)
    read = 2 * outcomes.index(blinding.outcome) if blinding.outcome else -1
    return BlindingTables(
        odds=np.array([to_12_digits(x / math.log(2.0)) for x in stated]),
        rows=np.array([draws.guesses(scenario.design.periods), read], np.int64),
        ago=np.array(ago, np.int64),
        coef=NO_GUESSES.coef if informed is None else informed,
    )


def has_agent(scenario: Scenario, treatment: str, agent: str) -> bool:
    """Whether a treatment contains an agent."""
    return any(each.agent == agent for each in scenario.treatments[treatment].agents)
