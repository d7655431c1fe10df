"""Figures of several variants of a scenario taken together, with errors that include the spread between them.

A figure is a ratio of sums over variants. Its Monte Carlo error is that of a ratio over clusters (Cochran
1977, 6.4), but never less than that of as many independent trials:

    r = sum x / sum n        SE(r)^2 = Q / (Q - 1) sum (x_q - r n_q)^2 / (sum n)^2
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.engine.cells import HypothesisTest
from planner.engine.tally import Tally, column_sums
from planner.kernels.random.streams import KEY_OF_RESAMPLED_VARIANTS
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
from planner.monitoring.numerics import to_12_digits
from planner.results.cells import (
    Cell,
    CorrectGuesses,
    Departures,
    EstimateFigures,
    Gap,
    LookFigures,
    VariantFigures,
    Waiting,
)
from planner.results.figures import Figure, Quantile, probability_among, widen

Bools = NDArray[np.bool_]

QUANTILES = (5, 25, 50, 75, 95)
"""Of the powers and true effects of the variants, in per cent."""

_EFFICACY = [ABOVE, BELOW]
_SAMPLES = 200  # of the variants, for the errors of quantiles
_MANY, _PARTS = 2_500, 50  # from so many variants on, parts of them stand for samples


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


def error(x: ArrayLike, n: ArrayLike) -> float:
    """Standard error of sum x / sum n over clusters; 0 where there is one cluster, or nothing to count."""
    x, n = np.asarray(x, np.float64), np.asarray(n, np.float64)
    total = float(n.sum())
    if x.size < 2 or total == 0.0:
        return 0.0
    rest = x - x.sum() / total * n
    return math.sqrt(float(rest @ rest) * x.size / (x.size - 1)) / abs(total)


@overload
def spread(figure: Figure, x: ArrayLike, n: ArrayLike) -> Figure: ...
@overload
def spread(figure: None, x: ArrayLike, n: ArrayLike) -> None: ...
def spread(figure: Figure | None, x: ArrayLike, n: ArrayLike) -> Figure | None:
    """A figure of independent trials with the error of clusters, where that is larger."""
    if figure is None or not figure.mcse:
        return figure
    return widen(figure, max(1.0, error(x, n) / figure.mcse))


class Clusters:
    """The variants of one cell."""

    def __init__(
        self, drawn: VariantTallies, h: int, a: int, d: int, test: HypothesisTest, recheck_days: float | None
    ) -> None:
        self.drawn, self.test, self.looks = drawn, test, test.looks[d]
        self.n = drawn.trials
        ends = [tally.ends[h, a, d] for tally in drawn.tallies]
        self.ends = np.array(ends)  # (variant, look, ENDS, SUMS)
        self.free = np.array([tally.free[h, a, d].sum() for tally in drawn.tallies])
        self.irregular = np.array([tally.irregular[h, a, d] for tally in drawn.tallies])
        self.followed = np.array([tally.followed[h] for tally in drawn.tallies])
        self.guessed = np.array([tally.guessed[h].sum(axis=0) for tally in drawn.tallies])
        self.recheck_days = recheck_days
        self.effect, self.null = drawn.effect[:, h, a], drawn.null[:, h, a]

    def cell(self, pooled: Cell) -> Cell:
        """A cell of all trials together, with the errors of clusters and what the variants show."""
        count, n = self.ends[..., TRIALS], self.n
        early = len(self.looks.counts) - 1
        at = np.zeros(count.shape[1])
        at[: len(self.looks.counts)] = self.looks.counts
        finished = self.ends[..., FINISHED].sum((1, 2))
        return replace(
            pooled,
            true_effect_mcse=error(self.effect * n, n),
            power=spread(pooled.power, self.significant, n),
            stopped_early=spread(pooled.stopped_early, count[:, :early].sum((1, 2)), n),
            looks=tuple(self._look(each, count[:, k], k) for k, each in enumerate(pooled.looks)),
            expected_patients=spread(pooled.expected_patients, count.sum(2) @ at, n),
            expected_completers=spread(pooled.expected_completers, finished, n),
            estimate=self._estimate(pooled.estimate),
            undefined=spread(pooled.undefined, self.ends[..., UNDEFINED].sum((1, 2)), n),
            departures=self._departures(pooled.departures),
            power_ignoring_futility=spread(pooled.power_ignoring_futility, self.free, n),
            correct_guesses=self._guesses(pooled.correct_guesses),
            uncertainty=self._uncertainty(),
        )

    @property
    def significant(self) -> Ints:
        """(variant,) trials"""
        return np.asarray(self.ends[:, :, _EFFICACY, TRIALS].sum((1, 2)))

    def _look(self, look: LookFigures, count: Ints, k: int) -> LookFigures:
        return replace(
            look,
            efficacy=spread(look.efficacy, count[:, _EFFICACY].sum(1), self.n),
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
        early_efficacy = self._errors(self.ends[:, :early, _EFFICACY])[:2]
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
        errors, number, _ = self._errors(self.ends[:, :, _EFFICACY])
        estimate, size = sign * errors + np.abs(self.effect) * number, np.abs(self.effect) * number
        total = float(size.sum())
        if not total:
            return None, None
        return float(estimate.sum()) / total, _larger(pooled_mcse or 0.0, estimate, size)

    def _wrong_sign(self) -> Figure | None:
        """Significant trials on the side where the true effect of their variant is not."""
        sign = np.sign(self.effect)
        count = self.ends[:, :, :, TRIALS].sum(1)
        wrong = np.where(sign > 0, count[:, BELOW], count[:, ABOVE]) * (sign != 0)
        significant = count[:, _EFFICACY].sum(1) * (sign != 0)
        return spread(probability_among(int(wrong.sum()), int(significant.sum())), wrong, significant)

    # The variants themselves

    def _uncertainty(self) -> VariantFigures:
        """How far power and true effect differ between variants, and how likely an effect is at all.

        `power_limit`: what assurance tends to as patients are added, if the analysis has no bias.
        """
        power = np.asarray(self.significant / self.n)
        right = self._right()
        known = (self.effect != 0.0) | self.null  # a simulated effect of 0 is too small to have a side
        given = self.significant * right
        both = self.looks.direction == "two-sided"  # a test with two sides finds effects on either
        findable = ((self.effect != 0.0) & ~self.null).astype(np.int64) if both else right
        return VariantFigures(
            variants=int(self.n.size),
            power_sd=float(_calmed(power[None], self.n[None])[1][0]),
            power_quantiles=self._power_quantiles(power),
            effect_sd=float(self.effect.std(ddof=1)) if self.n.size > 1 else 0.0,
            effect_quantiles=quantiles(self.effect),
            direction=self._direction(),
            effect_probability=spread(probability_among(int(right.sum()), int(known.sum())), right, known),
            power_limit=spread(probability_among(int(findable.sum()), int(known.sum())), findable, known),
            power_given_effect=spread(
                probability_among(int(given.sum()), int((right * self.n).sum())), given, right * self.n
            ),
        )

    def _power_quantiles(self, power: Floats) -> dict[str, Quantile]:
        """Quantiles of the powers, with the errors that drawing the variants again would show.

        The bootstrap (Efron 1979), which takes everything along: the noise within the variants, how it is
        taken out, and the mean around which that happens. Where the powers may all be the same, also as if
        they were: there a bootstrap of what chance has spread gives too little. Of many variants, as many
        parts stand for samples.
        """
        size, n = power.size, self.n
        true, _ = _calmed(power[None], n[None])
        estimates = {f"p{p}": float(np.quantile(true, p / 100.0)) for p in QUANTILES}
        if size < 2:
            return {name: Quantile(estimate, 0.0) for name, estimate in estimates.items()}
        if size < _MANY:
            words = np.random.Philox(key=KEY_OF_RESAMPLED_VARIANTS).random_raw(_SAMPLES * size)
            at, smaller = (words % np.uint64(size)).astype(np.int64).reshape(_SAMPLES, size), 1.0
        else:
            each = size // _PARTS
            at, smaller = np.arange(_PARTS * each).reshape(each, _PARTS).T, math.sqrt(_PARTS)
        total, within = float(power.var(ddof=1)), _within(power, n)
        drawn = [power]
        if 0.0 < total < within * (1.0 + 2.0 * math.sqrt(2.0 / (size - 1))):
            drawn.append(power.mean() + math.sqrt(within / total) * (power - power.mean()))
        shares = [p / 100.0 for p in QUANTILES]
        spread = [np.quantile(_calmed(x[at], n[at])[0], shares, axis=1).std(axis=1, ddof=1) for x in drawn]
        errors = (np.max(spread, axis=0) / smaller).tolist()
        return {
            name: Quantile(estimate, mcse)
            for (name, estimate), mcse in zip(estimates.items(), errors, strict=True)
        }

    def _direction(self) -> str:
        """`above` or `below` 0: where the alternative lies; two-sided, where most true effects do."""
        if self.looks.direction != "two-sided":
            return "above" if self.looks.direction == "greater" else "below"
        return "above" if (self.effect > 0).sum() >= (self.effect < 0).sum() else "below"

    def _right(self) -> Ints:
        """(variant,) 1 where there is an effect in the wanted direction."""
        side = self.effect > 0 if self._direction() == "above" else self.effect < 0
        return np.asarray((side & ~self.null).astype(np.int64))


def _within(power: Floats, trials: Ints) -> Floats:
    """Mean over the last axis of the variance that trials of a variant leave in its power."""
    return np.asarray((power * (1.0 - power) / np.maximum(trials - 1, 1)).mean(axis=-1))


def _calmed(power: Floats, trials: Ints) -> tuple[Floats, Floats]:
    """Powers f64[sample, variant] without the noise of their own few trials, and f64[sample] their SD.

    The variance between variants is that of the observed powers less the mean variance within; the powers are
    drawn together until they have it (constrained empirical Bayes; Louis 1984).
    """
    if power.shape[1] < 2:
        return power, np.zeros(len(power))
    mean = ((power * trials).sum(axis=1) / trials.sum(axis=1))[:, None]
    total = power.var(axis=1, ddof=1)
    between = np.maximum(total - _within(power, trials), 0.0)
    factor = np.sqrt(np.divide(between, total, out=np.zeros_like(total), where=total > 0.0))
    return np.asarray(mean + factor[:, None] * (power - mean)), np.asarray(np.sqrt(between))


def _larger(plain: float | None, x: ArrayLike, n: ArrayLike) -> float | None:
    return None if plain is None else max(plain, error(x, n))


def _of_root(root: float | None, plain: float | None, squares: Floats, n: Floats) -> float | None:
    """The error of the root of a mean of squares, by the delta method, where that is larger."""
    return max(plain or 0.0, error(squares, n) / (2 * root)) if root else plain


def quantiles(values: Floats, at: Sequence[int] = QUANTILES) -> dict[str, Quantile]:
    """Quantiles of the variants, with half the distance of those one binomial standard error away."""
    figures = {}
    for per_cent in at:
        p = per_cent / 100.0
        off = math.sqrt(p * (1.0 - p) / values.size)
        low, high = np.quantile(values, [max(p - off, 0.0), min(p + off, 1.0)])
        middle = float(np.quantile(values, p))
        figures[f"p{per_cent}"] = Quantile(middle, float(high - low) / 2.0)
    return figures
