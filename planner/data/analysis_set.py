"""Who counts of the patients of a real trial, and what the endpoint's measure says of each.

Patients who were seen in all their periods count. A value of the file is a score, or already of the measure
(long_format.py); a change, a percent change or a response of a score is read against the baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import mean

from planner.data.long_format import ObservedPatient, PatientData, read_patients
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

_TIE = 1e-9  # of a score to a limit, as for virtual patients in planner.model.families


@dataclass(frozen=True)
class AnalysisSet:
    """The patients in a file, and of each the endpoint's measure by period; None where it is missing."""

    data: PatientData
    values: Mapping[str, Sequence[float | None]]  # by subject

    @property
    def completers(self) -> list[ObservedPatient]:
        """Those who were seen in all their periods."""
        return [patient for patient in self.data.patients if None not in self.values[patient.subject]]

    def by_treatment(self, patient: ObservedPatient) -> dict[str, float]:
        """A completer's mean over the periods that give each treatment."""
        values = list(zip(self.values[patient.subject], patient.sequence, strict=True))
        return {
            treatment: float(mean(x for x, given in values if given == treatment and x is not None))
            for treatment in dict.fromkeys(patient.sequence)
        }

    @property
    def first_missing(self) -> str:
        """Where a value is missing, for a hint."""
        for patient in self.data.patients:
            for k, value in enumerate(self.values[patient.subject]):
                if value is None:
                    return f"for instance, subject {patient.subject} has no value in period {k + 1}"
        return ""


def read_analysis_set(scenario: Scenario, path: str | Path) -> AnalysisSet:
    """The patients in a file, in the endpoint's measure. Raises ScenarioError with all that is wrong."""
    endpoint = scenario.endpoint
    data = read_patients(path, endpoint.measure, endpoint.day, scenario.design.sequences)
    reader = _Reader(scenario, data)
    values = {p.subject: [reader.read(p, k) for k in range(len(p.sequence))] for p in data.patients}
    data.table.check()
    return AnalysisSet(data, values)


@dataclass(frozen=True)
class _Reader:
    """Reads the endpoint's measure of patients, and notes what cannot be read."""

    scenario: Scenario
    data: PatientData

    def read(self, patient: ObservedPatient, period: int) -> float | None:
        """The endpoint's measure of a period, None where it is missing or noted as a fault."""
        endpoint, value = self.scenario.endpoint, patient.values.get(period)
        scored = any(hypothesis.has_severity for hypothesis in self.scenario.hypotheses.values())
        measured = self.data.measured
        if value is None:
            return None
        if endpoint.measure in BINARY_MEASURES and (measured or not scored):
            if value not in (0.0, 1.0):
                self._refuse(patient, period, f"a {endpoint.measure} is 0 or 1, not {value:g}")
                return None
            return value
        if measured or endpoint.measure == "score":
            return value
        if endpoint.measure == "remission":
            limit = endpoint.scale.remission_at_most
            assert limit is not None  # a scenario that was read is complete
            return float(value <= limit + _TIE)
        return self._against_baseline(patient, period, value)

    def _against_baseline(self, patient: ObservedPatient, period: int, value: float) -> float | None:
        """A change, a percent change or a response."""
        endpoint, table = self.scenario.endpoint, self.data.table
        of = 0 if endpoint.baseline == "first" else period
        baseline = patient.baselines.get(of)
        if baseline is None:
            hint = "add a column `baseline`, or choose another endpoint.measure"
            if not table.has("baseline"):
                message = f"the {endpoint.measure} needs a baseline, and there is no such column"
                if not table.faults:
                    table.note(table.header, "", message, hint)
                return None
            where = f"period {of + 1} of subject {patient.subject}"
            row = patient.rows.get(of, patient.rows[period])
            message = f"the {endpoint.measure} needs a baseline, and {where} has none"
            table.note(row, "baseline", message, "fill it in, or leave the value empty to leave it out")
            return None
        if endpoint.measure == "response":
            share = 1.0 - (0.5 if endpoint.scale.response is None else endpoint.scale.response)
            return float(value <= share * baseline + _TIE)
        change = value - baseline
        if endpoint.measure == "percent-change":
            change = 100.0 * change / baseline if baseline else 0.0
        if not isfinite(change):
            self._refuse(patient, period, f"the {endpoint.measure} is too large a number")
            return None
        return change

    def _refuse(self, patient: ObservedPatient, period: int, message: str) -> None:
        self.data.table.note(patient.rows[period], "value", message)
