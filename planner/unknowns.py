"""What is uncertain in a scenario, ready to be shown."""

from __future__ import annotations

from planner.faults import Path
from planner.scenario import Scenario
from planner.uncertainty import entries


def unknowns(scenario: Scenario) -> list[dict[str, object]]:
    """The uncertain entries of the hypotheses that are simulated: path, distribution, stated values.

    `given`: whether they are about agents that the trial gives, if about agents.
    """
    names = scenario.simulation.hypotheses or tuple(scenario.hypotheses)
    return [
        {
            "hypothesis": entry.hypothesis,  # None: of all
            "path": entry.key,
            "distribution": entry.distribution.said,
            "stated": [each.value for each in entry.numbers],
            "given": any(_given(scenario, each.route) for each in entry.numbers),
        }
        for entry in entries(scenario)
        if entry.hypothesis is None or entry.hypothesis in names
    ]


def _given(scenario: Scenario, route: Path) -> bool:
    """Whether the agents named on the way to a number are in any treatment of the design."""
    given = {
        each.agent
        for name in scenario.design.treatments
        for each in (scenario.treatments[name].agents if name in scenario.treatments else ())
    }
    named = [route[i + 1] for i, part in enumerate(route[:-1]) if part in _BY_AGENT]
    return all(name in given for name in named)


_BY_AGENT = ("agents", "activated_by", "blocked_by", "lowers")
