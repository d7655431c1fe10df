"""Designs of the field: cost and degrees of freedom against R's formulas and against least squares."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from planner.equivalence.field_designs import FIELD_DESIGNS, field_design
from planner.errors import RequestError, UnknownNameError
from planner.scenario.designs import named
from planner.scenario.vocabulary import DESIGNS
from tests.support.equivalence_tables import rows

SIZES = (24, 36, 60)


def of_formula(text: str, n: int) -> int:
    """`2*n-4`, worked out."""
    times, _, less = text.replace("n", "1*n" if "*" not in text else "n").partition("*n-")
    return int(times) * n - int(less)


def test_designs_against_r() -> None:
    assert {row["design"] for row in rows("designs")} == FIELD_DESIGNS.keys()
    for row in rows("designs"):
        design = field_design(row["design"])
        assert (design.b, design.sequences) == (Fraction(row["bknif"]), row["steps"])
        for n in SIZES:
            assert design.cost(n).df == of_formula(row["df"], n)
            assert design.cost(n, robust=True).df == of_formula(row["df2"], n)
            assert float(design.cost(n).factor) == pytest.approx(row["bk"] / n, rel=1e-14)
    assert of_formula("n-2", 24) == 22
    assert of_formula("2*n-4", 24) == 44


@pytest.mark.parametrize("name", FIELD_DESIGNS)
def test_sequences_are_those_that_a_scenario_gets_by_the_name(name: str) -> None:
    fewest, _ = DESIGNS[name].arms
    assert FIELD_DESIGNS[name].sequences == len(named(name, "ABCD"[:fewest]))


def test_a_scenario_knows_the_same_names() -> None:
    assert {name for name, row in DESIGNS.items() if row.field} == FIELD_DESIGNS.keys() - {"parallel"}


PATTERNS = {
    "2x2": ("TR", "RT"),
    "2x2x3": ("TRT", "RTR"),
    "2x2x4": ("TRTR", "RTRT"),
    "2x3x3": ("TRR", "RTR", "RRT"),
    "2x4x4": ("TRTR", "RTRT", "TRRT", "RTTR"),
}


def least_squares(words: tuple[str, ...], groups: list[int]) -> tuple[float, int]:
    """C and df of patients, periods and treatments as fixed effects."""
    patients = [word for word, n in zip(words, groups, strict=True) for _ in range(n)]
    x = []
    for i, word in enumerate(patients):
        for period, treatment in enumerate(word):
            row = np.zeros(len(patients) + len(word) + 1)
            row[[i, len(patients) + period]] = 1.0
            row[-1] = treatment == "T"
            x.append(row)
    matrix = np.array(x)
    return float(np.linalg.pinv(matrix.T @ matrix)[-1, -1]), len(x) - int(np.linalg.matrix_rank(matrix))


@pytest.mark.parametrize("name", PATTERNS)
def test_convention_is_least_squares_where_sequences_are_equal(name: str) -> None:
    words = PATTERNS[name]
    groups = [6] * len(words)
    factor, df = field_design(name).cost_of(groups)
    assert (float(factor), float(df)) == pytest.approx(least_squares(words, groups), rel=1e-12)


def test_convention_is_not_least_squares_in_three_unequal_sequences() -> None:
    """Negative control, and a known difference: the convention gives 0.07083, the model matrix 0.06765."""
    groups = [10, 8, 5]
    assert float(field_design("2x3x3").cost_of(groups).factor) == pytest.approx(0.07083, abs=1e-5)
    assert least_squares(PATTERNS["2x3x3"], groups)[0] == pytest.approx(0.06765, abs=1e-5)


def test_the_remainder_is_in_the_first_sequences() -> None:
    design = field_design("2x3x3")
    for total, groups in ((23, [8, 8, 7]), (22, [8, 7, 7])):
        assert float(design.cost(total).factor) == pytest.approx(float(design.cost_of(groups).factor))
    assert np.isinf(design.cost(2).factor)


def test_names() -> None:
    assert field_design(" 2X2x2R ").name == "2x2x2r"
    assert field_design("2×2×4").name == "2x2x4"
    with pytest.raises(UnknownNameError) as caught:
        field_design("2x5")
    assert "3x6x3" in caught.value.hint
    with pytest.raises(RequestError, match="2 sequences"):
        field_design("2x2").cost_of([12])
    with pytest.raises(RequestError, match="2 sequences"):
        field_design("2x2").cost_of([12, 0])
