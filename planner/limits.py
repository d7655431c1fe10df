"""Solves the limits of a monitoring plan look by look.

An efficacy rule is either one choice of limit per look, made from the process under the null hypothesis and
the alpha spent so far, or a shape to be scaled until alpha is exact. A futility rule is a solver of the whole
plan, because beta spending needs the drift at which beta is spent, and conditional power the limits of later
looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from planner.conditional import conditional_power_limits
from planner.sequential import Looks, continuation, quantile_above, root
from planner.spending import BoundaryError, UnreachableError

Choice = Callable[
    [Looks, float], float
]  # (the process at a look, error spent before it) -> limit on the z scale

_LARGEST_Z = 40.0  # the normal tail beyond underflows
_ROUNDS = 500  # of the fixed point between binding conditional power and efficacy limits


class Shape(NamedTuple):
    """Efficacy limits known up to one factor: a multiple per look, inf where the look cannot stop."""

    multiples: tuple[float, ...]


Efficacy = Sequence[Choice] | Shape


class Plan(NamedTuple):
    """What every rule may use."""

    fractions: tuple[float, ...]
    sided: int
    side_alpha: float  # alpha of one side
    stops: tuple[bool, ...]  # whether the look may stop for efficacy
    binding: bool


class Limits(NamedTuple):
    """Solved limits, one per look."""

    efficacy_z: tuple[float, ...]
    futility_z: tuple[float, ...]
    alpha: float  # P(cross the upper limit) of the process that the efficacy limits were chosen on
    rejected: float  # P(cross any efficacy limit) of the process that the futility limits were chosen on


class _Tested(NamedTuple):
    """As much of a boundary as conditional power needs."""

    fractions: tuple[float, ...]
    efficacy_z: tuple[float, ...]
    futility_z: tuple[float, ...]
    sided: int


Futility = Callable[[Plan, Efficacy], Limits]


class Crossing(NamedTuple):
    """Probability that each look is the one that stops, by reason; shape (looks,) each."""

    efficacy_up: tuple[float, ...]
    efficacy_down: tuple[float, ...]  # zeros when one-sided
    futility: tuple[float, ...]


def at(z: float) -> Choice:
    """The limit is stated."""
    return lambda look, spent: z


def spend_alpha(total: float) -> Choice:
    """The limit brings the alpha of one side spent so far to `total`."""
    return lambda look, spent: look.upper(total - spent)


def crossing(
    fractions: Sequence[float], sided: int, efficacy: Sequence[float], futility: Sequence[float], drift: float
) -> Crossing:
    """Stopping probabilities of given limits under `drift`, the expected z of the last look."""
    process = Looks(fractions, drift)
    up, down, stopped = [], [], []
    for look, (high, low) in enumerate(zip(efficacy, futility, strict=True), start=1):
        up.append(process.above(high))
        down.append(process.below(-high) if sided == 2 else 0.0)
        stopped.append(process.below(low) if sided == 1 else process.within(low))
        if look < len(fractions):
            process.advance(*continuation(sided, high, low))
    return Crossing(tuple(up), tuple(down), tuple(stopped))


def walk(
    plan: Plan, efficacy: Sequence[Choice], futility: Sequence[Choice], null: Looks, alternative: Looks
) -> Limits:
    """Choose the limits of each look in turn.

    Efficacy limits are chosen on `null`, which stops for futility only where the plan is binding; futility
    limits on `alternative`, which always does. Both may be one process, which then follows `plan.binding`.
    """
    high, low = [], []
    alpha = beta = rejected = 0.0
    last = len(plan.fractions) - 1
    for look in range(last + 1):
        upper = efficacy[look](null, alpha)
        lower = min(futility[look](alternative, beta), upper) if look < last else -math.inf
        alpha += null.above(upper)
        rejected += alternative.above(upper) + (alternative.below(-upper) if plan.sided == 2 else 0.0)
        beta += alternative.below(lower) if plan.sided == 1 else alternative.within(lower)
        high.append(upper)
        low.append(lower)
        if look < last:
            null.advance(*continuation(plan.sided, upper, lower if plan.binding else -math.inf))
            if alternative is not null:
                alternative.advance(*continuation(plan.sided, upper, lower))
    return Limits(tuple(high), tuple(low), alpha, rejected)


def solve(plan: Plan, efficacy: Efficacy, futility: Sequence[Choice], drift: float | None = None) -> Limits:
    """Limits whose alpha is exact, with futility limits stated or chosen under `drift`."""

    def limits(choices: Sequence[Choice]) -> Limits:
        null = Looks(plan.fractions, 0.0)
        return walk(plan, choices, futility, null, null if drift is None else Looks(plan.fractions, drift))

    if not isinstance(efficacy, Shape):
        return limits(efficacy)

    def scaled(factor: float) -> list[Choice]:
        return [at(factor * multiple if multiple < math.inf else math.inf) for multiple in efficacy.multiples]

    factor = root(
        lambda factor: plan.side_alpha - limits(scaled(factor)).alpha,
        guess=max(quantile_above(plan.side_alpha), 0.5),
        most=_LARGEST_Z,
    )
    # Too little is left to spend alpha on, perhaps only at a drift tried on the way: the least limits of all.
    return limits(scaled(0.0 if factor is None else factor))


def stated_futility(limits: Sequence[float]) -> Futility:
    """Futility limits stated for every look (the last one -inf)."""
    return lambda plan, efficacy: solve(plan, efficacy, [at(z) for z in limits])


def low_conditional_power(at_most: float, under: str, drift: float | None) -> Futility:
    """Futility where conditional power is at most `at_most`."""

    def limits(plan: Plan, efficacy: Efficacy) -> Limits:
        futility = (-math.inf,) * len(plan.fractions)
        # Binding futility lets efficacy limits fall, which raises conditional power: find the fixed point.
        for _ in range(_ROUNDS):
            found = solve(plan, efficacy, [at(z) for z in futility])
            tested = _Tested(plan.fractions, found.efficacy_z, futility, plan.sided)
            before, futility = futility, (*conditional_power_limits(tested, at_most, under, drift), -math.inf)
            found = found._replace(futility_z=futility)
            moved = (abs(new - old) for new, old in zip(futility, before, strict=True) if new != old)
            if not plan.binding or max(moved, default=0.0) < 1e-12:
                return found
        raise BoundaryError("no limits agree with this binding conditional power: lower at_most")

    return limits


def spent_beta(cumulative: Sequence[float]) -> Futility:
    """Futility limits that use up `cumulative` type II error look by look, its last element in all.

    Beta is spent at the drift whose type II error, no rejection on any side, is exactly the last element.
    """

    def limits(plan: Plan, efficacy: Efficacy) -> Limits:
        spending = list(cumulative) if plan.sided == 1 else _without_overlap(plan, efficacy, cumulative)
        if plan.binding:
            return _at_own_drift(plan, efficacy, spending)
        # Efficacy limits do not depend on non-binding futility: find them once.
        efficacy_z = solve(plan, efficacy, [at(-math.inf)] * len(plan.fractions)).efficacy_z
        found = _at_own_drift(plan, [at(z) for z in efficacy_z], spending)
        return found._replace(efficacy_z=efficacy_z)

    return limits


def _at_own_drift(plan: Plan, efficacy: Efficacy, spending: Sequence[float]) -> Limits:
    """The limits under the drift at which type II error ends at the last element of `spending`."""
    beta = spending[-1]
    choices = [_spend_beta(plan.sided, total) for total in spending]

    def limits(drift: float) -> Limits:
        if plan.binding:
            return solve(plan, efficacy, choices, drift)
        assert not isinstance(efficacy, Shape)
        only = Looks(plan.fractions, drift)
        return walk(plan._replace(binding=True), efficacy, choices, only, only)

    drift = root(
        lambda drift: beta - (1 - limits(drift).rejected),
        guess=max(quantile_above(plan.side_alpha) + quantile_above(beta), 0.5),
        most=_LARGEST_Z,
    )
    if drift is None:
        raise UnreachableError(f"no effect leaves a type II error of exactly {beta:g} with these limits")
    return limits(drift)


def _spend_beta(sided: int, total: float) -> Choice:
    """The limit brings the type II error spent so far to `total`."""
    if sided == 1:
        return lambda look, spent: look.lower(total - spent)
    return lambda look, spent: look.inner(total - spent)


def _without_overlap(plan: Plan, efficacy: Efficacy, cumulative: Sequence[float]) -> list[float]:
    """Beta spending of a two-sided plan, none of it where the two one-sided tests would not overlap.

    A two-sided trial accepts where both one-sided tests do: -limit <= Z <= limit, which is empty where the
    one-sided limit is negative. Such looks, up to the last one, do not stop for futility, and the spending
    left is stretched linearly to end at beta (as in SAS SEQDESIGN, BETAOVERLAP=ADJUST, and rpact).
    """
    one_sided = spent_beta(cumulative)(plan._replace(sided=1), efficacy)
    empty = [look for look, z in enumerate(one_sided.futility_z[:-1]) if z < 0]
    if not empty:
        return list(cumulative)
    first, beta = cumulative[empty[-1]], cumulative[-1]
    return [max(0.0, (spent - first) / (beta - first) * beta) for spent in cumulative]
