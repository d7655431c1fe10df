"""What is at work in patients: components as doses set them off, and how much of each counts at a visit.

A feature is a component's size in a patient times what is left of it some days after it was set off. Every
period sees the features of its own treatment and of every earlier period (elapsed days counted from each
dosing, or from the day on which an agent was given later). How much of a feature counts, its coefficient, may
differ from visit to visit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planner.kernels.tables import Floats
from planner.model.families.mechanism.return_to_baseline import WaitedDays, WaitingHistories
from planner.model.families.mechanism.signals import (
    HalfLifeSteps,
    Mechanism,
    Onset,
    acts,
    days_of_dosing,
    gates_at_assessment,
    half_life_steps,
    onsets_of_period,
)
from planner.monitoring.numerics import to_12_digits
from planner.scenario.scenario import Scenario


class Feature(NamedTuple):
    """Component of a hypothesis, set off on a day of a period, its half-life prolonged by factors."""

    component: str
    periods_ago: int
    day: float
    steps: HalfLifeSteps


class FeaturePlaces:
    """Where the features of a hypothesis stand in its row of coefficients."""

    def __init__(self, scenario: Scenario, m: Mechanism, features: Sequence[Feature]) -> None:
        self._scenario, self._m = scenario, m
        self._at = {feature: i for i, feature in enumerate(features)}
        self._of_terms: dict[tuple[str, int, float], list[int]] = {}

    def __len__(self) -> int:
        return len(self._at)

    def of_terms(self, treatment: str, ago: int, day: float) -> list[int]:
        """For each term of the hypothesis its place as set off on a day of a period so long ago.

        Beyond the end of the row where it never is: whoever adds it nevertheless gets an IndexError.
        """
        key = treatment, ago, day
        if key not in self._of_terms:
            self._of_terms[key] = [
                self._at.get(
                    Feature(name, ago, day, half_life_steps(self._m, self._scenario, treatment, name)),
                    len(self),
                )
                for name in (term.component for term in self._m.hypothesis.terms)
            ]
        return self._of_terms[key]


def all_onsets(scenario: Scenario, m: Mechanism, guess: bool | None) -> list[list[Onset]]:
    """By sequence and period what is set off when; `guess`: what each treatment is taken for."""
    terms, periods = m.hypothesis.terms, range(scenario.design.periods)
    return [
        [onsets_of_period(m, scenario, sequence, k, terms, guess) for k in periods]
        for sequence in scenario.design.sequences
    ]


def all_features(
    scenario: Scenario, m: Mechanism, guesses: Sequence[bool | None], waiting: WaitingHistories
) -> list[Feature]:
    """What can be at work in a period: each component as set off in it and in every earlier one.

    On days after the dosing only what a sequence sets off, by any guess and after any waiting: that may open
    what is closed to those who come as planned.
    """
    design, terms = scenario.design, m.hypothesis.terms
    later = {
        (treatment, day, i)
        for guess in guesses
        for sequence in design.sequences
        for k, treatment in enumerate(sequence)
        for waits in ((), *waiting.histories(k))
        for day, opened in onsets_of_period(m, scenario, sequence, k, terms, guess, waits)
        for i, gate in enumerate(opened)
        if gate
    }
    features: dict[Feature, None] = {}
    for ago in range(design.periods):
        for i, term in enumerate(terms):
            for treatment in design.treatments:
                steps = half_life_steps(m, scenario, treatment, term.component)
                for day in days_of_dosing(scenario, treatment):
                    if day == 0.0 or (treatment, day, i) in later:
                        features[Feature(term.component, ago, day, steps)] = None
    return list(features)


def padded_count(features: int) -> int:
    """How many features the kernel reads: it knows passes of 2, 4 and 8, and any other number."""
    return next((n for n in (0, 2, 4, 8) if features <= n), features)


def at_work(features: Sequence[Feature], k: int, v: int) -> tuple[int, int]:
    """Range of the features at work in period k at visit v: dosed up to k periods ago, and not after v."""
    at = [i for i, f in enumerate(features) if (v == 0) <= f.periods_ago <= k]
    return (at[0], at[-1] + 1) if at else (0, 0)


def coefficients(
    scenario: Scenario,
    m: Mechanism,
    places: FeaturePlaces,
    sequence: Sequence[str],
    onsets: Sequence[Onset],
    k: int,
    day: float | None,
    waits: WaitedDays = (),
) -> list[float]:
    """(feature,) in period k of a sequence, before its dosing or on a day after it.

    The gates at the onset that set a feature off, times those that count on the day itself. `waits`: with
    which the onsets were made too.
    """
    row = [0.0] * len(places)
    if day is None and k == 0:
        return row
    period, when = (
        (k, day) if day is not None else (k - 1, scenario.design.cycle_days + math.fsum(waits[k - 1 : k]))
    )
    stays = gates_at_assessment(m, scenario, sequence, period, when, m.hypothesis.terms, waits)
    for j in range(period + 1):
        for given, opened in onsets[j]:
            if j == k and day is not None and not acts(given, day):
                continue
            for place, gate, stay in zip(
                places.of_terms(sequence[j], k - j, given), opened, stays, strict=True
            ):
                if gate:
                    row[place] += to_12_digits(gate * stay)
    return row


def after_waiting(
    scenario: Scenario,
    waiting: WaitingHistories,
    mechanisms: Sequence[Mechanism],
    sets: Sequence[Sequence[Feature]],
    days: Sequence[float],
    guesses: Sequence[bool | None],
    shape: tuple[int, ...],
) -> Floats:
    """Coefficients after each history of waiting: (..., history, feature) in place of the planned shape."""
    sequences = scenario.design.sequences
    places = [FeaturePlaces(scenario, m, each) for m, each in zip(mechanisms, sets, strict=True)]
    table = np.zeros((*shape[:5], len(waiting.histories(shape[3] - 1)), shape[5]))
    for g, h, s, k in np.ndindex(*shape[:4]):
        m, sequence = mechanisms[h], sequences[s]
        for i, waits in enumerate(waiting.histories(k)):
            onsets = [
                onsets_of_period(m, scenario, sequence, j, m.hypothesis.terms, guesses[g], waits)
                for j in range(k + 1)
            ]
            for v, day in enumerate([None, *days]):
                first, stop = at_work(sets[h], k, v)
                row = coefficients(scenario, m, places[h], sequence, onsets, k, day, waits)
                table[g, h, s, k, v, i, : stop - first] = row[first:stop]
    return table
