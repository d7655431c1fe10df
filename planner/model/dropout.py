"""Dropout to the tables of planner.kernels.generate.dropout.

    odds of dropout = odds of the stated probability x product of odds ratios
                    = p / (1 - p) x 2^(sum over drivers of slope x (number - zero))

What a treatment contributes is known before the trial and goes into the probability; drivers are read of each
patient in the period just finished.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from planner.kernels.tables import PERCENT, SCORE, DropoutTables, Floats
from planner.monitoring.numerics import to_12_digits
from planner.scenario.design import ReturnToBaseline
from planner.scenario.dropout import IMPROVEMENT_STEP, Driver, OddsRatios
from planner.scenario.scenario import Scenario

Row = tuple[float, ...]
"""A reading for the kernels: (kind, visit, share, cut)."""

_FULL = 100.0  # percent: improvement and worsening count up to as much as the baseline itself
SAME_FOR_ALL = DropoutTables(np.zeros((0, 0)), np.zeros((0, 8)))
"""Everybody drops out with the probability of the plan."""


def odds_ratios(scenario: Scenario) -> OddsRatios | None:
    """What the odds of dropout depend on; None if on nothing, or if there is no gap between periods."""
    ratios = scenario.population.dropout.odds_ratio
    return ratios if scenario.design.periods > 1 else None


def return_rule(scenario: Scenario) -> ReturnToBaseline | None:
    """The rule that patients return to their baseline, where it can act: between periods."""
    rule = scenario.design.return_to_baseline
    return rule if scenario.design.periods > 1 else None


def is_informative(scenario: Scenario) -> bool:
    """Whether dropout is informative: other patients leave under other hypotheses or treatments."""
    return odds_ratios(scenario) is not None or return_rule(scenario) is not None


def dropout_outcomes(scenario: Scenario) -> list[str]:
    """The outcomes on which dropout depends: names of secondary outcomes, "" for the endpoint."""
    ratios = odds_ratios(scenario)
    if ratios is None:
        return []
    scores = ratios.improvement is not None or ratios.endpoint is not None
    return [*([""] if scores else []), *ratios.outcomes]


def chance_table(scenario: Scenario) -> Floats:
    """(sequence, period): chance of dropping out before the period, where no driver acts."""
    design, dropout = scenario.design, scenario.population.dropout
    ratios = odds_ratios(scenario)
    ratio = ratios.treatment if ratios is not None else {}
    table = np.zeros((len(design.sequences), design.periods))
    for s, sequence in enumerate(design.sequences):
        table[s, 0] = dropout.before_first
        for k in range(1, design.periods):
            table[s, k] = _times_odds(dropout.per_period[k - 1], ratio.get(sequence[k - 1], 1.0))
    return table


def _times_odds(p: float, ratio: float) -> float:
    """The probability whose odds are those of p times the ratio."""
    return p if ratio == 1.0 or p in (0.0, 1.0) else p * ratio / (1.0 - p + p * ratio)


def dropout_tables(scenario: Scenario, row: Callable[[str], Row]) -> DropoutTables:
    """Tables of a scenario's dropout; `row`: the reading of an outcome that the odds depend on."""
    if not is_informative(scenario):
        return SAME_FOR_ALL
    ratios = odds_ratios(scenario) or OddsRatios()
    rows: list[Row] = []
    if ratios.improvement is not None:  # percent change is negative where the score has improved
        slope = -_log2(ratios.improvement) / IMPROVEMENT_STEP
        rows.append((PERCENT, row("")[1], 0.0, 0.0, slope, 0.0, -_FULL, _FULL))
    if ratios.endpoint is not None:
        rows.append((*row(""), *_driver_terms(ratios.endpoint)))
    for name, driver in ratios.outcomes.items():
        rows.append((*row(name), *_driver_terms(driver)))
    return DropoutTables(chance_table(scenario), np.array(rows, np.float64).reshape(-1, 8))


def dropout_by_stored(scenario: Scenario, at: int) -> DropoutTables:
    """Tables of dropout for families that store one number of a period: in reading `at`, or nowhere (-1)."""
    return dropout_tables(scenario, lambda _: (SCORE, at, 0.0, 0.0)) if at >= 0 else SAME_FOR_ALL


def _driver_terms(driver: Driver) -> Row:
    """log2 of the factor for each unit of a number, from where it counts, and its range."""
    return _log2(driver.ratio) / driver.per, driver.around, -math.inf, math.inf


def _log2(ratio: float) -> float:
    return to_12_digits(math.log2(ratio))
