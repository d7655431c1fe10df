"""The Monte Carlo errors of a cell of a run, where trials that share a randomisation list are alike.

Every figure has a design effect of its own (see results.design_effect). A ratio of sums is made linear around
its value: what a trial, and so a tile, adds to it is a sum of what is kept of the tile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.engine.cells import HypothesisTest
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    COARSE_POINT,
    EARLY_EFFICACY,
    EARLY_FUTILITY,
    FAR_FOURTH,
    FINISHED,
    FINISHED_SQUARE,
    FUTILE,
    LAST,
    LATE_EFFICACY,
    NEITHER,
    PART_ERROR,
    PART_UNDEFINED,
    TILE_COVERED,
    TILE_FINISHED,
    TILE_FREE,
    TILE_SQUARE,
    TRIALS,
    Floats,
    Ints,
)
from planner.model.looks import MonitoringPlan
from planner.results.cells import Cell, EquivalenceFigures, EstimateFigures, LookFigures
from planner.results.design_effect import APPROXIMATE, approximate, design_effect, within_blocks
from planner.results.error_moments import FEWEST, ErrorMoments
from planner.results.figures import Figure, widen
from planner.results.scaled_figures import widened

_ROUNDING = 1e-9  # relative to squares, a variance that is none
_EVERY = (EARLY_EFFICACY, EARLY_FUTILITY, LATE_EFFICACY, NEITHER)
_PARTS = ((EARLY_EFFICACY, EARLY_FUTILITY), (EARLY_EFFICACY,), (EARLY_FUTILITY,))
"""Ways to end of trials that stop early: at all, for efficacy, for futility."""


def widen_cell(
    cell: Cell,
    block: Sequence[int],
    test: HypothesisTest,
    looks: MonitoringPlan,
    ends: Ints,
    free: Ints,
    irregular: Ints,
    between: Ints,
) -> Cell:
    """A cell whose Monte Carlo errors allow for the randomisation list that the trials of a tile share.

    As it is where every look ends with a block. ends i64[look, ENDS, SUMS], free i64[look, 2], irregular
    i64[look, IRREGULAR] and between i64[sum, sum] are the cell's tallies. block: as Plan.block.
    """
    trials = int(ends[..., TRIALS].sum())
    if not within_blocks(block, looks.counts):
        return cell
    wide = _Tallies(test, looks, ends, free, irregular, between).widen(cell)
    if approximate(block, looks.counts, trials):
        wide = replace(wide, note=" ".join(filter(None, (wide.note, APPROXIMATE))))
    return wide


class _Tallies:
    """The tallies of a cell, and the design effects that they give."""

    def __init__(
        self,
        test: HypothesisTest,
        looks: MonitoringPlan,
        ends: Ints,
        free: Ints,
        irregular: Ints,
        between: Ints,
    ) -> None:
        self.cut = bool(irregular[:, FAR_FOURTH].any())
        self.test, self.looks, self.ends = test, looks, ends
        self.efficacy = looks.efficacy
        self.free = int(free.sum())
        self.between = between.astype(np.float64)
        self.count = ends[..., TRIALS]
        self.trials = int(self.count.sum())
        self.last = len(looks.counts) - 1
        self.effects: list[float] = []

    def widen(self, cell: Cell) -> Cell:
        """Every figure with its own effect."""
        early = np.zeros(self.count.shape)
        early[: self.last] = 1.0
        undefined = self._tail({PART_UNDEFINED + way: 1.0 for way in _EVERY})
        ignoring = cell.power_ignoring_futility
        wide = replace(
            cell,
            power=self._rate(cell.power, self._at(slice(None), self.efficacy)),
            equivalence=cell.equivalence and self._equivalence(cell.equivalence),
            stopped_early=self._rate(cell.stopped_early, early),
            looks=tuple(self._look(look, k) for k, look in enumerate(cell.looks)),
            expected_patients=self._patients(cell.expected_patients),
            expected_completers=self._completers(cell.expected_completers),
            estimate=self._estimate(cell.estimate),
            undefined=self._share(cell.undefined, undefined),
            power_ignoring_futility=ignoring and self._share(ignoring, self._tail({TILE_FREE: 1.0})),
        )
        largest = max(self.effects, default=1.0)
        if largest <= 1.0:
            return wide
        wide = replace(wide, scaled=wide.scaled and widened(wide.scaled, math.sqrt(largest)))
        note = (
            "Monte Carlo errors allow for the randomisation list that 128 trials share "
            f"(variance up to x {largest:.2f})."
        )
        return replace(wide, note=" ".join(filter(None, (cell.note, note))))

    # What a trial adds to a figure, as weights f64[sum] of what is kept of it

    def _tail(self, weights: dict[int, float], counts: Floats | None = None) -> Floats:
        """Of the sums of all trials by their place; counts f64[look, ENDS] of the trials by how they end."""
        vector = np.zeros(len(self.between))
        first = 1 + self.count.size
        if counts is not None:
            vector[1:first] = counts.ravel()
        for place, weight in weights.items():
            vector[first + place] = weight
        return vector

    def _at(self, look: int | slice, end: int | list[int]) -> Floats:
        """f64[look, ENDS] 1 there, 0 elsewhere."""
        weights = np.zeros(self.count.shape)
        weights[look, end] = 1.0
        return weights

    def _ending(self, ways: Sequence[int]) -> Floats:
        """f64[look, ENDS] 1 where trials end in one of these ways."""
        weights = np.zeros(self.count.shape)
        for way in ways:
            if way == EARLY_EFFICACY:
                weights[: self.last, self.efficacy] = 1.0
            elif way == EARLY_FUTILITY:
                weights[:, FUTILE] = 1.0
            elif way == LATE_EFFICACY:
                weights[self.last :, self.efficacy] = 1.0
            else:
                weights[:, LAST] = 1.0
                weights[:, [end for end in (ABOVE, BELOW) if end not in self.efficacy]] = 1.0
        return weights

    def _less(self, weights: Floats, each: float, ways: Sequence[int]) -> Floats:
        """The weights less `each` for every trial with an estimate that ends in one of these ways."""
        more = {PART_UNDEFINED + way: each for way in ways}
        return weights + self._tail(more, -each * self._ending(ways))

    # Their effects

    def _effect(self, weights: Floats, alone: float, kurtosis: float) -> float:
        """Of a figure to which a trial adds the weighted sum, `alone` with this variance."""
        tiles = int(self.between[0, 0])
        if tiles < 2:
            return 1.0
        total = float(weights @ self.between[0])
        # Around their mean, so that nothing is lost to rounding.
        around = self.between - np.outer(self.between[0], self.between[0]) / tiles
        squares = float(weights @ around @ weights) + total * total / tiles
        effect = design_effect(tiles, total, squares, alone, self.trials, kurtosis)
        self.effects.append(effect)
        return effect

    def _rate(self, figure: Figure, counts: Floats) -> Figure:
        return self._share(figure, self._tail({}, counts))

    def _share(self, figure: Figure, weights: Floats) -> Figure:
        """A share of all trials."""
        p = figure.estimate
        alone = p * (1.0 - p)
        return widen(figure, math.sqrt(self._effect(weights, alone, _of_rate(p))))

    def _equivalence(self, figures: EquivalenceFigures) -> EquivalenceFigures:
        equivalent = self._at(slice(None), ABOVE)
        return EquivalenceFigures(
            equivalent=self._rate(figures.equivalent, equivalent),
            not_equivalent=self._rate(figures.not_equivalent, 1.0 - equivalent),
            different=self._rate(figures.different, self._at(slice(None), BELOW)),
        )

    def _look(self, look: LookFigures, k: int) -> LookFigures:
        return replace(
            look,
            efficacy=self._rate(look.efficacy, self._at(k, self.efficacy)),
            futility=self._rate(look.futility, self._at(k, FUTILE)),
        )

    def _patients(self, figure: Figure) -> Figure:
        at = np.zeros(self.count.shape)
        at[: self.last + 1] = np.array(self.looks.counts)[:, None]
        mean = float((self.count * at).sum()) / self.trials
        alone = float((self.count * (at - mean) ** 2).sum()) / self.trials
        return self._mean(figure, self._tail({}, at), alone)

    def _completers(self, figure: Figure) -> Figure:
        mean = float(self.ends[..., FINISHED].sum()) / self.trials
        alone = float(self.ends[..., FINISHED_SQUARE].sum()) / self.trials - mean * mean
        alone = alone if alone > _ROUNDING * mean * mean else 0.0
        return self._mean(figure, self._tail({TILE_FINISHED: 1.0}), alone)

    def _mean(self, figure: Figure, weights: Floats, alone: float) -> Figure:
        early = float(self.count[: self.last].sum()) / self.trials
        return widen(figure, math.sqrt(self._effect(weights, alone, _of_rate(early))))

    def _estimate(self, figures: EstimateFigures) -> EstimateFigures:
        """All figures of the estimate."""
        every = ErrorMoments.of(self.ends, 1.0, self.cut)
        if every.n == 0:
            return figures
        spread, of_truth = self._of_mean(_EVERY), self.test.truth.mcse
        early_stop, early_efficacy, futility = (self._of_mean(ways) for ways in _PARTS)
        around, about = self._spreads(figures, every)
        coverage, wrong_sign = self._shares(figures, every.n)
        return replace(
            figures,
            mean_mcse=_times(figures.mean_mcse, spread),
            bias_mcse=_around(figures.bias_mcse, of_truth, spread),
            empirical_se_mcse=_times(figures.empirical_se_mcse, around),
            rmse_mcse=_times(figures.rmse_mcse, about),
            coverage=coverage,
            bias_given_early_stop_mcse=_around(figures.bias_given_early_stop_mcse, of_truth, early_stop),
            bias_given_early_efficacy_mcse=_around(
                figures.bias_given_early_efficacy_mcse, of_truth, early_efficacy
            ),
            bias_given_futility_mcse=_around(figures.bias_given_futility_mcse, of_truth, futility),
            exaggeration_given_efficacy_mcse=self._exaggeration(figures.exaggeration_given_efficacy_mcse),
            wrong_sign=wrong_sign,
        )

    def _exaggeration(self, mcse: float | None) -> float | None:
        """Of the mean estimate of the significant trials, over the true effect."""
        if mcse is None:
            return None
        truth = self.test.truth
        effect = self._of_mean((EARLY_EFFICACY, LATE_EFFICACY))
        return _around(mcse, truth.mcse / abs(truth.effect), effect)

    def _of_mean(self, ways: Sequence[int]) -> float:
        """The effect on the mean error of the trials that end in one of these ways."""
        among = self.ends[self._ending(ways) > 0.0]
        some = ErrorMoments.of(among, COARSE_POINT)
        if some.mean is None or some.n < FEWEST:
            return 1.0
        weights = self._less(self._tail({PART_ERROR + way: 1.0 for way in ways}), some.mean, ways)
        alone = some.variance * some.n / self.trials
        alone = 0.0 if some.coarse else alone
        return self._effect(weights, alone, 3.0 * self.trials / some.n - 3.0)

    def _spreads(self, figures: EstimateFigures, every: ErrorMoments) -> tuple[float, float]:
        """The effects on the SD around the bias, and on the root mean square error; 1 on what is unknown."""
        share = every.n / self.trials
        mean, sd, square = every.mean or 0.0, every.sd or 0.0, every.square
        errors = {PART_ERROR + way: -2.0 * mean for way in _EVERY}
        around = self._less(
            self._tail(errors | {TILE_SQUARE: 1.0}), (sd * sd - mean * mean) * COARSE_POINT, _EVERY
        )
        about = self._less(self._tail({TILE_SQUARE: 1.0}), square * COARSE_POINT, _EVERY)

        def effect(mcse: float | None, weights: Floats, variance: float) -> float:
            return 1.0 if mcse is None else self._effect(weights, variance * COARSE_POINT**2 * share, 12.0)

        return (
            effect(figures.empirical_se_mcse, around, every.central_variance),
            effect(figures.rmse_mcse, about, every.square_variance),
        )

    def _shares(self, figures: EstimateFigures, defined: int) -> tuple[Figure | None, Figure | None]:
        """Coverage, and the wrong sign among the significant trials."""
        share, coverage, wrong = defined / self.trials, figures.coverage, figures.wrong_sign
        if coverage is not None:
            c = coverage.estimate
            weights = self._less(self._tail({TILE_COVERED: 1.0}), c, _EVERY)
            effect = self._effect(weights, c * (1.0 - c) * share, _of_rate(c))
            coverage = widen(coverage, math.sqrt(effect))
        if wrong is not None:
            p = wrong.estimate
            side = BELOW if self.test.truth.effect > 0.0 else ABOVE
            counts = self._at(slice(None), side) - p * self._at(slice(None), self.efficacy)
            among = float(self.count[:, self.efficacy].sum()) / self.trials
            effect = self._effect(self._tail({}, counts), p * (1.0 - p) * among, _of_rate(p * among))
            wrong = widen(wrong, math.sqrt(effect))
        return coverage, wrong


def _of_rate(p: float) -> float:
    """Excess kurtosis of an event of this probability."""
    return 1.0 / (p * (1.0 - p)) - 6.0 if 0.0 < p < 1.0 else 0.0


def _times(mcse: float | None, effect: float) -> float | None:
    return None if mcse is None else mcse * math.sqrt(effect)


def _around(mcse: float | None, of_truth: float, effect: float) -> float | None:
    """A standard error that has that of the true effect in it, which no list has a part in."""
    if mcse is None:
        return None
    return math.hypot(math.sqrt(max(mcse * mcse - of_truth * of_truth, 0.0) * effect), of_truth)
