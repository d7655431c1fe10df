"""The Monte Carlo error of trials that share a randomisation list, against theory and known values.

That every printed error is right is tested over seeds in test_errors_over_seeds.py.
"""

from __future__ import annotations

import itertools
import math
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest

from planner.engine.job import job_of
from planner.engine.run import run_job
from planner.engine.simulation import Simulation
from planner.kernels.tables import Plan, W
from planner.questions.compare.compare import compare
from planner.questions.run.simulate import simulate
from planner.questions.size.size import size
from planner.results.contract import as_json
from planner.results.design_effect import FEWEST, AllocatedPatients, design_effect, shared_squares
from planner.results.run import Run
from planner.scenario.reading.read import read_text

SEEDS = 60
TRIALS = 4096
# The standard deviation of 60 runs over its expectation has a standard error of 1 / sqrt(118) = 0.09.
LOW, HIGH = 0.72, 1.28

SCENARIO = """
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = {patients}
[population]
period_effect = [0, {period}]
[hypotheses.h]
means = {{ A = 3, B = 0 }}
sd_within = 3.5
sd_between = 4
[[analyses]]
method = "{method}"
{more}
"""


def trial(patients: int, method: str = "hills-armitage", period: float = 0.0, more: str = "") -> Any:
    return read_text(SCENARIO.format(patients=patients, method=method, period=period, more=more))


def runs(patients: int, method: str) -> list[dict[str, Any]]:
    scenario = trial(patients, method, 5.0)
    return [as_json(simulate(scenario, trials=TRIALS, seed=seed).cells())[0] for seed in range(SEEDS)]


def spread(values: list[float], errors: list[float]) -> float:
    """Standard deviation over runs, relative to the standard error that each run states."""
    return stdev(values) / fmean(errors)


@pytest.mark.parametrize("method", ["paired-t", "hills-armitage"])
@pytest.mark.parametrize("patients", [12, 13])
def test_errors_are_the_spread_over_runs(patients: int, method: str) -> None:
    cells = runs(patients, method)
    power = [cell["power"] for cell in cells]
    estimate = [cell["estimate"] for cell in cells]
    ratios = {
        "power": spread([p["estimate"] for p in power], [p["mcse"] for p in power]),
        "mean": spread([e["mean"] for e in estimate], [e["mean_mcse"] for e in estimate]),
        "empirical_se": spread(
            [e["empirical_se"] for e in estimate], [e["empirical_se_mcse"] for e in estimate]
        ),
    }
    print(patients, method, ratios)
    assert all(LOW < ratio < HIGH for ratio in ratios.values())


def test_trials_that_share_a_list_are_not_independent() -> None:
    """Negative control: the error of independent trials is far too small for 13 patients in blocks of two."""
    cells = runs(13, "paired-t")
    naive = [cell["estimate"]["empirical_se"] / math.sqrt(TRIALS) for cell in cells]
    assert spread([cell["estimate"]["mean"] for cell in cells], naive) > HIGH
    assert "randomisation list" in cells[0]["note"]


