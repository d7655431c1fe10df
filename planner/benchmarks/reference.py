"""The AB/BA trial of `jobs.means` as somebody would write it who has NumPy, or Numba, and an hour.

Both do the whole job: whole points within limits, dropout, the Hills-Armitage test at two looks with limits
by degrees of freedom, and sums of the estimates. What they do less is in their favour: sequences alternate,
where the planner draws permuted blocks; no coverage, no fourth moments, no numbers of completers.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from planner.benchmarks.jobs import BETWEEN, HIGH, LEAVE, LOOK, LOW, MEANS, WITHIN, N
from planner.kernels.jit import kernel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALPHA = (0.0039, 0.0490)  # about what O'Brien-Fleming spending leaves for the two looks
CRITICAL = np.array(
    [[np.inf, *student.isf(alpha / 2.0, np.arange(1, N + 1))] for alpha in ALPHA]
)  # (look, df)


class Counts(NamedTuple):
    """Trials, those significant at the first look and at the last, sum and squares of the estimates."""

    trials: int
    early: int
    late: int
    total: float
    square: float

    @property
    def power(self) -> float:
        return (self.early + self.late) / self.trials


def _test(d: Floats, here: Flags, m: int, critical: Floats) -> tuple[Floats, Flags]:
    """(estimate, significant) from differences A - B d f64[trial, patient] of the first m patients."""
    n, s, q = [], [], []
    for first in (0, 1):
        x, stayed = d[:, first:m:2], here[:, first:m:2]
        n.append(stayed.sum(axis=1))
        s.append(x.sum(axis=1))
        q.append(np.einsum("ij,ij->i", x, x))
    mean = [s[k] / np.maximum(n[k], 1) for k in (0, 1)]
    df = np.maximum(n[0] + n[1] - 2, 0)
    within = (q[0] - s[0] * mean[0]) + (q[1] - s[1] * mean[1])
    estimate = 0.5 * (mean[0] + mean[1])
    share = 1.0 / np.maximum(n[0], 1) + 1.0 / np.maximum(n[1], 1)
    error = 0.5 * np.sqrt(np.maximum(within, 0.0) / np.maximum(df, 1) * share)
    return estimate, np.abs(estimate) > critical[df] * error


def with_numpy(trials: int, seed: int = 1, block: int = 1000) -> Counts:
    """Vectorised over blocks of trials that stay in the cache, in place where that is natural."""
    rng = np.random.default_rng(seed)
    early = late = 0
    total = square = 0.0
    first_is_a = np.arange(N) % 2 == 0
    mean = np.where(first_is_a, MEANS[0], MEANS[1]) + 0.5, np.where(first_is_a, MEANS[1], MEANS[0]) + 0.5
    sign = np.where(first_is_a, 1.0, -1.0)
    for start in range(0, trials, block):
        shape = (min(block, trials - start), N)
        level = rng.standard_normal(shape)
        level *= BETWEEN
        scores = []
        for k in (0, 1):
            y = rng.standard_normal(shape)
            y *= WITHIN
            y += level
            y += mean[k]
            np.floor(y, out=y)
            np.clip(y, LOW, HIGH, out=y)
            scores.append(y)
        here = rng.random(shape) >= LEAVE
        d = scores[0]
        d -= scores[1]
        d *= sign
        d *= here
        first, stopped = _test(d, here, LOOK, CRITICAL[0])
        last, significant = _test(d, here, N, CRITICAL[1])
        estimate = np.where(stopped, first, last)
        early += int(stopped.sum())
        late += int((significant & ~stopped).sum())
        total += float(estimate.sum())
        square += float(estimate @ estimate)
    return Counts(trials, early, late, total, square)


@kernel
def _evaluate(n: Any, s: Any, q: Any, critical: Any) -> Any:
    """(estimate, significant) of two sequences from counts, sums and squares."""
    if n[0] < 1 or n[1] < 1 or n[0] + n[1] < 3:
        return 0.0, False
    df = int(n[0] + n[1]) - 2
    m0, m1 = s[0] / n[0], s[1] / n[1]
    within = (q[0] - s[0] * m0) + (q[1] - s[1] * m1)
    estimate = 0.5 * (m0 + m1)
    error = 0.5 * math.sqrt(max(within, 0.0) / df * (1.0 / n[0] + 1.0 / n[1]))
    return estimate, abs(estimate) > critical[df] * error


@kernel
def _scalar(trials: Any, seed: Any, critical: Any) -> Any:
    np.random.seed(seed)  # noqa: NPY002
    early = late = 0
    total = square = 0.0
    n, s, q = np.zeros(2), np.zeros(2), np.zeros(2)
    for _ in range(trials):
        n[:] = 0.0
        s[:] = 0.0
        q[:] = 0.0
        stopped = False
        estimate = 0.0
        for p in range(N):
            sequence = p & 1
            level = BETWEEN * np.random.standard_normal()  # noqa: NPY002
            a = MEANS[0] + level + WITHIN * np.random.standard_normal()  # noqa: NPY002
            b = MEANS[1] + level + WITHIN * np.random.standard_normal()  # noqa: NPY002
            a = min(max(math.floor(a + 0.5), LOW), HIGH)
            b = min(max(math.floor(b + 0.5), LOW), HIGH)
            if np.random.random() >= LEAVE:  # noqa: NPY002
                n[sequence] += 1.0
                s[sequence] += a - b
                q[sequence] += (a - b) * (a - b)
            if p + 1 == LOOK:
                estimate, stopped = _evaluate(n, s, q, critical[0])
                if stopped:
                    early += 1
                    break  # the rest of the patients need not be drawn
        if not stopped:
            estimate, significant = _evaluate(n, s, q, critical[1])
            late += significant
        total += estimate
        square += estimate * estimate
    return early, late, total, square


def with_scalar_numba(trials: int, seed: int = 1) -> Counts:
    """A plain compiled loop over trials and patients with np.random; it stops drawing when a trial stops."""
    return Counts(trials, *_scalar(trials, seed, CRITICAL))
