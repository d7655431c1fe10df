"""Hypotheses of family `terms` in words: what is given, what improvement is made of, what it needs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from planner.questions.plan import TrialPlan
from planner.report.blocks import Block, Facts, Heading
from planner.report.scenario.agents import agents, given_agents, receptors, traits
from planner.report.scenario.family import FamilyInWords
from planner.report.scenario.names import Labelled, called, capital, in_days
from planner.report.scenario.needs import needs_of_terms
from planner.results.number_text import percent, plain
from planner.scenario.components import Component, SizeSpread
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed
from planner.scenario.uncertainty import Tie


class MechanismInWords(FamilyInWords[MechanismHypothesis]):
    """Mechanisms are made of agents and components, which are described before the hypotheses."""

    def made_of(self, scenario: Scenario, hypotheses: Sequence[MechanismHypothesis]) -> list[Block]:
        blocks: list[Block] = [Heading("What is given"), Facts(agents(scenario, hypotheses))]
        parts = _components(scenario, hypotheses)
        return blocks + ([Heading("What improvement is made of"), Facts(parts)] if parts else [])

    def sentences(self, scenario: Scenario, hypothesis: MechanismHypothesis, plan: TrialPlan) -> list[str]:
        return _needs(scenario, hypothesis) + _own_outcomes(scenario, hypothesis)

    def carried_over(self, scenario: Scenario, left: Mapping[str, float]) -> str:
        shares = listed([f"{percent(round(share, 2))} after {a}" for a, share in left.items()])
        cycle = plain(scenario.design.period_days + scenario.design.washout_days)
        return (
            f"carryover: {cycle} days after a dosing, when the next period begins, the median patient still "
            f"has {shares} of the part of the improvement that lasts longest"
        )


IN_WORDS = MechanismInWords()


def _components(scenario: Scenario, hypotheses: Sequence[MechanismHypothesis]) -> list[tuple[str, str]]:
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
    text += in_days(lasting.median)
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


def _needs(scenario: Scenario, hypothesis: MechanismHypothesis) -> list[str]:
    """What each component needs, which agents of the trial give or block it, and what is special here."""
    components = {**scenario.components, **hypothesis.components}
    sentences = needs_of_terms(scenario, hypothesis, hypothesis.terms, components)
    for name in (t.component for t in hypothesis.terms if t.component in hypothesis.components):
        sentences.append(f"Here, {called(components, name)}: {_size(hypothesis.components[name])}.")
    sentences += _own_agents(scenario, hypothesis)
    return sentences + ([_tie(scenario, hypothesis, hypothesis.tie, components)] if hypothesis.tie else [])


def _tie(
    scenario: Scenario, hypothesis: MechanismHypothesis, tie: Tie, components: Mapping[str, Component]
) -> str:
    """What is scaled where numbers are uncertain."""
    agents = {**scenario.agents, **hypothesis.agents}
    given = listed([called(agents, agent) for agent in tie.agents])
    what = listed([called(components, component) for component in tie.by])
    other = scenario.hypotheses[tie.to].label or tie.to
    return f"Where numbers are uncertain, {what} is scaled until {given} improves as much as under “{other}”."


def _own_agents(scenario: Scenario, hypothesis: MechanismHypothesis) -> list[str]:
    """What the hypothesis says of an agent of the trial that is not said of it in general."""
    sentences = []
    given = given_agents(scenario)
    for name, own in hypothesis.agents.items():
        common = scenario.agents.get(name)
        if name not in given or common is None:
            continue
        label = own.label or name
        before, now = traits(scenario, common), traits(scenario, own)
        sentences += [f"{capital(label)}{trait.removeprefix('It')}." for trait in now if trait not in before]
        if before and not now:
            sentences.append(f"{capital(label)} lowers and prolongs nothing.")
        if (own.occupancy, own.half_life_days) != (common.occupancy, common.half_life_days):
            sentences += [f"{capital(label)}: {line[3:]}." for line in receptors(scenario, name, own)]
    return sentences


def _own_outcomes(scenario: Scenario, hypothesis: MechanismHypothesis) -> list[str]:
    """What drives secondary outcomes under a hypothesis that says so itself."""
    lines = []
    for name, own in hypothesis.outcomes.items():
        outcome = scenario.outcomes[name]
        parts: dict[str, Labelled] = {**scenario.components, **hypothesis.components, **outcome.components}
        sentences = " ".join(needs_of_terms(scenario, hypothesis, own.terms, parts))
        lines.append(f"Here, of {outcome.label}: {sentences}")
    return lines
