"""Which hypotheses a design can tell apart at all, whatever the number of patients.

Two cannot be told apart if every dose of every sequence does the same under both, what earlier doses left
included: then all their scores have the same distribution.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from planner.model.blinding import guesses
from planner.model.estimand import settled
from planner.model.families.mechanism.secondary_outcomes import weighed
from planner.model.families.mechanism.signals import Mechanism, cycle_days, kept, prolonged, set_off
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario


def classes(scenario: Scenario, names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The named hypotheses, those together that no number of patients of this design could separate."""
    found: dict[object, list[str]] = {}
    for name in names:
        found.setdefault(everything(scenario, name), []).append(name)
    return tuple(tuple(group) for group in found.values())


def everything(scenario: Scenario, name: str) -> tuple[object, object]:
    """All that a hypothesis says of this design, labels left out: of the endpoint, then of other outcomes."""
    hypothesis = scenario.hypotheses[name]
    if not isinstance(hypothesis, MechanismHypothesis):
        told = hypothesis.model_dump(mode="json", exclude={"label", "prior"})
        return json.dumps(told, sort_keys=True), ()
    m = Mechanism.of(scenario, hypothesis)
    improvement = tuple(
        _at_work(scenario, m, sequence, guess)
        for sequence in scenario.design.sequences
        for guess in guesses(scenario)
    )
    return improvement, tuple(tuple(weighed(scenario, [m], [outcome])) for outcome in scenario.outcomes)


def _at_work(
    scenario: Scenario, m: Mechanism, sequence: Sequence[str], guess: bool | None
) -> tuple[object, ...]:
    """What a sequence sets off: components with their gates by visit, half-life factors and numbers.

    `guess`: what its treatments are taken for.
    """
    design, terms = scenario.design, m.hypothesis.terms
    days = (*design.assessment_days, cycle_days(scenario))  # the last is the baseline of the next period
    visits = [(k, day) for k in range(design.periods) for day in days][:-1]
    stays = [(k, kept(m, scenario, sequence, k, day, terms)) for k, day in visits]
    found = []
    for j, treatment in enumerate(sequence):
        rows = []
        for given, opened in set_off(m, scenario, sequence, j, terms, guess):
            for i, (term, gate) in enumerate(zip(terms, opened, strict=True)):
                left = tuple(settled(gate * stay[i]) for k, stay in stays if k >= j)
                if any(left):
                    numbers = m.components[term.component].model_dump_json(exclude={"label"})
                    steps = prolonged(m, scenario, treatment, term.component)
                    rows.append((term.component, given, left, steps, numbers))
        found.append(tuple(sorted(rows)))
    return tuple(found)
