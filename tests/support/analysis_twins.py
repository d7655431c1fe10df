"""The truth harness: every analysis a second time, in plain NumPy and SciPy, written from its definition.

One row of TWINS for each analysis. `test_kernels_against_naive` compares every lane of every look with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy import stats

from planner.kernels.tables import Floats, Ints

Sequences = Sequence[Sequence[str]]
Weights = Mapping[str, float]
Answer = tuple[float, float, float, int] | None
"""Estimate, standard error, df and patients used; None where the test is undefined. Tests of responses answer
with a two-sided p value in the place of df."""


def own_contrasts(
    y: Floats, sequence: Ints, sequences: Sequences, weights: Weights, missing: bool = False
) -> list[list[float]]:
    """Of each sequence that gives all of the contrast, the contrasts of the patients who have it.

    `missing`: NaN for those who have not.
    """
    groups = []
    for s, given in enumerate(sequences):
        if not set(weights) <= set(given):
            continue
        own = []
        for scores in y[sequence == s]:
            means = {a: [x for x, b in zip(scores, given, strict=True) if a == b] for a in weights}
            contrast = sum(w * sum(means[a]) / len(means[a]) for a, w in weights.items())
            own += [contrast] if missing or not math.isnan(contrast) else []
        groups.append(own)
    return groups


def first_periods(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> list[list[float]]:
    """Of each treatment of the contrast, the outcomes of those who begin with it."""
    begins = np.array([sequences[s][0] for s in sequence])
    return [[x for x in y[begins == a, 0] if not math.isnan(x)] for a in weights]


def pooled(groups: list[list[float]], share: list[float]) -> Answer:
    n = [len(g) for g in groups]
    df = sum(n) - len(n)
    if not groups or df < 1 or any(k == 0 for k, a in zip(n, share, strict=True) if a):
        return None
    variance = sum(float(np.sum((np.array(g) - np.mean(g)) ** 2)) for g in groups if g) / df
    estimate = sum(a * float(np.mean(g)) for a, g in zip(share, groups, strict=True))
    return estimate, math.sqrt(variance * sum(a * a / k for a, k in zip(share, n, strict=True))), df, sum(n)


def unpooled(groups: list[list[float]], share: list[float]) -> Answer:
    if not groups or min(len(g) for g in groups) < 2:
        return None
    v = [a * a * float(np.var(g, ddof=1)) / len(g) for a, g in zip(share, groups, strict=True)]
    df = sum(v) ** 2 / sum(x * x / (len(g) - 1) for x, g in zip(v, groups, strict=True))
    estimate = sum(a * float(np.mean(g)) for a, g in zip(share, groups, strict=True))
    return estimate, math.sqrt(sum(v)), df, sum(map(len, groups))


def equal(groups: list[list[float]]) -> list[float]:
    return [1.0 / max(len(groups), 1)] * len(groups)


def least_squares(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
    """Dummies of patients, periods and treatments; the shortest solution of the normal equations."""
    treatments = sorted({a for s in sequences for a in s})
    where = [(i, k) for i in range(len(y)) for k in range(y.shape[1]) if not math.isnan(y[i, k])]
    if not where:
        return None
    columns = len(y) + y.shape[1] + len(treatments)
    x = np.zeros((len(where), columns))
    for row, (i, k) in enumerate(where):
        x[row, i] = x[row, len(y) + k] = 1.0
        x[row, len(y) + y.shape[1] + treatments.index(sequences[sequence[i]][k])] = 1.0
    c = np.zeros(columns)
    for a, w in weights.items():
        c[len(y) + y.shape[1] + treatments.index(a)] = w
    scores = np.array([y[i, k] for i, k in where])
    inverse = np.linalg.pinv(x.T @ x, rcond=1e-10)
    rank = np.linalg.matrix_rank(x)
    df = len(where) - rank
    if df < 1 or np.abs(c @ inverse @ x.T @ x - c).max() > 1e-6:
        return None
    beta = inverse @ x.T @ scores
    variance = float(np.sum((scores - x @ beta) ** 2)) / df
    used = sum(np.sum(~np.isnan(row)) > 1 for row in y)
    return float(c @ beta), math.sqrt(variance * float(c @ inverse @ c)), df, int(used)


def covariance(groups: list[list[float]], others: list[list[float]], share: list[float]) -> Answer:
    """Least squares of values on dummies of the groups and a covariate; both lists in the same order."""
    pairs = [
        [(x, z) for x, z in zip(g, o, strict=True) if not math.isnan(x + z)]
        for g, o in zip(groups, others, strict=True)
    ]
    n = [len(p) for p in pairs]
    df = sum(n) - len(n) - 1
    if not pairs or df < 1 or min(n) == 0:
        return None
    dummies = np.repeat(np.eye(len(n)), n, axis=0)
    x, z = np.array([pair for p in pairs for pair in p]).T
    design = np.column_stack([dummies, z])
    beta, *_ = np.linalg.lstsq(design, x, rcond=None)
    c = np.array([*share, 0.0])
    variance = float(np.sum((x - design @ beta) ** 2)) / df
    se = math.sqrt(variance * float(c @ np.linalg.inv(design.T @ design) @ c))
    return float(c @ beta), se, df, sum(n)


def with_baselines(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
    """y f64[patient, period, 2]: outcome and baseline."""
    both = [own_contrasts(y[..., j], sequence, sequences, weights, missing=True) for j in (0, 1)]
    return covariance(*both, equal(both[0]))


def first_with_baselines(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
    begins = np.array([sequences[s][0] for s in sequence])
    both = [[list(y[begins == a, 0, j]) for a in weights] for j in (0, 1)]
    return covariance(*both, list(weights.values()))


Naive = Callable[[Floats, Ints, Sequences, Weights], Answer]


def of_own(rule: Callable[[list[list[float]], list[float]], Answer]) -> Naive:
    def test(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
        groups = own_contrasts(y, sequence, sequences, weights)
        return rule(groups, equal(groups))

    return test


def of_first(rule: Callable[[list[list[float]], list[float]], Answer]) -> Naive:
    return lambda y, sequence, sequences, weights: rule(
        first_periods(y, sequence, sequences, weights), list(weights.values())
    )


def all_alike(groups: list[list[float]], share: list[float]) -> Answer:
    """The paired t test: nothing is known of sequences."""
    return pooled([[x for g in groups for x in g]], [1.0])


def wald(groups: list[list[float]], share: list[float]) -> tuple[float, float, int] | None:
    """Estimate, error and patients of a weighted sum of means, each with the variance of its own group."""
    if not groups or min(len(g) for g in groups) == 0:
        return None
    v = sum(a * a * float(np.var(g)) / len(g) for a, g in zip(share, groups, strict=True))
    estimate = sum(a * float(np.mean(g)) for a, g in zip(share, groups, strict=True))
    return estimate, math.sqrt(v), sum(map(len, groups))


def mcnemar(p_value: Callable[[int, int], float]) -> Naive:
    """p_value(b, c): of so many who respond to one treatment only."""

    def test(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
        own = [x for group in own_contrasts(y, sequence, sequences, weights) for x in group]
        answer = wald([own], [1.0])
        return answer and (*answer[:2], p_value(own.count(1.0), own.count(-1.0)), answer[2])

    return test


def exact_p(b: int, c: int) -> float:
    return float(stats.binomtest(b, b + c).pvalue) if b + c else 1.0


def asymptotic_p(b: int, c: int) -> float:
    return float(2.0 * stats.norm.sf(abs(b - c) / max(b + c, 1) ** 0.5))


def mid_p(b: int, c: int) -> float:
    law = stats.binom(b + c, 0.5)
    tails = [law.sf(k) + 0.5 * law.pmf(k) for k in (b, c)]
    return float(min(1.0, 2.0 * min(tails)))


def by_preferences(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights, ties: bool) -> Answer:
    """Tests of the preference of periods (1, -1, 0): of all patients, or without those who have none."""
    groups = own_contrasts(y, sequence, sequences, weights)
    answer = wald(groups, [0.5, 0.5])
    if answer is None:
        return None
    treatment = next(iter(weights))
    turn = [1 if given[0] == treatment else -1 for given in sequences]
    scores = [[t * round(x) for x in g if x or ties] for t, g in zip(turn, groups, strict=True)]
    return *answer[:2], permutation_p(*scores) if ties else fisher_p(*scores), answer[2]


def permutation_p(first: list[int], second: list[int]) -> float:
    """Chance of a total of the first group no nearer to its mean, if scores fell to groups by chance."""
    ways: dict[tuple[int, int], int] = {(0, 0): 1}  # by patients chosen and their total
    for score in [*first, *second]:
        more = {(n + 1, total + score): count for (n, total), count in ways.items()}
        ways = {key: ways.get(key, 0) + more.get(key, 0) for key in {*ways, *more}}
    law = {total: count for (n, total), count in ways.items() if n == len(first)}
    mean = len(first) * (sum(first) + sum(second)) / (len(first) + len(second))
    far = abs(sum(first) - mean) - 1e-9
    return sum(count for total, count in law.items() if abs(total - mean) >= far) / sum(law.values())


def fisher_p(first: Sequence[float], second: Sequence[float]) -> float:
    table = [[sum(x > 0 for x in g), sum(x <= 0 for x in g)] for g in (first, second)]
    return float(stats.fisher_exact(table).pvalue)


def fisher(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
    groups = first_periods(y, sequence, sequences, weights)
    answer = wald(groups, list(weights.values()))
    return answer and (*answer[:2], fisher_p(*groups), answer[2])


def finished(test: Naive) -> Naive:
    """Of the patients who have every period alone."""

    def of_them(y: Floats, sequence: Ints, sequences: Sequences, weights: Weights) -> Answer:
        stays = ~np.isnan(y).any(axis=1)
        return test(y[stays], sequence[stays], sequences, weights)

    return of_them


TWINS: dict[str, Naive] = {
    "hills-armitage": of_own(pooled),
    "subject-contrast": of_own(pooled),
    "fixed-subject": least_squares,
    "paired-t": finished(of_own(all_alike)),
    "period-one": of_first(pooled),
    "welch": of_own(unpooled),
    "period-one-welch": of_first(unpooled),
    "baseline-adjusted": with_baselines,
    "parallel-ancova": first_with_baselines,
    "mcnemar-mid-p": finished(mcnemar(mid_p)),
    "mcnemar-exact": finished(mcnemar(exact_p)),
    "mcnemar-asymptotic": finished(mcnemar(asymptotic_p)),
    "prescott": lambda *data: by_preferences(*data, ties=True),
    "mainland-gart": lambda *data: by_preferences(*data, ties=False),
    "fisher": fisher,
}
