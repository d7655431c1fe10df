"""Leaving that depends on something: exact expectations, limits in which it must not matter, the same bits.

`numbers/golden_leaving.json` holds what the trials of `sample_dropout.py` gave:

    python -m tests.support.sample_trials leaving returning leaving-means > tests/numbers/golden_leaving.json
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.engine.workspace import virtual_patients
from planner.kernels.tables import AGAIN, AGAIN_SQUARE, IN_VAIN, RANDOMISED, THERE, W
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.results.run import Run
from planner.scenario.design import ReturnToBaseline
from planner.scenario.dropout import Driver, OddsRatios
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support import sample_dropout
from tests.support.harness import Comparison, TooFarApart, run, scenario_text
from tests.support.paths import NUMBERS
from tests.support.sample_trials import SEED, TRIALS, fingerprints, trial

NAMES = tuple(sample_dropout.TEXTS)
GOLDEN = NUMBERS / "golden_leaving.json"
Json = dict[str, Any]


def with_odds(scenario: Scenario, ratios: OddsRatios | None) -> Scenario:
    dropout = scenario.population.dropout.model_copy(update={"odds_ratio": ratios})
    population = scenario.population.model_copy(update={"dropout": dropout})
    return scenario.model_copy(update={"population": population})


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())
    assert tuple(golden) == NAMES
    assert fingerprints((name,), TRIALS)[name] == golden[name], "the simulated trials changed"


@pytest.mark.parametrize("name", ["leaving", "leaving-means", "mechanisms", "rates", "baselines"])
def test_odds_ratios_of_1_are_none(name: str) -> None:
    """The same patients leave, to the last one."""
    plain = with_odds(trial(name), None)
    improved = 1.0 if "mechanisms" in name or name == "leaving" else None
    none = OddsRatios(improvement=improved, endpoint=Driver(ratio=1.0, around=3.0), treatment={"A": 1.0})
    want = virtual_patients(job_of(plain, seed=SEED), 0, 4)
    found = virtual_patients(job_of(with_odds(plain, none), seed=SEED), 0, 4)
    assert np.array_equal(want[1], found[1], equal_nan=True)
    other = OddsRatios(treatment={"A": 1.01}, endpoint=Driver(ratio=1.01, around=3.0))
    found = virtual_patients(job_of(with_odds(plain, other), seed=SEED), 0, 4)
    assert not np.array_equal(want[1], found[1], equal_nan=True), "control: a small odds ratio is seen"


@pytest.mark.parametrize("name", NAMES)
def test_threads_chunks_and_blocks_decide_nothing(name: str) -> None:
    scenario = trial(name)
    work = job_of(scenario, seed=SEED)
    tallies = [
        run_job(work, 1_000, **how).tally
        for how in (
            {"threads": 1},
            {"threads": 2, "chunk_trials": 128, "block_tiles": 1},
            {"threads": 5, "chunk_trials": 384, "block_tiles": 3},
        )
    ]
    assert len({tally.ends.tobytes() + tally.followed.tobytes() for tally in tallies}) == 1
    assert tallies[0].followed.any()


@pytest.mark.parametrize("name", ["leaving", "returning"])
def test_each_hypothesis_alone_is_its_cell_among_all(name: str) -> None:
    """Hypotheses that share a period still lose their own patients."""
    scenario = trial(name)
    together = as_json(simulate(scenario, trials=700, seed=SEED).cells())
    for h in scenario.hypotheses:
        only = scenario.simulation.model_copy(update={"hypotheses": (h,)})
        alone = as_json(
            simulate(scenario.model_copy(update={"simulation": only}), trials=700, seed=SEED).cells()
        )
        assert alone == [cell for cell in together if cell["hypothesis"] == h], h
    whole, same, other = (
        [
            {k: v for k, v in cell.items() if k != "hypothesis"}
            for cell in together
            if cell["hypothesis"] == name
        ]
        for name in scenario.hypotheses
    )
    assert whole == same != other


@pytest.mark.parametrize("name", ["leaving", "returning"])
def test_first_patients_of_a_large_trial_are_the_small_trial(name: str) -> None:
    scenario = trial(name)
    few = virtual_patients(job_of(scenario, seed=SEED, patients=[8]), 256, 2)
    many = virtual_patients(job_of(scenario, seed=SEED, patients=[8, 40]), 256, 2)
    assert np.array_equal(few[1], many[1][:, :8], equal_nan=True)


def test_patients_counted_are_those_generated() -> None:
    """Also where the last tile is not full."""
    scenario = trial("leaving")
    work = job_of(scenario, seed=SEED)
    outcome = run_job(work, 300, threads=2)
    order, values = virtual_patients(work, 0, 3)
    tiles, patients, hypotheses, readings, _ = values.shape
    there = ~np.isnan(values.reshape(tiles, patients, hypotheses, readings, -1, W)[:, :, :, 0])
    counted = np.arange(3 * W).reshape(3, 1, 1, 1, W) < 300
    for s in range(2):
        here = (order == s)[:, :, None, None, None] & counted
        assert np.array_equal((there & here).sum(axis=(0, 1, 4)), outcome.tally.followed[:, s, :, THERE])
        assert (outcome.tally.followed[:, s, :, RANDOMISED] == here.sum()).all()
    cell = as_json(Run(scenario, "leaving", outcome).cells())[0]
    share = 1.0 - (there[:, :, 0, -1] & counted[:, :, 0, 0]).sum() / (300 * patients)
    assert math.isclose(cell["dropout"]["estimate"], share)
    rows = {(row["sequence"], row["after_period"]): row for row in cell["leaving"]}
    assert list(rows) == [("A B C", 1), ("A B C", 2), ("B A C", 1), ("B A C", 2)]
    assert rows["B A C", 1]["treatment"] == "B"
    assert rows["B A C", 1]["patients"] == outcome.tally.followed[0, 1, 0, THERE]
    last = cell["looks"][-1]
    assert math.isclose(last["completers"], 22 * (1 - share))
    assert last["completers_mcse"] > 0


# Stated means: y1 normal, leaving logistic in y1, y2 linear in y1. One integral gives all there is to know.
MEANS = {"A": 14.0, "B": 18.0}
WITHIN, BETWEEN = 4.0, 3.0
P, RATIO, PER, AROUND, AFTER_B = 0.2, 1.5, 3.0, 16.0, 2.0


def expected() -> tuple[float, dict[str, float]]:
    """(mean of the estimate A - B, share who leave after each treatment), were trials endless."""
    sd = math.hypot(WITHIN, BETWEEN)
    shift, leave = {}, {}
    for first in "AB":
        odds = P / (1 - P) * (AFTER_B if first == "B" else 1.0)

        def stays(y: float, odds: float = odds) -> float:
            return 1.0 / (1.0 + odds * RATIO ** ((y - AROUND) / PER))

        mean = MEANS[first]
        stay, moment = (
            quad(
                lambda y, m=m, mean=mean, s=stays: y**m * s(y) * norm.pdf(y, mean, sd), mean - 60, mean + 60
            )[0]
            for m in (0, 1)
        )
        leave[first] = 1.0 - stay
        # what the completers' first score is above its mean; the second has the patient's level in common
        above = moment / stay - mean
        shift[first] = above * (1.0 - BETWEEN**2 / sd**2)
    return MEANS["A"] - MEANS["B"] + (shift["A"] - shift["B"]) / 2, leave


def compare_with_theory(**changes: float) -> Comparison:
    driver = {"ratio": RATIO, "per": PER, "around": AROUND} | changes
    text = scenario_text(
        patients=24,
        hypotheses={"h": {"means": MEANS, "sd_within": WITHIN, "sd_between": BETWEEN}},
        analyses=[{"method": "hills-armitage", "contrast": ["A", "B"]}],
        population={
            "dropout": {"per_period": P, "odds_ratio": {"endpoint": driver, "treatment": {"B": AFTER_B}}}
        },
    )
    cell = run(text, 20_000)(hypothesis="h")
    estimate, leave = expected()
    comparison = Comparison()
    comparison.mean("estimate", cell["estimate"]["mean"], cell["estimate"]["mean_mcse"], estimate)
    for row in cell["leaving"]:
        comparison.mean(
            row["sequence"], row["left"]["estimate"], row["left"]["mcse"], leave[row["treatment"]]
        )
    share = sum(leave.values()) / 2
    comparison.mean("dropout", cell["dropout"]["estimate"], cell["dropout"]["mcse"], share)
    return comparison


def test_bias_and_dropout_against_an_integral() -> None:
    """Who scores high leaves, most of them after B, whose mean thereby looks better than it is."""
    estimate, _ = expected()
    assert estimate > MEANS["A"] - MEANS["B"] + 0.2, "the effect of A looks smaller"
    compare_with_theory().check()


def test_another_odds_ratio_is_seen() -> None:
    with pytest.raises(TooFarApart):
        compare_with_theory(ratio=1.45).check()


def test_leaving_that_depends_on_nothing_biases_nothing() -> None:
    text = scenario_text(
        patients=24,
        hypotheses={"h": {"means": MEANS, "sd_within": WITHIN, "sd_between": BETWEEN}},
        population={"dropout": {"per_period": 0.3, "odds_ratio": {"treatment": {"B": 3.0}}}},
    )
    cell = run(text, 20_000)(hypothesis="h")
    with Comparison() as comparison:
        comparison.mean("bias", cell["estimate"]["bias"], cell["estimate"]["bias_mcse"], 0.0)
        for row in cell["leaving"]:
            p = 0.9 / 1.6 if row["treatment"] == "B" else 0.3
            comparison.probability(row["sequence"], row["left"], row["patients"], p)


def test_certain_odds_stay_certain() -> None:
    """Nobody leaves with probability 0 and everybody with probability 1, whatever the odds ratio."""
    for p, left in ((0.0, 0.0), (1.0, 1.0)):
        text = scenario_text(
            patients=4,
            hypotheses={"h": {"means": MEANS, "sd_within": WITHIN, "sd_between": BETWEEN}},
            population={
                "dropout": {
                    "per_period": p,
                    "odds_ratio": {"endpoint": {"ratio": 1000.0, "per": 1e-6, "around": 16.0}},
                }
            },
        )
        work = job_of(read_text(text))
        followed = run_job(work, 256).tally.followed
        assert (followed[..., 1, THERE] == (1.0 - left) * followed[..., 1, RANDOMISED]).all()


def with_rule(scenario: Scenario, rule: ReturnToBaseline | None) -> Scenario:
    design = scenario.design.model_copy(update={"return_to_baseline": rule})
    return scenario.model_copy(update={"design": design})


@pytest.mark.parametrize("name", ["returning", "leaving", "mechanisms", "any-number", "williams-2018"])
def test_a_rule_that_never_binds_is_none(name: str) -> None:
    """To the last bit, and nobody waits."""
    plain = with_rule(trial(name), None)
    below_any = {"share": -100.0, "entry": False, "recheck_days": 7.0, "at_most_days": 7.0}
    idle = with_rule(plain, ReturnToBaseline.model_construct(**below_any))
    want = virtual_patients(job_of(plain, seed=SEED), 0, 3)[1]
    found = virtual_patients(job_of(idle, seed=SEED), 0, 3)[1]
    assert np.array_equal(want, found[:, :, :, :-1], equal_nan=True)
    waits = found[:, :, :, -1, :-W]  # of the last period there is nothing to store
    assert (waits[~np.isnan(waits)] == 0.0).all()
    binds = with_rule(plain, ReturnToBaseline(share=0.9, recheck_days=7, at_most_days=7))
    found = virtual_patients(job_of(binds, seed=SEED), 0, 3)[1]
    assert not np.array_equal(want, found[:, :, :, :-1], equal_nan=True), "control: one that binds is seen"


def test_who_has_not_waited_is_as_without_the_rule() -> None:
    """The same bits beside patients of other trials who waited."""
    scenario = trial("returning")
    plain = virtual_patients(job_of(with_rule(scenario, None), seed=SEED), 0, 3)[1]
    ruled = virtual_patients(job_of(scenario, seed=SEED), 0, 3)[1]
    shape = (*ruled.shape[:4], 3, W)
    plain, ruled = plain.reshape(*plain.shape[:4], 3, W), ruled.reshape(shape)
    at_once = (ruled[:, :, :, -1, :2] == 0.0).all(axis=3)
    assert 0.05 < at_once.mean() < 0.95
    for reading in range(2):
        pairs = (
            plain[:, :, :, reading].transpose(0, 1, 2, 4, 3)[at_once],
            (ruled[:, :, :, reading].transpose(0, 1, 2, 4, 3)[at_once]),
        )
        assert np.array_equal(*pairs, equal_nan=True)


# Everybody improves by 60 %, half of it gone every 5 days after the first; nothing varies.
SURE = """
    schema_version = 1
    agents = { drug = {}, pill = {} }
    treatments = { A = { agents = ["drug"] }, B = { agents = ["pill"] } }
    signals = { target = { activated_by = { drug = 1 } } }
    components = { effect = { size = 0.6, half_life_days = 5 } }
    hypotheses = { h = { terms = [{ component = "effect", needs = ["target"] }] } }
    population = { baseline = { mean = 1e6, sd = 1e-3 } }
    analyses = [{ method = "paired-t", measure = "score", contrast = ["A", "B"] }]
    [design]
    sequences = ["A B", "B A"]
    patients = 4
    washout_days = 6
