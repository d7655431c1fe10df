"""The readings that are stored of each period: a measure on a day after dosing."""

from __future__ import annotations

from typing import NamedTuple

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario


class Reading(NamedTuple):
    """What is stored of a period: a measure on a day after dosing, of the endpoint or a secondary outcome."""

    measure: str
    day: float
    outcome: str = ""  # name of the secondary outcome


GUESS = Reading("guess", 0.0)
"""1 where a patient takes the period's treatment for an active one, else 0."""


BASELINE = Reading("baseline", 0.0)
"""The score of the endpoint before dosing."""


def readings_of(scenario: Scenario) -> list[Reading]:
    """The readings that the analyses use, each once, and what patients guess where the trial has guesses."""
    readings = [*dict.fromkeys(reading_of(scenario, analysis) for analysis in scenario.analyses)]
    readings += [GUESS] if scenario.blinding is not None else []
    return readings + ([BASELINE] if any(a.row.baseline for a in scenario.analyses) else [])


def reading_of(scenario: Scenario, analysis: PlannedAnalysis) -> Reading:
    """The reading that an analysis uses: its own measure and day, or the endpoint's."""
    endpoint = scenario.endpoint
    day = endpoint.day if analysis.day is None else analysis.day
    return Reading(analysis.measure or endpoint.measure, day, analysis.outcome)
