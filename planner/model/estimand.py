"""What is true under a hypothesis: the estimand, and whether the null hypothesis holds.

The true effect is the mean difference of the potential outcomes of a first period without any earlier
treatment, in the enrolled population, with complete follow-up, rounding and clipping of the scale included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner._special import ndtr
from planner.model.margins import Margins, more_is_better
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scale import Scale

_TAIL = 9.0  # standard deviations beyond which a normal has no weight that float64 could hold


@dataclass(frozen=True, slots=True)
class Truth:
    """The true effect of an analysis's contrast under a hypothesis."""

    effect: float  # in units of the measure
    mcse: float  # Monte Carlo standard error of `effect`; 0 where it is exact
    is_null: bool
    stated: float | None = None  # the effect that is stated, whatever scales make of it; None where none is


def expected_score(mean: float, sd: float, scale: Scale | None) -> float:
    """Mean of a Normal(mean, sd) score after rounding to the steps of the scale (halves up) and clipping."""
    if scale is None:
        return mean
    low = -math.inf if scale.low is None else scale.low
    high = math.inf if scale.high is None else scale.high
    if scale.step is not None:
        return _expected_on_steps(mean, sd, low, high, scale.step)
    if sd == 0.0:
        return min(max(mean, low), high)
    # E[min(max(X, low), high)] = mean + E[(low - X)+] - E[(X - high)+]
    return mean + _mean_excess((low - mean) / sd) * sd - _mean_excess((mean - high) / sd) * sd


def _mean_excess(d: float) -> float:
    """E[(d + Z)+] for a standard normal Z."""
    if d == -math.inf:
        return 0.0
    return d * float(ndtr(d)) + math.exp(-0.5 * d * d) / math.sqrt(2.0 * math.pi)


def _expected_on_steps(mean: float, sd: float, low: float, high: float, step: float) -> float:
    """Sum of the chances to reach each step: E[Y] = lowest + step * sum of P(Y >= each higher step)."""

    def nearest(x: float) -> float:
        return math.floor(x / step + 0.5) * step

    lowest = max(low, nearest(mean - _TAIL * sd) - step)
    highest = min(high, nearest(mean + _TAIL * sd) + step)
    if highest <= lowest:
        return min(max(nearest(mean), low), high)
    steps = lowest + step * np.arange(1, round((highest - lowest) / step) + 1)
    edge = steps - 0.5 * step
    chance = (edge <= mean).astype(float) if sd == 0.0 else ndtr((mean - edge) / sd)
    return float(lowest + step * math.fsum(chance))


def is_null(effect: float, direction: str, margins: Margins | None = None) -> bool:
    """Whether a true effect belongs to the null hypothesis; direction as by `alternative_direction`.

    `margins`: of a test against these, whose null hypothesis holds at a margin and beyond it.
    """
    if margins is not None:
        return margins.shut_out(effect)
    if direction == "greater":
        return effect <= 0.0
    if direction == "less":
        return effect >= 0.0
    return effect == 0.0


def alternative_direction(analysis: PlannedAnalysis, scale: Scale) -> str:
    """`two-sided`, `greater` or `less`: the side of the statistic on which an analysis is significant.

    That of first minus second; of tests against margins the statistic is the distance from the nearer margin,
    and greater.
    """
    if analysis.against_margins:
        return "greater"
    if analysis.alternative not in ("better", "worse"):
        return analysis.alternative
    up = more_is_better(analysis, scale)
    return "greater" if (analysis.alternative == "better") == up else "less"
