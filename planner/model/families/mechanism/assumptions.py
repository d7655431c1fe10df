"""The numbers that mechanisms assume: their own, and those of the scenario that they depend on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.model.assumed_numbers import AssumedNumber, numbers_in
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.scenario import Scenario

OWN = ("signals", "terms", "outcomes", "tie")
"""Settings of a hypothesis whose numbers are structure."""

_PATIENTS = ("baseline", "rating_sd", "occasion_sd")


def common_numbers(
    scenario: Scenario, stated: Mapping[str, Any], names: tuple[str, ...]
) -> Iterator[tuple[AssumedNumber, tuple[str, ...]]]:
    """Common components, outcomes that are analysed, guesses, the agents that are given, and the patients."""
    for component, table in stated.get("components", {}).items():
        used = tuple(name for name in names if _takes(scenario.hypotheses[name], component))
        for number in numbers_in(table) if used else ():
            yield _below(("components", component), number, component), used
    for outcome in dict.fromkeys(a.outcome for a in scenario.analyses if a.outcome):
        table = {**stated["outcomes"][outcome], "day": 0, "scale": 0}
        for number in numbers_in(table):
            yield _below(("outcomes", outcome), number, outcome), names
    for number in numbers_in(stated.get("blinding", {}), chosen=()):
        yield _below(("blinding",), number, "blinding"), names
    for agent in _given(scenario):
        for number in numbers_in(stated["agents"].get(agent, {}), chosen=()):
            yield _below(("agents", agent), number, agent), names
    for number in numbers_in({key: stated["population"].get(key) for key in _PATIENTS}):
        yield number._replace(path=("population", *number.path)), names


def _below(path: tuple[str, ...], number: AssumedNumber, called: str) -> AssumedNumber:
    """A number of a table that stands at this path."""
    return number._replace(path=(*path, *number.path), label=f"{called}.{number.label}")


def _given(scenario: Scenario) -> list[str]:
    """The agents of the design's treatments."""
    treatments = (scenario.treatments.get(a) for a in scenario.design.treatments)
    return sorted({each.agent for treatment in treatments if treatment for each in treatment.agents})


def _takes(hypothesis: object, component: str) -> bool:
    """Whether a hypothesis has a component and takes the common one."""
    assert isinstance(hypothesis, MechanismHypothesis)
    return component not in hypothesis.components and any(t.component == component for t in hypothesis.terms)
