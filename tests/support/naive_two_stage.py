"""Two-stage bioequivalence trials patient by patient, in plain NumPy: nothing of the package is used.

One trial at a time: values of patients with their own level, period effects of each stage, tests by least
squares over dummy variables, numbers of patients by SciPy's noncentral t (or a sum over quantiles).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]

L = math.log(1.25)
QUANTILES = (np.arange(300) + 0.5) / 300
WEIGHTS = (0.5, 0.25)


@dataclass(frozen=True)
class Rule:
    """What is looked at first: power (methods C and D) or the test (method B)."""

    alpha: tuple[float, float]
    ratio: float = 0.95
    power: float = 0.80
    power_first: bool = False
    lost: int = 3  # degrees of freedom, in the planning of both stages


@dataclass
class Counts:
    """Sums over trials."""

    trials: int = 0
    equivalent: int = 0
    equivalent_first: int = 0
    second_stage: int = 0
    patients: list[int] = field(default_factory=list)

    def add(self, first: bool | None, final: bool, patients: int) -> None:
        """`first`: the verdict of stage 1, None if there was a second."""
        self.trials += 1
        self.equivalent += final
        self.equivalent_first += bool(first)
        self.second_stage += first is None
        self.patients.append(patients)


def nct_power(alpha: float, n: int, df: int, effect: float, s2: float) -> float:
    t, se = stats.t.isf(alpha, df), math.sqrt(2 * s2 / n)
    return float(stats.nct.cdf(-t, df, (effect - L) / se) - stats.nct.cdf(t, df, (effect + L) / se))


@cache
def largest_s2(alpha: float, n: int, df: int, ratio: float, power: float) -> float:
    """By a search that starts at the normal approximation: from afar SciPy's noncentral t misleads it."""
    effect = math.log(ratio)
    near = n / 2 * ((L - abs(effect)) / (stats.norm.isf(alpha) + stats.norm.ppf(power))) ** 2
    low = near
    while nct_power(alpha, n, df, effect, low) < power:
        low *= 0.8
    high = low * 1.25
    while nct_power(alpha, n, df, effect, high) > power:
        low, high = high, high * 1.25
    return float(optimize.brentq(lambda x: nct_power(alpha, n, df, effect, x) - power, low, high, xtol=1e-14))


def total(rule: Rule, s2: float) -> int:
    n = 4
    while largest_s2(rule.alpha[1], n, n - rule.lost, rule.ratio, rule.power) < s2:
        n += 2
    return n


@dataclass(frozen=True)
class Patients:
    """Logs by patient and period, with the sequence of each: 0 is TR, 1 is RT."""

    values: Array  # patients, 2
    sequence: NDArray[np.int64]

    @property
    def summary(self) -> tuple[float, float, int, int]:
        """Estimate, residual sum of squares within patients, patients by sequence."""
        half = (self.values[:, 0] - self.values[:, 1]) / 2
        groups = [half[self.sequence == k] for k in (0, 1)]
        means = [float(g.mean()) if g.size else math.nan for g in groups]
        ss = sum(2 * float(((g - m) ** 2).sum()) for g, m in zip(groups, means, strict=True) if g.size)
        return means[0] - means[1], ss, groups[0].size, groups[1].size


def patients(rng: np.random.Generator, tr: int, rt: int, sigma: float, effect: float) -> Patients:
    """With large effects of patients and periods, which have to drop out of every test."""
    sequence = np.repeat([0, 1], [tr, rt])
    level = rng.normal(3.0, 2.0, tr + rt)[:, None] + rng.normal(0.0, 1.0, 2)
    treated = np.array([[1.0, 0.0], [0.0, 1.0]])[sequence]
    return Patients(level + effect * treated + rng.normal(0.0, sigma, (tr + rt, 2)), sequence)


