"""True effects of mechanisms: potential outcomes of a first period agree with the naive simulation of them.

Whether the null hypothesis is true is never simulated: it holds where the treatments are the same in all that
a hypothesis says of a first period.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from planner.engine.potential_outcomes import truths
from planner.model.estimand import Truth
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support import naive_terms
from tests.support.harness import Comparison, TooFarApart, scenario_text
from tests.support.mechanism_cases import CASES, LIMIT, MEASURES, scenario

Json = dict[str, Any]
PATIENTS = 150_000


def every_measure(trial: Scenario) -> Scenario:
    """The trial with an analysis of each measure on its first two days."""
    first = trial.analyses[0]
    analyses = tuple(
        first.model_copy(update={"name": f"{measure} {day:g}", "measure": measure, "day": day})
        for measure in MEASURES
        for day in trial.design.assessment_days[:2]
    )
    return trial.model_copy(update={"analyses": analyses})


def compare(trial: Scenario, names: list[str], other: Scenario | None = None) -> Comparison:
    """True effects, and differences of means of naive first periods of other patients."""
    trial = every_measure(trial)
    found = truths(trial, names, 9)
    rng = np.random.default_rng(4)
    days = list(trial.design.assessment_days)
    comparison = Comparison(limit=LIMIT)
    for name in names:
        contrast = trial.analyses[0].contrast
        first, second = (naive_terms.course(other or trial, name, [a], PATIENTS, days, rng) for a in contrast)
        for analysis, truth in zip(trial.analyses, found[name], strict=True):
            measure, day = analysis.measure, float(analysis.day or 0)
            x, y = (each.reading(trial, measure, day)[:, 0] for each in (first, second))
            error = math.hypot(truth.mcse, math.sqrt((x.var() + y.var()) / PATIENTS))
            what = f"{name}, {measure} on day {day:g}"
            comparison.mean(what, truth.effect, error, float(x.mean() - y.mean()))
    return comparison


@pytest.mark.parametrize(
    ("name", "hypotheses"),
    [
        ("williams-2018", ["direct-opioid", "naltrexone-aversive", "pharmacokinetic"]),
        ("jelen-2025", ["permissive"]),
        ("abdallah-2020", ["mtor-crosstalk", "expectancy"]),
    ],
)
def test_catalogue(name: str, hypotheses: list[str]) -> None:
    comparison = compare(read(name), hypotheses)
    comparison.title = name
    comparison.check()


@pytest.mark.parametrize(
    "name",
    [
        "three periods",
        "prolonged in the first period",
        "a component that makes worse",
        "effect of period",
        "any number",
        "threshold far above the mean",
        "late peak",
    ],
)
def test_constructed(name: str) -> None:
    comparison = compare(scenario(CASES[name]), ["h"])
    comparison.title = name
    comparison.check()


def test_another_size_is_seen() -> None:
    """Negative control."""
    other = scenario({"components/specific/share": 0.58})
    with pytest.raises(TooFarApart):
        compare(scenario({}), ["h"], other).check()


def test_history_does_not_count() -> None:
    """Washout, order of the sequences, dropout and looks change the estimate, never the truth."""
    usual = truths(scenario({}), ["h"], 1)["h"]
    for change in (
        {"design/washout_days": 4.0},
        {"design/sequences": ["B A", "A B"]},
        {"design/sequences": ["A B B", "B A A"], "population/dropout/per_period": [0.3, 0.3]},
        {"population/period_effect": [0.0, 4.0]},
        {"monitoring": {"looks": [10, 20], "efficacy": {"rule": "pocock"}}},
        {"design/patients": 60},
    ):
        assert truths(scenario(change), ["h"], 1)["h"] == usual, change


# --- Is the null hypothesis true? ------------------------------------------------------------------------


def truth(changes: Json, alternative: str = "two-sided") -> Truth:
    analyses = [{"method": "paired-t", "contrast": ["A", "B"], "alternative": alternative}]
    return truths(scenario(changes | {"analyses": analyses}), ["h"], 1)["h"][0]


PLACEBO = {"component": "placebo", "needs": ["cue"]}
SAME: dict[str, Json] = {
    "what the blocker blocks is not needed": {"hypotheses/h/terms": [PLACEBO]},
    "no needs at all": {"hypotheses/h/terms": [{"component": "specific"}]},
    "a gate of nothing": {
        "hypotheses/h/terms": [{"component": "specific", "needs": [{"signal": "target", "gate": 0.0}]}]
    },
    "a blocker that occupies nothing": {"agents/blocker": {"occupancy": 0.0}},
    "a blocker that blocks nothing": {"signals/target/blocked_by": {"blocker": 0.0}},
    "the same gates by different signals": {
        "treatments/B": {"agents": ["weak"]},
        "signals/target": {"activated_by": {"drug": 0.5}},
        "signals/other": {"activated_by": {"weak": 0.5}},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": ["target"]},
            {"component": "specific", "needs": ["other"]},
        ],
    },
    "signals beyond 1 are 1": {
        "treatments/B": {"agents": ["drug", "weak"]},
        "signals/target": {"activated_by": {"drug": 1.0, "weak": 0.5}},
        "signals/cue/combine": "sum",
    },
    "lowered from twice enough to enough": {
        "treatments/B": {"agents": ["drug", "weak"]},
        "agents/weak/lowers": {"drug": 0.5},
        "signals/target": {"activated_by": {"drug": 2.0}},
        "signals/cue": {"activated_by": {"drug": 2.0}},
    },
    "it prolongs another component only": {
        "agents/blocker/prolongs": {"worse": 5.0},
        "hypotheses/h/terms": [PLACEBO],
    },
    "prolonged, and read before anything is lost": {
        "agents/blocker/prolongs": {"*": 4.0},
        "hypotheses/h/terms": [PLACEBO],
    },
    "half and half, or all at once": {
        "treatments/B": {"agents": ["weak"]},
        "signals/cue/activated_by": {"drug": 0.25, "weak": 0.5},
        "signals/target/activated_by": {"drug": 0.25},
        "hypotheses/h/terms": [
            {"component": "placebo", "needs": ["cue"]},
            {"component": "placebo", "needs": ["target"]},
        ],
    },
    "it prolongs what is shut": {
        "agents/blocker/prolongs": {"specific": 5.0},
        "signals/target/activated_by": {"weak": 1.0},
    },
    "it prolongs and shortens": {
        "treatments/B": {"agents": ["drug", "blocker", "weak"]},
        "agents/blocker/prolongs": {"*": 4.0},
        "agents/weak/prolongs": {"*": 0.25},
        "hypotheses/h/terms": [PLACEBO],
    },
}
DIFFERENT: dict[str, Json] = {
    "blocked": {},
    "a little": {"signals/target/blocked_by": {"blocker": 1e-6}},
    "prolonged, and read later": {
        "agents/blocker/prolongs": {"*": 4.0},
        "hypotheses/h/terms": [PLACEBO],
        "endpoint/day": 3.0,
    },
    "so little that it is not seen": {"signals/target/blocked_by": {"blocker": 1e-10}},
    "remission, which nobody reaches": {
        "population/baseline": {"mean": 40.0, "sd": 1.0},
        "hypotheses/h/terms": [{"component": "worse", "needs": ["harm"]}],
        "endpoint/measure": "remission",
    },
    "worse with the blocker": {
        "hypotheses/h/terms": [{"component": "worse", "needs": ["harm"]}],
    },
    "another order of components": {
        "treatments/B": {"agents": ["weak"]},
        "signals/target": {"activated_by": {"drug": 0.5}},
        "signals/other": {"activated_by": {"weak": 0.5}},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": ["target"]},
            {"component": "placebo", "needs": ["other"]},
        ],
    },
}


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("name", SAME)
def test_treatments_that_are_the_same(name: str, alternative: str) -> None:
    found = truth(SAME[name], alternative)
    assert (found.effect, found.mcse, found.is_null) == (0.0, 0.0, True)


@pytest.mark.parametrize("name", DIFFERENT)
def test_treatments_that_differ(name: str) -> None:
    assert not truth(DIFFERENT[name]).is_null


def test_the_side_of_the_alternative_counts() -> None:
    """Naltrexone's like: A lowers the score more than B, so that A minus B is below 0."""
    found = {side: truth({}, side).is_null for side in ("two-sided", "less", "greater", "better", "worse")}
    assert found == {"two-sided": False, "less": False, "greater": True, "better": False, "worse": True}


