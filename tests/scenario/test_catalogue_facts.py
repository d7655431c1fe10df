"""A second reading of the facts behind catalogue scenarios, so that a slip in a scenario file shows.

Plain Python on purpose: nothing here shares code with the planner.
"""

from __future__ import annotations

import csv
import math
import tomllib
from statistics import fmean, variance
from typing import Any, NamedTuple

import pytest

from tests.support.paths import NUMBERS, ROOT
from tests.support.trees import look_up

SCENARIOS = ROOT / "scenarios"

# The readings as the SAS/STAT User's Guide prints them (TTEST, AB/BA Crossover Design): first and second day.
SAS_FORMOTEROL_FIRST = [(310, 270), (310, 260), (370, 300), (410, 390), (250, 210), (380, 350), (330, 365)]
SAS_SALBUTAMOL_FIRST = [(370, 385), (310, 400), (380, 410), (290, 320), (260, 340), (90, 220)]


class Summary(NamedTuple):
    """The two-period analysis of an AB/BA trial, first treatment minus second."""

    difference: float
    se: float
    period: float
    sd_within: float
    sd_between: float
    sd_difference: float
    mean: float
    df: int


def scenario(name: str) -> dict[str, Any]:
    return tomllib.loads((SCENARIOS / f"{name}.toml").read_text(encoding="utf-8"))


def pairs(name: str) -> dict[str, list[tuple[float, float]]]:
    """First and second reading of every patient, by sequence."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    with (NUMBERS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["sequence"].split()[int(row["period"]) - 1] == row["treatment"]
            found.setdefault((row["sequence"], row["subject"]), {})[row["period"]] = float(row["value"])
    by_sequence: dict[str, list[tuple[float, float]]] = {}
    for (sequence, _), readings in found.items():
        by_sequence.setdefault(sequence, []).append((readings["1"], readings["2"]))
    return by_sequence


def pooled(groups: list[list[float]]) -> float:
    """Variance within groups."""
    return sum((len(g) - 1) * variance(g) for g in groups) / sum(len(g) - 1 for g in groups)


def summary(ab: list[tuple[float, float]], ba: list[tuple[float, float]]) -> Summary:
    falls = [[first - second for first, second in group] for group in (ab, ba)]
    means = [[(first + second) / 2 for first, second in group] for group in (ab, ba)]
    of_difference = pooled(falls)
    return Summary(
        difference=(fmean(falls[0]) - fmean(falls[1])) / 2,
        se=math.sqrt(of_difference * (1 / len(ab) + 1 / len(ba))) / 2,
        period=-(fmean(falls[0]) + fmean(falls[1])) / 2,
        sd_within=math.sqrt(of_difference / 2),
        # a patient's mean varies by the variance between patients and half of that within
        sd_between=math.sqrt(pooled(means) - of_difference / 4),
        sd_difference=math.sqrt(of_difference),
        mean=fmean([reading for group in (ab, ba) for pair in group for reading in pair]),
        df=len(ab) + len(ba) - 2,
    )


@pytest.fixture(scope="module")
def asthma() -> dict[str, Any]:
    return scenario("asthma-ab-ba")


@pytest.fixture(scope="module")
def readings() -> Summary:
    by_sequence = pairs("asthma-formoterol-salbutamol")
    return summary(by_sequence["F S"], by_sequence["S F"])


def test_asthma_readings_agree_between_two_printings() -> None:
    by_sequence = pairs("asthma-formoterol-salbutamol")
    assert set(by_sequence) == {"F S", "S F"}
    assert sorted(by_sequence["F S"]) == sorted(SAS_FORMOTEROL_FIRST)
    assert sorted(by_sequence["S F"]) == sorted(SAS_SALBUTAMOL_FIRST)


def test_asthma_readings_give_the_published_analyses(readings: Summary) -> None:
    # The analysis of variance printed in the VHM 802 course: residual SD and mean square, both F ratios.
    assert readings.df == 11
    assert readings.sd_within == pytest.approx(27.3935, abs=5e-5)
    assert readings.sd_within**2 == pytest.approx(750.4, abs=0.05)
    assert (readings.difference / readings.se) ** 2 == pytest.approx(18.70, abs=0.005)
    assert (readings.period / readings.se) ** 2 == pytest.approx(2.17, abs=0.005)
    # Its adjusted means, by treatment (341.8, 295.2) and by period (310.5, 326.4).
    assert readings.mean + readings.difference / 2 == pytest.approx(341.8, abs=0.05)
    assert readings.mean - readings.difference / 2 == pytest.approx(295.2, abs=0.05)
    assert readings.mean - readings.period / 2 == pytest.approx(310.5, abs=0.05)
    assert readings.mean + readings.period / 2 == pytest.approx(326.4, abs=0.05)
    # The trial's abstract: P < 0.01 at 8 hours. The 0.995 quantile of t with 11 degrees of freedom is 3.106.
    assert readings.difference / readings.se > 3.106


def test_asthma_scenario_says_what_the_readings_say(asthma: dict[str, Any], readings: Summary) -> None:
    published = asthma["hypotheses"]["published"]
    first_day = readings.mean - readings.period / 2
    assert published["means"]["F"] == pytest.approx(first_day + readings.difference / 2, abs=0.05)
    assert published["means"]["S"] == pytest.approx(first_day - readings.difference / 2, abs=0.05)
    assert published["means"]["F"] - published["means"]["S"] == pytest.approx(readings.difference, abs=0.05)
    assert asthma["population"]["period_effect"] == [0, pytest.approx(readings.period, abs=0.05)]
    for hypothesis in asthma["hypotheses"].values():
        assert hypothesis["sd_within"] == pytest.approx(readings.sd_within, abs=0.05)
        assert hypothesis["sd_between"] == pytest.approx(readings.sd_between, abs=0.05)
        assert hypothesis["means"]["S"] == published["means"]["S"]
    # What its comments and notes quote.
    assert f"{readings.difference:.1f}" == "46.6"
    assert f"{readings.se:.1f}" == "10.8"
    assert f"{readings.difference / readings.se:.2f}" == "4.32"
    assert f"{readings.sd_difference:.1f}" == "38.7"
    assert f"{readings.mean:.1f}" == "318.5"


def test_asthma_scenario_other_hypotheses(asthma: dict[str, Any]) -> None:
    # Santanello 1999: the average smallest improvement that patients notice is 18.79 L/min.
    small = asthma["hypotheses"]["minimal-important"]["means"]
    assert small["F"] - small["S"] == pytest.approx(18.79, abs=0.05)
    assert asthma["analyses"][0]["planned_effect"] == pytest.approx(18.79, abs=0.05)
    null = asthma["hypotheses"]["no-difference"]["means"]
    assert null["F"] == null["S"]


def test_asthma_scenario_marks_what_no_source_states(asthma: dict[str, Any]) -> None:
    assert asthma["assumed"] == ["population.dropout.per_period"]
    assert asthma["design"]["washout_days"] == 1  # STAT 509: "a one-day washout period"
    assert [c["doi"] for c in asthma["citations"] if "doi" in c] == [
        "10.1111/j.1365-2222.1990.tb02805.x",
        "10.1034/j.1399-3003.1999.14a06.x",
    ]
    for path in [*asthma["assumed"], *(path for c in asthma["citations"] for path in c["supports"])]:
        look_up(asthma, path)
