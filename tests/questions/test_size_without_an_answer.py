"""Where no number tried is enough: what `size` says of more patients, against noncentral t and quadrature.

Some inputs are small ones on which version 0.1.0 was wrong: it called slow growth a ceiling, and too few
patients for the test a hypothesis that says nothing of what is analysed; it refused an odd number.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from planner.model import looks as monitoring
from planner.questions.run.simulate import simulate
from planner.questions.size.result import Sizing
from planner.questions.size.size import size
from planner.results.contract import as_json
from planner.scenario.reading.read import read_text
from tests.support.commands import Cli, cli
from tests.support.exact import hills_armitage_power
from tests.support.exact_sizes import two_looks
from tests.support.harness import scenario_text
from tests.support.uncertain_means import text

__all__ = ["cli"]  # the fixture

SLOW = """
schema_version = 1
title = "small effect"
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses.h]
means = { A = 0.03, B = 0.0 }
sd_difference = 1.5
"""
SD = {"sd_within": 1.0, "sd_between": 1.0}


def only(found: Sizing) -> dict[str, Any]:
    (row,) = found.to_json()["answers"]
    return row


def noncentral_t(effect: float, n: float, alpha: float = 0.05) -> float:
    """Two-sided power of the t test on the halves of n period differences, by SciPy."""
    df = n - 2
    limit, shift = stats.t.isf(alpha / 2, df), effect * math.sqrt(n)
    return float(stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift))


def smallest_even(effect: float, target: float) -> int:
    n = brentq(lambda n: noncentral_t(effect, n) - target, 10, 1.2 * (4.0 / effect) ** 2)
    return math.ceil(n / 2) * 2


# Slow growth is no ceiling


def test_slow_growth_is_told_with_the_number_that_is_enough() -> None:
    row = only(found := size(read_text(SLOW), power=0.8, max_patients=3000))
    exact = {each["patients"]: each["exact_power"] for each in found.to_json()["curve"]}
    assert exact[3000] == pytest.approx(noncentral_t(0.02, 3000), abs=1e-8)
    assert exact[3000] == pytest.approx(0.195, abs=5e-4)
    want = smallest_even(0.02, 0.8)
    assert want == pytest.approx(19_600, rel=0.01)
    assert row["patients"] is None
    assert row["ceiling"] is None
    assert row["extrapolated"] == {"patients": want, "low": want, "high": want, "by": "noncentral-t"}
    assert "ceiling" not in row["note"]
    assert f"reaches 0.8 at {want:,}" in row["note"]
    assert "computed, not simulated" in row["note"]
    assert "More than 10,000 patients are not simulated" in row["note"]


@pytest.mark.long
def test_without_the_closed_form_the_number_is_extrapolated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.questions.exact.theory.power", lambda *_: None)
    row = only(size(read_text(SLOW), power=0.8, max_patients=3000))
    want, found = smallest_even(0.02, 0.8), row["extrapolated"]
    assert found["low"] <= want <= found["high"]
    assert found["high"] < 1.1 * found["low"]
    assert found["by"] == "drift"
    assert "ceiling" not in row["note"]
    assert "Extrapolated, and not simulated: about 19," in row["note"] or "about 2" in row["note"]


@pytest.mark.long
def test_the_range_of_an_extrapolation_covers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over 60 seeds the exact number lies within the stated 95 % range, and one 5 % off does not."""
    monkeypatch.setattr("planner.questions.exact.theory.power", lambda *_: None)
    hypotheses = {"h": {"means": {"A": 0.1 * 2**0.5, "B": 0.0}, **SD}}
    plan = read_text(scenario_text(hypotheses=hypotheses))
    want = smallest_even(0.1, 0.9)
    rows = [only(size(plan, power=0.9, max_patients=400, trials=20_000, seed=s)) for s in range(60)]
    ranges = [(row["extrapolated"]["low"], row["extrapolated"]["high"]) for row in rows]
    assert sum(low <= want <= high for low, high in ranges) >= 0.9 * 60
    assert sum(low <= 1.1 * want <= high for low, high in ranges) < 0.6 * 60  # negative control


def test_looks_are_part_of_the_extrapolation() -> None:
    """The number is right for the looks that the trial has, as quadrature at that number says."""
    hypotheses = {"h": {"means": {"A": 0.3, "B": 0.0}, **SD}}
    plan = read_text(
        scenario_text(hypotheses=hypotheses, patients=30, looks=[12, 30], efficacy={"rule": "pocock"})
    )
    found = only(size(plan, power=0.8, max_patients=100))["extrapolated"]

    def power(n: int, effect: float) -> float:
        looks = monitoring.monitoring_plan(plan, plan.analyses[0], n)
        return two_looks(*looks.counts, tuple(looks.boundary.efficacy_z), effect / 2**0.5, 2)  # type: ignore[arg-type]

    assert power(found["low"], 0.3) - 0.005 <= 0.8 <= power(found["high"], 0.3) + 0.005
    assert power(found["patients"], 0.3) == pytest.approx(0.8, abs=0.015)
    assert power(found["patients"], 0.27) != pytest.approx(0.8, abs=0.015)  # negative control