def test_rates_and_means_that_are_equal() -> None:
    """Equal as stated; an equal difference of unequal spreads on a bounded scale is none."""
    for rates, null in (({"A": 0.3, "B": 0.3}, True), ({"A": 0.3, "B": 0.3000001}, False)):
        text = scenario_text(hypotheses={"h": {"rates": rates, "correlation": 0.2}})
        assert truths(read_text(text), ["h"], 1)["h"][0].is_null is null
    for within, scale, null in (
        ({"A": 2.0, "B": 4.0}, None, True),
        ({"A": 2.0, "B": 4.0}, {"low": 0.0, "high": 52.0, "step": 1.0}, False),
        ({"A": 2.0, "B": 2.0}, {"low": 0.0, "high": 52.0, "step": 1.0}, True),
    ):
        means = {"means": {"A": 3.0, "B": 3.0}, "sd_within": within, "sd_between": 2.0}
        text = scenario_text(hypotheses={"h": means}, scale=scale)
        assert truths(read_text(text), ["h"], 1)["h"][0].is_null is null


def test_null_hypotheses_of_the_catalogue() -> None:
    """By analysis. Rapamycin prolongs, which on day 1 nobody sees."""
    null = {}
    for name in ("williams-2018", "jelen-2025", "abdallah-2020"):
        trial = read(name)
        found = truths(trial, trial.simulation.hypotheses, 1)
        for a, analysis in enumerate(trial.analyses):
            null[name, analysis.name] = sorted(h for h, truth in found.items() if truth[a].is_null)
    unmoved = ["expectancy", "nmda-only"]
    assert null == {
        ("williams-2018", "change"): unmoved,
        ("williams-2018", "response"): unmoved,
        ("jelen-2025", "change"): unmoved,
        ("jelen-2025", "response"): unmoved,
        ("abdallah-2020", "day 1"): [*unmoved, "rapamycin-inert"],
        ("abdallah-2020", "day 14"): ["rapamycin-inert"],
        ("abdallah-2020", "response, day 14"): ["rapamycin-inert"],
    }


