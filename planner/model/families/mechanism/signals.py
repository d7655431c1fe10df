"""Mechanisms to numbers: agents act on signals, components of improvement need signals.

    level(agent)   = 1 or as stated, less what agents given before it or with it lower of it
    s              = min(1, base + sum activation x level + sum activation x signal)     (or the largest)
                     x product over doses of blocking agents (1 - blocks x occupancy)
    gate of a need = 1 - gate (1 - s)
    improvement    = sum over terms  size x product of gates x 2^(-days since the peak / half-life)

A term is set off at the dosing of a period. An agent that is given later in it sets off what it adds: the
gates with it less those without it, if more. A need counts once, when the term is set off ("onset"), or on
the day of each assessment ("throughout"): then improvement is the simple product of that day, and what a
blockade takes away returns as the receptors become free. A term that needs a signal throughout is set off
once the signal is driven at all.

An agent activates from its dose until the next dosing. A blocker blocks by what is left of its occupancy, in
later periods too; without a half-life, fully until the next dosing and then no more.

Plain Python on a few numbers; the result is the table that planner.kernels.generate.mechanism reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from planner.model.families.kept import kept
from planner.scenario.components import ALL_COMPONENTS, Agent, Component, GivenAgent, Need, Signal, Term
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A hypothesis of a scenario with the common tables filled in: everything that its terms can refer to.

    The settings of the hypothesis alone are a planner.scenario.families.mechanism.MechanismHypothesis.
    """

    agents: Mapping[str, Agent]
    signals: Mapping[str, Signal]
    components: Mapping[str, Component]
    hypothesis: MechanismHypothesis
    cache: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    """What has been worked out: sequences begin alike, and each visit needs the same dosings again."""

    @classmethod
    def of(cls, scenario: Scenario, hypothesis: MechanismHypothesis) -> Mechanism:
        """A hypothesis's own agents, signals and components go over the common ones, each whole."""
        # All that `cache` depends on, but for own tables: terms are told apart in it.
        common = (
            scenario.agents,
            scenario.signals,
            scenario.components,
            scenario.treatments,
            scenario.blinding,
        )
        cycle, owns = (
            scenario.design.cycle_days,
            hypothesis.agents or hypothesis.signals or hypothesis.components,
        )

        def new() -> Mechanism:
            return cls(
                {**scenario.agents, **hypothesis.agents},
                {**scenario.signals, **hypothesis.signals},
                {**scenario.components, **hypothesis.components},
                hypothesis,
                {} if owns else kept(common, ("cache of mechanisms", cycle), dict),
            )

        return kept((*common, hypothesis), cycle, new)


def component_numbers(scenario: Scenario) -> dict[str, int]:
    """Number of each component, which addresses its random numbers: by name, the common ones first.

    It depends neither on the order in a file nor on which of its hypotheses are simulated.
    """
    own = {
        n for h in scenario.hypotheses.values() if isinstance(h, MechanismHypothesis) for n in h.components
    }
    names = [*sorted(scenario.components), *sorted(own - set(scenario.components))]
    return {name: i for i, name in enumerate(names)}


class Dose(NamedTuple):
    """A treatment whose dosing, day 0 of its period, was some days ago; 0 days is now."""

    treatment: str
    days: float


class Moment(NamedTuple):
    """What has been given by now: the treatments of a sequence up to the present period, the last one's.

    At a `dosing` what is given now counts. An assessment comes after the dosing of its period, and before
    what is given later on the same day; the baseline of the next period is one more assessment of this one.
    `without_last`: what is given at this very dosing is left out after all.
    `guess`: whether the patient takes the present treatment for an active one, where a signal depends on it.
    """

    doses: tuple[Dose, ...]
    dosing: bool = False
    without_last: bool = False
    guess: bool | None = None

    def given(self, scenario: Scenario) -> Iterator[tuple[GivenAgent, float, bool]]:
        """Each agent, days since it was given, and whether it belongs to the present period."""
        for i, dose in enumerate(self.doses):
            present = i == len(self.doses) - 1
            for each in scenario.treatments[dose.treatment].agents:
                since = dose.days - (each.at_days or 0.0)
                now = each.at_days is None if not self.dosing else not (present and self.without_last)
                if since > 0.0 or (since == 0.0 and now):
                    yield each, since, present


def days_of_dosing(scenario: Scenario, treatment: str) -> list[float]:
    """Days of its period on which agents of a treatment are given, the dosing itself first."""
    later = {each.at_days for each in scenario.treatments[treatment].agents if each.at_days is not None}
    return [0.0, *sorted(later)]


def agent_levels(mechanism: Mechanism, scenario: Scenario, moment: Moment) -> dict[str, float]:
    """Level of each agent given in the present period: others given before it or with it may lower it."""
    given = [each for each, _, present in moment.given(scenario) if present]
    levels = {each.agent: 1.0 if each.level is None else each.level for each in given}
    day = {each.agent: each.at_days or 0.0 for each in given}
    strength = {agent: min(level, 1.0) for agent, level in levels.items()}
    for agent in day:
        for lowered, share in mechanism.agents[agent].lowers.items():
            if lowered in levels and day[agent] <= day[lowered]:
                levels[lowered] *= 1.0 - share * strength[agent]
    return levels


