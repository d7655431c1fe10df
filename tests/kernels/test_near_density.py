"""Densities as sums over near values of the numbers, against plain NumPy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.kernels.near_density import ABREAST, TERMS, log_totals, near_densities, sort_pairs

Floats = NDArray[np.float64]

PARTS, SUMMARIES, DIRECTIONS = 5, 2 * TERMS, 2 * TERMS - 3


class Near(NamedTuple):
    """The arguments of the kernel after the pairs."""

    y: Floats
    width: Floats
    mean: Floats
    turn: Floats
    size: Floats
    back: Floats
    at: Floats
    uniform: Floats


def made(points: int, seed: int = 3) -> tuple[NDArray[np.int64], Near]:
    """near i64[point, neighbour], the last part near to none; two numbers with limits, one without."""
    rng = np.random.default_rng(seed)
    near = np.array([rng.permutation(PARTS - 1)[:3] for _ in range(points)])
    back = rng.normal(size=(PARTS, 3, SUMMARIES)) * 0.4
    back[:, :, DIRECTIONS:] = 0.0
    return near, Near(
        rng.normal(size=(points, SUMMARIES)),
        rng.uniform(0.1, 1.0, points),
        rng.normal(size=(PARTS, SUMMARIES)),
        rng.normal(size=(PARTS, DIRECTIONS, SUMMARIES)),
        rng.uniform(0.0, 1e4, (PARTS, DIRECTIONS)) ** rng.integers(0, 2, (PARTS, DIRECTIONS)),
        back,
        rng.uniform(-1.0, 1.0, (PARTS, 3)),
        np.array([1.0, 0.0, 1.0]),
    )


def kernels(near: NDArray[np.int64], about: Near) -> tuple[Floats, Floats]:
    order, first = np.full(near.size, -1), np.full(PARTS + 1, -1)
    sort_pairs(near.ravel(), first, order)
    log, total = np.full(near.shape, np.nan), np.full(len(near), np.nan)
    near_densities(order, first, near.shape[1], *about, log)
    log_totals(log, total)
    return log, total


def naive(near: NDArray[np.int64], about: Near) -> Floats:
    """Natural logarithms f64[point, neighbour]."""
    log = np.empty(near.shape)
    for (i, k), p in np.ndenumerate(near):
        along = about.turn[p] @ (about.y[i] - about.mean[p])
        variance = 1.0 + about.width[i] * about.size[p]
        to = about.at[p] + about.back[p][:, :DIRECTIONS] @ (about.width[i] * along / variance)
        limited = about.uniform > 0.0
        denser = 0.5 * (about.at[p] ** 2 - to**2)[~limited].sum()
        log[i, k] = min(denser, 50.0) - 0.5 * (along**2 / variance + np.log(variance)).sum()
        if (np.abs(to[limited]) > 1.0).any():
            log[i, k] = -np.inf
    return log


@pytest.mark.parametrize("points", [1, ABREAST, 2 * ABREAST + 3])
def test_what_parts_add_and_their_sum(points: int) -> None:
    near, about = made(points)
    log, total = kernels(near, about)
    expected = naive(near, about)
    assert log * np.log(2.0) == pytest.approx(expected, rel=1e-10, abs=1e-9)
    with np.errstate(divide="ignore"):
        assert total == pytest.approx(np.log(np.exp(expected).sum(axis=1)), rel=1e-10, abs=1e-9)
    if (
        points > ABREAST
    ):  # numbers beyond their limits and within them; the comparison sees a slight difference
        assert 0.1 < np.isinf(log).mean() < 0.9
        moved = about._replace(size=about.size * (1.0 + 1e-6))
        assert not np.allclose(kernels(near, moved)[0], log, rtol=1e-10, atol=1e-9)


def test_pairs_are_sorted_by_part() -> None:
    near, _ = made(40)
    order, first = np.empty(near.size, np.int64), np.empty(PARTS + 1, np.int64)
    sort_pairs(near.ravel(), first, order)
    assert order.tolist() == np.argsort(near, axis=None, kind="stable").tolist()
    assert first.tolist() == np.searchsorted(np.sort(near, axis=None), range(PARTS + 1)).tolist()


def test_a_point_does_not_hang_on_its_neighbours_in_the_block() -> None:
    near, about = made(2 * ABREAST + 3)
    some = [7, 2, 30]
    alone: Any = about._replace(y=about.y[some], width=about.width[some])
    assert kernels(near[some], alone)[1].tolist() == kernels(near, about)[1][some].tolist()


def test_a_gain_in_density_has_a_limit() -> None:
    """Of numbers that are moved far towards their middle; far from everything nothing is added."""
    near, about = made(1)
    far = about._replace(at=np.array([[0.0, 30.0, 0.0]] * PARTS), back=np.zeros_like(about.back))
    still = naive(near, far)
    far.back[:, 1, 0] = 100.0
    log, _ = kernels(near, far)
    assert log * np.log(2.0) == pytest.approx(naive(near, far), rel=1e-10)
    assert (log * np.log(2.0) - still).max() == pytest.approx(50.0)
    outside = about._replace(at=np.full((PARTS, 3), 1e3))
    assert kernels(near, outside)[1].tolist() == [-np.inf]
