"""Zeros of functions against scipy's."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from planner.monitoring.numerics import Floats, zero, zeros

FUNCTIONS: list[tuple[Callable[[float], float], float, float]] = [
    (lambda x: x**3 - 2.0, 0.0, 5.0),
    (lambda x: math.exp(x) - 1e10, 0.0, 100.0),
    (lambda x: math.atan(x - 3.0) * 1e-9, -50.0, 1000.0),
    (lambda x: 1.0 - x**9, 0.0, 10.0),
    (lambda x: math.copysign(abs(x - 0.1) ** 0.2, x - 0.1), -1.0, 2.0),
]


@pytest.mark.parametrize(("function", "low", "high"), FUNCTIONS)
def test_the_zero_is_scipys(function: Callable[[float], float], low: float, high: float) -> None:
    expected = brentq(function, low, high, xtol=1e-14, rtol=1e-14)
    assert zero(function, low, high) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert zero(function, high, low) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@example(0.0, 1.0, 1.0, 5e-324)
@given(st.floats(-100, 100), st.floats(0.01, 50), st.floats(0.01, 50), st.floats(-20, 20))
def test_it_is_never_much_slower_than_bisection(at: float, below: float, above: float, bend: float) -> None:
    calls = 0

    def function(x: float) -> float:
        nonlocal calls
        calls += 1
        # A bend so small that its products underflow would make a function that is 0 everywhere.
        return math.expm1(bend * (x - at) / 10.0) if abs(bend) > 1e-100 else x - at

    low, high = at - below, at + above
    assert zero(function, low, high) == pytest.approx(at, abs=1e-11 * (1.0 + abs(at)))
    assert calls < 130


def test_equal_signs_are_refused() -> None:
    with pytest.raises(ValueError, match="no change of sign"):
        zero(lambda x: x * x + 1.0, -1.0, 1.0)


def test_many_zeros_at_once_are_each_the_zero() -> None:
    """Elements that are found early wait for the others; an end that is itself the zero is returned."""
    target, power = np.linspace(-2.0, 3.0, 101), np.linspace(1.0, 9.0, 101)

    def function(x: Floats) -> Floats:
        return np.sign(x - target) * np.abs(x - target) ** power

    low, high = target - np.linspace(0.0, 40.0, 101), target + np.linspace(0.1, 0.5, 101)
    assert zeros(function, low, high) == pytest.approx(target, abs=1e-9)
    assert zeros(function, high, low) == pytest.approx(target, abs=1e-9)


def test_one_pair_of_equal_signs_is_refused() -> None:
    with pytest.raises(ValueError, match="no change of sign"):
        zeros(lambda x: x, np.array([-1.0, 1.0]), np.array([1.0, 2.0]))
