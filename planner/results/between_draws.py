"""Figures of several variants of a scenario taken together, with errors that include the spread between them.

A figure is a ratio of sums over variants. Its Monte Carlo error is that of a ratio over clusters (Cochran
1977, 6.4), but never less than that of as many independent trials:

    r = sum x / sum n        SE(r)^2 = Q / (Q - 1) sum (x_q - r n_q)^2 / (sum n)^2
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from planner.engine.cells import HypothesisTest
from planner.engine.tally import Tally, column_sum
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
from planner.results.figures import Json, probability, widen

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
    null: Any  # bool (variant, hypothesis, analysis)
    retention: tuple[float | None, ...]  # share of patients who complete; None where it is simulated
    numbers: tuple[int, ...] = ()  # of the variants, among all that could be drawn

    @property
    def trials(self) -> Ints:
        """(variant,)"""
        return np.array([each.trials for each in self.tallies], np.int64)

    def mean_effect(self, h: int, a: int) -> float:
        """The mean of the true effects, each by its number of trials."""
        return to_12_digits(float(np.average(self.effect[:, h, a], weights=self.trials)))


def error(x: Any, n: Any) -> float:
    """Standard error of sum x / sum n over clusters; 0 where there is one cluster, or nothing to count."""
    x, n = np.asarray(x, np.float64), np.asarray(n, np.float64)
    total = float(n.sum())
    if x.size < 2 or total == 0.0:
        return 0.0
    rest = x - x.sum() / total * n
    return math.sqrt(float(rest @ rest) * x.size / (x.size - 1)) / abs(total)


def spread(figure: Json | None, x: Any, n: Any) -> Json | None:
    """A figure of independent trials with the error of clusters, where that is larger."""
    if figure is None or not figure["mcse"]:
        return figure
    wide: Json = widen(figure, max(1.0, error(x, n) / figure["mcse"]))
    return wide


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

    def cell(self, pooled: Json) -> Json:
        """A cell of all trials together, with the errors of clusters and what the variants show."""
        count, n = self.ends[..., TRIALS], self.n
        early = len(self.looks.counts) - 1
        at = np.zeros(count.shape[1])
        at[: len(self.looks.counts)] = self.looks.counts
        cell = pooled | {
            "true_effect_mcse": error(self.effect * n, n),
            "power": spread(pooled["power"], self.significant, n),
            "stopped_early": spread(pooled["stopped_early"], count[:, :early].sum((1, 2)), n),
            "looks": [self._look(each, count[:, k], k) for k, each in enumerate(pooled["looks"])],
            "expected_patients": spread(pooled["expected_patients"], count.sum(2) @ at, n),
            "expected_completers": spread(
                pooled["expected_completers"], self.ends[..., FINISHED].sum((1, 2)), n
            ),
            "estimate": self._estimate(pooled["estimate"]),
            "undefined": spread(pooled["undefined"], self.ends[..., UNDEFINED].sum((1, 2)), n),
            "uncertainty": self._uncertainty(),
        }
        if "power_ignoring_futility" in cell:
            cell["power_ignoring_futility"] = spread(cell["power_ignoring_futility"], self.free, n)
        return cell | self._left(pooled) | self._guesses(pooled)

    @property
    def significant(self) -> Ints:
        """(variant,) trials"""
        return np.asarray(self.ends[:, :, _EFFICACY, TRIALS].sum((1, 2)))

    def _look(self, look: Json, count: Ints, k: int) -> Json:
        return look | {
            "efficacy": spread(look["efficacy"], count[:, _EFFICACY].sum(1), self.n),
            "futility": spread(look["futility"], count[:, FUTILE], self.n),
            "undefined": spread(look["undefined"], self.irregular[:, k, NO_TEST], self.n),
        }

    def _left(self, pooled: Json) -> Json:
        """Who left, where leaving depends on something."""
        if not pooled.get("dropout"):
            return {}
        randomised, there = self.followed[:, :, -1, RANDOMISED], self.followed[:, :, -1, THERE]
        gaps = iter(pooled["leaving"])
        sequences, periods = self.followed.shape[1:3]
        leaving = []
        for s in range(sequences):
            for k in range(1, periods):
                row, after = self.followed[:, s, k - 1], self.followed[:, s, k, THERE]
                before, gap = row[:, THERE], dict(next(gaps))
                gap["left"] = spread(gap["left"], before - after, before)
                if "never_returned" in gap:
                    gap["never_returned"] = spread(gap["never_returned"], row[:, IN_VAIN], before)
                    waited = row[:, AGAIN] * (self.recheck_days or 0.0)
                    gap["extra_days"] = spread(gap["extra_days"], waited, after)
                leaving.append(gap)
        dropout = spread(pooled["dropout"], (randomised - there).sum(1), randomised.sum(1))
        return {"dropout": dropout, "leaving": leaving}

    def _guesses(self, pooled: Json) -> Json:
        """Who guesses right, where patients are asked."""
        if "correct_guesses" not in pooled:
            return {}
        guesses = pooled["correct_guesses"]
        shares = [guesses["all"], *guesses["by_treatment"].values()]
        wide = [
            spread(share, self.guessed[:, i, RIGHT], self.guessed[:, i, MADE])
            for i, share in enumerate(shares)
        ]
        by_treatment = dict(zip(guesses["by_treatment"], wide[1:], strict=True))
        return {"correct_guesses": {"all": wide[0], "by_treatment": by_treatment}}

    def _estimate(self, pooled: Json) -> Json:
        """The estimate against the true effect of each variant."""
        early = len(self.looks.counts) - 1
        whole = self._errors(self.ends)
        parts = {
            "bias_given_early_stop": self.ends[:, :early],
            "bias_given_early_efficacy": self.ends[:, :early, _EFFICACY],
            "bias_given_futility": self.ends[:, :early, [FUTILE]],
        }
        figures = pooled | {"bias_mcse": _larger(pooled["bias_mcse"], *whole[:2])}
        far = self.irregular[:, :, FAR].sum(1)
        figures["beyond_range"] = spread(pooled["beyond_range"], far, whole[1])
        figures["mean_mcse"] = _larger(pooled["mean_mcse"], whole[0] + self.effect * whole[1], whole[1])
        for name, ends in parts.items():
            figures[f"{name}_mcse"] = _larger(pooled[f"{name}_mcse"], *self._errors(ends)[:2])
        return figures | self._spreads(pooled, whole) | self._given_efficacy(pooled)

    def _errors(self, ends: Ints) -> tuple[Floats, Floats, Floats]:
        """(variant,) sums of the errors of the estimate, how many there are, sums of their squares."""
        unit = self.test.unit
        columns = (TRIALS, UNDEFINED, ERROR, SQUARE)
        trials, undefined, first, second = np.array(
            [[column_sum(x, c) for x in ends] for c in columns], float
        )
        return first / FIXED_POINT * unit, trials - undefined, second / FIXED_POINT * unit * unit

    def _spreads(self, pooled: Json, whole: tuple[Floats, Floats, Floats]) -> Json:
        """Errors of the root mean square, of the SD around the bias, and of coverage, by the delta method."""
        first, number, second = whole
        errors: Json = {}
        if pooled["rmse"]:
            wide = error(second, number) / (2 * pooled["rmse"])
            errors["rmse_mcse"] = max(pooled["rmse_mcse"] or 0.0, wide)
        if pooled["empirical_se"]:
            bias = pooled["bias"]
            squares = second - 2.0 * bias * first + bias**2 * number
            wide = error(squares, number) / (2 * pooled["empirical_se"])
            errors["empirical_se_mcse"] = max(pooled["empirical_se_mcse"] or 0.0, wide)
        covered = self.ends[..., COVERED].sum((1, 2))
        return errors | {"coverage": spread(pooled["coverage"], covered, number)}

    def _given_efficacy(self, pooled: Json) -> Json:
        """Exaggeration and wrong sign, each variant's against its own true effect.

        Exaggeration: the mean estimate in the direction of the true effect over the mean size of that effect.
        """
        sign = np.sign(self.effect)
        errors, number, _ = self._errors(self.ends[:, :, _EFFICACY])
        estimate, size = sign * errors + np.abs(self.effect) * number, np.abs(self.effect) * number
        count = self.ends[:, :, :, TRIALS].sum(1)
        wrong = np.where(sign > 0, count[:, BELOW], count[:, ABOVE]) * (sign != 0)
        significant = count[:, _EFFICACY].sum(1) * (sign != 0)
        total = float(size.sum())
        return {
            "exaggeration_given_efficacy": float(estimate.sum()) / total if total else None,
            "exaggeration_given_efficacy_mcse": _larger(
                pooled["exaggeration_given_efficacy_mcse"] or 0.0, estimate, size
            )
            if total
            else None,
            "wrong_sign": spread(probability(int(wrong.sum()), int(significant.sum())), wrong, significant),
        }

    # The variants themselves

    def _uncertainty(self) -> Json:
        """How far power and true effect differ between variants, and how likely an effect is at all.

        `power_limit`: what assurance tends to as patients are added, if the analysis has no bias.
        """
        power = np.asarray(self.significant / self.n)
        right = self._right()
        known = (self.effect != 0.0) | self.null  # a simulated effect of 0 is too small to have a side
        given = self.significant * right
        both = self.looks.direction == "two-sided"  # a test with two sides finds effects on either
        findable = ((self.effect != 0.0) & ~self.null).astype(np.int64) if both else right
        return {
            "variants": int(self.n.size),
            "power_sd": float(_calmed(power[None], self.n[None])[1][0]),
            "power_quantiles": self._power_quantiles(power),
            "effect_sd": float(self.effect.std(ddof=1)) if self.n.size > 1 else 0.0,
            "effect_quantiles": quantiles(self.effect),
            "direction": self._direction(),
            "effect_probability": spread(probability(int(right.sum()), int(known.sum())), right, known),
            "power_limit": spread(probability(int(findable.sum()), int(known.sum())), findable, known),
            "power_given_effect": spread(
                probability(int(given.sum()), int((right * self.n).sum())), given, right * self.n
            ),
        }

    def _power_quantiles(self, power: Floats) -> Json:
        """Quantiles of the powers, with the errors that drawing the variants again would show.

        The bootstrap (Efron 1979), which takes everything along: the noise within the variants, how it is
        taken out, and the mean around which that happens. Where the powers may all be the same, also as if
        they were: there a bootstrap of what chance has spread gives too little. Of many variants, as many
        parts stand for samples.
        """
        size, n = power.size, self.n
        true, _ = _calmed(power[None], n[None])
        figures = {f"p{p}": {"estimate": float(np.quantile(true, p / 100.0)), "mcse": 0.0} for p in QUANTILES}
        if size < 2:
            return figures
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
        for p, mcse in zip(QUANTILES, (np.max(spread, axis=0) / smaller).tolist(), strict=True):
            figures[f"p{p}"]["mcse"] = mcse
        return figures

    def _direction(self) -> str:
        """`above` or `below` 0: where the alternative lies; two-sided, where most true effects do."""
        if self.looks.direction != "two-sided":
            return "above" if self.looks.direction == "greater" else "below"
        return "above" if (self.effect > 0).sum() >= (self.effect < 0).sum() else "below"

    def _right(self) -> Ints:
        """(variant,) 1 where there is an effect in the wanted direction."""
        side = self.effect > 0 if self._direction() == "above" else self.effect < 0
        return np.asarray((side & ~self.null).astype(np.int64))


def _within(power: Floats, trials: Ints) -> Any:
    """Mean over the last axis of the variance that trials of a variant leave in its power."""
    return (power * (1.0 - power) / np.maximum(trials - 1, 1)).mean(axis=-1)


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


def _larger(plain: float | None, x: Any, n: Any) -> float | None:
    return None if plain is None else max(plain, error(x, n))


def quantiles(values: Floats, at: Sequence[int] = QUANTILES) -> Json:
    """Quantiles of the variants, with half the distance of those one binomial standard error away."""
    figures: Json = {}
    for per_cent in at:
        p = per_cent / 100.0
        off = math.sqrt(p * (1.0 - p) / values.size)
        low, high = np.quantile(values, [max(p - off, 0.0), min(p + off, 1.0)])
        middle = float(np.quantile(values, p))
        figures[f"p{per_cent}"] = {"estimate": middle, "mcse": float(high - low) / 2.0}
    return figures
