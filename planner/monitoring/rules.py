"""A stopping rule by its name: its row, its checked parameters, and its function."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from planner.monitoring import efficacy_rules, futility_rules, spending
from planner.monitoring.futility_rules import FutilityRule
from planner.monitoring.parameters import Given, rule_of, values_of
from planner.monitoring.solve import BoundarySpec, EfficacyRule, SpendingFunction
from planner.scenario.stopping_rules import BETA

_MODULES: dict[str, ModuleType] = {"efficacy": efficacy_rules, "futility": futility_rules}


def rule_function(kind: str, name: str) -> Callable[..., object]:
    """What solves a rule, "efficacy" or "futility": the one for all spending functions if it is one."""
    called = "by_function" if rule_of(kind, name).spends else name.replace("-", "_")
    function: Callable[..., object] = getattr(_MODULES[kind], called)
    return function


def spending_function(name: str) -> SpendingFunction:
    """The spending function of this name."""
    function: SpendingFunction = getattr(spending, name.replace("-", "_"))
    return function


def efficacy_rule(plan: BoundarySpec, name: str, given: Given) -> EfficacyRule:
    """The efficacy rule of this name. Raises BoundaryError for a wrong name or parameter."""
    rule: EfficacyRule = _made("efficacy", plan, name, given)
    return rule


def futility_rule(plan: BoundarySpec, name: str, given: Given, power: float | None) -> FutilityRule:
    """The futility rule of this name; beta is 1 - `power` unless given. Raises BoundaryError."""
    if power is not None and BETA in rule_of("futility", name).parameters:
        given = {BETA.name: 1 - power, **given}
    rule: FutilityRule = _made("futility", plan, name, given)
    return rule


def _made(kind: str, plan: BoundarySpec, name: str, given: Given) -> Any:
    values = values_of(kind, name, given, len(plan.fractions))
    spends = (spending_function(name),) if rule_of(kind, name).spends else ()
    return rule_function(kind, name)(plan, *spends, **values)
