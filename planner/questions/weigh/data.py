"""An observed result from the data of patients: what the endpoint says of each, summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from planner.data.long_format import ObservedPatient, PatientData, read_patients
from planner.errors import WeighingError
from planner.scenario.families.mechanism import MechanismHypothesis
from planner.scenario.observed import MAX_OBSERVED, Observed, ObservedMean, ObservedPairs
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES

_TIE = 1e-9  # as in planner.engine.generators


def observed_in(scenario: Scenario, path: str | Path) -> Observed:
    """The result in a file, in the endpoint's measure. Raises ScenarioError, WeighingError.

    It takes the place of a result that the scenario states, except for the look at which the trial ended.
    Patients who were seen in all their periods count. Responses to two treatments are kept in pairs.
    """
    day, measure, design = scenario.endpoint.day, scenario.endpoint.measure, scenario.design
    data = read_patients(path, measure, day, design.sequences)
    reader = _Reader(scenario, data)
    read = {p.subject: [reader.read(p, k) for k in range(len(p.sequence))] for p in data.patients}
    data.table.check()
    whole = [p for p in data.patients if None not in read[p.subject]]
    if len(whole) < 2:
        raise WeighingError(
            "fewer than two patients of the data were seen in all their periods", _unseen(data.patients, read)
        )
    if len(whole) > MAX_OBSERVED:
        raise WeighingError(f"more than {MAX_OBSERVED:,} patients are too many to be weighed")
    numbers = {" ".join(s): sum(p.sequence == s for p in whole) for s in design.sequences}
    table = [{a: _of_treatment(p, read[p.subject], a) for a in dict.fromkeys(p.sequence)} for p in whole]
    by_treatment = {a: [row[a] for row in table if a in row] for a in design.treatments}
    about: dict[str, Any] = {
        "note": f"{_note(path, data, len(whole))}{_beside(scenario, numbers)}",
        "day": day,
        "sequences": numbers,
        **_ending(scenario),
    }
    if measure not in BINARY_MEASURES:
        means = {a: _mean(values) for a, values in by_treatment.items() if values}
        return Observed(means=means, use="means", **about)
    if any(sequence.count(a) > 1 for sequence in design.sequences for a in sequence):
        raise WeighingError(
            "responses cannot be counted where the same patient receives a treatment more than once",
            "choose another endpoint.measure",
            "scenario",
        )
    together = all(set(design.treatments) <= set(sequence) for sequence in design.sequences)
    if len(design.treatments) == 2 and together and measure == "response":
        a, b = design.treatments
        outcomes = [(row[a], row[b]) for row in table]
        pairs = ObservedPairs(
            both=outcomes.count((1.0, 1.0)),
            only={a: outcomes.count((1.0, 0.0)), b: outcomes.count((0.0, 1.0))},
            neither=outcomes.count((0.0, 0.0)),
        )
        return Observed(pairs=pairs, use="counts", **about)
    counted = {a: (round(sum(values)), len(values)) for a, values in by_treatment.items() if values}
    key = "responders" if measure == "response" else "remitters"
    return Observed.model_validate({key: counted, "use": "counts", **about})


def _note(path: str | Path, data: PatientData, whole: int) -> str:
    """How the result was computed, and what was passed over."""
    note = f"Computed from {Path(path).name}: {whole} of {len(data.patients)} patients have all their values"
    if data.table.comments:
        lines = "line that begins" if data.table.comments == 1 else "lines that begin"
        note += f"; {data.table.comments} {lines} with # passed over"
    return f"{note}."


def _ending(scenario: Scenario) -> dict[str, Any]:
    """At which look the trial ended, and by which analysis: no data of patients say it."""
    stated = scenario.observed
    return {} if stated is None else {"stopped_at": stated.stopped_at, "stopped_by": stated.stopped_by}


def _beside(scenario: Scenario, numbers: Mapping[str, int]) -> str:
    """What becomes of the result that the scenario states, in sentences; numbers: patients by sequence."""
    stated = scenario.observed
    if stated is None:
        return ""
    sentences = []
    if stated.use is not None:
        sentences.append("The data take the place of the result in [observed].")
    if stated.sequences and dict(stated.sequences) != dict(numbers):
        sentences.append("The sequences in [observed] are not those of the data, which count.")
    look, counts = stated.stopped_at, scenario.monitoring.counts
    if look is not None:
        sentences.append(f"That the trial ended at look {look} is taken from [observed].")
        seen = sum(numbers.values())
        if look <= len(counts) and seen > counts[look - 1]:
            sentences.append(
                f"That look is planned with {counts[look - 1]} patients, fewer than the {seen} here."
            )
    return "".join(f" {each}" for each in sentences)


def _unseen(patients: Sequence[ObservedPatient], read: Mapping[str, Sequence[float | None]]) -> str:
    """Where a value is missing, for a hint."""
    for patient in patients:
        for k, value in enumerate(read[patient.subject]):
            if value is None:
                return f"for instance, subject {patient.subject} has no value in period {k + 1}"
    return ""


def _of_treatment(patient: ObservedPatient, values: Sequence[float | None], treatment: str) -> float:
    """A completer's mean over the periods that give the treatment."""
    return float(
        mean(x for x, a in zip(values, patient.sequence, strict=True) if a == treatment and x is not None)
    )


def _mean(values: Sequence[float]) -> ObservedMean:
    """Mean and SD; in exact fractions, so that no sum of large values overflows."""
    try:
        sd = stdev(values) if len(values) > 1 else 0.0
    except OverflowError:
        raise WeighingError(
            "the values are too far apart for their standard deviation to be a number"
        ) from None
    return ObservedMean(mean=mean(values), n=len(values), sd=sd or None)


@dataclass(frozen=True)
class _Reader:
    """Reads the endpoint's measure of patients, and notes what cannot be read."""

    scenario: Scenario
    data: PatientData

    def read(self, patient: ObservedPatient, period: int) -> float | None:
        """The endpoint's measure of a period, None where it is missing or noted as a fault."""
        endpoint, value = self.scenario.endpoint, patient.values.get(period)
        scored = any(
            isinstance(hypothesis, MechanismHypothesis) for hypothesis in self.scenario.hypotheses.values()
        )
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
