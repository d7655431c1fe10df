"""Data of real patients in long format: one line for each patient and period.

    subject,sequence,period,treatment,value,baseline
    1,F S,1,F,310,250

`baseline` may be left out. An empty value is a missing one. With columns `measure` and `day`, as `planner
trial` writes them, a line holds a value of that measure, and only those asked for are read. What is wrong is
told with its line and column, all at once.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from planner.faults import MAX_FAULTS, Fault, ScenarioError, did_you_mean, listed, shown
from planner.parsing import text_of

COLUMNS = ("subject", "sequence", "period", "treatment", "value")
OPTIONAL = ("baseline",)
MISSING = ("", "na", "nan", ".")


@dataclass(frozen=True)
class Patient:
    """A patient: the sequence, and by period (from 0) what was measured; None where it is missing."""

    subject: str
    sequence: tuple[str, ...]
    values: dict[int, float | None] = field(default_factory=dict)
    baselines: dict[int, float | None] = field(default_factory=dict)


@dataclass
class _Table:
    """The file on its way to patients."""

    name: str
    lines: list[str]
    faults: list[Fault] = field(default_factory=list)

    def note(self, line: int, cells: Sequence[str], at: int, message: str, hint: str = "") -> None:
        """A fault of a cell; line from 1, cell from 0."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        written = cells[at].strip() if at < len(cells) else ""
        before = sum(len(cell) + 1 for cell in cells[:at])
        column = text.find(written, min(before, len(text))) if written else -1
        place = (column if column >= 0 else min(before, len(text))) + 1
        self.faults.append(Fault(self.name, line, place, "", message, hint, text, max(len(written), 1)))


@dataclass(frozen=True)
class PatientData:
    """The patients in a file, in its order; `measured`: values are of the measure, not scores."""

    patients: tuple[Patient, ...]
    measured: bool


def read_patients(path: str | Path, measure: str, day: float) -> PatientData:
    """The patients in a file. Raises ScenarioError with all faults."""
    name = str(path)
    text = text_of(Path(path), name)
    table = _Table(name, text.replace("\r\n", "\n").split("\n"))
    rows = list(csv.reader(table.lines))
    header = [cell.strip().casefold() for cell in rows[0]] if rows else []
    missing = [column for column in COLUMNS if column not in header]
    if missing:
        hint = f"the first line names the columns: {','.join(COLUMNS)}[,baseline]"
        if len(header) == 1 and ";" in header[0]:
            hint = "separate the columns by commas, and write decimals with a point"
        message = f"has no column {listed(missing, 'and')}"
        raise ScenarioError([Fault(name, 1 if rows else 0, 1, "", message, hint, table.lines[0], 1)])
    for column in header:
        if header.count(column) > 1:
            raise ScenarioError([Fault(name, 1, 1, "", f"has two columns {column}", "", table.lines[0], 1)])
    found: dict[str, Patient] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in cells) and _asked_for(cells, header, measure, day):
            _line(table, number, cells, header, found)
    if not found and not table.faults:
        message, hint = "has no patients", "one line for each patient and period"
        if "measure" in header:
            message, hint = f"has no {measure} of day {day:g}", "the endpoint's measure and day"
        table.faults.append(Fault(name, 1, 1, "", message, hint))
    if table.faults:
        raise ScenarioError(table.faults[:MAX_FAULTS])
    return PatientData(tuple(found.values()), "measure" in header)


def _asked_for(cells: list[str], header: list[str], measure: str, day: float) -> bool:
    """Whether a line is of the measure and day; a line that does not say is."""
    said = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    try:
        same_day = float(said.get("day", day)) == day
    except ValueError:
        same_day = False
    return said.get("measure", measure) == measure and same_day


def _line(table: _Table, number: int, cells: list[str], header: list[str], found: dict[str, Patient]) -> None:
    """Add what a line says to its patient."""
    if len(cells) != len(header):
        message = f"has {len(cells)} cells, the first line has {len(header)}"
        hint = "decimals are written with a point" if len(cells) > len(header) else ""
        table.note(number, cells, 0, message, hint)
        return
    at = {column: header.index(column) for column in (*COLUMNS, *OPTIONAL) if column in header}
    cell = {column: cells[i].strip() for column, i in at.items()}
    before = len(table.faults)
    for column in ("subject", "sequence", "treatment"):
        if not cell[column]:
            table.note(number, cells, at[column], f"the {column} is missing")
    sequence = tuple(cell["sequence"].split())
    period = int(cell["period"]) if cell["period"].isascii() and cell["period"].isdigit() else 0
    if not 1 <= period <= max(len(sequence), 1):
        message = f"{shown(cell['period'])} is no period of a sequence of {len(sequence)}"
        table.note(number, cells, at["period"], message, "periods are counted from 1")
    elif sequence and cell["treatment"] and sequence[period - 1] != cell["treatment"]:
        message = f"the sequence gives {sequence[period - 1]} in period {period}, not {cell['treatment']}"
        table.note(number, cells, at["treatment"], message)
    value = _number(table, number, cells, at["value"])
    baseline = _number(table, number, cells, at["baseline"]) if "baseline" in at else None
    if len(table.faults) > before:
        return
    patient = found.setdefault(cell["subject"], Patient(cell["subject"], sequence))
    if patient.sequence != sequence:
        message = f"subject {cell['subject']} had the sequence {' '.join(patient.sequence)} before"
        table.note(number, cells, at["sequence"], message)
    elif period - 1 in patient.values:
        table.note(number, cells, at["period"], f"period {period} of subject {cell['subject']} comes twice")
    else:
        patient.values[period - 1] = value
        patient.baselines[period - 1] = baseline


def _number(table: _Table, number: int, cells: list[str], at: int) -> float | None:
    """The number in a cell; None if it is missing, or noted as a fault."""
    text = cells[at].strip()
    if text.casefold() in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        table.note(number, cells, at, f"{shown(text)} is not a number", "leave it empty where it is missing")
        return None
    return value


def check_patients(name: str, patients: Sequence[Patient], sequences: Sequence[tuple[str, ...]]) -> None:
    """Refuse patients of a sequence that the design does not have. Raises ScenarioError."""
    known = [" ".join(sequence) for sequence in sequences]
    strange = dict.fromkeys(" ".join(p.sequence) for p in patients if p.sequence not in sequences)
    if strange:
        faults = [
            Fault(name, 0, 0, "", f"{shown(text)} is no sequence of this design", did_you_mean(text, known))
            for text in strange
        ]
        raise ScenarioError(faults[:MAX_FAULTS])
