"""The parameters of a stopping rule, checked against its row before its function is given them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from planner.monitoring.errors import BoundaryError
from planner.scenario.stopping_rules import RULES, Parameter, StoppingRule
from planner.scenario.tree import Tree

Given = Mapping[str, object]


def rule_of(kind: str, name: str) -> StoppingRule:
    """The row of a rule of this kind, "efficacy" or "futility". Raises BoundaryError for a wrong name."""
    rules = RULES[kind]
    if name not in rules:
        raise BoundaryError(f"no {kind} rule is called {name!r}", f"choose one of {', '.join(rules)}")
    return rules[name]


def values_of(kind: str, name: str, given: Given, looks: int) -> Tree:
    """Every parameter of the rule, checked: floats, tuples of floats or texts; its default where not given.

    Raises BoundaryError for what is missing, of no use to the rule, or not as the row has it.
    """
    rule = rule_of(kind, name)
    for parameter in rule.required:
        if parameter.name not in given:
            raise BoundaryError(f"{kind} rule {name} needs {parameter.name}", _hint(parameter))
    for other in given:
        if other not in (parameter.name for parameter in rule.parameters):
            raise BoundaryError(f"{kind} rule {name} takes no {other}", "leave it out")
    return {each.name: _value(each, given.get(each.name, each.default), looks) for each in rule.parameters}


def _hint(parameter: Parameter) -> str:
    if parameter.values:
        return parameter.values
    return f"{parameter.help[:1].lower()}{parameter.help[1:]}, such as {parameter.example}"


def _value(parameter: Parameter, value: object, looks: int) -> float | str | tuple[float, ...]:
    match parameter.kind:
        case "number":
            return _number(parameter, value)
        case "list":
            return _list(parameter, value, parameter.count(looks))
        case "choice":
            choices = parameter.choices or {}
            if value not in choices:
                raise BoundaryError(f"{parameter.name} is {value!r}, but must be one of", ", ".join(choices))
            return str(value)


def _number(parameter: Parameter, value: object) -> float:
    """One finite number, within the range that can be solved."""
    name = parameter.name
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BoundaryError(f"{name} must be one number, not {value!r}")
    if parameter.range is not None:
        low, high = parameter.range
        if not low <= value <= high:
            message = f"{name} is {value:g}, but must lie between {low:g} and {high:g}"
            raise BoundaryError(message, parameter.values)
    return float(value)


def _list(parameter: Parameter, value: object, count: int) -> tuple[float, ...]:
    """`count` numbers, infinities allowed."""
    name = parameter.name
    if isinstance(value, int | float):
        value = (value,)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise BoundaryError(f"{name} must be a list of numbers, not {value!r}")
    if any(isinstance(x, bool) or not isinstance(x, int | float) or math.isnan(x) for x in value):
        raise BoundaryError(f"{name} must be a list of numbers, not {list(value)!r}")
    if len(value) != count:
        each = f"one per {parameter.per}{', cumulative' if parameter.cumulative else ''}"
        raise BoundaryError(f"{name} has {len(value)} numbers, but must have {count}", each)
    return tuple(float(x) for x in value)


def stated_spending(spent: Sequence[float], error: str, total: float) -> tuple[float, ...]:
    """The user's own cumulative spending of `error` ("alpha" or "beta"), checked against its `total`."""
    if spent[0] < 0 or any(later < earlier for earlier, later in pairwise(spent)):
        raise BoundaryError(
            f"spent is {list(spent)}, but cumulative {error} can never be negative or decrease",
            "each number counts all looks so far",
        )
    # A relative slack for decimals such as 0.1 + 0.2.
    if spent[-1] > total * (1 + 1e-9):
        raise BoundaryError(
            f"spent reaches {spent[-1]:g} at the last look, more than {error} = {total:g}",
            f"lower it, or raise {error}",
        )
    return tuple(min(x, total) for x in spent)
