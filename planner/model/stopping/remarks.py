"""Remarks on looks before anything is simulated: which cannot stop, what it costs, what would help.

The sentences are warnings of `check`, `show`, `run` and `size`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from planner._memo import Memo
from planner.analyses import info_of
from planner.model.degrees_of_freedom import planned_df
from planner.model.looks import MonitoringPlan, monitoring_plan
from planner.model.stated_key import stated_key
from planner.model.stopping import reachable
from planner.model.stopping.advice import (
    LEAST_POWER_DIFFERENCE,
    POWER,
    alpha_lost,
    better_looks,
    futility_cost,
    looks_in_words,
    often_too_few,
    power_lost,
    t_limit,
    too_early,
)
from planner.model.stopping.reachable import IdleLook
from planner.monitoring.references import REFERENCES
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario
from planner.scenario.stopping_rules import SPENDING_FUNCTIONS
from planner.scenario.text import count, listed
from planner.scenario.tree import Tree

_SPENDING = (*SPENDING_FUNCTIONS, "user-spending")
_BEYOND = 3.0  # times the z limit: from there on a t limit that few df have raised is worth a remark
_QUICK = 60  # looks before the last, over all analyses and numbers of patients, computed in a second or two
_SEVERAL = 6  # numbers of patients that are listed


@dataclass(frozen=True, slots=True)
class LimitReport:
    """An analysis at one number of patients: what its limits can do."""

    analysis: str
    patients: int
    alpha: float
    type_one_error: float | None  # None where the law of the test is not known
    early_efficacy: bool  # whether a look before the last can stop for efficacy
    idle: tuple[IdleLook, ...]

    def to_json(self) -> Tree:
        """One element of `limits` in the JSON of a run."""
        return {
            "analysis": self.analysis,
            "patients": self.patients,
            "alpha": self.alpha,
            "type_one_error": self.type_one_error,
            "early_efficacy": self.early_efficacy,
            "cannot_stop": [
                {
                    "look": each.look,
                    "patients": each.patients,
                    "reason": each.why,
                    "futility": each.computed,  # whether it can still stop for futility
                }
                for each in self.idle
            ],
        }


def limit_report(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, *, error_too: bool = True
) -> LimitReport:
    """What the limits of an analysis can do; without `error_too` no type I error, which takes longest."""
    idle = _idle_looks(scenario, analysis, plan)
    error = reachable.planned_type_one_error(scenario, analysis, plan, idle) if error_too else None
    out = {each.look for each in idle}
    early = any(z < math.inf and k not in out for k, z in enumerate(plan.boundary.efficacy_z[:-1], start=1))
    return LimitReport(analysis.name, plan.patients, analysis.alpha, error, early, idle)


def _idle_looks(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> tuple[IdleLook, ...]:
    """The looks that cannot stop, found once for all that is said of the limits in a process."""
    key = _stated(scenario, analysis, plan)
    return _IDLE.of(key, lambda: tuple(reachable.idle_looks(scenario, analysis, plan)))


def _stated(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan) -> tuple[object, ...]:
    """All that limits and what is said of them depend on: also what an analysis of the user's own states."""
    own = analysis.row, info_of(analysis)
    return stated_key(scenario), scenario.monitoring.shares, analysis.model_dump_json(), own, plan


_IDLE: Memo[tuple[object, ...], tuple[IdleLook, ...]] = Memo(1024)
_REMARKS: Memo[tuple[object, ...], tuple[str, ...]] = Memo(256)


def limit_reports(
    scenario: Scenario, plans: Sequence[tuple[PlannedAnalysis, Sequence[MonitoringPlan]]]
) -> list[LimitReport]:
    """The same at several numbers of patients; of very many, type I errors at the first and the last only."""
    many = sum(len(plan.counts) - 1 for _, each in plans for plan in each) > _QUICK
    return [
        limit_report(scenario, analysis, plan, error_too=not many or d in (0, len(each) - 1))
        for analysis, each in plans
        for d, plan in enumerate(each)
    ]


def look_remarks(scenario: Scenario, patients: int | None = None) -> list[str]:
    """Every remark on the looks of a scenario, at its own or another number of patients."""
    number = scenario.design.patients if patients is None else patients
    return remarks_on_plans(scenario, [(a, monitoring_plan(scenario, a, number)) for a in scenario.analyses])


