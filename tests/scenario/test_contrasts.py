"""Contrasts of more than two treatments: how they are written, what is true of them, how they are tested."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from planner.engine.potential_outcomes import truths
from planner.questions.exact import theory
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.contrasts import cancels, formula, in_words, total, weights
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.analysed_sets import TOLERANCE, analyse
from tests.support.exact import paired_power
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS

DATA = json.loads((NUMBERS / "crossover_analyses.json").read_text())["datasets"]
SQUARE = ("A B D C", "B C A D", "C D B A", "D A C B")
INTERACTION = {"A": 1.0, "B": -1.0, "C": -1.0, "D": 1.0}
FLAT = {"sd_within": 2.0, "sd_between": 3.0}


def trial(contrast: Any = INTERACTION, means: Any = None, **settings: Any) -> str:
    means = means or {"A": 3.1, "B": 1.1, "C": 0.4, "D": 0.4}
    hypotheses = {"h": {"means": means, **FLAT}}
    analyses = [{"method": "paired-t", "contrast": contrast}]
    return scenario_text(SQUARE, **({"hypotheses": hypotheses, "analyses": analyses} | settings))


def the_truth(scenario: Scenario, alternative: str = "two-sided") -> tuple[float, bool]:
    changed = [a.model_copy(update={"alternative": alternative}) for a in scenario.analyses]
    found = truths(scenario.model_copy(update={"analyses": tuple(changed)}), ["h"], 1)["h"][0]
    return found.effect, found.is_null


# --- Words ------------------------------------------------------------------------------------------------


def test_forms() -> None:
    assert weights(("K", "KN")) == {"K": 1.0, "KN": -1.0}
    assert formula(("K", "KN")) == "K - KN"
    assert in_words(("K", "KN")) == "K minus KN"
    assert formula({"K": 1.0, "KN": -1.0, "P": -1.0, "PN": 1.0}) == "K - KN - P + PN"
    assert in_words({"A": -1.0, "B": 0.5, "C": 0.5}) == "-A + 0.5 B + 0.5 C"


@pytest.mark.parametrize("written", [{"A": 1, "C": -1}, {"C": -1.0, "B": 0.0, "A": 1.0}, ["A", "C"]])
def test_two_treatments_are_one_comparison_however_they_are_written(written: Any) -> None:
    scenario = read_text(trial(written))
    assert resolve(scenario)["analyses"][0]["contrast"] == ["A", "C"]
    assert digest(scenario) == digest(read_text(trial(["A", "C"])))


def test_weights_keep_their_form() -> None:
    scenario = read_text(trial({"D": 1, "C": -1, "A": 1, "B": -1}))
    assert scenario.analyses[0].weights == {"A": 1.0, "B": -1.0, "D": 1.0, "C": -1.0}
    assert digest(scenario) == digest(read_text(trial()))
    assert digest(scenario) != digest(read_text(trial(INTERACTION | {"A": 2.0, "D": 0.0})))
    assert digest(read_text(to_toml(scenario))) == digest(scenario)


def test_thirds() -> None:
    """Weights of a third cannot be written; a contrast of equal numbers is nil all the same."""
    thirds = {"A": -1.0, "B": 0.333333333333333, "C": 0.3333333333333, "D": 0.333333333333333}
    scenario = read_text(trial(thirds, dict.fromkeys("ABCD", 17.1)))
    assert the_truth(scenario) == (0.0, True)


# --- Truth ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("means", "effect"),
    [
        ({"A": 3.1, "B": 1.1, "C": 0.4, "D": 0.4}, 2.0),
        ({"A": 10.1, "B": 8.1, "C": 5.1, "D": 3.1}, 0.0),  # 3.6e-15 in floating point
        ({"A": 0.3, "B": 0.1, "C": 0.2, "D": 0.1}, 0.1),
    ],
)
def test_means(means: dict[str, float], effect: float) -> None:
    assert the_truth(read_text(trial(means=means))) == (effect, effect == 0.0)
    assert the_truth(read_text(trial(means=means)), "greater") == (effect, effect == 0.0)
    assert the_truth(read_text(trial(means=means)), "less") == (effect, effect >= 0.0)


def test_rates() -> None:
    rates = {"A": 0.7, "B": 0.4, "C": 0.6, "D": 0.3}
    text = trial(hypotheses={"h": {"family": "rates", "rates": rates, "correlation": 0.2}})
    assert the_truth(read_text(text)) == (0.0, True)


def test_a_bounded_scale_needs_equal_treatments() -> None:
    """Near the end of a scale equal differences of means are not equal differences of scores."""
    scale = {"low": 0.0, "high": 20.0, "better": "lower"}
    apart = read_text(trial(means={"A": 3.0, "B": 1.0, "C": 8.0, "D": 6.0}, scale=scale))
    effect, null = the_truth(apart)
    assert not null
    assert abs(effect) > 0.01
    by_row = {"A": 3.0, "B": 3.0, "C": 8.0, "D": 8.0}
    assert the_truth(read_text(trial(means=by_row, scale=scale))) == (0.0, True)


def test_mechanisms() -> None:
    """What a blocker does without the drug cancels only where it is nothing at all."""
    text = """
        schema_version = 1
        agents = { drug = {}, blocker = { occupancy = 0.9 } }
        components.relief = { share = 0.6, size = { mean = 0.5, sd = 0.1 }, half_life_days = 2 }
        population = { baseline = { mean = 26, sd = 4 } }
        endpoint.scale = "HAM-D17"
        [treatments]
        A = { agents = ["drug"] }
        B = { agents = ["drug", "blocker"] }
        C = {}
        D = { agents = ["blocker"] }
        [signals]
        target = { activated_by = { drug = 1 }, blocked_by = { blocker = 1 } }
        cue = { activated_by = { drug = 1 } }
        tone = { base = 1, blocked_by = { blocker = 1 } }
        [design]
        name = "williams"
        arms = ["A", "B", "C", "D"]
        patients = 16
        washout_days = 7
        [[analyses]]
        method = "paired-t"
        contrast = { A = 1, B = -1, C = -1, D = 1 }
        """
    for needs, null in (("cue", True), ("tone", True), ("target", False)):
        term = f'[hypotheses.h]\nterms = [{{ component = "relief", needs = ["{needs}"] }}]'
        effect, found = the_truth(read_text(text + term))
        assert found == null
        assert (effect == 0.0) == null


def test_equal_rows_weigh_nothing_together() -> None:
    assert cancels(INTERACTION, {"A": 1, "B": 1, "C": 2, "D": 2})
    assert cancels(INTERACTION, {"A": 1, "C": 1, "B": 2, "D": 2})
    assert not cancels(INTERACTION, {"A": 1, "D": 1, "B": 2, "C": 2})
    assert total(INTERACTION, {"A": 10.1, "B": 8.1, "C": 5.1, "D": 3.1}) == 0


# --- Analysis ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "contrast", [INTERACTION, {"A": -1.0, "B": 1 / 3, "C": 1 / 3, "D": 1 / 3}, {"A": 2.0, "C": -2.0}]
)
def test_data(contrast: dict[str, float]) -> None:
    """Each patient's own contrast, by hand, in a one-sample t test."""
    rows = DATA["m03_williams4"]["rows"]
    own: dict[str, float] = {}
    for subject, _, _, treatment, y in rows:
        own[subject] = own.get(subject, 0.0) + contrast.get(treatment, 0.0) * y
    expected = stats.ttest_1samp(list(own.values()), 0.0)
    answer = analyse("paired-t", rows, contrast=contrast, lane=3)
    assert answer.estimate == pytest.approx(np.mean(list(own.values())), abs=TOLERANCE)
    assert (answer.stat, answer.df) == (pytest.approx(expected.statistic, rel=TOLERANCE), 11.0)


def test_power() -> None:
    """The interaction has twice the variance of a difference; its power is that of a paired t test."""
    text = trial(patients=24, analyses=[{"method": "paired-t", "contrast": INTERACTION}])
    cells = run(text, 100_000)
    expected = paired_power(24, 2.0, 4.0, 0.05)
    plan = read_text(text)
    found = theory.power(plan, "h", plan.analyses[0], [24])
    assert found == pytest.approx([expected], abs=1e-9)
    cell = cells(hypothesis="h")
    with Comparison(title="interaction") as comparison:
        comparison.probability("power", cell["power"], 100_000, expected)
        comparison.mean("estimate", cell["estimate"]["mean"], cell["estimate"]["mean_mcse"], 2.0)
    with pytest.raises(TooFarApart), Comparison(title="of two treatments") as wrong:
        wrong.probability("power", cell["power"], 100_000, paired_power(24, 2.0, 8.0**0.5, 0.05))
