"""Who is enrolled: the rating that must reach the threshold, and the regression to the mean that follows.

    rating = true severity + error,   enrolled: rating (rounded) >= at_least

A patient who was rated high was partly unlucky: rated again, the same patients score less on average,
although nothing has happened (Galton 1886; James 1973). With `entry = "screening"` that is over before the
first baseline, which is rated afresh. With `entry = "baseline"` the rating that enrols is the first baseline,
so that the fall is part of what is measured after it, under every treatment alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from planner._special import ndtr
from planner.kernels.tables import Floats
from planner.model.estimand import expected_score
from planner.monitoring.numerics import to_12_digits
from planner.scenario.scale import Scale
from planner.scenario.scenario import Scenario
from planner.scenario.tree import Tree

_TIE = 1e-9  # of a step; a score this close to a step is on it
_REACH = 9.0  # standard deviations beyond which a normal has no weight that float64 could hold
_PANELS = 40
_X, _WEIGHT = np.polynomial.legendre.leggauss(12)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who is enrolled, and what happens to their scores although nobody is treated; in points."""

    entry: str  # screening | baseline
    at_least: float
    share_of_screened: float  # who reach the threshold
    untreated_change: float  # mean, from the first baseline to a second rating
    fall: float  # mean, from the rating that enrolled to a second one
    first_baseline_below: float  # share of those enrolled whose first baseline is below the threshold

    def to_json(self) -> Tree:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def lowest_entry(scale: Scale, at_least: float | None) -> float | None:
    """The score before rounding from which the observed one reaches `at_least`; None if every one does."""
    if at_least is None or (scale.low is not None and at_least <= scale.low):
        return None
    if scale.step is None:
        return at_least
    return (math.ceil(at_least / scale.step - _TIE) - 0.5) * scale.step


def enrolment_row(scenario: Scenario) -> Floats:
    """Draw of the observed entry score, at least the threshold, and of the true severity given it."""
    baseline, rating = scenario.population.baseline, scenario.population.rating_sd
    assert baseline is not None  # a scenario that was read is complete
    variance = baseline.sd * baseline.sd + rating * rating
    sd = math.sqrt(variance)
    slope = baseline.sd * baseline.sd / variance if variance > 0.0 else 0.0
    chance, least = 1.0, lowest_entry(scenario.endpoint.scale, baseline.at_least)
    if least is not None and sd > 0.0:  # without any spread all have one score, which is high enough
        chance = to_12_digits(float(ndtr((baseline.mean - least) / sd)))
    rest = baseline.sd * math.sqrt(1.0 - slope)
    return np.array([chance, baseline.mean, sd, slope, baseline.mean * (1.0 - slope), rest])


def first_baseline_enrols(scenario: Scenario) -> bool:
    """Whether the first baseline is the rating by which patients were enrolled.

    Not where everybody is, since then the two have the same law, and not where ratings have no error.
    """
    population = scenario.population
    least = population.baseline.at_least if population.baseline is not None else None
    selects = lowest_entry(scenario.endpoint.scale, least) is not None
    return population.entry == "baseline" and selects and population.rating_sd > 0.0


def enrolment(scenario: Scenario) -> Enrolment | None:
    """Who is enrolled under mechanisms; None where everybody is. By quadrature over the first rating."""
    baseline, scale = scenario.population.baseline, scenario.endpoint.scale
    if baseline is None or baseline.at_least is None:
        return None
    least = lowest_entry(scale, baseline.at_least)
    chance, mean, sd, slope, intercept, rest = map(float, enrolment_row(scenario))
    if least is None or sd == 0.0:
        return None
    x, weight = _truncated_normal((least - mean) / sd)
    rated = mean + sd * x
    again = math.hypot(rest, scenario.population.rating_sd)  # SD of a second rating, given the first
    expected = slope * rated + intercept
    first = float(weight @ np.array([expected_score(float(each), 0.0, scale) for each in rated]))
    if scale.step is not None:
        first = _mean_on_steps(mean, sd, least, scale)
    second = float(weight @ np.array([expected_score(float(each), again, scale) for each in expected]))
    below = ndtr((least - expected) / again) if again > 0.0 else (expected < least).astype(float)
    is_first = scenario.population.entry == "baseline"
    fall = to_12_digits(second - first)
    return Enrolment(
        entry=scenario.population.entry,
        at_least=baseline.at_least,
        share_of_screened=chance,
        untreated_change=fall if is_first else 0.0,
        fall=fall,
        first_baseline_below=0.0 if is_first else to_12_digits(float(weight @ below)),
    )


def _truncated_normal(least: float) -> tuple[Floats, Floats]:
    """Points and weights of a standard normal that is known to be at least so much."""
    start, stop = max(least, -_REACH), max(least, -_REACH) + 2.0 * _REACH
    edges = np.linspace(start, stop, _PANELS + 1)
    half = (edges[1:] - edges[:-1])[:, None] / 2.0
    x = (edges[:-1, None] + half + half * _X).ravel()
    weight = (half * _WEIGHT).ravel() * np.exp(-0.5 * (x * x - start * start))
    return x, weight / weight.sum()


def _mean_on_steps(mean: float, sd: float, least: float, scale: Scale) -> float:
    """Mean of the rounded rating that enrols: the first step, and the chance to reach each higher one."""
    step = scale.step or 1.0
    high = math.inf if scale.high is None else scale.high
    lowest = min(least + 0.5 * step, high)
    highest = min(high, least + 2.0 * _REACH * sd)
    edges = least + step * np.arange(1, max(round((highest - lowest) / step), 0) + 1)
    reach = ndtr((mean - edges) / sd) / ndtr((mean - least) / sd)
    return float(lowest + step * math.fsum(reach))