# --- Type I error ----------------------------------------------------------------------------------------


def type_one(name: str, hypothesis: str, *settings: str) -> dict[str, Json]:
    """The cells by analysis, of a null hypothesis that is true."""
    trial = read(name, set=[f'simulation.hypotheses=["{hypothesis}"]', *settings])
    return {cell["analysis"]: cell for cell in as_json(simulate(trial, trials=50_000, seed=5).cells())}


def is_held(cell: Json) -> bool:
    """Within 4 % of .05, which t limits at two looks may add, and four standard errors; no bias."""
    assert cell["is_null"]
    power, estimate = cell["power"], cell["estimate"]
    unbiased = abs(estimate["bias"]) < 4 * estimate["bias_mcse"]
    return abs(power["estimate"] - 0.05) < 0.05 * 0.04 + 4 * power["mcse"] and unbiased


@pytest.mark.parametrize("settings", [(), ("design.washout_days=14",)], ids=["30 days", "14 days"])
def test_type_one_error_of_williams_2018_is_held(settings: tuple[str, ...]) -> None:
    """NMDA block only: what is left of the first period is the same after both treatments."""
    found = type_one("williams-2018", "nmda-only", *settings)
    assert is_held(found["change"])
    assert found["response"]["is_null"]
    assert found["response"]["power"]["estimate"] < 0.05


def test_inert_rapamycin_is_held() -> None:
    found = type_one("abdallah-2020", "rapamycin-inert")
    assert is_held(found["day 1"])
    assert is_held(found["day 14"])
    assert found["response, day 14"]["power"]["estimate"] < 0.05


@pytest.mark.parametrize("hypothesis", ["nmda-only", "expectancy"])
def test_prolonged_improvement_breaks_the_null_of_day_1(hypothesis: str) -> None:
    """The violation that is known: rapamycin changes nothing on day 1, but what it prolongs lowers the next
    baseline and leaves less to improve. The test rejects twice as often as it should, until the washout takes
    many years.
    """
    cell = type_one("abdallah-2020", hypothesis)["day 1"]
    assert cell["is_null"]
    assert not is_held(cell)
    assert 0.085 < cell["power"]["estimate"] < 0.125
    assert -2.0 < cell["estimate"]["bias"] < -1.5
    assert is_held(type_one("abdallah-2020", hypothesis, "design.washout_days=5000")["day 1"])
