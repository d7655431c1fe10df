"""Second outcomes: against a plain NumPy simulation, and against what can be worked out by hand.

Readings of dissociation are compared with those of `naive_terms.py` by sequence and period, together with
those of the endpoint, so that shared sizes and shared half-lives show in the products.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from planner.engine.potential_outcomes import potential_means, truths
from planner.model.estimand import alternative_direction
from planner.model.readings import Reading
from planner.questions.replay.replay import replay
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.mechanism_cases import BASE, Json, changed, scenario
from tests.support.naive_readings import compare_readings, generated
from tests.support.second_outcomes import CASES, MANY, loose


def compared(name: str, change: Json | None = None) -> Comparison:
    """Generated readings and the naive ones; `change`: settings of the naive twin only."""
    trial, other = scenario(CASES[name]), scenario(CASES[name] | (change or {}))
    readings = [Reading(m, o.day, key) for key, o in trial.outcomes.items() for m in ("score", "change")]
    return compare_readings(
        trial,
        other,
        readings=[*readings, Reading("change", trial.endpoint.day)],
        days=[trial.endpoint.day],
        called=lambda r: f"{r.outcome} {r.measure}",
        seed=8,
        title=name,
    )


@pytest.mark.parametrize("name", CASES)
def test_readings(name: str) -> None:
    compared(name).check()


@pytest.mark.parametrize(
    ("name", "path", "value"),
    repeated(
        [
            ("dissociation", "outcomes/dissociation/noise_sd", 1.9),
            ("dissociation", "outcomes/dissociation/background", {"mean": 1.5, "sd": 1.6}),
            ("dissociation", "outcomes/dissociation/components/felt/distribution", "normal"),
            ("blockade that is left", "agents/blocker/half_life_days", 3.6),
            ("many", "outcomes/sleep/components/own/half_life_days", {"median": 3.6, "log_sd": 0.6}),
            ("many", "outcomes/sleep/components/brief/share", 0.72),
            ("many", "outcomes/sleep/day", 2.3),
            ("many", "outcomes/dissociation/scale/high", 4.5),
            ("many", "agents/blocker/prolongs", {"*": 1.8}),
            ("given later, needed throughout", "outcomes/sleep/terms", MANY["outcomes"]["sleep"]["terms"]),
        ],
        fast=4,
    ),
)
def test_a_setting_that_is_off_is_seen(name: str, path: str, value: Any) -> None:
    """Negative control: the naive simulation has one setting that is off."""
    other = changed(changed(BASE, CASES[name]), {path: value})
    with pytest.raises(TooFarApart):
        compared(name, {key: other[key] for key in ("outcomes", "agents")}).check()


def two(changes: Json, **analysis: Any) -> Scenario:
    """The trial with an analysis of dissociation beside that of the endpoint."""
    of_endpoint = {"method": "paired-t", "contrast": ["A", "B"], "name": "endpoint"}
    second = {"name": "felt", "outcome": "dissociation", "contrast": ["A", "B"], **analysis}
    return scenario(loose(changes) | {"analyses": [of_endpoint, second]})


def test_whole_numbers_by_hand() -> None:
    """No spread at all: score and change are sums that can be done in the head."""
    fixed = {
        "outcomes": {
            "dissociation": {
                "background": 2.0,
                "components": {"felt": {"size": 20.0}, "lasting": {"size": 8.0, "half_life_days": 5.0}},
                "terms": [
                    {"component": "felt", "needs": ["target"]},
                    {"component": "lasting", "needs": ["cue"]},
                ],
            }
        },
        "design/washout_days": 10.0,
    }
    trial = two(fixed)
    readings = [Reading("score", 0.0, "dissociation"), Reading("change", 0.0, "dissociation")]
    order, values = generated(trial, ["h"], readings, 1)
    (seen,) = {str(np.round(v, 9).tolist()) for v in values[:, :, 0][order == 0][..., 0]}
    # A: 20 + 8. B: the blocker leaves 1 - 0.8 x 0.9 = 0.28 of the target; of A's 8 a quarter after 10 days
    first, second = 2 + 20 + 8.0, 2 + 20 * 0.28 + 8 + 2.0
    assert np.allclose(json.loads(seen), [(first, second), (first - 2.0, second - 4.0)], atol=1e-9)


def test_true_effect() -> None:
    """Of sizes with a mean of 20, of which the blocker takes 0.8 x 0.9; limits and steps move it little."""
    free = two({"outcomes/dissociation/scale": {}})
    (_, truth) = truths(free, ["h"], 5)["h"]
    with Comparison(title="true effect") as comparison:
        comparison.mean("A - B", truth.effect, truth.mcse, 20.0 * 0.8 * 0.9)
    assert 0.0 < truth.mcse < 0.02
    assert not truth.is_null


def test_better_is_that_of_the_outcome() -> None:
    trial = two({"outcomes/dissociation/scale/better": "higher"}, alternative="better")
    assert alternative_direction(trial.analyses[1], trial.scale_of(trial.analyses[1])) == "greater"
    assert trial.scale_of(trial.analyses[0]).better == "lower"
    trial = two({}, alternative="better")
    assert alternative_direction(trial.analyses[1], trial.scale_of(trial.analyses[1])) == "less"


def test_what_does_not_differ_is_a_null_hypothesis() -> None:
    """Dissociation needs a signal that the blocker leaves alone: none, by structure and not by simulation."""
    same = two({"outcomes/dissociation/terms": [{"component": "felt", "needs": ["cue"]}]})
    (first, second) = truths(same, ["h"], 1)["h"]
    assert not first.is_null
    assert (second.effect, second.mcse, second.is_null) == (0.0, 0.0, True)


def test_reading_it_changes_nothing_else() -> None:
    """The endpoint's trials are the same to the last bit, whether dissociation is read beside it or not."""
    without, beside = scenario({}), two({})
    (alone,) = as_json(simulate(without, trials=1280, seed=3).cells())
    cells = as_json(simulate(beside, trials=1280, seed=3).cells())
    assert {**alone, "analysis": ""} == {**cells[0], "analysis": ""}
    only = beside.model_copy(update={"analyses": beside.analyses[1:]})
    (felt,) = as_json(simulate(only, trials=1280, seed=3).cells())
    assert felt == cells[1]


