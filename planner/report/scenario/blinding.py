"""Blinding in words: what patients guess, what it depends on, and what depends on it."""

from __future__ import annotations

import math

from planner.report.blocks import Block, Heading, Items
from planner.report.scenario.names import called
from planner.results.number_text import percent, plain
from planner.scenario.blinding import Blinding, Expectancy
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed


def blinding_blocks(scenario: Scenario) -> list[Block]:
    """What patients guess after each period; nothing where they are not asked."""
    blinding = scenario.blinding
    if blinding is None:
        return []
    agents = [called(scenario.agents, agent) for agent in blinding.active]
    active = [
        a
        for a in scenario.design.treatments
        if {each.agent for each in scenario.treatments[a].agents} & set(blinding.active)
    ]
    sentences = [
        "After each period patients guess whether the treatment was an active one: one with "
        f"{listed(agents, 'or')}, here {listed(active)}.",
        _odds(scenario, blinding),
    ]
    if blinding.expectancy is not None:
        sentences.append(_consequence(scenario, blinding.expectancy))
    return [Heading("What patients guess"), Items(sentences)]


def _odds(scenario: Scenario, blinding: Blinding) -> str:
    text = f"The odds of guessing active are {_factor(blinding.intercept)}"
    if not blinding.outcome:
        return f"{text}, whatever was given."
    outcome = scenario.outcomes[blinding.outcome]
    text += f" at a {outcome.label} of 0"
    if blinding.slope:
        text += f", times {_factor(blinding.slope)} for each of its {outcome.unit}"
    if blinding.slope_from_previous:
        text += f", times {_factor(blinding.slope_from_previous)} for each more than in the period before"
    return f"{text}."


def _consequence(scenario: Scenario, expectancy: Expectancy) -> str:
    signal = called(scenario.signals, expectancy.signal)
    if expectancy.combine == "replace":
        return (
            f"The {signal} is at {percent(expectancy.if_active)} in those who guess active and at "
            f"{percent(expectancy.if_inactive)} in the others, whatever the treatment itself would give."
        )
    yes, no = plain(expectancy.if_active), plain(expectancy.if_inactive)
    return f"A guess of active multiplies the {signal} by {yes}, the other guess by {no}."


def _factor(log_odds: float) -> str:
    return plain(math.exp(log_odds), 3) if log_odds > -20 else "next to 0"
