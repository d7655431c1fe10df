"""Exact power with scaled limits against patients simulated in plain NumPy, analysed by least squares."""

from __future__ import annotations

import math

import numpy as np
import pytest

from planner.equivalence.regulators import scaled_rule
from planner.equivalence.scaled import scaled_power_parts
from planner.equivalence.scaled_decisions import decide
from planner.equivalence.scaled_laws import scaled_law
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.naive_scaled import by_analysis_of_variance, by_contrasts, trials, verdicts
from tests.support.scaled_tables import SEQUENCES

SWITCH_CV = math.sqrt(math.log(1.09))
TRIALS = 40_000
CASES = {
    "ema, 2x2x4": ("ema", "abel", "2x2x4", (14, 10), (0.35, 0.35), 0.90),
    "ema, 2x2x4, at the limit": ("ema", "abel", "2x2x4", (12, 12), (0.30, 0.30), 1.25),
    "ema, 2x3x3": ("ema", "abel", "2x3x3", (10, 8, 5), (0.45, 0.45), 0.95),
    "ema, 2x2x3": ("ema", "abel", "2x2x3", (10, 14), (0.40, 0.40), 0.90),
    "gcc, 2x3x3": ("gcc", "abel", "2x3x3", (6, 6, 6), (0.32, 0.32), 0.90),
    "hc, 2x2x4": ("hc", "abel", "2x2x4", (12, 12), (0.50, 0.35), 0.90),
    "hc, 2x3x3": ("hc", "abel", "2x3x3", (10, 8, 6), (0.35, 0.60), 0.85),
    "fda, 2x2x4": ("fda", "rsabe", "2x2x4", (14, 10), (0.25, 0.33), 0.90),
    "fda, 2x3x3": ("fda", "rsabe", "2x3x3", (8, 8, 8), (0.50, 0.35), 0.90),
    "fda, 2x2x3": ("fda", "rsabe", "2x2x3", (12, 12), (0.35, 0.35), 0.92),
    "ntid, 2x2x4": ("fda", "ntid", "2x2x4", (12, 12), (0.15, 0.10), 0.98),
    "hvntid, 2x2x4": ("fda", "hvntid", "2x2x4", (14, 14), (0.55, 0.30), 0.97),
}
PARTS = ("equivalent", "criterion", "estimate", "unscaled", "sd_ratio", "scaled")


@pytest.mark.parametrize("case", repeated(CASES))
def test_power_and_its_parts(case: str) -> None:
    """All parts of the rule; and planner's own decision on the same statistics, trial by trial."""
    regulator, rule, design, groups, cvs, ratio = CASES[case]
    row, sequences = scaled_rule(regulator, rule), SEQUENCES[design]
    counted = dict.fromkeys(PARTS, 0)
    for y, order in trials(sequences, groups, cvs, ratio, TRIALS, seed=20_261_203):
        if row.method == "least squares":
            at = by_analysis_of_variance(y, sequences, groups)
        else:
            at = by_contrasts(y, order)
        expected = verdicts(rule, regulator, 0.294 if regulator == "fda" else SWITCH_CV, at)
        found = decide(row, *at)
        for name, holds in expected.items():
            assert np.array_equal(getattr(found, name), holds), name
            counted[name] += int(holds.sum())
    law = scaled_law(row.method, sequences, groups, *cvs)
    assert law is not None
    parts = scaled_power_parts(law, row, ratio)
    with Comparison(title=case) as compared:
        for name in PARTS:
            exact = getattr(parts, name)
            if exact is not None:
                compared.probability(name, {"estimate": counted[name] / TRIALS}, TRIALS, exact)


def test_the_comparison_notices_variances_that_differ() -> None:
    """Negative control: with the CVs of the products exchanged, it must not pass."""
    regulator, rule, design, groups, cvs, ratio = CASES["hc, 2x2x4"]
    row, sequences = scaled_rule(regulator, rule), SEQUENCES[design]
    passed = 0
    for y, order in trials(sequences, groups, cvs, ratio, 10_000, seed=20_261_203):
        passed += int(verdicts(rule, regulator, SWITCH_CV, by_contrasts(y, order))["equivalent"].sum())
    law = scaled_law(row.method, sequences, groups, *reversed(cvs))
    assert law is not None
    compared = Comparison(title="exchanged")
    compared.probability(
        "power", {"estimate": passed / 10_000}, 10_000, scaled_power_parts(law, row, ratio).equivalent
    )
    with pytest.raises(TooFarApart):
        compared.check()


def test_unequal_variances_are_more_than_the_law_of_method_a_can_say() -> None:
    """2x2x4, CVs of .2 and .4: no exact power is claimed, and that of the mean variance would be wrong."""
    row, sequences, groups = scaled_rule("ema"), SEQUENCES["2x2x4"], (12, 12)
    passed = 0
    for y, _ in trials(sequences, groups, (0.2, 0.4), 0.9, 10_000, seed=20_261_204):
        at = by_analysis_of_variance(y, sequences, groups)
        passed += int(verdicts("abel", "ema", SWITCH_CV, at)["equivalent"].sum())
    assert scaled_law(row.method, sequences, groups, 0.2, 0.4) is None
    mean = math.sqrt(math.expm1((math.log1p(0.2**2) + math.log1p(0.4**2)) / 2))
    law = scaled_law(row.method, sequences, groups, mean, mean)
    assert law is not None
    compared = Comparison(title="mean variance")
    compared.probability(
        "power", {"estimate": passed / 10_000}, 10_000, scaled_power_parts(law, row, 0.9).equivalent
    )
    with pytest.raises(TooFarApart):
        compared.check()
