"""How each futility rule solves a plan: one function for each, of the rule's name.

A function takes the plan and the parameters of its row in `planner.scenario.stopping_rules`, checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from planner.monitoring.errors import BoundaryError
from planner.monitoring.parameters import stated_spending
from planner.monitoring.solve import (
    BoundarySpec,
    FutilitySolver,
    SpendingFunction,
    beta_spending,
    cumulative_spending,
    low_conditional_power,
    stated_futility,
)


class FutilityRule(NamedTuple):
    """A futility rule ready to solve a plan, and the type II error it spends, if it spends any."""

    solve: FutilitySolver
    beta: float | None = None
    spending: tuple[float, ...] = ()  # cumulative type II error that the rule gives each look


def none(plan: BoundarySpec) -> FutilityRule:
    """No stop for futility."""
    return FutilityRule(stated_futility((-math.inf,) * len(plan.fractions)))


def z(plan: BoundarySpec, z: tuple[float, ...]) -> FutilityRule:
    """The user's own limits for the looks before the last."""
    if plan.sided == 2 and any(-math.inf < limit < 0 for limit in z):
        raise BoundaryError(
            f"futility z is {list(z)}, but a two-sided trial stops when |z| is at most the limit",
            "give numbers of 0 or more, or -inf for no stop",
        )
    return FutilityRule(stated_futility((*z, -math.inf)))


def conditional_power(plan: BoundarySpec, at_most: float, under: str) -> FutilityRule:
    """Stop where conditional power is low."""
    return FutilityRule(low_conditional_power(at_most, under, plan.drift))


def by_function(
    plan: BoundarySpec, function: SpendingFunction, beta: float, overlap: str, **shape: float
) -> FutilityRule:
    """Type II error spent by a spending function: Pampallona, Tsiatis and Kim 2001.

    In a two-sided trial a look at which the two one-sided tests do not overlap does not stop for futility,
    and later looks share what the function gives it (overlap = "skip", as in SAS and rpact); overlap =
    "spend" gives it the limit on |z| that spends it.
    """
    totals = cumulative_spending(function, shape, _valid_beta(plan, beta), plan.fractions)
    return _spending(plan, totals, overlap)


def user_spending(plan: BoundarySpec, spent: tuple[float, ...], overlap: str) -> FutilityRule:
    """Type II error spent as the user says; the last number is all of it. Overlap: as for the functions."""
    return _spending(plan, stated_spending(spent, "beta", 1.0), overlap)


def _valid_beta(plan: BoundarySpec, beta: float) -> float:
    """A type II error, checked."""
    if not 0 < beta < 1 - plan.side_alpha * plan.sided:
        raise BoundaryError(
            f"beta is {beta:g}, but must lie above 0 and below 1 - alpha",
            "it is 1 - power, often 0.1 or 0.2",
        )
    return beta


def _spending(plan: BoundarySpec, totals: Sequence[float], overlap: str) -> FutilityRule:
    return FutilityRule(beta_spending(totals, overlap), _valid_beta(plan, totals[-1]), tuple(totals))
