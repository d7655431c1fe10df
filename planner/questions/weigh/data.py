"""An observed result from the data of patients: the endpoint's measure of each, summed up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from planner.data.analysis_set import read_analysis_set
from planner.data.long_format import PatientData
from planner.errors import WeighingError
from planner.results.contract import Json
from planner.scenario.observed import MAX_OBSERVED, Observed, ObservedMean, ObservedPairs
from planner.scenario.scenario import Scenario
from planner.scenario.vocabulary import BINARY_MEASURES


def observed_in(scenario: Scenario, path: str | Path) -> Observed:
    """The result in a file, in the endpoint's measure. Raises ScenarioError, WeighingError.

    It takes the place of a result that the scenario states, except for the look at which the trial ended.
    Patients who were seen in all their periods count. Responses to two treatments are kept in pairs.
    """
    day, measure, design = scenario.endpoint.day, scenario.endpoint.measure, scenario.design
    patients = read_analysis_set(scenario, path)
    whole = patients.completers
    if len(whole) < 2:
        raise WeighingError(
            "fewer than two patients of the data were seen in all their periods", patients.first_missing
        )
    if len(whole) > MAX_OBSERVED:
        raise WeighingError(f"more than {MAX_OBSERVED:,} patients are too many to be weighed")
    numbers = {" ".join(s): sum(p.sequence == s for p in whole) for s in design.sequences}
    table = [patients.by_treatment(patient) for patient in whole]
    by_treatment = {a: [row[a] for row in table if a in row] for a in design.treatments}
    about: Json = {
        "note": f"{_note(path, patients.data, len(whole))}{_beside(scenario, numbers)}",
        "day": day,
        "sequences": numbers,
        **_stopping_fields(scenario),
    }
    if measure not in BINARY_MEASURES:
        means = {a: _mean(values) for a, values in by_treatment.items() if values}
        return Observed(means=means, use="means", **about)
    return _counts(scenario, table, by_treatment, about)


def _counts(
    scenario: Scenario,
    table: Sequence[Mapping[str, float]],
    by_treatment: Mapping[str, Sequence[float]],
    about: Mapping[str, object],
) -> Observed:
    """Counts of responses or remissions; table: of each patient by treatment."""
    measure, design = scenario.endpoint.measure, scenario.design
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
    note = (
        f"Computed from {Path(path).name}: {whole:,} of {len(data.patients):,} patients have all their values"
    )
    if data.table.comments:
        lines = "line that begins" if data.table.comments == 1 else "lines that begin"
        note += f"; {data.table.comments} {lines} with # passed over"
    return f"{note}."


def _stopping_fields(scenario: Scenario) -> Json:
    """At which look the trial ended, and by which analysis: it is not in the data of patients."""
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
                f"That look is planned with {counts[look - 1]:,} patients, fewer than the {seen:,} here."
            )
    return "".join(f" {each}" for each in sentences)


def _mean(values: Sequence[float]) -> ObservedMean:
    """Mean and SD; in exact fractions, so that no sum of large values overflows."""
    try:
        sd = stdev(values) if len(values) > 1 else 0.0
    except OverflowError:
        raise WeighingError(
            "the values are too far apart for their standard deviation to be a number"
        ) from None
    return ObservedMean(mean=mean(values), n=len(values), sd=sd or None)
