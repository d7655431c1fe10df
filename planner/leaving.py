"""How patients leave, to the tables of planner.kernels.leaving.

    odds of leaving = odds of the stated probability x product of odds ratios
                    = p / (1 - p) x 2^(sum over drivers of slope x (number - zero))

What a treatment contributes is known before the trial and goes into the probability; drivers are read of each
patient in the period just finished.
"""

from __future__ import annotations

import math

import numpy as np

from planner.kernels.tables import PERCENT, Floats, Leaving
from planner.scenario import Scenario
from planner.scenario_leaving import IMPROVEMENT_STEP, OddsRatios
from planner.truth import settled

Row = tuple[float, ...]
"""A reading for the kernels: (kind, visit, share, cut)."""

_FULL = 100.0  # percent: improvement and worsening count up to as much as the baseline itself
ALIKE = Leaving(np.zeros((0, 0)), np.zeros((0, 8)))
"""Everybody leaves with the probability of the plan."""


def odds_ratios(scenario: Scenario) -> OddsRatios | None:
    """What the odds of leaving depend on; None if they depend on nothing, or there is no gap to leave in."""
    found = scenario.population.dropout.odds_ratio
    return found if scenario.design.periods > 1 else None


def informative(scenario: Scenario) -> bool:
    """Whether different patients leave under different hypotheses or treatments."""
    return odds_ratios(scenario) is not None


def reads_scores(scenario: Scenario) -> bool:
    """Whether leaving depends on what is measured on the endpoint's day."""
    found = odds_ratios(scenario)
    return found is not None and (found.improvement is not None or found.outcome is not None)


def chance_table(scenario: Scenario) -> Floats:
    """(sequence, period): chance of leaving before the period, where no driver acts."""
    design, dropout = scenario.design, scenario.population.dropout
    found = odds_ratios(scenario)
    ratio = found.treatment if found is not None else {}
    table = np.zeros((len(design.sequences), design.periods))
    for s, sequence in enumerate(design.sequences):
        table[s, 0] = dropout.before_first
        for k in range(1, design.periods):
            table[s, k] = _at_odds(dropout.per_period[k - 1], ratio.get(sequence[k - 1], 1.0))
    return table


def _at_odds(p: float, ratio: float) -> float:
    """The probability whose odds are those of p times the ratio."""
    return p if ratio == 1.0 or p in (0.0, 1.0) else p * ratio / (1.0 - p + p * ratio)


def leaving(scenario: Scenario, outcome: Row, visit: int) -> Leaving:
    """Tables of a scenario's dropout.

    `outcome`: the endpoint as a reading; `visit`: the number of the endpoint's day.
    """
    found = odds_ratios(scenario)
    if found is None:
        return ALIKE
    rows: list[Row] = []
    if found.improvement is not None:  # percent change is negative where the score has improved
        slope = -_log2(found.improvement) / IMPROVEMENT_STEP
        rows.append((PERCENT, visit, 0.0, 0.0, slope, 0.0, -_FULL, _FULL))
    if found.outcome is not None:
        slope = _log2(found.outcome.ratio) / found.outcome.per
        rows.append((*outcome, slope, found.outcome.around, -math.inf, math.inf))
    return Leaving(chance_table(scenario), np.array(rows, np.float64).reshape(-1, 8))


def _log2(ratio: float) -> float:
    return settled(math.log2(ratio))
