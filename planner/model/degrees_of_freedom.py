"""Degrees of freedom of the t tests at a look where nobody has dropped out, known before the trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.analyses import DfRule, info_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.estimability import free_scores, taking_part, within_patients
from planner.scenario.scenario import Scenario


def planned_df(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> int | None:
    """Degrees of freedom of a t test if nobody has dropped out; None where they depend on the data."""
    about = info_of(analysis)
    if about.df is None:
        return None
    return max(_DF_OF[about.df](scenario, analysis, patients) - about.covariates, 0)


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
    design = scenario.design
    rank, _ = within_patients(design.sequences, analysis.weights, analysis.carryover, analysis.only)
    return patients * free_scores(design.sequences, design.allocation, analysis.only) // design.unit - rank


_DF_OF: dict[DfRule, Callable[[Scenario, PlannedAnalysis, int], int]] = {
    "patients": lambda scenario, analysis, patients: patients - 1,
    "sequences": _of_sequences,
    "first treatments": _of_first_treatments,
    "observations": _of_observations,
}
