"""What `planner methods` prints, a page for each kind: formula, assumptions, needs and source."""

from __future__ import annotations

import inspect

from planner.monitoring.rules import spending_function
from planner.report.methods import ALTERNATIVE, ANALYSIS, DESIGN, SCALING, TWO_STAGE, Method
from planner.report.methods import methods as every
from planner.scenario.stopping_rules import SPENDING_FUNCTIONS

from .markdown import anchor, code, fence, formula, prose, table, text, toctree

KINDS = {
    "analyses": (ANALYSIS, "Analyses", "`method` of `[[analyses]]`: how a finished trial is analysed."),
    "alternatives": (
        ALTERNATIVE,
        "Tests against margins",
        "`alternative` of `[[analyses]]`: what is to be shown in place of a difference, by any t test.",
    ),
    "scaling": (
        SCALING,
        "Limits that are scaled to how the reference varies",
        "`rule` of `scaling` of `[[analyses]]`: bioequivalence by the numbers of a regulator.",
    ),
    "efficacy": (
        "efficacy rule",
        "Stopping for efficacy",
        "`rule` of `[monitoring.efficacy]`, and `--rule`.",
    ),
    "futility": (
        "futility rule",
        "Stopping for futility",
        "`rule` of `[monitoring.futility]`, and `--futility`.",
    ),
    "two-stage": (
        TWO_STAGE,
        "Second stages that are planned after the first",
        "`rule` of `adaptive` of `[monitoring]`: bioequivalence in two stages.",
    ),
    "designs": (DESIGN, "Designs", "`name` of `[design]`, which takes the treatments from `arms`."),
}
"""By the page: the kind, its title, and where a scenario names one."""

SPENDING = "spending"
"""The page of the functions that rules of both kinds use."""


def pages() -> dict[str, str]:
    """The index, and a page a kind."""
    made = {name: _page(name) for name in KINDS}
    return {"index": _index(), **made, SPENDING: _spending()}


def of_kind(page: str) -> list[Method]:
    """The methods of a page."""
    return [method for method in every() if method.kind == KINDS[page][0]]


def _page(name: str) -> str:
    _, title, where = KINDS[name]
    return "\n\n".join([f"# {title}", where, *(_method(name, method) for method in of_kind(name))]) + "\n"


def _method(page: str, method: Method) -> str:
    parts = [f"({page}-{anchor(method.name)})=\n## `{method.name}`", f"{text(method.title)}."]
    parts.append(prose(method.explanation))
    facts = [f"- {code(name)}: {text(meaning)}." for name, meaning in method.parameters.items()]
    facts += [f"- Needs: {text(method.needs)}."] if method.needs else []
    facts += [f"- Source: {text(method.source)}."] if method.source else []
    return "\n\n".join(part for part in [*parts, "\n".join(facts)] if part)


def _spending() -> str:
    parts = [
        "# Spending functions",
        "How much of the error is spent up to the information fraction t. In `[monitoring.efficacy]` they "
        "spend alpha, in `[monitoring.futility]` beta; `total` is all of it.",
    ]
    for name, row in SPENDING_FUNCTIONS.items():
        said = inspect.getdoc(spending_function(name)) or ""
        facts = [f"- {code(each.name)}: {text(each.help)}; {text(each.values)}." for each in row.parameters]
        facts += [f"- Source: {text(row.citation)}."]
        body = [f"## `{name}`", f"{text(row.source)}: {text(row.title)}."]
        parts += [*body, fence("text", formula(f"f(t) = {said}")), "\n".join(facts)]
    return "\n\n".join(parts) + "\n"


def _index() -> str:
    parts = [
        "# Methods",
        "Every analysis, test against margins, stopping rule, two-stage rule, spending function and design "
        "that a scenario can name. `planner methods NAME` prints the same.",
    ]
    for name, (_, title, _) in KINDS.items():
        rows = [[f"[`{each.name}`](#{name}-{anchor(each.name)})", text(each.title)] for each in of_kind(name)]
        parts += [f"## {title}", table(["Name", "What it is"], rows)]
    return "\n\n".join([*parts, toctree([*KINDS, SPENDING])]) + "\n"
