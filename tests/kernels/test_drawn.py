"""What is drawn of random numbers: a patient's normals, allocation in blocks, departures, outcomes."""

from __future__ import annotations

import math
from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from planner.engine.job import job_of
from planner.kernels.generate.randomise import allocate
from planner.kernels.jit import kernel
from planner.kernels.random.draw import draw_all
from planner.kernels.random.philox import LOW, SHIFT, U
from planner.kernels.tables import W
from planner.model.draw_list import DrawList
from planner.scenario.reading.read import read_text
from tests.support.harness import Z_LIMIT
from tests.support.sample_trials import SEED, trial, virtual_patients


@kernel
def _patients(first, k0, k1, draws, out):
    """Normals out f64[patient, row * W]."""
    trial = np.empty(W, np.uint64)
    word = np.empty(4 * draws.place.size * W, np.uint64)
    for i in range(W):
        trial[i] = U(first + i)
    for p in range(out.shape[0]):
        draw_all(trial, k0, k1, p, draws, word, out[p])


def test_a_patients_normals_are_all_different_and_uncorrelated() -> None:
    """Levels, residuals, visits and interactions of three periods, five visits and eight treatments."""
    tiles, patients = 40, 20
    wanted = DrawList()
    wanted.patient()
    wanted.periods(3)
    wanted.visits(3, 5)
    wanted.treatments(8)
    draws = wanted.table()
    out = np.empty((tiles, patients, (int(draws.pair[:, 2].max()) + 2) * W))
    seed = np.uint64(SEED)
    for tile in range(tiles):
        _patients(tile * W, seed & LOW, seed >> SHIFT, draws, out[tile])
    rows = out.reshape(tiles, patients, -1, W).transpose(2, 0, 1, 3).reshape(-1, tiles * patients * W)
    assert len(np.unique(rows)) == rows.size
    r = np.corrcoef(rows) * math.sqrt(rows.shape[1])
    assert np.abs(r[~np.eye(len(r), dtype=bool)]).max() < Z_LIMIT
    assert np.abs(rows.mean(axis=1)).max() * math.sqrt(rows.shape[1]) < Z_LIMIT


# Allocation


def _allocations(block: list[int], tiles: int, patients: int) -> NDArray[np.int64]:
    sequence = np.zeros((tiles, patients), np.int64)
    allocate(0, np.uint64(SEED), np.array(block, np.int64), sequence)
    return sequence


@pytest.mark.parametrize("block", [[0, 1], [0, 1, 2], [0, 0, 1, 1], [0, 0, 1], [0, 1, 2, 3]], ids=str)
def test_every_order_of_a_block_is_equally_likely(block: list[int]) -> None:
    blocks = 5
    found = _allocations(block, 8_000, blocks * len(block)).reshape(-1, len(block))
    counts = Counter(tuple(row) for row in found.tolist())
    orders = set(permutations(block))
    assert set(counts) == orders
    expected = len(found) / len(orders)
    surprise = sum((n - expected) ** 2 / expected for n in counts.values())
    assert chi2.sf(surprise, len(orders) - 1) > 1e-6


def test_blocks_are_independent_of_each_other() -> None:
    found = _allocations([0, 1], 20_000, 12)[:, ::2]
    for a, b in combinations(range(found.shape[1]), 2):
        same = int((found[:, a] == found[:, b]).sum())
        assert abs(same - 10_000) < Z_LIMIT * math.sqrt(5_000)
    one_after_another = found[:-1, 0] == found[1:, 0]
    assert abs(int(one_after_another.sum()) - 10_000) < Z_LIMIT * math.sqrt(5_000)


def test_a_last_block_may_be_cut() -> None:
    """A trial of 10 in blocks of four: the last two places are the first two of a whole block."""
    assert np.array_equal(_allocations([0, 0, 1, 1], 50, 10), _allocations([0, 0, 1, 1], 50, 12)[:, :10])


# Dropout

LEAVING = """
schema_version = 1
[design]
name = "williams"
arms = ["A", "B", "C"]
patients = 30
[population]
dropout = { per_period = [0.2, 0.05], before_first = 0.1 }
[hypotheses.only]
means = { A = 0.0, B = 0.0, C = 0.0 }
sd_within = 1.0
sd_between = 1.0
[[analyses]]
method = "paired-t"
contrast = ["A", "B"]
"""


def test_patients_leave_as_often_as_stated() -> None:
    """Before the first period and in each gap, and nobody comes back."""
    work = job_of(read_text(LEAVING), seed=SEED)
    _, values = virtual_patients(work, 0, 60)
    here = ~np.isnan(values.reshape(60, 30, 3, W))
    assert (here[:, :, 1:] <= here[:, :, :-1]).all()
    at_risk = here[:, :, 0].size
    for k, chance in enumerate((0.1, 0.2, 0.05)):
        stayed = int(here[:, :, k].sum())
        left = at_risk - stayed
        assert abs(left - at_risk * chance) < Z_LIMIT * math.sqrt(at_risk * chance * (1 - chance))
        at_risk = stayed


def test_leaving_says_nothing_about_the_outcome() -> None:
    """First-period outcomes of those who leave later have the mean of those who stay."""
    work = job_of(read_text(LEAVING), seed=SEED)
    _, values = virtual_patients(work, 0, 60)
    outcome = values.reshape(60, 30, 3, W)
    seen = ~np.isnan(outcome[:, :, 0])
    stays = ~np.isnan(outcome[:, :, 2])
    leavers, stayers = outcome[:, :, 0][seen & ~stays], outcome[:, :, 0][stays]
    difference = leavers.mean() - stayers.mean()
    assert abs(difference) < Z_LIMIT * math.sqrt(2.0 / leavers.size + 2.0 / stayers.size)


def test_certain_and_impossible_departures() -> None:
    sure = LEAVING.replace("[0.2, 0.05]", "[0.0, 1.0]").replace("before_first = 0.1", "before_first = 0.0")
    _, values = virtual_patients(job_of(read_text(sure), seed=SEED), 0, 2)
    here = ~np.isnan(values.reshape(2, 30, 3, W))
    assert here[:, :, :2].all()
    assert not here[:, :, 2].any()


def test_outcomes_have_the_stated_mean_and_spread() -> None:
    """Means, total SD and correlation of one patient's two outcomes, without limits and steps."""
    work = job_of(trial("unbounded"), seed=SEED)
    sequence, values = virtual_patients(work, 0, 100)
    outcome = values.reshape(100, 24, 2, W)
    first_a = np.repeat(sequence[:, :, None] == 0, W, axis=2)
    a = np.where(first_a, outcome[:, :, 0], outcome[:, :, 1]).ravel()
    b = np.where(first_a, outcome[:, :, 1], outcome[:, :, 0]).ravel()
    n = a.size
    for x, mean in ((a, 10.25), (b, 7.0)):
        assert abs(x.mean() - mean) < Z_LIMIT * 6.5 / math.sqrt(n)
        assert abs(x.std() / 6.5 - 1.0) < Z_LIMIT / math.sqrt(2 * n)
    assert abs(np.corrcoef(a, b)[0, 1] - 0.4) < Z_LIMIT * (1 - 0.4**2) / math.sqrt(n)
