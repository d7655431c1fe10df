"""The generated scores and baselines themselves: stated means, standard deviations and correlations.

The values are taken from the kernel that simulated trials are made of, before any analysis.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from planner.kernels.generate.means import generate
from planner.kernels.generate.randomise import allocate
from planner.kernels.tables import W
from planner.model.allocation import allocation_plan
from planner.model.families.means import means_tables
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from tests.support.harness import Comparison, TooFarApart, scenario_text

TILES = 400
PATIENTS = 4
SD_BASELINE, MEAN_BASELINE = 3.0, 20.0


def generated(
    hypothesis: dict[str, Any], sequences: tuple[str, ...] = ("A B", "B A"), **more: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Sequence (patient of a trial,) and values (patient of a trial, visit, period); visit 0 is the score."""
    scenario = read_text(
        scenario_text(
            sequences,
            PATIENTS,
            hypotheses={"h": hypothesis},
            analyses=[{"method": "paired-t"}],
            population={"baseline": {"mean": MEAN_BASELINE, "sd": SD_BASELINE}},
            **({"baselines": "period"} | more),
        )
    )
    periods = scenario.design.periods
    design = allocation_plan(scenario)
    tables = means_tables(scenario, list(scenario.hypotheses.values()), visits=[1, 0])
    sequence = np.zeros((TILES, PATIENTS), np.int64)
    values = np.empty((TILES, PATIENTS, 1, 2, periods * W))
    seed = np.uint64(99)
    allocate(0, seed, design.block, sequence)
    generate(0, seed, design, tables, sequence, values)
    flat = values[:, :, 0].reshape(TILES, PATIENTS, 2, periods, W).transpose(0, 1, 4, 2, 3)
    return np.repeat(sequence.reshape(-1), W), flat.reshape(-1, 2, periods)


def moments(comparison: Comparison, what: str, x: np.ndarray, mean: float, sd: float) -> None:
    n = x.size
    comparison.mean(f"{what}: mean", float(x.mean()), sd / math.sqrt(n), mean)
    comparison.mean(f"{what}: SD", float(x.std()), sd / math.sqrt(2 * n), sd)


def correlation(comparison: Comparison, what: str, x: np.ndarray, y: np.ndarray, rho: float) -> None:
    """On Fisher's z scale."""
    found = float(np.corrcoef(x, y)[0, 1])
    comparison.mean(what, math.atanh(found), 1 / math.sqrt(x.size), math.atanh(rho))


CORRELATIONS = [
    {"own": 0.6, "cross": 0.4, "between": 0.7},
    {"own": 0.3, "cross": 0.3, "between": 0.5},
    {"own": 0.0, "cross": 0.0, "between": 0.0},
    {"own": 0.1, "cross": 0.35, "between": 0.6},
]


def compare_baselines(stated: dict[str, float], expected: dict[str, float], **spread: Any) -> Comparison:
    """Moments of scores and baselines by sequence and period, and their three correlations."""
    hypothesis = {"means": {"A": 5.0, "B": 3.0}, **spread, "baseline_correlation": stated}
    sequence, values = generated(hypothesis, ("A B", "B A"))
    total = math.hypot(spread["sd_within"], spread["sd_between"], spread.get("sd_interaction", 0.0))
    comparison = Comparison(title=f"baselines {stated}")
    for s, word in enumerate(("AB", "BA")):
        score, baseline = values[sequence == s, 0], values[sequence == s, 1]
        for k, treatment in enumerate(word):
            mean = {"A": 5.0, "B": 3.0}[treatment]
            moments(comparison, f"score {word} {k + 1}", score[:, k], mean, total)
            moments(comparison, f"baseline {word} {k + 1}", baseline[:, k], MEAN_BASELINE, SD_BASELINE)
            correlation(comparison, f"own {word} {k + 1}", score[:, k], baseline[:, k], expected["own"])
            cross = score[:, k], baseline[:, 1 - k]
            correlation(comparison, f"cross {word} {k + 1}", *cross, expected["cross"])
        correlation(comparison, f"between {word}", baseline[:, 0], baseline[:, 1], expected["between"])
        rho = spread["sd_between"] ** 2 / total**2
        correlation(comparison, f"scores {word}", score[:, 0], score[:, 1], rho)
    return comparison


@pytest.mark.parametrize("stated", CORRELATIONS)
def test_baselines(stated: dict[str, float]) -> None:
    compare_baselines(stated, stated, sd_within=3.0, sd_between=4.0).check()


def test_baselines_beside_an_interaction() -> None:
    stated = {"own": 0.5, "cross": 0.4, "between": 0.5}
    compare_baselines(stated, stated, sd_within=3.0, sd_between=4.0, sd_interaction=2.0).check()


