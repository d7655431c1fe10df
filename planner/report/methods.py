"""What every analysis, alternative, stopping rule and design does, in the words of the code that does it.

Titles, needs and sources are the rows of scenario.vocabulary; formulas and assumptions are the docstrings of
the modules and functions behind them. Nothing is written down a second time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import NamedTuple

from planner.analyses import explanation, info
from planner.equivalence.two_stage.plan import two_stage_plan
from planner.model import margins
from planner.monitoring.rules import rule_function, spending_function
from planner.report.two_stage_words import what_is_decided
from planner.results.contract import Json
from planner.results.number_text import plain
from planner.scenario import designs
from planner.scenario.adaptive import Adaptive, StageFutility
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.own_methods import OwnMethods
from planner.scenario.regulators import REGULATORS, SCALINGS, regulators_with
from planner.scenario.scaling import Scaling
from planner.scenario.stopping_rules import RULES, Parameter, StoppingRule
from planner.scenario.two_stage_rules import RULES as TWO_STAGE_RULES
from planner.scenario.vocabulary import DESIGNS, MARGIN_TESTS, METHODS, NEEDS, NamedMethod

ANALYSIS, ALTERNATIVE, SCALING, DESIGN = "analysis", "alternative", "rule of scaling", "design"
TWO_STAGE = "two-stage rule"
OWN = "user's analysis"


class Method(NamedTuple):
    """One thing that a scenario can name."""

    kind: str
    name: str
    title: str
    explanation: str  # paragraphs; an indented one is a formula
    needs: str  # what it asks of a design
    parameters: dict[str, str]  # name to meaning
    source: str

    def to_json(self) -> Json:
        return self._asdict()


def methods(own: OwnMethods | None = None) -> list[Method]:
    """Everything that a scenario can name, in the order of the vocabulary; first analyses of the user's."""
    return [
        *_own(own or {}),
        *_analyses(),
        *_margin_tests(),
        *_scaling_rules(),
        *(row for kind in RULES for row in _rules(kind, RULES[kind])),
        *_two_stage_rules(),
        *_designs(),
    ]


def _analyses() -> list[Method]:
    return [
        Method(
            ANALYSIS,
            name,
            row.title,
            explanation(name),
            NEEDS[row.needs],
            _settings(row),
            info(name).citation,
        )
        for name, row in METHODS.items()
    ]


def _margin_tests() -> list[Method]:
    return [
        Method(
            ALTERNATIVE,
            name,
            row.title,
            _text(getattr(margins, name.replace("-", "_"))),
            "an analysis with an estimate, its standard error and degrees of freedom: a t test",
            _described([row.takes, "alpha"]),
            row.citation,
        )
        for name, row in MARGIN_TESTS.items()
    ]


def _scaling_rules() -> list[Method]:
    return [
        Method(
            SCALING,
            name,
            row.title,
            row.explanation,
            "some patients who get the reference, the second treatment of the contrast, twice"
            if name != "none"
            else "",
            {number: str(Scaling.model_fields[number].description) for number in row.numbers},
            "; ".join(dict.fromkeys(REGULATORS[each].guidances[name] for each in regulators_with(name))),
        )
        for name, row in SCALINGS.items()
    ]


def _two_stage_rules() -> list[Method]:
    """What is decided after either stage, with the numbers of the rule."""
    rows = []
    for name, row in TWO_STAGE_RULES.items():
        plan = two_stage_plan(name)
        decided = what_is_decided(plan, f"a ratio of {plain(plan.ratio)}")
        needs = "a 2x2 crossover with a log-normal endpoint, tested for equivalence"
        rows.append(Method(TWO_STAGE, name, row.title, "\n\n".join(decided), needs, _numbers(), row.citation))
    return rows


def _numbers() -> dict[str, str]:
    """What a two-stage rule takes."""
    fields = {
        name: field for name, field in Adaptive.model_fields.items() if name not in ("rule", "futility")
    }
    futility = StageFutility.model_fields.items()
    return {
        **{name: str(field.description) for name, field in fields.items()},
        **{f"futility.{name}": str(field.description) for name, field in futility},
    }


def _own(methods: OwnMethods) -> list[Method]:
    return [
        Method(
            OWN,
            name,
            method.row.title,
            method.explanation,
            NEEDS[method.row.needs],
            _settings(method.row),
            method.info.citation or f"code of the user, SHA-256 {method.digest}",
        )
        for name, method in methods.items()
    ]


def _rules(kind: str, rules: Mapping[str, StoppingRule]) -> list[Method]:
    return [
        Method(
            f"{kind} rule",
            name,
            rule.title,
            _rule_text(kind, name, rule),
            "",
            {parameter.name: _meaning(parameter) for parameter in rule.parameters},
            rule.citation,
        )
        for name, rule in rules.items()
    ]


def _rule_text(kind: str, name: str, rule: StoppingRule) -> str:
    """What the function of a rule says, the spending function that it uses, and the theory behind it."""
    parts = [_text(rule_function(kind, name))]
    if rule.spends:
        parts.append(f"    f(t) = {_text(spending_function(name))}")
    if rule.explained_in:
        parts.append(inspect.getdoc(import_module(f"planner.monitoring.{rule.explained_in}")) or "")
    return "\n\n".join(parts)


def _meaning(parameter: Parameter) -> str:
    """What a rule takes: what it is, what its values mean, and what it is if it is not given."""
    parts = [parameter.help, parameter.values]
    if parameter.default is not None and "if not given" not in parameter.help:
        parts.append(_not_given(parameter.default))
    return "; ".join(filter(None, parts))


def _settings(row: NamedMethod) -> dict[str, str]:
    """What an analysis takes beside its contrast, each with its default."""
    some = {"carryover": row.carryover, "pooled": row.pools}
    return _described([*_OF_EVERY_TEST, *(name for name, takes in some.items() if takes)])


def _described(names: Sequence[str]) -> dict[str, str]:
    """Settings of an analysis: what each is, and what it is if it is not given."""
    meanings = {}
    for name in names:
        field = PlannedAnalysis.model_fields[name]
        stated = field.default in (None, ()) or "if not given" in str(field.description)
        meanings[name] = "; ".join([str(field.description), *([] if stated else [_not_given(field.default)])])
    return meanings


_OF_EVERY_TEST = ("alpha", "alternative")


def _not_given(default: object) -> str:
    value = str(default).lower() if isinstance(default, bool) else default
    return f"{value} if not given"


def _text(function: Callable[..., object]) -> str:
    return inspect.getdoc(function) or ""


def _designs() -> list[Method]:
    rows = []
    for name, row in DESIGNS.items():
        fewest, most = row.arms
        arms = str(fewest) if fewest == most else f"{fewest} to {most}"
        rows.append(Method(DESIGN, name, row.title, _sequences(name), f"{arms} arms", {}, ""))
    return rows


def _sequences(name: str) -> str:
    """The sequences of a design, or how they are made."""
    same = DESIGNS[name].same_as or name
    if pattern := DESIGNS[same].pattern:
        return f"    {', '.join(pattern)}"
    return _text(designs.generator(name)) if same == name else f"Its sequences are those of {same}."