def remarks_on_plans(
    scenario: Scenario, plans: Sequence[tuple[PlannedAnalysis, MonitoringPlan]]
) -> list[str]:
    """The same, of looks that are solved; found once for the same ones in a process."""
    key = tuple(_stated(scenario, analysis, plan) for analysis, plan in plans)
    return list(_REMARKS.of(key, lambda: _remarks(scenario, plans)))


def _remarks(scenario: Scenario, plans: Sequence[tuple[PlannedAnalysis, MonitoringPlan]]) -> tuple[str, ...]:
    sentences: list[str] = []
    for analysis, plan in plans:
        idle = _idle_looks(scenario, analysis, plan)
        lines = [
            *_idle(scenario, analysis, plan, idle),
            *_early(scenario, analysis, plan, idle),
            *_without_alpha(scenario, plan),
            *_left(scenario, analysis, plan, idle),
        ]
        sentences += _with_names(analysis, scenario, [*lines, *_beta(plan)])
    return tuple(dict.fromkeys(sentences))


def remarks_at_sizes(
    scenario: Scenario, plans: Sequence[tuple[PlannedAnalysis, Sequence[MonitoringPlan]]]
) -> list[str]:
    """The same at several numbers of patients, in a line for each look that cannot stop at some of them."""
    sentences: list[str] = []
    for analysis, each in plans:
        sizes: dict[int, list[int]] = {}
        for plan in each:
            for idle in _idle_looks(scenario, analysis, plan):
                sizes.setdefault(idle.look if idle.patients < plan.patients else 0, []).append(plan.patients)
        lines = []
        for look, numbers in sorted(sizes.items()):
            numbers = sorted(set(numbers))
            named = [f"{n:,}" for n in numbers[:_SEVERAL]]
            named += [f"{len(numbers) - _SEVERAL:,} more numbers"] if len(numbers) > _SEVERAL else []
            which = f"look {look}" if look else "the last look"
            lines.append(
                f"{which} cannot stop for efficacy in trials of {listed(named)} patients, "
                "which have too few at that look; `planner check` with one of these numbers says what it "
                "costs and which looks would do"
            )
        sentences += _with_names(analysis, scenario, lines)
    return sentences


def limits_at_answers(
    scenario: Scenario, answers: Iterable[tuple[str, int]]
) -> tuple[list[LimitReport], list[str]]:
    """What the limits can do, and warnings, of the analyses at the numbers of patients that answer for them.

    `answers`: names of analyses with a number of patients that a search has found for them.
    """
    pairs = set(answers)
    limits, sentences = [], []
    for n in sorted({number for _, number in pairs}):
        analyses = [analysis for analysis in scenario.analyses if (analysis.name, n) in pairs]
        plans = [(analysis, monitoring_plan(scenario, analysis, n)) for analysis in analyses]
        limits += [limit_report(scenario, analysis, plan) for analysis, plan in plans]
        sentences += [f"with {n:,} patients: {remark}" for remark in remarks_on_plans(scenario, plans)]
    return limits, sentences


def _with_names(analysis: PlannedAnalysis, scenario: Scenario, lines: Iterable[str]) -> list[str]:
    return [f"{analysis.name}: {line}" if len(scenario.analyses) > 1 else line for line in lines]


# Looks that cannot stop


