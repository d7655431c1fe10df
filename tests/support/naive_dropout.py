"""Patients who leave, simulated the plain way: NumPy, period by period, an independent twin of the package.

It imports nothing of the package; it only reads the fields of a complete scenario. Between two periods a
patient leaves with the odds that the scenario states. Arrays run over patients.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tests.support.naive_terms import observed, on_scale, severities, skew
from tests.support.naive_told import Told

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass
class Stay:
    """Patients of one sequence: baselines and scores by day (patient, period), and who is there."""

    baseline: Floats
    score: dict[float, Floats]
    there: Flags
    again: Floats  # how often rated again before each period; -1 in vain, NaN where not there
    stated: bool = False  # the scores are what the endpoint measures
    second: dict[str, tuple[Floats, Floats]] = field(default_factory=dict)  # before each dosing, when read
    guess: Any = None  # (patient, period) who takes the treatment for an active one

    def reading(self, scenario: Any, measure: str, day: float, k: int, outcome: str = "") -> Floats:
        """A measure on a day of period k, whether or not the patient is there."""
        if measure == "guess":
            return self.guess[:, k].astype(float)
        if outcome:
            before, read = (each[:, k] for each in self.second[outcome])
            return read - before if measure == "change" else read
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
        if ratios.endpoint is not None:
            seen = stay.reading(scenario, endpoint.measure, endpoint.day, k)
            odds *= ratios.endpoint.ratio ** ((seen - ratios.endpoint.around) / ratios.endpoint.per)
        for name, driver in ratios.outcomes.items():
            seen = stay.reading(scenario, "score", 0.0, k, name)
            odds *= driver.ratio ** ((seen - driver.around) / driver.per)
    return rng.random(n) < odds / (1.0 + odds)


class Starts:
    """Days of dosing that do not keep step: what `period * cycle` is where all periods are of one length."""

    def __init__(self, days: Floats) -> None:
        self.days = days

    def __rmul__(self, period: int) -> float:
        return float(self.days[period]) if period < len(self.days) else math.inf


@dataclass
class Body:
    """What patients bring along, and on which day of the trial each dosing was: (patient, period)."""

    told: Told
    sequence: Sequence[str]
    duration: Floats
    dosed: Floats

    def at_work(
        self,
        terms: Sequence[Any],
        parts: Mapping[str, Any],
        amount: Mapping[str, Floats],
        k: int,
        day: Floats,
        before: bool = False,
        guess: Any = None,
    ) -> Floats:
        """What the terms come to on a day, by the dosings up to period k; patients of like history together.

        `before`: the day is that of the next dosing.
        """
        total = np.zeros(len(day))
        rows, which = alike(np.column_stack([self.dosed[:, : k + 1], day]))
        for i, row in enumerate(rows):
            here = which == i
            starts: Any = Starts(row[:-1])
            said = None if guess is None else guess[here]
            for term, j, start, opened in self.told.at_work(terms, self.sequence, starts, k, row[-1], said):
                part = parts[term.component]
                left: Any = 1.0
                if part.half_life_days is not None:
                    begin = start + part.peak_day
                    lost = self.told.age(term.component, self.sequence, starts, j, begin, row[-1])
                    life = part.half_life_days
                    left = 0.5 ** (lost / (life.median * np.exp(life.log_sd * self.duration[here])))
                elif j < k or before:  # gone at the next dosing
                    continue
                total[here] += opened * amount[term.component][here] * left
        return total


def alike(table: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The different rows of a table, and which of them each row is; whole rows are slow to sort."""
    code = np.zeros(len(table), np.intp)
    for column in table.T:
        values, number = np.unique(column, return_inverse=True)
        code = code * len(values) + number
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    return table[first], which


def drawn(part: Any, n: int, rng: np.random.Generator) -> Floats:
    """Sizes of a component."""
    skewed = getattr(part, "distribution", "normal") == "lognormal"
    large, small = (
        skew(rng, spread, n) if skewed else rng.normal(spread.mean, spread.sd, size=n)
        for spread in (part.size, part.otherwise)
    )
    return np.where(rng.random(n) < part.share, large, small)


def guessed(blinding: Any, stay: Stay, k: int, rng: np.random.Generator) -> Flags:
    """Who takes the treatment of period k for an active one."""
    log_odds = np.full(len(stay.there), blinding.intercept)
    if blinding.outcome:
        felt = stay.second[blinding.outcome][1]
        more = felt[:, k] - felt[:, max(k - 1, 0)]
        log_odds = log_odds + blinding.slope * felt[:, k] + blinding.slope_from_previous * more
    return rng.random(len(log_odds)) < 1.0 / (1.0 + np.exp(-log_odds))


