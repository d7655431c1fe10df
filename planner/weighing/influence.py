"""How the weights change where an uncertain number is low or high: the variants, sorted by what was drawn.

Nothing is simulated anew. The variants in which the number was in the lower third of its draws are set
against those in the upper third. A number of one hypothesis alone changes that hypothesis's likelihood only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.kernels.tables import Floats, Ints
from planner.weighing.posterior import Posterior

_FEWEST = 30  # variants: below, a third is too few to tell anything


@dataclass(frozen=True)
class Drawn:
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

    @property
    def moved(self) -> float:
        """How much weight goes from some classes to others between the two ends."""
        return float(0.5 * np.abs(self.high.classes - self.low.classes).sum())

    @property
    def beyond_chance(self) -> bool:
        """Whether the weight of any class differs between the ends by more than four times its error."""
        error = np.hypot(self.low.classes_mcse, self.high.classes_mcse)
        return bool((np.abs(self.high.classes - self.low.classes) > 4.0 * error).any())


def influences(found: Posterior, drawn: Sequence[Drawn], leading: Sequence[int]) -> list[Influence]:
    """One for each uncertain number, those that move most weight first; `leading`: the two first classes."""
    third = found.likelihood.shape[0] // 3
    if 3 * third < _FEWEST:
        return []
    rows = []
    for each in drawn:
        if np.ptp(each.values) > 0.0:
            order = np.argsort(each.values, kind="stable")
            low, high = (_side(found, each, chosen, leading) for chosen in (order[:third], order[-third:]))
            rows.append(Influence(each.path, each.hypothesis, each.hypotheses, each.relative, low, high))
    return sorted(rows, key=lambda row: -row.moved)


def _side(found: Posterior, drawn: Drawn, chosen: Ints, leading: Sequence[int]) -> Side:
    """The weights from the chosen variants, for the hypotheses that the number changes; else from all."""
    changed = np.isin(np.arange(found.prior.size), drawn.hypotheses)
    # What the number does not change is the same at both ends, and so is its error: it is taken as known.
    rows = np.where(changed, found.likelihood[chosen], found.likelihood.mean(axis=0))
    part = Posterior(rows, found.prior, found.groups).by_class()
    return Side(float(drawn.values[chosen].mean()), *part.weights(), *part.log_factor(leading))