def test_a_partly_filled_tile_is_no_whole_one() -> None:
    """Known values: the spread of power over 30 seeds, where the list has no part in it but for chance.

    49 patients, looks after 25 and 49, 5,000 trials: power .00195, patients .13 (24 x sqrt(p (1 - p) / 5000)
    is the exact one). 25 patients, 10,000 trials: .0028 to .0032. 63 patients, 100,000 trials: .00008.
    """
    text = '[monitoring]\nlooks = [25, 49]\nefficacy = { rule = "obrien-fleming-spending" }'
    cells = [
        as_json(simulate(trial(49, more=text), trials=5_000, seed=s, threads=1).cells())[0]
        for s in range(1, 31)
    ]
    for name, least, most in (("power", 0.0, 0.0026), ("expected_patients", 0.13, 0.2)):
        figures = [cell[name] for cell in cells]
        print(name, stdev(f["estimate"] for f in figures), fmean(f["mcse"] for f in figures))
        assert LOW < spread([f["estimate"] for f in figures], [f["mcse"] for f in figures]) < HIGH
        assert least <= fmean(f["mcse"] for f in figures) <= most
    for cell in cells:
        early = cell["stopped_early"]["estimate"]
        exact = 24.0 * math.sqrt(early * (1.0 - early) / 5_000)
        assert exact <= cell["expected_patients"]["mcse"] < 1.35 * exact
    odd = read_text(
        "schema_version = 1\n[design]\nsequences = ['A B', 'B A']\npatients = 25\n[hypotheses.h]\n"
        "means = { A = 1.0, B = 0.0 }\nsd_difference = 1.5\n[[analyses]]\ncontrast = ['A', 'B']\nalpha = 0.05"
    )
    (cell,) = as_json(simulate(odd, trials=10_000, threads=1).cells())
    assert 0.0028 <= cell["power"]["mcse"] <= 0.0032
    (cell,) = as_json(simulate(odd, trials=100_000, patients=[63], threads=1).cells())
    assert cell["power"]["mcse"] == pytest.approx(0.00008, abs=0.00001)
    assert cell["note"] == ""


# The estimator


