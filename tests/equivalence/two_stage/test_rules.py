"""The table of rules, and plans made of it."""

from __future__ import annotations

from typing import Any

import pytest

from planner.equivalence.two_stage.plan import two_stage_plan
from planner.monitoring.errors import BoundaryError
from planner.scenario.two_stage_rules import RULES

# Potvin 2008, Montague 2012, Fuglsang 2013, Maurer 2018: levels, planned ratio and power; power first
PUBLISHED = [
    ("potvin-b", None, (0.0294, 0.0294), 0.95, 0.80, False),
    ("potvin-c", None, (0.0294, 0.0294), 0.95, 0.80, True),
    ("potvin-d", None, (0.0280, 0.0280), 0.95, 0.80, True),
    ("montague-d", None, (0.0280, 0.0280), 0.90, 0.80, True),
    ("fuglsang-c", None, (0.0274, 0.0274), 0.95, 0.90, True),
    ("fuglsang-c", 0.90, (0.0269, 0.0269), 0.90, 0.90, True),
    ("fuglsang-b", None, (0.0284, 0.0284), 0.95, 0.90, False),
    ("maurer", None, (0.05,), 0.95, 0.80, False),
]


@pytest.mark.parametrize(("rule", "stated", "alpha", "ratio", "power", "power_first"), PUBLISHED)
def test_a_plan_is_what_was_published(
    rule: str, stated: float | None, alpha: tuple[float, ...], ratio: float, power: float, power_first: bool
) -> None:
    plan = two_stage_plan(rule, ratio=stated)
    assert (plan.alpha, plan.ratio, plan.power) == (alpha, ratio, power)
    assert (plan.row.full_level == 0.05) is power_first
    assert plan.power_level == (0.05 if power_first else plan.second_level)
    assert plan.as_published
    assert plan.row.citation


def test_every_rule_is_compared() -> None:
    assert {row[0] for row in PUBLISHED} == set(RULES)


def test_what_departs_from_the_publication_says_so() -> None:
    assert two_stage_plan("potvin-b", alpha=0.03).alpha == (0.03, 0.03)
    assert two_stage_plan("potvin-b", alpha=[0.01, 0.04]).alpha == (0.01, 0.04)
    for settings in ({"alpha": 0.03}, {"ratio": 0.9}, {"power": 0.9}):
        assert not two_stage_plan("potvin-b", **settings).as_published
    assert two_stage_plan("fuglsang-b", ratio=0.9).alpha == (0.0284, 0.0284)


def test_the_second_stage_is_even() -> None:
    assert [two_stage_plan("potvin-b", min_second=n).least_second for n in (0, 1, 2, 7)] == [0, 2, 2, 8]
    assert two_stage_plan("maurer").least_second == 4


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("potvin-e", {}, "there is no two-stage rule 'potvin-e'"),
    ("potvin-b", {"alpha": (0.05,)}, "needs two levels"),
    ("potvin-b", {"alpha": 0.5}, "above 0, below 0.5"),
    ("maurer", {"alpha": (0.03, 0.03)}, "needs one level"),
    ("potvin-b", {"ratio": 0.8}, "planned ratio is 0.8"),
    ("potvin-b", {"ratio": 1.3}, "planned ratio is 1.3"),
    ("potvin-b", {"power": 0.02}, "power is 0.02"),
    ("potvin-c", {"power": 0.05}, "power is 0.05"),
    ("potvin-b", {"power": 1.0}, "power is 1"),
    ("potvin-b", {"limit": 1.0}, "limit is 1"),
    ("maurer", {"min_second": 2}, "needs at least 4"),
    ("potvin-b", {"min_second": -2}, "needs at least 0"),
    ("potvin-b", {"ci_outside": (1.05, 0.95)}, "ci_outside"),
    ("potvin-b", {"estimate_outside": (0.0, 1.2)}, "estimate_outside"),
]


@pytest.mark.parametrize(("rule", "settings", "said"), REFUSED)
def test_what_cannot_be_is_refused(rule: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(BoundaryError, match=said):
        two_stage_plan(rule, **settings)
