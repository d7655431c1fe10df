"""How far power and true effect differ between the variants of what is uncertain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.kernels.random.streams import KEY_OF_RESAMPLED_VARIANTS
from planner.kernels.tables import Floats, Ints
from planner.results.cells import VariantFigures
from planner.results.cluster_errors import spread
from planner.results.effect_scale import Unit
from planner.results.figures import Quantile, probability_among

QUANTILES = (5, 25, 50, 75, 95)
"""Of the powers and true effects of the variants, in per cent."""

AGAINST_MARGINS = "against margins"
"""The direction of a test that tells an effect from margins."""

_SAMPLES = 200  # of the variants, for the errors of quantiles
_MANY, _PARTS = 2_500, 50  # from so many variants on, parts of them stand for samples


@dataclass(frozen=True)
class VariantPowers:
    """The variants of one cell: of each, how many of its trials are significant, and what is true there."""

    significant: Ints  # (variant,) trials
    n: Ints  # (variant,) all trials
    effect: Floats  # (variant,)
    null: NDArray[np.bool_]  # (variant,)
    tested: str  # the direction of the test, or AGAINST_MARGINS
    unit: Unit  # how effects are given

    def figures(self) -> VariantFigures:
        """How far power and true effect differ between variants, and how likely an effect is at all.

        `power_limit`: what assurance tends to as patients are added, if the analysis has no bias.
        """
        power = np.asarray(self.significant / self.n)
        right = self._right()
        # A simulated effect of 0 is too small to have a side.
        known = (self.effect != 0.0) | self.null | (self.tested == AGAINST_MARGINS)
        given = self.significant * right
        both = self.tested == "two-sided"  # a test with two sides finds effects on either
        given_effect = np.array([self.unit.effect(float(x)) for x in self.effect])
        findable = ((self.effect != 0.0) & ~self.null).astype(np.int64) if both else right
        return VariantFigures(
            variants=int(self.n.size),
            power_sd=float(_calmed(power[None], self.n[None])[1][0]),
            power_quantiles=self._power_quantiles(power),
            effect_sd=float(given_effect.std(ddof=1)) if self.n.size > 1 else 0.0,
            effect_quantiles=quantiles(given_effect),
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
        spreads = [np.quantile(_calmed(x[at], n[at])[0], shares, axis=1).std(axis=1, ddof=1) for x in drawn]
        errors = (np.max(spreads, axis=0) / smaller).tolist()
        return {
            name: Quantile(estimate, mcse)
            for (name, estimate), mcse in zip(estimates.items(), errors, strict=True)
        }

    def _direction(self) -> str:
        """`above` or `below` 0: where the alternative lies; two-sided, where most true effects do.

        `within` the margins of a test against these.
        """
        if self.tested == AGAINST_MARGINS:
            return "within"
        if self.tested != "two-sided":
            return "above" if self.tested == "greater" else "below"
        return "above" if (self.effect > 0).sum() >= (self.effect < 0).sum() else "below"

    def _right(self) -> Ints:
        """(variant,) 1 where there is an effect in the wanted direction."""
        if self.tested == AGAINST_MARGINS:
            return np.asarray((~self.null).astype(np.int64))
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
