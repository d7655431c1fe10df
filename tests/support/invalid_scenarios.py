"""How the faults of a broken scenario are compared with those written into its file.

Each file of tests/inputs/invalid ends with the faults that it must give, one comment per fault:

    #! 5:12 |24.5| design.patients: must be a whole number, not 24.5 -> hint

line, column, what the caret marks, path, message, hint. A file that cannot hold a comment has a neighbour
with the ending .expected.
"""

from __future__ import annotations

from pathlib import Path

from planner.scenario.faults import Fault, ScenarioError
from planner.scenario.reading.read import read
from tests.support.paths import INPUTS

FOLDER = INPUTS / "invalid"
MARK = "#! "


def described(fault: Fault) -> str:
    """One fault in one line, as the files state it."""
    marked = fault.excerpt()[1] if fault.line else ""
    words = f"{fault.path}: {fault.message}" if fault.path else fault.message
    return f"{fault.line}:{fault.column} |{marked}| {words}" + (f" -> {fault.hint}" if fault.hint else "")


def found(path: Path) -> list[str]:
    """The faults that reading the file gives, none if it can be read."""
    try:
        read(path)
    except ScenarioError as error:
        faults = error.faults
    else:
        return []
    assert {fault.file for fault in faults} == {str(path)}
    return [described(fault) for fault in faults]


def expected(path: Path) -> list[str]:
    """The faults that the file says it has."""
    beside = path.with_suffix(".expected")
    text = (beside if beside.exists() else path).read_text(encoding="utf-8")
    return [line.removeprefix(MARK) for line in text.splitlines() if line.startswith(MARK)]


def compare(path: Path) -> None:
    """Fail unless the file has faults, and exactly those that it states."""
    stated = expected(path)
    assert stated, f"{path.name} does not say what is wrong with it"
    assert found(path) == stated
