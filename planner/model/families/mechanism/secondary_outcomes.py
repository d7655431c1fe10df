"""Secondary outcomes to the tables of planner.kernels.generate.secondary_outcomes.

Their features stand behind those of improvement in the same table. A component without a half-life is there
when the outcome is read and gone at the next dosing; one with a half-life goes on as improvement does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from planner.kernels.tables import Floats, Ints, SecondaryOutcomeTables
from planner.model.draw_list import DrawList
from planner.model.dropout import return_rule
from planner.model.families.mechanism.return_to_baseline import (
    NO_WAITING,
    WaitedDays,
    WaitingHistories,
)
from planner.model.families.mechanism.signals import (
    Mechanism,
    Onset,
    acts,
    component_numbers,
    days_elapsed,
    days_from_start,
    gates_at_assessment,
    half_life_steps,
    onsets_of_period,
    outcome_terms,
)
from planner.monitoring.numerics import to_12_digits
from planner.scenario.components import Component, HalfLifeSpread
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scale import Scale
from planner.scenario.scenario import Scenario
from planner.scenario.secondary_outcomes import OutcomeComponent

AT_READING, BEFORE = 0, 1  # what is observed of a secondary outcome in a period
_NOTHING = -1000.0  # log2 of a size that is none


class ComponentSize(NamedTuple):
    """How large a component is between patients."""

    number: tuple[
        int, ...
    ]  # (component,) or (outcome, its own component), which addresses its random numbers
    skewed: bool  # mean and SD are of the logarithm to the base 2
    distribution: tuple[float, ...]  # share, mean, SD, mean and SD of the others


class SecondaryFeature(NamedTuple):
    """A size, and what is left of it some days after it was raised."""

    size: ComponentSize
    rate: tuple[float, float] | None  # see rate_of; None: nothing is lost
    elapsed: float  # days since the peak, over the factor by which they are prolonged
    fading: tuple[tuple[float, float] | None, float, float, int] | None = None
    """Where patients wait: rate, days since the peak (below 0 before it), pace and age, for the kernels."""


class FeatureCoefficient(NamedTuple):
    """A feature with its coefficient."""

    place: tuple[int, int, int, int, int]  # hypothesis, sequence, period, outcome, AT_READING or BEFORE
    feature: SecondaryFeature
    gate: float
    history: int = -1  # of waiting; -1: as planned


def rate_of(half_life: HalfLifeSpread) -> tuple[float, float]:
    """log2 of the median rate of decay per day, and its SD between patients in log2."""
    return to_12_digits(-math.log2(half_life.median)), to_12_digits(half_life.log_sd / math.log(2.0))


def feature_coefficients(
    scenario: Scenario,
    mechanisms: Sequence[Mechanism],
    names: Sequence[str],
    waiting: WaitingHistories = NO_WAITING,
) -> list[FeatureCoefficient]:
    """What drives the named outcomes, as planned and after every history of waiting."""
    numbers = component_numbers(scenario) if names else {}
    answers: list[FeatureCoefficient] = []
    for (h, m), (o, name) in product(enumerate(mechanisms), enumerate(names)):
        raised = _Raised(scenario, m, name, numbers)
        for s, sequence in enumerate(scenario.design.sequences):
            planned = raised.onsets(sequence, len(sequence), ())
            for k in range(len(sequence)):
                for which in (AT_READING, BEFORE):
                    place = h, s, k, o, which
                    for feature, gate in raised.at_work(sequence[: k + 1], planned, which):
                        answers.append(FeatureCoefficient(place, feature, gate))
                    for history, waits in enumerate(waiting.histories(k)):
                        onsets = raised.onsets(sequence, k + 1, waits)
                        for feature, gate in raised.at_work(sequence[: k + 1], onsets, which, waits):
                            answers.append(FeatureCoefficient(place, feature, gate, history))
    return answers


class _Raised:
    """What drives a secondary outcome under a hypothesis."""

    def __init__(self, scenario: Scenario, m: Mechanism, name: str, numbers: dict[str, int]) -> None:
        self._scenario, self._m, self._name, self._numbers = scenario, m, name, numbers
        self._terms = outcome_terms(scenario, m.hypothesis, name)
        self._features: dict[tuple[str, int, int, float], list[SecondaryFeature | None]] = {}

    def onsets(self, sequence: Sequence[str], periods: int, waits: WaitedDays) -> list[Onset]:
        """What is set off in each of the first periods of a sequence."""
        return [
            onsets_of_period(self._m, self._scenario, sequence, j, self._terms, waits=waits)
            for j in range(periods)
        ]

    def at_work(
        self, given: Sequence[str], onsets: Sequence[Onset], which: int, waits: WaitedDays = ()
    ) -> Iterator[tuple[SecondaryFeature, float]]:
        """Features in the period of the last treatment of `given`, each with its gate.

        onsets: by period. `waits` decide the gates; the features are as planned.
        """
        periods, cycle = len(given), self._scenario.design.cycle_days
        day, last = (
            (self._scenario.outcomes[self._name].day, periods - 1)
            if which == AT_READING
            else (cycle, periods - 2)
        )
        if last < 0:
            return
        late = math.fsum(waits[last : periods - 1])
        stays = gates_at_assessment(self._m, self._scenario, given, last, day + late, self._terms, waits)
        for j in range(last + 1):
            for dosed, opened in onsets[j]:
                if j == last and not acts(dosed, day):
                    continue
                features = self._of_terms(given[j], periods - 1 - j, which, dosed)
                for feature, gate, stay in zip(features, opened, stays, strict=True):
                    if feature is not None and gate * stay != 0.0:
                        yield feature, to_12_digits(gate * stay)

    def _of_terms(self, treatment: str, ago: int, which: int, dosed: float) -> list[SecondaryFeature | None]:
        """For each term what it raises as set off on a day of a period so long ago; None where it is gone."""
        key = treatment, ago, which, dosed
        if key not in self._features:
            self._features[key] = [self._feature(term.component, *key) for term in self._terms]
        return self._features[key]

    def _feature(
        self, name: str, treatment: str, ago: int, which: int, dosed: float
    ) -> SecondaryFeature | None:
        scenario, m = self._scenario, self._m
        outcome = scenario.outcomes[self._name]
        component = outcome.components.get(name) or m.components[name]
        lasts = component.half_life_days
        if lasts is None and ago > 0:
            return None
        steps = half_life_steps(m, scenario, treatment, name)
        seen = ago * scenario.design.cycle_days + (outcome.day if which == AT_READING else 0.0)
        elapsed = days_elapsed(steps, dosed + component.peak_day, seen)
        rate = rate_of(lasts) if lasts is not None and elapsed > 0.0 else None
        size = _size(scenario, self._name, name, component, self._numbers)
        fading = None
        if return_rule(scenario):
            since = days_from_start(steps, dosed + component.peak_day, seen)
            own = rate_of(lasts) if lasts is not None else None
            fading = (own, since, 1.0 / steps[-1][1] if own and ago else 0.0, ago)
        return SecondaryFeature(size, rate, elapsed if rate else 0.0, fading)


def _size(
    scenario: Scenario,
    outcome: str,
    name: str,
    component: OutcomeComponent | Component,
    numbers: dict[str, int],
) -> ComponentSize:
    size, rest = component.size, component.otherwise
    stated = (component.share, size.mean, size.sd, rest.mean, rest.sd)
    if isinstance(component, Component):
        return ComponentSize((numbers[name],), False, stated)
    number = (list(scenario.outcomes).index(outcome), list(scenario.outcomes[outcome].components).index(name))
    if component.distribution == "lognormal":
        skewed = (*_log2_moments(size.mean, size.sd), *_log2_moments(rest.mean, rest.sd))
        return ComponentSize(number, True, (component.share, *skewed))
    return ComponentSize(number, False, stated)


def _log2_moments(mean: float, sd: float) -> tuple[float, float]:
    """Mean and SD of log2 of a lognormal variable with the stated mean and SD."""
    if mean == 0.0:
        return _NOTHING, 0.0
    variance = math.log1p((sd / mean) ** 2)
    middle = math.log(mean) - 0.5 * variance
    return to_12_digits(middle / math.log(2.0)), to_12_digits(math.sqrt(variance) / math.log(2.0))


def secondary_tables(
    scenario: Scenario,
    names: Sequence[str],
    features: Sequence[FeatureCoefficient],
    shape: tuple[int, int, int],
    first: int,
    draws: DrawList,
    histories: int,
) -> tuple[SecondaryOutcomeTables, list[SecondaryFeature], Floats]:
    """The table, the features to stand in order from row `first` on, and ReturnToBaselineTables.secondary.

    shape: hypotheses, sequences, periods. The draws of errors and backgrounds are added to the list.
    """
    blocks: list[list[SecondaryFeature]] = [
        list(dict.fromkeys(each.feature for each in features if each.place[3] == o))
        for o in range(len(names))
    ]
    coef = np.zeros((*shape, len(names), 2, max(map(len, blocks), default=0)))
    late = np.zeros((*coef.shape[:5], histories, coef.shape[5]))
    for place, feature, gate, history in features:
        column = blocks[place[3]].index(feature)
        if history < 0:
            coef[(*place, column)] += gate
        else:
            late[(*place, history, column)] += gate
    starts = [first + sum(map(len, blocks[:o])) for o in range(len(names))]
    outcomes = [scenario.outcomes[name] for name in names]
    number = list(scenario.outcomes)
    secondary = SecondaryOutcomeTables(
        rows=_index_pairs([draws.secondary_outcome(number.index(name), shape[2]) for name in names]),
        level=np.array([(o.background.mean, o.background.sd, o.noise_sd) for o in outcomes]).reshape(-1, 3),
        scale=np.array([scale_row(o.scale) for o in outcomes]).reshape(-1, 4),
        span=_index_pairs([(start, len(block)) for start, block in zip(starts, blocks, strict=True)]),
        coef=coef,
    )
    return secondary, [feature for block in blocks for feature in block], late


def scale_row(scale: Scale | Scale) -> list[float]:
    """[low, high, step, 1 if there are steps else 0]."""
    return [
        -math.inf if scale.low is None else scale.low,
        math.inf if scale.high is None else scale.high,
        scale.step or 1.0,
        0.0 if scale.step is None else 1.0,
    ]


def _index_pairs(rows: Sequence[tuple[int, int]]) -> Ints:
    return np.array(rows, np.int64).reshape(-1, 2)


def secondary_unit(scenario: Scenario, name: str) -> float:
    """A size typical of a secondary outcome, in its points."""
    outcome = scenario.outcomes[name]
    sizes = [abs(c.size.mean) + c.size.sd for c in outcome.components.values()]
    return max([outcome.noise_sd, outcome.background.sd, *sizes]) or 1.0


def secondary_signature(
    scenario: Scenario, hypothesis: MechanismHypothesis, treatment: str, name: str
) -> tuple[tuple[SecondaryFeature, float], ...]:
    """All that a treatment does to a secondary outcome in a first period: features with their gates."""
    gates: dict[SecondaryFeature, float] = {}
    raised = _Raised(scenario, Mechanism.of(scenario, hypothesis), name, component_numbers(scenario))
    for feature, gate in raised.at_work([treatment], raised.onsets([treatment], 1, ()), AT_READING):
        gates[feature] = to_12_digits(gates.get(feature, 0.0) + gate)
    return tuple(sorted(((f, gate) for f, gate in gates.items() if gate != 0.0), key=str))