def mechanism(
    scenario: Any, name: str, sequence: Sequence[str], n: int, days: Sequence[float], rng: np.random.Generator
) -> Stay:
    """n patients of a sequence under a hypothesis of family `terms`."""
    told, population = Told.of(scenario, name), scenario.population
    cycle = scenario.design.period_days + scenario.design.washout_days
    rule = scenario.design.return_to_baseline
    severity = severities(scenario, n, rng)
    days = [*days, *({scenario.endpoint.day} - set(days))]
    body = Body(told, sequence, rng.normal(size=n), np.full((n, len(sequence)), np.inf))
    amount = {c: drawn(told.components[c], n, rng) for c in dict.fromkeys(t.component for t in told.terms)}
    amounts, levels = {}, {}
    for key, (about, terms) in told.outcomes.items():
        levels[key] = rng.normal(about.background.mean, about.background.sd, size=n)
        shared = {c: amount[c] for c in amount if c not in about.components}
        others = {t.component for t in terms} - set(shared)
        known = {**told.components, **about.components}
        amounts[key] = shared | {c: drawn(known[c], n, rng) for c in sorted(others)}

    def severity_on(k: int, day: Floats) -> Floats:
        return 1.0 - np.minimum(
            1.0, body.at_work(told.terms, told.components, amount, k, day, False, stay.guess)
        )

    def rated(x: Floats) -> Floats:
        return observed(scenario, x + rng.normal(0.0, population.rating_sd, size=n))

    def second(key: str, k: int, day: Floats, before: bool = False) -> Floats:
        about, terms = told.outcomes[key]
        parts = {**told.components, **about.components}
        x = levels[key] + body.at_work(terms, parts, amounts[key], k, day, before)
        return on_scale(about.scale, x + rng.normal(0.0, about.noise_sd, size=n))

    shape = (n, len(sequence))
    empty = np.full(shape, np.nan)
    stay = Stay(empty.copy(), {day: empty.copy() for day in days}, np.ones(shape, bool), empty.copy())
    stay.guess = np.zeros(shape, bool)
    stay.second = {key: (empty.copy(), empty.copy()) for key in told.outcomes}
    there = rng.random(n) >= population.dropout.before_first
    for k in range(len(sequence)):
        if k > 0:
            there = there & ~leaves(scenario, sequence[k - 1], k - 1, stay, rng)
        day = body.dosed[:, k - 1] + cycle if k > 0 else np.zeros(n)
        b = rated(severity * severity_on(k - 1, day))
        if k > 0 and rule is not None:
            enough = population.baseline.at_least if rule.entry else rule.share * stay.baseline[:, 0]
            low = there & (b < enough - 1e-9)
            stay.again[there, k] = 0.0
            for wait in range(1, int(rule.at_most_days / rule.recheck_days + 1e-9) + 1):
                day = np.where(low, day + rule.recheck_days, day)
                b = np.where(low, rated(severity * severity_on(k - 1, day)), b)
                stay.again[low, k] = wait
                low = low & (b < enough - 1e-9)
            stay.again[low, k] = -1.0
            there = there & ~low
        stay.baseline[:, k] = b
        for key in told.outcomes:
            stay.second[key][0][:, k] = second(key, k - 1, day, before=True)
        body.dosed[:, k] = day
        for key, (about, _) in told.outcomes.items():
            stay.second[key][1][:, k] = second(key, k, day + about.day)
        if told.blinding is not None:
            stay.guess[:, k] = guessed(told.blinding, stay, k, rng)
        swing = rng.normal(0.0, population.occasion_sd, size=n)
        for after in days:
            seen = severity * (severity_on(k, day + after) + swing) + population.period_effect[k]
            stay.score[after][:, k] = rated(seen)
        stay.there[:, k] = there
    return stay


def stated(scenario: Any, name: str, sequence: Sequence[str], n: int, rng: np.random.Generator) -> Stay:
    """n patients of a sequence under stated means or (correlated on the latent scale) rates."""
    own, population, day = scenario.hypotheses[name], scenario.population, scenario.endpoint.day
    shape = (n, len(sequence))
    empty = np.full(shape, np.nan)
    stay = Stay(empty.copy(), {day: empty.copy()}, np.ones(shape, bool), empty.copy(), stated=True)
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
