"""Hypotheses that are the same in a design, whatever their uncertain numbers are.

Two hypotheses with the same plain numbers may draw an uncertain one, such as a gate, each for itself. They
are the same if they say the same wherever both have drawn the same: then what is found of them differs by
chance only.
"""

from __future__ import annotations

from dataclasses import replace

from planner.model.distinguishable import classes, everything
from planner.model.parameter_draws import Entry, draws, entries, is_uncertain, variants
from planner.scenario.scenario import Scenario
from planner.scenario.uncertainty import Distribution

_COMPARED = 6  # sets of values that the hypotheses are compared at


def same(scenario: Scenario, names: tuple[str, ...], seed: int) -> tuple[tuple[int, ...], ...]:
    """Numbers of the hypotheses, those together that are the same."""
    signs: list[tuple[int, ...]] = [() for _ in names]
    compared = range(_COMPARED if is_uncertain(scenario) else 0)
    for each in (scenario, *(_aligned(scenario, seed, number) for number in compared)):
        for i, group in enumerate(classes(each, names)):
            for name in group:
                signs[names.index(name)] += (i,)
    found: dict[tuple[int, ...], list[int]] = {}
    for h, sign in enumerate(signs):
        found.setdefault(sign, []).append(h)
    return tuple(tuple(group) for group in found.values())


def matters(scenario: Scenario, entry: Entry, names: tuple[str, ...], seed: int) -> bool:
    """Whether the endpoint depends on an uncertain number, under any of the hypotheses, in this design."""
    if any(number.route[0] == "population" for number in entry.numbers):
        return True
    one, other = (_aligned(scenario, seed, 0, entry, draw) for draw in range(2))
    return any(everything(one, name)[0] != everything(other, name)[0] for name in names)


def _aligned(
    scenario: Scenario, seed: int, number: int, moved: Entry | None = None, draw: int = 0
) -> Scenario:
    """The scenario at known values, which do not depend on whose entry it is but on its path alone.

    `moved`: an entry that takes its value from another draw.
    """
    known: dict[str | None, dict[str, Distribution]] = {}
    for entry in entries(scenario):
        at = draw if entry == moved else number
        (value,) = draws(replace(entry, hypothesis=None), seed, at, 1)
        point = Distribution(low=value, high=value, relative=entry.distribution.relative)
        known.setdefault(entry.hypothesis, {})[entry.key] = point
    hypotheses = {
        name: each.model_copy(update={"uncertainty": known.get(name, {})})
        for name, each in scenario.hypotheses.items()
    }
    points = {"uncertainty": known.get(None, {}), "hypotheses": hypotheses}
    fixed = scenario.model_copy(update=points)
    return next(variants(fixed, 1, seed))
