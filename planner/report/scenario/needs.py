"""What components of improvement, or of a secondary outcome, need: signals, and where they come from.

Specific effect needs mu-opioid activation, which ketamine gives and naltrexone blocks by 95 %.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.report.scenario.agents import by_treatment, from_day, given_agents, occupancy_in
from planner.report.scenario.names import Labelled, called, capital, signals_of
from planner.results.number_text import percent, plain
from planner.scenario.components import Agent, GivenAgent, Need, Signal, Term
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


def needs_of_terms(
    scenario: Scenario,
    hypothesis: FamilySettings | None,
    terms: Sequence[Term],
    components: Mapping[str, Labelled],
) -> list[str]:
    """A sentence for each term: the signals that it needs, and where they come from."""
    signals = signals_of(scenario, hypothesis)
    mentioned: set[str] = set()
    sentences = []
    for term in terms:
        needs = []
        for need in term.needs:
            if need.gate == 0.0:
                continue  # a gate to be varied: without the signal nothing is lost
            words = called(signals, need.signal) + (" throughout" if need.when == "throughout" else "")
            if need.signal not in mentioned:
                words += f", {_where_from(scenario, hypothesis, signals, need.signal)}"
            mentioned.add(need.signal)
            needs.append(words + _gate(need))
        what = capital(called(components, term.component))
        joined = (
            f"{', '.join(needs[:-1])}, and {needs[-1]}" if len(needs) > 1 else (needs[0] if needs else "")
        )
        sentences.append(f"{what} needs {joined}." if needs else f"{what} is always there.")
    if any(need.when == "throughout" for term in terms for need in term.needs):
        sentences.append(
            "What is needed throughout counts on the day of each assessment: what a blockade takes away "
            "comes back as the blockade fades."
        )
    return sentences


def _gate(need: Need) -> str:
    return (
        "" if need.gate >= 1 else f" (in part: without it {percent(1.0 - need.gate)} of the effect is left)"
    )


def _where_from(
    scenario: Scenario,
    hypothesis: FamilySettings | None,
    signals: Mapping[str, Signal],
    name: str,
    deep: bool = True,
) -> str:
    """`which ketamine gives and naltrexone blocks by 95 %`, as far as this trial's agents matter."""
    signal, given = signals[name], given_agents(scenario)
    agents = {**scenario.agents, **(hypothesis.own_agents if hypothesis is not None else {})}
    phrases = []
    if signal.base:
        phrases.append(
            "is there without any drug" if signal.base >= 1 else f"is at {percent(signal.base)} alone"
        )
    expectancy = scenario.blinding.expectancy if scenario.blinding is not None else None
    guessed = expectancy.combine if expectancy is not None and expectancy.signal == name else ""
    if guessed == "replace":
        signal = signal.model_copy(update={"activated_by": {}, "activated_by_signal": {}, "base": 0.0})
        phrases = ["follows the patient's guess"]
    for agent, amount in signal.activated_by.items():
        if agent in given and amount:
            ways = {
                t: _gives(amount * (1.0 if each.level is None else each.level)) + from_day(each)
                for t, each in given[agent].items()
            }
            phrases.append(f"{called(agents, agent)} {by_treatment(ways)}")
    for other, amount in signal.activated_by_signal.items():
        if amount:
            inner = f" ({_where_from(scenario, hypothesis, signals, other, False)})" if deep else ""
            phrases.append(f"{called(signals, other)}{inner} {_gives(amount, 'sets off')}")
    if not phrases:
        return "which nothing in this trial gives"
    phrases += ["the patient's guess multiplies"] if guessed == "multiply" else []
    blocked = [
        f"{called(agents, agent)} blocks by {_blocked(agents[agent], given[agent], share)}"
        for agent, share in signal.blocked_by.items()
        if agent in given and share
    ]
    if not blocked and signal.base >= 1:
        blocked = ["nothing in this trial blocks"]
    return f"which {listed(phrases + blocked)}"


def _gives(amount: float, verb: str = "gives") -> str:
    if amount == 1:
        return verb
    if amount > 1:
        return f"{verb} ({plain(amount)} times the full signal)"
    return f"{verb} to {percent(amount)}"


def _blocked(agent: Agent, given: Mapping[str, GivenAgent], share: float) -> str:
    """The share of a signal that a dose takes away: of what it blocks at full occupancy, what is occupied."""
    return by_treatment(
        {t: percent(share * occupancy_in(agent, each)) + from_day(each) for t, each in given.items()}
    )
