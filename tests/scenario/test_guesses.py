"""What new users would type is answered with the right form; pasted, it works."""

from __future__ import annotations

import re
import tomllib
from typing import NamedTuple

import pytest

from planner.scenario.faults import ScenarioError
from planner.scenario.reading.guessed_names import named_otherwise
from planner.scenario.reading.guesses import KEYS
from planner.scenario.reading.numbers import number_meant
from planner.scenario.reading.read import read_text
from planner.scenario.text import in_toml
from tests.support.paths import INPUTS
from tests.support.small_trials import DESIGN, trial


class Row(NamedTuple):
    """A guess: the parts of the file as typed, the hint word for word, and the parts once it is pasted."""

    typed: dict[str, str]
    hint: str
    pasted: dict[str, str] | None = None


ROWS = [
    Row(**row)
    for path in sorted((INPUTS / "guesses").glob("*.toml"))
    for row in tomllib.loads(path.read_text(encoding="utf-8"))["guess"]
]


def hints(text: str) -> list[str]:
    with pytest.raises(ScenarioError) as refused:
        read_text(text)
    return list(dict.fromkeys(fault.hint for fault in refused.value.faults))


def test_there_are_many() -> None:
    assert len(ROWS) >= 100
    assert len({trial(**row.typed) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.hint[:40])
def test_a_guess_is_answered(row: Row) -> None:
    """With one hint, and no other fault that only follows from the first."""
    assert hints(trial(**row.typed)) == [row.hint]


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.pasted is not None], ids=lambda row: row.hint[:40]
)
def test_what_is_pasted_works(row: Row) -> None:
    text = trial(**(row.pasted or {}))
    assert read_text(text).design.patients == 24
    typed = trial(**row.typed).splitlines()
    for line in text.splitlines():
        if line not in typed and not line.startswith("["):
            assert line in row.hint, "the line stands in the hint as it is pasted"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("24", 24),
        ("5%", 0.05),
        ("5 %", 0.05),
        ("2 weeks", 14),
        ("7 days", 7),
        ("0,5", 0.5),
        ("-1", -1),
        ("12 h", 0.5),
        ("10,000", 10_000),
        ("0,125", 0.125),
    ],
)
def test_numbers_in_words(written: str, number: float) -> None:
    assert number_meant(written) == pytest.approx(number)


@pytest.mark.parametrize("written", ["seven", "5 furlongs", "", "1-2", "7 8", None, True, [5]])
def test_what_is_no_number_is_not_taken_for_one(written: object) -> None:
    assert number_meant(written) is None


def test_nothing_is_made_up_for_a_word_that_nobody_knows() -> None:
    assert named_otherwise(("analyses", 0, "method"), "qwertz") == ""
    assert hints(trial(design=f"{DESIGN}\nqwertz = 3"))[0].startswith("settings here: ")
    assert "own is given from Python" in hints(trial(analyses='method = "qwertz"'))[0]


NAME = 'a"b\\c, of a name that is longer than forty letters\x1b\u202e\U000e0001'


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ({"endpoint": f"name = {in_toml(NAME)}"}, {"label": NAME}),
        ({"top": f"endpoint = {in_toml(NAME)}"}, {"endpoint": {"label": NAME}}),
        ({"design": f"{DESIGN}\ntreatments = [{in_toml(NAME)}]"}, {"treatments": [NAME]}),
        ({"monitoring": f"rule = {in_toml(NAME)}"}, {"efficacy": NAME}),
        ({"endpoint": f"name = {in_toml('long ' * 100)}"}, {"label": "..."}),
    ],
    ids=["label", "endpoint", "treatments", "rule", "too long"],
)
def test_what_is_pasted_is_toml_whatever_the_name(typed: dict[str, str], read: dict[str, object]) -> None:
    """Quotation marks and backslashes are escaped, and nothing is cut."""
    pasted = [hint.removeprefix("above [design]: ") for hint in hints(trial(**typed))]
    assert read in [tomllib.loads(hint) for hint in pasted if " = " in hint]


def test_a_setting_of_a_section_is_not_told_in_one_line_with_it() -> None:
    """`[population] dropout = 0.1` cannot be read."""
    told = [hint for row in ROWS for hint in hints(trial(**row.typed))]
    assert not [hint for hint in told if re.search(r"(?<!under )\[[a-z]+\]+ [a-z_]+ = ", hint)]


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e400", "0x1" + "0" * 5_000])
@pytest.mark.parametrize("key", sorted(KEYS))
def test_numbers_that_are_none_are_refused_by_whatever_name(key: str, number: str) -> None:
    for section in ("design", "population", "hypotheses.effect"):
        with pytest.raises(ScenarioError):
            read_text(trial(), set=[f"{section}.{key}={number}", f"{section}.{key}s=[{number}]"])


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("analyses.0.alpha=5%", "write 0.05"),
        ("design.washout_days=2 weeks", "write 14"),
        ("design.n=24", "patients = 24"),
    ],
)
def test_an_override_is_answered_as_a_file_is(setting: str, hint: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        read_text(trial(), set=[setting])
    (fault,) = refused.value.faults
    assert hint in fault.hint


def test_overrides_reach_inside_a_rule_that_is_called_by_its_name() -> None:
    looks, gamma = "monitoring.looks=[12,24]", "monitoring.efficacy.gamma=-4"
    scenario = read_text(trial(), set=[looks, "monitoring.efficacy=Hwang Shih DeCani", gamma])
    assert scenario.monitoring.efficacy is not None
    assert scenario.monitoring.efficacy.rule == "hwang-shih-decani"
    assert read_text(trial(), set=[looks, "monitoring.efficacy=O'Brien-Fleming"]).monitoring.counts == (
        12,
        24,
    )
