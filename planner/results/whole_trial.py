"""A trial with several primary analyses as one trial: in how many is any significant, in how many all.

Each analysis is counted at its own stop, as if it were the only one: it is not stated which of them ends the
trial, so that there are no looks and no expected patients of the whole. The family-wise error is the chance
that at least one null hypothesis that is true is rejected.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from planner.engine.cells import Cells, primaries
from planner.engine.tally import Tally
from planner.kernels.tables import ALL, ANY, COUNT, FALSE_ALARM, TILES, WHOLE, WHOLE_SQUARE, Ints
from planner.results.between_draws import Bools
from planner.results.cells import Cell, WholeTrial
from planner.results.cluster_errors import spread
from planner.results.design_effect import APPROXIMATE, approximate, design_effect, within_blocks
from planner.results.figures import Figure, probability, widen
from planner.scenario.scenario import Scenario

NO_PROCEDURE = (
    "No procedure for several primary analyses is planned: each is tested at its full alpha, and counted at "
    "its own stop."
)


def whole_trials(
    scenario: Scenario,
    about: Cells,
    tally: Tally,
    cells: Sequence[Cell],
    variants: Sequence[tuple[Tally, Bools]] = (),
) -> list[WholeTrial]:
    """One for each hypothesis and number of patients, in order of the cells.

    cells: of all hypotheses, analyses and numbers of patients. variants: of a run over uncertain numbers the
    tally of each, and which null hypotheses are true in it, bool (hypothesis, analysis).
    """
    places = primaries(scenario)
    designs, analyses = len(about.designs), len(scenario.analyses)
    trials = []
    for h in range(len(about.tests)):
        false = _any_true(about, h, variants, places)
        for d in range(designs):
            own = [cells[(h * analyses + a) * designs + d] for a in places]
            trial = WholeTrial(
                hypothesis=own[0].hypothesis,
                patients=own[0].patients,
                analyses=tuple(cell.analysis for cell in own),
                any=own[0].power,  # with one analysis all three are its power
                all=own[0].power,
                familywise_error=own[0].power if false else None,
                note=_note(about, d, tally, bool(variants)) if len(own) > 1 else "",
            )
            if about.primary:
                figures = [_figure(about, tally, h, d, kind, variants) for kind in (ANY, ALL, FALSE_ALARM)]
                trial = replace(
                    trial, any=figures[0], all=figures[1], familywise_error=figures[2] if false else None
                )
            trials.append(trial)
    return trials


def _note(about: Cells, d: int, tally: Tally, averaged: bool) -> str:
    few = not averaged and approximate(about.block, _counts(about, d), tally.trials)
    return f"{NO_PROCEDURE} {APPROXIMATE}" if few else NO_PROCEDURE


def _any_true(about: Cells, h: int, variants: Sequence[tuple[Tally, Bools]], places: Sequence[int]) -> bool:
    """Whether any null hypothesis is true, in any variant: else there is no error to be made."""
    if variants:
        return any(bool(null[h][list(places)].any()) for _, null in variants)
    return any(about.tests[h][a].truth.is_null for a in places)


def _figure(
    about: Cells, tally: Tally, h: int, d: int, kind: int, variants: Sequence[tuple[Tally, Bools]]
) -> Figure:
    """The share of trials in which any, or all, are significant, or any false alarm is."""
    sums = tally.joint[h, d, kind]
    figure = probability(int(sums[COUNT]), tally.trials)
    if variants:
        counts = [each.joint[h, d, kind, COUNT] for each, _ in variants]
        return spread(figure, counts, [each.trials for each, _ in variants])
    if within_blocks(about.block, _counts(about, d)):
        return widen(figure, math.sqrt(_effect(sums, tally.trials)))
    return figure


def _counts(about: Cells, d: int) -> list[int]:
    """Patients at every look of every analysis."""
    return sorted({m for a in about.primary for m in about.tests[0][a].looks[d].counts})


def _effect(sums: Ints, trials: int) -> float:
    """Variance of a count relative to that of independent trials (see planner.results.design_effect)."""
    p = int(sums[COUNT]) / trials
    alone = p * (1.0 - p)
    tiles, total, squares = (int(sums[k]) for k in (TILES, WHOLE, WHOLE_SQUARE))
    return design_effect(tiles, total, squares, alone, trials, 1.0 / alone - 6.0 if alone > 0.0 else 0.0)
