"""A boundary is solved once for all that it depends on."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from planner.monitoring import boundaries
from planner.monitoring.boundaries import BoundaryError, boundary
from tests.support.counting import solved

__all__ = ["solved"]


# Boundaries

PLAN: dict[str, Any] = {
    "alpha": 0.025,
    "sided": 1,
    "efficacy": "hwang-shih-decani",
    "efficacy_parameters": {"gamma": -4.0},
    "futility": "z",
    "futility_parameters": {"z": (0.1,)},
    "drift": 3.0,
}


@pytest.mark.parametrize(
    "other",
    [
        {"alpha": 0.0250001},
        {"sided": 2},
        {"efficacy_parameters": {"gamma": -3.0}},
        {"efficacy": "kim-demets", "efficacy_parameters": {"rho": 3.0}},
        {"efficacy_looks": [2]},
        {"futility_parameters": {"z": (0.2,)}},
        {"futility": "none", "futility_parameters": {}},
        {"binding": True},
        {"drift": 2.0},
        {"drift": -3.0},
        {"drift": None},
        {"drift": None, "power": 0.8},
    ],
)
def test_a_boundary_is_solved_once_for_all_that_it_depends_on(
    solved: Counter[str], other: dict[str, Any]
) -> None:
    first = boundary([0.5, 1.0], **PLAN)
    assert boundary((0.5, 1.0), **PLAN) is first
    another = boundary([0.5, 1.0], **PLAN | other)
    assert another != first
    assert boundary([0.4, 1.0], **PLAN) != first
    assert list(solved.values()) == [1, 1, 1]
    boundaries._SOLVED.clear()
    assert boundary([0.5, 1.0], **PLAN | other) == another


def test_limits_of_the_caller_are_not_kept(solved: Counter[str]) -> None:
    z = [0.1]
    first = boundary([0.5, 1.0], **PLAN | {"futility_parameters": {"z": z}})
    z[0] = 0.2
    assert boundary([0.5, 1.0], **PLAN | {"futility_parameters": {"z": z}}) != first


def test_a_plan_without_limits_is_refused_in_the_same_words(solved: Counter[str]) -> None:
    wrong = PLAN | {"futility_parameters": {"z": (9.0,)}}
    texts = set()
    for _ in range(2):
        with pytest.raises(BoundaryError) as caught:
            boundary([0.5, 1.0], **wrong)
        texts.add((str(caught.value), caught.value.hint, type(caught.value)))
    assert len(texts) == 1
    assert list(solved.values()) == [1]
