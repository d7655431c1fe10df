"""What is uncertain in a scenario, as results name it."""

from __future__ import annotations

from dataclasses import dataclass

from planner.model.parameter_draws import uncertain_parameters
from planner.results.contract import Written
from planner.scenario.faults import Path
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainNumber(Written):
    """An uncertain entry: a number, or several that vary together."""

    hypothesis: str | None  # None: of all
    path: str  # of several, joined by ", "
    distribution: str
    stated: tuple[float, ...]
    acts: bool  # whether it is about what the trial gives and analyses: its agents and outcomes


def uncertain_numbers(scenario: Scenario) -> list[UncertainNumber]:
    """The uncertain entries of the hypotheses that are simulated."""
    names = scenario.simulated_hypotheses
    return [
        UncertainNumber(
            hypothesis=entry.hypothesis,
            path=entry.key,
            distribution=entry.distribution.in_words,
            stated=tuple(each.value for each in entry.numbers),
            acts=any(_acts(scenario, each.route) for each in entry.numbers),
        )
        for entry in uncertain_parameters(scenario)
        if entry.hypothesis is None or entry.hypothesis in names
    ]


def _acts(scenario: Scenario, route: Path) -> bool:
    """Whether the agents named on the way to a number are given, and the outcome is analysed."""
    given = {
        each.agent
        for name in scenario.design.treatments
        for each in (scenario.treatments[name].agents if name in scenario.treatments else ())
    }
    if route[0] == "outcomes" and all(analysis.outcome != route[1] for analysis in scenario.analyses):
        return False
    named = [route[i + 1] for i, part in enumerate(route[:-1]) if part in _BY_AGENT]
    return all(name in given for name in named)


_BY_AGENT = ("agents", "activated_by", "blocked_by", "lowers")
