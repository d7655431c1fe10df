"""Means of trials whose sequences have unequal numbers, against normal and simulated laws.

With a period effect the mean of a treatment depends on how many patients had it in which period. Nothing of
planner is used to compute what is expected here.
"""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.errors import WeighingError
from planner.questions.weigh.weigh import weigh
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.commands import Cli, cli
from tests.support.harness import Comparison
from tests.support.naive_terms import course
from tests.support.naive_weighing import margins
from tests.support.unequal_sequences import as_csv, of

__all__ = ["cli"]


PERIODS = (0.0, 3.0)
MEANS = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 6
[population]
period_effect = [0.0, 3.0]
[hypotheses.eff]
means = { A = 5.0, B = 3.0 }
sd_within = 1.0
sd_between = 0.7
[hypotheses.none]
means = { A = 4.0, B = 4.0 }
sd_within = 1.0
sd_between = 0.7
"""
LEVELS = {"eff": {"A": 5.0, "B": 3.0}, "none": {"A": 4.0, "B": 4.0}}
WITHIN = np.array([[1.49, 0.49], [0.49, 1.49]])
UNEQUAL = [("A B", (5.1, 6.3)), ("A B", (4.6, 5.4)), ("A B", (5.3, 6.3)), ("A B", (5.5, 6.5))]
UNEQUAL += [("A B", (4.5, 5.5)), ("B A", (3.0, 8.0))]


def predicted(levels: dict[str, float], numbers: dict[str, int]) -> tuple[float, float]:
    """Means of A and B over so many patients of each sequence: each patient's own, one after the other."""
    rows: dict[str, list[float]] = {"A": [], "B": []}
    for sequence, n in numbers.items():
        for k, a in enumerate(sequence.split()):
            rows[a] += [levels[a] + PERIODS[k]] * n
    return float(np.mean(rows["A"])), float(np.mean(rows["B"]))


def observed_means(patients: list[tuple[str, tuple[float, ...]]]) -> list[float]:
    values: dict[str, list[float]] = {"A": [], "B": []}
    for sequence, row in patients:
        for a, x in zip(sequence.split(), row, strict=True):
            values[a].append(x)
    return [float(np.mean(values[a])) for a in "AB"]


@pytest.mark.parametrize(
    ("patients", "numbers"),
    [
        (UNEQUAL, {"A B": 5, "B A": 1}),
        (UNEQUAL[:3], {"A B": 3, "B A": 0}),
        (UNEQUAL[4:], {"A B": 1, "B A": 1}),
    ],
)
def test_means_are_those_of_the_sequences_that_the_data_have(
    tmp_path: Path, patients: list[Any], numbers: dict[str, int]
) -> None:
    """Bivariate normal with the actual split; 99.75 % for five against one, where equal numbers say 25 %."""
    path = tmp_path / "patients.csv"
    path.write_text(as_csv(patients))
    found = weigh(read_text(MEANS), data=path)
    assert dict(found.observed.sequences) == numbers
    rows, n, seen = of(found), len(patients), observed_means(patients)
    density = {
        name: stats.multivariate_normal(predicted(levels, numbers), WITHIN / n).pdf(seen)
        for name, levels in LEVELS.items()
    }
    with Comparison(title="means of unequal sequences") as comparison:
        for name, levels in LEVELS.items():
            shown = rows[name]["likelihood"]
            comparison.mean(name, shown["estimate"], shown["mcse"], float(density[name]))
            means = [row["mean"] for row in rows[name]["expected"]]
            assert means == pytest.approx(predicted(levels, numbers), abs=0.01)
    exact = density["eff"] / sum(density.values())
    assert rows["eff"]["weight"]["estimate"] == pytest.approx(exact, abs=4 * rows["eff"]["weight"]["mcse"])
    if numbers["A B"] == 5:
        assert exact == pytest.approx(0.9975, abs=5e-5)
        # Negative control: with equal numbers the same means would speak for the other hypothesis.
        equal = {
            name: stats.multivariate_normal(predicted(levels, {"A B": 3, "B A": 3}), WITHIN / n).pdf(seen)
            for name, levels in LEVELS.items()
        }
        assert equal["eff"] < equal["none"]


