"""Virtual patients of a scenario's design, under all hypotheses at once, to be counted or averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner.engine import memory
from planner.engine.cohort import new_patients
from planner.engine.generators import generators_of
from planner.kernels.random.streams import TRIALS_WEIGHED
from planner.kernels.tables import Floats, W
from planner.model.allocation import allocation_plan
from planner.model.readings import Reading
from planner.scenario.scenario import Scenario

_PATIENTS = 8  # of a trial, at least: a few complete randomisation blocks


@dataclass(frozen=True)
class Cohort:
    """Patients of each sequence under each hypothesis, NaN where a patient was not seen.

    `values`: by sequence, f64[hypothesis, reading, period, patient].
    """

    scenario: Scenario
    values: Mapping[tuple[str, ...], Floats]

    def seen(self, sequence: tuple[str, ...], treatments: Sequence[str]) -> Floats:
        """f64[hypothesis, reading, treatment, patient]: the mean of the periods that give the treatment."""
        y = self.values[sequence]
        rows = [
            y[:, :, [k for k, a in enumerate(sequence) if a == treatment]].mean(axis=2)
            for treatment in treatments
        ]
        return np.stack(rows, axis=2)


def cohort(
    scenario: Scenario, names: Sequence[str], readings: Sequence[Reading], seed: int, number: int, size: int
) -> Cohort:
    """At least `size` virtual patients; every `number` (from 0) has patients of its own.

    The same patients are taken under every hypothesis. As many of each sequence as in the allocation.
    """
    design, about = scenario.design, allocation_plan(scenario)
    memory.check(
        cohort_bytes(scenario, len(names), len(readings), size),
        f"a cohort of {size:,} virtual patients under {len(names)} hypotheses",
        "lower --virtual-patients or the hypotheses (--hypothesis NAME)",
    )
    patients, tiles = _tiles(about.block.size, size)
    first = TRIALS_WEIGHED + number * tiles * W
    shape = (tiles, patients, len(names), len(readings))
    sequence, values = new_patients(first, seed, about, generators_of(scenario, names, readings), shape)
    by_patient = values.reshape(tiles, patients, len(names), len(readings), design.periods, W)
    by_sequence = {}
    for s, treatments in enumerate(design.sequences):
        here = by_patient[sequence == s]  # (tile and patient, hypothesis, reading, period, lane)
        by_sequence[treatments] = here.transpose(1, 2, 3, 0, 4).reshape(
            len(names), len(readings), design.periods, -1
        )
    return Cohort(scenario, by_sequence)


def cohort_bytes(scenario: Scenario, hypotheses: int, readings: int, size: int) -> int:
    """Bytes that a cohort takes while it is made."""
    return 2 * patients_of(scenario, size) * hypotheses * readings * scenario.design.periods * 8


def trials_of(scenario: Scenario, size: int) -> int:
    """Small trials into which a cohort of at least `size` patients is divided."""
    return _tiles(allocation_plan(scenario).block.size, size)[1] * W


def patients_of(scenario: Scenario, size: int) -> int:
    """How many patients a cohort of at least `size` has."""
    patients, tiles = _tiles(allocation_plan(scenario).block.size, size)
    return patients * tiles * W


def _tiles(block: int, size: int) -> tuple[int, int]:
    """Patients of a trial, and tiles of 128 trials, that make at least `size` patients."""
    patients = -(-_PATIENTS // block) * block
    return patients, -(-size // (patients * W))
