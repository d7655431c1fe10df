"""Estimates, patients and the meaning of each setting against closed forms.

Bias under carryover and the variance of the estimate come from least squares in R (data,
designs); the rest is textbook algebra. Effects in points.
"""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from planner.model.estimand import expected_score
from tests.support.exact import observed_mean, paired_power, paired_rejection
from tests.support.harness import Cells, Comparison, Json, TooFarApart, run, scenario_text
from tests.support.marks import repeated
from tests.support.paths import NUMBERS

DESIGNS = json.loads((NUMBERS / "crossover_power.json").read_text())["designs"]
TRIALS = 100_000
PLAIN: dict[str, Any] = {"means": {"A": 1.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 3.0}
BOTH = [{"method": "hills-armitage"}, {"method": "paired-t"}]


def estimate(comparison: Comparison, what: str, cell: Json, bias: float, se: float) -> None:
    """Bias and spread of the estimate, the latter for a normal estimate."""
    shown = cell["estimate"]
    comparison.mean(f"{what}: bias", shown["bias"], shown["bias_mcse"], bias)
    comparison.mean(f"{what}: standard error", shown["empirical_se"], shown["empirical_se_mcse"], se)
    mse = math.hypot(bias, se)
    comparison.mean(f"{what}: root mean squared error", shown["rmse"], shown["rmse_mcse"], mse)


def coverage(comparison: Comparison, what: str, cell: Json, level: float) -> None:
    comparison.probability(f"{what}: coverage", cell["estimate"]["coverage"], TRIALS, level)


@pytest.mark.parametrize("lasts", ["next", "lasting"])
@pytest.mark.parametrize("name", DESIGNS)
def test_carryover_and_variance_of_a_design(name: str, lasts: str) -> None:
    """Bias per point of carryover of A, and variance factor x sigma^2 / N, as least squares has them."""
    design = DESIGNS[name]
    sequences = [" ".join(word) for word in design["sequences"]]
    others = {a: 0.5 * i for i, a in enumerate("BCD"[: max(1, len(set("".join(sequences)) - {" "}) - 1)])}
    n, sigma, carry = 6 * len(sequences), 2.0, 1.5
    text = scenario_text(
        sequences,
        n,
        hypotheses={
            "carryover": {
                "means": {"A": 1.0, **others},
                "sd_within": sigma,
                "sd_between": 3.0,
                "carryover": {"A": carry},
                "carryover_lasts": lasts,
            }
        },
        analyses=[{"method": "paired-t", "contrast": ["A", "B"]}],
    )
    cells = run(text, TRIALS)
    with Comparison(title=f"{name}, carryover {lasts}") as comparison:
        variance = design["var_factor"] * sigma**2 / n
        estimate(comparison, name, cells.cells[0], design[f"bias_{lasts}"] * carry, math.sqrt(variance))


def test_wrong_carryover_is_seen() -> None:
    """Negative control: carryover that lasts has not the bias of one that reaches the next period only."""
    text = scenario_text(
        ("A B B", "B A A"),
        hypotheses={"h": PLAIN | {"carryover": {"A": 0.5}, "carryover_lasts": "lasting"}},
        analyses=[{"method": "paired-t"}],
    )
    comparison = Comparison()
    estimate(comparison, "first order", run(text, TRIALS).cells[0], 0.0, math.sqrt(1.5 * 4 / 12))
    with pytest.raises(TooFarApart):
        comparison.check()


@pytest.mark.parametrize("allocation", [[1, 1], [2, 1], [4, 8]])
def test_standard_error_and_coverage(allocation: list[int]) -> None:
    """Unequal spread, patient-by-treatment SD and unequal sequences; intervals cover as they say.

    Pooling is exact: the two sequences have the same variance even if the treatments have not.
    """
    hypotheses = {
        "plain": PLAIN,
        "unequal spread": PLAIN | {"sd_within": {"A": 3.0, "B": 1.0}},
        "interaction": PLAIN | {"sd_interaction": 1.5},
        "stated difference": {"means": {"A": -1.0, "B": 0.5}, "sd_difference": 2.5},
        "correlation": {"means": {"A": 1.0, "B": 0.0}, "sd": 4.0, "correlation": 0.36},
    }
    sd = {
        "plain": math.sqrt(8.0),
        "unequal spread": math.sqrt(10.0),
        "interaction": math.sqrt(8.0 + 2 * 1.5**2),
        "stated difference": 2.5,
        "correlation": 4.0 * math.sqrt(2 * 0.64),
    }
    analyses = [
        {"name": "ha", "method": "hills-armitage", "alpha": 0.1},
        {"name": "paired", "method": "paired-t", "alternative": "less", "alpha": 0.025},
    ]
    text = scenario_text(patients=12, hypotheses=hypotheses, analyses=analyses, allocation=allocation)
    cells = run(text, TRIALS)
    n1 = 12 * allocation[0] // sum(allocation)
    share = math.sqrt(1 / n1 + 1 / (12 - n1)) / 2
    with Comparison(title=f"standard errors, allocation {allocation}") as comparison:
        for name in hypotheses:
            ha, paired = cells(hypothesis=name, analysis="ha"), cells(hypothesis=name, analysis="paired")
            estimate(comparison, f"{name}, Hills-Armitage", ha, 0.0, sd[name] * share)
            estimate(comparison, f"{name}, paired", paired, 0.0, sd[name] / math.sqrt(12))
            coverage(comparison, f"{name}, Hills-Armitage", ha, 0.9)
            coverage(comparison, f"{name}, paired", paired, 0.95)
            assert ha["expected_patients"] == {"estimate": 12, "mcse": 0, "low": 12, "high": 12}


def same(one: Cells, other: Cells) -> None:
    """Two runs with the same random numbers that must give the same results, up to rounding."""
    for a, b in zip(one.cells, other.cells, strict=True):
        assert a["power"] == b["power"]
        assert a["estimate"]["coverage"] == b["estimate"]["coverage"]
        for key in ("bias", "empirical_se", "rmse"):
            assert a["estimate"][key] == pytest.approx(b["estimate"][key], rel=1e-6, abs=1e-7)


def test_the_same_spread_in_three_forms() -> None:
    """Residual SD 3 and between-patient SD 4: total SD 5, correlation .64, SD of a difference 3 sqrt 2."""
    means = {"A": 2.0, "B": 0.0}
    forms: list[dict[str, Any]] = [
        {"sd_within": 3.0, "sd_between": 4.0},
        {"sd": 5.0, "correlation": 0.64},
        {"sd_difference": 3.0 * math.sqrt(2.0), "sd_between": 4.0},
        {"sd_within": {"A": 3.0, "*": 3.0}, "sd_between": 4.0},
    ]
    scale = {"low": -5, "high": 8, "step": 1}
    runs = [
        run(scenario_text(hypotheses={"h": {"means": means, **form}}, analyses=BOTH, scale=scale), 20_000)
        for form in forms
    ]
    for other in runs[1:]:
        same(runs[0], other)
    residual = math.sqrt(9.0 - 2.0)  # part of the same difference between patients
    forms = [
        {"sd_within": residual, "sd_between": 4.0, "sd_interaction": math.sqrt(2.0)},
        {"sd": 5.0, "correlation": 0.64, "sd_interaction": math.sqrt(2.0)},
        {"sd_difference": 3.0 * math.sqrt(2.0), "sd_between": 4.0, "sd_interaction": math.sqrt(2.0)},
    ]
    runs = [
        run(scenario_text(hypotheses={"h": {"means": means, **form}}, analyses=BOTH), 20_000)
        for form in forms
    ]
    for other in runs[1:]:
        same(runs[0], other)


@pytest.mark.parametrize("allocation", [[1, 1], [2, 1]])
def test_what_cancels(allocation: list[int]) -> None:
    """Sequence effects cancel in every within-patient difference, period effects in Hills and Armitage's."""

    def simulated(analyses: list[dict[str, Any]], **population: Any) -> Cells:
        text = scenario_text(
            hypotheses={"h": PLAIN}, analyses=analyses, population=population, allocation=allocation
        )
        return run(text, 20_000)

    same(simulated(BOTH), simulated(BOTH, sequence_effect=[5.0, -2.0]))
    same(simulated(BOTH[:1]), simulated(BOTH[:1], period_effect=[0.0, 4.0]))


@pytest.mark.parametrize(("n1", "n2"), [(6, 6), (8, 4), (3, 9), (20, 10)])
def test_paired_t_under_a_period_effect(n1: int, n2: int) -> None:
    """A period effect biases unequal sequences and widens the spread in any case (doubly noncentral t)."""
    period, effect, sd = 2.0, 1.5, math.sqrt(8.0)
    text = scenario_text(
        patients=n1 + n2,
        allocation=[n1, n2],
        hypotheses={
            "null": PLAIN | {"means": {"A": 0, "B": 0}},
            "effect": PLAIN | {"means": {"A": 1.5, "B": 0}},
        },
        analyses=[
            {"name": name, "method": "paired-t", "alternative": name}
            for name in ("two-sided", "greater", "less")
        ],
        population={"period_effect": [period, 0.0]},
    )
    cells = run(text, TRIALS)
    bias = period * (n1 - n2) / (n1 + n2)
    with Comparison(title=f"paired t, period effect {period}, {n1} + {n2}") as comparison:
        for name, size in (("null", 0.0), ("effect", effect)):
            for side in ("two-sided", "greater", "less"):
                cell = cells(hypothesis=name, analysis=side)
                exact = paired_rejection(n1, n2, size, period, sd, 0.05, side)
                comparison.probability(f"{name}, {side}", cell["power"], TRIALS, exact)
                estimate(comparison, name, cell, bias, sd / math.sqrt(n1 + n2))
    if n1 == n2:
        null = cells(hypothesis="null", analysis="two-sided")
        assert null["power"]["high"] < 0.04


def test_completers_and_dropout() -> None:
    """Leaving before the first period and between periods; completers stay through all of them."""
    text = scenario_text(
        ("A B C", "B C A", "C A B"),
        patients=21,
        hypotheses={"h": {"means": {"A": 1.0, "B": 0.0, "C": 0.0}, "sd_within": 1.0, "sd_between": 0.0}},
        analyses=[{"method": "paired-t", "contrast": ["A", "B"]}],
        population={"dropout": {"before_first": 0.1, "per_period": [0.05, 0.3]}},
    )
    stay = 0.9 * 0.95 * 0.7
    cell = run(text, TRIALS).cells[0]
    shown = cell["expected_completers"]
    with Comparison(title="completers") as comparison:
        se = math.sqrt(21 * stay * (1 - stay) / TRIALS)
        comparison.mean("of 21", shown["estimate"], se, 21 * stay)
    assert shown["mcse"] == pytest.approx(se, rel=0.02)
    assert cell["expected_patients"]["estimate"] == 21
    assert cell["looks"][0]["completers"] == pytest.approx(21 * stay)


def test_three_treatments() -> None:
    """A Williams square analysed by the paired t test: noncentral t, whatever the third treatment does."""
    text = scenario_text(
        ("A B C", "A C B", "B A C", "B C A", "C A B", "C B A"),
        patients=24,
        hypotheses={"h": {"means": {"A": 1.5, "B": 0.0, "C": -9.0}, "sd_within": 1.6, "sd_between": 2.0}},
        analyses=[
            {"name": f"{a}-{b} {side}", "method": "paired-t", "contrast": [a, b], "alternative": side}
            for a, b in ("AB", "BA")
            for side in ("two-sided", "less")
        ],
    )
    cells = run(text, TRIALS, patients=[6, 12, 24])
    with Comparison(title="Williams square") as comparison:
        for n in (6, 12, 24):
            for name, effect in (("A-B", 1.5), ("B-A", -1.5)):
                for side in ("two-sided", "less"):
                    cell = cells(analysis=f"{name} {side}", patients=n)
                    exact = paired_power(n, effect, 1.6 * math.sqrt(2), 0.05, side)
                    comparison.probability(f"{name} {side}, n {n}", cell["power"], TRIALS, exact)
                    assert cell["true_effect"] == effect


SCALES: list[dict[str, float]] = [
    {"low": 0, "high": 52, "step": 1},
    {"low": 0, "high": 10},
    {"step": 2.5},
    {"low": 3, "step": 0.5},
    {"high": 9},
]


@pytest.mark.parametrize("scale", SCALES)
def test_true_effect_on_a_scale(scale: dict[str, float]) -> None:
    """Rounding and clipping belong to the truth: direct integration, and the simulated mean itself."""
    a, b, between, within = 8.0, 4.5, 2.0, {"A": 2.5, "B": 1.0}
    sequence_effect, allocation = [1.0, -2.0], [2, 1]
    text = scenario_text(
        patients=12,
        hypotheses={"h": {"means": {"A": a, "B": b}, "sd_within": within, "sd_between": between}},
        analyses=[{"method": "paired-t"}],
        scale=scale,
        population={"sequence_effect": sequence_effect},
        allocation=allocation,
    )
    cell = run(text, TRIALS).cells[0]
    exact = 0.0
    for effect, share in zip(sequence_effect, (2 / 3, 1 / 3), strict=True):
        for sign, mean, treatment in ((1, a, "A"), (-1, b, "B")):
            sd = math.hypot(between, within[treatment])
            exact += sign * share * observed_mean(mean + effect, sd, **scale)
    assert cell["true_effect"] == pytest.approx(exact, abs=1e-9)
    shown = cell["estimate"]
    with Comparison(title=f"mean on the scale {scale}") as comparison:
        comparison.mean("estimate", shown["mean"], shown["mean_mcse"], exact)


@pytest.mark.parametrize("mean", repeated([0.2, 14.0, -1.0, 5.0, 9.9], fast=2))
@pytest.mark.parametrize("sd", [0.3, 2.0, 12.0])
@pytest.mark.parametrize("scale", SCALES)
def test_expected_score(scale: dict[str, float], mean: float, sd: float) -> None:
    from planner.scenario.scale import Scale

    exact = observed_mean(mean, sd, **scale)
    assert expected_score(mean, sd, Scale(**scale)) == pytest.approx(exact, abs=1e-8)
