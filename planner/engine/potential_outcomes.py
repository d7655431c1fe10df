"""Potential outcomes: what every patient would show in a first period under each treatment.

True effects come from them: exactly where that is possible, else from a long simulation of the same patients
under both treatments, whose error is carried along. `show` uses the same means as its predictions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner import _interruption as interruption
from planner.engine import memory
from planner.engine.cohort import generate, no_values
from planner.engine.generators import generators_of
from planner.kernels.random.streams import TRIALS_OF_OUTCOMES
from planner.kernels.tables import Floats, Plan, W
from planner.model.blinding import possible_guesses
from planner.model.estimand import Truth, alternative_direction, is_null, stated_effect, true_effect
from planner.model.families.mechanism.secondary_outcomes import secondary_signature
from planner.model.families.mechanism.signals import (
    Mechanism,
    acts,
    cycle_days,
    days_elapsed,
    gates_at_assessment,
    half_life_steps,
    onsets_of_period,
)
from planner.model.readings import Reading, reading_of
from planner.monitoring.numerics import to_12_digits
from planner.scenario.contrasts import cancels, total
from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

TILES = 1 << 13  # of 128 patients: about a million
_BLOCK = 64
_COPIES = 4  # of the outcomes of a block, while they are added up


@dataclass(frozen=True, slots=True)
class PotentialMeans:
    """Means over patients of potential outcomes."""

    mean: Floats  # (hypothesis, reading, treatment)
    covariance: Floats  # (hypothesis, reading, treatment, treatment) of these means

    def contrast(self, h: int, r: int, weight: Floats) -> tuple[float, float]:
        """Mean and standard error of a contrast of treatments."""
        variance = float(weight @ self.covariance[h, r] @ weight)
        return to_12_digits(float(weight @ self.mean[h, r])), math.sqrt(max(variance, 0.0))


def potential_means(
    scenario: Scenario,
    names: Sequence[str],
    readings: Sequence[Reading],
    treatments: Sequence[str],
    seed: int,
    tiles: int = TILES,
    first: int = 0,
) -> PotentialMeans:
    """Simulate first periods of the same patients under each treatment: the tiles from `first` on.

    Where that takes too much memory for all hypotheses at once, some of them after the others: same bits.
    """
    size = _COPIES * min(_BLOCK, tiles) * W * 8 * len(readings) * len(treatments)
    memory.check(size, f"the true effect in {len(treatments)} treatments", "analyse fewer readings at once")
    if len(names) * size > memory.limit():
        half = len(names) // 2
        halves = [
            potential_means(scenario, some, readings, treatments, seed, tiles, first)
            for some in (names[:half], names[half:])
        ]
        return PotentialMeans(
            np.concatenate([each.mean for each in halves]),
            np.concatenate([each.covariance for each in halves]),
        )
    design, population = scenario.design, scenario.population
    parallel = {"sequences": tuple((a,) for a in treatments), "allocation": (1,) * len(treatments)}
    plain = {"sequence_effect": (0.0,) * len(treatments), "period_effect": population.period_effect[:1]}
    parts = {"design": design.model_copy(update=parallel), "population": population.model_copy(update=plain)}
    alone = scenario.model_copy(update=parts)
    generators = generators_of(alone, names, readings)
    plan = Plan(np.zeros(1, np.int64), np.zeros(1))
    shape = (len(names), len(readings), len(treatments))
    block = min(_BLOCK, tiles)
    values = no_values(block, 1, len(names), len(readings), 1)
    every = np.empty((len(treatments), *values.shape))
    total, square = np.zeros(shape), np.zeros((*shape, len(treatments)))
    for start in range(first, first + tiles, block):
        with interruption.deferred():  # the first call compiles, where an exception could end the process
            for t in range(len(treatments)):
                sequence = np.full((block, 1), t, np.int64)
                generate(TRIALS_OF_OUTCOMES + start * W, seed, plan, generators, sequence, values)
                every[t] = values
            interruption.check()
        x = every[:, :, 0].transpose(2, 3, 0, 1, 4).reshape(*shape, block * W)
        total += x.sum(axis=-1)
        square += np.einsum("hrap,hrbp->hrab", x, x)
    n = tiles * W
    mean = total / n
    covariance = (square / n - mean[..., :, None] * mean[..., None, :]) / n
    return PotentialMeans(mean, covariance)


def truths(
    scenario: Scenario, names: Sequence[str], seed: int, tiles: int = TILES, first: int = 0
) -> dict[str, list[Truth]]:
    """The truth of every analysis under each named hypothesis; where it is simulated, in so many tiles."""
    simulated = [n for n in names if isinstance(scenario.hypotheses[n], MechanismHypothesis)]
    by_name: dict[str, list[Truth]] = {n: [] for n in names}
    contrasts = [(reading_of(scenario, each), each.weights) for each in scenario.analyses]
    same = [
        [n for n in simulated if _nil(scenario, scenario.hypotheses[n], weights, reading)]
        for reading, weights in contrasts
    ]
    differ = [[n for n in simulated if n not in each] for each in same]
    simulated_means = _contrasts(scenario, contrasts, differ, seed, tiles, first)
    for a, (analysis, (_, weights)) in enumerate(zip(scenario.analyses, contrasts, strict=True)):
        direction = alternative_direction(analysis, scenario.scale_of(analysis))
        sums = simulated_means[a] | dict.fromkeys(same[a], (0.0, 0.0))
        for name in names:
            effect, mcse = sums.get(name) or (_stated(scenario, scenario.hypotheses[name], weights), 0.0)
            # A simulated effect of 0 is no equality; but it has no side, so that it is in a one-sided null.
            null = (
                name in same[a] if direction == "two-sided" and name in sums else is_null(effect, direction)
            )
            stated = stated_contrast(scenario.hypotheses[name], weights)
            by_name[name].append(Truth(effect, mcse, null, stated))
    return by_name


def _contrasts(
    scenario: Scenario,
    contrasts: Sequence[tuple[Reading, Mapping[str, float]]],
    differ: Sequence[Sequence[str]],
    seed: int,
    tiles: int,
    first: int,
) -> list[dict[str, tuple[float, float]]]:
    """Of each contrast in a reading (effect, standard error) under the hypotheses in which it may differ.

    Those of the same treatments and hypotheses come from the same pass over the patients.
    """
    passes: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for a, ((_, weights), names) in enumerate(zip(contrasts, differ, strict=True)):
        if names:
            passes.setdefault((tuple(weights), tuple(names)), []).append(a)
    figures: list[dict[str, tuple[float, float]]] = [{} for _ in contrasts]
    for (treatments, names), members in passes.items():
        readings = list(dict.fromkeys(contrasts[a][0] for a in members))
        means = potential_means(scenario, names, readings, treatments, seed, tiles, first)
        for a in members:
            reading, weights = contrasts[a]
            weight, r = np.array(list(weights.values())), readings.index(reading)
            figures[a] = {n: means.contrast(h, r, weight) for h, n in enumerate(names)}
    return figures


def indistinct(
    scenario: Scenario, hypothesis: Hypothesis, treatments: Sequence[str], reading: Reading | None = None
) -> bool:
    """Whether the treatments are the same in everything that the hypothesis predicts for a first period.

    `reading`: whether they are the same in this respect; in every one, secondary outcomes too, if not given.
    """
    return len({_row(scenario, hypothesis, a, reading) for a in treatments}) == 1


def _nil(scenario: Scenario, hypothesis: Hypothesis, weights: Mapping[str, float], reading: Reading) -> bool:
    """Whether a contrast is surely nil in a reading: treatments that are the same weigh 0 together."""
    return cancels(weights, {a: _row(scenario, hypothesis, a, reading) for a in weights})


def _row(
    scenario: Scenario, hypothesis: Hypothesis, treatment: str, reading: Reading | None
) -> tuple[object, ...]:
    """Everything that the hypothesis predicts for a first period of the treatment."""
    if isinstance(hypothesis, MechanismHypothesis):
        return signature(scenario, hypothesis, treatment, reading)
    if isinstance(hypothesis, Rates):
        return (hypothesis.shares[treatment],)
    assert isinstance(hypothesis, Means)
    spread = hypothesis.spread
    return (hypothesis.means[treatment], spread.within[treatment], spread.level[treatment])


def signature(
    scenario: Scenario, hypothesis: MechanismHypothesis, treatment: str, reading: Reading | None = None
) -> tuple[object, ...]:
    """All that a treatment does in a first period: gates and half-lives of the components at work.

    Of a `reading`, half-lives count by the time since the peak, in which nothing may have been lost yet.
    Without one, gates count on all days of assessment and at the end of the period.
    """
    if reading is not None and reading.outcome:
        return secondary_signature(scenario, hypothesis, treatment, reading.outcome)
    as_guessed = [
        _improvement(scenario, hypothesis, treatment, reading, g) for g in possible_guesses(scenario)
    ]
    rows: tuple[object, ...] = tuple(dict.fromkeys(as_guessed))
    if len(rows) > 1 and scenario.blinding is not None and scenario.blinding.outcome:
        rows += (secondary_signature(scenario, hypothesis, treatment, scenario.blinding.outcome),)
    if reading is not None:
        return rows
    return rows, *(secondary_signature(scenario, hypothesis, treatment, name) for name in scenario.outcomes)


def _improvement(
    scenario: Scenario,
    hypothesis: MechanismHypothesis,
    treatment: str,
    reading: Reading | None,
    guess: bool | None,
) -> tuple[object, ...]:
    """Gates and half-lives of the components of improvement, as the patient guesses."""
    m = Mechanism.of(scenario, hypothesis)
    terms = hypothesis.terms
    days = list(scenario.design.assessment_days) if reading is None else [reading.day]
    if reading is None and scenario.design.periods > 1:
        days.append(cycle_days(scenario))
    stays = [gates_at_assessment(m, scenario, [treatment], 0, each, terms) for each in days]
    gates_of: dict[tuple[object, ...], list[float]] = {}
    for given, opened in onsets_of_period(m, scenario, [treatment], 0, terms, guess):
        if reading is not None and not acts(given, reading.day):
            continue
        for i, (term, gate) in enumerate(zip(terms, opened, strict=True)):
            if m.components[term.component].nothing:
                continue
            steps = half_life_steps(m, scenario, treatment, term.component)
            row: tuple[object, ...] = (term.component, given, steps)
            if reading is not None:
                since = given + m.components[term.component].peak_day
                row = (term.component, to_12_digits(days_elapsed(steps, since, reading.day)))
            before = gates_of.get(row, [0.0] * len(days))
            gates_of[row] = [to_12_digits(x + gate * stay[i]) for x, stay in zip(before, stays, strict=True)]
    return tuple(sorted((*row, *gates) for row, gates in gates_of.items() if any(gates)))


def _stated(scenario: Scenario, hypothesis: Hypothesis, weights: Mapping[str, float]) -> float:
    if isinstance(hypothesis, Rates):
        return to_12_digits(float(total(weights, hypothesis.shares)))
    assert isinstance(hypothesis, Means)
    return true_effect(scenario, hypothesis, weights)


def stated_contrast(hypothesis: Hypothesis, weights: Mapping[str, float]) -> float | None:
    """The contrast of stated means or rates; None of a mechanism, which states none."""
    if isinstance(hypothesis, Rates):
        return to_12_digits(float(total(weights, hypothesis.shares)))
    return stated_effect(hypothesis, weights) if isinstance(hypothesis, Means) else None
