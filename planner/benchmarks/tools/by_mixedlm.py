"""The power of an AB/BA trial by statsmodels: its mixed model (MixedLM, REML) of each trial, in a loop.

With complete data the test is that of Hills and Armitage, with as many degrees of freedom as patients less
two. MixedLM itself gives the p value of a normal distribution, which would be significant too often.
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import statsmodels
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM


def design(patients: int) -> tuple[Any, Any]:
    """(model f64[2 n, 3] of intercept, period, treatment; patient int[2 n]) of n patients, AB and BA in turn.

    >>> model, patient = design(2)
    >>> model[:, 2], patient
    (array([0., 1., 1., 0.]), array([0, 0, 1, 1]))
    """
    patient = np.repeat(np.arange(patients), 2)
    period = np.tile([0, 1], patients)
    treatment = (period + patient) % 2
    return np.column_stack([np.ones(2 * patients), period, treatment]), patient


def p_value(scores: Any, model: Any, patient: Any) -> float:
    """Two-sided p value of the treatment; scores f64[2 patients]."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of patients who do not differ at all
        fit = MixedLM(scores, model, groups=patient).fit(reml=True)
    t = fit.params[2] / fit.bse[2]
    return float(2.0 * stats.t.sf(abs(t), len(scores) / 2 - 2))


def power(
    trials: int, seed: int, patients: float, a: float, b: float, within: float, between: float
) -> float:
    """Share of significant trials: means of both treatments, SD within and between patients."""
    rng, n = np.random.default_rng(seed), int(patients)
    model, patient = design(n)
    significant = 0
    for _ in range(trials):
        level = np.repeat(rng.normal(scale=between, size=n), 2)
        scores = np.where(model[:, 2] == 0.0, a, b) + level + rng.normal(scale=within, size=2 * n)
        significant += p_value(scores, model, patient) < 0.05
    return significant / trials


if __name__ == "__main__":
    print(statsmodels.__version__, power(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:])))
