"""What is suggested in place of a setting that was written in another form: something that works as it is."""

from __future__ import annotations

import pytest

from planner.scenario.faults import Fault, ScenarioError
from planner.scenario.reading.read import read_text

TWO = """\
schema_version = 1
[design]
sequences = ["N S", "S N"]
patients = 24
[hypotheses.h]
means = { N = 1, S = 0 }
sd_within = 1
sd_between = 1
"""


def faults(text: str, *settings: str) -> list[Fault]:
    with pytest.raises(ScenarioError) as refused:
        read_text(text, set=settings)
    return refused.value.faults


@pytest.mark.parametrize(
    ("setting", "hint", "works"),
    [
        ("hypotheses.h.carryover=0.05", "carryover = { N = 0.05 }", "hypotheses.h.carryover={ N = 0.05 }"),
        ("hypotheses.h.means=0.5", "means = { N = 0.5, S = 0 }", "hypotheses.h.means={ N = 0.5, S = 0 }"),
        ("monitoring.looks=0.5", "looks = [0.5, 1.0]", "monitoring.looks=[0.5, 1.0]"),
        ("monitoring.looks=12", "looks = [12, 24]", "monitoring.looks=[12, 24]"),
        ('design.sequences="N S"', 'sequences = ["N S", "S N"]', 'design.sequences=["N S", "S N"]'),
    ],
)
def test_the_right_form_is_told_with_the_own_treatments(setting: str, hint: str, works: str) -> None:
    found = faults(TWO, setting)
    assert len(found) == 1, "nothing that only follows from it is told beside it"
    assert hint in found[0].hint
    assert hint.split(" = ", 1)[1] == works.split("=", 1)[1]
    assert read_text(TWO, set=[works]).design.patients == 24


@pytest.mark.parametrize("number", [".25", "-.25", "+.5e3"])
def test_a_number_that_begins_with_its_point(number: str) -> None:
    (fault,) = faults(TWO.replace("sd_within = 1", f"sd_within = {number}"))
    sign, digits = (number[0], number[1:]) if number[0] in "+-" else ("", number)
    assert fault.hint == f"a number needs a digit before its point: {sign}0{digits.split('e')[0]}"
    assert "quotation" in faults(TWO.replace("sd_within = 1", "sd_within = low"))[0].hint


@pytest.mark.parametrize("said", ["one-sided", "One sided", "1-sided"])
def test_one_sided_is_never_taken_for_two_sided(said: str) -> None:
    (fault,) = faults(TWO, f'analyses.0.alternative="{said}"')
    assert "did you mean" not in fault.hint
    assert "two-sided" not in fault.hint
    for direction in ("greater", "less", "better", "worse"):
        assert f'"{direction}"' in fault.hint


def test_a_misspelt_alternative_still_gets_its_neighbour() -> None:
    assert faults(TWO, "analyses.0.alternative=two-sidet")[0].hint == "did you mean two-sided?"


def test_parallel_groups_with_names_of_two_letters_are_no_mistake() -> None:
    text = TWO.replace('"N S", "S N"', '"NS", "SN"').replace("N = 1, S = 0", "NS = 1, SN = 0")
    assert read_text(text).design.treatments == ("NS", "SN")


def test_a_named_design_is_not_a_sequence() -> None:
    (fault,) = faults(TWO, 'design.sequences="Williams"')
    assert 'name = "williams"' in fault.hint
    assert 'arms = ["N", "S"]' in fault.hint


@pytest.mark.parametrize(
    "setting", ["monitoring.futility.rule=beta-spending", "monitoring.futility=beta-spending"]
)
def test_a_spending_rule_goes_by_its_own_name(setting: str) -> None:
    (fault,) = faults(TWO, setting)
    for name in ("conditional-power", "obrien-fleming-spending", "kim-demets", "user-spending"):
        assert name in fault.hint


def test_carryover_in_the_model_of_ab_ba_promises_no_costs_of_other_designs() -> None:
    (fault,) = faults(TWO, 'analyses.0={ method = "fixed-subject", carryover = true }')
    assert "each design" not in fault.hint
    assert "it can in" in fault.hint