def test_a_nearly_flat_curve_is_extrapolated_with_a_wide_range() -> None:
    """Against the textbook number for McNemar's test, discordant shares from the bivariate normal."""
    rates = {"h": {"family": "rates", "rates": {"A": 0.32, "B": 0.3}, "correlation": 0.2}}
    plan = read_text(scenario_text(hypotheses=rates, analyses=[{"method": "mcnemar-asymptotic"}]))
    row = only(size(plan, power=0.8, max_patients=60, trials=2000))
    assert row["ceiling"] is None
    assert "has a ceiling" not in row["note"]
    both = stats.multivariate_normal([0, 0], [[1, 0.2], [0.2, 1]]).cdf(stats.norm.ppf([0.32, 0.3]))
    discordant = 0.32 + 0.3 - 2 * float(both)
    z, beyond = stats.norm.isf(0.025), stats.norm.isf(0.2)
    want = ((z * discordant**0.5 + beyond * (discordant - 0.02**2) ** 0.5) / 0.02) ** 2
    found = row["extrapolated"]
    assert found["low"] <= want
    assert found["high"] is None or (want <= found["high"] and found["high"] > 4 * found["low"])


def test_several_hypotheses_are_told_apart(cli: Cli, tmp_path: Any) -> None:
    (tmp_path / "slow.toml").write_text(
        SLOW + "[hypotheses.half]\nmeans = { A = 0.015, B = 0.0 }\nsd_difference = 1.5\n"
    )
    code, out, err = cli("size", "slow.toml", "--power", ".8", "--max-patients", "400", "-q")
    assert code == 4
    said = " ".join(out.split())
    for effect in (0.02, 0.01):
        assert f"reaches 0.8 at {smallest_even(effect, 0.8):,}" in said
    assert "ceiling" not in said
    assert "the note beside each hypothesis says why" in " ".join(err.split())


# Ceilings that are known


def test_an_effect_that_carryover_cancels_has_a_known_ceiling() -> None:
    """AB/BA: period differences estimate the effect less half the carryover, 1 - 2/2 = 0."""
    carrying = {"h": {"means": {"A": 1.0, "B": 0.0}, "carryover": {"A": 2.0}, **SD}}
    row = only(size(read_text(scenario_text(hypotheses=carrying)), max_patients=400))
    assert row["ceiling"] == 0.05
    assert "Power has a ceiling" in row["note"]
    assert row["extrapolated"] is None
    reversed_ = {"h": {"means": {"A": 1.0, "B": 0.0}, "carryover": {"A": 3.0}, **SD}}
    analyses = [{"method": "hills-armitage", "alternative": "greater", "alpha": 0.025}]
    row = only(size(read_text(scenario_text(hypotheses=reversed_, analyses=analyses)), max_patients=100))
    assert row["ceiling"] == 0.025
    assert "the side that the test does not look at" in row["note"]
    half = {"h": {"means": {"A": 1.0, "B": 0.0}, "carryover": {"A": 1.8}, **SD}}
    row = only(size(read_text(scenario_text(hypotheses=half)), max_patients=400))
    assert row["ceiling"] is None
    assert row["extrapolated"]["patients"] == smallest_even(0.1 / 2**0.5, 0.9)


def assurance(n: float, mean: float, sd: float, spread: float, sides: int) -> float:
    """P(|or not| D + Z se > z se) of a normal effect D, for a known spread: both are normal."""
    se = spread / math.sqrt(n)
    z = stats.norm.isf(0.05 / sides) * se
    whole = math.hypot(sd, se)
    found = stats.norm.sf((z - mean) / whole)
    return float(found + (stats.norm.cdf((-z - mean) / whole) if sides == 2 else 0.0))


UNSURE = '[hypotheses.effect.uncertainty]\n"means.A" = { mean = 2, sd = 5 }\n'


def test_the_ceiling_of_assurance_is_the_chance_of_an_effect() -> None:
    plan = read_text(text("paired-t", "greater", UNSURE))
    row = only(size(plan, power=0.8, uncertain=True, variants=400, max_patients=200))
    chance, drawn = float(stats.norm(2, 5).sf(0)), row["ceiling"]
    assert drawn == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / 400))
    assert "That is the ceiling of assurance" in row["note"]
    assert row["extrapolated"] is None


def test_a_test_with_two_sides_has_no_such_ceiling() -> None:
    """What is significant on the other side counts too: assurance goes to 1, as the closed form does."""
    plan = read_text(text("paired-t", "two-sided", UNSURE))
    row = only(size(plan, power=0.9, uncertain=True, variants=600, max_patients=60))
    assert row["ceiling"] is None
    assert "ceiling of assurance" not in row["note"]
    want = brentq(lambda n: assurance(n, 2, 5, 8, 2) - 0.9, 10, 1e6)
    found = row["extrapolated"]
    assert found["by"] == "assurance"
    assert found["low"] <= want
    assert found["high"] is None or want <= found["high"]


