"""How far a search can go: the passes over virtual patients if nothing is settled before the last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from planner.model.families.family import family_of
from planner.questions.size import effect
from planner.questions.size import patients as search
from planner.scenario.scenario import Scenario


class LargestPass(NamedTuple):
    """A pass at its largest: the scenario, patients of a trial, trials."""

    scenario: Scenario
    patients: int
    trials: int


def largest_passes(
    scenario: Scenario, find: str, patients: int, targets: int, trials: int | None
) -> Iterator[LargestPass]:
    """The passes of `size` for so many targets, each as large as it can be."""
    names = scenario.simulated_hypotheses
    if find == "effect":
        for name in names:
            stated = scenario.hypotheses[name]
            if family_of(stated).effect_setting:
                copies = {f"{k}": stated for k in range(effect.POINTS + 1)}
                alone = _only(scenario.model_copy(update={"hypotheses": copies}), *copies)
                rounds = [effect.FIRST, *_rounds(effect.FIRST, effect.GROWTH, trials or effect.MOST)]
                for n in rounds * targets * len(scenario.analyses):
                    yield LargestPass(alone, patients, n)
        return
    limit = patients // scenario.design.unit * scenario.design.unit
    for high, n in search.scan_parts(limit, scenario.design.unit, trials):
        yield LargestPass(scenario, high, n)
    for name in names:
        for n in _rounds(search.FIRST, search.GROWTH, search.most_trials(limit, trials)):
            yield LargestPass(_only(scenario, name), limit, n)


def _rounds(first: int, growth: int, most: int) -> Iterator[int]:
    """Trials of the refinements, from the first to the last."""
    while first < most:
        yield first
        first *= growth
    yield most


def _only(scenario: Scenario, *names: str) -> Scenario:
    simulation = scenario.simulation.model_copy(update={"hypotheses": names})
    return scenario.model_copy(update={"simulation": simulation})
