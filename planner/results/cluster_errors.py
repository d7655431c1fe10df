"""Errors of figures that are ratios of sums over clusters of trials.

The Monte Carlo error of a ratio is that over clusters (Cochran 1977, 6.4), but never less than that of as
many independent trials:

    r = sum x / sum n        SE(r)^2 = Q / (Q - 1) sum (x_q - r n_q)^2 / (sum n)^2
"""

from __future__ import annotations

import math
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from planner.results.figures import Figure, widen


def error(x: ArrayLike, n: ArrayLike) -> float:
    """Standard error of sum x / sum n over clusters; 0 where there is one cluster, or nothing to count."""
    x, n = np.asarray(x, np.float64), np.asarray(n, np.float64)
    total = float(n.sum())
    if x.size < 2 or total == 0.0:
        return 0.0
    rest = x - x.sum() / total * n
    return math.sqrt(float(rest @ rest) * x.size / (x.size - 1)) / abs(total)


@overload
def spread(figure: Figure, x: ArrayLike, n: ArrayLike) -> Figure: ...
@overload
def spread(figure: None, x: ArrayLike, n: ArrayLike) -> None: ...
def spread(figure: Figure | None, x: ArrayLike, n: ArrayLike) -> Figure | None:
    """A figure of independent trials with the error of clusters, where that is larger."""
    if figure is None or not figure.mcse:
        return figure
    return widen(figure, max(1.0, error(x, n) / figure.mcse))