def test_assurance_below_its_ceiling_is_extrapolated() -> None:
    plan = read_text(text("paired-t", "greater", UNSURE))
    row = only(size(plan, power=0.6, uncertain=True, variants=800, max_patients=60))
    want = brentq(lambda n: assurance(n, 2, 5, 8, 1) - 0.6, 10, 1e6)
    found = row["extrapolated"]
    assert found["low"] <= want
    assert found["high"] is None or want <= found["high"]


# Too few patients


def test_too_few_patients_for_the_test() -> None:
    plan = read_text(SLOW.replace("0.03", "100.0"))
    row = only(size(plan, power=0.8, max_patients=3))
    assert "2 patients are too few for the test" in row["note"]
    assert "needs at least 4" in row["note"]
    assert "says nothing" not in row["note"]
    assert only(size(plan, power=0.8, max_patients=4))["patients"] == 4
    row = only(size(plan, power=0.8, find="effect", patients=2))
    assert "2 patients are too few for the test" in row["note"]
    assert "needs at least 3" in row["note"]
    assert only(size(plan, power=0.8, find="effect", patients=3, trials=20_000))["effect"] is not None


@pytest.mark.parametrize("method", ["mcnemar-exact", "fisher", "mainland-gart", "prescott"])
def test_an_exact_test_that_cannot_be_significant_yet(method: str) -> None:
    rates = {"h": {"family": "rates", "rates": {"A": 0.9, "B": 0.1}, "correlation": 0.0}}
    plan = read_text(scenario_text(hypotheses=rates, analyses=[{"method": method}]))
    row = only(size(plan, power=0.8, max_patients=4, trials=2000))

    def least(n: int) -> float:
        if method == "mcnemar-exact":
            return float(stats.binomtest(n, n).pvalue)
        return float(stats.fisher_exact([[n // 2, 0], [0, n // 2]]).pvalue)

    needed = next(n for n in range(2, 40, 2) if least(n) <= 0.05)
    assert f"smallest p value of this exact test is {least(4):.3g}" in row["note"]
    assert f"cannot be significant with fewer than {needed}" in row["note"]
    figures = as_json(simulate(plan, trials=4000, patients=[needed - 2, needed]).cells())
    assert [cell["power"]["estimate"] > 0 for cell in figures] == [False, True]


# Effects


def test_the_effect_that_an_odd_number_finds() -> None:
    """13 patients in one sequence and 12 in the other, whichever is which; `run` takes 25 as well."""
    plan = read_text(SLOW.replace("patients = 24", "patients = 25"))
    want = brentq(lambda e: hills_armitage_power(12, 13, e, 1.5, 0.05) - 0.8, 0.1, 3)
    row = only(size(plan, find="effect", power=0.8))
    assert row["range"][0] <= want <= row["range"][1]
    assert row["effect"] == pytest.approx(want, rel=0.005)
    even = brentq(lambda e: hills_armitage_power(12, 12, e, 1.5, 0.05) - 0.8, 0.1, 3)
    assert not row["range"][0] <= even <= row["range"][1]  # negative control
    at = SLOW.replace("patients = 24", "patients = 25").replace("0.03", repr(row["effect"]))
    (cell,) = as_json(simulate(read_text(at), trials=50_000).cells())
    assert cell["power"]["estimate"] == pytest.approx(0.8, abs=0.008)


def test_the_range_of_an_effect_on_a_bounded_scale_is_of_true_effects() -> None:
    """What a change of the mean does to the mean of rounded and cut scores, by enumerating the scores."""
    scale = {"low": 0.0, "step": 1.0, "better": "lower"}
    means = {"A": 4.0, "B": 3.0}
    hypothesis = {"means": means, "sd_within": 4.0, "sd_between": 3.0}
    plan = read_text(scenario_text(hypotheses={"h": hypothesis}, scale=scale))
    work = size(plan, find="effect", patients=24, power=0.8, trials=50_000)
    row = only(work)

    scores = np.arange(1, 90)

    def expected(mean: float) -> float:
        chance = stats.norm.cdf(scores + 0.5, mean, 5) - stats.norm.cdf(scores - 0.5, mean, 5)
        return float(scores @ chance)

    assert row["range"][0] <= row["effect"] <= row["range"][1]
    for end in row["range"]:
        edge = brentq(lambda mean, end=end: expected(mean) - expected(3.0) - end, 0, 40)
        moved = {"h": hypothesis | {"means": means | {"A": edge}}}
        there = read_text(scenario_text(hypotheses=moved, scale=scale))
        (cell,) = as_json(simulate(there, trials=50_000, patients=[24]).cells())
        assert cell["power"]["estimate"] == pytest.approx(0.8, abs=0.01)
