"""Degrees of freedom of the t tests at a look where nobody has dropped out, known before the trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.estimability import taking_part, within_patients
from planner.scenario.scenario import Scenario


def planned_df(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> int | None:
    """Degrees of freedom of a t test if nobody has dropped out; None where they depend on the data."""
    df_of = PLANNED_DF.get(analysis.method)
    return None if df_of is None else max(df_of(scenario, analysis, patients), 0)


def _patients_in(scenario: Scenario, chosen: Sequence[bool], patients: int) -> int:
    """How many of the first so many patients are in the chosen sequences, if these fill evenly."""
    units = sum(n for n, takes in zip(scenario.design.allocation, chosen, strict=True) if takes)
    return round(patients * units / scenario.design.unit)


def _of_sequences(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> int:
    part = taking_part(scenario.design.sequences, analysis.weights)
    return _patients_in(scenario, part, patients) - sum(part)


def _of_first_treatments(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> int:
    part = [sequence[0] in analysis.weights for sequence in scenario.design.sequences]
    return _patients_in(scenario, part, patients) - len(analysis.weights)


def _of_observations(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> int:
    rank, _ = within_patients(scenario.design.sequences, analysis.weights, analysis.carryover)
    return patients * (scenario.design.periods - 1) - rank


PLANNED_DF: dict[str, Callable[[Scenario, PlannedAnalysis, int], int]] = {
    "hills-armitage": _of_sequences,
    "subject-contrast": _of_sequences,
    "paired-t": lambda scenario, analysis, patients: patients - 1,
    "period-one": _of_first_treatments,
    "fixed-subject": _of_observations,
    "baseline-adjusted": lambda scenario, analysis, patients: _of_sequences(scenario, analysis, patients) - 1,
    "parallel-ancova": lambda scenario, analysis, patients: (
        _of_first_treatments(scenario, analysis, patients) - 1
    ),
}
"""How many degrees of freedom the t tests of whole numbers of them have."""
