"""How the weights change where an uncertain number is low or high: the variants, sorted by what was drawn.

Nothing is simulated anew. The variants in which the number was in the lower third of its draws are set
against those in the upper third. A number of one hypothesis alone changes that hypothesis's likelihood only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.kernels.tables import Floats, Ints
from planner.questions.weigh.posterior import Posterior

_FEWEST = 30  # variants: below, a third is too few for its weights


@dataclass(frozen=True)
class NumberDraws:
    """What was drawn for one uncertain entry: one value for each variant."""

    path: str  # as in the scenario
    hypothesis: str | None  # whose own number it is; None: of all
    hypotheses: tuple[int, ...]  # numbers of those that it changes
    values: Floats
    relative: bool  # the values are factors on what is stated


@dataclass(frozen=True)
class Side:
    """The weights where a number is low, or high."""

    value: float  # mean of the draws there
    classes: Floats  # weight of each class
    classes_mcse: Floats
    log_factor: float | None  # log10 Bayes factor of the leading class against the next
    log_factor_mcse: float


@dataclass(frozen=True)
class Influence:
    """An uncertain number with the weights at both of its ends."""

    path: str
    hypothesis: str | None
    hypotheses: tuple[int, ...]
    relative: bool
    low: Side
    high: Side
    apart_mcse: Floats | None = None  # of the difference of the weights of each class, from the same variants
    moved_mcse: float = 0.0

    @property
    def moved(self) -> float:
        """How much weight goes from some classes to others between the two ends."""
        return float(0.5 * np.abs(self.high.classes - self.low.classes).sum())

    @property
    def beyond_chance(self) -> bool:
        """Whether the weight of any class differs between the ends by more than four times its error."""
        error = self.apart_mcse
        if error is None:
            error = np.hypot(self.low.classes_mcse, self.high.classes_mcse)
        return bool((np.abs(self.high.classes - self.low.classes) > 4.0 * error).any())


def influences(posterior: Posterior, drawn: Sequence[NumberDraws], leading: Sequence[int]) -> list[Influence]:
    """One for each uncertain number, those that move most weight first; `leading`: the two first classes."""
    third = posterior.likelihood.shape[0] // 3
    if 3 * third < _FEWEST:
        return []
    rows = []
    for each in drawn:
        if np.ptp(each.values) > 0.0:
            order = np.argsort(each.values, kind="stable")
            low, high = (_part(posterior, each, way, third) for way in (order, order[::-1]))
            first, last = (
                Side(float(each.values[chosen].mean()), *part.weights(), *part.log_factor(leading))
                for part, chosen in ((low, order[:third]), (high, order[-third:]))
            )
            apart = (high.pulls() - low.pulls()).std(axis=0, ddof=1) / np.sqrt(len(order))
            head = each.path, each.hypothesis, each.hypotheses, each.relative
            rows.append(Influence(*head, first, last, apart, moved_error(low, high)))
    return sorted(rows, key=lambda row: -row.moved)


def moved_error(low: Posterior, high: Posterior) -> float:
    """The standard error of `Influence.moved`, from what each variant does to the weights at both ends."""
    sign = np.sign(high.weights()[0] - low.weights()[0])
    pull = 0.5 * (high.pulls() - low.pulls()) @ sign
    return float(pull.std(ddof=1) / np.sqrt(len(pull)))


def _part(posterior: Posterior, drawn: NumberDraws, order: Ints, third: int) -> Posterior:
    """Of classes, from the first third of the variants, for the hypotheses that the number changes.

    Which variants these are depends on all: the place of the last of them is chance too. A row is therefore
    what its variant does to the mean of the third (the influence function of a trimmed mean; Huber 1981,
    3.3), so that the rows have that mean, and the spread which gives its error. Of the other hypotheses, all
    count.
    """
    changed = np.isin(np.arange(posterior.prior.size), drawn.hypotheses)
    likelihood, chosen = posterior.likelihood, order[:third]
    edge = likelihood[order[max(third - third // 2, 0) : third + third // 2 + 1]].mean(axis=0)
    pull = np.zeros_like(likelihood)
    pull[chosen] = (likelihood[chosen] - edge) * (len(likelihood) / third)
    rows = likelihood[chosen].mean(axis=0) + pull - pull.mean(axis=0)
    return Posterior(np.where(changed, rows, likelihood), posterior.prior, posterior.groups).by_class()
