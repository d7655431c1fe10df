"""A crossover trial simulated the plain way: NumPy, patient by patient, an independent twin of the package.

It imports nothing of the package. A trial is what a reader would write down first: shuffle the sequences, let
each patient go through the periods, note the scores, leave or stay; at each look take the patients whose
follow-up is over, test the completers among them, compare. Arrays run over trials only. Slow, on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """A trial in its own words; treatments are letters, sequences words such as "AB"."""

    sequences: tuple[str, ...]
    patients: int
    means: dict[str, float]
    within: dict[str, float]
    between: float
    interaction: float = 0.0
    allocation: tuple[int, ...] = (1, 1)
    block: int = 1
    period_effect: tuple[float, ...] = (0.0,) * 12
    sequence_effect: tuple[float, ...] = (0.0,) * 12
    carryover: dict[str, float] = field(default_factory=dict)
    lasting: bool = False
    before_first: float = 0.0
    leave: tuple[float, ...] = (0.0,) * 12
    low: float = -math.inf
    high: float = math.inf
    step: float | None = None


@dataclass(frozen=True)
class Test:
    """An analysis of `first` minus `second`, its looks and their limits on the z scale (None: no limit)."""

    method: str
    looks: tuple[int, ...]
    efficacy: tuple[float | None, ...]
    futility: tuple[float | None, ...]
    direction: str = "two-sided"
    alpha: float = 0.05
    first: str = "A"
    second: str = "B"
    truth: float = 0.0
    limits: tuple[float, float] | None = None  # of equivalence, in place of a direction


def randomised(trial: Trial, rng: np.random.Generator, trials: int) -> NDArray[np.int64]:
    """The sequence of each patient, (trial, patient): shuffled blocks, the last one cut off."""
    unit = [s for s, n in enumerate(trial.allocation) for _ in range(n)] * trial.block
    blocks = -(-trial.patients // len(unit))
    shuffled = [rng.permuted(np.tile(unit, (trials, 1)), axis=1) for _ in range(blocks)]
    return np.concatenate(shuffled, axis=1)[:, : trial.patients]


def scores(trial: Trial, rng: np.random.Generator, trials: int) -> tuple[NDArray[np.int64], Floats]:
    """Sequence (trial, patient) and score (trial, patient, period); NaN after a patient has left."""
    sequence = randomised(trial, rng, trials)
    periods = len(trial.sequences[0])
    score = np.full((trials, trial.patients, periods), np.nan)
    for patient in range(trial.patients):
        own = trial.between * rng.normal(size=trials)
        liking = {a: trial.interaction * rng.normal(size=trials) for a in trial.means}
        there = rng.random(trials) >= trial.before_first
        for period in range(periods):
            if period > 0:
                there = there & (rng.random(trials) >= trial.leave[period - 1])
            noise = rng.normal(size=trials)
            y = np.zeros(trials)
            for s, word in enumerate(trial.sequences):
                given = word[period]
                earlier = (set(word[:period]) if trial.lasting else set(word[period - 1 : period])) or set()
                here = (
                    trial.means[given]
                    + trial.period_effect[period]
                    + trial.sequence_effect[s]
                    + sum(trial.carryover.get(a, 0.0) for a in earlier)
                    + own
                    + liking[given]
                    + trial.within[given] * noise
                )
                y = np.where(sequence[:, patient] == s, here, y)
            if trial.step is not None:
                y = np.floor(y / trial.step + 0.5) * trial.step
            score[:, patient, period] = np.where(there, np.clip(y, trial.low, trial.high), np.nan)
    return sequence, score


def differences(trial: Trial, test: Test, sequence: NDArray[np.int64], score: Floats) -> Floats:
    """Each patient's mean on the first treatment minus that on the second; NaN if a period is missing.

    `subject-contrast` needs the periods of these two treatments only. `period-one`: the first score of who
    begins with either.
    """
    x = np.full(sequence.shape, np.nan)
    for s, word in enumerate(trial.sequences):
        if test.method == "period-one":
            if word[0] in (test.first, test.second):
                x = np.where(sequence == s, score[:, :, 0], x)
            continue
        first = [k for k, a in enumerate(word) if a == test.first]
        second = [k for k, a in enumerate(word) if a == test.second]
        d = score[:, :, first].mean(axis=2) - score[:, :, second].mean(axis=2)
        whole = (
            np.ones(sequence.shape, bool)
            if test.method == "subject-contrast"
            else ~np.isnan(score.sum(axis=2))
        )
        x = np.where((sequence == s) & whole, d, x)
    return x


def count_mean_squares(x: Floats) -> tuple[Floats, Floats, Floats]:
    """Number, mean and sum of squares about the mean of what is not missing in each row."""
    n = (~np.isnan(x)).sum(axis=1).astype(float)
    mean = np.where(n > 0, np.nansum(x, axis=1) / np.maximum(n, 1), 0.0)
    return n, mean, np.nansum((x - mean[:, None]) ** 2, axis=1)


def of_groups(x: Floats, group: NDArray[np.int64], share: list[float]) -> tuple[Floats, ...]:
    """As `analysed`: the sum of share x mean of each group, with one variance."""
    each = [count_mean_squares(np.where(group == g, x, np.nan)) for g in range(len(share))]
    n = sum(number for number, _, _ in each)
    filled = np.all([number > 0 for number, _, _ in each], axis=0)
    df = np.where(filled, np.maximum(n - len(share), 0), 0.0)
    variance = sum(squares for _, _, squares in each) / np.maximum(df, 1)
    estimate = sum(a * mean for a, (_, mean, _) in zip(share, each, strict=True))
    spread = sum(a * a / np.maximum(number, 1) for a, (number, _, _) in zip(share, each, strict=True))
    return estimate, np.sqrt(variance * spread), df, n


def analysed(
    trial: Trial, test: Test, x: Floats, sequence: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats, Floats]:
    """(estimate, standard error, df, completers) of each row; df 0 where there are too few patients."""
    method = test.method
    if method == "subject-contrast":
        sequences = len(trial.sequences)
        return of_groups(x, sequence, [1 / sequences] * sequences)
    if method == "period-one":
        second = np.array([word[0] == test.second for word in trial.sequences], np.int64)
        return of_groups(x, second[sequence], [1.0, -1.0])
    if method == "paired-t":
        n, mean, squares = count_mean_squares(x)
        df = np.maximum(n - 1, 0)
        return mean, np.sqrt(squares / np.maximum(df, 1) / np.maximum(n, 1)), df, n
    n1, m1, s1 = count_mean_squares(np.where(sequence == 0, x, np.nan))
    n2, m2, s2 = count_mean_squares(np.where(sequence == 1, x, np.nan))
    defined = (n1 >= 1) & (n2 >= 1) & (n1 + n2 >= 3)
    df = np.where(defined, n1 + n2 - 2, 0.0)
    pooled = (s1 + s2) / np.maximum(df, 1)
    se = np.sqrt(pooled * (1 / np.maximum(n1, 1) + 1 / np.maximum(n2, 1))) / 2
    return (m1 + m2) / 2, se, df, n1 + n2


def without_spread(x: Floats, estimate: Floats, se: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each row has no spread, and whether its estimate is 0: both but for the rounding of x."""
    rounding = 1e-12 * np.fmax.reduce(np.abs(x), axis=1, initial=0.0)
    return se <= rounding, np.abs(estimate) <= rounding


