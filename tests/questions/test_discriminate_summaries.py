"""Summaries by which hypotheses are told apart: their spread in whole trials, by hand, and of more arms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.questions.discriminate.discriminate import discriminate
from planner.questions.discriminate.result import Discrimination
from planner.questions.discriminate.simulating import SimulatedDesign
from planner.questions.discriminate.summaries import Summaries, summaries_of
from planner.scenario.reading.read import read, read_text
from tests.support.harness import Comparison, TooFarApart, scenario_text
from tests.support.telling_apart import FOLDER, Json, simulate, told, trial

# Spread between trials

DESIGNS: dict[str, Json] = {
    "AB/BA with dropout": {"dropout": [0.3], "patients": 120},
    "parallel": {"sequences": ("A", "B"), "patients": 20},
    "balaam with a period effect": {
        "sequences": ("A B", "B A", "A A", "B B"),
        "patients": 16,
        "period_effect": [0.0, 6.0],
    },
    "incomplete blocks": {"sequences": ("A B", "B C", "C A"), "patients": 18, "arms": "ABC"},
    "repeated, uneven": {"sequences": ("A B B", "B A A"), "patients": 18, "allocation": [1, 2]},
}


@pytest.mark.parametrize("name", DESIGNS)
def test_whole_trials_spread_as_the_contributions_say(name: str) -> None:
    about = dict(DESIGNS[name])
    arms = about.pop("arms", "AB")
    sim = simulate(trial([dict.fromkeys(arms, 0.0)] * 2, between=3.0, **about), draws=48)
    compared = spreads(sim, sim.truth.spread.mean(axis=(0, 1)))
    compared.check()


def spreads(sim: SimulatedDesign, expected: NDArray[Any]) -> Comparison:
    """N times the covariance of whole trials of the first hypothesis, beside `expected`."""
    trials = sim.trials[:, 0].reshape(-1, sim.trials.shape[-1])
    trials = trials[~np.isnan(trials).any(axis=1)]
    found = sim.patients * np.cov(trials.T)
    size = np.diag(expected)
    compared = Comparison(title="spread")
    for i in range(len(expected)):
        for j in range(i + 1):
            error = math.sqrt((size[i] * size[j] + expected[i, j] ** 2) / len(trials))
            compared.mean(f"{i}, {j}", float(found[i, j]), error, float(expected[i, j]))
    return compared


def test_a_spread_that_counts_differences_between_sequences_is_seen() -> None:
    """Allocated in fixed numbers, sequences add nothing to the variance, although their means differ."""
    about = DESIGNS["balaam with a period effect"]
    sim = simulate(trial([{"A": 0.0, "B": 0.0}] * 2, between=3.0, **about), draws=48)
    wrong = sim.truth.spread.mean(axis=(0, 1)) + np.diag([6.0, 6.0])
    with pytest.raises(TooFarApart):
        spreads(sim, wrong).check()


def test_spread_of_sds_and_correlations() -> None:
    scenario = trial([{"A": 0.0, "B": 0.0}] * 2, between=3.0, patients=400)
    sim = simulate(scenario, draws=24, kinds=("means", "sds", "correlations"))
    spreads(sim, sim.truth.spread.mean(axis=(0, 1))).check()
    assert sim.truth.mean[:, 0, 2:].mean(axis=0) == pytest.approx([5.0, 5.0, 9 / 25], abs=0.01)
    sd, r = 5.0 / math.sqrt(2.0), 1.0 - (9 / 25) ** 2  # of normal data, times the root of N
    assert np.sqrt(np.diag(sim.truth.spread.mean(axis=(0, 1)))[2:]) == pytest.approx([sd, sd, r], rel=0.03)


def test_summaries_by_hand() -> None:
    """Arm means of a few patients, with missing values and a treatment given twice."""
    from planner.questions.discriminate.summaries import by_arm, periods_of, summary_values

    scenario = trial([{"A": 0.0, "B": 0.0}] * 2, sequences=("A B B", "B A A"), patients=4)
    values = np.array(
        [[1.0, 2.0, 4.0], [5.0, np.nan, np.nan], [10.0, 20.0, 40.0], [7.0, 8.0, np.nan]]
    ).reshape(4, 1, 3, 1)
    y = by_arm(values, np.array([0, 0, 1, 1]), periods_of(scenario))
    found = summary_values(summaries_of(scenario, ["h0", "h1"], ("means",)).columns, y)
    assert found.tolist() == [[(1 + 5 + 30 + 8) / 4, (3 + 10 + 7) / 3]]


# The method as a whole


def designs(draws: int, patients: Sequence[int]) -> Discrimination:
    names = ("ab-ba", "two-by-two", "two-by-two-and-probes")
    plans = [read(FOLDER / f"{name}.toml") for name in names]
    return discriminate(plans, draws=draws, seed=5, patients=patients)


@pytest.mark.long
def test_more_arms_tell_more_and_no_number_of_patients_replaces_them() -> None:
    """The order that an independent sketch found: .40, .58, .80 at 24 patients, ceilings .52, .70, .96."""
    abba, square, probes = (each.to_json() for each in designs(48, [12, 96]).designs)
    at_24 = [each["p_right"]["estimate"] for each in (abba, square, probes)]
    ceiling = [each["ceiling"]["estimate"] for each in (abba, square, probes)]
    assert at_24 == pytest.approx([0.40, 0.58, 0.80], abs=0.06)
    assert ceiling == pytest.approx([0.52, 0.70, 0.96], abs=0.08)
    assert abba["curve"][-1]["p_right"]["estimate"] < square["p_right"]["estimate"]
    for each in (abba, square, probes):
        rise = [point["p_right"]["estimate"] for point in each["curve"]]
        assert rise == sorted(rise)
        assert rise[-1] <= each["ceiling"]["estimate"] + 0.02
        assert not each["check"]["differs"]
        assert sum(map(sum, each["confusion"])) == pytest.approx(10.0, abs=1e-4)
    assert ["direct-opioid", "indirect-opioid", "synergy"] in square["classes"]
    assert probes["fixed"]["p_right"]["estimate"] > probes["p_right"]["estimate"] + 0.1
    assert [len(group) for group in probes["classes"]] == [1] * 10
    assert [each["equal_visits"]["visits"] for each in (abba, square, probes)] == [144, 144, 144]


@pytest.mark.long
def test_the_figures_of_the_sketch() -> None:
    """P(right) within what its 400 trials of 150 draws leave open, and what the steps of a scale change.

    Its figures have two digits and a standard error of about .01 each, ours of .006: .03 is 2.5 of both.
    """
    found = designs(512, [24]).designs
    assert [each.answers.rates.p_right.estimate for each in found] == pytest.approx(
        [0.40, 0.58, 0.80], abs=0.03
    )
    # Its ceilings are what one normal distribution for each mechanism reaches: no more than can be reached,
    # but for what its 400 trials of each mechanism leave open.
    for each, sketched in zip(found, (0.52, 0.70, 0.96), strict=True):
        assert sketched - 0.04 < each.answers.ceiling.estimate < sketched + 0.08


def test_further_summaries_add_what_they_know() -> None:
    """Two hypotheses with the same means and other SDs: means are no help, SDs are."""
    hypotheses = {
        f"h{i}": {"means": {"A": 0, "B": 0}, "sd_within": sd, "sd_between": 0} for i, sd in enumerate((2, 4))
    }
    scenario = read_text(scenario_text(patients=24, hypotheses=hypotheses))
    found = told(scenario, summaries=["means", "sds"])
    first, second = found["added"]
    assert first["summaries"] == ["means"]
    assert second["summaries"] == ["means", "sds"]
    assert first["p_right"]["estimate"] < 0.8 < 0.95 < second["p_right"]["estimate"]
    assert second["p_right"] == found["p_right"]
    assert [each["what"] for each in found["summaries"]] == ["mean score"] * 2 + ["SD of the score"] * 2


def test_shares_of_few_patients_are_told_to_be_not_normal() -> None:
    """With 6 patients and rates near 0 the normal distribution is wrong, and the check says so."""
    hypotheses = {
        f"h{i}": {"rates": {"A": a, "B": 0.05}, "correlation": 0.0} for i, a in enumerate((0.05, 0.35))
    }
    scenario = read_text(scenario_text(patients=6, hypotheses=hypotheses))
    found = discriminate(scenario, draws=64, seed=1)
    assert found.designs[0].answers.check.differs
    assert any("normal approximation" in said for said in found.warnings)


def test_the_mixture_is_better_where_the_means_are_not_normal() -> None:
    """Two far modes around a known mean: one normal distribution covers what lies between them as well."""
    known = {"means": {"A": 0, "B": 0}, "sd_within": 3, "sd_between": 0}
    text = scenario_text(patients=24, hypotheses={"h0": known, "h1": known})
    text += '[hypotheses.h0.uncertainty]\n"means.A" = { low = -6, high = 6, beta = [0.1, 0.1] }\n'
    normal, mixed = (told(read_text(text), draws=128, likelihood=kind) for kind in ("gaussian", "mixture"))
    assert mixed["information_bits"]["estimate"] > normal["information_bits"]["estimate"] + 0.02


def test_summaries_of_mechanisms_have_second_outcomes() -> None:
    scenario = read(FOLDER / "ab-ba.toml")
    names = tuple(scenario.hypotheses)

    def what(*kinds: str) -> list[tuple[str, str]]:
        found: Summaries = summaries_of(scenario, names, kinds)
        return [(each.what, each.arms[0]) for each in found.descriptions()]

    change = [("mean change", "K"), ("mean change", "KN")]
    dissociation = [("mean dissociation", "K"), ("mean dissociation", "KN")]
    assert what("means") == change + dissociation
    assert what("endpoint") == change
    assert what("endpoint", "means") == change + dissociation
    assert [each.kind for each in summaries_of(scenario, names, ("endpoint", "means")).descriptions()] == [
        "endpoint",
        "endpoint",
        "means",
        "means",
    ]