def test_replay_shows_both() -> None:
    trial = replay(two({}), 3, hypothesis="h")
    rows = trial.rows()
    assert {row.get("outcome", "") for row in rows} == {"", "dissociation"}
    assert trial.to_json()["readings"][1] == {"outcome": "dissociation", "measure": "score", "day": 0.0}


# What the library says of dissociation. Column CADSS of the table of predictions: 20 under ketamine, with and
# without naltrexone, but 8 where naltrexone lowers ketamine; about 0 without a block of NMDA receptors.
ARMS = {
    "K": ["ketamine"],
    "KN": ["ketamine", "naltrexone"],
    "P": ["midazolam"],
    "O": ["opioid-agonist"],
    "X": ["nmda-antagonist"],
    "XN": ["nmda-antagonist", "naltrexone"],
}


def test_predictions_of_the_library() -> None:
    trial = read_text(
        f"""
        extends = "library/ketamine-opioid.toml"
        schema_version = 1
        treatments = {{ {", ".join(f"{a} = {{ agents = {json.dumps(g)} }}" for a, g in ARMS.items())} }}
        population = {{ baseline = {{ mean = 26, sd = 3.5, at_least = 20 }} }}
        endpoint = {{ scale = "HAM-D17", measure = "change", day = 1 }}
        analyses = [{{ method = "paired-t", contrast = ["K", "KN"] }}]
        [design]
        sequences = [{json.dumps(" ".join(ARMS))}]
        patients = 6
        washout_days = 40
        """
    )
    names = list(trial.hypotheses)
    found = potential_means(trial, names, [Reading("score", 0.0, "dissociation")], list(ARMS), 1, tiles=256)
    for h, name in enumerate(names):
        wanted = {"K": 20.0, "KN": 20.0, "P": 0.0, "O": 0.0, "X": 20.0, "XN": 20.0}
        if name == "pharmacokinetic":
            wanted["KN"] = 8.0
        for t, arm in enumerate(ARMS):
            assert found.mean[h, 0, t] == pytest.approx(wanted[arm], abs=0.5 if wanted[arm] else 1.0), (
                name,
                arm,
            )


