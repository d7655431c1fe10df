"""Tests adjusted for baselines, in whole trials: level, precision, what they read, what they ask of a design.

With normal values the variance of an adjusted difference is known: that of the values less what the covariate
explains, times 1 + 1 / (patients - 4) for the slope that has to be estimated (Cochran 1957).
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from planner.model.readings import BASELINE, Reading
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from tests.support.harness import Cells, Comparison, TooFarApart, run, scenario_text
from tests.support.naive_readings import generated

SD, SHARED, N = 6.0, 0.4, 24  # SD of the scores, correlation of a patient's scores, patients
TRIALS = 200_000


def trial(method: str, effect: float, sequences: tuple[str, ...], **correlation: float) -> str:
    beside = {"subject-contrast": "baseline-adjusted", "period-one": "parallel-ancova"}
    plain = next(name for name, other in beside.items() if other == method)
    return scenario_text(
        sequences,
        N,
        hypotheses={
            "h": {
                "means": {"A": 20.0 + effect, "B": 20.0},
                "sd": SD,
                "correlation": SHARED,
                "baseline_correlation": correlation,
            }
        },
        population={
            "baseline": {"mean": 26.0, "sd": 5.0},
            "period_effect": [0.0, 1.5][: len(sequences[0].split())],
        },
        analyses=[{"method": method}, {"method": plain}],
        baselines="period",
    )


CASES: dict[str, tuple[str, tuple[str, ...], dict[str, float], float]] = {
    # method, sequences, correlations of the baselines, squared correlation of what is compared
    "parallel": ("parallel-ancova", ("A", "B"), {"own": 0.6, "cross": 0.3, "between": 0.4}, 0.36),
    "first period": ("parallel-ancova", ("A B", "B A"), {"own": 0.5, "cross": 0.3, "between": 0.4}, 0.25),
    "crossover": (
        "baseline-adjusted",
        ("A B", "B A"),
        {"own": 0.6, "cross": 0.2, "between": 0.3},
        (0.6 - 0.2) ** 2 / ((1 - SHARED) * (1 - 0.3)),
    ),
    "useless": ("baseline-adjusted", ("A B", "B A"), {"own": 0.3, "cross": 0.3, "between": 0.4}, 0.0),
}


def variances(name: str) -> tuple[float, float]:
    """Of the adjusted estimate and of the plain one."""
    method, _, _, explained = CASES[name]
    each = SD**2 if method == "parallel-ancova" else 2 * SD**2 * (1 - SHARED) / 4
    plain = each * 2 / (N / 2)
    return plain * (1 - explained) * (1 + 1 / (N - 4)), plain


def compared(name: str, cells: Cells, effect: float) -> Comparison:
    method = CASES[name][0]
    comparison = Comparison(title=name)
    for cell, variance in zip(cells.cells, variances(name), strict=True):
        shown, what = cell["estimate"], cell["analysis"]
        comparison.mean(f"{what}: SE", shown["empirical_se"], shown["empirical_se_mcse"], math.sqrt(variance))
        comparison.mean(f"{what}: estimate", shown["mean"], shown["mean_mcse"], effect)
        comparison.probability(f"{what}: coverage", shown["coverage"], cells.trials, 0.95)
        if effect == 0.0:
            comparison.probability(f"{what}: level", cell["power"], cells.trials, 0.05)
    assert cells.cells[0]["analysis"] == method
    return comparison


@pytest.mark.parametrize("effect", [0.0, -3.0])
@pytest.mark.parametrize("name", CASES)
def test_level_and_precision(name: str, effect: float) -> None:
    method, sequences, correlation, _ = CASES[name]
    compared(name, run(trial(method, effect, sequences, **correlation), TRIALS), effect).check()


def test_another_correlation_is_seen() -> None:
    method, sequences, correlation, _ = CASES["crossover"]
    other = run(trial(method, 0.0, sequences, **(correlation | {"own": 0.55})), TRIALS)
    with pytest.raises(TooFarApart):
        compared("crossover", other, 0.0).check()


MECHANISM = """
        schema_version = 1
        agents = { drug = {} }
        components.relief = { size = { mean = 0.4, sd = 0.2 }, half_life_days = 5 }
        signals.cue = { activated_by = { drug = 1 } }
        treatments = { A = { agents = ["drug"] }, B = {} }
        population.baseline = { mean = 26, sd = 4 }
        population.rating_sd = 2
        population.occasion_sd = 0.1
        population.dropout.per_period = 0.2
        endpoint.scale = "HAM-D17"
        [design]
        sequences = ["A B", "B A"]
        patients = 20
        washout_days = 7
        [hypotheses.h]
        terms = [{ component = "relief", needs = ["cue"] }]
        [[analyses]]
        method = "baseline-adjusted"
        """


def test_mechanisms_have_baselines() -> None:
    """What is read before dosing is the score less its change; an analysis by covariance runs on it."""
    scenario = read_text(MECHANISM)
    assert scenario.design.baselines == "period"
    readings = [Reading("score", 1.0), Reading("change", 1.0), BASELINE]
    _, values = generated(scenario, ["h"], readings, 8)
    score, change, baseline = (values[:, :, 0, r] for r in range(3))
    assert np.array_equal(score - change, baseline, equal_nan=True)
    cell = run(MECHANISM, 20_000)(hypothesis="h")
    assert cell["undefined"]["estimate"] == 0.0
    assert cell["power"]["estimate"] > 0.9


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        ("baseline-adjusted", 'baselines = "first"', "needs a baseline, measured before every period"),
        ("parallel-ancova", 'baselines = "none"', "needs a baseline, measured before the first period"),
        ("baseline-adjusted", 'sequences = ["A", "B"]', "does not fit this design"),
    ],
)
def test_what_a_design_must_offer(method: str, change: str, message: str) -> None:
    text = MECHANISM.replace('"baseline-adjusted"', f'"{method}"')
    key = change.split(" = ")[0]
    settings = [f"design.{change.replace(' = ', '=', 1)}"]
    settings += ["population.dropout.per_period=0"] if key == "sequences" else []
    with pytest.raises(ScenarioError) as caught:
        read_text(text, set=settings)
    assert any(message in fault.message for fault in caught.value.faults)


def test_rates_say_nothing_of_baselines() -> None:
    text = scenario_text(
        hypotheses={"h": {"family": "rates", "rates": {"A": 0.5, "B": 0.4}, "correlation": 0.1}},
        population={"baseline": {"mean": 20.0, "sd": 4.0}},
        analyses=[{"method": "parallel-ancova"}],
        baselines="period",
    )
    with pytest.raises(ScenarioError, match="say nothing of baselines"):
        read_text(text)
