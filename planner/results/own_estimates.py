"""Analyses of the user's own whose estimate is far from the true effect, in words: it may be no contrast."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.model.carryover import carries
from planner.results.cells import Cell
from planner.results.effect_scale import unit_of
from planner.results.number_text import plain
from planner.scenario.scenario import Scenario

_FAR = 5.0  # standard errors between mean and true effect beyond which it is another scale, or a large bias
_SHARE = 0.5  # of the true effect, likewise, where nothing is carried over
_CLEAR = 5.0  # Monte Carlo standard errors beyond which the bias is no chance
_ROUNDING = 1e-6


def on_other_scales(
    scenario: Scenario, cells: Sequence[Cell], called: Callable[[str], str] = str
) -> list[str]:
    """A sentence for each analysis of the user's own that is far off under some hypothesis: where most.

    `called`: what a hypothesis is called there. Analyses of planner estimate the contrast, and have none.
    """
    own = {each.name for each in scenario.analyses if each.own is not None}
    far: dict[str, list[tuple[float, Cell]]] = {}
    for cell in cells:
        if cell.analysis in own and (distance := _distance(scenario, cell)):
            far.setdefault(cell.analysis, []).append((distance, cell))
    worst = (max(rows, key=lambda row: row[0])[1] for rows in far.values())
    return [_sentence(scenario, cell, called) for cell in worst]


def _distance(scenario: Scenario, cell: Cell) -> float:
    """By how much the mean estimate misses the true effect; 0 where it does not clearly, or not by much."""
    about = cell.as_analysed
    effect = abs(unit_of(scenario, cell.analysis).analysed(cell.true_effect))
    if about.bias is None or about.empirical_se is None:
        return 0.0
    bias = abs(about.bias)
    if bias <= max(_CLEAR * (about.bias_mcse or 0.0), _ROUNDING * effect):
        return 0.0
    far = bias > _FAR * about.empirical_se
    if not far and (carries(scenario, cell.hypothesis) or bias <= _SHARE * effect):
        return 0.0
    return bias


def _sentence(scenario: Scenario, cell: Cell, called: Callable[[str], str]) -> str:
    unit = unit_of(scenario, cell.analysis)
    mean = plain((cell.estimate.mean or 0.0) * unit.factor, 3)
    truth = f"{plain(cell.true_effect * unit.factor, 3)} {unit.name}".rstrip()
    return (
        f"on average the estimate of {cell.analysis}, an analysis of your own, is {mean} under "
        f"{called(cell.hypothesis)}, where the true effect is {truth}: if it is not meant as that contrast "
        "in that unit, then its bias, RMSE, coverage, exaggeration and wrong signs mean nothing"
    )
