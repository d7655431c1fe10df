"""Every lane of every look of every analysis against plain NumPy: random designs and holes, looks.

The naive versions, `analysis_twins`, are written from the definitions: least squares with dummies, means of
lists of numbers, every table counted.
"""

from __future__ import annotations

import numpy as np
import pytest

from planner.analyses import info, statistic
from planner.kernels.tables import COMPLETERS, DF, ESTIMATE, SE, STATISTICS, T, W
from planner.monitoring.p_values import p_value
from planner.scenario.estimability import sequence_shares
from planner.scenario.vocabulary import METHODS
from tests.support.analysis_twins import TWINS, Sequences, Weights
from tests.support.random_designs import DESIGNS, tables

LANES = range(3, W, 11)


def fitting(method: str, sequences: Sequences, weights: Weights) -> bool:
    """Whether the method may meet such a design (where the equal shares of the naive version hold)."""
    row, pair = METHODS[method], sorted(weights.values()) == [-1.0, 1.0]
    if not pair and not row.weights:
        return False
    shares = sequence_shares(sequences, weights)
    match row.needs:
        case "first":
            return set(weights) <= {s[0] for s in sequences}
        case "estimable":
            return len(sequences[0]) > 1
        case "ab/ba":
            return sorted(sequences) == [("A", "B"), ("B", "A")]
        case "within":
            return all(set(weights) <= set(s) for s in sequences)
        case "pairs":
            return all(s.count(a) == 1 for s in sequences for a in weights)
        case _:
            return shares is not None and len({x for x in shares if x}) == 1


CASES = [(method, design) for method in TWINS for design in DESIGNS if fitting(method, *DESIGNS[design])]


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
    if METHODS[method].binary:
        y = np.where(np.isnan(y), y, y > 1000.0)
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
            expected = TWINS[method](seen, order[:count], sequences, weights)
            found = rows[:, lane]
            if expected is None:
                assert found[DF] == 0.0
                undefined += 1
                continue
            estimate, se, df, used = expected
            if METHODS[method].binary:
                p = p_value(info(method).reference, found[T], found[DF], "two-sided")
                assert p == pytest.approx(df, rel=1e-6)
            else:
                assert found[DF] == pytest.approx(df, rel=1e-8)
                assert found[T] == pytest.approx(estimate / se, rel=1e-6) or se < 1e-9
            assert found[ESTIMATE] == pytest.approx(estimate, abs=1e-8)
            assert found[SE] == pytest.approx(se, rel=1e-6, abs=1e-9)
            assert found[COMPLETERS] == used
    total = looks.size * len(LANES)
    assert undefined < total or (design == "not connected" and method == "fixed-subject")
