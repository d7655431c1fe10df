"""Scenarios that assume different things are said to; those that differ in their designs alone are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from planner.questions.compare.assumptions import differing_assumptions
from planner.questions.compare.compare import compare
from planner.scenario.reading.read import read
from tests.support.commands import SCENARIO, Cli, cli
from tests.support.compared_designs import HYPOTHESES, design

__all__ = ["cli"]  # the fixture


def named(one: str, other: str, set: tuple[str, ...] = ()) -> list[str]:
    a, b = read(one), read(other, set=set)
    return differing_assumptions([a, b], a.hypotheses)


def test_designs_alone() -> None:
    """More periods, other treatments, patients, looks, analyses: nothing that is assumed of patients."""
    third: dict[str, Any] = {
        name: each | {"means": each["means"] | {"C": 2}} for name, each in HYPOTHESES.items()
    }
    designs = [
        design(),
        design("A B B A", "B A A B", patients=12, look=6),
        design("A B C", "B C A", "C A B", look=9, hypotheses=third),
    ]
    assert differing_assumptions(designs, HYPOTHESES) == []
    assert compare(designs, trials=256).to_json()["unlike"] == []
    assert named("two-by-two", "nmda-probe") == []
    assert named("two-by-two", "two-by-two") == []


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("components.specific.share=0.3", "components.specific"),
        ("components.specific.half_life_days={ median = 3 }", "components.specific"),
        ("agents.naltrexone.occupancy=0.5", "agents.naltrexone"),
        ("signals.cue.activated_by.midazolam=0.2", "signals.cue"),
        ("population.baseline.sd=9", "population.baseline"),
        ("population.dropout.per_period=[0.2,0.13,0.13]", "population.dropout"),
        ("population.rating_sd=3", "population.rating_sd"),
        ("endpoint.scale.step=2", "endpoint.scale.step"),
        ("hypotheses.expectancy.components.expectancy.share=0.1", "hypotheses.expectancy"),
    ],
)
def test_what_is_assumed_otherwise(setting: str, path: str) -> None:
    assert named("two-by-two", "two-by-two", (setting,)) == [path]


@pytest.mark.parametrize(
    "setting",
    [
        "design.washout_days=14",
        "endpoint.day=3",
        "endpoint.scale.response=0.4",
        "analyses.0.alpha=0.01",
        "hypotheses.permissive.prior=3",
        "agents.rapamycin.label=another name",
    ],
)
def test_what_belongs_to_the_design_or_bears_on_nothing(setting: str) -> None:
    assert named("two-by-two", "two-by-two", (setting,)) == []


def test_hypotheses_that_are_not_compared_do_not_count() -> None:
    a = read("two-by-two")
    b = read("two-by-two", set=("hypotheses.expectancy.components.expectancy.share=0.1",))
    assert differing_assumptions([a, b], ["permissive"]) == []


def test_a_number_against_a_table_of_numbers() -> None:
    """The SD of all treatments, or of each."""
    apart = {name: each | {"sd_within": {"A": 5.5, "B": 7}} for name, each in HYPOTHESES.items()}
    assert differing_assumptions([design(), design(hypotheses=apart)], ["none"]) == ["hypotheses.none"]


def test_the_page_and_the_warning_say_so(cli: Cli) -> None:
    other = design(hypotheses={**HYPOTHESES, "expected": HYPOTHESES["expected"] | {"sd_within": 9}})
    found = compare([design(), other], trials=256).to_json()
    assert found["unlike"] == ["hypotheses.expected"]
    assert found["warnings"][-1].endswith("because of it: hypotheses.expected")
    Path("wide.toml").write_text(SCENARIO + "\n[population]\nperiod_effect = [0, 3]\n")
    code, out, err = cli("compare", "small.toml", "wide.toml", "--trials", "500")
    assert code == 0
    assert "warning: the scenarios differ in more than their designs" in err
    assert "population.period_effect" in err
    assert "from another only in what is done" not in out
