"""Bioequivalence trials with scaled limits by the plainest means: patients, least squares, textbook formulas.

Nothing of it is planner's: model matrices with a column for every patient, quantiles of SciPy, one decision
after the other as the guidances have them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

L = math.log(1.25)
PERIODS = np.array([0.0, 0.1, -0.05, 0.2])
BETWEEN = 0.6  # SD of patients' means
AT_ONCE = 5_000  # trials


class Statistics(NamedTuple):
    """Of each trial."""

    d: Floats
    se: Floats
    df: int
    s2wr: Floats
    dfr: int
    s2wt: Floats
    dft: int


def trials(
    sequences: Sequence[str],
    groups: Sequence[int],
    cvs: tuple[float, float],
    ratio: float,
    number: int,
    seed: int,
) -> Iterator[tuple[Floats, list[str]]]:
    """Logs of all trials, a few at once, in (trial, patient, period), and each patient's sequence."""
    rng = np.random.default_rng(seed)
    order = [sequence for sequence, group in zip(sequences, groups, strict=True) for _ in range(group)]
    test = np.array([[letter == "T" for letter in sequence] for sequence in order])
    sd = np.sqrt(np.where(test, math.log1p(cvs[0] ** 2), math.log1p(cvs[1] ** 2)))
    mean = np.where(test, math.log(ratio), 0.0) + PERIODS[: test.shape[1]]
    for _ in range(number // AT_ONCE):
        patients = BETWEEN * rng.standard_normal((AT_ONCE, len(order), 1))
        yield mean + patients + sd * rng.standard_normal((AT_ONCE, *test.shape)), order


def model_matrix(sequences: Sequence[str], groups: Sequence[int]) -> tuple[Floats, Bools]:
    """Columns of patients, periods and T, last; and which rows are of the reference."""
    order = [sequence for sequence, group in zip(sequences, groups, strict=True) for _ in range(group)]
    periods = len(order[0])
    x = np.zeros((len(order) * periods, len(order) + periods + 1))
    row = 0
    for patient, sequence in enumerate(order):
        for period, treatment in enumerate(sequence):
            x[row, patient] = x[row, len(order) + period] = 1.0
            x[row, -1] = treatment == "T"
            row += 1
    return x, x[:, -1] == 0.0


def residual_variance(y: Floats, x: Floats) -> tuple[Floats, int]:
    """Mean squares of residuals of least squares, and their df."""
    u, size, _ = np.linalg.svd(x, full_matrices=False)
    u = u[:, size > 1e-9 * size[0]]
    rest = y - (y @ u) @ u.T
    df = x.shape[0] - u.shape[1]
    return (rest**2).sum(axis=1) / df, df


def by_analysis_of_variance(y: Floats, sequences: Sequence[str], groups: Sequence[int]) -> Statistics:
    """EMA's method A: patient, period and treatment; s2_wR from the reference alone."""
    x, reference = model_matrix(sequences, groups)
    flat = y.reshape(len(y), -1)
    mse, df = residual_variance(flat, x)
    d = flat @ np.linalg.pinv(x)[-1]
    se = np.sqrt(mse * np.linalg.pinv(x.T @ x)[-1, -1])
    s2wr, dfr = residual_variance(flat[:, reference], x[reference][:, :-1])
    return Statistics(d, se, df, s2wr, dfr, np.full(len(y), np.nan), 0)


def by_contrasts(y: Floats, order: Sequence[str]) -> Statistics:
    """Intra-subject contrasts of the FDA: mean T - mean R, R1 - R2, T1 - T2 of each patient."""
    kinds = sorted(set(order))
    means, spread, count = [], 0.0, []
    within: dict[str, tuple[Any, int]] = {"R": (0.0, 0), "T": (0.0, 0)}
    for kind in kinds:
        z = y[:, [each == kind for each in order]]
        at = {letter: [place for place, other in enumerate(kind) if other == letter] for letter in "TR"}
        contrast = z[:, :, at["T"]].mean(axis=2) - z[:, :, at["R"]].mean(axis=2)
        means.append(contrast.mean(axis=1))
        spread = spread + ((contrast - contrast.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
        count.append(z.shape[1])
        for letter in "TR":
            if len(at[letter]) == 2:
                pair = z[:, :, at[letter][0]] - z[:, :, at[letter][1]]
                squares = ((pair - pair.mean(axis=1, keepdims=True)) ** 2).sum(axis=1) / 2
                within[letter] = within[letter][0] + squares, within[letter][1] + z.shape[1] - 1
    df = sum(count) - len(kinds)
    se = np.sqrt(spread / df * sum(1 / n for n in count)) / len(kinds)
    (r, dfr), (t, dft) = within["R"], within["T"]
    s2wt = t / dft if dft else np.full(len(y), np.nan)
    return Statistics(np.mean(means, axis=0), se, df, r / dfr, dfr, s2wt, dft)


def verdicts(
    rule: str, regulator: str, switch_s: float, at: Statistics, alpha: float = 0.05
) -> dict[str, Bools]:
    """Bioequivalent or not, and the parts of the rule."""
    t = stats.t.ppf(1 - alpha, at.df)
    low, high = at.d - t * at.se, at.d + t * at.se
    unscaled = (low >= -L) & (high <= L)
    near = np.abs(at.d) <= L
    s = np.sqrt(at.s2wr)
    parts = {"unscaled": unscaled, "scaled": s > switch_s}
    if rule == "abel":
        constant, cap = {
            "ema": (0.76, 0.5),
            "hc": (0.76, 0.57382),
            "gcc": (math.log(4 / 3) / math.sqrt(math.log(1.09)), 0.3),
        }[regulator]
        wide = constant * np.minimum(s, math.sqrt(math.log(1 + cap**2)))
        wide = np.where(s > switch_s, wide, L)
        inside = (low >= -wide) & (high <= wide)
        return parts | {"criterion": inside, "estimate": near, "equivalent": inside & near}
    if rule == "hvntid":
        alike = _alike(at, alpha)
        return parts | {"sd_ratio": alike, "equivalent": unscaled & alike, "scaled": np.zeros_like(near)}
    constant = math.log(1.25) / 0.25 if rule == "rsabe" else math.log(1 / 0.9) / 0.1
    e, c = at.d**2 - at.se**2, (np.abs(at.d) + t * at.se) ** 2
    y = constant**2 * at.s2wr
    by = y * at.dfr / stats.chi2.ppf(1 - alpha, at.dfr)
    linear = e - y + np.sqrt((c - e) ** 2 + (by - y) ** 2) <= 0
    if rule == "rsabe":
        criterion = np.where(s >= switch_s, linear, unscaled)
        passed = np.where(s >= switch_s, linear & near, unscaled)
        return parts | {"criterion": criterion, "estimate": near, "equivalent": passed}
    alike = _alike(at, alpha)
    passed = linear & unscaled & alike
    return parts | {
        "criterion": linear,
        "sd_ratio": alike,
        "equivalent": passed,
        "scaled": np.ones_like(near),
    }


def _alike(at: Statistics, alpha: float) -> Bools:
    upper = np.sqrt(at.s2wt / at.s2wr / stats.f.ppf(alpha, at.dft, at.dfr))
    return np.asarray(upper <= 2.5)
