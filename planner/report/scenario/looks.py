"""The looks of a scenario in plain English: stopping rules, limits, and what must be known of them."""

from __future__ import annotations

from typing import NamedTuple

from planner.model.stopping.remarks import look_remarks
from planner.questions.plan import AnalysisPlan, PlannedLook, TrialPlan
from planner.report.blocks import Block, Column, Heading, Items, Prose, Sheet
from planner.report.pages.parts.limits import about_limits
from planner.report.pages.run_tables import warning
from planner.results.number_text import DASH, percent, plain
from planner.scenario.scenario import Scenario
from planner.scenario.stopping_rules import EFFICACY_RULES, FUTILITY_RULES
from planner.scenario.text import listed


def looks_and_limits(scenario: Scenario, plan: TrialPlan) -> list[Block]:
    """The rules, the limits of each analysis, and warnings of looks that cannot do what they are for."""
    blocks: list[Block] = [Heading("Looks and limits"), *_rules(scenario)]
    for analysis in plan.analyses:
        if len(plan.analyses) > 1:
            blocks.append(Prose(f"{analysis.name}:"))
        blocks.append(_limits(analysis))
    blocks += [warning(remark) for remark in look_remarks(scenario)]
    if not any(len(analysis.looks) > 1 for analysis in plan.analyses):
        return blocks
    by_t = any(look.df is not None for analysis in plan.analyses for look in analysis.looks)
    blocks.append(
        Prose(
            "A look is taken when so many patients have finished, completed or left; it tests the "
            "completers among them."
            + (
                " The t limit is the one for the degrees of freedom that are left if nobody drops out; a "
                "simulated trial uses its own."
                if by_t
                else ""
            )
        )
    )
    return blocks + [
        Prose(sentence) for sentence in about_limits([_held(analysis) for analysis in plan.analyses])
    ]


class _Held(NamedTuple):
    """What the limits of an analysis can do."""

    analysis: str
    alpha: float
    type_one_error: float | None
    early_efficacy: bool


def _held(analysis: AnalysisPlan) -> _Held:
    early = any(x.efficacy_z is not None and not x.cannot_stop for x in analysis.looks[:-1])
    return _Held(analysis.name, analysis.alpha, analysis.type_one_error, early)


def _rules(scenario: Scenario) -> list[Block]:
    """The stopping rules in words, with the numbers they take."""
    efficacy, futility = scenario.monitoring.efficacy, scenario.monitoring.futility
    if len(scenario.monitoring.looks) < 2:
        return [Prose("One look, at the end: the trial does not stop early.")]
    lines = []
    for rule, table in ((efficacy, EFFICACY_RULES), (futility, FUTILITY_RULES)):
        if rule is None:
            lines.append(f"{next(iter(table.values())).title}.")
            continue
        row = table[rule.rule]
        stated = rule.stated()
        numbers = [f"{each.name} = {_value(stated[each.name])}" for each in row.required]
        choices = [
            (each.choices or {})[stated.get(each.name, each.default)]
            for each in row.parameters
            if each.kind == "choice"
        ]
        title = ", ".join([row.title, *filter(None, choices)])
        lines.append(f"{title}{': ' if numbers else ''}{', '.join(numbers)}.")
    if futility is not None and futility.rule != "none":
        lines[-1] += (
            " Binding." if futility.binding else " Not binding: the efficacy limits do not count on it."
        )
    return [Items(lines)]


def _value(value: float | tuple[float, ...]) -> str:
    return listed([plain(v) for v in value]) if isinstance(value, tuple) else plain(value)


def _limits(analysis: AnalysisPlan) -> Sheet:
    tested_by_t = any(look.df is not None for look in analysis.looks)
    futile = any(look.futility_z is not None for look in analysis.looks)
    titles = ["Look", "Patients", "Information", "z limit", "p limit"]
    titles += ["t limit", "df"] if tested_by_t else []
    titles += ["Futility: z"] if futile else []
    rows = []
    for number, look in enumerate(analysis.looks, 1):
        row = [str(number), f"{look.patients:,}", percent(look.information)]
        row += [_limit(look.efficacy_z), plain(look.nominal_p, 3)]
        row += [_limit(look.efficacy_t), _df(look)] if tested_by_t else []
        row += [_limit(look.futility_z)] if futile else []
        rows.append(row)
    return Sheet([Column(title) for title in titles], rows)


def _df(look: PlannedLook) -> str:
    """Degrees of freedom; 0 would look like a number to test with."""
    return "none: no test" if look.df == 0 else plain(look.df)


def _limit(value: float | None) -> str:
    return DASH if value is None else f"{value:.3f}"
