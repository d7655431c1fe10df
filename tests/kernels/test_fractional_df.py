"""Degrees of freedom that are no whole numbers: limits between the columns of a table, and Welch's test."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.kernels.decide import record
from planner.kernels.tables import ABOVE, BELOW, DF, FUTILE, LIMITS, STATISTICS, UPPER, Floats, Rules, T, W
from planner.model.looks import interval_table
from planner.monitoring.references import REFERENCES, df_columns, look_up
from planner.questions.replay.replay import find, replay
from planner.scenario.reading.read import read_text
from tests.support.harness import Comparison, Json, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS

REFERENCE = REFERENCES["fractional-t"]
SCORES = json.loads((NUMBERS / "crossover_rejections.json").read_text())["scores"]
DFS = np.concatenate(
    [[1.0, 1.0001, 1.3, 1.999, 2.0, 2.5], np.geomspace(1.0, 5000.0, 97), [1e6, 1e12], np.linspace(3, 60, 58)]
)


def limit(z: float, df: float) -> float:
    """The t with the tail area of z, by scipy."""
    return float(stats.t.isf(stats.norm.sf(z), df))


@pytest.mark.parametrize("z", [0.1, 0.7, 1.96, 2.5, 3.5, 5.0, 8.0])
def test_interpolated_limits(z: float) -> None:
    table = np.concatenate([[math.nan], REFERENCE.at_least(z, df_columns(0, REFERENCE.cells)[1:])])
    assert math.isnan(look_up(table, 0.0, REFERENCE.cells))
    assert look_up(table, math.inf, REFERENCE.cells) == pytest.approx(z, rel=1e-11)
    far = max(abs(look_up(table, df, REFERENCE.cells) / limit(z, df) - 1.0) for df in DFS)
    print(f"largest relative error at z = {z}: {far:.1e}")
    assert far < (1e-9 if z <= 5.0 else 5e-9)


@pytest.mark.parametrize("direction", ["two-sided", "greater"])
def test_intervals(direction: str) -> None:
    table = interval_table(0.05, direction, REFERENCE, 10)
    tail = 0.025 if direction == "two-sided" else 0.05
    for df in (*DFS, math.inf):
        expected = stats.norm.isf(tail) if math.isinf(df) else stats.t.isf(tail, df)
        assert look_up(table, df, REFERENCE.cells) == pytest.approx(float(expected), rel=1e-9)


def decided(t: Floats, df: Floats, limits: Floats) -> tuple[Any, Any]:
    """How and at which look the kernel ends trials with these statistics at every one of two looks."""
    tiles = -(-t.size // W)
    stat = np.zeros((2, tiles, STATISTICS * W))
    for row, values in ((T, t), (DF, df)):
        filled = np.zeros(tiles * W)
        filled[: t.size] = values
        stat[:, :, row * W : (row + 1) * W] = filled.reshape(tiles, W)
    rules = Rules(np.array([[0, 1]]), limits[None], np.zeros(limits.shape[-1]), REFERENCE.cells, 0, True)
    end, look = np.zeros((tiles, W), np.int64), np.zeros((tiles, W), np.int64)
    record(stat, rules, 0, end, look)
    return end.ravel()[: t.size], look.ravel()[: t.size]


def test_the_kernel_decides_by_them() -> None:
    """Statistics just above and just below the limits, infinite ones, undefined ones; no limit at a look."""
    z, inner = 2.3, 0.6
    df = df_columns(0, REFERENCE.cells)
    limits = np.full((2, LIMITS, df.size), math.nan)
    limits[:, 2], limits[:, 3] = math.inf, -math.inf
    limits[1, UPPER, 1:] = REFERENCE.at_least(z, df[1:])
    limits[1, 1, 1:] = -limits[1, UPPER, 1:]
    limits[0, 2, 1:] = -REFERENCE.at_most(inner, df[1:])
    limits[0, 3, 1:] = REFERENCE.at_most(inner, df[1:])
    at = np.array([limit(z, d) for d in DFS])
    near = np.array([limit(inner, d) for d in DFS])
    for factor, of, end, look in (
        (1.0 + 1e-8, at, ABOVE, 1),
        (-1.0 - 1e-8, at, BELOW, 1),
        (1.0 - 1e-8, at, 3, 1),
        (1.0 - 1e-8, near, FUTILE, 0),
        (1.0 + 1e-8, near, 3, 1),
    ):
        ends, looks = decided(factor * of, DFS, limits)
        assert (ends == end).all()
        assert (looks == look).all()
    ends, looks = decided(
        np.array([math.inf, -math.inf, math.inf, 0.1]), np.array([3.7, 3.7, 0.0, 0.0]), limits
    )
    assert ends.tolist() == [ABOVE, BELOW, 3, 3]
    assert looks.tolist() == [1, 1, 1, 1]


# --- Welch's test -----------------------------------------------------------------------------------------

R_CASES: dict[str, Json] = {
    "H0 gauss 6+6 ICC.5": {},
    "H1 gauss 6+6 ICC.5": {"effect": -5.0},
    "H0 sdA 3x, 8+4": {"a": 8.0, "b": 2.67, "groups": (8, 4)},
    "H1 sdA 3x, 8+4": {"a": 8.0, "b": 2.67, "groups": (8, 4), "effect": -5.0},
    "H1 period -4, 8+4": {"period": -4.0, "groups": (8, 4), "effect": -5.0},
    "H0 3+3": {"groups": (3, 3)},
    "H1 3+3": {"groups": (3, 3), "effect": -5.0},
    "H1 carry -4 15+15": {"groups": (15, 15), "effect": -5.0, "carry": -4.0},
}


@pytest.mark.parametrize("name", R_CASES)
def test_rejections_of_r(name: str) -> None:
    """100,000 trials in R against as many here: Hills-Armitage, its Welch form, the first period."""
    case = R_CASES[name]
    first, second = case.get("groups", (6, 6))
    hypothesis = {
        "means": {"A": case.get("effect", 0.0), "B": 0.0},
        "sd_within": {"A": case.get("a", 4.0), "B": case.get("b", 4.0)},
        "sd_between": 4.0,
        "carryover": {"A": case.get("carry", 0.0)},
    }
    methods = {"hills-armitage": "HA_t", "welch": "HA_Welch", "period-one": "period1_t"}
    text = scenario_text(
        patients=first + second,
        allocation=[first, second],
        hypotheses={"h": hypothesis},
        population={"period_effect": [0.0, case.get("period", 0.0)]},
        analyses=[{"method": method} for method in methods],
    )
    trials = 100_000
    cells = run(text, trials)
    with Comparison(title=name) as comparison:
        for method, column in methods.items():
            p, q = cells(analysis=method)["power"]["estimate"], SCORES[name][column]
            middle = (p + q) / 2
            comparison.mean(method, p, math.sqrt(2 * middle * (1 - middle) / trials), q)


def test_parallel_arms_of_unequal_spread() -> None:
    """The pooled test is far off, Welch's holds the level; its interval covers."""
    hypothesis = {"means": {"A": 3.0, "B": 3.0}, "sd_within": {"A": 6.0, "B": 1.0}, "sd_between": 0.5}
    text = scenario_text(
        ("A", "B"),
        30,
        allocation=[1, 4],
        hypotheses={"null": hypothesis},
        analyses=[{"method": "period-one"}, {"method": "welch"}],
    )
    cells = run(text, 100_000)
    pooled, welch = cells(analysis="period-one"), cells(analysis="welch")
    assert pooled["power"]["estimate"] > 0.2
    assert welch["power"]["estimate"] == pytest.approx(0.05, abs=0.01)
    assert welch["estimate"]["coverage"]["estimate"] == pytest.approx(
        1 - welch["power"]["estimate"], abs=1e-12
    )
    with pytest.raises(TooFarApart), Comparison(title="pooled") as comparison:
        comparison.probability("level", pooled["power"], cells.trials, 0.05)


def test_a_trial_shows_its_own_degrees_of_freedom() -> None:
    """The limits of a replayed trial are those of its own df, and its p value agrees with its decision."""
    text = scenario_text(
        ("A", "B"),
        16,
        looks=[8, 16],
        hypotheses={"h": {"means": {"A": 1.5, "B": 0.0}, "sd_within": 1.0, "sd_between": 0.5}},
        analyses=[{"method": "welch"}],
    )
    scenario = read_text(text)
    trial = find(scenario, "efficacy", trials=1000)
    assert trial is not None
    for each in (trial, replay(scenario, 5), replay(scenario, 700)):
        for look in each.courses[0].looks:
            assert look.df is not None
            assert look.df != round(look.df)
            z = float(stats.norm.isf(look.nominal_p / 2)) if look.nominal_p else math.nan
            assert look.efficacy_above == pytest.approx(limit(z, look.df), rel=1e-8)
            assert look.p == pytest.approx(2 * stats.t.sf(abs(look.statistic or 0.0), look.df), rel=1e-9)
            assert (look.decision == "efficacy") == ((look.p or 1.0) <= (look.nominal_p or 0.0))
