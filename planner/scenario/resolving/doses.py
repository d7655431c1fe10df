"""Treatments resolved: what a dose occupies, and when in its period an agent is given."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from itertools import pairwise
from math import log

from planner.scenario.components import Agent, GivenAgent
from planner.scenario.design import Design, Treatment
from planner.scenario.faults import Path
from planner.scenario.resolving.draft import Draft
from planner.scenario.text import printable


def occupancy_at(dose: float, table: Mapping[str, float]) -> float | None:
    """Occupancy at a dose: as measured; between two doses a straight line over the logarithm of the dose.

    None outside the doses of the table: a curve that goes further would be an assumption.
    """
    doses = sorted((float(text), share) for text, share in table.items())
    i = bisect_left(doses, (dose, 0.0))
    if i < len(doses) and doses[i][0] == dose:
        return doses[i][1]
    if i in (0, len(doses)):
        return None
    (low, a), (high, b) = doses[i - 1], doses[i]
    between = a + (b - a) * (log(dose / low) / log(high / low))
    return float(f"{between:.12g}")  # the logarithm differs in the last bits between machines


def check_doses(draft: Draft) -> None:
    """Refuse tables of doses in which a larger dose occupies less, or in which a hypothesis differs."""
    for name, agent in draft.agents.items():
        path: Path = ("agents", name, "occupancy_by_dose")
        doses = sorted((float(text), share, text) for text, share in agent.occupancy_by_dose.items())
        for (low, less, _), (high, more, text) in pairwise(doses):
            if low == high:
                draft.note(
                    (*path, text), f"is the same dose as {low:g}", "leave one of them out", at_key=True
                )
            elif more < less:
                message = f"is {more:g}, but {_amount(low, agent)} already occupies {less:g}"
                draft.note((*path, text), message, "a larger dose cannot occupy less")
    for name, hypothesis in draft.hypotheses.items():
        for own, agent in hypothesis.own_agents.items():
            if agent.occupancy_by_dose:
                message = "is measured, and the same under all hypotheses"
                hint = f"leave it out here: treatments take it from [agents.{printable(own)}]"
                draft.note(("hypotheses", name, "agents", own, "occupancy_by_dose"), message, hint, True)


def resolve_doses(draft: Draft, design: Design, treatments: Mapping[str, Treatment]) -> dict[str, Treatment]:
    """The treatments with the occupancy of each dose that they name."""
    done = {}
    for name, treatment in treatments.items():
        agents = [
            _resolve(draft, design, ("treatments", name, "agents", i), given, name in design.treatments)
            for i, given in enumerate(treatment.agents)
        ]
        done[name] = treatment.model_copy(update={"agents": tuple(agents)})
    return done


def _resolve(draft: Draft, design: Design, path: Path, given: GivenAgent, used: bool) -> GivenAgent:
    agent = draft.agents.get(given.agent)
    if used and design.periods > 1 and given.at_days is not None:
        _check_time(draft, design, path, given.at_days)
    if agent is None:
        return given
    if given.dose is None:
        unnamed = draft.written(("agents", given.agent, "occupancy")) is None and given.occupancy is None
        if agent.occupancy_by_dose and unnamed:
            message = f"names no dose of {printable(given.agent)}, whose occupancy depends on it"
            draft.note(path, message, f"{_doses(agent)}, as {{ agent = ..., dose = ... }}")
        return given
    if not agent.occupancy_by_dose:
        message = f"no occupancy by dose is known of {printable(given.agent)}"
        table = f"[agents.{printable(given.agent)}] occupancy_by_dose = {{ 5 = 0.49, 15 = 0.61 }}"
        draft.note((*path, "dose"), message, f"{table}, or `occupancy` in place of the dose")
        return given
    occupancy = occupancy_at(given.dose, agent.occupancy_by_dose)
    if occupancy is None:
        message = f"is {_amount(given.dose, agent)}, of which no occupancy is known"
        draft.note((*path, "dose"), message, f"{_doses(agent)}; or state `occupancy` in place of the dose")
    elif given.occupancy is not None and given.occupancy != occupancy:
        message = f"is {given.occupancy:g}, but {_amount(given.dose, agent)} occupies {occupancy:g}"
        draft.note((*path, "occupancy"), message, "state the dose or the occupancy")
    return given.model_copy(update={"occupancy": occupancy})


def _check_time(draft: Draft, design: Design, path: Path, at_days: float) -> None:
    cycle = design.cycle_days
    if 0.0 < cycle <= at_days:
        message = f"is day {at_days:g}, but the next dosing is {cycle:g} days after the one before"
        draft.note((*path, "at_days"), message, "it is given within the period of its treatment")


def _amount(dose: float, agent: Agent) -> str:
    return f"{dose:g} {printable(agent.dose_unit)}".rstrip()


def _doses(agent: Agent) -> str:
    doses = sorted(float(text) for text in agent.occupancy_by_dose)
    if len(doses) == 1:
        return f"the one dose of the table is {_amount(doses[0], agent)}"
    return f"the doses of the table go from {doses[0]:g} to {_amount(doses[-1], agent)}"
