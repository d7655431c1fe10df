"""Two-stage trials whose patients leave, against plain NumPy: trial by trial, tests by dummy variables."""

from __future__ import annotations

import math

import numpy as np
import pytest

import planner
from planner.results.contract import as_json
from tests.support.harness import Comparison, Json, TooFarApart
from tests.support.naive_two_stage import Patients, Rule, largest_s2, least_squares, passes, patients, total
from tests.support.two_stage_scenarios import scenario

pytestmark = pytest.mark.long

NAIVE, TRIALS = 3_000, 100_000
FIRST, CV, RATIO, MOST = 16, 0.25, 0.95, 60
B = Rule((0.0294, 0.0294))
C = Rule((0.0294, 0.0294), power_first=True)


def those_who_stay(rng: np.random.Generator, made: Patients, leave: float) -> Patients:
    stays = rng.random(len(made.sequence)) >= leave
    return Patients(made.values[stays], made.sequence[stays])


def trial(rng: np.random.Generator, rule: Rule, leave: float) -> tuple[bool, bool, int]:
    """Whether it shows equivalence, whether it had a stage 2, how many patients were randomised."""
    sigma, effect = math.sqrt(math.log1p(CV * CV)), math.log(RATIO)
    one = those_who_stay(rng, patients(rng, FIRST // 2, FIRST // 2, sigma, effect), leave)
    d, ss, tr, rt = one.summary
    n, df = tr + rt, tr + rt - 2
    if min(tr, rt) == 0 or df < 1:
        return False, False, FIRST
    variance = ss / df * (1 / tr + 1 / rt) / 2
    level = 0.05 if rule.power_first else rule.alpha[1]
    powered = variance <= 2 * largest_s2(level, n, df, rule.ratio, rule.power) / n
    test = d, math.sqrt(variance), df
    if rule.power_first and powered:
        return passes(test, 0.05), False, FIRST
    if passes(test, rule.alpha[0]):
        return True, False, FIRST
    if powered:
        return passes(test, rule.alpha[1]), False, FIRST
    second = 2 * math.ceil(max(total(rule, ss / df) - n, 0) / 2)
    if second == 0:
        return passes(test, rule.alpha[1]), False, FIRST
    if n + second > MOST:
        return False, False, FIRST
    two = those_who_stay(rng, patients(rng, second // 2, second // 2, sigma, effect), leave)
    stages = [one, two] if len(two.sequence) else [one]
    return passes(least_squares(stages), rule.alpha[1]), True, FIRST + second


def naive(rule: Rule, leave: float) -> dict[str, tuple[float, float]]:
    rng = np.random.default_rng(12)
    rows = np.array([trial(rng, rule, leave) for _ in range(NAIVE)], float)
    names = "power", "stage_two", "expected_patients"
    spread = rows.std(0) / math.sqrt(NAIVE)
    return {name: (float(rows[:, i].mean()), float(spread[i])) for i, name in enumerate(names)}


def planned(name: str, leave: float) -> Json:
    made = scenario(name, first=FIRST, cv=CV, ratio=RATIO, most=MOST, dropout=leave, periods=(1.0, 1.4))
    return as_json(planner.simulate(made, trials=TRIALS).cells()[0])


def compare(cell: Json, found: dict[str, tuple[float, float]]) -> None:
    with Comparison() as compared:
        for name, (value, error) in found.items():
            compared.mean(name, cell[name]["estimate"], math.hypot(cell[name]["mcse"], error), value)


@pytest.mark.parametrize(("name", "rule"), [("potvin-b", B), ("potvin-c", C)])
def test_those_who_leave(name: str, rule: Rule) -> None:
    compare(planned(name, 0.15), naive(rule, 0.15))


def test_less_dropout_is_seen() -> None:
    """Negative control."""
    with pytest.raises(TooFarApart):
        compare(planned("potvin-b", 0.0), naive(B, 0.15))
