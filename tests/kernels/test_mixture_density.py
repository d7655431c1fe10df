"""Densities of many parts added up, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.kernels.mixture_density import PARTS, TERMS, total_power
from planner.kernels.tables import W

Floats = NDArray[np.float64]

MANY = 37 * PARTS
"""Parts: more than one round of them, and a last round that is not full."""


def made(axes: int) -> tuple[Floats, Floats, Floats]:
    """y f64[block, axis, W], parts f64[part, term], constant f64[part]; the greatest part comes anywhere."""
    rng = np.random.default_rng(axes)
    terms = axes * (axes + 3) // 2
    parts = rng.normal(size=(MANY, terms + -terms % TERMS)) * 20.0
    parts[:, terms:] = 0.0
    return rng.normal(size=(2, axes, W)), parts, rng.normal(size=MANY) * 300.0


def kernel(y: Floats, parts: Floats, constant: Floats) -> Floats:
    """Logarithms to the base of 2, f64[block, W]."""
    most, total = np.full((len(y), W), np.nan), np.full((len(y), W), np.nan)
    total_power(y, parts, constant, most, total)
    assert (total >= 1.0).all()
    assert (total < MANY + 1e-9).all()
    return most + np.log2(total)


def naive(y: Floats, parts: Floats, constant: Floats) -> Floats:
    one, other = np.triu_indices(y.shape[1])
    terms = np.concatenate([y[:, one] * y[:, other], y], axis=1)
    x = constant[:, None] + np.einsum("pt,bti->bpi", parts[:, : terms.shape[1]], terms)
    log: Floats = np.logaddexp2.reduce(x, axis=1)
    return log


@pytest.mark.parametrize("axes", [1, 2, 5])
def test_powers_of_all_parts_are_added_up(axes: int) -> None:
    y, parts, constant = made(axes)
    assert kernel(y, parts, constant) == pytest.approx(naive(y, parts, constant), rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("place", [0, 40, MANY - 1])
def test_one_part_more_is_noticed_wherever_it_stands(place: int) -> None:
    y, parts, constant = made(2)
    parts[:], constant[:] = parts[0], constant[0]
    fewer = np.delete(parts, place, axis=0), np.delete(constant, place)
    off = kernel(y, parts, constant) - naive(y, *fewer)
    assert off == pytest.approx(np.full((2, W), np.log2(MANY / (MANY - 1.0))), rel=1e-9)
    assert np.abs(off).min() > 1e-3
