"""What designs tell of contrasts: variances of R, shares and ranks of NumPy's linear algebra."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from planner.scenario.designs import named
from planner.scenario.estimability import (
    period_shares,
    sequence_shares,
    solve,
    variance_factor,
    within_patients,
)
from tests.support.paths import NUMBERS

DATA = NUMBERS / "variance_factors.json"
DESIGNS = json.loads(DATA.read_text())["designs"]


def of_names(sequence: str, treatments: Sequence[str]) -> list[str]:
    found = []
    while sequence:
        found.append(next(a for a in sorted(treatments, key=len, reverse=True) if sequence.startswith(a)))
        sequence = sequence.removeprefix(found[-1])
    return found


@pytest.mark.parametrize("name", DESIGNS)
def test_variance_factors_of_r(name: str) -> None:
    design = DESIGNS[name]
    sequences = [of_names(s, design["treatments"]) for s in design["sequences"]]
    for contrast, factor in design["fixed_subject"].items():
        first, second = contrast.split("-")
        found = variance_factor(sequences, [1] * len(sequences), {first: 1.0, second: -1.0})
        assert (None if found is None else float(found)) == (
            None if factor is None else pytest.approx(factor)
        )


def dummies(sequences: Sequence[Sequence[str]]) -> tuple[Any, Any, list[str]]:
    """One patient of each sequence: columns of patients; of periods and treatments."""
    treatments = sorted({a for s in sequences for a in s})
    rows = [(i, k, a) for i, s in enumerate(sequences) for k, a in enumerate(s)]
    patients = np.array([[float(i == j) for j in range(len(sequences))] for i, _, _ in rows])
    others = np.array(
        [
            [float(k == j) for j in range(len(sequences[0]))] + [float(a == b) for b in treatments]
            for _, k, a in rows
        ]
    )
    return patients, others, treatments


CASES: list[tuple[Sequence[Sequence[str]], Mapping[str, float]]] = [
    (named("AB/BA", "AB"), {"A": 1.0, "B": -1.0}),
    (named("williams", "ABC"), {"A": 1.0, "C": -1.0}),
    (named("williams", "ABCD"), {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}),
    (named("balaam", "AB"), {"A": 1.0, "B": -1.0}),
    ([tuple("AB"), tuple("BC"), tuple("CA")], {"A": 1.0, "B": -1.0}),
    ([tuple("AB"), tuple("CD")], {"A": 1.0, "B": -1.0}),
    ([tuple("ABC"), tuple("ACB")], {"A": 1.0, "B": -1.0}),
    ([tuple("ABC"), tuple("ACB")], {"B": 1.0, "C": -1.0}),
    ([tuple("AB"), tuple("BA"), tuple("CD"), tuple("DC")], {"A": 1.0, "B": -1.0}),
    ([tuple("AB"), tuple("BA"), tuple("CD"), tuple("DC")], {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}),
    ([tuple("AB"), tuple("BA"), tuple("CD"), tuple("DC")], {"A": 1.0, "C": -1.0}),
    ([tuple("AAB"), tuple("BBA"), tuple("ABA")], {"A": 1.0, "B": -1.0}),
]


@pytest.mark.parametrize(("sequences", "weights"), CASES)
def test_what_is_estimable_and_its_variance(
    sequences: Sequence[Sequence[str]], weights: Mapping[str, float]
) -> None:
    """A contrast is estimable if it adds nothing to the rank of the design; its variance is that of lstsq."""
    patients, others, treatments = dummies(sequences)
    x = np.hstack([patients, others])
    c = np.concatenate([np.zeros(x.shape[1] - len(treatments)), [weights.get(a, 0.0) for a in treatments]])
    whole = np.linalg.matrix_rank(x)
    estimable = bool(np.linalg.matrix_rank(np.vstack([x, c])) == whole)
    assert within_patients(sequences, weights) == (whole - len(sequences), estimable)
    found = variance_factor(sequences, [1] * len(sequences), weights)
    assert (found is not None) == estimable
    if found is not None:
        assert float(found) == pytest.approx(len(sequences) * float(c @ np.linalg.pinv(x.T @ x) @ c))


@pytest.mark.parametrize(("sequences", "weights"), CASES)
def test_shares_cancel_the_periods_and_are_as_equal_as_can_be(
    sequences: Sequence[Sequence[str]], weights: Mapping[str, float]
) -> None:
    rows = np.array([[float(x) for x in period_shares(s, weights)] for s in sequences])
    takes = rows.any(axis=1)
    found = sequence_shares(sequences, weights)
    equations = np.vstack([np.ones(takes.sum()), rows[takes].T])
    wanted = np.concatenate([[1.0], np.zeros(rows.shape[1])])
    equal = np.full(takes.sum(), 1.0 / max(takes.sum(), 1))
    shift, *_ = np.linalg.lstsq(equations, wanted - equations @ equal, rcond=None)
    possible = takes.any() and np.allclose(equations @ (equal + shift), wanted)
    assert (found is not None) == possible
    if found is not None:
        assert np.allclose([float(x) for x in np.array(found)[takes]], equal + shift)
        assert not any(np.array(found)[~takes])


def test_unequal_shares() -> None:
    """AAB, BBA and ABA: the last alone would carry period effects, so that it gets no share."""
    sequences = [tuple("AAB"), tuple("BBA"), tuple("ABA")]
    found = sequence_shares(sequences, {"A": 1.0, "B": -1.0})
    assert found is not None
    assert [str(x) for x in found] == ["1/2", "1/2", "0"]


def test_linear_algebra() -> None:
    from fractions import Fraction

    matrix = [[Fraction(x) for x in row] for row in ([2, 1, 1], [1, 3, 2], [3, 4, 3])]
    assert solve(matrix, [Fraction(x) for x in (4, 6, 10)]) is not None
    assert solve(matrix, [Fraction(x) for x in (4, 6, 11)]) is None
