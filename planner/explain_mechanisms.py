"""Mechanisms in words: what the agents do, what improvement is made of, and what each hypothesis needs.

    Specific effect needs mu-opioid activation, which ketamine gives and naltrexone blocks by 95 %.

Everything is told from the settings, and only what the treatments of the design contain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from planner.figures import listed, plain
from planner.scenario import Scenario
from planner.scenario_outcomes import OutcomeComponent
from planner.scenario_terms import ALL_COMPONENTS, Agent, Component, Need, Signal, Spread, Term, Terms

Pairs = list[tuple[str, str]]
Labelled = Component | OutcomeComponent


def percent(share: float) -> str:
    """A share as people read it: 95 %."""
    return f"{plain(100.0 * share, 3)} %"


def agents(scenario: Scenario, hypotheses: Sequence[Terms]) -> Pairs:
    """The agents that the treatments contain: dose, receptors, what they do to other agents and effects."""
    given = _given(scenario)
    facts = []
    for name, treatments in given.items():
        agent = scenario.agents.get(name) or next(h.agents[name] for h in hypotheses if name in h.agents)
        said = [f"In {listed(treatments)}" + (f": {agent.dose}" if agent.dose else "")]
        blocks = any(name in s.blocked_by for h in hypotheses for s in _signals(scenario, h).values())
        said += _receptors(scenario, name, agent) if blocks else []
        said += _traits(scenario, agent)
        facts.append((agent.label or name, ". ".join(said) + "."))
    return facts


def _given(scenario: Scenario) -> dict[str, list[str]]:
    """The agents of the design's treatments, with the treatments that contain them."""
    found: dict[str, list[str]] = {}
    for treatment in scenario.design.treatments:
        for each in scenario.treatments[treatment].agents if treatment in scenario.treatments else ():
            found.setdefault(each.agent, []).append(treatment)
    return found


def _receptors(scenario: Scenario, name: str, agent: Agent) -> list[str]:
    occupied = f"It occupies {_occupancy(scenario, name, agent)} of its {targets(agent.occupancy)}"
    if agent.half_life_days is None:
        return [f"{occupied}, none of them in the next period"]
    return [f"{occupied}, half of that after {_days(agent.half_life_days)}"]


def targets(occupancy: float) -> str:
    """What an agent occupies: where its occupancy has not been measured, it need not be receptors."""
    return "receptors" if occupancy < 1 else "targets"


def _occupancies(scenario: Scenario, name: str, agent: Agent) -> dict[str, float]:
    """The share that an agent occupies in each treatment that contains it."""
    return {
        treatment: agent.occupancy if each.occupancy is None else each.occupancy
        for treatment in scenario.design.treatments
        if treatment in scenario.treatments
        for each in scenario.treatments[treatment].agents
        if each.agent == name
    }


def _occupancy(scenario: Scenario, name: str, agent: Agent) -> str:
    """One share, or one for each treatment where the doses differ."""
    shares = _occupancies(scenario, name, agent)
    if len(set(shares.values())) == 1:
        return percent(next(iter(shares.values())))
    return listed([f"{percent(share)} in {treatment}" for treatment, share in shares.items()])


def _traits(scenario: Scenario, agent: Agent) -> list[str]:
    """What an agent does to other agents and to how long improvement lasts."""
    said = [
        f"It lowers the level of {_label(scenario.agents, other)} by {percent(share)}"
        for other, share in agent.lowers.items()
        if share
    ]
    for component, factor in agent.prolongs.items():
        what = "all improvement" if component == ALL_COMPONENTS else _label(scenario.components, component)
        said.append(f"It multiplies the half-life of {what} of its period by {plain(factor)}")
    return said


def components(scenario: Scenario, hypotheses: Sequence[Terms]) -> Pairs:
    """The common components that the hypotheses use: in whom, how much, for how long."""
    used = dict.fromkeys(
        term.component for h in hypotheses for term in h.terms if term.component not in h.components
    )
    return [
        (scenario.components[name].label or name, f"{_size(scenario.components[name])}.") for name in used
    ]


def _size(component: Component) -> str:
    """`62 % of the patients lose 76 % (SD 15) of their severity, the others 2 % (SD 5). Half is gone ...`."""
    if component.share >= 1:
        said = f"All patients {_change(component.size)} of their severity"
    else:
        said = f"{percent(component.share)} of the patients {_change(component.size)} of their severity, "
        said += f"the others {_change(component.otherwise, verb=component.otherwise.mean < 0)}"
    lasting = component.half_life_days
    said += f". Nothing of it is lost until day {plain(component.peak_day)}, then half in "
    said += _days(lasting.median)
    if lasting.log_sd:
        low, high = (lasting.median * math.exp(sign * lasting.log_sd) for sign in (-1, 1))
        said += f" (median; {plain(low, 2)} to {plain(high, 2)} in the middle two thirds of the patients)"
    return said


def _change(spread: Spread, verb: bool = True) -> str:
    """`lose 76 % (SD 15)`, or `get worse by 25 %`."""
    if spread.mean == 0 and spread.sd == 0:
        return "lose nothing" if verb else "nothing"
    word = "" if not verb else "get worse by " if spread.mean < 0 else "lose "
    sd = f" (SD {plain(100.0 * spread.sd, 3)})" if spread.sd else ""
    return f"{word}{percent(abs(spread.mean))}{sd}"