def occupancy(mechanism: Mechanism, given: GivenAgent, since: float, present: bool) -> float:
    """Share of the receptors that a dose still occupies some days later, in its period or a later one."""
    about = mechanism.agents[given.agent]
    start = about.occupancy if given.occupancy is None else given.occupancy
    if about.half_life_days is None:
        return start if present else 0.0
    return start * math.pow(2.0, -since / about.half_life_days)


def signal_values(
    mechanism: Mechanism, scenario: Scenario, moment: Moment, terms: Sequence[Term], blocked: bool = True
) -> dict[str, float]:
    """Every signal that some terms need, and perhaps others, at a moment; `blocked`: less what is blocked."""
    key = moment, blocked
    if key not in mechanism.cache:
        mechanism.cache[key] = agent_levels(mechanism, scenario, moment), list(moment.given(scenario)), {}
    level, given, values = mechanism.cache[key]

    def value(name: str) -> float:
        if name not in values:
            signal = mechanism.signals[name]
            parts = [a * level.get(agent, 0.0) for agent, a in signal.activated_by.items()]
            parts += [a * value(other) for other, a in signal.activated_by_signal.items()]
            active = max([signal.base, *parts]) if signal.combine == "max" else signal.base + math.fsum(parts)
            active = _driven_by_guess(scenario, name, active, moment.guess)
            left = [
                1.0 - share * occupancy(mechanism, each, since, present)
                for agent, share in (signal.blocked_by.items() if blocked else ())
                for each, since, present in given
                if each.agent == agent
            ]
            values[name] = min(1.0, active) * math.prod(left)
        answer: float = values[name]
        return answer

    for term in terms:
        for need in term.needs:
            value(need.signal)
    signals: dict[str, float] = values
    return signals


def _driven_by_guess(scenario: Scenario, name: str, active: float, guess: bool | None) -> float:
    """What drives a signal where the patient guesses so."""
    expectancy = scenario.blinding.expectancy if scenario.blinding is not None else None
    if guess is None or expectancy is None or expectancy.signal != name:
        return active
    value = expectancy.if_active if guess else expectancy.if_inactive
    return value if expectancy.combine == "replace" else active * value


def _product_of_gates(needs: Sequence[Need], signal: Mapping[str, float]) -> float:
    return math.prod(1.0 - need.gate * (1.0 - signal[need.signal]) for need in needs)


def _gates_at_onset(
    mechanism: Mechanism, scenario: Scenario, moment: Moment, terms: Sequence[Term]
) -> list[float]:
    """For each term the product of the gates that count at its onset; 0 if one for later is not driven."""
    signal = signal_values(mechanism, scenario, moment, terms)
    gates = [_product_of_gates(_needs(term, "onset"), signal) for term in terms]
    if not needs_throughout(terms):
        return gates
    driven = signal_values(mechanism, scenario, moment, terms, blocked=False)
    return [
        gate if _product_of_gates(_needs(term, "throughout"), driven) else 0.0
        for term, gate in zip(terms, gates, strict=True)
    ]


def _needs(term: Term, when: str) -> list[Need]:
    return [need for need in term.needs if (need.when or "onset") == when]


def outcome_terms(scenario: Scenario, hypothesis: MechanismHypothesis, outcome: str) -> Sequence[Term]:
    """What drives a secondary outcome under a hypothesis: its own terms, else those of all."""
    own = hypothesis.outcomes.get(outcome)
    return scenario.outcomes[outcome].terms if own is None else own.terms


Onset = list[tuple[float, list[float]]]
"""(day of a period, how much of each term is set off on it)."""


def onsets_of_period(
    mechanism: Mechanism,
    scenario: Scenario,
    sequence: Sequence[str],
    period: int,
    terms: Sequence[Term],
    guess: bool | None = None,
    waits: Sequence[float] = (),
) -> Onset:
    """Day of a period (0-based) and how much of each term is set off on it, the dosing first.

    `guess`: whether the patient takes the period's treatment for an active one, where that matters.
    """
    earlier = [j for j in range(period) if sequence[j] in _lasting(mechanism, scenario)]
    before = tuple((period - j, sequence[j]) for j in earlier)
    key = sequence[period], before, tuple(waits[:period]) if before else (), id(terms), guess
    if key not in mechanism.cache:
        new = []
        for day in days_of_dosing(scenario, sequence[period]):
            doses = doses_until(scenario, sequence, period, day, waits)
            some = (*(doses[j] for j in earlier), doses[period])
            new.append((day, _added_gates(mechanism, scenario, some, terms, guess, later=day > 0.0)))
        mechanism.cache[key] = terms, new  # as long as the terms are kept, nothing else has their identity
    onsets: Onset = mechanism.cache[key][1]
    return onsets


