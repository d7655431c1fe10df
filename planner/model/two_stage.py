"""The two-stage rule of a scenario as a plan in plain numbers."""

from __future__ import annotations

from planner.equivalence.two_stage.plan import TwoStagePlan, two_stage_plan
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario


def two_stage_plan_of(
    scenario: Scenario, analysis: PlannedAnalysis, patients: int | None = None
) -> TwoStagePlan | None:
    """The plan of a complete scenario; None where there is no second stage.

    `patients`: the most of both stages, by default the scenario's own.
    """
    adaptive = scenario.monitoring.adaptive
    if adaptive is None:
        return None
    futility = adaptive.futility
    assert adaptive.max is not None
    return two_stage_plan(
        adaptive.rule,
        alpha=adaptive.alpha,
        ratio=adaptive.ratio,
        power=adaptive.power,
        limit=max(analysis.limits),
        most=adaptive.max if patients is None else patients,
        min_second=adaptive.min_second,
        use_estimate=adaptive.use_estimate,
        ci_outside=_ends(futility.ci_outside),
        estimate_outside=_ends(futility.estimate_outside),
        power_method=adaptive.planned_by,
    )


def _ends(stated: tuple[float, ...]) -> tuple[float, float] | None:
    return (stated[0], stated[1]) if stated else None
