"""Exact powers over the number of patients, as many as tell where they reach a target for good."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from planner.kernels.tables import Floats
from planner.questions.exact import theory
from planner.questions.size.curves import grid
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario

Exact = Mapping[int, float]  # number of patients to power, in increasing order

ClosedForm = Callable[[Scenario, str, PlannedAnalysis, Sequence[int]], Floats | None]
"""`theory.power`, or of uncertain numbers `theory.assurance`."""

_LARGER = 1.3  # times as many patients are looked at next, where a power takes long


def exact_powers(
    scenario: Scenario,
    name: str,
    analysis: PlannedAnalysis,
    limit: int,
    targets: Sequence[float],
    closed: ClosedForm = theory.power,
) -> Exact:
    """At every multiple of the allocation unit up to the limit; empty without a closed form.

    Where limits are scaled, of which one power takes as long as thousands of t tests: at multiples 30 %
    apart, by which it is seen that a power stays, and at those by which the first one is found.
    """
    unit = scenario.design.unit

    def powers(numbers: Sequence[int]) -> Exact:
        exact = closed(scenario, name, analysis, numbers)
        return {} if exact is None else dict(zip(numbers, exact.tolist(), strict=True))

    if analysis.scaling is None:
        return powers(range(unit, limit + 1, unit))
    coarse = powers(grid(0, limit // unit * unit, unit, _LARGER))
    return _refined(coarse, lambda n: powers([n])[n], unit, targets) if coarse else {}


def _refined(
    coarse: Exact, power: Callable[[int], float], unit: int, targets: Sequence[float]
) -> dict[int, float]:
    """The powers and, for each target, those of the multiples on both sides of its answer."""
    known = dict(coarse)

    def enough(target: float, n: int) -> bool:
        if n not in known:
            known[n] = power(n)
        return known[n] >= target

    for target in targets:
        first = first_from(coarse, target)
        if first is not None:
            before = max((n for n in coarse if n < first), default=0)
            between = range(before + unit, first, unit)
            bisect_left(between, True, key=partial(enough, target))
    return dict(sorted(known.items()))


def first_from(powers: Exact, target: float) -> int | None:
    """The smallest number from which the powers stay at or above the target."""
    first = None
    for n, power in powers.items():
        first = (n if first is None else first) if power >= target else None
    return first
