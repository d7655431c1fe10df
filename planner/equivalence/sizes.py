"""The smallest number of patients by exact power.

A number counts where the power reaches the target and stays there for all larger ones. To know that without
looking at all of them, the power of two tests is held between those of each: both pass at most as often as
the rarer of the two, and fail at most as often as the two together. The power of one t test grows with the
patients, so that two bisections leave few numbers to be looked at, and these are looked at one by one.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.equivalence.assurance import assurance
from planner.equivalence.field_designs import Cost, FieldDesign
from planner.equivalence.panels import Floats
from planner.errors import RequestError
from planner.scenario.caps import MAX_PATIENTS


class ExactSize(NamedTuple):
    """The smallest number of patients in all, and the power that it has."""

    patients: int
    power: float


class EquivalenceTest(NamedTuple):
    """What is tested, and what is true, on the scale of the analysis; one limit may be infinite.

    `sigma`: SD within patients (parallel: of patients). `sd_df`, `effect_variance`: what is uncertain, as in
    `assurance`; the variance of the effect is in units of sigma^2.
    """

    lower: float
    upper: float
    effect: float
    sigma: float
    alpha: float
    sd_df: float = math.inf
    effect_variance: float = 0.0

    def power(self, cost: Cost) -> Floats:
        """The exact power at this cost, averaged over what is uncertain."""
        return assurance(
            self.lower,
            self.upper,
            self.effect,
            self.sigma * np.sqrt(cost.factor),
            cost.df,
            self.alpha,
            sd_df=self.sd_df,
            effect_se=self.sigma * math.sqrt(self.effect_variance),
        )


def design_size(
    design: FieldDesign,
    test: EquivalenceTest,
    target: float,
    *,
    robust: bool = False,
    most: int = MAX_PATIENTS,
) -> ExactSize | None:
    """The smallest size of a design of the field, a multiple of its sequences; see `exact_size`."""
    return exact_size(partial(design.cost, robust=robust), design.sequences, test, target, most=most)


def exact_size(
    cost: Callable[[Floats], Cost],
    step: int,
    test: EquivalenceTest,
    target: float,
    *,
    most: int = MAX_PATIENTS,
) -> ExactSize | None:
    """The smallest multiple of `step` from which the power stays at or above the target.

    `cost`: C and df at numbers of patients, an array; C falls and df grows with them. Counts begin where
    there is a degree of freedom. None if `most` patients are not enough, and where the effect is not between
    the limits, so that no number is.

    Raises RequestError where the target is not between alpha and 1, or alpha is above 0.5.
    """
    if not 0.0 < test.alpha <= 0.5:
        raise RequestError(f"alpha is {test.alpha:g}, but must lie above 0 and up to 0.5")
    if not test.alpha < target < 1.0:
        raise RequestError(f"power is {target:g}, but must lie above alpha, {test.alpha:g}, and below 1")
    every = np.arange(step, most + 1, step, dtype=np.float64)
    every = every[cost(every).df >= 1.0]
    if not test.lower < test.effect < test.upper:
        return None
    single = test._replace(upper=math.inf), test._replace(lower=-math.inf)

    def passes(patients: float) -> list[float]:
        """P(the first test passes) and P(the second does)."""
        at = cost(np.array([patients]))
        return [float(one.power(at)[0]) for one in single]

    low = bisect_left(every, True, key=lambda n: min(passes(n)) >= target)
    high = bisect_left(every, True, lo=low, key=lambda n: sum(passes(n)) - 1.0 >= target)
    between = every[low : high + 1]
    power = test.power(cost(between))
    start = _from_where(power >= target)
    return None if start == len(between) else ExactSize(int(between[start]), float(power[start]))


def _from_where(enough: NDArray[np.bool_]) -> int:
    """The index from which all are true; the length where the last is not."""
    short = np.flatnonzero(~enough)
    return int(short[-1]) + 1 if len(short) else 0
