"""Every lane of every look of the t tests against plain NumPy: random designs, random holes, several looks.

The naive versions are written from the definitions: least squares with dummies, means of lists of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from planner.analyses import statistic
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, STATISTICS, Contrast, Floats, Ints, T, W
from planner.scenario.designs import named
from planner.scenario.estimability import period_shares, sequence_shares
from planner.scenario.vocabulary import METHODS

Sequences = Sequence[Sequence[str]]
Weights = Mapping[str, float]
LANES = range(3, W, 11)
Answer = tuple[float, float, float, int] | None
"""Estimate, standard error, df and patients used; None where the test is undefined."""

INTERACTION = {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}
PAIR = {"A": 1.0, "B": -1.0}
DESIGNS: dict[str, tuple[Sequences, Weights]] = {
    "AB/BA": (named("AB/BA", "AB"), PAIR),
    "Williams 3": (named("williams", "ABC"), {"A": 1.0, "C": -1.0}),
    "Williams 4": (named("williams", "ABCD"), INTERACTION),
    "ABB/BAA": (named("ABB/BAA", "AB"), {"A": -2.0, "B": 2.0}),
    "Balaam": (named("balaam", "AB"), PAIR),
    "incomplete blocks": ([tuple(s) for s in ("AB", "BA", "AC", "CA", "BC", "CB")], PAIR),
    "of all": ([tuple(s) for s in ("ABC", "BCA", "CAB")], {"A": 1.0, "B": -0.5, "C": -0.5}),
    "two trials": ([tuple(s) for s in ("AB", "BA", "CD", "DC")], PAIR),
    "not connected": ([tuple(s) for s in ("AB", "BA", "CD", "DC")], {"A": 1.0, "C": -1.0}),
    "parallel": ([("A",), ("B",), ("C",)], {"A": 1.0, "C": -1.0}),
    "parallel, weighted": ([("A",), ("B",), ("C",), ("D",)], INTERACTION),
}
BINARY_METHODS = {name for name, row in METHODS.items() if row.binary}


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


NAIVE: dict[str, Naive] = {
    "subject-contrast": of_own(pooled),
    "welch": of_own(unpooled),
    "period-one": of_first(pooled),
    "period-one-welch": of_first(unpooled),
    "fixed-subject": least_squares,
    "baseline-adjusted": with_baselines,
    "parallel-ancova": first_with_baselines,
}


def fitting(method: str, sequences: Sequences, weights: Weights) -> bool:
    """Whether the method may meet such a design (where the equal shares of the naive version hold)."""
    if METHODS[method].needs == "first":
        return set(weights) <= {s[0] for s in sequences}
    shares = sequence_shares(sequences, weights)
    if method == "fixed-subject":
        return len(sequences[0]) > 1
    return shares is not None and len({x for x in shares if x}) == 1


def tables(sequences: Sequences, weights: Weights) -> Contrast:
    treatments = list(dict.fromkeys(a for s in sequences for a in s))
    shares = sequence_shares(sequences, weights) or [0] * len(sequences)
    return Contrast(
        weight=np.array([[float(x) for x in period_shares(s, weights)] for s in sequences]),
        share=np.array([float(x) for x in shares]),
        treatment=np.array([[treatments.index(a) for a in s] for s in sequences]),
        effect=np.array([weights.get(a, 0.0) for a in treatments]),
        sides=0,
        baseline=1,
    )


CASES = [(method, design) for method in NAIVE for design in DESIGNS if fitting(method, *DESIGNS[design])]


@pytest.mark.parametrize("holes", ["none", "leaving", "anywhere"])
@pytest.mark.parametrize(("method", "design"), CASES)
def test_every_lane(method: str, design: str, holes: str) -> None:
    sequences, weights = DESIGNS[design]
    rng = np.random.default_rng(sum(map(ord, method + design + holes)))
    patients, periods = 36, len(sequences[0])
    shape = (patients, 2, periods, W)  # outcomes and baselines
    y = 1000.0 + rng.normal(size=shape) * 3 + rng.normal(size=(patients, 1, 1, W)) * 5
    if holes == "leaving":
        gone = np.maximum.accumulate(rng.random(shape) < 0.15, axis=2)
        y[gone[:, :1] | np.zeros(shape, bool)] = np.nan
    elif holes == "anywhere":
        y[rng.random(shape) < (0.1 if METHODS[method].baseline else 0.3)] = np.nan
    order = rng.permuted(np.arange(patients) % len(sequences))
    looks = np.array([4, 11, patients])
    stat = np.empty((looks.size, 1, STATISTICS * W))
    values = y.reshape(1, patients, 1, 2, periods * W)
    adjusts = METHODS[method].baseline
    statistic(method)(values, 0, 0, order[None], tables(sequences, weights), 0.3, looks, stat)
    undefined = 0
    for look, count in enumerate(looks):
        rows = stat[look, 0].reshape(STATISTICS, W)
        for lane in LANES:
            seen = y[:count, :, :, lane].transpose(0, 2, 1) if adjusts else y[:count, 0, :, lane]
            expected = NAIVE[method](seen, order[:count], sequences, weights)
            found = rows[:, lane]
            if expected is None:
                assert found[DF] == 0.0
                undefined += 1
                continue
            estimate, se, df, used = expected
            assert found[DF] == pytest.approx(df, rel=1e-8)
            assert found[ESTIMATE] == pytest.approx(estimate, abs=1e-8)
            assert found[SE] == pytest.approx(se, rel=1e-6, abs=1e-9)
            assert found[T] == pytest.approx(estimate / se, rel=1e-6) or se < 1e-9
            assert found[COMPLETERS] == used
    total = looks.size * len(LANES)
    assert undefined < total or (design == "not connected" and method == "fixed-subject")


def test_the_methods_here_are_those_without_another_twin() -> None:
    others = {"hills-armitage", "paired-t"}  # in naive.py
    assert set(NAIVE) | others | BINARY_METHODS == set(METHODS)