def told_from_limits(
    test: Test, look: int, estimate: Floats, se: Floats, df: Floats
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the interval of the look lies within the limits, outside them, and whether that is futile."""
    assert test.limits is not None
    low, high = test.limits
    inside, outside, futile = (np.zeros(estimate.shape, bool) for _ in range(3))
    if (z := test.efficacy[look]) is not None:
        half = stats.t.isf(stats.norm.sf(z), df) * se
        inside = (estimate - half >= low) & (estimate + half <= high)
        outside = (estimate + half <= low) | (estimate - half >= high)
    if (z := test.futility[look]) is not None:
        reach = stats.t.isf(stats.norm.sf(z), df) * se
        futile = ((estimate - low <= reach) | (high - estimate <= reach)) & ~inside
    return inside, outside, futile


@dataclass
class Results:
    """What each trial came to."""

    look: NDArray[np.int64]  # 0-based look at which it ended
    above: NDArray[np.bool_]  # efficacy with a positive t
    below: NDArray[np.bool_]
    futile: NDArray[np.bool_]
    estimate: Floats
    covered: NDArray[np.bool_]
    defined: NDArray[np.bool_]
    completers: Floats

    @property
    def significant(self) -> NDArray[np.bool_]:
        return self.above | self.below


def carry_out(trial: Trial, test: Test, trials: int, seed: int) -> Results:
    """Simulate and analyse the trials, stopping each at the first look that allows it."""
    return analyse_looks(trial, test, *scores(trial, np.random.default_rng(seed), trials))


def analyse_looks(trial: Trial, test: Test, sequence: NDArray[np.int64], score: Floats) -> Results:
    """The trials with these sequences (trial, patient) and scores (trial, patient, period), look by look."""
    trials = len(sequence)
    x = differences(trial, test, sequence, score)
    running = np.ones(trials, bool)
    out = Results(
        np.zeros(trials, np.int64),
        *(np.zeros(trials, bool) for _ in range(3)),
        np.zeros(trials),
        *(np.zeros(trials, bool) for _ in range(2)),
        np.zeros(trials),
    )
    for look, count in enumerate(test.looks):
        estimate, se, df, n = analysed(trial, test, x[:, :count], sequence[:, :count])
        flat, nil = without_spread(x[:, :count], estimate, se)
        defined = (df > 0) & (nil | ~flat)
        safe = np.where(defined, df, 1.0)
        t = np.where(nil | flat, 0.0, estimate / np.where(flat, 1.0, se))
        above, below, futile = (np.zeros(trials, bool) for _ in range(3))
        if test.efficacy[look] is not None:
            limit = stats.t.isf(stats.norm.sf(test.efficacy[look]), safe)
            above = defined & (t >= limit) & (test.direction != "less")
            below = defined & (t <= -limit) & (test.direction != "greater")
        last = look == len(test.looks) - 1
        if not last and test.futility[look] is not None:
            inner = stats.t.isf(stats.norm.sf(test.futility[look]), safe)
            signed = {"greater": t, "less": -t, "two-sided": np.abs(t)}[test.direction]
            futile = defined & (signed <= inner) & ~above & ~below
        if test.limits is not None:
            defined = (df > 0) & ~flat
            above, below, futile = told_from_limits(test, look, estimate, se, safe)
            above, below, futile = above & defined, below & defined & last, futile & defined & (not last)
        ends = running & (above | below | futile | last)
        both = test.direction == "two-sided" and test.limits is None
        half = stats.t.isf(test.alpha / 2 if both else test.alpha, safe) * se
        out.look[ends] = look
        out.above[ends], out.below[ends], out.futile[ends] = above[ends], below[ends], futile[ends]
        out.estimate[ends], out.completers[ends] = estimate[ends], n[ends]
        out.defined[ends] = defined[ends]
        out.covered[ends] = (defined & (np.abs(estimate - test.truth) <= half))[ends]
        running &= ~ends
    return out
