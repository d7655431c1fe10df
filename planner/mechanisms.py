"""Mechanisms to numbers: agents act on signals, components of improvement need signals.

    level(agent)   = 1 where the treatment contains it, less what other agents of the treatment lower it by
    s              = min(1, base + sum activation x level + sum activation x signal)     (or the largest)
                     x product over doses of blocking agents (1 - blocks x occupancy)
    gate of a need = 1 - gate (1 - s)
    improvement    = sum over terms  size x product of gates x 2^(-days since the peak / half-life)

A dose blocks on in later periods by what is left of its occupancy. Plain Python on a few numbers; the result
is the table that planner.kernels.terms reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner.scenario import Scenario
from planner.scenario_terms import ALL_COMPONENTS, Agent, Component, Signal, Term, Terms


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A hypothesis with the common tables filled in: everything that its terms can refer to."""

    agents: Mapping[str, Agent]
    signals: Mapping[str, Signal]
    components: Mapping[str, Component]
    hypothesis: Terms

    @classmethod
    def of(cls, scenario: Scenario, hypothesis: Terms) -> Mechanism:
        """A hypothesis's own agents, signals and components go over the common ones, each whole."""
        return cls(
            {**scenario.agents, **hypothesis.agents},
            {**scenario.signals, **hypothesis.signals},
            {**scenario.components, **hypothesis.components},
            hypothesis,
        )


def component_numbers(scenario: Scenario) -> dict[str, int]:
    """Number of each component, which addresses its random numbers: by name, the common ones first.

    It depends neither on the order in a file nor on which of its hypotheses are simulated.
    """
    own = {n for h in scenario.hypotheses.values() if isinstance(h, Terms) for n in h.components}
    names = [*sorted(scenario.components), *sorted(own - set(scenario.components))]
    return {name: i for i, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class Dose:
    """A treatment given some days ago; 0 days is now."""

    treatment: str
    days: float


def levels(mechanism: Mechanism, scenario: Scenario, treatment: str) -> dict[str, float]:
    """Level of each agent in a treatment, 1 unless another agent of it lowers it."""
    given = [each.agent for each in scenario.treatments[treatment].agents]
    found = dict.fromkeys(given, 1.0)
    for agent in given:
        for lowered, share in mechanism.agents[agent].lowers.items():
            if lowered in found:
                found[lowered] *= 1.0 - share
    return found


def occupancy(mechanism: Mechanism, scenario: Scenario, agent: str, dose: Dose) -> float:
    """Share of the receptors that a dose of an agent still occupies."""
    for each in scenario.treatments[dose.treatment].agents:
        if each.agent == agent:
            about = mechanism.agents[agent]
            start = about.occupancy if each.occupancy is None else each.occupancy
            if dose.days == 0.0:
                return start
            half_life = about.half_life_days
            return start * 2.0 ** (-dose.days / half_life) if half_life is not None else 0.0
    return 0.0


def signals(mechanism: Mechanism, scenario: Scenario, doses: Sequence[Dose]) -> dict[str, float]:
    """Every signal at the last of `doses` (given now); earlier doses still block by what is left of them."""
    level = levels(mechanism, scenario, doses[-1].treatment)
    found: dict[str, float] = {}

    def value(name: str) -> float:
        if name not in found:
            signal = mechanism.signals[name]
            parts = [a * level.get(agent, 0.0) for agent, a in signal.activated_by.items()]
            parts += [a * value(other) for other, a in signal.activated_by_signal.items()]
            active = max([signal.base, *parts]) if signal.combine == "max" else signal.base + math.fsum(parts)
            left = [
                1.0 - share * occupancy(mechanism, scenario, agent, dose)
                for agent, share in signal.blocked_by.items()
                for dose in doses
            ]
            found[name] = min(1.0, active) * math.prod(left)
        return found[name]

    for name in mechanism.signals:
        value(name)
    return found


def gates(
    mechanism: Mechanism, scenario: Scenario, doses: Sequence[Dose], terms: Sequence[Term] | None = None
) -> list[float]:
    """Product of the gates of each term: of the hypothesis, or of the `terms` of a second outcome."""
    signal = signals(mechanism, scenario, doses)
    return [
        math.prod(1.0 - need.gate * (1.0 - signal[need.signal]) for need in term.needs)
        for term in (mechanism.hypothesis.terms if terms is None else terms)
    ]


def outcome_terms(scenario: Scenario, hypothesis: Terms, outcome: str) -> Sequence[Term]:
    """What drives a second outcome under a hypothesis: its own terms, else those of all."""
    own = hypothesis.outcomes.get(outcome)
    return scenario.outcomes[outcome].terms if own is None else own.terms


def prolonged(mechanism: Mechanism, scenario: Scenario, treatment: str, component: str) -> float:
    """Factor by which the agents of a treatment prolong the half-life of a component."""
    factors = [
        about.prolongs.get(component, about.prolongs.get(ALL_COMPONENTS, 1.0))
        for about in (mechanism.agents[each.agent] for each in scenario.treatments[treatment].agents)
    ]
    return math.prod(factors)