_LASTING = "lasting"  # in Mechanism.cache


def _lasting(mechanism: Mechanism, scenario: Scenario) -> frozenset[str]:
    """Treatments that may act on signals in later periods: with an agent that blocks and has a half-life.

    Of the others an earlier dosing leaves exactly nothing, however many there were.
    """
    if _LASTING not in mechanism.cache:
        blockers = {agent for signal in mechanism.signals.values() for agent in signal.blocked_by}
        lasting = {agent for agent in blockers if mechanism.agents[agent].half_life_days is not None}
        mechanism.cache[_LASTING] = frozenset(
            name
            for name, treatment in scenario.treatments.items()
            if any(each.agent in lasting for each in treatment.agents)
        )
    treatments: frozenset[str] = mechanism.cache[_LASTING]
    return treatments


def _added_gates(
    mechanism: Mechanism,
    scenario: Scenario,
    doses: tuple[Dose, ...],
    terms: Sequence[Term],
    guess: bool | None,
    later: bool,
) -> list[float]:
    """How much of each term the last of some doses sets off; `later`: than others of its period."""
    opened = _gates_at_onset(mechanism, scenario, Moment(doses, dosing=True, guess=guess), terms)
    if not later:
        return opened
    moment = Moment(doses, dosing=True, without_last=True, guess=guess)
    before = _gates_at_onset(mechanism, scenario, moment, terms)
    return [max(0.0, a - b) for a, b in zip(opened, before, strict=True)]


def acts(given: float, day: float) -> bool:
    """Whether what is given on a day of a period is seen on another: an assessment comes before it."""
    return given == 0.0 or given < day


def doses_until(
    scenario: Scenario, sequence: Sequence[str], period: int, day: float, waits: Sequence[float] = ()
) -> tuple[Dose, ...]:
    """The treatments of a sequence up to a day of a period; `waits`: days beyond the washout of each gap."""
    cycle = scenario.design.cycle_days
    late = [math.fsum(waits[i:period]) if waits else 0.0 for i in range(period + 1)]
    return tuple(Dose(sequence[i], (period - i) * cycle + late[i] + day) for i in range(period + 1))


def gates_at_assessment(
    mechanism: Mechanism,
    scenario: Scenario,
    sequence: Sequence[str],
    period: int,
    day: float,
    terms: Sequence[Term],
    waits: Sequence[float] = (),
) -> list[float]:
    """For each term the product of the gates that count at an assessment, on a day of a period."""
    if not needs_throughout(terms):
        return [1.0] * len(terms)
    signal = signal_values(
        mechanism, scenario, Moment(doses_until(scenario, sequence, period, day, waits)), terms
    )
    return [_product_of_gates(_needs(term, "throughout"), signal) for term in terms]


def needs_throughout(terms: Sequence[Term]) -> bool:
    """Whether a term needs a signal throughout."""
    return any(need.when == "throughout" for term in terms for need in term.needs)


HalfLifeSteps = tuple[tuple[float, float], ...]
"""(day of the period, factor on half-lives from then on), the first from day 0."""


def half_life_steps(
    mechanism: Mechanism, scenario: Scenario, treatment: str, component: str
) -> HalfLifeSteps:
    """Factors by which the agents of a treatment prolong the half-life of a component, once given."""
    key = treatment, component
    if key not in mechanism.cache:
        mechanism.cache[key] = tuple(_factors_by_day(mechanism, scenario, treatment, component))
    steps: HalfLifeSteps = mechanism.cache[key]
    return steps


def _factors_by_day(
    mechanism: Mechanism, scenario: Scenario, treatment: str, component: str
) -> list[tuple[float, float]]:
    steps: list[tuple[float, float]] = []
    for day in days_of_dosing(scenario, treatment):
        factors = [
            about.prolongs.get(component, about.prolongs.get(ALL_COMPONENTS, 1.0))
            for each in scenario.treatments[treatment].agents
            if (each.at_days or 0.0) <= day
            for about in (mechanism.agents[each.agent],)
        ]
        factor = math.prod(factors)
        if not steps or factor != steps[-1][1]:
            steps.append((day, factor))
    return steps


def days_from_start(steps: HalfLifeSteps, start: float, end: float) -> float:
    """As `passed`, but below 0 before the start: for days in later periods, when the last factor holds."""
    return (end - start) / steps[-1][1] if end < start else days_elapsed(steps, start, end)


def days_elapsed(steps: HalfLifeSteps, start: float, end: float) -> float:
    """Days from `start` to `end` of a period in units of the factor that holds on each; 0 if none."""
    if len(steps) == 1:
        return max(0.0, end - start) / steps[0][1]
    until = [*(day for day, _ in steps[1:]), math.inf]
    return math.fsum(
        max(0.0, min(end, stop) - max(start, day)) / factor
        for (day, factor), stop in zip(steps, until, strict=True)
    )
