"""Figures of several variants of a scenario taken together, with errors that include the spread between them.

A figure is a ratio of sums over variants, each of which is a cluster of trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.engine.cells import HypothesisTest
from planner.engine.tally import Tally, column_sums
from planner.kernels.tables import (
    ABOVE,
    AGAIN,
    BELOW,
    COVERED,
    ERROR,
    FAR,
    FINISHED,
    FIXED_POINT,
    FUTILE,
    IN_VAIN,
    MADE,
    NO_TEST,
    RANDOMISED,
    RIGHT,
    SQUARE,
    THERE,
    TRIALS,
    UNDEFINED,
    Floats,
    Ints,
)
from planner.model.scaled_tables import widest_limits
from planner.monitoring.numerics import to_12_digits
from planner.results.cells import (
    Cell,
    CorrectGuesses,
    Departures,
    EquivalenceFigures,
    EstimateFigures,
    Gap,
    LookFigures,
    ScaledFigures,
    Waiting,
)
from planner.results.cluster_errors import error, spread
from planner.results.effect_scale import Unit
from planner.results.figures import Figure, probability_among
from planner.results.scaled_figures import between_variants
from planner.results.two_stage_figures import between_variants as stages_between_variants
from planner.results.variant_figures import AGAINST_MARGINS, VariantPowers

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class VariantTallies:
    """What was simulated of the variants that were finished; axis 0 is the variant."""

    tallies: tuple[Tally, ...]
    effect: Floats  # (variant, hypothesis, analysis)
    null: Bools  # (variant, hypothesis, analysis)
    retention: tuple[float | None, ...]  # share of patients who complete; None where it is simulated
    numbers: tuple[int, ...] = ()  # of the variants, among all that could be drawn

    @property
    def trials(self) -> Ints:
        """(variant,)"""
        return np.array([each.trials for each in self.tallies], np.int64)

    def mean_effect(self, h: int, a: int) -> float:
        """The mean of the true effects, each by its number of trials."""
        return to_12_digits(float(np.average(self.effect[:, h, a], weights=self.trials)))


class VariantSums:
    """The sums of one analysis under one hypothesis, in all designs; axis 0 is the variant."""

    def __init__(self, drawn: VariantTallies, h: int, a: int) -> None:
        tallies = drawn.tallies
        self.n = drawn.trials
        self.ends = np.array([tally.ends[h, a] for tally in tallies])  # (variant, design, look, ENDS, SUMS)
        self.free = np.array([tally.free[h, a] for tally in tallies]).sum((2, 3))  # (variant, design)
        self.irregular = np.array([tally.irregular[h, a] for tally in tallies])
        self.parts = np.array([tally.parts[h, a] for tally in tallies])  # (variant, design, part)
        self.followed = np.array([tally.followed[h] for tally in tallies])
        self.guessed = np.array([tally.guessed[h] for tally in tallies]).sum(1)
        self.effect, self.null = drawn.effect[:, h, a], drawn.null[:, h, a]


class Clusters:
    """The variants of one cell, that of design d."""

    def __init__(self, sums: VariantSums, d: int, test: HypothesisTest, recheck_days: float | None) -> None:
        self.test, self.looks, self.recheck_days = test, test.looks[d], recheck_days
        self.n, self.effect, self.null = sums.n, sums.effect, sums.null
        self.ends, self.free, self.irregular = sums.ends[:, d], sums.free[:, d], sums.irregular[:, d]
        self.followed, self.guessed, self.parts = sums.followed, sums.guessed, sums.parts[:, d]
        self.efficacy = self.looks.efficacy
        self.significant: Ints = self.ends[:, :, self.efficacy, TRIALS].sum((1, 2))  # (variant,) trials

    def cell(self, pooled: Cell) -> Cell:
        """A cell of all trials together, with the errors of clusters; `uncertainty` comes of the powers."""
        count, n = self.ends[..., TRIALS], self.n
        early = len(self.looks.counts) - 1
        at = np.zeros(count.shape[1])
        at[: len(self.looks.counts)] = self.looks.counts
        finished = self.ends[..., FINISHED].sum((1, 2))
        wide = replace(
            pooled,
            true_effect_mcse=error(self.effect * n, n),
            power=spread(pooled.power, self.significant, n),
            equivalence=pooled.equivalence and self._equivalence(pooled.equivalence, count),
            stopped_early=spread(pooled.stopped_early, count[:, :early].sum((1, 2)), n),
            looks=tuple(self._look(each, count[:, k], k) for k, each in enumerate(pooled.looks)),
            expected_patients=spread(pooled.expected_patients, count.sum(2) @ at, n),
            expected_completers=spread(pooled.expected_completers, finished, n),
            estimate=self._estimate(pooled.estimate),
            undefined=spread(pooled.undefined, self.ends[..., UNDEFINED].sum((1, 2)), n),
            departures=self._departures(pooled.departures),
            power_ignoring_futility=spread(pooled.power_ignoring_futility, self.free, n),
            correct_guesses=self._guesses(pooled.correct_guesses),
            scaled=self._scaled(pooled.scaled),
        )
        if not self.test.two_stage:
            return wide
        stages = replace(wide, expected_patients=pooled.expected_patients)
        return stages_between_variants(stages, self.parts, self.ends, n)

    def _scaled(self, pooled: ScaledFigures | None) -> ScaledFigures | None:
        """What a rule with scaled limits rests on."""
        widest = widest_limits(self.test.analysis)
        if pooled is None or widest is None:
            return None
        return between_variants(pooled, self.parts, self.n, widest)

    def _equivalence(self, pooled: EquivalenceFigures, count: Ints) -> EquivalenceFigures:
        """count i64[variant, look, ENDS]"""
        return EquivalenceFigures(
            equivalent=spread(pooled.equivalent, self.significant, self.n),
            not_equivalent=spread(pooled.not_equivalent, self.n - self.significant, self.n),
            different=spread(pooled.different, count[..., BELOW].sum(1), self.n),
        )

    def powers(self, unit: Unit) -> VariantPowers:
        """What the variants show of themselves; `unit`: how effects are given."""
        return VariantPowers(self.significant, self.n, self.effect, self.null, self._tested, unit)

    @property
    def _tested(self) -> str:
        return self.looks.direction if self.looks.margins is None else AGAINST_MARGINS

    def _look(self, look: LookFigures, count: Ints, k: int) -> LookFigures:
        return replace(
            look,
            efficacy=spread(look.efficacy, count[:, self.efficacy].sum(1), self.n),
            futility=spread(look.futility, count[:, FUTILE], self.n),
            undefined=spread(look.undefined, self.irregular[:, k, NO_TEST], self.n),
        )

    def _departures(self, pooled: Departures | None) -> Departures | None:
        """Who left, where leaving depends on something."""
        if pooled is None or pooled.dropout is None:
            return pooled
        randomised, there = self.followed[:, :, -1, RANDOMISED], self.followed[:, :, -1, THERE]
        sequences, periods = self.followed.shape[1:3]
        places = [(s, k) for s in range(sequences) for k in range(1, periods)]
        return Departures(
            dropout=spread(pooled.dropout, (randomised - there).sum(1), randomised.sum(1)),
            leaving=tuple(self._gap(gap, s, k) for gap, (s, k) in zip(pooled.leaving, places, strict=True)),
        )

    def _gap(self, gap: Gap, s: int, k: int) -> Gap:
        """The gap before period k, from 0, of a sequence."""
        row, after = self.followed[:, s, k - 1], self.followed[:, s, k, THERE]
        before, waiting = row[:, THERE], gap.waiting
        if waiting is not None:
            waited = row[:, AGAIN] * (self.recheck_days or 0.0)
            waiting = Waiting(
                never_returned=spread(waiting.never_returned, row[:, IN_VAIN], before),
                extra_days=spread(waiting.extra_days, waited, after),
            )
        return replace(gap, left=spread(gap.left, before - after, before), waiting=waiting)

    def _guesses(self, pooled: CorrectGuesses | None) -> CorrectGuesses | None:
        """Who guesses right, where patients are asked."""
        if pooled is None:
            return None
        shares = [pooled.all, *pooled.by_treatment.values()]
        wide = [
            spread(share, self.guessed[:, i, RIGHT], self.guessed[:, i, MADE])
            for i, share in enumerate(shares)
        ]
        return CorrectGuesses(all=wide[0], by_treatment=dict(zip(pooled.by_treatment, wide[1:], strict=True)))

    def _estimate(self, pooled: EstimateFigures) -> EstimateFigures:
        """The estimate against the true effect of each variant."""
        early = len(self.looks.counts) - 1
        first, number, second = whole = self._errors(self.ends)
        early_stop = self._errors(self.ends[:, :early])[:2]
        early_efficacy = self._errors(self.ends[:, :early, self.efficacy])[:2]
        futility = self._errors(self.ends[:, :early, [FUTILE]])[:2]
        exaggeration, its_error = self._exaggeration(pooled.exaggeration_given_efficacy_mcse)
        return replace(
            pooled,
            mean_mcse=_larger(pooled.mean_mcse, first + self.effect * number, number),
            bias_mcse=_larger(pooled.bias_mcse, first, number),
            empirical_se_mcse=self._error_of_sd(pooled, whole),
            rmse_mcse=_of_root(pooled.rmse, pooled.rmse_mcse, second, number),
            coverage=spread(pooled.coverage, self.ends[..., COVERED].sum((1, 2)), number),
            bias_given_early_stop_mcse=_larger(pooled.bias_given_early_stop_mcse, *early_stop),
            bias_given_early_efficacy_mcse=_larger(pooled.bias_given_early_efficacy_mcse, *early_efficacy),
            bias_given_futility_mcse=_larger(pooled.bias_given_futility_mcse, *futility),
            exaggeration_given_efficacy=exaggeration,
            exaggeration_given_efficacy_mcse=its_error,
            wrong_sign=self._wrong_sign(),
            beyond_range=spread(pooled.beyond_range, self.irregular[:, :, FAR].sum(1), number),
        )

    def _errors(self, ends: Ints) -> tuple[Floats, Floats, Floats]:
        """(variant,) sums of the errors of the estimate, how many there are, sums of their squares."""
        unit = self.test.unit
        columns = (TRIALS, UNDEFINED, ERROR, SQUARE)
        trials, undefined, first, second = (column_sums(ends, column) for column in columns)
        return first / FIXED_POINT * unit, trials - undefined, second / FIXED_POINT * unit * unit

    def _error_of_sd(self, pooled: EstimateFigures, whole: tuple[Floats, Floats, Floats]) -> float | None:
        """The error of the SD around the bias."""
        first, number, second = whole
        squares = second
        if pooled.bias is not None:
            squares = second - 2.0 * pooled.bias * first + pooled.bias**2 * number
        return _of_root(pooled.empirical_se, pooled.empirical_se_mcse, squares, number)

    def _exaggeration(self, pooled_mcse: float | None) -> tuple[float | None, float | None]:
        """The mean estimate in the direction of the true effect over the mean size of that effect.

        Each variant's estimates are against its own true effect. With its error.
        """
        sign = np.sign(self.effect)
        errors, number, _ = self._errors(self.ends[:, :, self.efficacy])
        estimate, size = sign * errors + np.abs(self.effect) * number, np.abs(self.effect) * number
        total = float(size.sum())
        if not total:
            return None, None
        return float(estimate.sum()) / total, _larger(pooled_mcse or 0.0, estimate, size)

    def _wrong_sign(self) -> Figure | None:
        """Significant trials on the side where the true effect of their variant is not; None for margins."""
        if self.looks.margins is not None:
            return None
        sign = np.sign(self.effect)
        count = self.ends[:, :, :, TRIALS].sum(1)
        wrong = np.where(sign > 0, count[:, BELOW], count[:, ABOVE]) * (sign != 0)
        significant = count[:, self.efficacy].sum(1) * (sign != 0)
        return spread(probability_among(int(wrong.sum()), int(significant.sum())), wrong, significant)


def _larger(plain: float | None, x: ArrayLike, n: ArrayLike) -> float | None:
    return None if plain is None else max(plain, error(x, n))


def _of_root(root: float | None, plain: float | None, squares: Floats, n: Floats) -> float | None:
    """The error of the root of a mean of squares, by the delta method, where that is larger."""
    return max(plain or 0.0, error(squares, n) / (2 * root)) if root else plain