def least_squares(stages: list[Patients]) -> tuple[float, float, int]:
    """Estimate, standard error and df of patient + period within stage + stage + treatment, by dummies."""
    count = sum(len(stage.sequence) for stage in stages)
    rows, y, patient = [], [], 0
    for k, stage in enumerate(stages):
        for values, sequence in zip(stage.values, stage.sequence, strict=True):
            for period in (0, 1):
                row = np.zeros(count + 3 * len(stages) + 1)
                row[patient] = row[count + 2 * k + period] = row[count + 2 * len(stages) + k] = 1.0
                row[-1] = float(period == sequence)
                rows.append(row)
                y.append(values[period])
            patient += 1
    x, target = np.array(rows), np.array(y)
    beta, _, rank, _ = np.linalg.lstsq(x, target, rcond=None)
    df = len(target) - rank
    residual = float(((target - x @ beta) ** 2).sum())
    return float(beta[-1]), math.sqrt(residual / df * float(np.linalg.pinv(x.T @ x)[-1, -1])), int(df)


def passes(test: tuple[float, float, int], alpha: float) -> bool:
    d, se, df = test
    return bool(abs(d) + stats.t.isf(alpha, df) * se <= L)


def pooled_trial(rng: np.random.Generator, rule: Rule, first: int, sigma: float, effect: float) -> Any:
    """The verdict of stage 1 (None: it went on), that of the trial, and its patients."""
    one = patients(rng, first // 2, first - first // 2, sigma, effect)
    d, ss, tr, rt = one.summary
    df = first - 2
    test = d, math.sqrt(ss / df * (1 / tr + 1 / rt) / 2), df
    level = 0.05 if rule.power_first else rule.alpha[1]
    powered = ss / df <= largest_s2(level, first, df, rule.ratio, rule.power)
    if rule.power_first and powered:
        verdict = passes(test, 0.05)
        return verdict, verdict, first
    if passes(test, rule.alpha[0]):
        return True, True, first
    if powered:
        return passes(test, rule.alpha[1]), passes(test, rule.alpha[1]), first
    n = total(rule, ss / df)
    two = patients(rng, (n - first) // 2, (n - first) // 2, sigma, effect)
    return None, passes(least_squares([one, two]), rule.alpha[1]), n


def combined_trial(rng: np.random.Generator, c: float, first: int, sigma: float, effect: float) -> Any:
    """The same for p values combined, planned for a ratio of .95 and a power of 80 %."""
    one = patients(rng, first // 2, first - first // 2, sigma, effect)
    d, ss, tr, rt = one.summary
    s2, df = ss / (first - 2), first - 2
    before = scores(d, math.sqrt(s2 * (1 / tr + 1 / rt) / 2), df)
    if min(before) > c:
        return True, True, first
    level, planned = stats.norm.sf(c), math.copysign(math.log(0.95), d)
    already = sum_power((level, level), first, df, math.log(0.95), s2)
    if already >= 0.8:
        return False, False, first
    levels = [stats.norm.sf(min((c - math.sqrt(w) * z) / math.sqrt(1 - w) for w in WEIGHTS)) for z in before]
    n = 4
    while sum_power((levels[0], levels[1]), n, n - 2, planned, s2) < 1 - 0.2 / (1 - max(already, 0)):
        n += 2
    two = patients(rng, n // 2, n // 2, sigma, effect)
    d2, ss2, _, _ = two.summary
    after = scores(d2, math.sqrt(ss2 / (n - 2) * 2 / n), n - 2)
    both = [
        max(math.sqrt(w) * z1 + math.sqrt(1 - w) * z2 for w in WEIGHTS)
        for z1, z2 in zip(before, after, strict=True)
    ]
    return None, min(both) > c, first + n


def scores(d: float, se: float, df: int) -> tuple[float, float]:
    """Normal scores of the p values against the lower and the upper limit."""
    p = stats.t.sf((d + L) / se, df), stats.t.cdf((d - L) / se, df)
    return float(stats.norm.isf(p[0])), float(stats.norm.isf(p[1]))


def sum_power(levels: tuple[float, float], n: int, df: int, effect: float, s2: float) -> float:
    """The difference of two noncentral t, as a mean over quantiles of the estimated SD."""
    r, se = spread(df), math.sqrt(2 * s2 / n)
    s, t = stats.t.isf(levels, df)
    return float(
        np.mean(stats.norm.cdf((L + effect) / se - s * r) + stats.norm.cdf((L - effect) / se - t * r)) - 1
    )


@cache
def spread(df: int) -> Array:
    return np.asarray(np.sqrt(stats.chi2.ppf(QUANTILES, df) / df))
