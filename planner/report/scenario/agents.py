"""Agents in words: what the treatments contain, what it occupies, what it does to other agents.

    In K and KN: 0.5 mg/kg. It occupies 95 % of its receptors, none of them in the next period.

Everything comes from the settings, and only what the treatments of the design contain is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.report.scenario.names import called, in_days, signals_of
from planner.results.number_text import percent, plain
from planner.scenario.components import ALL_COMPONENTS, Agent, GivenAgent
from planner.scenario.families.base import FamilySettings
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


def agents(scenario: Scenario, hypotheses: Sequence[FamilySettings]) -> list[tuple[str, str]]:
    """The agents that the treatments contain: dose, receptors, what they do to other agents and effects."""
    facts = []
    for name, given in given_agents(scenario).items():
        agent = scenario.agents.get(name) or next(
            h.own_agents[name] for h in hypotheses if name in h.own_agents
        )
        where = [treatment + _noted(agent, each) for treatment, each in given.items()]
        sentences = [f"In {listed(where)}" + (f": {agent.dose}" if agent.dose else "")]
        tables = [signals_of(scenario, h).values() for h in hypotheses]
        blocks = any(name in signal.blocked_by for table in tables for signal in table)
        activates = any(name in signal.activated_by for table in tables for signal in table)
        sentences += receptors(scenario, name, agent) if blocks else []
        sentences += traits(scenario, agent)
        if activates and any(each.dose is not None and each.level is None for each in given.values()):
            sentences.append("Only its occupancy follows the dose; what it activates does not")
        facts.append((agent.label or name, ". ".join(sentences) + "."))
    return facts


def _noted(agent: Agent, each: GivenAgent) -> str:
    """What is special about an agent in a treatment: ` (15 mg, on day 1)`."""
    notes = []
    if each.dose is not None:
        notes.append(f"{plain(each.dose)} {agent.dose_unit}".rstrip())
    if each.level is not None:
        notes.append(f"at {percent(each.level)} of the usual level")
    if each.at_days is not None:
        notes.append(f"on day {plain(each.at_days)}")
    return f" ({', '.join(notes)})" if notes else ""


def given_agents(scenario: Scenario) -> dict[str, dict[str, GivenAgent]]:
    """The agents of the design's treatments, with the treatments that contain them."""
    given: dict[str, dict[str, GivenAgent]] = {}
    for treatment in scenario.design.treatments:
        for each in scenario.treatments[treatment].agents if treatment in scenario.treatments else ():
            given.setdefault(each.agent, {})[treatment] = each
    return given


def by_treatment(words_by_treatment: Mapping[str, str]) -> str:
    """`95 % in KN and KR, and 61 % in KN15`; without the treatments where all say the same."""
    where: dict[str, list[str]] = {}
    for treatment, words in words_by_treatment.items():
        where.setdefault(words, []).append(treatment)
    if len(where) == 1:
        return next(iter(where))
    parts = [f"{words} in {listed(treatments)}" for words, treatments in where.items()]
    return (
        f"{', '.join(parts[:-1])}{', and ' if len(words_by_treatment) > len(where) else ' and '}{parts[-1]}"
    )


def from_day(each: GivenAgent) -> str:
    return "" if each.at_days is None else f" from day {plain(each.at_days)}"


def receptors(scenario: Scenario, name: str, agent: Agent) -> list[str]:
    shares = {t: percent(occupancy_in(agent, each)) for t, each in given_agents(scenario)[name].items()}
    occupied = f"It occupies {by_treatment(shares)} of its {targets(agent.occupancy)}"
    if agent.half_life_days is None:
        return [f"{occupied}, none of them in the next period"]
    return [f"{occupied}, half of that after {in_days(agent.half_life_days)}"]


def targets(occupancy: float) -> str:
    """What an agent occupies: where its occupancy has not been measured, it need not be receptors."""
    return "receptors" if occupancy < 1 else "targets"


def occupancy_in(agent: Agent, each: GivenAgent) -> float:
    """The share that an agent occupies in a treatment."""
    return agent.occupancy if each.occupancy is None else each.occupancy


def traits(scenario: Scenario, agent: Agent) -> list[str]:
    """What an agent does to other agents and to how long improvement lasts."""
    sentences = [
        f"It lowers the level of {called(scenario.agents, other)} by {percent(share)}"
        for other, share in agent.lowers.items()
        if share
    ]
    for component, factor in agent.prolongs.items():
        what = "all improvement" if component == ALL_COMPONENTS else called(scenario.components, component)
        sentences.append(f"It multiplies the half-life of {what} of its period by {plain(factor)}")
    return sentences