@pytest.mark.parametrize(
    ("stated", "spread", "says"),
    [
        ({"own": 0.4, "cross": 0.4, "between": 0.2}, {}, "between cannot be below 0.32"),
        ({"own": 0.55, "cross": 0.1, "between": 0.5}, {"sd_interaction": 3.0}, "cannot be above 0.39"),
        ({"own": 0.2, "cross": 0.2, "between": 0.3}, {"sd_between": 0.0}, "more with the scores"),
        ({"own": 0.9, "cross": 0.3, "between": 0.6}, {}, "is impossible"),
    ],
)
def test_correlations_that_cannot_be(stated: dict[str, float], spread: dict[str, Any], says: str) -> None:
    """What the values could not have is refused, not bent: it once gave baselines another SD than stated."""
    hypothesis = {"means": {"A": 0.0, "B": 0.0}, "sd_within": 3.0, "sd_between": 3.0, **spread}
    with pytest.raises(ScenarioError, match=says):
        generated(hypothesis | {"baseline_correlation": stated})


@pytest.mark.parametrize("between", [0.0, 0.9])
def test_a_single_baseline(between: float) -> None:
    """Taken before the first period only: what it would share with other baselines does not matter."""
    stated = {"own": 0.5, "cross": 0.4, "between": between}
    hypothesis = {"means": {"A": 5.0, "B": 5.0}, "sd_within": 3.0, "sd_between": 4.0}
    _, values = generated(hypothesis | {"baseline_correlation": stated}, baselines="first")
    with Comparison(title="one baseline") as comparison:
        moments(comparison, "baseline", values[:, 1, 0], MEAN_BASELINE, SD_BASELINE)
        correlation(comparison, "own", values[:, 0, 0], values[:, 1, 0], 0.5)
        correlation(comparison, "cross", values[:, 0, 1], values[:, 1, 0], 0.4)


def test_other_correlations_are_seen() -> None:
    """Negative control: own and cross exchanged."""
    stated = {"own": 0.6, "cross": 0.4, "between": 0.7}
    swapped = stated | {"own": 0.4, "cross": 0.6}
    with pytest.raises(TooFarApart):
        compare_baselines(stated, swapped, sd_within=3.0, sd_between=4.0).check()


def test_three_periods() -> None:
    """Means of every sequence and period, unequal spread, a repeated treatment, dropout."""
    hypothesis = {
        "means": {"A": 5.0, "B": 3.0},
        "sd_within": {"A": 3.0, "B": 1.0},
        "sd_between": 2.0,
        "sd_interaction": 1.5,
        "carryover": {"A": 0.5, "B": -1.0},
        "carryover_lasts": "lasting",
        "baseline_correlation": {"own": 0.0, "cross": 0.0, "between": 0.0},
    }
    scenario_parts = {"sequences": ("A B B", "B A A")}
    sequence, values = generated(hypothesis, **scenario_parts)
    total = {"A": math.sqrt(9 + 4 + 2.25), "B": math.sqrt(1 + 4 + 2.25)}
    means = {0: (5.0, 3.5, 2.5), 1: (3.0, 4.0, 4.5)}
    repeated = (4 + 2.25) / np.array([total["B"], total["A"]]) ** 2
    with Comparison(title="three periods") as comparison:
        for s, word in enumerate(("ABB", "BAA")):
            score = values[sequence == s, 0]
            for k, treatment in enumerate(word):
                moments(comparison, f"{word} {k + 1}", score[:, k], means[s][k], total[treatment])
            different = 4 / (total["A"] * total["B"])
            correlation(comparison, f"{word}: A and B", score[:, 0], score[:, 1], different)
            correlation(comparison, f"{word}: the same twice", score[:, 1], score[:, 2], repeated[s])


def test_patients_of_a_trial_are_independent() -> None:
    hypothesis = {"means": {"A": 0.0, "B": 0.0}, "sd_within": 1.0, "sd_between": 1.0}
    stated = {"own": 0.4, "cross": 0.3, "between": 0.5}
    _, values = generated(hypothesis | {"baseline_correlation": stated})
    by_patient = values.reshape(TILES, PATIENTS, W, 2, 2).transpose(1, 3, 4, 0, 2).reshape(PATIENTS * 4, -1)
    with Comparison(title="two patients, two trials") as comparison:
        for i in range(4):
            for j in range(4):
                correlation(comparison, f"patients 1 and 2, {i} {j}", by_patient[i], by_patient[4 + j], 0.0)
                shifted = np.roll(by_patient[j], 1)
                correlation(comparison, f"trials t and t + 1, {i} {j}", by_patient[i], shifted, 0.0)
