"""Monte Carlo errors of ratios and of second stages: the spread of the figures over many seeds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

import planner
from planner.results.cells import Cell
from planner.results.figures import Figure
from tests.support.two_stage_scenarios import scenario

pytestmark = pytest.mark.long

SEEDS, TRIALS = 150, 1_024


@cache
def cells() -> tuple[Cell, ...]:
    asked = scenario("potvin-b", first=12, cv=0.25, ratio=0.95, most=60, dropout=0.1)
    return tuple(planner.simulate(asked, trials=TRIALS, seed=seed).cells()[0] for seed in range(SEEDS))


def _stages(name: str) -> Callable[[Cell], Figure]:
    return lambda cell: getattr(cell.two_stage, name)


FIGURES: dict[str, Callable[[Cell], Figure]] = {
    "power": lambda cell: cell.power,
    "expected patients": lambda cell: cell.expected_patients,
    "expected completers": lambda cell: cell.expected_completers,
    "stage one": _stages("stage_one"),
    "stage two": _stages("stage_two"),
    "futility": _stages("futility"),
    "mean ratio": lambda cell: Figure(cell.estimate.mean or 0.0, cell.estimate.mean_mcse),
    "bias in per cent": lambda cell: Figure(cell.estimate.bias or 0.0, cell.estimate.bias_mcse),
    "SD of logarithms": lambda cell: Figure(
        cell.as_analysed.empirical_se or 0.0, cell.as_analysed.empirical_se_mcse
    ),
}


@pytest.mark.parametrize("name", FIGURES)
def test_errors_are_the_spread_over_seeds(name: str) -> None:
    figures = [FIGURES[name](cell) for cell in cells()]
    spread = np.std([each.estimate for each in figures], ddof=1)
    stated = np.mean([each.error for each in figures])
    # the spread of 150 numbers is known to 6 per cent, three times which may be chance
    assert 0.8 < spread / stated < 1.2


def test_half_an_error_is_seen() -> None:
    """Negative control."""
    figures = [cell.power for cell in cells()]
    spread = np.std([each.estimate for each in figures], ddof=1)
    assert not 0.8 < spread / np.mean([0.5 * each.error for each in figures]) < 1.2
