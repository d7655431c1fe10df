"""What looks that cannot do what they are for cost, and which looks near them would do.

Power is that of a normal statistic with the planned information, compared where one of two plans has 80 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from planner._special import chdtri, ndtr, stdtrit
from planner.model.degrees_of_freedom import planned_df
from planner.model.looks import MonitoringPlan, monitoring_plan
from planner.model.stopping import reachable
from planner.model.stopping.reachable import IdleLook
from planner.monitoring.errors import BoundaryError
from planner.monitoring.numerics import positive_zero
from planner.monitoring.recursion import power_at
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.monitoring import Efficacy, Futility
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed

POWER = 0.8  # at which the power of two sets of looks is compared
LEAST_POWER_DIFFERENCE = 0.002  # differences of power worth a sentence
LEAST_SHARE_OF_TRIALS = 0.05  # share of trials that dropout leaves without a test at a look, worth a sentence
_SELDOM = 0.001  # chance to stop for efficacy in a trial of this power, below which a look is too early
_GRID = (np.arange(1000) + 0.5) / 1000  # tail areas of the variance


def alpha_lost(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> str:
    """What becomes of the type I error. It falls by less than what was spent at these looks.

    Some trials that would have stopped there are significant at a later look, too.
    """
    error = reachable.planned_type_one_error(scenario, analysis, plan, idle)
    most = "" if error is not None else "at most about "
    error = reachable.alpha_reached(plan, idle) if error is None else error
    return (
        f"Of alpha {plan.boundary.alpha_spent[-1]:.4g}, what is spent there is lost, but for trials that are "
        f"significant at a later look as well: the type I error of the trial is {most}{error:.4f}"
    )


def power_lost(plan: MonitoringPlan, idle: Sequence[IdleLook], other: MonitoringPlan) -> str:
    """The power of the looks where others have a power of .8.

    A look at which nothing can be computed does not stop for futility either.
    """
    own = plan.boundary
    high, low = reachable.effective_limits(own, idle)
    drift = _drift(other)
    if drift is None:
        return ""
    power = power_at(own.fractions, own.sided, high, low)(drift)
    if abs(power - POWER) < LEAST_POWER_DIFFERENCE:
        return ""
    return (
        f", and where looks [{', '.join(str(m) for m in other.counts)}] have a power of {100 * POWER:.0f} % "
        f"it has about {100 * power:.1f} %"
    )


def futility_cost(plan: MonitoringPlan, look: int) -> float | None:
    """The power that stopping for futility at one look (from 1) takes from a trial that has .8 without it."""
    own = plan.boundary
    if own.futility_z[look - 1] == -math.inf:
        return None
    without = [-math.inf if k == look else z for k, z in enumerate(own.futility_z, start=1)]
    drift = positive_zero(
        lambda drift: power_at(own.fractions, own.sided, own.efficacy_z, without)(drift) - POWER,
        guess=3.0,
        most=20.0,
    )
    if drift is None:
        return None
    return POWER - power_at(own.fractions, own.sided, own.efficacy_z, own.futility_z)(drift)


def _drift(plan: MonitoringPlan) -> float | None:
    """Where the limits have a power of .8."""
    own = plan.boundary
    at = power_at(own.fractions, own.sided, own.efficacy_z, own.futility_z)
    return positive_zero(lambda drift: at(drift) - POWER, guess=3.0, most=20.0)


def looks_in_words(scenario: Scenario, plan: MonitoringPlan) -> str:
    """Looks as they are put into a scenario, with what has to change in its rules beside them."""
    counts = plan.counts
    shares = ", ".join(f"{m / counts[-1]:.3g}" for m in counts)
    efficacy, futility = scenario.monitoring.efficacy, scenario.monitoring.futility
    stops = futility is not None and futility.rule != "none"
    beside = []
    if stops and len(counts) == 1:
        beside.append("leave the futility rule out")
    if len(counts) < len(scenario.monitoring.looks):
        rules = {"efficacy": efficacy, "futility": futility if len(counts) > 1 else None}
        lists = [
            f"monitoring.{name}.{key}"
            for name, rule in rules.items()
            for key in (rule.lists() if rule is not None else ())
        ]
        beside += [f"leave the numbers of these looks out of {listed(lists)}"] if lists else []
    return f"[{', '.join(str(m) for m in counts)}] ({'; '.join([f'as fractions {shares}', *beside])})"


def t_limit(z: float, df: float) -> float:
    """The t statistic as significant as a z."""
    return -float(stdtrit(df, ndtr(-z)))


# Looks with which something is wrong


def often_too_few(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> dict[int, float]:
    """Looks (from 1) that dropout often leaves without a test that can be significant, with how often.

    Not those that cannot be significant even if nobody leaves.
    """
    out = {each.look for each in idle}
    if reachable.completer_probability(scenario, analysis) is None:
        return {}
    shares = {
        k: reachable.probability_of_too_few(scenario, analysis, count, z, plan.boundary.sided)
        for k, (count, z) in enumerate(zip(plan.counts, plan.boundary.efficacy_z, strict=True), start=1)
        if k not in out and z < math.inf
    }
    return {k: share for k, share in shares.items() if share >= LEAST_SHARE_OF_TRIALS}


def too_early(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> list[int]:
    """Looks (from 1) before the last that can stop for efficacy, but hardly ever do where power is .8."""
    own, drift = plan.boundary, _drift(plan)
    if drift is None:
        return []
    out = {each.look for each in idle}
    early = []
    for k, (count, z) in enumerate(zip(plan.counts[:-1], own.efficacy_z[:-1], strict=True), start=1):
        if k in out or z == math.inf:
            continue
        df = planned_df(scenario, analysis, count)
        if _passes(z, float(df) if df else math.inf, drift * math.sqrt(own.fractions[k - 1])) < _SELDOM:
            early.append(k)
    return early


def _passes(z: float, df: float, shift: float) -> float:
    """Chance that a t statistic with this shift is as significant as z; normal without df."""
    if df == math.inf:
        return float(ndtr(shift - z))
    spread = np.sqrt(chdtri(df, _GRID) / df)  # of the SD about its true value
    return float(ndtr(shift - t_limit(z, df) * spread).mean())


def _unfit(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> set[int]:
    """Looks (from 1) that must not be suggested."""
    idle = reachable.idle_looks(scenario, analysis, plan)
    return {
        *(each.look for each in idle),
        *often_too_few(scenario, analysis, plan, idle),
        *too_early(scenario, analysis, plan, idle),
    }


# Looks that would do


def better_looks(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> list[MonitoringPlan]:
    """Looks near these with which nothing is wrong: without the early ones, and with later ones instead."""
    options = (_without(scenario, analysis, plan), _later(scenario, analysis, plan))
    return list({each.counts: each for each in options if each is not None}.values())


def _without(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> MonitoringPlan | None:
    """The looks without those with which something is wrong; None if nothing would be left."""
    counts, part = plan.counts, scenario
    while True:
        solved = _plan_with_looks(part, analysis, counts)
        if solved is None:
            return None
        out = _unfit(part, analysis, solved)
        if not out:
            return solved
        if len(counts) in out:
            return None
        part = _without_numbers_of(part, out)
        counts = tuple(m for k, m in enumerate(counts, start=1) if k not in out)


def _later(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> MonitoringPlan | None:
    """The looks, those with which something is wrong moved to the next number of patients that would do.

    A look for which none before the next one would do is left out.
    """
    counts, part, unit, k = plan.counts, scenario, scenario.design.unit, 0
    while k < len(counts) - 1:
        can = partial(_would_do, part, analysis, counts, k)
        moved = (
            counts[k] if can(counts[k]) else reachable.first_where(can, counts[k], counts[k + 1] - 1, unit)
        )
        if moved is None:
            part, counts = _without_numbers_of(part, {k + 1}), (*counts[:k], *counts[k + 1 :])
        else:
            counts, k = (*counts[:k], moved, *counts[k + 1 :]), k + 1
    solved = _plan_with_looks(part, analysis, counts)
    return None if solved is None or _unfit(part, analysis, solved) else solved


def _would_do(
    scenario: Scenario, analysis: PlannedAnalysis, counts: Sequence[int], k: int, count: int
) -> bool:
    """Whether look k (from 0) would do at another number of patients."""
    solved = _plan_with_looks(scenario, analysis, (*counts[:k], count, *counts[k + 1 :]))
    return solved is not None and k + 1 not in _unfit(scenario, analysis, solved)


def _plan_with_looks(
    scenario: Scenario, analysis: PlannedAnalysis, counts: Sequence[int]
) -> MonitoringPlan | None:
    """The limits with other looks; None where there are none."""
    monitoring = scenario.monitoring.model_copy(update={"looks": tuple(float(m) for m in counts)})
    design = scenario.design.model_copy(update={"patients": counts[-1]})
    part = scenario.model_copy(update={"monitoring": monitoring, "design": design})
    try:
        return monitoring_plan(part, analysis, counts[-1])
    except BoundaryError:
        return None


def _without_numbers_of(scenario: Scenario, out: set[int]) -> Scenario:
    """The scenario whose rules have no number for some looks."""

    def kept(rule: Efficacy | Futility | None) -> object:
        if rule is None:
            return None
        short = {
            name: tuple(x for k, x in enumerate(values, start=1) if k not in out)
            for name, values in rule.lists().items()
        }
        return rule.model_copy(update=short)

    monitoring = scenario.monitoring
    update = {"efficacy": kept(monitoring.efficacy), "futility": kept(monitoring.futility)}
    return scenario.model_copy(update={"monitoring": monitoring.model_copy(update=update)})
