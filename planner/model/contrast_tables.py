"""The contrast of an analysis as its kernel takes it, and the variance of its estimate."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from planner.kernels.tables import (
    NONE_CARRIED,
    Contrast,
    Floats,
)
from planner.model.estimand import alternative_direction
from planner.model.readings import BASELINE, readings_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.estimability import period_shares, sequence_shares, taking_part, variance_factor
from planner.scenario.scenario import Scenario

SIDES = {"two-sided": 0, "greater": 1, "less": -1}  # the direction of an alternative, as kernels take it


def planned_variance(scenario: Scenario, analysis: PlannedAnalysis) -> float:
    """Variance of an estimate for one patient in all and an SD of 1 of each patient's own contrast.

    Of tests of patients' own contrasts, with everybody staying.
    """
    design, weights = scenario.design, analysis.weights
    needs = analysis.row.needs
    if needs == "estimable":
        stated = design.sequences, design.allocation, weights, analysis.carryover
        factor = variance_factor(*stated, analysis.only)
        return float(factor or 0) / sum(w * w for w in weights.values())
    shares = None if needs in ("within", "pairs") else _sequence_shares(scenario, analysis)
    if shares is None:
        return 1.0
    pairs = zip(shares, design.allocation, strict=True)
    return float(sum(share * share * design.unit / units for share, units in pairs))


def contrast_table(scenario: Scenario, analysis: PlannedAnalysis) -> Contrast:
    """What an analysis compares, for its kernel."""
    design, weights = scenario.design, analysis.weights
    number = {a: i for i, a in enumerate(design.treatments)}
    used = analysis.only or design.treatments
    shares = _sequence_shares(scenario, analysis)
    direction = alternative_direction(analysis, scenario.scale_of(analysis))
    adjusts = analysis.row.baseline
    return Contrast(
        weight=period_weights(scenario, weights),
        share=np.array([float(x) for x in shares]) if shares else np.zeros(len(design.sequences)),
        treatment=np.array(
            [[number[a] if a in used else -1 for a in sequence] for sequence in design.sequences], np.int64
        ),
        effect=np.array([weights.get(a, 0.0) for a in design.treatments]),
        sides=SIDES[direction],
        baseline=readings_of(scenario).index(BASELINE) if adjusts else -1,
        carried=np.array(
            [[-1, *(number[a] for a in sequence[:-1])] for sequence in design.sequences], np.int64
        )
        if analysis.carryover
        else NONE_CARRIED,
    )


def _sequence_shares(scenario: Scenario, analysis: PlannedAnalysis) -> list[Fraction] | None:
    """The share of each sequence in the estimate; of rules with scaled limits all alike, as they have it."""
    sequences, weights = scenario.design.sequences, analysis.weights
    if analysis.scaling is None:
        return sequence_shares(sequences, weights)
    part = taking_part(sequences, weights)
    return [Fraction(takes, sum(part)) for takes in part]


def period_weights(scenario: Scenario, weights: Mapping[str, float]) -> Floats:
    """(sequence, period): the weight of a period in a patient's own contrast, see scenario.estimability."""
    rows = (period_shares(sequence, weights) for sequence in scenario.design.sequences)
    return np.array([[float(share) for share in row] for row in rows])
