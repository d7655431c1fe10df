"""What an earlier trial has estimated: draws against SciPy, standard errors against least squares, faults."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.model.estimated import estimate_se
from planner.model.parameter_draws import variants
from planner.scenario.canonical.resolved import digest
from planner.scenario.canonical.toml import to_toml
from planner.scenario.families.lognormal import LogNormal
from planner.scenario.families.means import Means
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario

L = math.log(1.25)
TEXT = """
schema_version = 1
title = "Two formulations"
endpoint = {{ distribution = "log-normal" }}
[design]
sequences = {sequences}
patients = {patients}
[hypotheses.expected]
means = {{ T = 95.0, R = 100.0 }}
cv_within = {cv}
[hypotheses.expected.uncertainty]
{uncertain}
[[analyses]]
contrast = ["T", "R"]
alternative = "equivalence"
"""


def trial(uncertain: str, sequences: Any = ("T R", "R T"), cv: str = "0.3", patients: int = 24) -> Scenario:
    written = str(list(sequences)).replace("'", '"')
    return read_text(TEXT.format(uncertain=uncertain, sequences=written, cv=cv, patients=patients))


def drawn(scenario: Scenario, count: int = 3000) -> list[LogNormal]:
    found = []
    for each in variants(scenario, count, 7):
        hypothesis = each.hypotheses["expected"]
        assert isinstance(hypothesis, LogNormal)
        found.append(hypothesis)
    return found


def test_a_variance_is_the_stated_one_times_df_over_chi_square() -> None:
    """Kolmogorov-Smirnov against SciPy; with one degree of freedom more it refuses."""
    found = drawn(trial("cv_within = { df = 5 }"))
    assert all(each.cv_within is not None for each in found)
    s2 = np.array([math.log1p((each.cv_within or {})["T"] ** 2) for each in found])
    ratio = math.log1p(0.3**2) * 5 / s2
    assert stats.kstest(ratio, stats.chi2(5).cdf).pvalue > 1e-4
    assert stats.kstest(ratio, stats.chi2(6).cdf).pvalue < 1e-4
    assert all((each.cv_within or {})["T"] == (each.cv_within or {})["R"] for each in found)  # one estimate


def test_each_treatment_may_have_a_variance_of_its_own() -> None:
    found = drawn(trial('"cv_within.T" = { df = 8 }\n"cv_within.R" = { df = 20 }', cv="{ T = 0.3, R = 0.5 }"))
    rows = [(each.cv_within or {}) for each in found]
    for treatment, df, cv in (("T", 8, 0.3), ("R", 20, 0.5)):
        s2 = np.array([math.log1p(row[treatment] ** 2) for row in rows])
        assert stats.kstest(math.log1p(cv**2) * df / s2, stats.chi2(df).cdf).pvalue > 1e-4
    assert abs(stats.spearmanr([r["T"] for r in rows], [r["R"] for r in rows])[0]) < 0.07


def test_an_sd_of_differences_is_drawn_likewise() -> None:
    text = """
