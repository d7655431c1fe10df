"""What of a treatment is left when the next period begins, and differs between treatments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from planner.model.blinding import possible_guesses
from planner.model.families.mechanism.signals import (
    Mechanism,
    cycle_days,
    days_elapsed,
    gates_at_assessment,
    half_life_steps,
    occupancy,
    onsets_of_period,
)
from planner.monitoring.numerics import to_12_digits
from planner.scenario.families.means import Means
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.families.rates import Rates
from planner.scenario.scenario import Scenario

_NEGLIGIBLE = 0.005  # a smaller share of receptors or of an improvement is not worth a sentence


@dataclass(frozen=True, slots=True)
class Blockade:
    """Share of the receptors that an agent of a treatment occupies when given, and at the next dosing."""

    treatment: str
    agent: str
    at_dosing: float
    left: float
    at_days: float = 0.0  # day of the period on which it is given


def blockades(scenario: Scenario, names: Sequence[str]) -> tuple[Blockade, ...]:
    """Agents that block a signal under some hypothesis, and still do so a little at the next dosing."""
    if scenario.design.periods < 2:
        return ()
    rows: dict[Blockade, None] = {}
    for hypothesis in (scenario.hypotheses[n] for n in names):
        if not isinstance(hypothesis, MechanismHypothesis):
            continue
        m = Mechanism.of(scenario, hypothesis)
        needed = {need.signal for term in hypothesis.terms for need in term.needs}
        blockers = {agent for signal in needed for agent in m.signals[signal].blocked_by}
        for a in scenario.design.treatments:
            for each in sorted(scenario.treatments[a].agents, key=lambda given: given.agent):
                if each.agent in blockers:
                    at = each.at_days or 0.0
                    now = occupancy(m, each, 0.0, present=True)
                    then = occupancy(m, each, cycle_days(scenario) - at, present=False)
                    rows[Blockade(a, each.agent, to_12_digits(now), to_12_digits(then), at)] = None
    return tuple(rows)


def unequal_carryover(scenario: Scenario, name: str) -> dict[str, float]:
    """What is left of each treatment when the next period begins, if that differs between treatments.

    Of means the points stated; of mechanisms the share of its longest-lived component that the median patient
    still has. Empty where carryover cannot raise the type I error: none, or the same for all treatments.
    """
    hypothesis, design = scenario.hypotheses[name], scenario.design
    if design.periods < 2 or isinstance(hypothesis, Rates):
        return {}
    if isinstance(hypothesis, Means):
        left = {a: hypothesis.carryover.get(a, 0.0) for a in design.treatments}
        return left if len(set(left.values())) > 1 else {}
    assert isinstance(hypothesis, MechanismHypothesis)
    m = Mechanism.of(scenario, hypothesis)
    left = {a: _median_left(scenario, m, a) for a in design.treatments}
    return left if max(left.values()) - min(left.values()) > _NEGLIGIBLE else {}


def unequal_blockade(scenario: Scenario, name: str) -> dict[str, float]:
    """What blockers of each treatment still occupy at the next dosing, if that differs between treatments."""
    left = dict.fromkeys(scenario.design.treatments, 0.0)
    for row in blockades(scenario, (name,)):
        left[row.treatment] = max(left[row.treatment], row.left)
    return left if max(left.values()) - min(left.values()) > _NEGLIGIBLE else {}


def _median_left(scenario: Scenario, m: Mechanism, treatment: str) -> float:
    """Share of the longest-lived component at work that the median patient keeps until the next dosing."""
    shares = [0.0]
    days, terms = cycle_days(scenario), m.hypothesis.terms
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
