"""The stopping rules: how a name and its parameters become limits, or a way to solve them.

To add a rule: one function here with its row in `EFFICACY` or `FUTILITY`, and its row in
`scenario.vocabulary`. Spending functions come from `monitoring.spending`, for alpha and beta alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from planner.monitoring.solve import (
    OVERLAPS,
    SKIP,
    BoundarySpec,
    Choice,
    EfficacyRule,
    FutilitySolver,
    LimitShape,
    beta_spending,
    low_conditional_power,
    spend_alpha,
    stated_futility,
    stated_limit,
)
from planner.monitoring.spending import (
    SHAPES,
    SPENDING,
    BoundaryError,
    cumulative_spending,
    list_parameter,
    number_parameter,
    shape_parameter,
    stated_spending,
)
from planner.scenario.vocabulary import EFFICACY_RULES, FUTILITY_RULES, NamedRule

Parameters = Mapping[str, object]

HAYBITTLE_PETO_Z = 3.0  # Haybittle 1971: three standard errors

OPTIONAL: dict[str, dict[str, tuple[str, ...]]] = {
    "efficacy": {"haybittle-peto": ("z",)},
    "futility": {
        "conditional-power": ("under",),
        **dict.fromkeys((*SPENDING, "user-spending"), ("overlap",)),
    },
}
"""What rules take beside the numbers that they cannot do without, by kind and name."""

_MEANING = {
    **{name: sensible.hint for name, sensible in SHAPES.items()},
    "z": "limits on the z scale",
    "spent": "the error used up by each look, cumulative",
    "beta": "the type II error to spend, 1 - power",
    "at_most": "the conditional power at which to stop, such as 0.2",
}


class FutilityRule(NamedTuple):
    """A futility rule ready to solve a plan, and the type II error it spends, if it spends any."""

    solve: FutilitySolver
    beta: float | None = None
    spending: tuple[float, ...] = ()  # cumulative type II error that the rule gives each look


# Efficacy


def _no_early_stop(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """Only the last look tests."""
    return _solve_last(plan, math.inf)


def _obrien_fleming(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """z_k = c / sqrt(t_k): O'Brien and Fleming 1979."""
    return _power_family(plan, 0.0)


