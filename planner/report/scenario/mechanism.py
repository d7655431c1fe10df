"""Mechanisms in words: what the agents do, what improvement is made of, and what each hypothesis needs.

    Specific effect needs mu-opioid activation, which ketamine gives and naltrexone blocks by 95 %.

Everything comes from the settings, and only what the treatments of the design contain is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from planner.results.number_text import plain
from planner.scenario.components import (
    ALL_COMPONENTS,
    Agent,
    Component,
    GivenAgent,
    Need,
    Signal,
    SizeSpread,
    Term,
)
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.secondary_outcomes import OutcomeComponent
from planner.scenario.text import listed
from planner.scenario.uncertainty import Tie

Pairs = list[tuple[str, str]]
Labelled = Component | OutcomeComponent


def percent(share: float) -> str:
    """A share as people read it: 95 %."""
    return f"{plain(100.0 * share, 3)} %"


def agents(scenario: Scenario, hypotheses: Sequence[MechanismHypothesis]) -> Pairs:
    """The agents that the treatments contain: dose, receptors, what they do to other agents and effects."""
    facts = []
    for name, given in _given(scenario).items():
        agent = scenario.agents.get(name) or next(h.agents[name] for h in hypotheses if name in h.agents)
        where = [treatment + _noted(agent, each) for treatment, each in given.items()]
        sentences = [f"In {listed(where)}" + (f": {agent.dose}" if agent.dose else "")]
        tables = [_signals(scenario, h).values() for h in hypotheses]
        blocks = any(name in signal.blocked_by for table in tables for signal in table)
        activates = any(name in signal.activated_by for table in tables for signal in table)
        sentences += _receptors(scenario, name, agent) if blocks else []
        sentences += _traits(scenario, agent)
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


def _given(scenario: Scenario) -> dict[str, dict[str, GivenAgent]]:
    """The agents of the design's treatments, with the treatments that contain them."""
    given: dict[str, dict[str, GivenAgent]] = {}
    for treatment in scenario.design.treatments:
        for each in scenario.treatments[treatment].agents if treatment in scenario.treatments else ():
            given.setdefault(each.agent, {})[treatment] = each
    return given


def _by_treatment(words_by_treatment: Mapping[str, str]) -> str:
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


def _from(each: GivenAgent) -> str:
    return "" if each.at_days is None else f" from day {plain(each.at_days)}"


def _receptors(scenario: Scenario, name: str, agent: Agent) -> list[str]:
    shares = {t: percent(_occupancy(agent, each)) for t, each in _given(scenario)[name].items()}
    occupied = f"It occupies {_by_treatment(shares)} of its {targets(agent.occupancy)}"
    if agent.half_life_days is None:
        return [f"{occupied}, none of them in the next period"]
    return [f"{occupied}, half of that after {_days(agent.half_life_days)}"]


def targets(occupancy: float) -> str:
    """What an agent occupies: where its occupancy has not been measured, it need not be receptors."""
    return "receptors" if occupancy < 1 else "targets"


def _occupancy(agent: Agent, each: GivenAgent) -> float:
    """The share that an agent occupies in a treatment."""
    return agent.occupancy if each.occupancy is None else each.occupancy


def _traits(scenario: Scenario, agent: Agent) -> list[str]:
    """What an agent does to other agents and to how long improvement lasts."""
    sentences = [
        f"It lowers the level of {_label(scenario.agents, other)} by {percent(share)}"
        for other, share in agent.lowers.items()
        if share
    ]
    for component, factor in agent.prolongs.items():
        what = "all improvement" if component == ALL_COMPONENTS else _label(scenario.components, component)
        sentences.append(f"It multiplies the half-life of {what} of its period by {plain(factor)}")
    return sentences


def components(scenario: Scenario, hypotheses: Sequence[MechanismHypothesis]) -> Pairs:
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
        text = f"All patients {_change(component.size)} of their severity"
    else:
        text = f"{percent(component.share)} of the patients {_change(component.size)} of their severity, "
        text += f"the others {_change(component.otherwise, verb=component.otherwise.mean < 0)}"
    lasting = component.half_life_days
    text += f". Nothing of it is lost until day {plain(component.peak_day)}, then half in "
    text += _days(lasting.median)
    if lasting.log_sd:
        low, high = (lasting.median * math.exp(sign * lasting.log_sd) for sign in (-1, 1))
        text += f" (median; {plain(low, 2)} to {plain(high, 2)} in the middle two thirds of the patients)"
    return text


def _change(spread: SizeSpread, verb: bool = True) -> str:
    """`lose 76 % (SD 15)`, or `get worse by 25 %`."""
    if spread.mean == 0 and spread.sd == 0:
        return "lose nothing" if verb else "nothing"
    word = "" if not verb else "get worse by " if spread.mean < 0 else "lose "
    sd = f" (SD {plain(100.0 * spread.sd, 3)})" if spread.sd else ""
    return f"{word}{percent(abs(spread.mean))}{sd}"


