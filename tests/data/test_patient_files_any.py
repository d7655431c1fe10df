"""No content breaks the reader of patients: it is read as it stands, or refused in words."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import string
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from planner.data.csv_text import NotANumber, number_of
from planner.data.long_format import PatientData, read_patients
from planner.scenario.faults import ScenarioError
from tests.support.patient_files import LINES, TWO
from tests.support.toml_documents import UNHURRIED

# Anything at all

NUMBERS = [
    "5.1",
    "5_1",
    "1e3",
    "1,5",
    "1.234,5",
    "1 000",
    "inf",
    "-inf",
    "nan",
    "\u0665",
    "9" * 400,
    "1e999",
    "0x1f",
]
CELLS = [
    "1",
    "A B",
    "AB",
    "B A",
    "A",
    "B",
    "1.0",
    "",
    "#",
    '"',
    "'",
    "=1+1",
    "\0",
    "\ufeff",
    "x" * 132_000,
    *NUMBERS,
]
BROKEN = st.lists(
    st.lists(st.sampled_from([*CELLS, *LINES.split("\n")[0].split(",")]), max_size=7), max_size=6
).flatmap(
    lambda rows: st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r", "\r\n"])).map(
        lambda how: how[1].join(how[0].join(row) for row in rows)
    )
)


def reads_or_explains(content: bytes) -> None:
    """Patients of whom everything is known, or faults with places in the file: nothing else may happen."""
    path = Path(os.environ["PLANNER_FUZZ"]) / "fuzzed.csv"
    path.write_bytes(content)
    try:
        data = read_patients(path, "score", 1.0, TWO)
    except ScenarioError as error:
        faults = error.faults
    else:
        _is_sound(data)
        return
    lines = re.split("\r\n|\n|\r", content.decode("utf-8", "replace"))
    assert faults
    assert all(0 <= fault.line <= len(lines) + 1 for fault in faults)
    assert all(len(str(fault)) < 2_000 for fault in faults)


def _is_sound(data: PatientData) -> None:
    assert data.patients
    for patient in data.patients:
        assert patient.sequence in TWO
        assert set(patient.values) == set(patient.rows) <= {0, 1}
        assert all(x is None or math.isfinite(x) for x in patient.values.values())


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_FUZZ", str(tmp_path))


@UNHURRIED
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode), BROKEN.map(str.encode)))
@example(LINES.replace("\n", "\r").encode())
@example(LINES.replace("5.1", "5_1").encode())
@example(LINES.replace("5.1", "5.1e+300").encode())
@example(LINES.replace("5.1", "5100000000.0").encode())
@example(LINES.replace("5.1", "7" * 200_000).encode())
@example(LINES.replace(",1,", ",1.0,").encode())
@example(LINES.replace("5.1", "5.1\0").encode())
@example(LINES.replace("5.1", '"5.1').encode())
@example(LINES.replace("5.1", '"5"1').encode())
@example(LINES.encode("utf-16"))
@example(LINES.encode("utf-16-le"))
@example(b"\xff\xfe\x00")
@example(b"sep=;")
@example(b"#")
@example(b'"')
@example(("day," + LINES.replace("\n", "\n2,")).encode())
def test_no_content_breaks_the_reader(content: bytes) -> None:
    reads_or_explains(content)


@UNHURRIED
@given(
    st.integers(1, 4),
    st.sampled_from(["value", "period", "sequence", "treatment", "subject"]),
    st.one_of(st.sampled_from(CELLS), st.text(max_size=12)),
)
def test_no_cell_breaks_the_reader(line: int, column: str, text: str) -> None:
    rows = [line.split(",") for line in LINES.strip().split("\n")]
    rows[line][rows[0].index(column)] = text
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    reads_or_explains(written.getvalue().encode("utf-8", "surrogatepass"))


@UNHURRIED
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_read_as_it_is(value: float) -> None:
    assert number_of(repr(value)) == value
    assert number_of(f"{value:.17e}") == value


@UNHURRIED
@given(st.text(string.digits + "._,eE+-' \u0661", max_size=10))
@example("1_0")
@example("1" * 100_000 + "x")
def test_what_is_read_is_what_is_written(text: str) -> None:
    """A number is digits, a point, an exponent: where Python's float() takes more, planner does not."""
    try:
        value = number_of(text)
    except NotANumber:
        return
    assert re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?", text)
    assert value == float(text)
