"""The analyses against R, on real and synthetic data sets, through the kernels that analyse simulated trials.

`numbers/crossover_analyses.json` holds the data with R's answers. Estimate, standard error, df and t agree to
1e-10, and so do the p values that scipy's t distribution gives for them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.model.contrast_tables import SIDES
from planner.monitoring.p_values import p_value
from tests.support.analysed_sets import DATA, TOLERANCE, analyse

R_NAME = {
    "hills-armitage": "hills_armitage_t",
    "subject-contrast": "hills_armitage_t",
    "fixed-subject": "hills_armitage_t",
    "paired-t": "paired_t",
    "welch": "hills_armitage_welch",
    "period-one": "period1_only_t",
}
MANY = [name for name in DATA if DATA[name]["type"] == "contK"]
TWO_TREATMENTS = [name for name in DATA if DATA[name]["type"] == "cont22"]
BINARY = [name for name in DATA if DATA[name]["type"] == "bin22"]
WITHOUT_SPREAD = {"s12_zero_variance", "s13_all_equal"}
ONE_SEQUENCE = "s11_one_sequence_only"


def complete_differences(rows: list[list[Any]], first: str, second: str) -> list[float]:
    """Each complete patient's mean on `first` minus that on `second`, without the kernels."""
    found = []
    for subject in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == subject]
        means = [[row[4] for row in own if row[3] == a] for a in (first, second)]
        if len(own) == max(row[2] for row in rows) and all(means):
            found.append(float(np.mean(means[0]) - np.mean(means[1])))
    return found


@pytest.mark.parametrize("centre", [0.0, -5.5])
@pytest.mark.parametrize("method", R_NAME)
@pytest.mark.parametrize("name", TWO_TREATMENTS)
def test_two_treatments(name: str, method: str, centre: float) -> None:
    published = DATA[name]["results"][R_NAME[method]]
    answer = analyse(method, DATA[name]["rows"], centre=centre, lane=77)
    for alternative, r in published.items():
        if "error" in r or r["stat"] is None:
            assert name in WITHOUT_SPREAD or (name == ONE_SEQUENCE and method != "paired-t")
            continue
        assert answer.estimate == pytest.approx(r["estimate"], abs=TOLERANCE)
        assert answer.se == pytest.approx(r["se"], rel=TOLERANCE)
        assert answer.df == pytest.approx(r["df"], rel=1e-12)
        assert answer.stat == pytest.approx(r["stat"], abs=TOLERANCE, rel=TOLERANCE)
        assert answer.p(alternative) == pytest.approx(r["p"], abs=TOLERANCE)


def test_most_sets_have_an_answer_of_r() -> None:
    """The comparison above skips what R refuses: that must stay the exception."""
    answered = [
        (name, test)
        for name in TWO_TREATMENTS
        for test in set(R_NAME.values())
        if DATA[name]["results"][test].get("two.sided", {}).get("stat") is not None
    ]
    assert len(TWO_TREATMENTS) >= 13
    assert len(answered) == 4 * len(TWO_TREATMENTS) - 4 * len(WITHOUT_SPREAD) - 3


@pytest.mark.parametrize("name", BINARY)
def test_binary_outcomes(name: str) -> None:
    """R's linear model on responses coded 0 and 1 is Hills and Armitage's test."""
    r = DATA[name]["results"]["lm_binary_hills_armitage"]
    answer = analyse("hills-armitage", DATA[name]["rows"])
    assert answer.df == r["df"]
    assert answer.estimate == pytest.approx(r["estimate"], abs=TOLERANCE)
    assert answer.se == pytest.approx(r["se"], abs=TOLERANCE)
    if r["stat"] is None:
        assert (answer.stat, answer.p("two.sided")) == (0.0, 1.0)
    else:
        assert answer.stat == pytest.approx(r["stat"], rel=TOLERANCE)
        assert answer.p("two.sided") == pytest.approx(r["p"], abs=TOLERANCE)


@pytest.mark.parametrize("name", MANY)
def test_least_squares_with_subjects(name: str) -> None:
    """Any design: incomplete blocks, missing periods, contrasts of several treatments."""
    results = DATA[name]["results"]
    found = {}
    for contrast, r in results["lm_fixed_subject"]["contrasts"].items():
        first, second = contrast.split("-")
        found[contrast] = ({first: 1.0, second: -1.0}, r)
    for contrast, both in results.get("linear_contrasts", {}).items():
        found[contrast] = (both["weights"], both["fixed"])
    for weights, r in found.values():
        answer = analyse("fixed-subject", DATA[name]["rows"], contrast=weights, lane=99)
        assert answer.estimate == pytest.approx(r["estimate"], abs=TOLERANCE)
        assert answer.se == pytest.approx(r["se"], rel=TOLERANCE)
        assert answer.df == r["df"]
        assert answer.stat == pytest.approx(r["stat"], rel=TOLERANCE)
        assert answer.p("two.sided") == pytest.approx(r["p"], abs=TOLERANCE)