def _days(days: float) -> str:
    return f"{plain(days)} day" if days == 1 else f"{plain(days)} days"


def told(scenario: Scenario, hypothesis: Terms) -> list[str]:
    """What each component needs, which agents of the trial give or block it, and what is special here."""
    known = {**scenario.components, **hypothesis.components}
    sentences = needed(scenario, hypothesis, hypothesis.terms, known)
    for name in (t.component for t in hypothesis.terms if t.component in hypothesis.components):
        sentences.append(f"Here, {_label(known, name)}: {_size(hypothesis.components[name])}.")
    return sentences + _own_agents(scenario, hypothesis)


def needed(
    scenario: Scenario, hypothesis: Terms | None, terms: Sequence[Term], components: Mapping[str, Labelled]
) -> list[str]:
    """A sentence for each term: the signals that it needs, and where they come from."""
    signals = _signals(scenario, hypothesis)
    mentioned: set[str] = set()
    sentences = []
    for term in terms:
        needs = []
        for need in term.needs:
            words = _label(signals, need.signal)
            if need.signal not in mentioned:
                words += f", {_where_from(scenario, hypothesis, signals, need.signal)}"
            mentioned.add(need.signal)
            needs.append(words + _gate(need))
        what = _capital(_label(components, term.component))
        joined = (
            f"{', '.join(needs[:-1])}, and {needs[-1]}" if len(needs) > 1 else (needs[0] if needs else "")
        )
        sentences.append(f"{what} needs {joined}." if needs else f"{what} is always there.")
    return sentences


def _gate(need: Need) -> str:
    return (
        "" if need.gate >= 1 else f" (in part: without it {percent(1.0 - need.gate)} of the effect is left)"
    )


def _where_from(
    scenario: Scenario, hypothesis: Terms | None, signals: Mapping[str, Signal], name: str, deep: bool = True
) -> str:
    """`which ketamine gives and naltrexone blocks by 95 %`, as far as this trial's agents matter."""
    signal, given = signals[name], _given(scenario)
    known = {**scenario.agents, **(hypothesis.agents if hypothesis is not None else {})}
    said = []
    if signal.base:
        said.append(
            "is there without any drug" if signal.base >= 1 else f"is at {percent(signal.base)} alone"
        )
    for agent, amount in signal.activated_by.items():
        if agent in given and amount:
            said.append(f"{_label(known, agent)} {_gives(amount)}")
    for other, amount in signal.activated_by_signal.items():
        if amount:
            inner = f" ({_where_from(scenario, hypothesis, signals, other, False)})" if deep else ""
            said.append(f"{_label(signals, other)}{inner} {_gives(amount, 'sets off')}")
    if not said:
        return "which nothing in this trial gives"
    blocked = [
        f"{_label(known, agent)} blocks by {_blocked(scenario, agent, known[agent], share)}"
        for agent, share in signal.blocked_by.items()
        if agent in given and share
    ]
    if not blocked and signal.base >= 1:
        blocked = ["nothing in this trial blocks"]
    return f"which {listed(said + blocked)}"


def _gives(amount: float, verb: str = "gives") -> str:
    if amount == 1:
        return verb
    if amount > 1:
        return f"{verb} ({plain(amount)} times the full signal)"
    return f"{verb} to {percent(amount)}"


def _blocked(scenario: Scenario, name: str, agent: Agent, share: float) -> str:
    """The share of a signal that a dose takes away: of what it blocks at full occupancy, what is occupied."""
    effective = {a: share * occupied for a, occupied in _occupancies(scenario, name, agent).items()}
    if len(set(effective.values())) == 1:
        return percent(next(iter(effective.values())))
    return listed([f"{percent(value)} in {treatment}" for treatment, value in effective.items()])


def _own_agents(scenario: Scenario, hypothesis: Terms) -> list[str]:
    """What the hypothesis says of an agent of the trial that is not said of it in general."""
    said = []
    given = _given(scenario)
    for name, own in hypothesis.agents.items():
        common = scenario.agents.get(name)
        if name not in given or common is None:
            continue
        label = own.label or name
        before, now = _traits(scenario, common), _traits(scenario, own)
        said += [f"{_capital(label)}{trait.removeprefix('It')}." for trait in now if trait not in before]
        if before and not now:
            said.append(f"{_capital(label)} lowers and prolongs nothing.")
        if (own.occupancy, own.half_life_days) != (common.occupancy, common.half_life_days):
            said += [f"{_capital(label)}: {line[3:]}." for line in _receptors(scenario, name, own)]
    return said


def _signals(scenario: Scenario, hypothesis: Terms | None) -> dict[str, Signal]:
    return {**scenario.signals, **(hypothesis.signals if hypothesis is not None else {})}


def _label(table: Mapping[str, Agent] | Mapping[str, Signal] | Mapping[str, Labelled], name: str) -> str:
    found = table.get(name)
    return (found.label if found is not None else "") or name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