def test_the_numbers_may_be_stated() -> None:
    result = "observed.means={A={mean=5.5,n=6},B={mean=5.5,n=6}}"
    stated = of(weigh(read_text(MEANS, set=[result, 'observed.sequences={"A B"=5,"B A"=1}'])))
    assert stated["eff"]["weight"]["estimate"] == pytest.approx(0.9975, abs=0.0005)
    # Without them: the allocation, three and three. What differs between the sequences is no chance then.
    unstated = of(weigh(read_text(MEANS, set=[result])))
    density = {
        name: stats.multivariate_normal(predicted(levels, {"A B": 3, "B A": 3}), WITHIN / 6).pdf([5.5, 5.5])
        for name, levels in LEVELS.items()
    }
    with Comparison(title="means of the allocation") as comparison:
        for name, row in unstated.items():
            shown = row["likelihood"]
            comparison.mean(name, shown["estimate"], shown["mcse"], float(density[name]))


def test_who_is_left_of_the_allocation_is_a_random_part(tmp_path: Path) -> None:
    """Means of 12 completers of whole trials with dropout: their covariance, by 60,000 trials of its own."""
    rng, share = np.random.default_rng(3), 0.75
    means: list[tuple[float, float]] = []
    for _ in range(60_000):
        stays = rng.random((2, 8)) < share
        if stays.sum() != 12:
            continue
        patient = rng.normal(0, 0.7, (2, 8, 1)) + rng.normal(0, 1.0, (2, 8, 2))
        a = np.array([5.0 + PERIODS[0], 5.0 + PERIODS[1]])[:, None] + patient[..., 0]
        b = np.array([3.0 + PERIODS[1], 3.0 + PERIODS[0]])[:, None] + patient[..., 1]
        means.append((float(a[stays].mean()), float(b[stays].mean())))
    sample = np.cov(np.array(means).T)
    settings = ["population.dropout.per_period=0.25", "design.patients=16"]
    settings += ["observed.means={A={mean=6.4,n=12},B={mean=4.5,n=12}}"]
    found = of(weigh(read_text(MEANS, set=settings)))["eff"]["likelihood"]["estimate"]
    for covariance, agrees in ((sample, True), (WITHIN / 12, False)):  # the second: the negative control
        exact = float(stats.multivariate_normal([6.5, 4.5], covariance).pdf([6.4, 4.5]))
        assert (abs(found / exact - 1.0) < 0.05) == agrees, (found, exact)


def test_a_difference_that_allows_for_periods() -> None:
    """Hills and Armitage: half the difference of the two sequences' own means, whatever their numbers."""
    result = 'observed.difference={contrast=["A","B"],estimate=1.5}'
    settings = [result, 'observed.sequences={"A B"=9,"B A"=3}', "design.patients=12"]
    found = of(weigh(read_text(MEANS, set=settings)))
    paired = of(weigh(read_text(MEANS, set=[*settings, "analyses=[{method='paired-t',contrast=['A','B']}]"])))
    with Comparison(title="differences") as comparison:
        for name, levels in LEVELS.items():
            effect = levels["A"] - levels["B"]
            error = math.sqrt(0.25 * 2.0 / 9 + 0.25 * 2.0 / 3)  # a patient's difference has the variance 2
            shown = found[name]["likelihood"]
            comparison.mean(name, shown["estimate"], shown["mcse"], float(stats.norm.pdf(1.5, effect, error)))
            # As they come: nine have lost the period effect, three have won it; the spread has both.
            delta = effect + (9 * (0 - 3) + 3 * (3 - 0)) / 12
            error = math.sqrt((2.0 + 36 * (9 / 12) * (3 / 12)) / 12)
            shown = paired[name]["likelihood"]
            comparison.mean(
                f"{name} paired", shown["estimate"], shown["mcse"], float(stats.norm.pdf(1.5, delta, error))
            )


def test_a_difference_of_a_trial_that_ended_early_is_of_the_patients_of_its_look() -> None:
    result = 'observed.difference={contrast=["A","B"],estimate=0.5}'
    looks = ["design.patients=24", "monitoring.looks=[12, 24]", "observed.stopped_at=1"]
    found = of(weigh(read_text(MEANS, set=[result, *looks])))["none"]["likelihood"]
    with Comparison(title="a look") as comparison:
        exact = float(stats.norm.pdf(0.5, 0.0, math.sqrt(2.0 / 12)))
        comparison.mean("12 patients", found["estimate"], found["mcse"], exact)
    assert abs(float(stats.norm.pdf(0.5, 0.0, math.sqrt(2.0 / 24))) / exact - 1.0) > 0.1  # of all: otherwise


