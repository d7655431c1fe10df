"""Log-normal endpoints against positive scores simulated in NumPy, and against exact laws of logarithms.

The other simulation multiplies geometric means by ratios and log-normal factors (support.naive_lognormal);
the package adds logarithms. Ratios in a result are compared with the antilogs of what NumPy finds.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import planner
from planner.questions.exact import theory
from planner.scenario.reading.read import read_text
from tests.against.test_naive import NAIVE_TRIALS, TRIALS, compare_cell
from tests.support import naive
from tests.support.exact import hills_armitage_power, t_power
from tests.support.harness import Comparison, Json, TooFarApart, run, scenario_text
from tests.support.marks import repeated
from tests.support.naive_lognormal import LogNormalTrial, carry_out, log_sd

Tests = tuple[tuple[str, str, float], ...]


@dataclasses.dataclass(frozen=True)
class Case:
    """A trial of T over R, its analyses and its looks."""

    trial: LogNormalTrial
    analyses: Tests = (("hills-armitage", "two-sided", 0.05), ("paired-t", "less", 0.05))
    looks: tuple[int, ...] = ()
    efficacy: dict[str, Any] | None = None
    futility: dict[str, Any] | None = None


OWN: Tests = (("subject-contrast", "two-sided", 0.05), ("period-one", "greater", 0.05))
TWO = {"T": 0.3, "R": 0.3}
CASES = {
    "two periods": Case(LogNormalTrial(("TR", "RT"), 12, {"T": 80.0, "R": 100.0}, TWO)),
    "no difference": Case(LogNormalTrial(("TR", "RT"), 12, {"T": 4.7, "R": 4.7}, {"T": 0.2, "R": 0.7})),
    "a CV for each, periods and carryover": Case(
        LogNormalTrial(
            ("TRR", "RTR", "RRT"),
            15,
            {"T": 130.0, "R": 100.0},
            {"T": 0.35, "R": 0.5},
            cv_between=0.6,
            allocation=(1, 1, 1),
            period_ratio=(1.0, 1.3, 0.8),
            carryover={"T": 1.2, "R": 0.95},
        ),
        analyses=(*OWN, ("paired-t", "two-sided", 0.05)),
    ),
    "looks and dropout": Case(
        LogNormalTrial(
            ("TR", "RT"),
            20,
            {"T": 0.7, "R": 0.9},
            {"T": 0.25, "R": 0.3},
            cv_between=1.2,
            period_ratio=(1.0, 1.1),
            leave=(0.2,),
        ),
        analyses=(("hills-armitage", "less", 0.025), OWN[0]),
        looks=(8, 14, 20),
        efficacy={"rule": "obrien-fleming-spending"},
        futility={"rule": "z", "z": [0.0, 0.5]},
    ),
    "unequal allocation, replicates": Case(
        LogNormalTrial(
            ("TRTR", "RTRT"),
            12,
            {"T": 90.0, "R": 100.0},
            {"T": 0.2, "R": 0.4},
            allocation=(2, 1),
            carryover={"T": 0.9},
        ),
        analyses=(("paired-t", "two-sided", 0.05), OWN[0]),
    ),
}


def text_of(case: Case) -> str:
    """The same trial as a scenario."""
    trial = case.trial
    periods = len(trial.sequences[0])
    hypothesis = {
        "means": trial.means,
        "cv_within": trial.cv_within,
        "cv_between": trial.cv_between,
        "carryover": trial.carryover,
    }
    text = scenario_text(
        [" ".join(word) for word in trial.sequences],
        trial.patients,
        hypotheses={"h": hypothesis},
        analyses=[
            {
                "name": f"{method} {side}",
                "method": method,
                "alternative": side,
                "alpha": alpha,
                "contrast": ("T", "R"),
            }
            for method, side, alpha in case.analyses
        ],
        looks=case.looks,
        efficacy=case.efficacy,
        futility=case.futility,
        population={
            "period_effect": trial.period_ratio[:periods],
            "dropout": {"per_period": trial.leave[: periods - 1]},
        },
        allocation=list(trial.allocation),
    )
    return f'{text}\n[endpoint]\ndistribution = "log-normal"\n'


def compare(case: Case, other: LogNormalTrial | None = None) -> Comparison:
    """The package on a case against NumPy (or, for the control, against another trial)."""
    cells = run(text_of(case), TRIALS)
    comparison = Comparison()
    truth = math.log(case.trial.means["T"]) - math.log(case.trial.means["R"])
    for method, side, alpha in case.analyses:
        name = f"{method} {side}"
        cell = cells(analysis=name)
        looks = cell["looks"]
        test = naive.Test(
            method=method,
            looks=tuple(look["patients"] for look in looks),
            efficacy=tuple(look["efficacy_z"] for look in looks),
            futility=tuple(look["futility_z"] for look in looks),
            direction=side,
            alpha=alpha,
            first="T",
            second="R",
            truth=truth,
        )
        found = carry_out(other or case.trial, test, NAIVE_TRIALS, 7)
        on_logs = {**cell, "estimate": cell["estimate_log"]}
        compare_cell(comparison, name, on_logs, test, found)
        compare_ratios(comparison, name, cell, found)
    return comparison


def compare_ratios(comparison: Comparison, name: str, cell: Json, found: naive.Results) -> None:
    """The mean estimate and its bias in per cent against the geometric mean of the estimated ratios."""
    estimate, logs = cell["estimate"], found.estimate[found.defined]
    geometric = math.exp(float(logs.mean()))
    error = logs.std(ddof=1) / math.sqrt(logs.size)
    se = math.hypot(estimate["mean_mcse"], 100.0 * geometric * error)
    comparison.mean(f"{name}: mean ratio", estimate["mean"], se, 100.0 * geometric)
    bias = geometric / (cell["true_effect"] / 100.0)
    se = math.hypot(estimate["bias_mcse"], 100.0 * bias * error)
    comparison.mean(f"{name}: bias of the ratio", estimate["bias"], se, 100.0 * (bias - 1.0))


@pytest.mark.parametrize("name", CASES)
def test_cell_by_cell(name: str) -> None:
    comparison = compare(CASES[name])
    comparison.title = name
    comparison.check()


def as_arithmetic(trial: LogNormalTrial) -> LogNormalTrial:
    """The trial whose arithmetic means are those that are stated."""
    means = {a: mean * math.exp(-0.5 * log_sd(trial.cv_within[a]) ** 2) for a, mean in trial.means.items()}
    return dataclasses.replace(trial, means=means)


OTHERS = {
    "a larger CV": ("two periods", lambda t: dataclasses.replace(t, cv_within={"T": 0.3, "R": 0.33})),
    "a CV taken for the SD of logarithms": (
        "no difference",
        lambda t: dataclasses.replace(
            t, cv_within={a: math.sqrt(math.expm1(cv * cv)) for a, cv in t.cv_within.items()}
        ),
    ),
    "means taken as arithmetic ones": ("unequal allocation, replicates", as_arithmetic),
    "no carryover": ("a CV for each, periods and carryover", lambda t: dataclasses.replace(t, carryover={})),
    "another CV between patients": (
        "a CV for each, periods and carryover",
        lambda t: dataclasses.replace(t, cv_between=0.75),
    ),
    "no period ratios": (
        "looks and dropout",
        lambda t: dataclasses.replace(t, period_ratio=(1.0, 1.0), leave=(0.25,)),
    ),
}


@pytest.mark.parametrize("change", repeated(list(OTHERS), fast=3))
def test_another_trial_is_seen(change: str) -> None:
    """Negative control: one setting of the other simulation is off."""
    name, of = OTHERS[change]
    with pytest.raises(TooFarApart):
        compare(CASES[name], of(CASES[name].trial)).check()


# Exact laws


def plan(**settings: Any) -> Any:
    hypothesis = {"means": {"T": 90.0, "R": 100.0}, "cv_within": 0.25}
    usual = {"sequences": ["T R", "R T"], "hypotheses": {"h": hypothesis}, "patients": 24}
    text = scenario_text(**(usual | settings))
    return read_text(f'{text}\n[endpoint]\ndistribution = "log-normal"\n')


def exact(scenario: Any, sizes: list[int]) -> Any:
    return theory.power(scenario, "h", scenario.analyses[0], sizes)


def test_two_periods_are_the_noncentral_t() -> None:
    """With any CV for each treatment: the logarithm of a patient's ratio has the variances of both."""
    cvs = {"T": 0.35, "R": 0.5}
    hypothesis = {"means": {"T": 90.0, "R": 100.0}, "cv_within": cvs}
    found = exact(plan(hypotheses={"h": hypothesis}), [4, 12, 24, 100])
    sd = math.sqrt(math.log(1 + 0.35**2) + math.log(1 + 0.5**2))
    want = [hills_armitage_power(n // 2, n // 2, math.log(0.9), sd, 0.05) for n in (4, 12, 24, 100)]
    assert found == pytest.approx(want, abs=1e-10)


def test_carryover_and_periods_are_ratios() -> None:
    """Hills and Armitage's test cancels periods; half of the carryover ratio's logarithm stays."""
    hypothesis = {"means": {"T": 90.0, "R": 100.0}, "cv_within": 0.25, "carryover": {"T": 1.1, "R": 0.97}}
    found = exact(plan(hypotheses={"h": hypothesis}, population={"period_effect": [1.0, 1.4]}), [24])
    effect = math.log(0.9) - math.log(1.1 / 0.97) / 2.0
    assert found == pytest.approx(
        [hills_armitage_power(12, 12, effect, 2**0.5 * log_sd(0.25), 0.05)], abs=1e-10
    )
    without = hills_armitage_power(12, 12, math.log(0.9), 2**0.5 * log_sd(0.25), 0.05)
    assert abs(found[0] - without) > 0.1, "carryover would be missed"


def test_four_periods_by_least_squares() -> None:
    """TRTR and RTRT: variance of the estimate s2 / N, 3 N - 4 degrees of freedom (Chow and Liu 2009)."""
    analysis = {"method": "fixed-subject"}
    scenario = plan(sequences=["T R T R", "R T R T"], analyses=[analysis])
    found = exact(scenario, [8, 24])
    want = [t_power(math.log(0.9) / (log_sd(0.25) / math.sqrt(n)), 3 * n - 4, 0.05) for n in (8, 24)]
    assert found == pytest.approx(want, abs=1e-10)


def test_parallel_groups_need_the_cv_between_patients() -> None:
    hypothesis = {"means": {"T": 90.0, "R": 100.0}, "cv_within": 0.25, "cv_between": 0.4}
    text = {"sequences": ["T", "R"], "hypotheses": {"h": hypothesis}}
    scenario = read_text(scenario_text(patients=24, **text) + '[endpoint]\ndistribution = "log-normal"\n')
    sd = math.hypot(log_sd(0.25), log_sd(0.4))
    want = t_power(math.log(0.9) / (sd * math.sqrt(2 / 12)), 22, 0.05)
    assert exact(scenario, [24]) == pytest.approx([want], abs=1e-10)


def test_the_size_for_a_ratio() -> None:
    """Of a one-sided test of GMR 0.8 with CV 30 %, by the noncentral t of scipy."""
    analysis = {"alternative": "less", "alpha": 0.025}
    hypothesis = {"means": {"T": 80.0, "R": 100.0}, "cv_within": 0.3}
    scenario = plan(hypotheses={"h": hypothesis}, analyses=[analysis])
    (answer,) = planner.size(scenario, power=0.9, trials=2_000).answers
    sd = 2**0.5 * log_sd(0.3)
    powers = {
        n: hills_armitage_power(n // 2, n // 2, math.log(0.8), sd, 0.025, "less") for n in range(4, 200, 2)
    }
    assert answer.patients == min(n for n, power in powers.items() if power >= 0.9)


def test_the_smallest_ratio_that_is_found() -> None:
    scenario = plan(analyses=[{"alternative": "less", "alpha": 0.025}])
    (answer,) = planner.size(scenario, power=0.8, find="effect", trials=2_000).answers
    assert answer.effect is not None
    sd = 2**0.5 * log_sd(0.25)
    power = hills_armitage_power(12, 12, math.log(answer.effect / 100.0), sd, 0.025, "less")
    assert power == pytest.approx(0.8, abs=1e-9)
    assert answer.range == pytest.approx((answer.effect, answer.effect))


# Patients as they are measured


def test_patients_have_the_geometric_means_and_cvs_that_are_stated() -> None:
    """On the scale of the measurement: what a trial shows of 9,000 patients, and its CSV."""
    hypothesis = {
        "means": {"T": 80.0, "R": 100.0},
        "cv_within": {"T": 0.3, "R": 0.5},
        "cv_between": 0.6,
        "carryover": {"T": 1.25},
    }
    effects = {"period_effect": [1.0, 1.5], "sequence_effect": [1.0, 2.0]}
    trial = planner.replay(plan(hypotheses={"h": hypothesis}, patients=9_000, population=effects))
    rows = trial.rows()

    def values(sequence: str, period: int) -> np.ndarray:
        return np.array([r["value"] for r in rows if (r["sequence"], r["period"]) == (sequence, period)])

    with Comparison(title="patients") as comparison:
        for sequence, period, treatment, median in (
            ("T R", 1, "T", 80.0),
            ("T R", 2, "R", 100.0 * 1.5 * 1.25),
            ("R T", 1, "R", 200.0),
            ("R T", 2, "T", 240.0),
        ):
            x = values(sequence, period)
            logs = np.log(x)
            se = float(logs.std(ddof=1)) / math.sqrt(x.size)
            comparison.mean(f"{sequence} {period}: mean log", float(logs.mean()), se, math.log(median))
            within, between = hypothesis["cv_within"][treatment], 0.6  # type: ignore[index]
            cv = math.sqrt((1 + within**2) * (1 + between**2) - 1)
            boot = np.random.default_rng(1).choice(x, (200, x.size))
            error = float((boot.std(axis=1, ddof=1) / boot.mean(axis=1)).std())
            comparison.mean(f"{sequence} {period}: CV", float(x.std(ddof=1) / x.mean()), error, cv)
    look = trial.courses[0].looks[-1]
    d = (
        np.log(values("T R", 1)) - np.log(values("T R", 2)),
        np.log(values("R T", 2)) - np.log(values("R T", 1)),
    )
    estimate = (d[0].mean() + d[1].mean()) / 2.0
    assert look.estimate == pytest.approx(100.0 * math.exp(estimate), rel=1e-9)
    assert look.estimate_log == pytest.approx(estimate, rel=1e-9)
    assert look.se is None
    pooled = math.sqrt((d[0].var(ddof=1) + d[1].var(ddof=1)) / 2.0)
    assert look.se_log == pytest.approx(pooled / math.sqrt(9_000), rel=1e-6)
    assert look.p == pytest.approx(2 * stats.t.sf(abs(look.statistic or 0.0), 8_998), rel=1e-6)
