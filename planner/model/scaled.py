"""The rule with scaled limits of an analysis."""

from __future__ import annotations

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.regulators import ScaledRule


def scaled_rule_of(analysis: PlannedAnalysis) -> ScaledRule | None:
    """The rule of an analysis of a complete scenario, in plain numbers; None where limits are not scaled.

    The reference is the second treatment of its contrast.
    """
    return None if analysis.scaling is None else analysis.scaling.scaled_rule
