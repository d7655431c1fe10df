"""Quadrature by Gauss and Legendre, element by element of an array, in panels that every element sets itself.

Where a function bends depends on its parameters: each element has edges around its own bends, and between any
two neighbouring edges lies a panel of a few nodes. Panels outside of the range have no width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BULK = np.array([-13.0, -8.0, -5.0, -2.5, 0.0, 2.5, 5.0, 8.0, 13.0])
"""Edges for the density of an SD, in its standard deviations: less than 1e-17 lies beyond, at every df."""
LEAST = 1e-300
"""Where a range begins whose logarithms are taken, in place of 0."""

_X, _W = np.polynomial.legendre.leggauss(12)
_POWER = 4.0 ** -np.arange(1.0, 21.0)
_SMOOTH = 5.0  # df from which a power of the distance costs fewer digits than are promised


class Edges(NamedTuple):
    """Edges of panels: centre + unit x at, the last on an axis of their own."""

    centre: Floats
    unit: Floats
    at: Floats


def panels(edges: Sequence[Edges], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Nodes and weights from `low` to `high`, both in the shape of these and one axis more, the last.

    Where `high` is not above `low` all weights are 0.
    """
    ends = low[..., None], np.maximum(low, high)[..., None]
    with np.errstate(invalid="ignore"):  # where nothing bends, the unit is infinite
        at = [each.centre[..., None] + each.unit[..., None] * each.at for each in edges]
    every = np.concatenate(at, axis=-1)
    every = np.clip(np.where(np.isnan(every), np.inf, every), *ends)
    every = np.sort(np.concatenate([every, *ends], axis=-1), axis=-1)
    half = (every[..., 1:] - every[..., :-1]) / 2.0
    x = (every[..., :-1] + half)[..., None] + half[..., None] * _X
    shape = (*half.shape[:-1], half.shape[-1] * len(_X))
    return x.reshape(shape), (half[..., None] * _W).reshape(shape)


def towards(end: float, df: Floats) -> list[Edges]:
    """Edges that come ever closer to a place where a density is a power, df - 1, of the distance.

    None where all df are whole or large: the density is smooth there.
    """
    rough = (df < _SMOOTH) & (df != np.rint(df))
    centre, unit = np.full_like(df, end), np.ones_like(df)
    return [Edges(centre, sign * unit, _POWER) for sign in (1.0, -1.0)] if rough.any() else []


def between(cdf: Callable[[Floats], Any], low: Floats, high: Floats) -> Floats:
    """P(low < Z < high) of a law that is symmetric around 0, from the tail in which it loses no digits."""
    sign = np.where(low > 0.0, -1.0, 1.0)
    inside: Floats = np.abs(cdf(sign * high) - cdf(sign * low))
    return inside
