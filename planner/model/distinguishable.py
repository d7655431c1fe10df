"""Which hypotheses a design can tell apart at all, whatever the number of patients.

Two cannot be told apart if every dose of every sequence does the same under both, what earlier doses left
included: then all their scores have the same distribution.

Two hypotheses with the same plain numbers may draw an uncertain one, such as a gate, each for itself. They
are inseparable if they are the same wherever both have drawn the same: then their figures differ by chance
only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from planner.model.blinding import possible_guesses
from planner.model.families.mechanism.secondary_outcomes import feature_coefficients
from planner.model.families.mechanism.signals import (
    Mechanism,
    cycle_days,
    gates_at_assessment,
    half_life_steps,
    onsets_of_period,
)
from planner.model.parameter_draws import (
    UncertainParameter,
    is_uncertain,
    parameter_draws,
    uncertain_parameters,
    variants,
)
from planner.monitoring.numerics import to_12_digits
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.uncertainty import Distribution

_COMPARED = 6  # sets of values of the uncertain numbers that hypotheses are compared at


def indistinguishable(scenario: Scenario, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The named hypotheses, those together that no number of patients of this design could separate."""
    groups: dict[object, list[str]] = {}
    for name in names:
        groups.setdefault(signature(scenario, name), []).append(name)
    return tuple(tuple(group) for group in groups.values())


def signature(scenario: Scenario, name: str) -> tuple[object, object]:
    """All that a hypothesis states for this design, but labels: of the endpoint, then of other outcomes."""
    hypothesis = scenario.hypotheses[name]
    if not isinstance(hypothesis, MechanismHypothesis):
        settings = hypothesis.model_dump(mode="json", exclude={"label", "prior"})
        return json.dumps(settings, sort_keys=True), ()
    m = Mechanism.of(scenario, hypothesis)
    improvement = tuple(
        _sequence_signature(scenario, m, sequence, guess)
        for sequence in scenario.design.sequences
        for guess in possible_guesses(scenario)
    )
    return improvement, tuple(
        tuple(feature_coefficients(scenario, [m], [outcome])) for outcome in scenario.outcomes
    )


def _sequence_signature(
    scenario: Scenario, m: Mechanism, sequence: Sequence[str], guess: bool | None
) -> tuple[object, ...]:
    """What a sequence sets off: components with their gates by visit, half-life factors and numbers.

    `guess`: what its treatments are taken for.
    """
    design, terms = scenario.design, m.hypothesis.terms
    days = (*design.assessment_days, cycle_days(scenario))  # the last is the baseline of the next period
    visits = [(k, day) for k in range(design.periods) for day in days][:-1]
    stays = [(k, gates_at_assessment(m, scenario, sequence, k, day, terms)) for k, day in visits]
    parts = []
    for j, treatment in enumerate(sequence):
        rows = []
        for given, opened in onsets_of_period(m, scenario, sequence, j, terms, guess):
            for i, (term, gate) in enumerate(zip(terms, opened, strict=True)):
                left = tuple(to_12_digits(gate * stay[i]) for k, stay in stays if k >= j)
                if any(left):
                    numbers = m.components[term.component].model_dump_json(exclude={"label"})
                    steps = half_life_steps(m, scenario, treatment, term.component)
                    rows.append((term.component, given, left, steps, numbers))
        parts.append(tuple(sorted(rows)))
    return tuple(parts)


# Where numbers are uncertain


def inseparable(scenario: Scenario, names: Sequence[str], seed: int) -> tuple[tuple[int, ...], ...]:
    """Places of the named hypotheses, those together that are the same whatever is uncertain."""
    signs: list[tuple[int, ...]] = [() for _ in names]
    compared = range(_COMPARED if is_uncertain(scenario) else 0)
    for each in (scenario, *(_at_plain_values(scenario, seed, number) for number in compared)):
        for i, group in enumerate(indistinguishable(each, names)):
            for name in group:
                signs[names.index(name)] += (i,)
    by_sign: dict[tuple[int, ...], list[int]] = {}
    for h, sign in enumerate(signs):
        by_sign.setdefault(sign, []).append(h)
    return tuple(tuple(group) for group in by_sign.values())


def endpoint_depends_on(
    scenario: Scenario, parameter: UncertainParameter, names: Sequence[str], seed: int
) -> bool:
    """Whether the endpoint depends on an uncertain number, under any of the hypotheses, in this design."""
    if any(number.route[0] == "population" for number in parameter.numbers):
        return True
    one, other = (_at_plain_values(scenario, seed, 0, parameter, draw) for draw in range(2))
    return any(signature(one, name)[0] != signature(other, name)[0] for name in names)


def _at_plain_values(
    scenario: Scenario, seed: int, number: int, moved: UncertainParameter | None = None, draw: int = 0
) -> Scenario:
    """The scenario at plain values, which depend on the path of a parameter alone, not on whose it is.

    `moved`: a parameter that takes its value from another draw.
    """
    points: dict[str | None, dict[str, Distribution]] = {}
    for parameter in uncertain_parameters(scenario):
        at = draw if parameter == moved else number
        (value,) = parameter_draws(replace(parameter, hypothesis=None), seed, at, 1)
        point = Distribution(low=value, high=value, relative=parameter.distribution.relative)
        points.setdefault(parameter.hypothesis, {})[parameter.key] = point
    hypotheses = {
        name: each.model_copy(update={"uncertainty": points.get(name, {})})
        for name, each in scenario.hypotheses.items()
    }
    fixed = scenario.model_copy(update={"uncertainty": points.get(None, {}), "hypotheses": hypotheses})
    return next(variants(fixed, 1, seed))
