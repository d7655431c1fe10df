"""Decisions on trials with scaled limits: textbook formulas one by one, edges, and where there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import special

from planner.equivalence.regulators import scaled_rule
from planner.equivalence.scaled import scaled_power_parts
from planner.equivalence.scaled_decisions import decide
from tests.support.harness import Comparison, TooFarApart
from tests.support.naive_scaled import Statistics, verdicts
from tests.support.scaled_tables import law_of

L = math.log(1.25)
RULES = [
    ("ema", "abel", math.sqrt(math.log(1.09))),
    ("hc", "abel", math.sqrt(math.log(1.09))),
    ("gcc", "abel", math.sqrt(math.log(1.09))),
    ("fda", "rsabe", 0.294),
    ("fda", "ntid", 0.0),
    ("fda", "hvntid", 0.0),
]
PARTS = ("equivalent", "criterion", "estimate", "unscaled", "sd_ratio", "scaled")


def random_statistics(trials: int, s: float, seed: int, df: int = 22, spread: float = 0.12) -> Statistics:
    """Independent, as contrasts of a 2x2x4 design have them, with an estimate that is often near a limit."""
    rng = np.random.default_rng(seed)
    s2wr, s2wt, s2 = (s**2 * rng.chisquare(df, trials) / df for _ in range(3))
    return Statistics(rng.normal(0.05, spread, trials), np.sqrt(s2 / 24), df, s2wr, df, s2wt, df)


@pytest.mark.parametrize(("regulator", "rule", "switch"), RULES)
@pytest.mark.parametrize("s", [0.08, 0.294, 0.6])
def test_decisions_against_formulas_one_by_one(regulator: str, rule: str, switch: float, s: float) -> None:
    for df in (2, 22):
        at = random_statistics(4000, s, 20_261_201, df, spread=0.5 * s)
        found = decide(scaled_rule(regulator, rule), *at)
        assert found.defined.all()
        for name, expected in verdicts(rule, regulator, switch, at).items():
            assert np.array_equal(getattr(found, name), expected), name


@pytest.mark.parametrize(("regulator", "rule", "switch"), RULES)
def test_decisions_are_as_frequent_as_the_exact_power(regulator: str, rule: str, switch: float) -> None:
    """Statistics drawn from their law: what simulates and what integrates follow one rule."""
    row = scaled_rule(regulator, rule)
    cv = 0.12 if rule == "ntid" else 0.35
    law = law_of(row, "2x2x4", 24, cv, cv)
    rng = np.random.default_rng(20_261_202)
    trials = 200_000
    s2wr, s2wt = (law.s2wr * rng.chisquare(df, trials) / df for df in (law.dfr, max(law.dft, 1)))
    if law.nested:
        rest = law.variance * rng.chisquare(law.df - law.dfr, trials)
        square = (s2wr * law.dfr + rest) / law.df
    else:
        square = law.variance * rng.chisquare(law.df, trials) / law.df
    d = rng.normal(math.log(0.92), math.sqrt(law.c * law.variance), trials)
    found = decide(row, d, np.sqrt(law.c * square), law.df, s2wr, law.dfr, s2wt, law.dft)
    parts = scaled_power_parts(law, row, 0.92)
    compared = Comparison(title=rule)
    for name in PARTS:
        if getattr(parts, name) is not None:
            shown = {"estimate": float(getattr(found, name).mean())}
            compared.probability(name, shown, trials, getattr(parts, name))
    upper = np.exp(found.upper_limit)
    compared.mean("upper limit", float(upper.mean()), upper.std() / math.sqrt(trials), parts.mean_limit)
    compared.check()
    wrong = scaled_power_parts(law._replace(variance=1.1 * law.variance), row, 0.92).equivalent
    off = Comparison(title="negative control: a variance that is 10 % larger")
    off.probability("power", {"estimate": float(found.equivalent.mean())}, trials, wrong)
    if rule != "hvntid":
        with pytest.raises(TooFarApart):
            off.check()


def test_an_interval_that_touches_a_limit_lies_inside() -> None:
    t = -special.stdtrit(22, 0.05)
    near = L / t * (1 + np.arange(-4, 5) * 2.0**-52)
    (touching, *_) = near[t * near == L]
    found = decide(scaled_rule("ema"), 0.0, np.array([touching, touching * (1 + 1e-15)]), 22, 0.01, 22)
    assert list(found.equivalent) == [True, False]


def test_the_estimate_counts_beside_the_interval() -> None:
    """Limits of 143 %, a narrow interval at 130 %: the interval passes, the estimate does not."""
    at: dict[str, Any] = {"d": math.log(1.30), "se": 0.01, "df": 22, "s2wr": 0.5, "dfr": 22}
    for regulator in ("ema", "hc", "fda"):
        found = decide(scaled_rule(regulator), **at)
        assert (bool(found.criterion), bool(found.estimate), bool(found.equivalent)) == (True, False, False)


def test_below_the_switch_the_fda_asks_for_no_estimate_besides() -> None:
    row = scaled_rule("fda", estimate_within=(0.95, 1.05))
    below = decide(row, 0.1, 0.01, 22, 0.29**2, 22)
    beyond = decide(row, 0.1, 0.01, 22, 0.294**2, 22)
    assert (bool(below.scaled), bool(below.equivalent)) == (False, True)
    assert (bool(beyond.scaled), bool(beyond.equivalent)) == (True, False)


@pytest.mark.parametrize(("regulator", "rule", "switch"), RULES)
def test_what_cannot_be_judged_is_undefined_and_not_equivalent(
    regulator: str, rule: str, switch: float
) -> None:
    row = scaled_rule(regulator, rule)
    sound: dict[str, float] = {
        "d": 0.0,
        "se": 0.01,
        "df": 22,
        "s2wr": 0.01,
        "dfr": 22,
        "s2wt": 0.01,
        "dft": 22,
    }
    assert decide(row, **sound).equivalent
    for wrong in (
        {"dfr": 0},
        {"df": 0},
        {"se": 0.0},
        {"se": math.nan},
        {"d": math.nan},
        {"s2wr": math.nan},
        {"d": math.inf},
    ):
        found = decide(row, **sound | wrong)
        assert not found.defined
        assert not any(getattr(found, name) for name in PARTS)
        assert np.isnan(found.upper_limit)
    compares_sds = rule in ("ntid", "hvntid")
    for wrong in ({"s2wr": 0.0}, {"dft": 0}, {"s2wt": math.nan}):
        assert bool(decide(row, **sound | wrong).defined) is not compares_sds


def test_a_reference_that_does_not_vary_is_not_scaled() -> None:
    for regulator in ("ema", "fda"):
        found = decide(scaled_rule(regulator), 0.0, 0.01, 22, 0.0, 22)
        assert found.equivalent
        assert not found.scaled
        assert found.upper_limit == L


def test_a_test_product_that_does_not_vary_is_alike() -> None:
    assert decide(scaled_rule("fda", "ntid"), 0.0, 0.001, 22, 0.01, 22, 0.0, 22).sd_ratio


def test_undefined_trials_leave_the_others_alone() -> None:
    row = scaled_rule("fda", "ntid")
    at = random_statistics(50, 0.1, 1)._asdict()
    alone = decide(row, **at)
    at["se"] = np.where(np.arange(50) % 2 == 0, 0.0, at["se"])
    some = decide(row, **at)
    assert np.array_equal(some.equivalent[1::2], alone.equivalent[1::2])
    assert not some.defined[::2].any()
