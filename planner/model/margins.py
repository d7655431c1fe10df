"""What a test of equivalence or non-inferiority tells an effect from: one margin, or two."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scale import Scale
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

_TIE = 1e-9  # relative; as planner.monitoring.references


class Margins(NamedTuple):
    """The effects, first minus second, between which the true one is to be shown to lie.

    One of them is infinite where there is one margin. In units of what is analysed: of a ratio logarithms.
    """

    low: float
    high: float

    @property
    def two(self) -> bool:
        """Whether there are two: equivalence."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def distance(self, effect: float) -> float:
        """How far an effect is from the nearer margin; 0 or less at a margin and beyond it."""
        return min(effect - self.low, self.high - effect)

    def shut_out(self, effect: float) -> bool:
        """Whether an effect is at a margin or beyond it, the rounding of either aside."""
        return self.distance(effect) <= _TIE * max(abs(each) for each in self.finite)

    @property
    def finite(self) -> list[float]:
        """The margins that there are."""
        return [each for each in self if math.isfinite(each)]


def margins_of(scenario: Scenario, analysis: PlannedAnalysis) -> Margins | None:
    """The margins of an analysis; None where it is told whether there is any effect."""
    if not analysis.against_margins:
        return None
    if analysis.tests_equivalence:
        return equivalence([scenario.as_analysed(limit, analysis) for limit in analysis.limits])
    assert analysis.margin is not None  # a scenario that was read is complete
    margin = scenario.as_analysed(analysis.margin, analysis)
    higher = more_is_better(analysis, scenario.scale_of(analysis))
    if analysis.alternative == "non-inferiority":
        return non_inferiority(margin, higher)
    return superiority_by_margin(margin, higher)


def equivalence(limits: Sequence[float]) -> Margins:
    """Two one-sided tests, each at level alpha, of an effect that is to be shown to lie between two limits.

    With an estimate e, its standard error se and df degrees of freedom the trial shows equivalence where

        min((e - low) / se, (high - e) / se) >= t,   t: upper alpha quantile of Student's t with df

    which says the same as that the interval e - t se to e + t se, of level 1 - 2 alpha, lies within the
    limits; touching them is within. The p value is the larger one of the two tests. No correction is needed
    for there being two, because both have to be significant. The type I error is that of an effect at the
    limit, or beyond it.

    At looks both tests are held to the one-sided limits at alpha, and the trial stops early where both pass
    them. It does not stop for being different: that is shown where at the last look the interval lies outside
    the limits. A futility rule looks at the smaller one of the two statistics.

    A trial without a test (too few patients, or a standard error of 0) does not show equivalence.
    """
    low, high = limits
    return Margins(low, high)


def non_inferiority(margin: float, higher: bool) -> Margins:
    """A one-sided test at level alpha of an effect that is to be shown to be better than a margin m < 0.

        (e - m) / se >= t,   t: upper alpha quantile of Student's t with df

    where higher scores are better, so that the margin is the loss that would be too much; where lower ones
    are, the margin is above 0 and the sign is turned: (m - e) / se. Significant where the interval of level
    1 - 2 alpha lies on the right side of the margin; touching it is enough. The scale must say what is
    better.
    """
    return Margins(margin, math.inf) if higher else Margins(-math.inf, margin)


def superiority_by_margin(margin: float, higher: bool) -> Margins:
    """A one-sided test at level alpha of an effect that is to be shown to be better than a margin m > 0.

        (e - m) / se >= t,   t: upper alpha quantile of Student's t with df

    where higher scores are better; where lower ones are, the margin is below 0 and the sign is turned:
    (m - e) / se. Significant where the interval of level 1 - 2 alpha lies beyond the margin; touching it is
    enough. The scale must say what is better.
    """
    return Margins(margin, math.inf) if higher else Margins(-math.inf, margin)


def more_is_better(analysis: PlannedAnalysis, scale: Scale) -> bool:
    """Whether a larger number is better: more responders are, whichever end of the scale is."""
    return analysis.measure in BINARY_MEASURES or scale.better == "higher"