@pytest.mark.parametrize("name", ["m01_williams3", "m03_williams4", "m06_ABB_BAA"])
def test_more_treatments_or_periods(name: str) -> None:
    """In a balanced complete design R's least squares estimate is the mean within-patient difference."""
    rows = DATA[name]["rows"]
    for contrast, r in DATA[name]["results"]["lm_fixed_subject"]["contrasts"].items():
        first, second = contrast.split("-")
        answer = analyse("paired-t", rows, first, second)
        assert answer.estimate == pytest.approx(r["estimate"], abs=TOLERANCE)
        own = stats.ttest_1samp(complete_differences(rows, first, second), 0.0)
        assert answer.df == own.df
        assert answer.stat == pytest.approx(own.statistic, rel=TOLERANCE)
        assert answer.p("two.sided") == pytest.approx(own.pvalue, rel=TOLERANCE)
        adjusted = analyse("subject-contrast", rows, first, second)
        assert adjusted.estimate == pytest.approx(r["estimate"], abs=TOLERANCE)


@pytest.mark.parametrize(
    "name", ["m01_williams3", "m03_williams4", "m05_balaam", "m06_ABB_BAA", "s04_dropout"]
)
def test_own_contrasts_are_the_intercept_of_a_regression_on_sequence(name: str) -> None:
    """Each patient's contrast regressed on sequence, coded to sum to 0, by NumPy's least squares."""
    rows = DATA[name]["rows"]
    sequences = sorted({row[1] for row in rows if {"A", "B"} <= set(row[1])})
    own: dict[str, list[float]] = {sequence: [] for sequence in sequences}
    for subject in dict.fromkeys(row[0] for row in rows if row[1] in own):
        data = [row for row in rows if row[0] == subject]
        scores = {a: [row[4] for row in data if row[3] == a] for a in "AB"}
        if all(len(scores[a]) == data[0][1].count(a) for a in "AB"):
            own[data[0][1]].append(float(np.mean(scores["A"]) - np.mean(scores["B"])))
    y = np.concatenate(list(own.values()))
    code = np.vstack([np.eye(len(sequences) - 1), -np.ones(len(sequences) - 1)])
    x = np.column_stack([np.ones(y.size), np.repeat(code, [len(v) for v in own.values()], axis=0)])
    beta, residual, *_ = np.linalg.lstsq(x, y, rcond=None)
    df = y.size - len(sequences)
    se = math.sqrt(residual[0] / df * np.linalg.inv(x.T @ x)[0, 0])
    answer = analyse("subject-contrast", rows, lane=5)
    assert answer.df == df
    assert answer.estimate == pytest.approx(beta[0], abs=TOLERANCE)
    assert answer.se == pytest.approx(se, rel=TOLERANCE)


@pytest.mark.parametrize("name", TWO_TREATMENTS)
def test_welch_of_the_first_period(name: str) -> None:
    rows = [row for row in DATA[name]["rows"] if row[2] == 1]
    x, y = ([row[4] for row in rows if row[3] == a] for a in "AB")
    answer = analyse("period-one-welch", DATA[name]["rows"], lane=31)
    if name in WITHOUT_SPREAD or name == ONE_SEQUENCE:
        assert (answer.df == 0.0) == (name != "s13_all_equal")
        return
    expected = stats.ttest_ind(x, y, equal_var=False)
    assert answer.stat == pytest.approx(expected.statistic, rel=TOLERANCE)
    assert answer.df == pytest.approx(expected.df, rel=TOLERANCE)
    assert answer == analyse("welch", [[*row[:1], row[3], *row[2:]] for row in rows], lane=31)


def test_adjusted_for_baselines() -> None:
    """R's regression of period differences on sequence and differences of baselines."""
    r = DATA["s05_baselines"]["results"]["ancova_within"]
    answer = analyse("baseline-adjusted", DATA["s05_baselines"]["rows"], lane=41)
    assert answer.df == r["df"]
    assert answer.estimate == pytest.approx(r["estimate"], abs=TOLERANCE)
    assert answer.se == pytest.approx(r["se"], rel=TOLERANCE)
    assert answer.stat == pytest.approx(r["stat"], rel=TOLERANCE)
    assert answer.p("two.sided") == pytest.approx(r["p"], abs=TOLERANCE)


