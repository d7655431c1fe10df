"""Data of real patients in long format: one line for each patient and period.

    subject,sequence,period,treatment,value,baseline
    1,F S,1,F,310,250

`baseline` may be left out. An empty value is a missing one. With columns `measure` and `day`, as `planner
trial` writes them, a line holds a value of that measure on that day, and only those asked for are read; lines
that name an `outcome` beside the endpoint are passed over. What is wrong is reported with line and column,
all at once. How a file may be written: see csv_text.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from planner.data.csv_text import NotANumber, Record, Table, is_missing, number_of, read_table
from planner.scenario.text import did_you_mean, listed, quote

COLUMNS = ("subject", "sequence", "period", "treatment", "value")

_BETWEEN = re.compile(r"[\s\-\u2013/|>\u2192,;+._]+")  # what may part the treatments of a sequence
_MOST_NAMED = 12  # days or measures in a hint


@dataclass(frozen=True)
class ObservedPatient:
    """A patient: the sequence, and by period (from 0) what was measured; None where it is missing."""

    subject: str
    sequence: tuple[str, ...]
    values: dict[int, float | None] = field(default_factory=dict)
    baselines: dict[int, float | None] = field(default_factory=dict)
    rows: dict[int, Record] = field(default_factory=dict)


@dataclass(frozen=True)
class PatientData:
    """The patients in a file, in its order; `measured`: values are of the measure, not scores."""

    patients: tuple[ObservedPatient, ...]
    measured: bool
    table: Table


def read_patients(
    path: str | Path, measure: str, day: float, sequences: Sequence[tuple[str, ...]] = ()
) -> PatientData:
    """The patients in a file. Raises ScenarioError with all faults.

    `sequences`: those of the design, if others are to be refused; they may be written without blanks then.
    """
    table = read_table(path, COLUMNS, numbers=("value", "baseline"))
    lines = _Lines(table, tuple(sequences))
    rows = [row for row in table.rows if _is_wanted(table, row, measure, day)]
    for row in rows:
        lines.add(row)
    if not rows and not table.faults:
        table.note(table.header, _which(table), *_nothing(table, measure, day))
    table.check()
    return PatientData(tuple(lines.patients.values()), table.has("measure"), table)


# Which lines are asked for


def _is_wanted(table: Table, row: Record, measure: str, day: float) -> bool:
    """Whether a line is of the endpoint, its measure and day; a line that does not say is."""
    if table.has("outcome") and table.cell(row, "outcome"):
        return False
    if table.has("measure") and table.cell(row, "measure").casefold() not in ("", measure.casefold()):
        return False
    return not table.has("day") or table.number(row, "day") in (None, day)


def _which(table: Table) -> str:
    return next((column for column in ("day", "measure") if table.has(column)), "")


def _nothing(table: Table, measure: str, day: float) -> tuple[str, str]:
    """Message and hint where a file has no line that is asked for."""
    if not table.rows:
        hint = "one line for each patient and period"
        if table.comments:
            hint += "; lines that begin with # are comments: put a name that does in quotation marks"
        return "has no patients", hint
    readings = list(dict.fromkeys(_reading(table, row) for row in table.rows))
    what = measure if table.has("measure") else "value"
    message = f"has no {what} of day {day:g}"
    if len(readings) == 1 and readings[0].startswith("day "):
        return message, f"the file has {readings[0]}: --set endpoint.day={readings[0][4:]} reads that"
    some = listed([*readings[:_MOST_NAMED], *(["others"] if len(readings) > _MOST_NAMED else [])])
    return message, f"the file has {some}: --set endpoint.day=... and endpoint.measure=... choose"


def _reading(table: Table, row: Record) -> str:
    """What the value of a line is, in its own words: `change on day 1`."""
    words = [table.cell(row, column) for column in ("outcome", "measure") if table.has(column)]
    words = [" ".join(word for word in words if word)] if any(words) else []
    if table.has("day"):
        text = table.cell(row, "day")
        with suppress(NotANumber):
            text = f"{number_of(text, table.decimal):g}"
        words.append(f"on day {text}" if words else f"day {text}")
    return " ".join(words)


# What a line says of its patient


@dataclass
class _Lines:
    """Lines on their way to patients."""

    table: Table
    sequences: tuple[tuple[str, ...], ...]
    patients: dict[str, ObservedPatient] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)  # sequences that were reported before

    def add(self, row: Record) -> None:
        """Add what a line says to its patient, or note what is wrong with it."""
        table = self.table
        before = len(table.faults)
        cell = {column: table.cell(row, column) for column in COLUMNS}
        for column in ("subject", "sequence", "treatment"):
            if not cell[column]:
                table.note(row, column, f"the {column} is missing")
        sequence = self._sequence(row, cell["sequence"])
        period = self._period(row, cell["period"], sequence)
        if sequence and period and cell["treatment"]:
            given = sequence[period - 1]
            if cell["treatment"].casefold() != given.casefold():
                message = f"the sequence gives {given} in period {period}, not {cell['treatment']}"
                table.note(row, "treatment", message)
        value = table.number(row, "value")
        baseline = table.number(row, "baseline") if table.has("baseline") else None
        if len(table.faults) > before or not sequence or not period:
            return
        patient = self.patients.setdefault(cell["subject"], ObservedPatient(cell["subject"], sequence))
        if patient.sequence != sequence:
            message = f"subject {cell['subject']} had the sequence {' '.join(patient.sequence)} before"
            table.note(row, "sequence", message, f"on line {next(iter(patient.rows.values())).line}")
        elif period - 1 in patient.rows:
            message = f"period {period} of subject {cell['subject']} comes twice"
            table.note(row, "period", message, f"it is on line {patient.rows[period - 1].line} too")
        else:
            patient.values[period - 1], patient.baselines[period - 1] = value, baseline
            patient.rows[period - 1] = row

    def _sequence(self, row: Record, text: str) -> tuple[str, ...]:
        """The sequence meant by a cell, () if there is none; each wrong one is reported once."""
        meant = spelled(text, self.sequences)
        if len(meant) == 1:
            return meant[0]
        if text and text not in self.refused:
            self.refused.add(text)
            known = [" ".join(sequence) for sequence in self.sequences]
            message, hint = f"{quote(text)} is no sequence of this design", did_you_mean(text, known)
            if meant:
                either = listed([" ".join(sequence) for sequence in meant], "or")
                message, hint = f"{quote(text)} may be {either}", "put a blank between the treatments"
            self.table.note(row, "sequence", message, hint)
        return ()

    def _period(self, row: Record, text: str, sequence: Sequence[str]) -> int:
        """The number of the period, from 1; 0 if it is none."""
        try:
            number = number_of(text, self.table.decimal)
        except NotANumber:
            number = 0.0
        if number >= 1 and number == int(number) and (number <= len(sequence) or not sequence):
            return int(number)
        message = f"{quote(text)} is no period of a sequence of {len(sequence)}"
        if not sequence:
            message = f"{quote(text)} is no number of a period"
        if is_missing(text):
            message = "the period is missing"
        self.table.note(row, "period", message, "periods are counted from 1")
        return 0


def spelled(text: str, sequences: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The sequences that a text may stand for: as it is, or without heed to blanks, hyphens and capitals.

    RTRT is R T R T where the design has that and no other sequence of the same letters.
    """
    exact = tuple(text.split())
    if exact in sequences or (exact and not sequences):
        return [exact]
    folds: list[Callable[[str], str]] = [str, str.casefold]
    for fold in folds:
        bare = _BETWEEN.sub("", fold(text))
        meant = [s for s in sequences if bare and _BETWEEN.sub("", fold("".join(s))) == bare]
        if meant:
            return meant
    return []
