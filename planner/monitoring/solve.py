"""Solves the limits of a monitoring plan look by look.

An efficacy rule is either one choice of limit per look, made from the process under the null hypothesis and
the alpha spent so far, or a shape to be scaled until alpha is exact. A futility rule is a solver of the whole
plan, because beta spending needs the drift at which beta is spent, and conditional power the limits of later
looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from planner.monitoring.conditional_power import conditional_power_limits
from planner.monitoring.errors import BoundaryError, UnreachableError
from planner.monitoring.numerics import positive_zero
from planner.monitoring.recursion import LEAST, Array, ScoreProcess, continuation, quantile_above
from planner.scenario.stopping_rules import SKIP

Choice = Callable[
    [ScoreProcess, float], float
]  # (the process at a look, error spent before it) -> limit on the z scale

SpendingFunction = Callable[..., float]  # (total, fraction, its parameters) -> error spent so far

_LARGEST_Z = 40.0  # the normal tail beyond underflows
_ROUNDS = 60  # of the fixed point between binding conditional power and efficacy limits
_AGREED = 1e-11  # of futility limits and those that they lead to
_RELAXED = 0.6  # share of a step of that iteration that is taken
_BROYDEN, _PROBE, _SOLVED = 25, 1e-4, 1e-12  # steps, first probing, relative error of alpha and beta
_MEMORY = 6  # earlier steps that it looks back on


class LimitShape(NamedTuple):
    """Efficacy limits known up to one factor: a multiple per look, inf where the look cannot stop."""

    multiples: tuple[float, ...]


EfficacyRule = Sequence[Choice] | LimitShape


class BoundarySpec(NamedTuple):
    """What every rule may use."""

    fractions: tuple[float, ...]
    sided: int
    side_alpha: float  # alpha of one side
    stops: tuple[bool, ...]  # whether the look may stop for efficacy
    binding: bool
    drift: float | None = None  # the planned one, for rules that look at what was planned


class Limits(NamedTuple):
    """Solved limits, one per look."""

    efficacy_z: tuple[float, ...]
    futility_z: tuple[float, ...]
    alpha: float  # P(cross the upper limit) of the process that the efficacy limits were chosen on
    rejected: float  # P(cross any efficacy limit) of the process that the futility limits were chosen on


class _EfficacyLimits(NamedTuple):
    """As much of a boundary as conditional power needs."""

    fractions: tuple[float, ...]
    efficacy_z: tuple[float, ...]
    futility_z: tuple[float, ...]
    sided: int


FutilitySolver = Callable[[BoundarySpec, EfficacyRule], Limits]


class Crossing(NamedTuple):
    """Probability that each look is the one that stops, by reason; shape (looks,) each."""

    efficacy_up: tuple[float, ...]
    efficacy_down: tuple[float, ...]  # zeros when one-sided
    futility: tuple[float, ...]


def stated_limit(z: float) -> Choice:
    """The limit is stated."""
    return lambda look, spent: z


def cumulative_spending(
    function: SpendingFunction, shape: Mapping[str, float], total: float, fractions: Sequence[float]
) -> tuple[float, ...]:
    """Error spent up to each look by a spending function: `total` at the last look."""
    return (*(function(total, t, **shape) for t in fractions[:-1]), total)


def spend_alpha(total: float) -> Choice:
    """The limit brings the alpha of one side spent so far to `total`."""
    return lambda look, spent: look.upper(total - spent)


def crossing_probabilities(
    fractions: Sequence[float], sided: int, efficacy: Sequence[float], futility: Sequence[float], drift: float
) -> Crossing:
    """Stopping probabilities of given limits under `drift`, the expected z of the last look."""
    process = ScoreProcess(fractions, drift)
    up, down, stopped = [], [], []
    for look, (high, low) in enumerate(zip(efficacy, futility, strict=True), start=1):
        up.append(process.above(high))
        down.append(process.below(-high) if sided == 2 else 0.0)
        stopped.append(process.below(low) if sided == 1 else process.within(low))
        if look < len(fractions):
            process.advance(*continuation(sided, high, low))
    return Crossing(tuple(up), tuple(down), tuple(stopped))


def walk(
    plan: BoundarySpec,
    efficacy: Sequence[Choice],
    futility: Sequence[Choice],
    null: ScoreProcess,
    alternative: ScoreProcess,
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


def solve(
    plan: BoundarySpec, efficacy: EfficacyRule, futility: Sequence[Choice], drift: float | None = None
) -> Limits:
    """Limits whose alpha is exact, with futility limits stated or chosen under `drift`."""
    if not isinstance(efficacy, LimitShape):
        return _limits_from_choices(plan, efficacy, futility, drift)
    # Logarithms: alpha falls with the factor as a normal tail does, nearly a parabola on that scale.
    factor = positive_zero(
        lambda factor: _excess(plan, _limits_from_choices(plan, _scale(efficacy, factor), futility, drift)),
        guess=max(quantile_above(plan.side_alpha), 0.5),
        most=_LARGEST_Z,
    )
    # Too little is left to spend alpha on, perhaps only at a drift tried on the way: the least limits of all.
    return _limits_from_choices(plan, _scale(efficacy, 0.0 if factor is None else factor), futility, drift)


def _limits_from_choices(
    plan: BoundarySpec, efficacy: Sequence[Choice], futility: Sequence[Choice], drift: float | None
) -> Limits:
    """The limits that the choices make."""
    null = ScoreProcess(plan.fractions, 0.0)
    return walk(
        plan, efficacy, futility, null, null if drift is None else ScoreProcess(plan.fractions, drift)
    )


def _scale(shape: LimitShape, factor: float) -> list[Choice]:
    return [
        stated_limit(factor * multiple if multiple < math.inf else math.inf) for multiple in shape.multiples
    ]


def _excess(plan: BoundarySpec, limits: Limits) -> float:
    """How far limits are above those that spend alpha, on a logarithmic scale of the alpha they spend."""
    return math.log(plan.side_alpha) - math.log(max(limits.alpha, LEAST))


def stated_futility(limits: Sequence[float]) -> FutilitySolver:
    """Futility limits stated for every look (the last one -inf)."""
    return lambda plan, efficacy: solve(plan, efficacy, [stated_limit(z) for z in limits])


def low_conditional_power(at_most: float, under: str, drift: float | None) -> FutilitySolver:
    """Futility where conditional power is at most `at_most`."""

    def limits(plan: BoundarySpec, efficacy: EfficacyRule) -> Limits:
        never = (-math.inf,) * len(plan.fractions)

        def futility_of(solved: Limits) -> tuple[float, ...]:
            """Futility limits that belong to these efficacy limits."""
            efficacy_limits = _EfficacyLimits(
                plan.fractions, solved.efficacy_z, solved.futility_z, plan.sided
            )
            return (*conditional_power_limits(efficacy_limits, at_most, under, drift), -math.inf)

        solved = solve(plan, efficacy, [stated_limit(z) for z in never])
        solved = solved._replace(futility_z=futility_of(solved))
        return _agreeing_limits(plan, efficacy, solved.futility_z, futility_of) if plan.binding else solved

    return limits


def _agreeing_limits(
    plan: BoundarySpec,
    efficacy: EfficacyRule,
    futility: tuple[float, ...],
    futility_of: Callable[[Limits], tuple[float, ...]],
) -> Limits:
    """Efficacy and futility limits that belong to each other, sought from some `futility` limits on.

    Binding futility lets efficacy limits fall, which raises conditional power, which lets futility limits
    fall: a fixed point, found by Anderson's acceleration of the relaxed iteration (J ACM 1965;12:547-560).
    """
    points: list[Array] = []
    answers: list[Array] = []
    for _ in range(_ROUNDS):
        solved = _feasible_limits(plan, efficacy, futility)
        futility = solved.futility_z
        answer = futility_of(solved)
        free = [k for k, z in enumerate(futility) if math.isfinite(z) and math.isfinite(answer[k])]
        same = all(answer[k] == z for k, z in enumerate(futility) if k not in free)
        x, y = np.array([futility[k] for k in free]), np.array([answer[k] for k in free])
        if same and np.abs(y - x).max(initial=0.0) < _AGREED:
            return solved._replace(futility_z=answer)
        if not same or (points and points[-1].size != x.size):  # other looks stop now: begin anew
            points, answers = [], []
        points, answers = [*points[-_MEMORY:], x], [*answers[-_MEMORY:], y]
        moved = list(answer)
        for k, z in zip(free, _next_point(points, answers), strict=True):
            moved[k] = float(z)
        futility = tuple(moved)
    raise BoundaryError("no limits agree with this binding conditional power", "lower at_most")


def _next_point(points: Sequence[Array], answers: Sequence[Array]) -> Array:
    """The next point of a fixed-point iteration from the last ones and what came of each."""
    left = [y - x for x, y in zip(points, answers, strict=True)]
    if len(points) == 1:
        return np.asarray(points[0] + _RELAXED * left[0])
    changes = np.array([a - left[-1] for a in left[:-1]]).T
    moves = np.array([x - points[-1] for x in points[:-1]]).T
    share = np.linalg.lstsq(changes, left[-1], rcond=1e-10)[0]
    return np.asarray(points[-1] + _RELAXED * left[-1] - (moves + _RELAXED * changes) @ share)


def _feasible_limits(plan: BoundarySpec, efficacy: EfficacyRule, futility: tuple[float, ...]) -> Limits:
    """The limits with this binding futility, or with so much less of it that alpha can be spent."""
    least = 0.0 if plan.sided == 2 else -math.inf
    step = 0.05
    while True:
        solved = solve(plan, efficacy, [stated_limit(z) for z in futility])
        pairs = zip(solved.efficacy_z, solved.futility_z, strict=True)
        if step > _LARGEST_Z or all(upper > max(lower, least) for upper, lower in pairs):
            return solved._replace(futility_z=futility)
        futility = tuple(z - step for z in futility)
        step *= 2


def beta_spending(cumulative: Sequence[float], overlap: str = SKIP) -> FutilitySolver:
    """Futility limits that use up `cumulative` type II error look by look, its last element in all.

    Beta is spent at the drift whose type II error, no rejection on any side, is exactly the last element.
    `overlap`: of a two-sided plan, what becomes of looks at which the two one-sided tests do not overlap.
    SKIP: they do not stop for futility, see `_without_overlap`. SPEND: they have the limit on |z| that spends
    what the cumulative spending gives, like every other look.
    """

    def limits(plan: BoundarySpec, efficacy: EfficacyRule) -> Limits:
        adjusts = plan.sided == 2 and overlap == SKIP
        spending = _without_overlap(plan, efficacy, cumulative) if adjusts else list(cumulative)
        if plan.binding:
            return _at_own_drift(plan, efficacy, spending)
        # Efficacy limits do not depend on non-binding futility: find them once.
        efficacy_z = solve(plan, efficacy, [stated_limit(-math.inf)] * len(plan.fractions)).efficacy_z
        solved = _at_own_drift(plan, [stated_limit(z) for z in efficacy_z], spending)
        return solved._replace(efficacy_z=efficacy_z)

    return limits


def _at_own_drift(plan: BoundarySpec, efficacy: EfficacyRule, spending: Sequence[float]) -> Limits:
    """The limits under the drift at which type II error ends at the last element of `spending`."""
    beta = spending[-1]
    choices = [_spend_beta(plan.sided, total) for total in spending]
    likely = max(quantile_above(plan.side_alpha) + quantile_above(beta), 0.5)
    if plan.binding and isinstance(efficacy, LimitShape):
        joint = _solve_jointly(plan, efficacy, choices, beta, likely)
        if joint is not None:
            return joint

    def limits(drift: float) -> Limits:
        if plan.binding:
            return solve(plan, efficacy, choices, drift)
        assert not isinstance(efficacy, LimitShape)
        only = ScoreProcess(plan.fractions, drift)
        return walk(plan._replace(binding=True), efficacy, choices, only, only)

    drift = positive_zero(lambda drift: beta - (1 - limits(drift).rejected), guess=likely, most=_LARGEST_Z)
    if drift is None:
        raise UnreachableError(f"no effect leaves a type II error of exactly {beta:g} with these limits")
    return limits(drift)


def _solve_jointly(
    plan: BoundarySpec, shape: LimitShape, choices: Sequence[Choice], beta: float, likely: float
) -> Limits | None:
    """Factor of the shape and drift at once, by Broyden's method; None where it does not get there."""

    def solve_at(x: Array) -> tuple[Limits, Array]:
        factor, drift = np.exp(x)
        solved = _limits_from_choices(plan, _scale(shape, float(factor)), choices, float(drift))
        left = math.log(max(1 - solved.rejected, LEAST)) - math.log(beta)
        return solved, np.array([_excess(plan, solved), left])

    x = np.log([max(quantile_above(plan.side_alpha), 0.5) * 1.1, likely * 1.05])
    solved, miss = solve_at(x)
    slope = np.column_stack([(solve_at(x + step)[1] - miss) / _PROBE for step in np.eye(2) * _PROBE])
    for _ in range(_BROYDEN):
        if not np.isfinite(slope).all() or abs(np.linalg.det(slope)) < _PROBE:
            return None
        step = np.clip(-np.linalg.solve(slope, miss), -0.3, 0.3)
        x = x + step
        solved, after = solve_at(x)
        if np.abs(after).max() < _SOLVED:
            return solved
        slope = slope + np.outer(after - miss - slope @ step, step) / (step @ step)
        miss = after
    return None


