"""The smallest number of patients by exact power: against R, and against looking at every number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from planner.equivalence.field_designs import FIELD_DESIGNS, field_design
from planner.equivalence.sizes import EquivalenceTest, _from_where, design_size
from planner.errors import RequestError
from tests.support.equivalence_tables import rows, sd, sides

L = math.log(1.25)


@pytest.mark.parametrize(
    "cases", [rows("size")[::12], pytest.param(rows("size"), marks=pytest.mark.long)], ids=["some", "all"]
)
def test_sizes_of_every_design_against_r(cases: list[dict[str, Any]]) -> None:
    assert {case["design"] for case in cases} == FIELD_DESIGNS.keys() - {"2x2x2"}
    for case in cases:
        lower, upper, effect = (math.log(case[key]) for key in ("theta1", "theta2", "theta0"))
        question = EquivalenceTest(lower, upper, effect, sd(case["CV"], True), case["alpha"])
        size = design_size(field_design(case["design"]), question, case["targetpower"])
        assert size is not None
        assert size.patients == case["n"], case
        assert size.power == pytest.approx(case["power"], abs=1e-11)


def test_sizes_against_a_margin_against_r() -> None:
    for case in rows("margin_size")[::2]:
        limits = sides(case["margin"], True)
        question = EquivalenceTest(*limits, math.log(case["theta0"]), sd(case["CV"], True), case["alpha"])
        size = design_size(field_design(case["design"]), question, case["targetpower"])
        assert size is not None
        assert size.patients == case["n"], case
        assert size.power == pytest.approx(case["power"], abs=1e-11)


def test_sizes_by_assurance_against_r() -> None:
    for case in rows("assurance_size"):
        sigma, effect = sd(case["CV"], True), math.log(case["theta0"])
        question = EquivalenceTest(-L, L, effect, sigma, 0.05, sd_df=case["df_CV"])
        size = design_size(field_design(case["design"]), question, 0.8)
        assert size is not None
        assert size.patients == case["n"]
        assert size.power == pytest.approx(case["power"], abs=1e-9)


def test_published_sizes_of_the_two_by_two() -> None:
    """Ratio 0.95, 80 %: 12, 20, 28, 40, 52 and 66 patients from a CV of 15 to 40 % (8 at 10 %)."""
    sizes = [
        design_size(field_design("2x2"), EquivalenceTest(-L, L, math.log(0.95), sd(cv, True), 0.05), 0.8)
        for cv in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
    ]
    assert [size and size.patients for size in sizes] == [8, 12, 20, 28, 40, 52, 66]


@pytest.mark.parametrize("name", FIELD_DESIGNS)
@pytest.mark.parametrize(
    ("effect", "alpha", "target"), [(0.0, 0.05, 0.9), (0.15, 0.4, 0.8), (-0.05, 0.5, 0.6)]
)
def test_it_is_the_smallest_from_which_power_stays(
    name: str, effect: float, alpha: float, target: float
) -> None:
    """Every number of patients, one by one, and no bracket."""
    design = field_design(name)
    question = EquivalenceTest(-L, L, effect, 0.3, alpha)
    size = design_size(design, question, target, most=400)
    every = np.arange(design.sequences, 401, design.sequences, dtype=float)
    every = every[design.cost(every).df >= 1]
    short = every[question.power(design.cost(every)) < target]
    after = every[every > short[-1]] if len(short) else every
    assert size is not None
    assert size.patients == after[0]


def test_a_number_that_is_enough_only_once_does_not_count() -> None:
    assert _from_where(np.array([False, True, False, True, True])) == 3
    assert _from_where(np.array([True, True])) == 0
    assert _from_where(np.array([True, False])) == 2


def test_without_an_answer() -> None:
    design, far = field_design("2x2"), EquivalenceTest(-L, L, 0.3, 0.3, 0.05)
    assert design_size(design, far, 0.8) is None
    assert design_size(design, far._replace(effect=0.05), 0.8, most=20) is None
    near = far._replace(effect=0.2, effect_variance=0.5)
    assert design_size(design, near, 0.8) is None


@pytest.mark.parametrize(("alpha", "target"), [(0.05, 1.0), (0.05, 0.05), (0.6, 0.8)])
def test_targets_that_make_no_sense(alpha: float, target: float) -> None:
    with pytest.raises(RequestError, match=r"power is|alpha is"):
        design_size(field_design("2x2"), EquivalenceTest(-L, L, 0.0, 0.3, alpha), target)