def test_a_lognormal_has_the_stated_mean_and_sd() -> None:
    """Without noise, steps and limits what is read is the size itself."""
    none = {"scale": {}, "noise_sd": 0.0, "background": 0.0}
    bare = two({f"outcomes/dissociation/{key}": value for key, value in none.items()})
    order, values = generated(bare, ["h"], [Reading("score", 0.0, "dissociation")], 400)
    x = values[:, :, 0, 0, 0][order == 0].reshape(-1)
    comparison = Comparison(title="lognormal(20, 14)")
    n, cv = x.size, 0.7
    comparison.mean("mean", float(x.mean()), 14 / math.sqrt(n), 20.0)
    sigma2 = math.log(1 + cv * cv)
    comparison.mean("mean of log", float(np.log(x).mean()), math.sqrt(sigma2 / n), math.log(20) - sigma2 / 2)
    comparison.mean("SD of log", float(np.log(x).std()), math.sqrt(sigma2 / 2 / n), math.sqrt(sigma2))
    comparison.check()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"analyses": [{"outcome": "dizziness"}]}, "there is no outcome dizziness"),
        (
            {"analyses": [{"outcome": "dissociation", "measure": "response"}]},
            "is analysed as score or change",
        ),
        ({"analyses": [{"outcome": "dissociation", "day": 3}]}, "dissociation is measured on day 0 only"),
        (
            {"analyses": [{"outcome": "dissociation", "method": "mcnemar-exact"}]},
            "mcnemar-exact analyses responses",
        ),
        (
            {
                "analyses": [{"outcome": "dissociation", "alternative": "better"}],
                "outcomes/dissociation/scale": {},
            },
            "does not say whether lower or higher is better",
        ),
        ({"outcomes/dissociation/terms": [{"component": "fel"}]}, "there is no component fel"),
        ({"outcomes/dissociation/terms": [{"component": "felt", "needs": ["x"]}]}, "there is no signal x"),
        (
            {"hypotheses/h/outcomes": {"sleep": {"terms": [{"component": "felt"}]}}},
            "there is no outcome sleep",
        ),
        (
            {"hypotheses/h/outcomes": {"dissociation": {"terms": [{"component": "fellt"}]}}},
            "there is no component fellt",
        ),
        ({"outcomes/dissociation/components/felt/size": -3.0}, "must have a mean above 0"),
        ({"outcomes/dissociation/scale/low": 95.0}, "must be above the lowest score"),
        ({"outcomes/dissociation/day": 21.0}, "comes after the next dosing"),
        (
            {
                "hypotheses/m": {"means": {"A": -3.0, "B": 0.0}, "sd_within": 2.0, "sd_between": 2.0},
                "analyses": [{"outcome": "dissociation"}],
            },
            "the means of m are of the endpoint and say nothing of a secondary outcome",
        ),
    ],
)
def test_faults(changes: Json, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        scenario(loose(changes))


def test_catalogue_reads_dissociation() -> None:
    """A trial of the catalogue, with an analysis of dissociation set on the command line."""
    trial = read("williams-2018", set=["analyses.0.outcome=dissociation", "analyses.0.name=felt"])
    assert (trial.analyses[0].measure, trial.analyses[0].day) == ("score", 0.0)