def _spend_beta(sided: int, total: float) -> Choice:
    """The limit brings the type II error spent so far to `total`."""
    if sided == 1:
        return lambda look, spent: look.lower(total - spent)
    return lambda look, spent: look.inner(total - spent)


def _without_overlap(plan: BoundarySpec, efficacy: EfficacyRule, cumulative: Sequence[float]) -> list[float]:
    """Beta spending of a two-sided plan, none of it where the two one-sided tests would not overlap.

    A two-sided trial accepts where both one-sided tests do: -limit <= Z <= limit, which is empty where the
    one-sided limit is negative. Such looks, up to the last one, do not stop for futility, and the spending
    left is stretched linearly to end at beta (as in SAS SEQDESIGN, BETAOVERLAP=ADJUST, and rpact). So it is
    done although a limit on |z| with the probability of the spending function exists there, because limits
    are to agree with those programs; SPEND gives that limit.
    """
    one_sided = beta_spending(cumulative)(plan._replace(sided=1), efficacy)
    empty = [look for look, z in enumerate(one_sided.futility_z[:-1]) if z < 0]
    if not empty:
        return list(cumulative)
    first, beta = cumulative[empty[-1]], cumulative[-1]
    return [max(0.0, (spent - first) / (beta - first) * beta) for spent in cumulative]
