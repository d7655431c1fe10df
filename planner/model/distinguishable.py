"""Which hypotheses a design can tell apart at all, whatever the number of patients.

Two cannot be told apart if every dose of every sequence does the same under both, what earlier doses left
included: then all their scores have the same distribution.

Two hypotheses with the same plain numbers may draw an uncertain one, such as a gate, each for itself. They
are inseparable if they are the same wherever both have drawn the same: then their figures differ by chance
only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner._memo import Memo
from planner.model.families.family import family_of
from planner.model.parameter_draws import (
    UncertainParameter,
    at_point,
    is_uncertain,
    parameter_draws,
    uncertain_parameters,
    variants,
)
from planner.model.stated_key import stated_key
from planner.scenario.scenario import Scenario
from planner.scenario.uncertainty import Distribution

_COMPARED = 6  # sets of values of the uncertain numbers that hypotheses are compared at


def indistinguishable(scenario: Scenario, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The named hypotheses, those together that no number of patients of this design could separate.

    Found once for a scenario in a process.
    """
    return _CLASSES.of((stated_key(scenario), tuple(names)), lambda: _classes(scenario, names))


_CLASSES: Memo[tuple[str, tuple[str, ...]], tuple[tuple[str, ...], ...]] = Memo(256)


def _classes(scenario: Scenario, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """As `indistinguishable`."""
    groups: dict[object, list[str]] = {}
    for name in names:
        groups.setdefault(signature(scenario, name), []).append(name)
    return tuple(tuple(group) for group in groups.values())


def signature(scenario: Scenario, name: str) -> tuple[object, object]:
    """All that a hypothesis says of this design but labels: of the endpoint, then of other outcomes."""
    hypothesis = scenario.hypotheses[name]
    return family_of(hypothesis).trial_signature(scenario, hypothesis)


# Where numbers are uncertain


def inseparable(scenario: Scenario, names: Sequence[str], seed: int) -> tuple[tuple[int, ...], ...]:
    """Places of the named hypotheses, those together that are the same whatever is uncertain."""
    signs: list[tuple[int, ...]] = [() for _ in names]
    compared = range(_COMPARED if is_uncertain(scenario) else 0)
    for each in (scenario, *(at_plain_values(scenario, seed, number) for number in compared)):
        for i, group in enumerate(indistinguishable(each, names)):
            for name in group:
                signs[names.index(name)] += (i,)
    by_sign: dict[tuple[int, ...], list[int]] = {}
    for h, sign in enumerate(signs):
        by_sign.setdefault(sign, []).append(h)
    return tuple(tuple(group) for group in by_sign.values())


def endpoint_depends_on(
    scenario: Scenario,
    parameter: UncertainParameter,
    names: Sequence[str],
    seed: int,
    plain: Scenario | None = None,
) -> bool:
    """Whether the endpoint depends on an uncertain number, under any of the hypotheses, in this design.

    `plain`: the scenario at its plain values 0, for those who ask of many numbers.
    """
    if any(number.route[0] == "population" for number in parameter.numbers):
        return True
    one, other = plain or at_plain_values(scenario, seed, 0), at_plain_values(scenario, seed, 0, parameter, 1)
    return any(signature(one, name)[0] != signature(other, name)[0] for name in names)


def at_plain_values(
    scenario: Scenario, seed: int, number: int, moved: UncertainParameter | None = None, draw: int = 0
) -> Scenario:
    """The scenario at plain values, which depend on the path of a parameter alone, not on whose it is.

    `moved`: a parameter that takes its value from another draw.
    """
    points: dict[str | None, dict[str, Distribution]] = {}
    for parameter in uncertain_parameters(scenario):
        at = draw if parameter == moved else number
        (value,) = parameter_draws(replace(parameter, hypothesis=None), seed, at, 1)
        points.setdefault(parameter.hypothesis, {})[parameter.key] = at_point(parameter, value)
    hypotheses = {
        name: each.model_copy(update={"uncertainty": points.get(name, {})})
        for name, each in scenario.hypotheses.items()
    }
    fixed = scenario.model_copy(update={"uncertainty": points.get(None, {}), "hypotheses": hypotheses})
    return next(variants(fixed, 1, seed))