"""


@pytest.mark.parametrize(
    ("share", "at_most"), [(0.72, 30), (0.8, 30), (0.9, 30), (0.97, 30), (0.97, 21), (0.9, 0)]
)
def test_waits_of_patients_who_do_not_vary(share: float, at_most: float) -> None:
    """After A the improvement is 60 % x 2^(-(days - 1) / 5): when enough of it has gone is known."""
    rule = f"return_to_baseline = {{ share = {share}, recheck_days = 3, at_most_days = {at_most} }}"
    work = job_of(read_text(SURE + rule))
    order, values = virtual_patients(work, 0, 1)
    score, waits = values[0, :, 0, 0].reshape(4, 2, W), values[0, :, 0, 1].reshape(4, 2, W)[:, 0]
    need = math.ceil((1 + 5 * math.log2(0.6 / (1 - share)) - 6) / 3)
    times = max(need, 0)
    for p in range(4):
        if order[0, p] == 1:  # nothing to return from
            assert (waits[p] == 0.0).all()
            assert np.allclose(score[p], [[1e6], [0.4e6]], rtol=1e-6)
        elif 3 * times > at_most:
            assert (waits[p] == -1.0).all()
            assert np.isnan(score[p, 1]).all()
        else:
            assert (waits[p] == times).all()
            left = 0.6 * 2 ** (-(6 + 3 * times + 1 - 1) / 5)
            assert np.allclose(score[p], [[0.4e6], [1e6 * (1 - left)]], rtol=1e-6)


def test_waits_are_counted() -> None:
    scenario = trial("returning")
    work = job_of(scenario, seed=SEED)
    outcome = run_job(work, 300, threads=2)
    order, values = virtual_patients(work, 0, 3)
    waits = values[:, :, :, -1].reshape(3, 18, 3, 3, W)
    counted = np.arange(3 * W).reshape(3, 1, 1, 1, W) < 300
    followed = outcome.tally.followed
    for s in range(2):
        seen = np.where((order == s)[:, :, None, None, None] & counted, waits, np.nan)[:, :, :, :2]
        assert np.array_equal((seen == -1).sum(axis=(0, 1, 4)), followed[:, s, :2, IN_VAIN])
        once = np.where(seen > 0, seen, 0.0)
        assert np.array_equal(once.sum(axis=(0, 1, 4)), followed[:, s, :2, AGAIN])
        assert np.array_equal((once**2).sum(axis=(0, 1, 4)), followed[:, s, :2, AGAIN_SQUARE])
    cell = as_json(Run(scenario, "returning", outcome).cells())[0]
    row = cell["leaving"][0]
    assert (row["sequence"], row["after_period"], row["treatment"]) == ("A B A", 1, "A")
    assert row["never_returned"]["estimate"] == followed[0, 0, 0, IN_VAIN] / row["patients"]
    there = followed[0, 0, 1, THERE]
    assert math.isclose(row["extra_days"]["estimate"], 3.5 * followed[0, 0, 0, AGAIN] / there)
    by_chance = row["left"]["estimate"] - row["never_returned"]["estimate"]
    assert 0.05 < by_chance < 0.3
