"""Beyond the largest number of patients that was tried: what can be computed there, or extrapolated.

Computed, where the power has a closed form: the number of patients itself, and what power tends to. Else
extrapolated: the expected z of the last look grows with the square root of the patients, so that the power
simulated at the largest number leads to where a normal statistic under the same limits reaches the target.
Nothing of this is simulated, and the words of an answer make that plain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from planner.model.looks import monitoring_plan
from planner.monitoring.boundaries import Boundary, crossing
from planner.monitoring.errors import BoundaryError
from planner.monitoring.numerics import zero
from planner.questions.exact import theory
from planner.results.cells import Cell
from planner.results.contract import Written
from planner.results.figures import Figure
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario

Points = Mapping[int, Cell]

FARTHEST = 10**8
"""Patients beyond which nothing is computed or extrapolated."""

_ROUNDS = 8  # at most, until the number of patients and the limits at it agree
_WIDEST = 40.0  # drift beyond which power is 1 to all digits
_MISFIT = 3.0  # standard errors by which the power at half the number may miss the extrapolated curve
_ROUGH = 0.005  # ... and a power by which it may miss it anyway: small trials are no normal statistics
_UNDEFINED = 0.01  # share of the trials without a test above which power follows no drift


@dataclass(frozen=True, slots=True)
class Beyond(Written):
    """Patients that reach the target. `high` None: no end of the range; `patients` None: none at all."""

    patients: int | None
    low: int | None
    high: int | None
    by: str  # noncentral-t, integral, drift or assurance


# Computed


def exactly(
    scenario: Scenario, hypothesis: str, analysis: PlannedAnalysis, target: float, tried: int
) -> Beyond:
    """The smallest number above `tried` at which the closed form reaches the target, if there is one."""
    unit = scenario.design.unit

    def enough(fewest: int) -> bool:
        power = theory.power(scenario, hypothesis, analysis, [fewest * unit])
        assert power is not None
        return bool(power[0] >= target)

    fewest = _first(enough, tried // unit, FARTHEST // unit)
    n = None if fewest is None else fewest * unit
    return Beyond(n, n, n, "integral" if analysis.against_margins else "noncentral-t")


def _first(enough: Callable[[int], bool], low: int, most: int) -> int | None:
    """The first number above `low` that is enough, where all larger ones are; None if `most` is not."""
    high = max(2 * low, 1)
    while high < most and not enough(high):
        low, high = high, 2 * high
    if high >= most:
        high = most
        if not enough(high):
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# Extrapolated


class _Power:
    """Power at one number of patients as a function of the drift, the expected z of the last look."""

    def __init__(self, scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> None:
        self.boundary: Boundary = monitoring_plan(scenario, analysis, patients).boundary

    def of(self, drift: float) -> float:
        """Significant trials, on either side if the test has two."""
        crossings = crossing(self.boundary, drift)
        return math.fsum((*crossings.efficacy_up, *crossings.efficacy_down))

    def drift_of(self, power: float) -> float | None:
        """The drift with this power; None where it is no larger than without any, or out of reach."""
        if not self.of(0.0) < power < self.of(_WIDEST):
            return None
        return zero(lambda drift: self.of(drift) - power, 0.0, _WIDEST, 1e-9)


class _Line(NamedTuple):
    """The drift as it grows with the square root of the patients."""

    slope: float
    offset: float = 0.0

    def at(self, patients: int) -> float:
        return self.offset + self.slope * math.sqrt(patients)


def by_drift(scenario: Scenario, analysis: PlannedAnalysis, points: Points, target: float) -> Beyond | None:
    """From the simulated power at the largest number of patients; None where it follows no drift.

    That of equivalence does not, which two one-sided tests have to show. The range is that of the 95 %
    interval of that power. Where the power at half the number does not lie on the curve, the range takes in
    where the line through both would lead.
    """
    most, half = max(points), halfway(points)
    top = points[most]
    if top.undefined.estimate > _UNDEFINED or analysis.tests_equivalence:
        return None
    try:
        power = _Power(scenario, analysis, most)
        ends = top.power.interval
        reached = [power.drift_of(each) for each in (ends[1], top.power.estimate, ends[0])]
        lines = [None if x is None else _Line(x / math.sqrt(most)) for x in reached]
        if lines[0] is None:
            return None  # surely no larger than without any effect
        low, middle, high = (_number(scenario, analysis, line, target, most) for line in lines)
        fitted = lines[1]
        if fitted is None or half == most:
            return Beyond(middle, low, high, "drift")
        before = _Power(scenario, analysis, half)
        off = before.of(fitted.at(half)) - points[half].power.estimate
        errors = math.hypot(top.power.error, points[half].power.error)
        if abs(off) > _MISFIT * errors + _ROUGH:
            start = before.drift_of(points[half].power.estimate) or 0.0
            slope = (fitted.at(most) - start) / (math.sqrt(most) - math.sqrt(half))
            other = _number(scenario, analysis, _Line(slope, start - slope * math.sqrt(half)), target, most)
            low = low if other is None or low is None else min(low, other)
            high = None if other is None or high is None else max(high, other)
        return Beyond(middle, low, high, "drift")
    except BoundaryError:  # no limits exist at some number
        return None


def halfway(points: Points) -> int:
    """The number of patients nearest to half the largest."""
    return min(points, key=lambda n: abs(n - max(points) / 2))


def _number(
    scenario: Scenario, analysis: PlannedAnalysis, line: _Line | None, target: float, tried: int
) -> int | None:
    """The number above those tried from which power reaches the target if the drift follows the line."""
    unit, n = scenario.design.unit, tried
    if line is None or line.slope <= 0.0:
        return None
    for _ in range(_ROUNDS):  # the limits depend on the number, though hardly
        drift = _Power(scenario, analysis, n).drift_of(target)
        if drift is None or drift - line.offset > line.slope * math.sqrt(FARTHEST):
            return None
        root = max((drift - line.offset) / line.slope, 0.0)
        before, n = n, max(math.ceil(root * root / unit - 1e-9), tried // unit + 1) * unit
        if n == before:
            break
    return n


def by_assurance(points: Points, limit: Figure, target: float, unit: int) -> Beyond | None:
    """From how far assurance lies below its limit, a distance that shrinks with the root of the patients.

    So it does where the uncertain effect has a density around nil, for large numbers: P(significant) is
    P(D sqrt(n) + Z > z) for a standardised effect D and a standard normal Z, hence P(D > 0) less a constant
    over sqrt(n), and less terms in 1 / n. None where the curve does not do that yet. The range is that of the
    95 % intervals of assurance and of its limit.
    """
    most, half = max(points), halfway(points)
    top, before = points[most].power, points[half].power
    gap = limit.estimate - top.estimate
    foreseen = limit.estimate - gap * math.sqrt(most / half)
    errors = math.hypot(top.error, before.error)
    if points[most].undefined.estimate > _UNDEFINED or half == most:
        return None
    if abs(before.estimate - foreseen) > _MISFIT * errors + _ROUGH:
        return None

    def number(limited: float, reached: float) -> int | None:
        if limited <= target:
            return None
        n = most * ((limited - min(reached, limited)) / (limited - target)) ** 2
        return None if n > FARTHEST else max(math.ceil(n / unit), most // unit + 1) * unit

    middle = number(limit.estimate, top.estimate)
    if middle is None:
        return None
    ends = [number(limit.interval[side], top.interval[side]) for side in (1, 0)]
    high = None if None in ends else max(n for n in (*ends, middle) if n is not None)
    return Beyond(middle, min(n for n in (*ends, middle) if n is not None), high, "assurance")
