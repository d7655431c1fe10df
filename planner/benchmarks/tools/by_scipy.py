"""The power of a two-sample t test by SciPy: `stats.power` with its vectorised t test."""

from __future__ import annotations

import sys

import numpy as np
import scipy
from scipy import stats


def power(trials: int, seed: int, group: float, shift: float) -> float:
    """Share of significant trials of two groups of `group` patients, `shift` standard deviations apart.

    >>> 0.75 < power(4000, 1, 12, 1.2) < 0.85
    True
    """
    rng = np.random.default_rng(seed)
    draws = rng.normal, lambda size: rng.normal(loc=shift, size=size)
    sizes = (int(group), int(group))
    result = stats.power(stats.ttest_ind, draws, sizes, significance=0.05, n_resamples=trials)
    return float(result.power)


if __name__ == "__main__":
    print(scipy.__version__, power(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
