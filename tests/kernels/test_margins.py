"""The distance from margins in place of t, and what becomes of it at looks, on tables made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.kernels.analyse.margins import from_margins
from planner.kernels.decide import decide, record
from planner.kernels.joint import mark
from planner.kernels.tables import (
    ABOVE,
    BELOW,
    DF,
    ENDS,
    ESTIMATE,
    FUTILE,
    IRREGULAR,
    LAST,
    SE,
    STATISTICS,
    SUMS,
    TRIALS,
    UNDEFINED,
    WITHIN,
    Rules,
    T,
    W,
)
from planner.model.looks import MonitoringPlan, interval_table, limit_table
from planner.monitoring.boundaries import boundary
from planner.monitoring.references import REFERENCES

Floats = NDArray[np.float64]
Statistic = tuple[float, float, float, float]  # estimate, se, t, df

LOW, HIGH = -2.0, 1.5
MOST = 30


def stat_of(*looks: list[Statistic]) -> Floats:
    """One tile; each look has the statistics of the first lanes, the others are undefined."""
    stat = np.zeros((len(looks), 1, STATISTICS * W))
    for k, lanes in enumerate(looks):
        for lane, values in enumerate(lanes):
            for row, value in zip((ESTIMATE, SE, T, DF), values, strict=True):
                stat[k, 0, row * W + lane] = value
    return stat


def rows(stat: Floats, look: int = 0) -> Floats:
    return np.asarray(stat[look, 0].reshape(STATISTICS, W))


@pytest.mark.parametrize(("low", "high"), [(LOW, HIGH), (LOW, math.inf), (-math.inf, HIGH)])
def test_it_is_the_distance_from_the_nearer_margin(low: float, high: float) -> None:
    rng = np.random.default_rng(2)
    lanes: list[Statistic] = [
        (e, s, e / s, 11.0) for e, s in zip(rng.normal(0, 2, W), rng.uniform(0.1, 2, W), strict=True)
    ]
    stat = stat_of(lanes, lanes[::-1])
    before = stat.copy()
    from_margins(stat, low, high)
    for k in range(2):
        e, s, _, df, _ = rows(before, k)
        assert rows(stat, k)[T] == pytest.approx(np.fmin((e - low) / s, (high - e) / s), rel=1e-15)
        for row in (ESTIMATE, SE, DF):
            assert (rows(stat, k)[row] == rows(before, k)[row]).all()
        assert (df == 11.0).all()


UNDEFINED_ROWS: dict[str, Statistic] = {
    "too few patients": (0.0, 0.0, 0.0, 0.0),
    "no spread, an effect": (1.0, 0.0, math.inf, 0.0),
    "no spread, an effect below 0": (-1.0, 0.0, -math.inf, 0.0),
    "no spread, no effect": (0.0, 0.0, 0.0, 10.0),
    "less than a degree of freedom": (0.5, 0.2, 2.5, 0.5),
    "a standard error that is no number": (0.5, math.nan, 0.0, 8.0),
}


@pytest.mark.parametrize("what", UNDEFINED_ROWS)
def test_without_a_standard_error_there_is_no_test(what: str) -> None:
    stat = stat_of([UNDEFINED_ROWS[what], (0.0, 0.3, 0.0, 10.0)])
    from_margins(stat, LOW, HIGH)
    assert rows(stat)[DF][:2].tolist() == [0.0, 10.0]
    assert math.isinf(rows(stat)[T][0]) == what.startswith(("no spread", "a standard error"))
    end, _ = ended(stat, rules(1))
    assert end[:2].tolist() == [LAST, ABOVE]


def rules(looks: int, futility: float | None = None, sides: int = WITHIN) -> Rules:
    """Rules of equivalence at alpha .05 with limits by the t distribution."""
    solved = boundary(
        [(k + 1) / looks for k in range(looks)],
        alpha=0.05,
        sided=1,
        efficacy="pocock" if looks > 1 else "none",
        futility="z" if futility is not None else "none",
        futility_parameters={"z": (futility,) * (looks - 1)} if futility is not None else {},
    )
    plan = MonitoringPlan(MOST, tuple(range(MOST - looks + 1, MOST + 1)), "greater", solved)
    reference = REFERENCES["t"]
    return Rules(
        look=np.arange(looks)[None],
        limit=limit_table([plan], reference, MOST),
        interval=interval_table(0.05, "greater", reference, MOST),
        cells=reference.cells,
        sides=sides,
        futile=futility is not None,
    )


def ended(stat: Floats, table: Rules) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How each lane ends, and at which look."""
    end, look = np.full((1, W), -1, np.int64), np.full((1, W), -1, np.int64)
    record(stat, table, 0, end, look)
    return end[0], look[0]


