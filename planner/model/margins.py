"""What a test of equivalence or non-inferiority tells an effect from: one margin, or two."""

from __future__ import annotations

import math
from typing import NamedTuple

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scale import Scale
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES


class Margins(NamedTuple):
    """The effects, first minus second, between which the true one is to be shown to lie.

    One of them is infinite where there is one margin. In units of what is analysed.
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

    def nearest(self, effect: float) -> float:
        """The margin that is nearer to an effect; the upper one if both are equally near."""
        return self.low if effect - self.low < self.high - effect else self.high


def margins_of(scenario: Scenario, analysis: PlannedAnalysis) -> Margins | None:
    """The margins of an analysis; None where it is told whether there is any effect."""
    if not analysis.against_margins:
        return None
    if analysis.tests_equivalence:
        low, high = analysis.limits
        return Margins(low, high)
    assert analysis.margin is not None  # a scenario that was read is complete
    if more_is_better(analysis, scenario.scale_of(analysis)):
        return Margins(analysis.margin, math.inf)
    return Margins(-math.inf, analysis.margin)


def more_is_better(analysis: PlannedAnalysis, scale: Scale) -> bool:
    """Whether a larger number is better: more responders are, whichever end of the scale is."""
    return analysis.measure in BINARY_MEASURES or scale.better == "higher"
