"""What the pages of a result need to know of its scenario, put together from its parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from planner.model.distinguishable import indistinguishable
from planner.model.period_confounding import period_remarks
from planner.model.stopping.remarks import look_remarks
from planner.questions.plan import TrialPlan, plan_trial
from planner.report.context import PageContext
from planner.report.scenario.allocation import design_line, scale_notes
from planner.report.scenario.analyses import analysis_line
from planner.report.scenario.endpoint import endpoint_sentences, measure_and_unit
from planner.report.scenario.predictions import carryover_reason
from planner.results.effect_scale import effect_unit
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import WHOLE


def page_context(scenario: Scenario, plan: TrialPlan, command: str) -> PageContext:
    """What the pages of a result need to know of its scenario."""
    return PageContext(
        question=scenario.question,
        design=design_line(scenario, plan, short=True),
        endpoint=endpoint_sentences(scenario)[0].rstrip("."),
        units={a.name: effect_unit(scenario, a.measure, a.outcome) for a in plan.analyses},
        hypotheses={name: hypothesis.label or name for name, hypothesis in scenario.hypotheses.items()},
        analyses={a.name: analysis_line(scenario, a) for a in plan.analyses},
        futility=(rule := scenario.monitoring.futility) is not None and rule.rule != "none",
        assumed=scenario.assumed,
        sourced=bool(scenario.citations),
        command=command,
        unit=measure_and_unit(scenario)[1],
        classes=indistinguishable(scenario, list(scenario.hypotheses)),
        carryover={
            name: reason for name in scenario.hypotheses if (reason := carryover_reason(scenario, name))
        },
        partial=[a.name for a in scenario.analyses if a.row.needs not in WHOLE],
        scale_notes=scale_notes(scenario),
        warnings=[*scenario.remarks, *period_remarks(scenario), *look_remarks(scenario)],
    )


def with_analyses_of(context: PageContext, scenarios: Iterable[Scenario]) -> PageContext:
    """The context with the analyses of these scenarios, too: those of a swept method have other names."""
    for scenario in scenarios:
        if any(each.name not in context.analyses for each in scenario.analyses):
            own = page_context(scenario, plan_trial(scenario), context.command)
            context = replace(
                context,
                analyses={**context.analyses, **own.analyses},
                units={**context.units, **own.units},
                partial=[*context.partial, *own.partial],
            )
    return context