def test_uncertain_numbers_with_unequal_sequences(tmp_path: Path) -> None:
    """An effect that is Normal(5, 0.5) under A: the means are bivariate normal with its variance added."""
    path = tmp_path / "patients.csv"
    path.write_text(as_csv(UNEQUAL))
    uncertain = 'hypotheses.eff.uncertainty={"means.A"={mean=5.0,sd=0.5}}'
    found = of(weigh(read_text(MEANS, set=[uncertain]), data=path, variants=600, patients=32_768))
    numbers, seen = {"A B": 5, "B A": 1}, observed_means(UNEQUAL)
    added = {"eff": np.array([[0.25, 0.0], [0.0, 0.0]]), "none": np.zeros((2, 2))}
    density = {
        name: float(stats.multivariate_normal(predicted(LEVELS[name], numbers), WITHIN / 6 + more).pdf(seen))
        for name, more in added.items()
    }
    with Comparison(title="uncertain means") as comparison:
        for name, row in found.items():
            shown = row["likelihood"]
            comparison.mean(name, shown["estimate"], shown["mcse"], density[name])
    exact = density["eff"] / sum(density.values())
    assert found["eff"]["weight"]["estimate"] == pytest.approx(exact, abs=0.001)


def test_a_mechanism_with_unequal_sequences_against_a_simulation_of_its_own() -> None:
    """Carryover and expectancy: responders of 10 K-first and 2 KN-first patients, by the naive model."""
    settings = ['simulation.hypotheses=["permissive"]', "observed.use=responders", "uncertainty={}"]
    settings += [
        'observed.sequences={"K KN"=10,"KN K"=2}',
        "design.washout_days=3",
        "design.assessment_days=[1]",
    ]
    scenario = known(read("williams-2018", set=settings))
    found = of(weigh(scenario))["permissive"]["likelihood"]
    rng, n, numbers = np.random.default_rng(8), 60_000, {("K", "KN"): 10, ("KN", "K"): 2}
    values, equal = [], []
    for _ in range(8):
        chance = {}
        for sequence in numbers:
            seen = course(scenario, "permissive", sequence, n // 16, [1.0], rng).reading(
                scenario, "response", 1.0
            )
            seen = seen[~np.isnan(seen).any(axis=1)].astype(int)
            rows = [tuple(row if sequence[0] == "K" else row[::-1]) for row in seen.tolist()]
            chance[sequence] = {c: rows.count(c) / len(rows) for c in product((0, 1), repeat=2)}
        values.append(sum_over(chance, numbers, (7, 0)))
        equal.append(sum_over(chance, {("K", "KN"): 6, ("KN", "K"): 6}, (7, 0)))
    error = math.hypot(float(np.std(values, ddof=1)) / math.sqrt(8), found["mcse"])
    assert abs(float(np.mean(values)) - found["estimate"]) < 4 * error
    # Negative control: six and six would be something else.
    assert abs(float(np.mean(equal)) - found["estimate"]) > 6 * error


def known(scenario: Scenario) -> Scenario:
    """The scenario with nothing uncertain."""
    hypotheses = {n: h.model_copy(update={"uncertainty": {}}) for n, h in scenario.hypotheses.items()}
    return scenario.model_copy(update={"uncertainty": {}, "hypotheses": hypotheses})


def sum_over(chance: dict[Any, Any], numbers: dict[Any, int], wanted: tuple[int, int]) -> float:
    first, second = numbers
    return math.fsum(
        margins(numbers[first], chance[first], (x, y))
        * margins(numbers[second], chance[second], (wanted[0] - x, wanted[1] - y))
        for x, y in product(range(wanted[0] + 1), range(wanted[1] + 1))
    )


def test_the_chance_to_end_is_that_of_the_sequences_that_were_seen() -> None:
    """The change of 10 against 2 patients has a larger standard error than that of 6 against 6."""
    plain = ["uncertainty={}", "hypotheses.permissive.uncertainty={}", "population.dropout.per_period=0"]
    plain += ["observed.use=responders", 'simulation.hypotheses=["permissive"]']
    ends = ["observed.stopped_at=1", "observed.stopped_by=change"]
    chances = []
    for first in (6, 10):
        split = f'observed.sequences={{"K KN"={first},"KN K"={12 - first}}}'
        found = weigh(read("williams-2018", set=[*plain, *ends, split])).to_json()
        assert found["stopping"]["treatment"] == "multiplied"
        chances.append(found["stopping"]["chance"]["permissive"])
    # Hills and Armitage: the standard error grows from sqrt(1/6 + 1/6) to sqrt(1/10 + 1/2), so fewer end.
    assert chances[1] < chances[0] - 0.05


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('{"A C"=6}', "A C is no sequence of this design"),
        ('{"A B"=4,"B A"=1}', "5 patients had A; means.A is of 6"),
        ('{"A B"=-1}', ""),
    ],
)
def test_numbers_that_contradict_the_result_are_refused(setting: str, message: str) -> None:
    result = "observed.means={A={mean=5.5,n=6},B={mean=5.5,n=6}}"
    with pytest.raises(ScenarioError) as caught:
        read_text(MEANS, set=[result, f"observed.sequences={setting}"])
    assert message in str(caught.value)
    assert "observed.sequences" in str(caught.value)


