"""Hypotheses whose effect is moved to the limits of a test, where its type I error is looked at."""

from __future__ import annotations

from planner.errors import RequestError
from planner.model.families.family import EffectParameter, family_of
from planner.model.readings import reading_of
from planner.model.scaled import judged_margins
from planner.monitoring.numerics import zero
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

CLEAR = 3.0
"""Monte Carlo standard errors beyond which one limit is worse."""
SAME = 1e-9
"""Powers of a closed form that differ by less are the same."""

_STEPS = 40  # each twice as long, in which an effect is sought that the ends of a scale move


def moved_to_limits(scenario: Scenario, name: str, analysis: PlannedAnalysis) -> dict[float, Hypothesis]:
    """The hypothesis with its effect at each margin, that nearest to the stated effect first."""
    stated = scenario.hypotheses[name]
    margins = judged_margins(scenario, stated, analysis)
    assert margins is not None
    parameter = family_of(stated).effect_parameter(stated, analysis.weights)
    if parameter is None:
        raise RequestError(
            f"{name} states no effect that can be moved to a limit",
            "state one more hypothesis with the effect at the limit",
        )
    near = sorted(margins.finite, key=lambda each: (abs(each - parameter.stated), -each))
    moved = {limit: _moved(scenario, name, analysis, parameter, limit) for limit in near}
    within_reach = {limit: hypothesis for limit, hypothesis in moved.items() if hypothesis is not None}
    if not within_reach:
        limits = listed([f"{limit:g}" for limit in near], "or")
        raise RequestError(f"under {name} no means on this scale have a true effect of {limits}")
    return within_reach


def _moved(
    scenario: Scenario,
    name: str,
    analysis: PlannedAnalysis,
    parameter: EffectParameter[Hypothesis],
    limit: float,
) -> Hypothesis | None:
    """The hypothesis whose true effect is the limit, whatever the ends of a scale make of its means.

    None where they keep it from being so large.
    """

    def missing(change: float) -> float:
        hypothesis = parameter.moved(change)
        reading = reading_of(scenario, analysis)
        effect = family_of(hypothesis).exact_effect(scenario, hypothesis, analysis.weights, reading)
        if effect is None:
            raise RequestError(
                f"the true effect under {name} takes a simulation, and cannot be moved exactly"
            )
        return effect - limit

    low, high = parameter.limits
    if not low <= limit <= high:
        return None
    left = missing(limit)
    if abs(left) <= 1e-12 * max(abs(limit), 1.0):
        return parameter.moved(limit)
    step = -left
    for _ in range(_STEPS):
        far = min(max(limit + step, low), high)
        if missing(far) * left <= 0.0:
            return parameter.moved(zero(missing, limit, far))
        step *= 2.0
    return None


def worse_of(limits: list[float], errors: list[float], least: float) -> float:
    """The limit with the largest type I error; the first one where none is larger by more than `least`."""
    top = max(range(len(limits)), key=errors.__getitem__)
    return limits[top] if errors[top] - errors[0] > least else limits[0]
