"""What a complete scenario says of a hypothesis, for the plain simulation of `naive_terms`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Given:
    """An agent given at some time of the trial, `late` days after the dosing of its period."""

    agent: str
    period: int
    time: float
    late: float
    occupancy: float
    level: float


@dataclass(frozen=True)
class Told:
    """The agents, signals and components of a hypothesis, and its terms."""

    agents: Mapping[str, Any]
    signals: Mapping[str, Any]
    components: Mapping[str, Any]
    terms: Sequence[Any]
    treatments: Mapping[str, Any]
    outcomes: Mapping[str, tuple[Any, Sequence[Any]]]  # second outcomes, each with its terms
    blinding: Any

    @classmethod
    def of(cls, scenario: Any, name: str) -> Told:
        """What the scenario has in common; the hypothesis puts its own in the place of a common one."""
        own = scenario.hypotheses[name]
        agents, signals = dict(scenario.agents), dict(scenario.signals)
        components = dict(scenario.components)
        agents.update(own.agents)
        signals.update(own.signals)
        components.update(own.components)
        outcomes = {}
        for key, about in scenario.outcomes.items():
            outcomes[key] = (about, own.outcomes[key].terms if key in own.outcomes else about.terms)
        return cls(agents, signals, components, own.terms, scenario.treatments, outcomes, scenario.blinding)

    def doses(self, sequence: Sequence[str], cycle: float) -> list[Given]:
        """Everything that a sequence gives, with the time since the first dosing of the trial."""
        found = []
        for period, treatment in enumerate(sequence):
            for one in self.treatments[treatment].agents:
                late = one.at_days or 0.0
                occupancy = self.agents[one.agent].occupancy if one.occupancy is None else one.occupancy
                level = 1.0 if one.level is None else one.level
                found.append(Given(one.agent, period, period * cycle + late, late, occupancy, level))
        return found

    def level(self, agent: str, here: Sequence[Given]) -> float:
        """What reaches the patient of an agent: as given, less what those before it or with it take away.

        `here`: what the present period has given so far.
        """
        level = 0.0
        for one in here:
            if one.agent == agent:
                level = one.level
                for other in here:
                    if other.late <= one.late:
                        level -= (
                            level * self.agents[other.agent].lowers.get(agent, 0.0) * min(1.0, other.level)
                        )
        return level

    def signal(
        self,
        name: str,
        given: Sequence[Given],
        period: int,
        time: float,
        blockade: bool = True,
        guess: Any = None,
    ) -> Any:
        """A signal at a time of a period, after what has been given; earlier periods may block on.

        guess: which patients take the period's treatment for an active one.
        """
        s = self.signals[name]
        here = [one for one in given if one.period == period]
        driven = [strength * self.level(agent, here) for agent, strength in s.activated_by.items()]
        for other, strength in s.activated_by_signal.items():
            driven.append(strength * self.signal(other, given, period, time, blockade, guess))
        activity: Any = s.base
        for strength in driven:
            activity = np.maximum(activity, strength) if s.combine == "max" else activity + strength
        expectancy = None if self.blinding is None else self.blinding.expectancy
        if guess is not None and expectancy is not None and name == expectancy.signal:
            said = np.where(guess, expectancy.if_active, expectancy.if_inactive)
            activity = said if expectancy.combine == "replace" else said * activity
        activity = np.minimum(1.0, activity)
        for one in given if blockade else ():
            half = self.agents[one.agent].half_life_days
            left = float(one.period == period) if half is None else 0.5 ** ((time - one.time) / half)
            activity = activity * (1.0 - s.blocked_by.get(one.agent, 0.0) * one.occupancy * left)
        return activity

    def through(self, needs: Sequence[Any], *state: Any) -> Any:
        """How much the signals that are needed let through."""
        product: Any = 1.0
        for need in needs:
            product = product * (1.0 - need.gate * (1.0 - self.signal(need.signal, *state)))
        return product

    def begins(self, term: Any, given: Sequence[Given], period: int, time: float, guess: Any) -> Any:
        """How much of a term these doses would set off."""
        at_first = [need for need in term.needs if need.when in (None, "onset")]
        all_along = [need for need in term.needs if need.when == "throughout"]
        if self.through(all_along, given, period, time, False) == 0.0:
            return 0.0
        return self.through(at_first, given, period, time, True, guess)

    def at_work(
        self,
        terms: Sequence[Any],
        sequence: Sequence[str],
        cycle: float,
        period: int,
        time: float,
        guess: Any = None,
    ) -> Iterator[tuple[Any, int, float, Any]]:
        """What the doses of the periods up to one have set off: term, its period, when, and how much.

        An assessment precedes what is given later on its day.
        """
        doses = self.doses(sequence, cycle)
        seen = [d for d in doses if d.period <= period and (d.late == 0.0 or d.time < time)]
        for j in range(period + 1):
            for start in sorted({j * cycle, *(d.time for d in seen if d.period == j)}):
                before = [d for d in doses if d.period <= j and d.time < start]
                by_then = [d for d in doses if d.period <= j and d.time <= start]
                for term in terms:
                    said = None if guess is None else guess[:, j]
                    opened = self.begins(term, by_then, j, start, said)
                    if start > j * cycle:
                        opened = np.maximum(0.0, opened - self.begins(term, before, j, start, said))
                    later = [need for need in term.needs if need.when == "throughout"]
                    yield term, j, start, opened * self.through(later, seen, period, time)

    def age(
        self, component: str, sequence: Sequence[str], cycle: float, j: int, start: float, end: float
    ) -> float:
        """Days that pass from start to end for a component of a period, slower once an agent prolongs it."""
        if end <= start:
            return 0.0
        here = [d for d in self.doses(sequence, cycle) if d.period == j]
        cuts = sorted({start, end, *(one.time for one in here if start < one.time < end)})
        age = 0.0
        for a, b in pairwise(cuts):
            factor = 1.0
            for one in here:
                if one.time <= a:
                    prolongs = self.agents[one.agent].prolongs
                    factor *= prolongs.get(component, prolongs.get("*", 1.0))
            age += (b - a) / factor
        return age
