"""The power of a two-sample t test by statsmodels: a linear model of each trial, in a loop."""

from __future__ import annotations

import sys

import numpy as np
import statsmodels
import statsmodels.api as sm


def power(trials: int, seed: int, group: float, shift: float) -> float:
    """Share of significant trials of two groups of `group` patients, `shift` standard deviations apart."""
    rng = np.random.default_rng(seed)
    model = sm.add_constant(np.repeat([0.0, 1.0], int(group)))
    significant = 0
    for _ in range(trials):
        scores = rng.normal(size=model.shape[0]) + shift * model[:, 1]
        significant += sm.OLS(scores, model).fit().pvalues[1] < 0.05
    return float(significant / trials)


if __name__ == "__main__":
    print(statsmodels.__version__, power(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
