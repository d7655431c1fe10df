"""Decisions with scaled limits in lanes, trial by trial, against the same rules on arrays; their counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from planner.equivalence.regulators import scaled_rule
from planner.equivalence.scaled_decisions import ScaledDecision, decide
from planner.kernels.analyse.scaled import count_scaled, judge_scaled
from planner.kernels.tables import (
    ALIKE,
    CRITERION,
    DF,
    ESTIMATE,
    LIMIT_BINS,
    LIMIT_TOP,
    NEAR,
    SCALED_BITS,
    SCALED_PARTS,
    SE,
    STATISTICS,
    SWITCHED,
    UNSCALED_TOO,
    Floats,
    Ints,
    T,
    W,
)
from planner.model.scaled_tables import rule_table
from tests.support.marks import repeated

RULES = [
    ("ema", "abel"),
    ("hc", "abel"),
    ("gcc", "abel"),
    ("fda", "rsabe"),
    ("fda", "ntid"),
    ("fda", "hvntid"),
]
TILES, MOST = 8, 40
N = TILES * W


class Given:
    """Statistics at random, with everything among them that leaves a rule undefined."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.d, self.se = rng.normal(0.0, 0.15, N), rng.uniform(0.01, 0.12, N)
        self.df, self.dfr, self.dft = (rng.integers(1, MOST, N).astype(float) for _ in range(3))
        self.s2wr, self.s2wt = rng.gamma(2.0, 0.05, N), rng.gamma(2.0, 0.05, N)
        for values, share in ((self.se, 0.02), (self.df, 0.02), (self.dfr, 0.02), (self.s2wr, 0.03)):
            values[rng.random(N) < share] = 0.0
        self.dft[rng.random(N) < 0.02] = 0.0

    def expected(self, regulator: str, rule: str) -> ScaledDecision:
        row = scaled_rule(regulator, rule)
        return decide(row, self.d, self.se, self.df, self.s2wr, self.dfr, self.s2wt, self.dft)

    def judged(self, regulator: str, rule: str) -> tuple[Floats, Floats, Ints]:
        """Statistics after the kernel, logs of upper limits, and code."""
        stat = np.zeros((1, TILES, STATISTICS, W))
        for place, values in ((ESTIMATE, self.d), (SE, self.se), (DF, self.df)):
            stat[0, :, place] = values.reshape(TILES, W)
        reference, test = (np.zeros((1, TILES, 2, W)) for _ in range(2))
        for to, variance, df in ((reference, self.s2wr, self.dfr), (test, self.s2wt, self.dft)):
            to[0, :, 0], to[0, :, 1] = variance.reshape(TILES, W), df.reshape(TILES, W)
        critical = np.zeros((1, MOST + 1))
        critical[0, 1:] = stats.t.isf(0.05, np.arange(1, MOST + 1))
        code = np.zeros((1, TILES, W), np.int64)
        flat = (each.reshape(1, TILES, -1) for each in (stat, reference, test))
        rows = stat, reference, code
        judge_scaled(*flat, critical, rule_table(scaled_rule(regulator, rule), 0.05, MOST), code)
        return rows[0][0], rows[1][0, :, 0], rows[2]


@pytest.mark.parametrize(("regulator", "rule"), RULES)
def test_trial_by_trial(regulator: str, rule: str) -> None:
    given = Given(7)
    expected = given.expected(regulator, rule)
    stat, limit, code = given.judged(regulator, rule)
    bits, defined = code.ravel(), expected.defined
    assert np.array_equal(bits >= 0, defined)
    assert 0.8 < defined.mean() < 0.99
    assert np.array_equal(stat[:, T].ravel() == np.inf, expected.equivalent | _flat(given, defined))
    assert np.array_equal(stat[:, DF].ravel() > 0.0, defined)
    parts = {
        CRITERION: expected.criterion,
        NEAR: expected.estimate,
        UNSCALED_TOO: expected.unscaled,
        ALIKE: expected.sd_ratio,
        SWITCHED: expected.scaled,
    }
    for bit, holds in parts.items():
        found = (bits >= 0) & ((bits >> bit) & 1 == 1)
        if bit == NEAR and scaled_rule(regulator, rule).estimate_within is None:
            continue  # the arrays say that it holds wherever nothing is asked
        assert np.array_equal(found, holds), bit
    assert limit.ravel()[defined] == pytest.approx(expected.upper_limit[defined], rel=1e-12)
    assert 0.05 < expected.equivalent.mean() < 0.9


def _flat(given: Given, defined: Ints) -> Ints:
    """Trials without any spread: as of every test, T is infinite and nothing is shown."""
    return ~defined & (given.se == 0.0) & (given.df >= 1.0)


def test_counts_of_trials() -> None:
    """Only those that count, each once; limits by their bins."""
    given, trials = Given(8), N - 50
    _, limit, code = given.judged("ema", "abel")
    parts = np.zeros((2, SCALED_PARTS), np.int64)
    reference = np.zeros((1, TILES, 2 * W))
    reference[0, :, :W] = limit
    count_scaled(code, reference, np.zeros((2, 1), np.int64), trials, parts)
    expected = given.expected("ema", "abel")
    seen, widths = expected.defined[:trials], expected.upper_limit[:trials]
    assert np.array_equal(parts[0], parts[1])
    assert parts[0, SCALED_BITS] == seen.sum()
    assert parts[0, CRITERION] == expected.criterion[:trials].sum()
    capped = 0.76 * np.sqrt(np.log(1.25))
    between = widths[seen & expected.scaled[:trials] & (widths < capped - 1e-12)]
    bins, _ = np.histogram(between, LIMIT_BINS, (0.0, LIMIT_TOP))
    assert np.array_equal(parts[0, SCALED_BITS + 1 :], bins)


@pytest.mark.parametrize("regulator", repeated(["ema", "fda"]))
def test_another_rule_is_seen(regulator: str) -> None:
    """Negative control: the constant of another regulator decides some trials otherwise."""
    given = Given(9)
    other = {"ema": ("hc", "abel"), "fda": ("fda", "ntid")}[regulator]
    own = {"ema": "abel", "fda": "rsabe"}[regulator]
    stat, _, _ = given.judged(*other)
    expected = given.expected(regulator, own)
    found = (stat[:, T].ravel() == np.inf) & expected.defined
    assert not np.array_equal(found, expected.equivalent)