def at(t: float, df: float = 12.0) -> Statistic:
    """A statistic as it is after `from_margins`."""
    return 0.1, 0.2, t, df


def test_touching_limits_are_within_and_outside() -> None:
    table = rules(1)
    limit = float(table.limit[0, 0, 0, 12])
    touching = [at(limit), at(np.nextafter(limit, 0)), at(-limit), at(np.nextafter(-limit, 0)), at(0.0)]
    end, _ = ended(stat_of(touching), table)
    assert end[:5].tolist() == [ABOVE, LAST, BELOW, LAST, LAST]
    stat = stat_of([(0.0, 1.0, 0.0, 12.0), (0.0, np.nextafter(1.0, 2.0), 0.0, 12.0)])
    from_margins(stat, -limit, limit)  # margins that the interval of the first lane touches
    assert ended(stat, table)[0][:2].tolist() == [ABOVE, LAST]


def test_no_trial_stops_early_for_being_different() -> None:
    table = rules(2)
    first = [at(-9.0), at(-9.0), at(9.0), at(0.0), at(-9.0, 0.0)]
    second = [at(-9.0), at(9.0), at(-9.0), at(-9.0), at(-9.0)]
    end, look = ended(stat_of(first, second), table)
    assert end[:5].tolist() == [BELOW, ABOVE, ABOVE, BELOW, BELOW]
    assert look[:5].tolist() == [1, 1, 0, 1, 1]
    end, look = ended(stat_of(first, second), rules(2, sides=0))  # negative control: two-sided limits
    assert end[:5].tolist() == [BELOW, BELOW, ABOVE, BELOW, BELOW]
    assert look[:5].tolist() == [0, 0, 0, 1, 1]


def test_futility_ends_what_is_far_from_equivalence() -> None:
    end, look = ended(stat_of([at(-9.0), at(0.5), at(9.0)], [at(9.0)] * 3), rules(2, futility=0.0))
    assert end[:3].tolist() == [FUTILE, ABOVE, ABOVE]
    assert look[:3].tolist() == [0, 1, 0]


def test_what_is_added_up() -> None:
    """Lanes that end BELOW are kept apart, and are no efficacy where futility is ignored."""
    table = rules(2, futility=0.0)
    lanes = [(at(-9.0), at(-9.0)), (at(0.5), at(-9.0)), (at(0.5), at(9.0)), (at(9.0), at(-9.0))]
    stat = stat_of(*(list(each) for each in zip(*lanes, strict=True)))[None]
    tally = np.zeros((1, 1, 1, 2, ENDS, SUMS), np.int64)
    free, odd = np.zeros((1, 1, 1, 2, 2), np.int64), np.zeros((1, 1, 1, 2, IRREGULAR), np.int64)
    between = np.zeros((1, 1, 1, 0, 0), np.int64)
    decide(stat, table, np.array([[0.0, 1.0]]), 0, 5, tally, free, odd, between)
    count = tally[0, 0, 0, :, :, TRIALS]
    assert count[0].tolist() == [1, 0, 1, 0]
    assert count[1].tolist() == [1, 1, 0, 1]  # the fifth trial has no test
    assert tally[0, 0, 0, :, :, UNDEFINED].sum() == 1
    assert free[0, 0, 0].tolist() == [[1, 0], [1, 0]]
    marks = np.zeros((1, 1, 1, W), np.int64)
    mark(stat, table, 1, marks)
    assert marks[0, 0, 0, :5].tolist() == [0, 0, 1, 1, 0]
