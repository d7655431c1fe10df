"""A log-normal crossover trial simulated the plain way: positive scores, patient by patient, in NumPy.

It imports nothing of the package. Scores are products: a geometric mean, the ratio of the period, what the
treatment before leaves, and two factors of chance, `rng.lognormal` with the SD that a CV stands for. Who
leaves, who is counted and which test is done is that of tests.support.naive, on logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tests.support import naive

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LogNormalTrial:
    """A trial in its own words; treatments are letters, CVs and ratios as numbers: 0.3, 1.05."""

    sequences: tuple[str, ...]
    patients: int
    means: dict[str, float]  # geometric
    cv_within: dict[str, float]
    cv_between: float = 0.5
    allocation: tuple[int, ...] = (1, 1)
    period_ratio: tuple[float, ...] = (1.0,) * 4
    carryover: dict[str, float] = field(default_factory=dict)
    leave: tuple[float, ...] = (0.0,) * 4


def log_sd(cv: float) -> float:
    """The SD of logarithms of what has this CV (Aitchison and Brown 1957)."""
    return math.sqrt(math.log(1.0 + cv * cv))


def scores(trial: LogNormalTrial, rng: np.random.Generator, trials: int) -> tuple[NDArray[np.int64], Floats]:
    """Sequence (trial, patient) and positive score (trial, patient, period); NaN after a patient has left."""
    sequence = naive.randomised(_plan(trial), rng, trials)
    periods = len(trial.sequences[0])
    score = np.full((trials, trial.patients, periods), np.nan)
    for patient in range(trial.patients):
        own = rng.lognormal(0.0, log_sd(trial.cv_between), trials)
        there = np.ones(trials, bool)
        for period in range(periods):
            if period > 0:
                there = there & (rng.random(trials) >= trial.leave[period - 1])
            noise = rng.normal(size=trials)
            y = np.ones(trials)
            for s, word in enumerate(trial.sequences):
                given, before = word[period], word[period - 1 : period]
                here = trial.means[given] * trial.period_ratio[period] * own
                here = here * trial.carryover.get(before, 1.0)
                here = here * np.exp(log_sd(trial.cv_within[given]) * noise)
                y = np.where(sequence[:, patient] == s, here, y)
            score[:, patient, period] = np.where(there, y, np.nan)
    return sequence, score


def carry_out(trial: LogNormalTrial, test: naive.Test, trials: int, seed: int) -> naive.Results:
    """Simulate positive scores, take logarithms, and analyse them look by look."""
    sequence, score = scores(trial, np.random.default_rng(seed), trials)
    return naive.analyse_looks(_plan(trial), test, sequence, np.log(score))


def _plan(trial: LogNormalTrial) -> naive.Trial:
    """What the analyses need to know of the design."""
    return naive.Trial(
        trial.sequences, trial.patients, trial.means, trial.cv_within, 0.0, allocation=trial.allocation
    )