def _idle(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> list[str]:
    """Looks that cannot stop for efficacy, what that costs and what would do instead."""
    if not idle:
        return []
    if len(idle) == sum(z < math.inf for z in plan.boundary.efficacy_z):
        return [_none(scenario, analysis, plan, idle[-1])]
    lines = []
    for each in idle:
        what = "stop for efficacy" if each.computed else "stop the trial"
        lines.append(
            f"look {each.look}, at {count(each.patients, 'finished patient')}, cannot {what}: {each.why}"
        )
    cost = f"{'; '.join(lines)}. {alpha_lost(scenario, analysis, plan, idle)}"
    instead = better_looks(scenario, analysis, plan)
    if not instead:
        return [f"{cost}. No looks near these would do: leave the early ones out, or plan more patients"]
    power = power_lost(plan, idle, instead[0]) if _normal(analysis) else ""
    would = " or ".join(looks_in_words(scenario, each) for each in instead)
    return [f"{cost}{power}. Looks that would do: {would}"]


def _normal(analysis: PlannedAnalysis) -> bool:
    """Whether it is a t test: what is computed for normal data is little use for exact tests of responses."""
    return REFERENCES[info_of(analysis).reference].student


def _none(scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, last: IdleLook) -> str:
    """Nothing can ever be significant."""
    z, sided, unit = plan.boundary.efficacy_z[-1], plan.boundary.sided, scenario.design.unit
    fewest = reachable.first_where(
        lambda n: reachable.why_impossible(scenario, analysis, n, z, sided) is None,
        plan.patients,
        64 * plan.patients,
        unit,
    )
    sentence = f"no trial of {count(last.patients, 'patient')} can be significant: {last.why}"
    return sentence if fewest is None else f"{sentence}; with {fewest:,} patients one can be"


def _early(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> list[str]:
    """Looks whose t limit is out of reach for want of degrees of freedom, and what their futility costs."""
    lines = []
    for look in too_early(scenario, analysis, plan, idle):
        df, z = planned_df(scenario, analysis, plan.counts[look - 1]), plan.boundary.efficacy_z[look - 1]
        if not isinstance(df, int) or (limit := t_limit(z, df)) < _BEYOND * z:
            continue
        at, t_text = (
            count(plan.counts[look - 1], "finished patient"),
            f"{limit:,.{0 if limit >= 100 else 1}f}",
        )
        sentence = (
            f"look {look}, at {at}, is too early to stop for efficacy: its limit is t = {t_text} with {df} "
            "degrees of freedom, which fewer than one trial in a thousand passes even where the power is "
            f"{100 * POWER:.0f} %"
        )
        lost = futility_cost(plan, look)
        if lost is not None and lost >= LEAST_POWER_DIFFERENCE:
            sentence += (
                f"; to stop for futility there costs about {100 * lost:.1f} percentage points of power"
            )
        lines.append(sentence)
    return lines


def _without_alpha(scenario: Scenario, plan: MonitoringPlan) -> list[str]:
    """Looks at which a spending rule spends nothing. Other rules give no alpha only where that is stated."""
    efficacy, spent = scenario.monitoring.efficacy, (0.0, *plan.boundary.alpha_spent)
    if efficacy is None or efficacy.rule not in _SPENDING:
        return []
    return [
        f"look {k}, at {count(plan.counts[k - 1], 'finished patient')}, is given no alpha by "
        f"{efficacy.rule}, so that it cannot stop for efficacy: leave it out, or let the rule spend some"
        for k in range(1, len(plan.counts) + 1)
        if plan.boundary.efficacy_z[k - 1] == math.inf and spent[k] == spent[k - 1]
    ]


# Looks that dropout may leave too few patients, and beta that is left to later looks


def _left(
    scenario: Scenario, analysis: PlannedAnalysis, plan: MonitoringPlan, idle: Sequence[IdleLook]
) -> list[str]:
    """Looks that can stop if nobody leaves, but often not with the planned dropout."""
    stays = reachable.completer_probability(scenario, analysis)
    lines = []
    for k, share in often_too_few(scenario, analysis, plan, idle).items():
        finished = plan.counts[k - 1]
        expected = f"{finished * (stays or 0.0):.3g}"
        which = "the last look" if k == len(plan.counts) else f"look {k}"
        cannot = "computed" if _normal(analysis) else "significant"
        at = count(finished, "finished patient")
        often = f"{100 * share:.0f}" if share >= 0.1 else f"{100 * share:.2g}"
        lines.append(
            f"{which}, at {at} of whom {expected} are expected to be completers, has too few of them for "
            f"{analysis.method} to be {cannot} in {often} % of trials"
        )
    return lines


def _beta(plan: MonitoringPlan) -> list[str]:
    """Looks at which two-sided beta spending does not spend what its function gives."""
    return [
        f'look {k + 1}: {left}; monitoring.futility.overlap = "spend" gives it a limit'
        for k in range(len(plan.counts))
        if (left := plan.boundary.left_to_later(k))
    ]
