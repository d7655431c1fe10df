"""Patients who leave because of what they have been through, against a plain simulation (`naive_dropout.py`).

By sequence and period: who is there, what those who are there show, and how it hangs together with what they
showed before. Both sides have Monte Carlo error and different random numbers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.engine.generators import generators_of
from planner.kernels.generate.randomise import allocate
from planner.kernels.tables import W
from planner.model.allocation import allocation_plan
from planner.model.readings import GUESS, Reading
from planner.scenario.scenario import Scenario
from tests.support import naive_dropout
from tests.support.blinded_cases import CASES as CASES_OF_GUESSES
from tests.support.harness import Comparison, TooFarApart
from tests.support.marks import repeated
from tests.support.mechanism_cases import CASES, LIMIT, changed, scenario
from tests.support.naive_dropout import Stay
from tests.support.naive_readings import compare_moments
from tests.support.second_outcomes import CASES as CASES_OF_SECONDS
from tests.support.second_outcomes import MANY, loose

Floats = NDArray[np.float64]
Json = dict[str, Any]
PATIENTS = 20_000  # of each sequence and hypothesis
DROPOUT = "population/dropout"
BACK = "design/return_to_baseline"
SENSITIVE = {"per_period": 0.2, "odds_ratio": {"improvement": 0.8, "treatment": {"B": 2.5}}}
THREE = CASES["three periods"] | {
    DROPOUT: {
        "per_period": [0.1, 0.3],
        "before_first": 0.05,
        "odds_ratio": {"improvement": 1.3, "treatment": {"B": 0.4, "C": 3}},
    }
}
MEANS: Json = {
    "hypotheses": {
        "m": {"means": {"A": 20.0, "B": 23.0}, "sd_within": 4.0, "sd_between": 5.0, "carryover": {"A": 1.0}},
        "unequal": {"means": {"A": 20.0, "B": 23.0}, "sd_within": {"A": 2.0, "B": 6.0}, "sd_between": 1.0},
    },
    "endpoint": {"scale": {"better": "lower"}},
    "design": {"sequences": ["A B A", "B A A"], "patients": 20},
    "population": {"period_effect": [0.0, 1.0, 0.5]},
    DROPOUT: {
        "per_period": [0.1, 0.3],
        "odds_ratio": {"treatment": {"B": 1.7}, "endpoint": {"ratio": 1.5, "per": 4.0, "around": 21.0}},
    },
}
CASES_OF_LEAVING: dict[str, Json] = {
    "improvement and treatment": {DROPOUT: SENSITIVE},
    "three periods": THREE,
    "treatment alone": {
        DROPOUT: {"per_period": 0.3, "before_first": 0.1, "odds_ratio": {"treatment": {"A": 0.3}}}
    },
    "change of the endpoint": {
        DROPOUT: {
            "per_period": 0.15,
            "odds_ratio": {"endpoint": {"ratio": 1.6, "per": 3.0, "around": -8.0}, "improvement": 0.9},
        }
    },
    "responders leave": {
        DROPOUT: {"per_period": 0.1, "odds_ratio": {"endpoint": {"ratio": 4, "around": 0}}},
        "endpoint/measure": "response",
    },
    "score on another day, first baseline": {
        DROPOUT: {
            "per_period": 0.1,
            "odds_ratio": {"endpoint": {"ratio": 1.2, "around": 14}, "improvement": 0.7},
        },
        "endpoint/measure": "score",
        "endpoint/day": 3.0,
        "endpoint/baseline": "first",
    },
    "very strong": {DROPOUT: {"per_period": 0.01, "odds_ratio": {"improvement": 30.0}}},
    "returned to 80 %": {
        "design/washout_days": 6.0,
        BACK: {"share": 0.8, "recheck_days": 4, "at_most_days": 12},
    },
    "at once or never": {
        "design/washout_days": 6.0,
        BACK: {"share": 0.9, "recheck_days": 4, "at_most_days": 2},
    },
    "entry score, three periods, who waits tends to leave": CASES["three periods"]
    | {
        BACK: {"entry": True, "recheck_days": 3.5, "at_most_days": 7},
        DROPOUT: {"per_period": 0.1, "odds_ratio": {"improvement": 1.3}},
    },
    "prolonged, late peak, own tables": CASES["prolonged in the first period"]
    | {
        "components/specific/peak_day": 3.0,
        "components/placebo/peak_day": 11.0,
        "agents/blocker/half_life_days": None,
        BACK: {"share": 0.7, "recheck_days": 7, "at_most_days": 28},
    },
    "any number, first baseline": CASES["any number"]
    | {
        BACK: {"share": 1.0, "recheck_days": 5, "at_most_days": 10},
        "endpoint/baseline": "first",
        "design/washout_days": 6.0,
    },
    "who dissociates leaves": loose(
        {DROPOUT: {"per_period": 0.1, "odds_ratio": {"outcomes": {"dissociation": 1.6}, "improvement": 0.8}}}
    ),
    "many outcomes, three periods": changed(MANY, {"outcomes/dissociation/scale/high": 9.0})
    | {
        DROPOUT: {
            "per_period": [0.1, 0.2],
            "odds_ratio": {
                "outcomes": {
                    "sleep": {"ratio": 1.4, "per": 1.0, "around": 7.0},
                    "dissociation": {"ratio": 0.5, "per": 0.5, "around": 1.0},
                }
            },
        },
        BACK: {"share": 0.8, "recheck_days": 3, "at_most_days": 6},
    },
    "given later, needed throughout, returned": CASES_OF_SECONDS["given later, needed throughout"]
    | {
        "agents/blocker/half_life_days": 9.0,
        BACK: {"share": 0.85, "recheck_days": 4, "at_most_days": 8},
        DROPOUT: {"per_period": 0.05},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": [{"signal": "target", "when": "throughout"}]},
            {"component": "placebo", "needs": ["cue"]},
        ],
    },
    "what is given later adds something only after waiting": {
        "agents/blocker": {"occupancy": 0.98, "half_life_days": 60.0},
        "treatments/A": {"agents": ["blocker"]},
        "treatments/B": {"agents": [{"agent": "weak", "at_days": 1.0}]},
        "signals/target": {"base": 0.2, "activated_by": {"weak": 0.8}, "blocked_by": {"blocker": 1.0}},
        "signals/cue": {"base": 1.0, "blocked_by": {"weak": 0.4}},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": [{"signal": "target", "gate": 0.9}, "cue"]},
        ],
        "components/specific/size/mean": 0.9,
        "design/sequences": ["A B"],
        "design/washout_days": 4.0,
        BACK: {"share": 0.97, "recheck_days": 14, "at_most_days": 28},
    },
    "returned, and guessed": CASES_OF_GUESSES["what is left follows the guess of its period"]
    | {
        "agents/blocker/half_life_days": 9.0,
        BACK: {"share": 0.8, "recheck_days": 4, "at_most_days": 8},
        DROPOUT: {"per_period": 0.1, "odds_ratio": {"outcomes": {"dissociation": 1.3}}},
    },
    "means": MEANS,
    "rates": MEANS
    | {
        "hypotheses": {"r": {"rates": {"A": 0.6, "B": 0.3}, "correlation": 0.4}},
        "population": {},
        DROPOUT: {"per_period": 0.2, "odds_ratio": {"endpoint": {"ratio": 0.4, "around": 0}}},
    },
}


def generated(trial: Scenario, readings: list[Reading], tiles: int) -> tuple[Any, Floats]:
    """Sequences (tile, patient) and readings (tile, patient, hypothesis, reading, period, lane)."""
    patients, periods, names = trial.design.patients, trial.design.periods, list(trial.hypotheses)
    sequence = np.zeros((tiles, patients), np.int64)
    allocate(0, np.uint64(12), allocation_plan(trial).block, sequence)
    rows = len(readings) + (trial.design.return_to_baseline is not None)
    values = np.full((tiles, patients, len(names), rows, periods * W), np.nan)
    for group in generators_of(trial, names, readings):
        group.generate(0, np.uint64(12), allocation_plan(trial), group.tables, sequence, values)
    return sequence, values.reshape(tiles, patients, len(names), rows, periods, W)


def lived(trial: Scenario, name: str, sequence: Any, n: int, days: list[float], rng: Any) -> Stay:
    if trial.hypotheses[name].family == "terms":
        return naive_dropout.mechanism(trial, name, sequence, n, days, rng)
    return naive_dropout.stated(trial, name, sequence, n, rng)


def compare_patients(trial: Scenario, other: Scenario | None = None, patients: int = PATIENTS) -> Comparison:
    """Who is there, and what they show, beside the naive simulation (for the control, of another)."""
    terms = next(iter(trial.hypotheses.values())).family == "terms"
    days = list(trial.design.assessment_days) if terms else [trial.endpoint.day]
    measures = ("score", "change", "response") if terms else (trial.endpoint.measure,)
    readings = [Reading(measure, day) for measure in measures for day in days]
    readings += [GUESS] if trial.blinding is not None else []
    readings += [Reading(m, o.day, key) for key, o in trial.outcomes.items() for m in ("score", "change")]
    sequences, periods = trial.design.sequences, trial.design.periods
    tiles = -(-patients * len(sequences) // (trial.design.patients * W))
    order, values = generated(trial, readings, tiles)
    rng = np.random.default_rng(6)
    comparison = Comparison(limit=LIMIT)
    for h, name in enumerate(trial.hypotheses):
        for s, sequence in enumerate(sequences):
            head = f"{name}, {' '.join(sequence)}"
            every = values[:, :, h][order == s].transpose(0, 3, 1, 2).reshape(-1, values.shape[3], periods)
            found = every[:, : len(readings)]
            stay = lived(other or trial, name, sequence, patients, days, rng)
            each = [
                [stay.reading(other or trial, r.measure, r.day, k, r.outcome) for k in range(periods)]
                for r in readings
            ]
            wanted = np.transpose(np.array(each), (2, 0, 1))
            for k in range(1, periods):
                for n in (
                    sorted(set(stay.again[stay.there[:, 0], k])) if every.shape[1] > len(readings) else ()
                ):
                    if n == n:
                        what = f"{head}: rated again {n:g} times before period {k + 1}"
                        compare_share(comparison, what, every[:, -1, k - 1] == n, stay.again[:, k] == n)
            for k in range(periods):
                there = ~np.isnan(found[:, :, k])
                assert (there.all(axis=1) == there.any(axis=1)).all(), "a patient is there or not"
                compare_share(comparison, f"{head}: there in period {k + 1}", there[:, 0], stay.there[:, k])
                columns = [
                    f"{r.measure}{r.outcome}, day {r.day:g}, period {j + 1}"
                    for r in readings
                    for j in range(k + 1)
                ]
                a = found[there[:, 0], :, : k + 1].reshape(there[:, 0].sum(), -1)
                b = wanted[stay.there[:, k], :, : k + 1].reshape(stay.there[:, k].sum(), -1)
                compare_moments(comparison, f"{head}, those in period {k + 1}", columns, a, b)
    return comparison


def compare_share(comparison: Comparison, what: str, a: Any, b: Any) -> None:
    p = (a.sum() + b.sum() + 1) / (a.size + b.size + 2)
    se = math.sqrt(p * (1 - p) * (1 / a.size + 1 / b.size))
    comparison.mean(what, float(a.mean()), se, float(b.mean()))


@pytest.mark.long
@pytest.mark.parametrize(
    "size", [pytest.param(1, id="short"), pytest.param(10, marks=pytest.mark.long, id="long")]
)
@pytest.mark.parametrize("name", CASES_OF_LEAVING)
def test_those_who_are_there(name: str, size: int) -> None:
    comparison = compare_patients(scenario(CASES_OF_LEAVING[name]), patients=size * PATIENTS)
    comparison.title = name
    comparison.check()


@pytest.mark.parametrize(
    ("name", "dropout"),
    repeated(
        [
            (
                "improvement and treatment",
                SENSITIVE | {"odds_ratio": {"improvement": 0.83, "treatment": {"B": 2.5}}},
            ),
            (
                "improvement and treatment",
                SENSITIVE | {"odds_ratio": {"improvement": 0.8, "treatment": {"A": 2.5}}},
            ),
            ("improvement and treatment", SENSITIVE | {"per_period": 0.18}),
            (
                "treatment alone",
                {"per_period": 0.3, "before_first": 0.1, "odds_ratio": {"treatment": {"A": 0.34}}},
            ),
            (
                "change of the endpoint",
                {
                    "per_period": 0.15,
                    "odds_ratio": {
                        "endpoint": {"ratio": 1.6, "per": 4.5, "around": -8.0},
                        "improvement": 0.9,
                    },
                },
            ),
            ("means", {"per_period": [0.1, 0.3], "odds_ratio": {"treatment": {"B": 1.7}}}),
        ],
        fast=2,
    ),
)
def test_a_setting_that_is_off_is_seen(name: str, dropout: Json) -> None:
    """Negative control: the naive simulation has one setting that is off."""
    case = CASES_OF_LEAVING[name]
    with pytest.raises(TooFarApart):
        compare_patients(scenario(case), scenario(case | {DROPOUT: dropout}), 3 * PATIENTS).check()


RULE = {"share": 0.8, "recheck_days": 4, "at_most_days": 12}


@pytest.mark.parametrize(
    "change",
    repeated(
        [
            {BACK: RULE | {"share": 0.77}},
            {BACK: RULE | {"recheck_days": 5, "at_most_days": 15}},
            {BACK: RULE | {"at_most_days": 8}},
            {"population/rating_sd": 1.2},
            {"components/placebo/half_life_days": {"median": 10.0, "log_sd": 0.4}},
        ],
        fast=2,
    ),
)
def test_another_rule_is_seen(change: Json) -> None:
    """Negative control: the naive simulation waits by another rule, or for something else."""
    case = CASES_OF_LEAVING["returned to 80 %"]
    with pytest.raises(TooFarApart):
        compare_patients(scenario(case), scenario(case | change), 3 * PATIENTS).check()


def test_a_blockade_that_does_not_wait_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: gates as if nobody had waited."""
    case = CASES_OF_LEAVING["returned to 80 %"]
    monkeypatch.setattr("planner.model.families.mechanism.return_to_baseline._blocks_on", lambda *_: False)
    with pytest.raises(TooFarApart):
        compare_patients(scenario(case)).check()
