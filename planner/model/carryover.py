"""What of a treatment is left when the next period begins, and differs between treatments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner.model.families.family import Blockade, family_of
from planner.scenario.scenario import Scenario

_NEGLIGIBLE = 0.005  # a smaller share of receptors is not worth a sentence


def carries(scenario: Scenario, name: str) -> bool:
    """Whether anything of a treatment can reach a later period under a hypothesis."""
    hypothesis = scenario.hypotheses[name]
    return scenario.design.periods > 1 and family_of(hypothesis).carries(scenario, hypothesis)


def blockades(scenario: Scenario, names: Sequence[str]) -> tuple[Blockade, ...]:
    """Agents that block something under some hypothesis, and still may a little at the next dosing."""
    if scenario.design.periods < 2:
        return ()
    hypotheses = (scenario.hypotheses[name] for name in names)
    rows = (row for each in hypotheses for row in family_of(each).blockades(scenario, each))
    return tuple(dict.fromkeys(rows))


def unequal_carryover(scenario: Scenario, name: str) -> Mapping[str, float]:
    """What is left of each treatment when the next period begins, if that differs between treatments.

    Of means the points stated; of mechanisms the share of its longest-lived component that the median patient
    still has. Empty where carryover cannot raise the type I error: none, or the same for all treatments.
    """
    hypothesis = scenario.hypotheses[name]
    if scenario.design.periods < 2:
        return {}
    return family_of(hypothesis).unequal_carryover(scenario, hypothesis)


def unequal_blockade(scenario: Scenario, name: str) -> dict[str, float]:
    """What blockers of each treatment still occupy at the next dosing, if that differs between treatments."""
    left = dict.fromkeys(scenario.design.treatments, 0.0)
    for row in blockades(scenario, (name,)):
        left[row.treatment] = max(left[row.treatment], row.left)
    return left if max(left.values()) - min(left.values()) > _NEGLIGIBLE else {}
