"""Mechanisms simulated the plain way: NumPy, patient by patient, an independent twin of the package.

It imports nothing of the package; it only reads the fields of a complete scenario. A patient is what the
model says in words: a true severity, enrolled if the observed score is high enough (else the next one is
asked); for each component whether he is susceptible and how large it is; one half-life; then period after
period a baseline, a dose, and scores on the days of assessment. Arrays run over patients. Slow, on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tests.support.naive_told import Told

Floats = NDArray[np.float64]


def observed(scenario: Any, x: Floats) -> Floats:
    """A score as the scale of the endpoint has it."""
    return on_scale(scenario.endpoint.scale, x)


def on_scale(scale: Any, x: Floats) -> Floats:
    """To the nearest step, halves up, then between the limits."""
    if scale.step is not None:
        x = np.floor(x / scale.step + 0.5) * scale.step
    return np.clip(
        x,
        -math.inf if scale.low is None else scale.low,
        math.inf if scale.high is None else scale.high,
    )


def severities(scenario: Any, n: int, rng: np.random.Generator) -> Floats:
    """True severities of n patients whose observed score reached the threshold; others are turned away."""
    population = scenario.population
    mean, sd, least = population.baseline.mean, population.baseline.sd, population.baseline.at_least
    kept: list[Floats] = []
    while sum(len(some) for some in kept) < n:
        true = rng.normal(mean, sd, size=n)
        if least is not None:
            seen = observed(scenario, true + rng.normal(0.0, population.rating_sd, size=n))
            true = true[seen > least - 1e-9]
        kept.append(true)
    return np.concatenate(kept)[:n]


@dataclass(frozen=True)
class Course:
    """What is seen of patients of one sequence: baselines (patient, period), scores by day likewise."""

    baseline: Floats
    score: Mapping[float, Floats]
    second: Mapping[str, tuple[Floats, Floats]]  # second outcomes: before each dosing, and when they are read
    guess: NDArray[np.bool_]  # (patient, period) who takes the treatment for an active one

    def reading(self, scenario: Any, measure: str, day: float, outcome: str = "") -> Floats:
        """A measure on a day, (patient, period)."""
        if measure == "guess":
            return self.guess.astype(float)
        if outcome:
            before, when_read = self.second[outcome]
            return when_read - before if measure == "change" else when_read
        b, y, scale = self.baseline, self.score[day], scenario.endpoint.scale
        match measure:
            case "score":
                return y
            case "change":
                return y - b
            case "percent-change":
                safe = np.where(b > 0.0, b, 1.0)
                return np.where(b > 0.0, (y - b) / safe * 100.0, 0.0)
            case "response":
                return (b - y >= scale.response * b - 1e-9).astype(float)
            case _:
                return (y <= scale.remission_at_most + 1e-9).astype(float)


def course(
    scenario: Any,
    name: str,
    sequence: Sequence[str],
    n: int,
    days: Sequence[float],
    rng: np.random.Generator,
) -> Course:
    """n patients of a sequence under a hypothesis of family `terms`."""
    told, population = Told.of(scenario, name), scenario.population
    cycle = scenario.design.period_days + scenario.design.washout_days
    severity = severities(scenario, n, rng)
    size, half_life = {}, {}
    duration = rng.normal(size=n)
    for component in dict.fromkeys(term.component for term in told.terms):
        about = told.components[component]
        susceptible = rng.random(n) < about.share
        large = rng.normal(about.size.mean, about.size.sd, size=n)
        small = rng.normal(about.otherwise.mean, about.otherwise.sd, size=n)
        size[component] = np.where(susceptible, large, small)
        half_life[component] = about.half_life_days.median * np.exp(about.half_life_days.log_sd * duration)

    beside = {key: second(told, key, sequence, cycle, size, duration, rng) for key in told.outcomes}
    guess = guesses(told, beside, n, len(sequence), rng)

    def achieved(period: int, time: float) -> Floats:
        """What the doses of the periods up to one contribute."""
        total = np.zeros(n)
        for term, j, start, opened in told.at_work(told.terms, sequence, cycle, period, time, guess):
            about = told.components[term.component]
            lost = told.age(term.component, sequence, cycle, j, start + about.peak_day, time)
            total += opened * size[term.component] * 0.5 ** (lost / half_life[term.component])
        return total

    def rated(x: Floats) -> Floats:
        return observed(scenario, x + rng.normal(0.0, population.rating_sd, size=n))

    baselines, scores = [], {day: [] for day in days}
    for k in range(len(sequence)):
        baselines.append(rated(severity * (1.0 - np.minimum(1.0, achieved(k - 1, k * cycle)))))
        swing = rng.normal(0.0, population.occasion_sd, size=n)
        for day in days:
            left = 1.0 - np.minimum(1.0, achieved(k, k * cycle + day)) + swing
            scores[day].append(rated(severity * left + population.period_effect[k]))
    return Course(
        np.stack(baselines, axis=1),
        {day: np.stack(rows, axis=1) for day, rows in scores.items()},
        beside,
        guess,
    )


def guesses(
    told: Told,
    beside: Mapping[str, tuple[Floats, Floats]],
    n: int,
    periods: int,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """(patient, period): who takes the treatment for an active one."""
    if told.blinding is None:
        return np.zeros((n, periods), bool)
    log_odds = np.full((n, periods), told.blinding.intercept)
    if told.blinding.outcome:
        felt = beside[told.blinding.outcome][1]
        more = np.diff(felt, axis=1, prepend=felt[:, :1])
        log_odds = log_odds + told.blinding.slope * felt + told.blinding.slope_from_previous * more
    return rng.random((n, periods)) < 1.0 / (1.0 + np.exp(-log_odds))


def second(
    told: Told,
    name: str,
    sequence: Sequence[str],
    cycle: float,
    size: Mapping[str, Floats],
    duration: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """A second outcome before each dosing and when it is read, (patient, period) each.

    size: of the components of improvement, which an outcome may share.
    """
    about, terms = told.outcomes[name]
    n = len(duration)
    level = rng.normal(about.background.mean, about.background.sd, size=n)
    amount: dict[str, Floats] = {}
    for component in dict.fromkeys(term.component for term in terms):
        own = about.components.get(component)
        if own is None and component in size:
            amount[component] = size[component]
            continue
        part = own or told.components[component]
        skewed = getattr(part, "distribution", "normal") == "lognormal"
        large, small = (
            skew(rng, spread, n) if skewed else rng.normal(spread.mean, spread.sd, size=n)
            for spread in (part.size, part.otherwise)
        )
        amount[component] = np.where(rng.random(n) < part.share, large, small)

    def present(k: int, period: int, time: float) -> Floats:
        """In period k, from the doses of the periods up to one."""
        total = level.copy()
        for term, j, start, opened in told.at_work(terms, sequence, cycle, period, time):
            part = about.components.get(term.component) or told.components[term.component]
            life = part.half_life_days
            left: Any = 1.0
            if life is not None:
                lost = told.age(term.component, sequence, cycle, j, start + part.peak_day, time)
                left = 0.5 ** (lost / (life.median * np.exp(life.log_sd * duration)))
            elif j < k:
                continue  # gone at the next dosing
            total += opened * amount[term.component] * left
        return total

    def measured(x: Floats) -> Floats:
        return on_scale(about.scale, x + rng.normal(0.0, about.noise_sd, size=n))

    before = [measured(present(k, k - 1, k * cycle)) for k in range(len(sequence))]
    when_read = [measured(present(k, k, k * cycle + about.day)) for k in range(len(sequence))]
    return np.stack(before, axis=1), np.stack(when_read, axis=1)


def skew(rng: np.random.Generator, spread: Any, n: int) -> Floats:
    """Lognormal sizes with the stated mean and SD; none where the mean is 0."""
    if spread.mean == 0.0:
        return np.zeros(n)
    ratio = 1.0 + (spread.sd / spread.mean) ** 2
    return rng.lognormal(math.log(spread.mean / math.sqrt(ratio)), math.sqrt(math.log(ratio)), size=n)


def responses(scenario: Any, name: str, sequence: Sequence[str], n: int, rng: np.random.Generator) -> Floats:
    """n patients of a sequence of two periods under stated rates with their discordant shares."""
    own = scenario.hypotheses[name]
    first, second = own.discordant
    only_first, only_second = own.discordant[first], own.discordant[second]
    both = own.rates[first] - only_first
    u = rng.random(n)
    answer = {
        first: (u < both + only_first).astype(float),
        second: ((u < both) | ((u >= both + only_first) & (u < both + only_first + only_second))).astype(
            float
        ),
    }
    return np.stack([answer[treatment] for treatment in sequence], axis=1)


@dataclass(frozen=True)
class Found:
    """What each trial came to."""

    look: NDArray[np.int64]
    above: NDArray[np.bool_]
    below: NDArray[np.bool_]
    estimate: Floats
    defined: NDArray[np.bool_]
    completers: Floats

    @property
    def significant(self) -> NDArray[np.bool_]:
        return self.above | self.below


def trials(
    scenario: Any, name: str, analysis: Any, z: Sequence[float | None], trials: int, rng: np.random.Generator
) -> Found:
    """Whole trials, analysed at each look against the tail area of its z (None: no stop there)."""
    design, dropout = scenario.design, scenario.population.dropout
    patients = design.patients
    unit = [s for s, share in enumerate(design.allocation) for _ in range(share)] * design.block
    blocks = [rng.permuted(np.tile(unit, (trials, 1)), axis=1) for _ in range(-(-patients // len(unit)))]
    order = np.concatenate(blocks, axis=1)[:, :patients]
    measure = analysis.measure or scenario.endpoint.measure
    day = scenario.endpoint.day if analysis.day is None else analysis.day
    value = np.full((trials, patients, design.periods), np.nan)
    for s, sequence in enumerate(design.sequences):
        here = order == s
        n = int(here.sum())
        if scenario.hypotheses[name].family == "rates":
            value[here] = responses(scenario, name, sequence, n, rng)
        else:
            seen = course(scenario, name, sequence, n, [] if analysis.outcome else [day], rng)
            value[here] = seen.reading(scenario, measure, day, analysis.outcome)
    there = rng.random((trials, patients)) >= dropout.before_first
    for k in range(design.periods):
        if k > 0:
            there &= rng.random((trials, patients)) >= dropout.per_period[k - 1]
        value[~there, k] = np.nan
    x = np.full((trials, patients), np.nan)
    for s, sequence in enumerate(design.sequences):
        one, other = (
            np.mean([value[:, :, k] for k, a in enumerate(sequence) if a == c], axis=0)
            for c in analysis.contrast
        )
        x = np.where((order == s) & ~np.isnan(value.sum(axis=2)), one - other, x)
    return _decided(scenario, analysis, z, x, order)


def _decided(
    scenario: Any, analysis: Any, z: Sequence[float | None], x: Floats, order: NDArray[np.int64]
) -> Found:
    rows, looks = x.shape[0], [int(m) for m in scenario.monitoring.looks]
    found = Found(
        np.full(rows, len(looks) - 1),
        np.zeros(rows, bool),
        np.zeros(rows, bool),
        np.zeros(rows),
        np.zeros(rows, bool),
        np.zeros(rows),
    )
    running = np.ones(rows, bool)
    for k, m in enumerate(looks):
        estimate, upper, lower, defined, n = p_values(analysis.method, x[:, :m], order[:, :m])
        level = -1.0 if z[k] is None else float(stats.norm.sf(z[k])) * (1 + 1e-9)
        above = defined & (upper <= level) & (analysis.alternative != "less")
        below = defined & (lower <= level) & (analysis.alternative != "greater")
        ends = running & (above | below | (k == len(looks) - 1))
        found.look[ends] = k
        for whole, part in (
            (found.above, above),
            (found.below, below),
            (found.estimate, estimate),
            (found.defined, defined),
            (found.completers, n),
        ):
            whole[ends] = part[ends]
        running &= ~ends
    return found


def p_values(
    method: str, x: Floats, order: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_], Floats]:
    """(estimate, upper p, lower p, whether there is a test, completers) of each row of differences."""
    n = (~np.isnan(x)).sum(axis=1).astype(float)
    if method.startswith("mcnemar"):
        b, c = (x == 1.0).sum(axis=1), (x == -1.0).sum(axis=1)
        m = b + c
        if method == "mcnemar-asymptotic":
            score = (b - c) / np.sqrt(np.maximum(m, 1))
            upper, lower = stats.norm.sf(score), stats.norm.cdf(score)
        else:
            half = 0.5 * stats.binom.pmf(b, m, 0.5) if method == "mcnemar-mid-p" else 0.0
            upper = stats.binom.sf(b - 1, m, 0.5) - half
            lower = stats.binom.cdf(b, m, 0.5) - half
        nobody = m == 0
        return (
            np.nan_to_num((b - c) / np.maximum(n, 1)),
            np.where(nobody, 1.0, upper),
            np.where(nobody, 1.0, lower),
            n > 0,
            n,
        )
    groups = [x] if method == "paired-t" else [np.where(order == s, x, np.nan) for s in (0, 1)]
    counts = np.array([(~np.isnan(g)).sum(axis=1) for g in groups], float)
    means = np.array([np.nansum(g, axis=1) for g in groups]) / np.maximum(counts, 1)
    squares = sum(np.nansum((g - mean[:, None]) ** 2, axis=1) for g, mean in zip(groups, means, strict=True))
    df = n - len(groups)
    defined = (counts >= 1).all(axis=0) & (df >= 1)
    variance = squares / np.maximum(df, 1) * (1 / np.maximum(counts, 1)).sum(axis=0) / len(groups) ** 2
    estimate = means.mean(axis=0)
    t = np.full(x.shape[0], np.nan)
    np.divide(estimate, np.sqrt(variance), out=t, where=variance > 0)
    t = np.where(variance > 0, t, 0.0)
    defined &= (variance > 0) | (estimate == 0)  # an effect without spread is no test
    safe = np.where(defined, df, 1)
    return estimate, stats.t.sf(t, safe), stats.t.cdf(t, safe), defined, n