schema_version = 1
title = "Differences"
design = { sequences = ["A B", "B A"], patients = 24 }
[hypotheses.h]
means = { A = 1.0, B = 0.0 }
sd_difference = 8.0
uncertainty = { sd_difference = { df = 10 }, "means.A" = { patients = 12 } }
"""
    scenario = read_text(text)
    found = [each.hypotheses["h"] for each in variants(scenario, 3000, 3)]
    sds = np.array([each.sd_within["A"] for each in found if isinstance(each, Means) and each.sd_within])
    means = np.array([each.means["A"] for each in found if isinstance(each, Means)])
    assert len(sds) == len(means) == 3000
    assert stats.kstest(32.0 * 10 / sds**2, stats.chi2(10).cdf).pvalue > 1e-4
    assert stats.kstest((means - 1.0) / (sds * math.sqrt(2 / 12)), stats.norm.cdf).pvalue > 1e-4
    assert stats.kstest((means - 1.0) / math.sqrt(32.0 * 2 / 12), stats.t(10).cdf).pvalue > 1e-4


def test_an_effect_varies_as_the_earlier_estimate_with_the_variance_of_the_variant() -> None:
    found = drawn(trial("cv_within = { df = 22 }\nratio = { patients = 24 }"))
    z = [
        (math.log(each.means["T"] / each.means["R"]) - math.log(0.95))
        / (each.within["T"] * math.sqrt(2 / 24))
        for each in found
    ]
    assert stats.kstest(z, stats.norm.cdf).pvalue > 1e-4
    assert stats.kstest([1.1 * x for x in z], stats.norm.cdf).pvalue < 1e-2
    assert {each.means["R"] for each in found} == {100.0}


def by_least_squares(sequences: tuple[str, ...], counts: list[int], sd: dict[str, float]) -> float:
    """Standard error of T - R with patients, periods and treatments in the model, by NumPy."""
    rows, variances, patient = [], [], 0
    every = sum(counts)
    for sequence, count in zip(sequences, counts, strict=True):
        order = sequence.split()
        for _ in range(count):
            for k, a in enumerate(order):
                row = np.zeros(every + len(order))
                row[patient] = 1.0
                if k:
                    row[every + k - 1] = 1.0
                row[-1] = float(a == "T")
                rows.append(row)
                variances.append(sd[a] ** 2)
            patient += 1
    weights = np.linalg.pinv(np.array(rows))[-1]
    return math.sqrt(float((weights**2 * np.array(variances)).sum()))


@pytest.mark.parametrize(
    ("sequences", "patients", "counts", "cv"),
    [
        (("T R", "R T"), 24, [12, 12], "0.3"),
        (("T R", "R T"), 13, [7, 6], "0.3"),
        (("T R T R", "R T R T"), 16, [8, 8], "{ T = 0.3, R = 0.5 }"),
        (("T R R", "R T R", "R R T"), 12, [4, 4, 4], "{ T = 0.3, R = 0.5 }"),
        (("T R R", "R T R", "R R T"), 14, [5, 5, 4], "0.4"),
    ],
)
def test_the_standard_error_is_that_of_least_squares(
    sequences: tuple[str, ...], patients: int, counts: list[int], cv: str
) -> None:
    scenario = trial(f"ratio = {{ patients = {patients} }}", sequences, cv)
    hypothesis = scenario.hypotheses["expected"]
    assert isinstance(hypothesis, LogNormal)
    se = estimate_se(scenario, "expected", scenario.analyses[0], patients)
    assert se == pytest.approx(by_least_squares(sequences, counts, hypothesis.within), rel=1e-12)
    other = {a: 1.01 * sd for a, sd in hypothesis.within.items()}
    assert se != pytest.approx(by_least_squares(sequences, counts, other), rel=1e-3)


def test_full_form_is_read_again_and_draws_stay() -> None:
    scenario = trial("cv_within = { df = 22 }\nratio = { patients = 24 }")
    again = read_text(to_toml(scenario))
    assert digest(again) == digest(scenario)
    first, second = ([digest(each) for each in variants(s, 20, 5)] for s in (scenario, again))
    assert first == second
    assert first[7] == digest(next(variants(scenario, 1, 5, first=7)))


def test_one_degree_of_freedom_leaves_numbers() -> None:
    found = drawn(trial("cv_within = { df = 1 }"), 20_000)
    assert all(math.isfinite((each.cv_within or {})["T"]) for each in found)


@pytest.mark.parametrize(
    ("uncertain", "message"),
    [
        ("cv_within = { df = 0.5 }", "cv_within.df"),
        ("cv_within = { df = 22, low = 0.2, high = 0.4 }", "states several"),
        ("cv_within = { df = 22, relative = true }", "says nothing beside `df`"),
        ('"means.T" = { df = 22 }', "has no variance"),
        ("cv_between = { df = 22 }", "has no variance"),
        ("cv_within = { patients = 24 }", "no mean that an earlier trial"),
        ("ratio = { patients = 2 }", "fewer than two patients of each sequence"),
        ("ratio = { patients = 24.5 }", "ratio.patients"),
        ("ratio = { low = 0.9, high = 1.1 }", "as an earlier trial has estimated it"),
        ('"means.R" = { patients = 24 }', "no analysis estimates the effect of R"),
        ('ratio = { patients = 24 }\n"means.T" = { low = 90, high = 95 }', "is uncertain already"),
        ("sd_within = { df = 22 }", "is not stated"),
    ],
)
def test_faults(uncertain: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        trial(uncertain)
