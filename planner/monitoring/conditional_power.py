"""Conditional power: the chance that a trial continued from here still rejects, and the limits it gives.

Given Z = z at information fraction t, the later scores B(t_j) - z sqrt(t) are again a process with
independent normal increments, so conditional power is a crossing probability of shifted limits (Jennison and
Turnbull 2000, section 10.2). With one look left it is 1 - Phi((c - z sqrt(t) - theta (1 - t)) / sqrt(1 - t)),
theta the drift: z / sqrt(t) under the current estimate, 0 under the null hypothesis, or the planned one
(Lachin 2005).
"""

from __future__ import annotations

import math
from functools import cache
from typing import Protocol

from planner.monitoring.errors import BoundaryError
from planner.monitoring.numerics import zero
from planner.monitoring.recursion import LEAST, ScoreProcess, continuation, quantile_above
from planner.scenario.stopping_rules import UNDER

_MOST = 1 - 2.0**-53  # the largest probability below 1: quantiles are taken up to here
_EXACT = 1e-12  # of a limit

_UNDER = tuple(UNDER.choices or {})


class HasLimits(Protocol):
    """What is needed of a boundary."""

    @property
    def fractions(self) -> tuple[float, ...]: ...
    @property
    def efficacy_z(self) -> tuple[float, ...]: ...
    @property
    def futility_z(self) -> tuple[float, ...]: ...
    @property
    def sided(self) -> int: ...


def conditional_power(
    boundary: HasLimits, look: int, z: float, drift: float, *, futility: bool = False
) -> float:
    """Probability of crossing the upper efficacy limit after `look` (1-based), given Z = `z` there.

    `drift` is the expected z of the last look. Later looks stop for futility only if `futility` is True; in a
    two-sided trial a crossing of the lower efficacy limit ends the trial.
    """
    now = boundary.fractions[look - 1]
    score = z * math.sqrt(now)
    left = 1 - now
    later = boundary.fractions[look:]
    process = ScoreProcess([(t - now) / left for t in later], drift * math.sqrt(left))
    power = 0.0
    limits = zip(later, boundary.efficacy_z[look:], boundary.futility_z[look:], strict=True)
    for after, (t, efficacy, futile) in enumerate(limits, start=1):
        root, spread = math.sqrt(t), math.sqrt(t - now)
        regions = [
            ((low * root - score) / spread, (high * root - score) / spread)
            for low, high in continuation(boundary.sided, efficacy, futile if futility else -math.inf)
        ]
        power += process.above(regions[-1][1])
        if after < len(later):
            process.advance(*regions)
    return power


def conditional_power_limits(
    boundary: HasLimits, at_most: float, under: str = "estimate", drift: float | None = None
) -> tuple[float, ...]:
    """For each look before the last, the z at and below which conditional power is at most `at_most`.

    `under` is "estimate" (the trend so far continues), "null" (no effect) or "planned", which needs `drift`,
    the planned effect over its standard error at the last look, positive in favour. In a two-sided trial the
    larger of the two directions counts (the planned effect taken in the direction observed): the limit is one
    on |z|, and -inf where even z = 0 leaves more power than that. It is inf where no later look can reject.

    Raises BoundaryError for a probability outside (0, 1), an unknown `under`, or a missing drift.
    """
    if not 0 < at_most < 1:
        raise BoundaryError(f"at_most is {at_most:g}, but must be a probability above 0 and below 1")
    if under not in _UNDER:
        raise BoundaryError(f"under is {under!r}, but must be one of", ", ".join(_UNDER))
    if under == "planned" and drift is None:
        raise BoundaryError(
            "conditional power under the planned effect needs that effect",
            "state it, or use under = estimate",
        )
    assumed = {"estimate": None, "null": 0.0, "planned": drift}[under]
    limits = (_limit(boundary, look, at_most, assumed) for look in range(1, len(boundary.fractions)))
    return tuple(-math.inf if boundary.sided == 2 and limit < 0 else limit for limit in limits)


def _limit(boundary: HasLimits, look: int, at_most: float, drift: float | None) -> float:
    """The z of one look at which conditional power is `at_most`; `drift` None means the estimate."""
    now = boundary.fractions[look - 1]
    later = [(t, z) for t, z in zip(boundary.fractions[look:], boundary.efficacy_z[look:], strict=True)]
    testing = [(t, z) for t, z in later if z < math.inf]
    if not testing:
        return math.inf
    guess = _closed_form(now, *testing[-1], at_most, drift)
    if len(testing) == 1:
        return guess

    wanted = quantile_above(at_most)

    @cache
    def excess(z: float) -> float:
        assumed = z / math.sqrt(now) if drift is None else drift
        power = conditional_power(boundary, look, z, assumed)
        # as a normal quantile conditional power is nearly a straight line, whose zero takes few steps
        return wanted - quantile_above(min(max(power, LEAST), _MOST))

    low = high = guess
    step = 0.1
    while excess(low) > 0:
        low, high, step = low - step, low, 3 * step
    while excess(high) < 0:
        low, high, step = high, high + step, 3 * step
    return low if low == high else zero(excess, low, high, _EXACT)


def _closed_form(now: float, then: float, limit: float, at_most: float, drift: float | None) -> float:
    """The z at `now` from which the one later test, at `then` with upper `limit`, has power `at_most`.

    Solves limit sqrt(then) - z sqrt(now) - theta (then - now) = q sqrt(then - now), q the upper quantile.
    """
    step = then - now
    need = limit * math.sqrt(then) - quantile_above(at_most) * math.sqrt(step)
    if drift is None:  # theta = z / sqrt(now), so z sqrt(now) + theta step = z then / sqrt(now)
        return need * math.sqrt(now) / then
    return (need - drift * step) / math.sqrt(now)
