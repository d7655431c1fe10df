"""How each efficacy rule becomes limits, or a way to solve them: one function for each, of the rule's name.

A function takes the plan and the parameters of its row in `planner.scenario.stopping_rules`, checked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.monitoring.errors import BoundaryError
from planner.monitoring.parameters import stated_spending
from planner.monitoring.solve import (
    BoundarySpec,
    Choice,
    EfficacyRule,
    LimitShape,
    SpendingFunction,
    cumulative_spending,
    spend_alpha,
    stated_limit,
)


def none(plan: BoundarySpec) -> EfficacyRule:
    """Only the last look tests."""
    return _solve_last(plan, math.inf)


def obrien_fleming(plan: BoundarySpec) -> EfficacyRule:
    """z_k = c / sqrt(t_k): O'Brien and Fleming 1979."""
    return _power_family(plan, 0.0)


def pocock(plan: BoundarySpec) -> EfficacyRule:
    """z_k = c: Pocock 1977."""
    return _power_family(plan, 0.5)


def wang_tsiatis(plan: BoundarySpec, delta: float) -> EfficacyRule:
    """z_k = c t_k^(delta - 1/2): Wang and Tsiatis 1987."""
    return _power_family(plan, delta)


def haybittle_peto(plan: BoundarySpec, z: float) -> EfficacyRule:
    """A fixed high limit before the last look, the last solved so that alpha is exact: Haybittle 1971."""
    return _solve_last(plan, z)


def by_function(plan: BoundarySpec, function: SpendingFunction, **shape: float) -> EfficacyRule:
    """Alpha of each side spent by a spending function: Lan and DeMets 1983."""
    return _spending(plan, cumulative_spending(function, shape, plan.side_alpha, plan.fractions))


def user_spending(plan: BoundarySpec, spent: tuple[float, ...]) -> EfficacyRule:
    """Alpha, of both sides together, spent as the user says."""
    totals = stated_spending(spent, "alpha", plan.side_alpha * plan.sided)
    return _spending(plan, [total / plan.sided for total in totals])


def z(plan: BoundarySpec, z: tuple[float, ...]) -> EfficacyRule:
    """The user's own limits, whatever alpha they spend."""
    if plan.sided == 2 and min(z) <= 0:
        raise BoundaryError(
            f"z is {list(z)}, but a two-sided trial stops when |z| reaches it", "use numbers above 0"
        )
    if -math.inf in z:
        raise BoundaryError(
            "a limit of -inf always stops", "use inf for a look that cannot stop for efficacy"
        )
    return [stated_limit(limit if stops else math.inf) for limit, stops in zip(z, plan.stops, strict=True)]


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
