"""What the stopping rule of a trial does to the weight of its result.

By the likelihood principle a stopping rule that looks at nothing but what is weighed cancels: given the
result, it stops or it does not, under every hypothesis alike. A rule that looks at more (the change of the
score, where responses are counted) has selected the result a little, and differently under each hypothesis.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.scenario import Scenario


@dataclass(frozen=True)
class Stopping:
    """How the stopping rule was treated: `none`, `ignored`, `determined` or `multiplied`."""

    treatment: str
    note: str
    look: int | None = None
    analysis: str | None = None


def unstated(scenario: Scenario) -> Stopping:
    """Where the result does not say at which look the trial ended."""
    if len(scenario.monitoring.looks) < 2:
        return Stopping("none", "one look: the trial could not stop early")
    return Stopping(
        "ignored",
        "ignored: the result does not say at which look, and by which rule, the trial ended. That is "
        "harmless as far as the decision rested on what is weighed here; as far as it rested on other data "
        "of the same patients, or on a wish to stop, the result is selected",
    )
