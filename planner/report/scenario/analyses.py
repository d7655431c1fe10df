"""The analyses in plain English: what each compares, how, and at which level."""

from __future__ import annotations

from planner.analyses import info_of
from planner.questions.plan import AnalysisPlan, TrialPlan
from planner.report.blocks import Block, Facts, Heading, Prose
from planner.report.context import sidedness
from planner.report.pages.parts.whole_trial import EACH_ALONE
from planner.report.scenario.looks import looks_and_limits
from planner.report.scenario.scaling import scaling_blocks, short_form
from planner.report.scenario.secondary_outcomes import reading_text
from planner.report.scenario.two_stage import levels, stages_blocks
from planner.results.effect_scale import effect_unit
from planner.results.number_text import percent, plain, signed
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.contrasts import in_words
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed
from planner.scenario.vocabulary import METHODS


def analyses_blocks(scenario: Scenario, plan: TrialPlan) -> list[Block]:
    blocks: list[Block] = [Heading("Analysis" if len(plan.analyses) == 1 else "Analyses")]
    described = []
    for analysis, stated in zip(plan.analyses, scenario.analyses, strict=True):
        about = info_of(stated)
        lines = [
            f"{_method(stated)}.",
            f"{_compared(scenario, analysis)}; {_level(scenario, analysis, stated)}.",
        ]
        if analysis.planned_effect is not None and _gives_ratio(scenario, analysis):
            lines.append(f"Planned for a ratio of {percent(analysis.planned_effect, 4)}.")
        elif analysis.planned_effect is not None:
            lines.append(
                f"Planned for a difference of {signed(analysis.planned_effect)} {scenario.endpoint.unit}."
            )
        if analysis.outcome:
            lines.append(f"It analyses {reading_text(scenario, analysis)}.")
        elif analysis.measure != scenario.endpoint.measure or analysis.day != scenario.endpoint.day:
            lines.append(f"It analyses {analysis.measure} on day {plain(analysis.day)}.")
        if (caution := about.when_some_leave) and _leave(scenario):
            whole = listed([name for name, row in METHODS.items() if row.needs == "estimable"], "or")
            lines.append(f"{caution}; {whole} would use what there is of them.")
        code = "" if stated.own is None else f"code of the user, SHA-256 {stated.own.digest}"
        lines.append(f"Source: {about.citation or code}")
        described.append((analysis.name, " ".join(lines)))
    alone = [Prose(EACH_ALONE)] if len(plan.analyses) > 1 else []
    if scenario.monitoring.adaptive is not None:
        return [*blocks, Facts(described), *stages_blocks(scenario)]
    scaled = scaling_blocks(scenario)
    return [*blocks, Facts(described), *alone, *scaled, *looks_and_limits(scenario, plan)]


def _leave(scenario: Scenario) -> bool:
    """Whether patients are expected to leave between periods."""
    return any(scenario.population.dropout.per_period) or scenario.design.return_to_baseline is not None


def analysis_line(scenario: Scenario, analysis: AnalysisPlan) -> str:
    """An analysis in one line: what it reads if not the endpoint, how, and at which level."""
    read = f"{reading_text(scenario, analysis)}; " if analysis.outcome else ""
    stated = next(each for each in scenario.analyses if each.name == analysis.name)
    return f"{read}{_method(stated)}; {_compared(scenario, analysis)}; {_level(scenario, analysis, stated)}"


def _compared(scenario: Scenario, analysis: AnalysisPlan) -> str:
    return in_words(analysis.contrast, ratio=_gives_ratio(scenario, analysis))


def _gives_ratio(scenario: Scenario, analysis: AnalysisPlan) -> bool:
    return effect_unit(scenario, analysis.measure, analysis.outcome).ratio


def _method(analysis: PlannedAnalysis) -> str:
    adjusted = ", and of the treatment before (carryover)" if analysis.carryover else ""
    own = ", from the scores after these treatments alone" if analysis.pooled == "pair" else ""
    return f"{analysis.row.title}{adjusted}{own}"


def _level(scenario: Scenario, analysis: AnalysisPlan, stated: PlannedAnalysis) -> str:
    level = f"alpha {plain(analysis.alpha)}, {sidedness(analysis.alternative)}"
    if scenario.monitoring.adaptive is not None:
        level = levels(scenario)
    if stated.scaling is not None:
        return f"{level}; equivalence within {short_form(stated.scaling)}"
    unit = effect_unit(scenario, analysis.measure, analysis.outcome)

    def signed_effect(effect: float) -> str:
        return unit.effect_text(100.0 * effect if unit.ratio else effect)

    if analysis.limits:
        low, high = map(signed_effect, analysis.limits)
        return f"{level}; equivalence within {low} to {high} {unit.name}".rstrip()
    if analysis.margin is not None:
        return f"{level}, margin {signed_effect(analysis.margin)} {unit.name}".rstrip()
    return level
