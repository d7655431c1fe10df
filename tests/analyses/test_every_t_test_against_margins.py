"""Every t test against margins: what it decides, worked out with SciPy from its own estimate, se and df.

The same virtual trials are analysed without margins; the count of those that show equivalence, are shown to
differ, or are not inferior is then that of the run, to the trial.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import planner
from planner.engine.blocks import statistics_of
from planner.engine.job import job_of
from planner.kernels.tables import DF, ESTIMATE, SE, STATISTICS, W
from planner.scenario.reading.read import read_text
from planner.scenario.vocabulary import METHODS
from tests.support.harness import scenario_text

TILES = 4
LOW, HIGH, MARGIN = -2.0, 1.5, -1.5
SEQUENCES = {"ab/ba": ("A B", "B A"), "first": ("A B", "B A"), "balanced or parallel": ("A B", "B A")}
T_TESTS = [name for name, row in METHODS.items() if not row.binary]


def text(method: str, patients: int, **analysis: Any) -> str:
    row = METHODS[method]
    sequences = SEQUENCES.get(row.needs, ("A B A", "B A B"))
    hypothesis: dict[str, Any] = {"means": {"A": 0.5, "B": 0.0}, "sd_within": 1.5, "sd_between": 1.0}
    population: dict[str, Any] = {"dropout": {"per_period": [0.2] * (len(sequences[0].split()) - 1)}}
    design = {}
    if row.baseline:
        hypothesis["baseline_correlation"] = {"own": 0.4, "cross": 0.2, "between": 0.3}
        population["baseline"] = {"mean": 0.0, "sd": 2.0}
        design["baselines"] = "period"
    return scenario_text(
        sequences,
        patients,
        hypotheses={"h": hypothesis},
        analyses=[{"method": method, "contrast": ["A", "B"]} | analysis],
        scale={"better": "higher"},
        population=population,
        **design,
    )


def statistics(method: str, patients: int) -> NDArray[np.float64]:
    """(STATISTICS, trials) of the trials, told from no effect."""
    work = job_of(read_text(text(method, patients)), tallied=False)
    stat = statistics_of(work, 0, TILES)[0, 0, -1]
    return np.asarray(stat.reshape(TILES, STATISTICS, W).transpose(1, 0, 2).reshape(STATISTICS, -1))


@pytest.mark.parametrize("method", T_TESTS)
@pytest.mark.parametrize("patients", [4, 14])
def test_decisions_follow_from_estimate_error_and_df(method: str, patients: int) -> None:
    rows = statistics(method, patients)
    e, se, df = rows[ESTIMATE], rows[SE], rows[DF]
    defined = (df >= 1.0) & (se > 0.0)
    half = np.where(defined, stats.t.isf(0.05, np.maximum(df, 1.0)) * se, np.nan)
    within = (e - half >= LOW) & (e + half <= HIGH)
    outside = (e + half <= LOW) | (e - half >= HIGH)
    stated = text(method, patients, alternative="equivalence", limits=[LOW, HIGH])
    (cell,) = planner.simulate(read_text(stated), trials=TILES * W).cells()
    assert cell.equivalence is not None
    counted = (cell.equivalence.equivalent, cell.equivalence.different, cell.undefined)
    expected = within.sum(), outside.sum(), (~defined).sum()
    assert [round(each.estimate * TILES * W) for each in counted] == [int(n) for n in expected]
    if patients > 4:
        assert 0.1 < within.mean() < 0.9  # a test that always decides alike would show nothing
        assert within.sum() != (np.abs(e) / se > half / se).sum()
    half = half * stats.t.isf(0.025, np.maximum(df, 1.0)) / stats.t.isf(0.05, np.maximum(df, 1.0))
    stated = text(method, patients, alternative="non-inferiority", margin=MARGIN)
    (cell,) = planner.simulate(read_text(stated), trials=TILES * W).cells()
    assert round(cell.power.estimate * TILES * W) == int((e - half >= MARGIN).sum())
