"""Closed forms: the exact power of analyses whose statistic has a known law, where that law holds.

A t statistic of normal scores is noncentral t (planner.questions.exact.laws); the power of a test against
margins is an integral over the law of its standard error, and where these are scaled to how the reference
varies one over its variance as well (planner.questions.exact.scaled). None stands for "no closed form".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from planner._special import ndtr, stdtrit
from planner.equivalence.assurance import assurance as averaged
from planner.equivalence.tost import tost_power
from planner.kernels.tables import Floats
from planner.model.estimated import cv_times, estimate_se, sd_times
from planner.model.looks import monitoring_plan
from planner.model.parameter_draws import UncertainParameter, uncertain_parameters
from planner.monitoring.numerics import noncentral_t_above
from planner.questions.exact import scaled
from planner.questions.exact.laws import law_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.uncertainty import ESTIMATED

_MANY = 2**10  # allocation units at which a law is known if it ever is
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


def assurance(
    scenario: Scenario, hypothesis: str, analysis: PlannedAnalysis, patients: Sequence[int]
) -> Floats | None:
    """The exact power of a test against margins averaged over what is uncertain, or None.

    Known where one variance within patients, or the effect, or both are known from an earlier trial, and
    nothing else is uncertain (planner.equivalence.assurance).
    """
    known = _earlier(scenario, hypothesis, analysis)
    law = None if known is None or analysis.scaling else law_of(scenario, hypothesis, analysis, patients)
    if law is None or known is None:
        return None
    only = monitoring_plan(scenario, analysis, max(patients))
    if only.margins is None:
        return None
    df, level = np.maximum(law.df, 1.0), float(ndtr(-only.boundary.efficacy_z[-1]))
    sd_df, effect_se = known
    mean = averaged(*only.margins, law.effect, law.se, df, level, sd_df=sd_df, effect_se=effect_se)
    return np.where(law.df > 0.0, mean, 0.0)


def _earlier(scenario: Scenario, name: str, analysis: PlannedAnalysis) -> tuple[float, float] | None:
    """Degrees of freedom of the variance and standard error of the effect; None where more is uncertain."""
    df, effect_se = math.inf, 0.0
    entries = [each for each in uncertain_parameters(scenario) if each.hypothesis in (None, name)]
    for entry in entries:
        stated, (first, *_) = entry.distribution, entry.numbers
        if entry.hypothesis is None or stated.form not in ESTIMATED:
            return None
        if stated.patients is not None:
            if first.route[-1] != next(iter(analysis.weights)):
                return None
            effect_se = estimate_se(scenario, name, analysis, stated.patients)
        elif stated.df is None or not _is_only_variance(scenario, name, analysis, entry):
            return None
        else:
            df = stated.df
    return (df, effect_se) if entries else None


def _is_only_variance(
    scenario: Scenario, name: str, analysis: PlannedAnalysis, entry: UncertainParameter
) -> bool:
    """Whether one variance is all that makes the estimate vary: twice the SD, twice its standard error."""
    stated, patients = scenario.hypotheses[name], [scenario.design.unit * _MANY]
    key = str(entry.numbers[0].route[2])
    times = cv_times if key.startswith("cv_") else sd_times
    table = {a: times(sd, 4.0) for a, sd in getattr(stated, key).items()}
    laws = [
        law_of(scenario, each, analysis, patients)
        for each in (stated, stated.model_copy(update={key: table}))
    ]
    if len(entry.numbers) != len(table) or laws[0] is None or laws[1] is None:
        return False
    return math.isclose(float(laws[1].se[0]), 2.0 * float(laws[0].se[0]), rel_tol=1e-9)


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
