"""Closed forms: the exact power of analyses whose statistic has a known law, where that law holds.

A t statistic of normal scores is noncentral t (planner.questions.exact.laws); the power of a test against
margins is an integral over the law of its standard error, and where these are scaled to how the reference
varies one over its variance as well (planner.questions.exact.scaled). None stands for "no closed form".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner._special import ndtr, stdtrit
from planner.equivalence.tost import tost_power
from planner.kernels.tables import Floats
from planner.model.looks import monitoring_plan
from planner.monitoring.numerics import noncentral_t_above
from planner.questions.exact import scaled
from planner.questions.exact.laws import law_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

_NIL = 1e-11  # standard errors at one allocation unit that only rounding makes


def power(
    scenario: Scenario, hypothesis: str | Hypothesis, analysis: PlannedAnalysis, patients: Sequence[int]
) -> Floats | None:
    """Exact power (type I error under a true null hypothesis) at each number of patients, or None.

    Most tests have one at multiples of the allocation unit only, where every sequence has its share of the
    patients. An undefined test never rejects.
    """
    if analysis.scaling is not None:
        return scaled.power(scenario, hypothesis, analysis, patients)
    law = law_of(scenario, hypothesis, analysis, patients)
    if law is None:
        return None
    # The same for every number: one look is all of them.
    only = monitoring_plan(scenario, analysis, max(patients))
    df, level = np.maximum(law.df, 1.0), float(ndtr(-only.boundary.efficacy_z[-1]))
    if only.margins is not None:
        chance = tost_power(*only.margins, law.effect, law.se, df, level)
    else:
        sides = {"two-sided": (1.0, -1.0), "greater": (1.0,), "less": (-1.0,)}[only.direction]
        limit = -stdtrit(df, level)
        chance = np.sum(
            [noncentral_t_above(limit, df, law.shift(side * law.effect)) for side in sides], axis=0
        )
    return np.where(law.df > 0.0, chance, 0.0)


def limit(scenario: Scenario, hypothesis: str | Hypothesis, analysis: PlannedAnalysis) -> float | None:
    """What the exact power tends to as patients are added without end; None: no closed form.

    The noncentrality grows with the square root of the patients, unless the contrast that is estimated is
    nil: then power is the level of the test at every number of patients.
    """
    if analysis.scaling is not None:
        return scaled.limit(scenario, hypothesis, analysis)
    law = law_of(scenario, hypothesis, analysis, [scenario.design.unit * 2**20])
    if law is None:
        return None
    plan = monitoring_plan(scenario, analysis, scenario.design.patients)
    effect = law.effect if plan.margins is None else plan.margins.distance(law.effect)
    shift = float(law.shift(effect)[0]) / 2.0**10  # at one allocation unit
    if abs(shift) < _NIL:
        return analysis.alpha
    direction = plan.direction
    return 0.0 if direction == ("less" if shift > 0.0 else "greater") else 1.0