def test_the_page_says_whose_result_it_is(cli: Cli, tmp_path: Path) -> None:
    Path("plan.toml").write_text(MEANS)
    Path("patients.csv").write_text(as_csv(UNEQUAL))
    out = " ".join(cli("weigh", "plan.toml", "--data", "patients.csv", "-q")[1].split())
    assert "of these patients 5 to A then B and 1 to B then A" in out
    assert "eff 1 99.7" in out
    result = "observed.means={A={mean=5.5,n=6},B={mean=5.5,n=6}}"
    out = " ".join(cli("weigh", "plan.toml", "--set", result, "-q")[1].split())
    assert "not stated and is taken from the allocation" in out


def test_values_beyond_a_thousand_million_are_weighed(tmp_path: Path) -> None:
    """Raw viral loads: the hypotheses reach 1e9, and single values lie above it."""
    text = MEANS.replace("[0.0, 3.0]", "[0.0, 0.0]").replace("sd_within = 1.0", "sd_within = 4e8")
    text = text.replace("sd_between = 0.7", "sd_between = 3e8").replace(
        "A = 5.0, B = 3.0", "A = 1e9, B = 6e8"
    )
    text = text.replace("A = 4.0, B = 4.0", "A = 8e8, B = 8e8")
    rows = [("A B", (1.4e9, 7e8)), ("A B", (1.2e9, 5e8)), ("B A", (3e8, 8e8)), ("B A", (9e8, 1.1e9))]
    path = tmp_path / "loads.csv"
    path.write_text(as_csv(rows))
    found = of(weigh(read_text(text), data=path))
    covariance = np.array([[25.0, 9.0], [9.0, 25.0]]) * 1e16 / 4
    density = [
        stats.multivariate_normal(m, covariance).pdf(observed_means(rows)) for m in ((1e9, 6e8), (8e8, 8e8))
    ]
    weight = found["eff"]["weight"]
    assert weight["estimate"] == pytest.approx(density[0] / sum(density), abs=4 * weight["mcse"])
    assert weight["mcse"] < 0.01


@pytest.mark.parametrize("scale", [1e9, 1e300, 1.7e307])
def test_what_is_out_of_all_reach_is_refused_in_words(cli: Cli, scale: float) -> None:
    Path("plan.toml").write_text(MEANS)
    Path("loads.csv").write_text(as_csv([(s, (scale * x, scale * y)) for s, (x, y) in UNEQUAL]))
    code, out, err = cli("weigh", "plan.toml", "--data", "loads.csv", "-q")
    assert (code, out) == (3, "")
    assert "loads.csv: the result is" in err
    assert "in the same unit" in err
    with pytest.raises(WeighingError, match="too far for weights to mean anything"):
        weigh(read_text(MEANS), data="loads.csv")


def test_a_result_that_no_hypothesis_describes_is_told() -> None:
    far = "observed.means={A={mean=12,n=6},B={mean=11,n=6}}"
    (warning,) = [w for w in weigh(read_text(MEANS, set=[far])).to_json()["warnings"] if "describes it" in w]
    distance = min(
        float(np.sqrt(off @ np.linalg.solve(WITHIN / 6, off)))
        for levels in LEVELS.values()
        for off in [np.array([12.0, 11.0]) - predicted(levels, {"A B": 3, "B A": 3})]
    )
    assert float(warning.split()[3]) == pytest.approx(distance, rel=0.05)  # the nearest of 32 sets
    near = "observed.means={A={mean=6.0,n=6},B={mean=5.0,n=6}}"
    assert not [w for w in weigh(read_text(MEANS, set=[near])).to_json()["warnings"] if "describes it" in w]