def _days(days: float) -> str:
    return f"{plain(days)} day" if days == 1 else f"{plain(days)} days"


def needs_of(scenario: Scenario, hypothesis: MechanismHypothesis) -> list[str]:
    """What each component needs, which agents of the trial give or block it, and what is special here."""
    components = {**scenario.components, **hypothesis.components}
    sentences = needs_of_terms(scenario, hypothesis, hypothesis.terms, components)
    for name in (t.component for t in hypothesis.terms if t.component in hypothesis.components):
        sentences.append(f"Here, {_label(components, name)}: {_size(hypothesis.components[name])}.")
    sentences += _own_agents(scenario, hypothesis)
    return sentences + ([_tie(scenario, hypothesis, hypothesis.tie, components)] if hypothesis.tie else [])


def needs_of_terms(
    scenario: Scenario,
    hypothesis: MechanismHypothesis | None,
    terms: Sequence[Term],
    components: Mapping[str, Labelled],
) -> list[str]:
    """A sentence for each term: the signals that it needs, and where they come from."""
    signals = _signals(scenario, hypothesis)
    mentioned: set[str] = set()
    sentences = []
    for term in terms:
        needs = []
        for need in term.needs:
            if need.gate == 0.0:
                continue  # a gate to be varied: without the signal nothing is lost
            words = _label(signals, need.signal) + (" throughout" if need.when == "throughout" else "")
            if need.signal not in mentioned:
                words += f", {_where_from(scenario, hypothesis, signals, need.signal)}"
            mentioned.add(need.signal)
            needs.append(words + _gate(need))
        what = _capital(_label(components, term.component))
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


def _tie(
    scenario: Scenario, hypothesis: MechanismHypothesis, tie: Tie, components: Mapping[str, Component]
) -> str:
    """What is scaled where numbers are uncertain."""
    agents = {**scenario.agents, **hypothesis.agents}
    given = listed([_label(agents, agent) for agent in tie.agents])
    what = listed([_label(components, component) for component in tie.by])
    other = scenario.hypotheses[tie.to].label or tie.to
    return f"Where numbers are uncertain, {what} is scaled until {given} improves as much as under “{other}”."


def _gate(need: Need) -> str:
    return (
        "" if need.gate >= 1 else f" (in part: without it {percent(1.0 - need.gate)} of the effect is left)"
    )


def _where_from(
    scenario: Scenario,
    hypothesis: MechanismHypothesis | None,
    signals: Mapping[str, Signal],
    name: str,
    deep: bool = True,
) -> str:
    """`which ketamine gives and naltrexone blocks by 95 %`, as far as this trial's agents matter."""
    signal, given = signals[name], _given(scenario)
    agents = {**scenario.agents, **(hypothesis.agents if hypothesis is not None else {})}
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
                t: _gives(amount * (1.0 if each.level is None else each.level)) + _from(each)
                for t, each in given[agent].items()
            }
            phrases.append(f"{_label(agents, agent)} {_by_treatment(ways)}")
    for other, amount in signal.activated_by_signal.items():
        if amount:
            inner = f" ({_where_from(scenario, hypothesis, signals, other, False)})" if deep else ""
            phrases.append(f"{_label(signals, other)}{inner} {_gives(amount, 'sets off')}")
    if not phrases:
        return "which nothing in this trial gives"
    phrases += ["the patient's guess multiplies"] if guessed == "multiply" else []
    blocked = [
        f"{_label(agents, agent)} blocks by {_blocked(agents[agent], given[agent], share)}"
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
    return _by_treatment(
        {t: percent(share * _occupancy(agent, each)) + _from(each) for t, each in given.items()}
    )


def _own_agents(scenario: Scenario, hypothesis: MechanismHypothesis) -> list[str]:
    """What the hypothesis says of an agent of the trial that is not said of it in general."""
    sentences = []
    given = _given(scenario)
    for name, own in hypothesis.agents.items():
        common = scenario.agents.get(name)
        if name not in given or common is None:
            continue
        label = own.label or name
        before, now = _traits(scenario, common), _traits(scenario, own)
        sentences += [f"{_capital(label)}{trait.removeprefix('It')}." for trait in now if trait not in before]
        if before and not now:
            sentences.append(f"{_capital(label)} lowers and prolongs nothing.")
        if (own.occupancy, own.half_life_days) != (common.occupancy, common.half_life_days):
            sentences += [f"{_capital(label)}: {line[3:]}." for line in _receptors(scenario, name, own)]
    return sentences


def _signals(scenario: Scenario, hypothesis: MechanismHypothesis | None) -> dict[str, Signal]:
    return {**scenario.signals, **(hypothesis.signals if hypothesis is not None else {})}


def _label(table: Mapping[str, Agent] | Mapping[str, Signal] | Mapping[str, Labelled], name: str) -> str:
    entry = table.get(name)
    return (entry.label if entry is not None else "") or name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
