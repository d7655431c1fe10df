"""Potential outcomes: what every patient would show in a first period under each treatment.

True effects come from them: exactly where that is possible, else from a long simulation of the same patients
under both treatments, whose error is carried along. `show` uses the same means as its predictions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from planner import _interruption as interruption
from planner._memo import Memo
from planner.engine import memory
from planner.engine.cohort import generate, no_values
from planner.engine.generators import Generator, generators_of
from planner.engine.table_key import TableKey, generators_key
from planner.kernels.random.streams import TRIALS_OF_OUTCOMES
from planner.kernels.tables import Floats, Plan, W
from planner.model.estimand import Truth, alternative_direction, is_null
from planner.model.families.family import family_of
from planner.model.readings import Reading, reading_of
from planner.model.scaled import judged_margins
from planner.monitoring.numerics import to_12_digits
from planner.scenario.contrasts import cancels
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

    def contrast(self, h: int, r: int, places: Sequence[int], weight: Floats) -> tuple[float, float]:
        """Mean and standard error of a contrast of the treatments in these places."""
        variance = float(weight @ self.covariance[h, r][np.ix_(places, places)] @ weight)
        return to_12_digits(float(weight @ self.mean[h, r][list(places)])), math.sqrt(max(variance, 0.0))


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
    if not memory.fits(len(names) * size):
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
    plain = {"period_effect": population.period_effect[:1]}
    plain["sequence_effect"] = (scenario.endpoint.no_effect,) * len(treatments)
    parts = {"design": design.model_copy(update=parallel), "population": population.model_copy(update=plain)}
    alone = scenario.model_copy(update=parts)
    generators = generators_of(alone, names, readings)
    shape = (len(names), len(readings), len(treatments))
    simulated = partial(_simulated_means, generators, shape, seed, tiles, first)
    if tiles < TILES:  # of a variant, which nobody else has
        return simulated()
    return _MEANS.of(generators_key(generators, shape, seed, tiles, first), simulated)


_MEANS: Memo[TableKey, PotentialMeans] = Memo(64)


def _simulated_means(
    generators: Sequence[Generator], shape: tuple[int, int, int], seed: int, tiles: int, first: int
) -> PotentialMeans:
    """The means of patients who have one period; shape: hypotheses, readings, treatments."""
    hypotheses, readings, treatments = shape
    plan = Plan(np.zeros(1, np.int64), np.zeros(1))
    block = min(_BLOCK, tiles)
    values = no_values(block, 1, hypotheses, readings, 1)
    every = np.empty((treatments, *values.shape))
    total, square = np.zeros(shape), np.zeros((*shape, treatments))
    for start in range(first, first + tiles, block):
        with interruption.deferred():  # the first call compiles, where an exception could end the process
            for t in range(treatments):
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
    for each in (mean, covariance):
        each.flags.writeable = False
    return PotentialMeans(mean, covariance)


def truths(
    scenario: Scenario, names: Sequence[str], seed: int, tiles: int = TILES, first: int = 0
) -> dict[str, list[Truth]]:
    """The truth of every analysis under each named hypothesis; where it is simulated, in so many tiles."""
    by_name: dict[str, list[Truth]] = {n: [] for n in names}
    contrasts = [(reading_of(scenario, each), each.weights) for each in scenario.analyses]
    exact = [_exact_effects(scenario, names, weights, reading) for reading, weights in contrasts]
    same = [
        [n for n in names if n not in known and _nil(scenario, scenario.hypotheses[n], weights, reading)]
        for known, (reading, weights) in zip(exact, contrasts, strict=True)
    ]
    differ = [
        [n for n in names if n not in known and n not in nil] for known, nil in zip(exact, same, strict=True)
    ]
    simulated_means = _contrasts(scenario, contrasts, differ, seed, tiles, first)
    for a, (analysis, (_, weights)) in enumerate(zip(scenario.analyses, contrasts, strict=True)):
        direction = alternative_direction(analysis, scenario.scale_of(analysis))
        sums = simulated_means[a] | dict.fromkeys(same[a], (0.0, 0.0))
        for name in names:
            hypothesis = scenario.hypotheses[name]
            effect, mcse = sums[name] if name in sums else (exact[a][name], 0.0)
            # A simulated effect of 0 is no equality; but it has no side, so that it is in a one-sided null.
            null = is_null(effect, direction, judged_margins(scenario, hypothesis, analysis))
            if direction == "two-sided" and name in sums:
                null = name in same[a]
            stated = family_of(hypothesis).stated_effect(hypothesis, weights)
            by_name[name].append(Truth(effect, mcse, null, stated))
    return by_name


def _exact_effects(
    scenario: Scenario, names: Sequence[str], weights: Mapping[str, float], reading: Reading
) -> dict[str, float]:
    """The true effect under the hypotheses under which it follows from what is stated."""
    effects = {}
    for name in names:
        hypothesis = scenario.hypotheses[name]
        effect = family_of(hypothesis).exact_effect(scenario, hypothesis, weights, reading)
        if effect is not None:
            effects[name] = effect
    return effects


def _contrasts(
    scenario: Scenario,
    contrasts: Sequence[tuple[Reading, Mapping[str, float]]],
    differ: Sequence[Sequence[str]],
    seed: int,
    tiles: int,
    first: int,
) -> list[dict[str, tuple[float, float]]]:
    """Of each contrast in a reading (effect, standard error) under the hypotheses in which it may differ."""
    wanted = [
        _Pass(tuple(names), (reading,), tuple(weights))
        for (reading, weights), names in zip(contrasts, differ, strict=True)
    ]
    figures: list[dict[str, tuple[float, float]]] = [{} for _ in contrasts]
    for one in _joined([each for each in wanted if each.names]):
        names, readings, treatments = one
        means = potential_means(scenario, names, readings, treatments, seed, tiles, first)
        for a, (reading, weights) in enumerate(contrasts):
            if not wanted[a].names or not wanted[a].within(one) or figures[a]:
                continue
            weight, r = np.array(list(weights.values())), readings.index(reading)
            places = [treatments.index(each) for each in weights]
            figures[a] = {n: means.contrast(names.index(n), r, places, weight) for n in differ[a]}
    return figures


class _Pass(NamedTuple):
    """A pass over patients who have one period: under which hypotheses, what is read, after what."""

    names: tuple[str, ...]
    readings: tuple[Reading, ...]
    treatments: tuple[str, ...]

    @property
    def size(self) -> int:
        return math.prod(map(len, self))

    def within(self, other: _Pass) -> bool:
        """Whether the other has all that this one gives: a patient has the same there, to the last bit."""
        return all(set(mine) <= set(theirs) for mine, theirs in zip(self, other, strict=True))

    def with_names_of(self, other: _Pass) -> _Pass:
        """This one, also under the hypotheses of the other."""
        return self._replace(names=(*self.names, *(n for n in other.names if n not in self.names)))


def _joined(wanted: Sequence[_Pass]) -> list[_Pass]:
    """Passes that give all that is wanted: where one has the treatments of another, it takes that in.

    Not where that is more work than both apart, nor where it takes more memory than the larger of them.
    """
    same: dict[tuple[tuple[str, ...], tuple[str, ...]], _Pass] = {}
    for each in wanted:  # all readings of the same patients
        known = same.setdefault((each.names, each.treatments), each)
        more = tuple(dict.fromkeys((*known.readings, *each.readings)))
        same[each.names, each.treatments] = known._replace(readings=more)
    passes: list[_Pass] = []
    for each in sorted(same.values(), key=lambda one: -len(one.treatments)):
        for i, other in enumerate(passes):
            both = other.with_names_of(each)
            if each.within(both) and both.size <= other.size + each.size:
                passes[i] = both
                break
        else:
            passes.append(each)
    return passes


def indistinct(
    scenario: Scenario, hypothesis: Hypothesis, treatments: Sequence[str], reading: Reading | None = None
) -> bool:
    """Whether the treatments are the same in everything that the hypothesis predicts for a first period.

    `reading`: whether they are the same in this respect; in every one, secondary outcomes too, if not given.
    """
    family = family_of(hypothesis)
    return len({family.signature(scenario, hypothesis, a, reading) for a in treatments}) == 1


def _nil(scenario: Scenario, hypothesis: Hypothesis, weights: Mapping[str, float], reading: Reading) -> bool:
    """Whether a contrast is surely nil in a reading: treatments that are the same weigh 0 together."""
    family = family_of(hypothesis)
    return cancels(weights, {a: family.signature(scenario, hypothesis, a, reading) for a in weights})
