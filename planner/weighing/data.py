"""An observed result from the data of patients: what the endpoint says of each, summed up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from planner.patient_data import Patient, check_patients, read_patients
from planner.scenario import Scenario
from planner.scenario_observed import MAX_OBSERVED, Observed, ObservedMean, Pairs
from planner.scenario_terms import Terms
from planner.vocabulary import BINARY_MEASURES
from planner.weighing.errors import WeighingError

_TIE = 1e-9  # as in planner.families


def observed_in(scenario: Scenario, path: str | Path) -> Observed:
    """The result in a file, in the endpoint's measure. Raises ScenarioError, WeighingError.

    Patients who were seen in all their periods count. Responses to two treatments are kept in pairs.
    """
    day, measure = scenario.endpoint.day, scenario.endpoint.measure
    data = read_patients(path, measure, day)
    patients = data.patients
    check_patients(str(path), patients, scenario.design.sequences)
    read = _Reader(scenario, data.measured)
    whole = [p for p in patients if read.whole(p)]
    if len(whole) < 2:
        raise WeighingError("fewer than two patients of the data were seen in all their periods")
    if len(whole) > MAX_OBSERVED:
        raise WeighingError(f"more than {MAX_OBSERVED:,} patients are too many to be weighed")
    numbers = {" ".join(s): sum(p.sequence == s for p in whole) for s in scenario.design.sequences}
    note = f"Computed from {Path(path).name}: {len(whole)} of {len(patients)} patients have all their values."
    treatments = scenario.design.treatments
    by_treatment = {a: [x for p in whole if (x := read.mean(p, a)) is not None] for a in treatments}
    if measure not in BINARY_MEASURES:
        rows = {
            a: ObservedMean(
                mean=fmean(values), n=len(values), sd=(stdev(values) if len(values) > 1 else 0.0) or None
            )
            for a, values in by_treatment.items()
            if values
        }
        return Observed(note=note, day=day, means=rows, sequences=numbers, use="means")
    if any(sequence.count(a) > 1 for sequence in scenario.design.sequences for a in sequence):
        raise WeighingError(
            "responses cannot be counted where the same patient receives a treatment more than once",
            "choose another endpoint.measure",
        )
    together = all(set(treatments) <= set(sequence) for sequence in scenario.design.sequences)
    if len(treatments) == 2 and together and measure == "response":
        a, b = treatments
        table = [(read.mean(p, a), read.mean(p, b)) for p in whole]
        pairs = Pairs(
            both=table.count((1.0, 1.0)),
            only={a: table.count((1.0, 0.0)), b: table.count((0.0, 1.0))},
            neither=table.count((0.0, 0.0)),
        )
        return Observed(note=note, day=day, pairs=pairs, sequences=numbers, use="counts")
    counted = {a: (round(sum(values)), len(values)) for a, values in by_treatment.items() if values}
    key = "responders" if measure == "response" else "remitters"
    found = {"note": note, "day": day, key: counted, "sequences": numbers, "use": "counts"}
    return Observed.model_validate(found)


@dataclass(frozen=True)
class _Reader:
    """Reads the endpoint's measure of patients; `measured`: their values are of the measure already."""

    scenario: Scenario
    measured: bool

    def whole(self, patient: Patient) -> bool:
        """Whether the patient was seen in all periods."""
        return all(self.read(patient, k) is not None for k in range(len(patient.sequence)))

    def mean(self, patient: Patient, treatment: str) -> float | None:
        """The patient's mean over the periods that give the treatment; None if none does."""
        values = [self.read(patient, k) for k, a in enumerate(patient.sequence) if a == treatment]
        return fmean([x for x in values if x is not None]) if values else None

    def read(self, patient: Patient, period: int) -> float | None:
        """The endpoint's measure of a period, None where it is missing. Raises WeighingError."""
        endpoint, value = self.scenario.endpoint, patient.values.get(period)
        scored = any(isinstance(hypothesis, Terms) for hypothesis in self.scenario.hypotheses.values())
        binary = endpoint.measure in BINARY_MEASURES
        if value is None:
            return None
        if binary and (self.measured or not scored):
            if value not in (0.0, 1.0):
                raise WeighingError(f"a {endpoint.measure} is 0 or 1, not {value:g}")
            return value
        if self.measured or endpoint.measure == "score":
            return value
        if endpoint.measure == "remission":
            limit = endpoint.scale.remission_at_most
            assert limit is not None  # a scenario that was read is complete
            return float(value <= limit + _TIE)
        return self._against_baseline(patient, period, value)

    def _against_baseline(self, patient: Patient, period: int, value: float) -> float:
        """A change, a percent change or a response."""
        endpoint = self.scenario.endpoint
        baseline = patient.baselines.get(0 if endpoint.baseline == "first" else period)
        if baseline is None:
            where = f"period {period + 1} of subject {patient.subject}"
            raise WeighingError(
                f"the {endpoint.measure} needs a baseline, and {where} has none",
                "add a column `baseline`, or choose another endpoint.measure",
            )
        if endpoint.measure == "change":
            return value - baseline
        if endpoint.measure == "percent-change":
            return 100.0 * (value - baseline) / baseline if baseline else 0.0
        share = 1.0 - (0.5 if endpoint.scale.response is None else endpoint.scale.response)
        return float(value <= share * baseline + _TIE)
