"""The readings that are stored of each period: a measure on a day after dosing."""

from __future__ import annotations

from typing import NamedTuple

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.families.base import FamilySettings
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


def gives(scenario: Scenario, hypothesis: FamilySettings, reading: Reading) -> bool:
    """Whether a hypothesis says what patients have of a reading."""
    if reading == GUESS:
        return hypothesis.has_guesses and scenario.blinding is not None
    if reading == BASELINE:
        measured = hypothesis.has_baselines and scenario.design.baselines != "none"
        return measured or hypothesis.has_severity
    if reading.outcome:
        return hypothesis.has_secondary_outcomes
    if hypothesis.tells_every_day:
        return reading.measure in hypothesis.measures
    return (reading.measure, reading.day) == (scenario.endpoint.measure, scenario.endpoint.day)


def reading_of(scenario: Scenario, analysis: PlannedAnalysis) -> Reading:
    """The reading that an analysis uses: its own measure and day, or the endpoint's."""
    endpoint = scenario.endpoint
    day = endpoint.day if analysis.day is None else analysis.day
    return Reading(analysis.measure or endpoint.measure, day, analysis.outcome)
