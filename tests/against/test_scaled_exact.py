"""Scaled limits simulated patient by patient against exact power, and against R"s simulated patients."""

from __future__ import annotations

import math

import pytest

from planner.equivalence.scaled import QUANTILES, scaled_power_parts
from planner.scenario.regulators import scaled_rule
from tests.support.harness import Comparison, Json, TooFarApart
from tests.support.marks import repeated
from tests.support.naive_lognormal import LogNormalTrial
from tests.support.scaled_tables import SEQUENCES, law_of
from tests.support.scaled_trials import Case, planned

TRIALS, LONG = 100_000, 1_000_000
CASES = [
    ("ema", "abel", "2x2x4", 24, 0.40, 0.40, 0.90),
    ("fda", "rsabe", "2x3x3", 24, 0.50, 0.35, 0.95),
    ("fda", "ntid", "2x2x4", 28, 0.12, 0.10, 0.98),
    ("ema", "abel", "2x3x3", 24, 0.45, 0.45, 0.95),
    ("ema", "abel", "2x2x3", 30, 0.30, 0.30, 1.25),
    ("ema", "abel", "2x3x3", 24, 0.60, 0.60, 0.90),
    ("gcc", "abel", "2x2x4", 18, 0.35, 0.35, 0.90),
    ("hc", "abel", "2x2x4", 24, 0.45, 0.65, 0.85),
    ("hc", "abel", "2x3x3", 30, 0.30, 0.45, 0.90),
    ("fda", "rsabe", "2x2x4", 24, 0.30, 0.30, 1.25),
    ("fda", "rsabe", "2x2x3", 36, 0.40, 0.40, 0.90),
    ("fda", "ntid", "2x2x3", 30, 0.15, 0.15, 0.975),
    ("fda", "hvntid", "2x2x4", 28, 0.45, 0.25, 0.97),
]
NAMES = {"criterion": "criterion", "point_estimate": "estimate", "unscaled": "unscaled", "ratio": "sd_ratio"}
BY_R = [  # power.scABEL.sdsims of PowerTOST 1.5-4: EMA, 200,000 trials
    ("2x2x4", 24, 0.3, 0.3, 1.25, 0.080305),
    ("2x2x3", 30, 0.35, 0.5, 0.9, 0.7643),
    ("2x3x3", 30, 0.5, 0.35, 0.9, 0.522205),
    ("2x3x3", 24, 0.45, 0.45, 0.95, 0.73509),
    ("2x2x4", 24, 0.45, 0.45, 0.95, 0.888035),
    ("2x2x3", 24, 0.35, 0.35, 0.9, 0.553405),
]


def cell_of(
    regulator: str, rule: str, design: str, patients: int, cvs: tuple[float, float], ratio: float, trials: int
) -> Json:
    words = SEQUENCES[design]
    trial = LogNormalTrial(
        words,
        patients,
        {"T": 100.0 * ratio, "R": 100.0},
        {"T": cvs[0], "R": cvs[1]},
        allocation=(1,) * len(words),
    )
    return planned(Case(trial, regulator, rule), trials)


def compare(*given: *tuple[str, str, str, int, float, float, float], trials: int) -> None:
    regulator, rule, design, patients, cv_wt, cv_wr, ratio = given
    row = scaled_rule(regulator, rule)
    exact = scaled_power_parts(law_of(row, design, patients, cv_wt, cv_wr), row, ratio)
    cell = cell_of(regulator, rule, design, patients, (cv_wt, cv_wr), ratio, trials)
    parts = cell["components"]
    with Comparison(title=f"{regulator} {rule} {design}") as compared:
        compared.probability("equivalent", cell["power"], trials, exact.equivalent)
        for name, key in NAMES.items():
            if (expected := getattr(exact, key)) is not None:
                compared.probability(name, parts[name], trials, expected)
        compared.probability("switched", parts["switched"], trials, exact.scaled)
        limit = cell["upper_limit"]
        compared.mean("limit", limit["mean"]["estimate"], limit["mean"]["mcse"], 100.0 * exact.mean_limit)
        for q, expected in zip(QUANTILES, exact.limit_quantiles, strict=True):
            shown = limit[f"q{round(100 * q):02}"]
            error = max(shown["mcse"], 1e-9)
            compared.mean(f"limit {q}", shown["estimate"], error, 100.0 * expected)


@pytest.mark.parametrize("case", repeated([(each,) for each in CASES], fast=3))
def test_complete_trials(case: tuple[str, str, str, int, float, float, float]) -> None:
    compare(*case, trials=TRIALS)


@pytest.mark.long
@pytest.mark.parametrize("case", [pytest.param(each) for each in CASES[:4]])
def test_a_million_trials(case: tuple[str, str, str, int, float, float, float]) -> None:
    compare(*case, trials=LONG)


@pytest.mark.parametrize("case", repeated([(each,) for each in BY_R], fast=1))
def test_patients_of_another_program(case: tuple[str, int, float, float, float, float]) -> None:
    """Also where the products vary unequally, of which no exact power is known."""
    design, patients, cv_wt, cv_wr, ratio, power = case
    cell = cell_of("ema", "abel", design, patients, (cv_wt, cv_wr), ratio, TRIALS)
    error = math.hypot(cell["power"]["mcse"], math.sqrt(power * (1 - power) / 200_000))
    with Comparison(title=design) as compared:
        compared.mean("power", cell["power"]["estimate"], error, power)


def test_another_ratio_is_seen() -> None:
    """Negative control: .89 for .90."""
    case = CASES[0]
    row = scaled_rule("ema", "abel")
    exact = scaled_power_parts(law_of(row, case[2], case[3], 0.4, 0.4), row, 0.90)
    cell = cell_of("ema", "abel", case[2], case[3], (0.4, 0.4), 0.88, TRIALS)
    with pytest.raises(TooFarApart), Comparison() as compared:
        compared.probability("equivalent", cell["power"], TRIALS, exact.equivalent)
