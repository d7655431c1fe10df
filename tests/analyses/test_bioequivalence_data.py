"""Seven sets of bioequivalence data, some with periods missing, against R: estimates, errors, variances."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from planner.analyses import statistic, within_variance
from planner.kernels.tables import DF, ESTIMATE, SE, STATISTICS, Floats, Ints, W
from planner.model.scaled_tables import repeated
from tests.support.paths import NUMBERS
from tests.support.random_designs import tables

CASES: dict[str, Any] = {
    case["name"]: case for case in json.loads((NUMBERS / "bioequivalence_data.json").read_text())["cases"]
}
CROSSOVERS = [name for name in CASES if name != "parallel"]
REPLICATES = [name for name in CROSSOVERS if "swR" in CASES[name]["results"]]
COMPARED = {"T": 1.0, "R": -1.0}


def patients(name: str) -> tuple[tuple[tuple[str, ...], ...], Ints, Floats]:
    """The sequences, each patient's, and logs in the first of 128 lanes."""
    rows = CASES[name]["rows"]
    words = sorted({row[1] for row in rows})
    sequences = tuple(tuple(word) for word in words)
    subjects = list(dict.fromkeys(row[0] for row in rows))
    values = np.full((1, len(subjects), 1, 1, len(sequences[0]) * W), np.nan)
    order = np.zeros((1, len(subjects)), np.int64)
    for subject, sequence, period, treatment, value in rows:
        place = subjects.index(subject)
        assert sequence[period - 1] == treatment
        order[0, place] = words.index(sequence)
        values[0, place, 0, 0, (period - 1) * W] = math.log(value)
    return sequences, order, values


def analysed(name: str, method: str) -> tuple[float, float, float]:
    """Estimate, its standard error, its df."""
    sequences, order, values = patients(name)
    stat = np.empty((1, 1, STATISTICS * W))
    counts = np.array([order.size], np.int64)
    statistic(method)(values, 0, 0, order, tables(sequences, COMPARED), 0.0, counts, stat)
    estimate, se, df = (float(stat[0, 0, row * W]) for row in (ESTIMATE, SE, DF))
    return estimate, se, df


def varied(name: str, method: str, treatment: str) -> tuple[float, float]:
    """The variance within patients of a treatment, and its df."""
    sequences, order, values = patients(name)
    stat, spread = np.empty((1, 1, STATISTICS * W)), np.empty((1, 1, 2 * W))
    counts = np.array([order.size], np.int64)
    contrast = repeated(sequences, treatment)
    within_variance(method)(values, 0, 0, order, contrast, counts, stat, spread)
    return float(spread[0, 0, 0]), float(spread[0, 0, W])


@pytest.mark.parametrize("name", CROSSOVERS)
def test_patient_period_and_treatment(name: str) -> None:
    want = CASES[name]["results"]["method_A"]
    found = analysed(name, "fixed-subject")
    assert found == pytest.approx((math.log(want["pe"]), want["se"], want["df"]), rel=1e-8)


@pytest.mark.parametrize("name", [name for name in CROSSOVERS if name not in REPLICATES])
def test_two_periods(name: str) -> None:
    want = CASES[name]["results"]["method_A"]
    found = analysed(name, "hills-armitage")
    assert found == pytest.approx((math.log(want["pe"]), want["se"], want["df"]), rel=1e-8)


@pytest.mark.parametrize("name", REPLICATES)
def test_contrasts_within_patients(name: str) -> None:
    want = CASES[name]["results"]["ISC"]
    found = analysed(name, "subject-contrast")
    assert found == pytest.approx((math.log(want["pe"]), want["se"], want["df"]), rel=1e-8)
    assert varied(name, "subject-contrast", "R") == pytest.approx((want["s2wR"], want["dfRR"]), rel=1e-8)


@pytest.mark.parametrize("name", REPLICATES)
def test_variances_of_one_product(name: str) -> None:
    results = CASES[name]["results"]
    for key, treatment in (("swR", "R"), ("swT", "T")):
        if key in results:
            want = results[key]["s2"], results[key]["df"]
            assert varied(name, "fixed-subject", treatment) == pytest.approx(want, rel=1e-8)
    if narrow := results.get("NTID_FDA"):
        want = narrow["s2wT"], narrow["dfTT"]
        assert varied(name, "subject-contrast", "T") == pytest.approx(want, rel=1e-8)


@pytest.mark.parametrize(("method", "kind"), [("period-one", "pooled"), ("welch", "welch")])
def test_parallel_groups(method: str, kind: str) -> None:
    want = CASES["parallel"]["results"][kind]
    estimate, _, df = analysed("parallel", method)
    assert (estimate, df) == pytest.approx((math.log(want["pe"]), want["df"]), rel=1e-8)


def test_another_patient_is_seen() -> None:
    """Negative control: one value that is 1 % higher moves every number by more than the tolerance."""
    name = REPLICATES[0]
    before = analysed(name, "fixed-subject"), varied(name, "fixed-subject", "R")
    row = next(row for row in CASES[name]["rows"] if row[3] == "R" and row[1].count("R") == 2)
    row[4] *= 1.01
    try:
        after = analysed(name, "fixed-subject"), varied(name, "fixed-subject", "R")
    finally:
        row[4] /= 1.01
    assert abs(after[0][0] / before[0][0] - 1) > 1e-6
    assert abs(after[1][0] / before[1][0] - 1) > 1e-6