def _pocock(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """z_k = c: Pocock 1977."""
    return _power_family(plan, 0.5)


def _wang_tsiatis(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """z_k = c t_k^(delta - 1/2): Wang and Tsiatis 1987."""
    return _power_family(plan, shape_parameter(parameters, "delta"))


def _haybittle_peto(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """A fixed high limit before the last look, the last solved so that alpha is exact: Haybittle 1971."""
    return _solve_last(plan, number_parameter({"z": HAYBITTLE_PETO_Z, **parameters}, "z"))


def _alpha_spending(plan: BoundarySpec, parameters: Parameters, *, rule: str) -> EfficacyRule:
    """Alpha of each side spent by a spending function: Lan and DeMets 1983."""
    return _spending(plan, cumulative_spending(rule, parameters, plan.side_alpha, plan.fractions))


def _user_alpha(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """Alpha, of both sides together, spent as the user says."""
    spent = stated_spending(parameters, "alpha", plan.side_alpha * plan.sided, len(plan.fractions))
    return _spending(plan, [total / plan.sided for total in spent])


def _stated_z(plan: BoundarySpec, parameters: Parameters) -> EfficacyRule:
    """The user's own limits, whatever alpha they spend."""
    limits = list_parameter(parameters, "z", len(plan.fractions), "per look")
    if plan.sided == 2 and min(limits) <= 0:
        raise BoundaryError(
            f"z is {list(limits)}, but a two-sided trial stops when |z| reaches it", "use numbers above 0"
        )
    if -math.inf in limits:
        raise BoundaryError(
            "a limit of -inf always stops", "use inf for a look that cannot stop for efficacy"
        )
    return [stated_limit(z if stops else math.inf) for z, stops in zip(limits, plan.stops, strict=True)]


EFFICACY: dict[str, Callable[[BoundarySpec, Parameters], EfficacyRule]] = {
    "none": _no_early_stop,
    "obrien-fleming": _obrien_fleming,
    "pocock": _pocock,
    "wang-tsiatis": _wang_tsiatis,
    "haybittle-peto": _haybittle_peto,
    **{rule: partial(_alpha_spending, rule=rule) for rule in SPENDING},
    "user-spending": _user_alpha,
    "z": _stated_z,
}


def _solve_last(plan: BoundarySpec, early: float) -> list[Choice]:
    """A stated limit before the last look, which spends all the alpha left."""
    return [
        *(stated_limit(early if stops else math.inf) for stops in plan.stops[:-1]),
        spend_alpha(plan.side_alpha),
    ]


def _power_family(plan: BoundarySpec, delta: float) -> LimitShape:
    """Limits in proportion to t^(delta - 1/2) where a look may stop."""
    pairs = zip(plan.fractions, plan.stops, strict=True)
    return LimitShape(tuple(t ** (delta - 0.5) if stops else math.inf for t, stops in pairs))


def _spending(plan: BoundarySpec, totals: Sequence[float]) -> list[Choice]:
    """Limits that spend alpha of one side up to `totals`; a look that is off leaves its share to the next."""
    pairs = zip(totals, plan.stops, strict=True)
    return [spend_alpha(total) if stops else stated_limit(math.inf) for total, stops in pairs]


# Futility


def _no_futility(plan: BoundarySpec, parameters: Parameters, drift: float | None) -> FutilityRule:
    """No stop for futility."""
    return FutilityRule(stated_futility((-math.inf,) * len(plan.fractions)))


def _stated_futility_z(plan: BoundarySpec, parameters: Parameters, drift: float | None) -> FutilityRule:
    """The user's own limits for the looks before the last."""
    limits = list_parameter(parameters, "z", len(plan.fractions) - 1, "per look before the last")
    if plan.sided == 2 and any(-math.inf < z < 0 for z in limits):
        raise BoundaryError(
            f"futility z is {list(limits)}, but a two-sided trial stops when |z| is at most the limit",
            "give numbers of 0 or more, or -inf for no stop",
        )
    return FutilityRule(stated_futility((*limits, -math.inf)))


def _conditional_power(plan: BoundarySpec, parameters: Parameters, drift: float | None) -> FutilityRule:
    """Stop where conditional power is low."""
    under = parameters.get("under", "estimate")
    return FutilityRule(low_conditional_power(number_parameter(parameters, "at_most"), str(under), drift))


def _beta_spending(
    plan: BoundarySpec, parameters: Parameters, drift: float | None, *, rule: str
) -> FutilityRule:
    """Type II error spent by a spending function: Pampallona, Tsiatis and Kim 2001.

    In a two-sided trial a look at which the two one-sided tests do not overlap does not stop for futility,
    and later looks share what the function gives it (overlap = "skip", as in SAS and rpact); overlap =
    "spend" gives it the limit on |z| that spends it.
    """
    beta = number_parameter(parameters, "beta")
    return _beta_rule(
        plan, parameters, cumulative_spending(rule, parameters, _valid_beta(plan, beta), plan.fractions)
    )


def _user_beta(plan: BoundarySpec, parameters: Parameters, drift: float | None) -> FutilityRule:
    """Type II error spent as the user says; the last number is all of it. Overlap: as for the functions."""
    return _beta_rule(plan, parameters, stated_spending(parameters, "beta", 1.0, len(plan.fractions)))


FUTILITY: dict[str, Callable[[BoundarySpec, Parameters, float | None], FutilityRule]] = {
    "none": _no_futility,
    "conditional-power": _conditional_power,
    "z": _stated_futility_z,
    **{rule: partial(_beta_spending, rule=rule) for rule in SPENDING},
    "user-spending": _user_beta,
}


def _valid_beta(plan: BoundarySpec, beta: float) -> float:
    """A type II error, checked."""
    if not 0 < beta < 1 - plan.side_alpha * plan.sided:
        raise BoundaryError(
            f"beta is {beta:g}, but must lie above 0 and below 1 - alpha",
            "it is 1 - power, often 0.1 or 0.2",
        )
    return beta


def _beta_rule(plan: BoundarySpec, parameters: Parameters, totals: Sequence[float]) -> FutilityRule:
    overlap = parameters.get("overlap", SKIP)
    if overlap not in OVERLAPS:
        raise BoundaryError(f"overlap is {overlap!r}, but must be one of", ", ".join(OVERLAPS))
    return FutilityRule(beta_spending(totals, str(overlap)), _valid_beta(plan, totals[-1]), tuple(totals))


# Names


def efficacy_rule(plan: BoundarySpec, name: str, parameters: Parameters) -> EfficacyRule:
    """The efficacy rule of this name. Raises BoundaryError for a wrong name or parameter."""
    _check("efficacy", name, EFFICACY_RULES, parameters)
    return EFFICACY[name](plan, parameters)


def futility_rule(
    plan: BoundarySpec, name: str, parameters: Parameters, power: float | None, drift: float | None
) -> FutilityRule:
    """The futility rule of this name; beta is 1 - `power` unless given. Raises BoundaryError."""
    if power is not None and name in FUTILITY_RULES and "beta" in FUTILITY_RULES[name].parameters:
        parameters = {"beta": 1 - power, **parameters}
    _check("futility", name, FUTILITY_RULES, parameters)
    return FUTILITY[name](plan, parameters, drift)


def _check(kind: str, name: str, rules: Mapping[str, NamedRule], parameters: Parameters) -> None:
    if name not in rules:
        raise BoundaryError(f"no {kind} rule is called {name!r}", f"choose one of {', '.join(rules)}")
    for needed in rules[name].parameters:
        if needed not in parameters:
            raise BoundaryError(f"{kind} rule {name} needs {needed}", _MEANING[needed])
    for given in parameters:
        if given not in (*rules[name].parameters, *OPTIONAL[kind].get(name, ())):
            raise BoundaryError(f"{kind} rule {name} takes no {given}", "leave it out")
