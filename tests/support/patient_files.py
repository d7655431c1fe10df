"""Small files of patients, and what is read from them or refused, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.data.long_format import PatientData, read_patients
from planner.scenario.faults import ScenarioError

TWO = (("A", "B"), ("B", "A"))
LINES = """subject,sequence,period,treatment,value
1,A B,1,A,5.1
1,A B,2,B,3.2
2,B A,1,B,2
2,B A,2,A,4.9
"""
VALUES = {"1": {0: 5.1, 1: 3.2}, "2": {0: 2.0, 1: 4.9}}
PLAN = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 6
[hypotheses.eff]
means = { A = 5.0, B = 3.0 }
sd_within = 1.0
sd_between = 2.0
"""


def found_in(path: Path, content: str | bytes, day: float = 1.0, **options: Any) -> PatientData:
    path = path / "patients.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_patients(path, "score", day, options.get("sequences", TWO))


def values(data: PatientData) -> dict[str, dict[int, float | None]]:
    return {patient.subject: patient.values for patient in data.patients}


def refused(path: Path, content: str | bytes, **options: Any) -> list[str]:
    """What is said of each fault, without the name of the file."""
    with pytest.raises(ScenarioError) as caught:
        found_in(path, content, **options)
    return [str(fault).replace(str(path / "patients.csv"), "") for fault in caught.value.faults]
