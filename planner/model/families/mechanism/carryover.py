"""What of a treatment is left under a mechanism when the next period begins."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from planner.model.blinding import possible_guesses
from planner.model.families.family import Blockade
from planner.model.families.mechanism.signals import (
    Mechanism,
    days_elapsed,
    gates_at_assessment,
    half_life_steps,
    occupancy,
    onsets_of_period,
)
from planner.monitoring.numerics import to_12_digits
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario

_NEGLIGIBLE = 0.005  # a smaller share of an improvement is not worth a sentence


def blockades(scenario: Scenario, hypothesis: MechanismHypothesis) -> Iterator[Blockade]:
    """Agents that block a needed signal, and what they still occupy at the next dosing."""
    m = Mechanism.of(scenario, hypothesis)
    needed = {need.signal for term in hypothesis.terms for need in term.needs}
    blockers = {agent for signal in needed for agent in m.signals[signal].blocked_by}
    for a in scenario.design.treatments:
        for each in sorted(scenario.treatments[a].agents, key=lambda given: given.agent):
            if each.agent in blockers:
                at = each.at_days or 0.0
                now = occupancy(m, each, 0.0, present=True)
                then = occupancy(m, each, scenario.design.cycle_days - at, present=False)
                yield Blockade(a, each.agent, to_12_digits(now), to_12_digits(then), at)


def unequal_carryover(scenario: Scenario, hypothesis: MechanismHypothesis) -> dict[str, float]:
    """Share of its longest-lived component that the median patient still has of each treatment at the next
    dosing; empty where all are about the same."""
    m = Mechanism.of(scenario, hypothesis)
    left = {a: _median_left(scenario, m, a) for a in scenario.design.treatments}
    return left if max(left.values()) - min(left.values()) > _NEGLIGIBLE else {}


def _median_left(scenario: Scenario, m: Mechanism, treatment: str) -> float:
    """Share of the longest-lived component at work that the median patient keeps until the next dosing."""
    shares = [0.0]
    days, terms = scenario.design.cycle_days, m.hypothesis.terms
    stays = gates_at_assessment(m, scenario, [treatment], 0, days, terms)
    onsets = (
        onsets_of_period(m, scenario, [treatment], 0, terms, guess) for guess in possible_guesses(scenario)
    )
    for given, opened in chain.from_iterable(onsets):
        for term, gate, stay in zip(terms, opened, stays, strict=True):
            about = m.components[term.component]
            if gate * stay and about.size.mean:
                steps = half_life_steps(m, scenario, treatment, term.component)
                elapsed = days_elapsed(steps, given + about.peak_day, days)
                shares.append(2.0 ** (-elapsed / about.half_life_days.median))
    return max(shares)
