"""All that a treatment, or a whole sequence, does under a mechanism: equal for those that are alike."""

from __future__ import annotations

from collections.abc import Sequence

from planner.model.blinding import possible_guesses
from planner.model.families.mechanism.secondary_outcomes import feature_coefficients, secondary_signature
from planner.model.families.mechanism.signals import (
    Mechanism,
    acts,
    days_elapsed,
    gates_at_assessment,
    half_life_steps,
    onsets_of_period,
)
from planner.model.readings import GUESS, Reading
from planner.monitoring.numerics import to_12_digits
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario


def signature(
    scenario: Scenario, hypothesis: MechanismHypothesis, treatment: str, reading: Reading | None = None
) -> tuple[object, ...]:
    """All that a treatment does in a first period: gates and half-lives of the components at work.

    Of a `reading`, half-lives count by the time since the peak, in which nothing may have been lost yet.
    Without one, gates count on all days of assessment and at the end of the period. A guess depends on its
    secondary outcome alone.
    """
    if reading == GUESS:
        about = scenario.blinding.outcome if scenario.blinding is not None else ""
        return secondary_signature(scenario, hypothesis, treatment, about) if about else ()
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
        days.append(scenario.design.cycle_days)
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


def trial_signature(scenario: Scenario, hypothesis: MechanismHypothesis) -> tuple[object, object]:
    """All that a hypothesis says of this design but labels: of the endpoint, then of other outcomes."""
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
    days = (
        *design.assessment_days,
        scenario.design.cycle_days,
    )  # the last is the baseline of the next period
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
