"""Patients who leave, simulated the plain way: NumPy, period by period, an independent twin of the package.

It imports nothing of the package; it only reads the fields of a complete scenario. Between two periods a
patient leaves with the odds that the scenario states. Arrays run over patients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from naive_terms import Told, observed, severities
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass
class Stay:
    """Patients of one sequence: baselines and scores by day (patient, period), and who is there."""

    baseline: Floats
    score: dict[float, Floats]
    there: Flags
    stated: bool = False  # the scores are what the endpoint measures

    def reading(self, scenario: Any, measure: str, day: float, k: int) -> Floats:
        """A measure on a day of period k, whether or not the patient is there."""
        first = scenario.endpoint.baseline == "first"
        b, y, scale = self.baseline[:, 0 if first else k], self.score[day][:, k], scenario.endpoint.scale
        match measure:
            case _ if self.stated:
                return y
            case "score":
                return y
            case "change":
                return y - b
            case "percent-change":
                return np.where(b > 0.0, 100.0 * (y - b) / np.where(b > 0.0, b, 1.0), 0.0)
            case "response":
                return (b - y >= scale.response * b - 1e-9).astype(float)
            case _:
                return (y <= scale.remission_at_most + 1e-9).astype(float)


def leaves(scenario: Any, treatment: str, k: int, stay: Stay, rng: np.random.Generator) -> Flags:
    """Who leaves after period k, in which the treatment was given."""
    dropout, endpoint = scenario.population.dropout, scenario.endpoint
    n = len(stay.there)
    p = dropout.per_period[k]
    if p in (0.0, 1.0):
        return np.full(n, p == 1.0)
    odds = np.full(n, p / (1.0 - p))
    ratios = dropout.odds_ratio
    if ratios is not None:
        odds *= ratios.treatment.get(treatment, 1.0)
        if ratios.improvement is not None:
            better = -stay.reading(scenario, "percent-change", endpoint.day, k)
            odds *= ratios.improvement ** (np.clip(better, -100.0, 100.0) / 10.0)
        if ratios.outcome is not None:
            seen = stay.reading(scenario, endpoint.measure, endpoint.day, k)
            odds *= ratios.outcome.ratio ** ((seen - ratios.outcome.around) / ratios.outcome.per)
    return rng.random(n) < odds / (1.0 + odds)


def mechanism(
    scenario: Any, name: str, sequence: Sequence[str], n: int, days: Sequence[float], rng: np.random.Generator
) -> Stay:
    """n patients of a sequence under a hypothesis of family `terms`."""
    told, population = Told.of(scenario, name), scenario.population
    cycle = scenario.design.period_days + scenario.design.washout_days
    severity = severities(scenario, n, rng)
    days = [*days, *({scenario.endpoint.day} - set(days))]
    size, life = {}, {}
    duration = rng.normal(size=n)
    for component in dict.fromkeys(term.component for term in told.terms):
        about = told.components[component]
        susceptible = rng.random(n) < about.share
        large = rng.normal(about.size.mean, about.size.sd, size=n)
        small = rng.normal(about.otherwise.mean, about.otherwise.sd, size=n)
        size[component] = np.where(susceptible, large, small)
        life[component] = about.half_life_days.median * np.exp(about.half_life_days.log_sd * duration)
    dosed = np.zeros((n, len(sequence)))  # day of each dosing
    raised: list[list[Floats]] = []  # of each dosing and term: how much of it the signals let through

    def dose(k: int, day: Floats) -> None:
        """Give the treatment of period k; what earlier ones still block depends on when they were given."""
        dosed[:, k] = day
        rows, which = np.unique(dosed[:, : k + 1], axis=0, return_inverse=True)
        through = np.empty((len(rows), len(told.terms)))
        for i, row in enumerate(rows):
            doses = [(sequence[j], float(row[k] - row[j])) for j in range(k + 1)]
            through[i] = [told.opened(term, doses) for term in told.terms]
        raised.append([through[which.ravel(), t] for t in range(len(told.terms))])

    def severity_on(day: Floats) -> Floats:
        """Share of the severity that is there, `day` counted from the first dosing."""
        total = np.zeros(n)
        for j, gates in enumerate(raised):
            for term, gate in zip(told.terms, gates, strict=True):
                about = told.components[term.component]
                lost = np.maximum(0.0, day - dosed[:, j] - about.peak_day)
                stretched = life[term.component] * told.stretched(term.component, sequence[j])
                total += gate * size[term.component] * 0.5 ** (lost / stretched)
        return 1.0 - np.minimum(1.0, total)

    def rated(x: Floats) -> Floats:
        return observed(scenario, x + rng.normal(0.0, population.rating_sd, size=n))

    shape = (n, len(sequence))
    stay = Stay(np.full(shape, np.nan), {day: np.full(shape, np.nan) for day in days}, np.ones(shape, bool))
    there = rng.random(n) >= population.dropout.before_first
    for k in range(len(sequence)):
        if k > 0:
            there = there & ~leaves(scenario, sequence[k - 1], k - 1, stay, rng)
        day = dosed[:, k - 1] + cycle if k > 0 else np.zeros(n)
        stay.baseline[:, k] = rated(severity * severity_on(day))
        dose(k, day)
        swing = rng.normal(0.0, population.occasion_sd, size=n)
        for after in days:
            seen = severity * (severity_on(day + after) + swing) + population.period_effect[k]
            stay.score[after][:, k] = rated(seen)
        stay.there[:, k] = there
    return stay


def stated(scenario: Any, name: str, sequence: Sequence[str], n: int, rng: np.random.Generator) -> Stay:
    """n patients of a sequence under stated means or (correlated on the latent scale) rates."""
    own, population, day = scenario.hypotheses[name], scenario.population, scenario.endpoint.day
    shape = (n, len(sequence))
    stay = Stay(np.full(shape, np.nan), {day: np.full(shape, np.nan)}, np.ones(shape, bool), True)
    there = rng.random(n) >= population.dropout.before_first
    level = rng.normal(size=n)
    for k, treatment in enumerate(sequence):
        if k > 0:
            there = there & ~leaves(scenario, sequence[k - 1], k - 1, stay, rng)
        if own.family == "means":
            spread = own.spread
            y = own.means[treatment] + spread.between * level + rng.normal(size=n) * spread.within[treatment]
            carried = own.carryover.get(sequence[k - 1], 0.0) if k > 0 else 0.0
            stay.score[day][:, k] = y + population.period_effect[k] + carried
        else:
            latent = np.sqrt(own.correlation) * level + np.sqrt(1 - own.correlation) * rng.normal(size=n)
            responds = latent <= norm.ppf(own.rates[treatment]) + population.period_effect[k]
            stay.score[day][:, k] = responds
        stay.there[:, k] = there
    return stay