def tiles(alike: float, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Normal values of trials, those of a tile with this correlation."""
    tile = np.arange(trials) // W
    common = rng.normal(size=tile.max() + 1)[tile]
    return math.sqrt(alike) * common + math.sqrt(1.0 - alike) * rng.normal(size=trials)


@pytest.mark.parametrize("trials", [1_100, 5_000, 20_000])
@pytest.mark.parametrize("alike", [0.0, 0.01, 0.1])
def test_design_effect_against_theory(alike: float, trials: int) -> None:
    """The variance of the mean of equicorrelated values is known: 1 + (sum of n_t^2 / n - 1) rho, over n."""
    rng = np.random.default_rng(7)
    found = []
    for _ in range(400):
        whole = tiles(alike, trials, rng)[: trials // W * W].reshape(-1, W).sum(axis=1)
        found.append(design_effect(len(whole), float(whole.sum()), float((whole**2).sum()), 1.0, trials))
    sizes = [W] * (trials // W) + [trials % W]
    true = 1.0 + (sum(n * n for n in sizes) / trials - 1.0) * alike
    ratio = fmean(math.sqrt(each) for each in found) / math.sqrt(true)
    print(f"{trials} trials, correlation {alike}: {ratio:.3f} of the true error")
    assert 0.87 < ratio < 1.1
    wrong = fmean(math.sqrt(each * 1.5**2) for each in found) / math.sqrt(true)
    assert wrong > 1.1  # the negative control


def test_chance_alone_is_seldom_taken_for_a_design_effect() -> None:
    rng = np.random.default_rng(8)
    sums = rng.binomial(W, 0.3, size=(2_000, 40))
    found = [design_effect(40, float(x.sum()), float((x * x).sum()), 0.21, 40 * W) for x in sums]
    assert 0.02 < np.mean(np.array(found) > 1.0) < 0.09  # 5 %


def test_rare_events_in_one_tile_are_no_design_effect() -> None:
    """Two events of 10,000 trials in one tile: with 78 tiles that happens by chance once in 78 times."""
    p = 2.0 / 9_984
    assert design_effect(78, 2.0, 4.0, p * (1.0 - p), 10_000, 1.0 / p) == 1.0
    assert design_effect(78, 2.0, 4.0, p * (1.0 - p), 10_000) > 1.5  # the negative control


@pytest.mark.parametrize("trials", [1, 127, 128, 129, 5_000])
def test_trials_of_a_tile_squared(trials: int) -> None:
    assert shared_squares(trials) == sum(n * n for n in np.bincount(np.arange(trials) // W).tolist())


@pytest.mark.parametrize("block", [[0, 1], [0, 0, 1], [0, 1, 2], [0, 0, 1, 1, 1, 2]])
@pytest.mark.parametrize("patients", [3, 7, 8, 12])
def test_what_lists_add_to_a_count(block: list[int], patients: int) -> None:
    """Against all orders of a block: the variance of the sum over its first places."""
    mean = np.array([0.9, 0.2, 0.5])[: max(block) + 1]
    rest = patients % len(block)
    sums = [sum(mean[s] for s in order[:rest]) for order in itertools.permutations(block)]
    trials = 300
    exact = float(np.var(sums)) * (128**2 + 128**2 + 44**2)
    found = AllocatedPatients(np.array(block), patients, trials).variance(mean)
    assert found == pytest.approx(exact, abs=1e-9)


# What is said, and what adds up


def test_too_few_whole_tiles_are_said() -> None:
    scenario = trial(13, "paired-t", 5.0)
    few = simulate(scenario, trials=FEWEST * W - 1).to_json()
    assert "approximate" in few["cells"][0]["note"]
    assert any("approximate" in warning for warning in few["warnings"])
    enough = simulate(scenario, trials=FEWEST * W).to_json()
    assert "approximate" not in enough["cells"][0]["note"] + " ".join(enough["warnings"])
    even = simulate(trial(12, "paired-t", 5.0), trials=500).to_json()
    assert "approximate" not in even["cells"][0]["note"] + " ".join(even["warnings"])


@pytest.mark.parametrize("trials", [1, 100, 127, 128, 256, 400])
def test_few_trials_have_errors(trials: int) -> None:
    """No tile, one, two: nothing fails, and the list that two tiles show is allowed for."""
    (cell,) = as_json(simulate(trial(13, "paired-t", 25.0), trials=trials).cells())
    assert cell["power"]["mcse"] > 0.0
    assert "approximate" in cell["note"]


def test_a_comparison_says_it_too() -> None:
    pair = trial(13, "paired-t", 5.0), trial(15, "paired-t", 5.0)
    few, enough = (compare(pair, names=["a", "b"], trials=n).to_json() for n in (500, FEWEST * W))
    assert any("approximate" in warning for warning in few["warnings"])
    assert not any("approximate" in warning for warning in enough["warnings"])


def test_neighbouring_stretches_add_up_to_one_run() -> None:
    """Sums of whole tiles: in one run, in two that meet at a multiple of 128, in any chunks and blocks."""
    scenario = trial(13, "paired-t", 5.0, '[monitoring]\nlooks = [7, 13]\nefficacy = { rule = "pocock" }')
    work = job_of(scenario)
    one = run_job(work, 3_000, threads=1).tally
    both = work.cells.empty()
    both.add(run_job(work, 10 * W, threads=1).tally)
    both.add(run_job(work, 3_000 - 10 * W, first=10 * W, threads=2).tally)
    small = run_job(work, 3_000, threads=2, chunk_trials=W, block_tiles=1).tally
    for other in (both, small):
        assert np.array_equal(one.between, other.between)
        assert np.array_equal(one.ends, other.ends)
    assert one.between[0, 0, 0, 0, 0] == 3_000 // W
    # What whole tiles sum up to is what a run of the whole tiles alone has.
    whole = run_job(work, 3_000 // W * W, threads=1).tally
    assert np.array_equal(one.between, whole.between)
    counts = whole.between[0, 0, 0, 0, 1 : 1 + whole.ends[0, 0, 0, ..., 0].size]
    assert np.array_equal(counts, whole.ends[0, 0, 0, ..., 0].ravel())
    together = Run(scenario, "x", Simulation(work.cells, both, 1.0, False))
    assert together.cells() == simulate(scenario, trials=3_000).cells()


def test_nothing_is_kept_where_blocks_end_with_every_look() -> None:
    work = job_of(trial(12))
    assert work.cells.empty().between.size == 0
    assert not work.cells.listed
    assert isinstance(work.plan, Plan)


def test_a_size_says_it_too() -> None:
    blocks = trial(12, "paired-t", 5.0).model_copy()
    design = blocks.design.model_copy(update={"block": 2})
    four = blocks.model_copy(update={"design": design})
    few, enough = (size(four, power=0.8, max_patients=40, trials=n).warnings for n in (500, 2_000))
    assert any("approximate" in warning for warning in few)
    assert not any("approximate" in warning for warning in enough)
