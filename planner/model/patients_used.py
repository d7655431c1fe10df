"""Which patients an analysis uses: by what it needs, and by what there is of each of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.kernels.tables import Floats, Ints
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import WHOLE


def patients_used(
    scenario: Scenario, analysis: PlannedAnalysis, sequence: Ints, scores: Floats, weight: Floats
) -> NDArray[np.bool_]:
    """(patient, ...) whether an analysis uses the patient.

    sequence i64[patient]; scores f64[patient, period, ...], NaN where missing; weight f64[patient, period] of
    each period in the patient's own contrast.
    """
    there = ~np.isnan(scores)
    apart = weight.reshape(weight.shape + (1,) * (scores.ndim - weight.ndim))
    match analysis.row.needs:
        case "first":
            compared = np.array([each[0] in analysis.weights for each in scenario.design.sequences])
            begins = compared[sequence].reshape(-1, *(1,) * (scores.ndim - weight.ndim))
            return np.asarray(there[:, 0] & begins)
        case "estimable":
            only = analysis.only
            used = [[only is None or a in only for a in each] for each in scenario.design.sequences]
            counted = np.array(used)[sequence].reshape(apart.shape)
            return np.asarray((there & counted).sum(axis=1) > 1)
        case needs if needs in WHOLE:
            return np.asarray(there.all(axis=1))
        case _:
            return np.asarray((there | (apart == 0.0)).all(axis=1) & (apart != 0.0).any(axis=1))