@pytest.mark.parametrize("name", BINARY)
def test_exact_tests_of_paired_responses(name: str) -> None:
    """Prescott's test by coin, Mainland and Gart's by fisher.test, two-sided and one-sided."""
    results = DATA[name]["results"]
    exact, fisher = results["prescott"]["exact"], results["mainland_gart"]
    published = {
        "prescott": dict(zip(SIDES, (exact["p"], exact["p_greater"], exact["p_less"]), strict=True)),
        "mainland-gart": dict(
            zip(SIDES, (fisher["fisher"], fisher["fisher_greater"], fisher["fisher_less"]), strict=True)
        ),
    }
    plain = analyse("hills-armitage", DATA[name]["rows"])
    for method, p in published.items():
        for direction, sides in SIDES.items():
            answer = analyse(method, DATA[name]["rows"], sides=sides, lane=64)
            found = p_value("exact-p", answer.stat, answer.df, direction)
            assert found == pytest.approx(p[direction], abs=TOLERANCE)
            assert answer.estimate == pytest.approx(plain.estimate, abs=TOLERANCE)


def test_patients_with_a_missing_period_do_not_count() -> None:
    rows = DATA["s04_dropout"]["rows"]
    for method in set(R_NAME) - {"period-one"}:
        answer = analyse(method, rows)
        assert answer.completers == len(complete_differences(rows, "A", "B")) == 12
    assert analyse("period-one", rows).completers == 17
    first_missing = [row for row in rows if (row[0], row[2]) != (rows[0][0], 1)]
    assert analyse("paired-t", first_missing).completers == 11


def test_without_spread() -> None:
    """Where R stops with "data are essentially constant" there is no test, unless there is no difference."""
    same, zero = DATA["s12_zero_variance"], DATA["s13_all_equal"]
    for method, r in R_NAME.items():
        if method != "fixed-subject":  # R: "essentially perfect fit: summary may be unreliable"
            assert same["results"][r]["two.sided"] == {"error": "data are essentially constant"}
        undefined = analyse(method, same["rows"])
        assert (undefined.estimate, undefined.se, undefined.df) == (-3.0, 0.0, 0.0)
        nothing = analyse(method, zero["rows"])
        assert (nothing.estimate, nothing.se, nothing.stat) == (0.0, 0.0, 0.0)
        assert nothing.df > 0.0
        assert nothing.p("two.sided") == 1.0


@pytest.mark.parametrize("centre", [0.1, -0.7, 2.2])
@pytest.mark.parametrize("method", R_NAME)
def test_without_spread_whatever_the_centre(method: str, centre: float) -> None:
    """The rounding of the sums must not turn "no difference at all", or the same one, into a huge t."""
    for n in range(4, 14):
        order = ["AB" if i % 2 else "BA" for i in range(n)]
        rows = [[i, s, k + 1, s[k], 10.0] for i, s in enumerate(order) for k in range(2)]
        nothing = analyse(method, rows, centre=centre)
        assert (nothing.estimate, nothing.p("two.sided")) == (0.0, pytest.approx(1.0))
        assert nothing.df > 0.0
        raised = [[*row[:4], row[4] + (row[3] == "A")] for row in rows]
        assert analyse(method, raised, centre=centre).df == 0.0


def test_undefined() -> None:
    """One sequence only: no period-adjusted test. One completer: no test at all. Never a NaN."""
    for method in set(R_NAME) - {"paired-t"}:
        assert analyse(method, DATA[ONE_SEQUENCE]["rows"]).df == 0.0
    one_patient = [row for row in DATA["s01_gauss_6_6"]["rows"] if row[0] == "01"]
    for method in R_NAME:
        assert analyse(method, one_patient).df == 0.0
    one_of_each = [row for row in DATA["s09_tiny_2_2"]["rows"] if row[0] in first_of_each_sequence()]
    for method in set(R_NAME) - {"paired-t"}:
        assert analyse(method, one_of_each).df == 0.0
    for method in set(R_NAME) - {"period-one"}:
        nobody = analyse(method, [[*one_patient[0][:4], math.nan], one_patient[1]], sequences=("AB", "BA"))
        assert nobody.df == 0.0
        assert nobody.completers == 0.0
        assert not any(math.isnan(number) for number in nobody)


def first_of_each_sequence() -> set[str]:
    """A patient of each sequence of the smallest data set."""
    return set({row[1]: row[0] for row in DATA["s09_tiny_2_2"]["rows"]}.values())


def test_a_wrong_answer_is_seen() -> None:
    """Negative control: treatments swapped, a patient left out or the other analysis do not pass."""
    rows = DATA["s02_gauss_unbalanced_period"]["rows"]
    r = DATA["s02_gauss_unbalanced_period"]["results"]["paired_t"]["greater"]
    assert analyse("paired-t", rows).p("greater") == pytest.approx(r["p"], abs=TOLERANCE)
    for wrong in (
        analyse("paired-t", rows, "B", "A", sequences=("AB", "BA")),
        analyse("paired-t", rows[2:]),
        analyse("hills-armitage", rows),
    ):
        assert wrong.p("greater") != pytest.approx(r["p"], abs=1e-3)
