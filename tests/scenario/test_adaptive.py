"""Two-stage trials as they are read: defaults of each rule, and everything that is wrong with one at once."""

from __future__ import annotations

import pytest

from planner.scenario.adaptive import USUAL_MOST
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.two_stage_rules import RULES
from tests.support.two_stage_scenarios import scenario, text

GIVEN = {"first": 24, "cv": 0.3, "ratio": 0.95}


def faults(written: str) -> str:
    with pytest.raises(ScenarioError) as caught:
        read_text(written)
    return str(caught.value)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_its_numbers(rule: str) -> None:
    read = scenario(rule, **GIVEN, most=120)
    adaptive, row = read.monitoring.adaptive, RULES[rule]
    assert adaptive is not None
    assert (adaptive.ratio, adaptive.power, adaptive.max) == (row.ratio, row.power, 120)
    assert adaptive.alpha == row.alpha[row.ratio]
    assert read.monitoring.counts == (24, 120)
    assert read.design.patients == 120
    again = read_text(to_toml(read))
    assert again.monitoring == read.monitoring


def test_a_ratio_with_a_level_of_its_own() -> None:
    read = scenario("fuglsang-c", **GIVEN, most=120, more=", ratio = 0.9")
    assert read.monitoring.adaptive is not None
    assert read.monitoring.adaptive.alpha == (0.0269, 0.0269)


def test_a_bare_name_and_no_most() -> None:
    """What is not said is said: how many patients there are at most."""
    written = text("potvin-b", **GIVEN).replace('{ rule = "potvin-b" }', '"Potvin B"')
    read = read_text(written)
    assert read.design.patients == USUAL_MOST
    assert any(f"{USUAL_MOST:,}" in remark for remark in read.remarks)
    heavy = scenario("maurer", **GIVEN)
    assert any("few trials would have very many" in remark for remark in heavy.remarks)


@pytest.mark.parametrize("rule", ["potvin-c", "montague-d"])
def test_known_errors_are_said(rule: str) -> None:
    assert any("known not to hold .05" in each for each in scenario(rule, **GIVEN, most=99).remarks)


@pytest.mark.parametrize(
    "more",
    [
        ", alpha = 0.01",
        ", power = 0.9",
        ", use_estimate = true",
        ", futility = { ci_outside = [0.95, 1.05] }",
    ],
)
def test_errors_known_of_other_numbers_are_said_to_be(more: str) -> None:
    said = [each for each in scenario("potvin-c", **GIVEN, most=99, more=more).remarks if "hold .05" in each]
    assert "yours departs from it" in said[0]
    assert "yours" not in scenario("potvin-c", **GIVEN, most=99, more=", min_second = 2").remarks[0]


def test_the_level_by_which_errors_are_judged() -> None:
    """An analysis's alpha tests nothing here: it is refused, unless levels that hold it are stated."""
    stated = text("potvin-b", **GIVEN, most=60).replace('"equivalence"', '"equivalence"\nalpha = 0.01')
    assert "tests at 0.0294 and 0.0294, by which it means to hold 0.05" in faults(stated)
    own = read_text(stated.replace('"potvin-b"', '"potvin-b", alpha = [0.005, 0.006]'))
    assert own.analyses[0].alpha == 0.01
    assert read_text(to_toml(own)).analyses == own.analyses
    whole = text("maurer", **GIVEN, most=60, more=", alpha = 0.025")
    assert "both are of the whole trial" in faults(whole)
    assert (
        read_text(whole.replace('"equivalence"', '"equivalence"\nalpha = 0.025')).analyses[0].alpha == 0.025
    )


def test_stated_patients_are_the_most() -> None:
    written = text("potvin-b", **GIVEN).replace('name = "2x2"', 'name = "2x2"\npatients = 80')
    assert read_text(written).monitoring.counts == (24, 80)
    said = faults(written.replace('"potvin-b"', '"potvin-b", max = 60'))
    assert "design.patients: are 80, and adaptive.max is 60" in said


def test_every_fault_at_once() -> None:
    written = text("potvin-b", first=24, cv=0.3, ratio=0.95, dropout=0.1)
    written = written.replace('alternative = "equivalence"', 'method = "paired-t"\nalternative = "less"')
    written = written.replace("looks = [24]", "looks = [12, 24]")
    written += 'efficacy = { rule = "pocock" }\n'
    said = faults(written)
    for part in (
        "equivalence of a log-normal endpoint",
        "needs `max` where patients leave",
        "one look, at the patients of stage 1",
        "whose rule says when the trial stops",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('name = "2x2"', 'name = "2x2x4"', "plans a second stage of a 2x2 crossover"),
        ("looks = [24]", "looks = [2]", "at least 4"),
        ("looks = [24]", "looks = [0.5]", "whole number of patients"),
        ("looks = [24]", "", "needs the patients of stage 1"),
        ("max = 60", "max = 20", "leaves no patients for stage 2"),
        ("max = 60", "max = 60, ratio = 1.3", "must lie within the limits, 0.8 to 1.25"),
        ("max = 60", "max = 60, power = 0.01", "must lie above alpha"),
        ("max = 60", "max = 60, futility = { ci_outside = [1.05, 0.95] }", "the lower one comes first"),
        ('"potvin-b"', '"potvin-z"', "is not a known two-stage rule"),
        ('"equivalence"', '"equivalence"\nlimits = [0.8, 1.2]', "the reciprocal of the other"),
        ('"equivalence"', '"equivalence"\nmethod = "paired-t"', "tests both stages by hills-armitage"),
        ('rule = "potvin-b"', 'rule = "maurer", alpha = [0.02, 0.03]', "one level, of the whole trial"),
        ('rule = "potvin-b"', 'rule = "maurer", min_second = 2', "needs at least 4"),
    ],
)
def test_what_cannot_be_is_said(before: str, after: str, said: str) -> None:
    written = text("potvin-b", **GIVEN, most=60)
    assert before in written
    assert said in faults(written.replace(before, after))


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        ('name = "2x2"', 'name = "two-stage"', 'adaptive = { rule = "potvin-b" }'),
        ('name = "2x2"', 'name = "2x2"\ntwo_stage = true', "under [monitoring]: looks = [24]"),
        ('"equivalence"', '"equivalence"\nmethod = "potvin-c"', 'adaptive = { rule = "potvin-c" }'),
        ("adaptive = {", "tsd = {", 'adaptive = { rule = "potvin-b" }'),
        ('rule = "potvin-b"', 'method = "C"', 'rule = "potvin-c"'),
        ('rule = "potvin-b"', "type = 1", 'rule = "potvin-b"'),
        ('[design]\nname = "2x2"', 'design = "potvin b"', 'adaptive = { rule = "potvin-b" }'),
        ("max = 60", "max = 60, n1 = 24", "looks = [24], the patients of stage 1"),
        ("max = 60", "max = 60, GMR = 0.9", "ratio = 0.9"),
        ("looks = [24]", 'looks = [24]\nefficacy = "Potvin B"', 'adaptive = { rule = "potvin-b" }'),
    ],
)
def test_other_names_are_answered(before: str, after: str, hint: str) -> None:
    written = text("potvin-b", **GIVEN, most=60)
    assert before in written
    assert hint in faults(written.replace(before, after))
