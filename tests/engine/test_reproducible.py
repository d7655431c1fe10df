"""The same scenario, seed and number of trials give the same bits on any processor, in any order and company.

`numbers/golden.json` holds what the sample trials gave; it changes only when results are meant to change, and
then CHANGELOG.md says why.
"""

from __future__ import annotations

import json
import platform
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import TallyWork, run_job
from planner.engine.tally import Tally
from planner.kernels.generate.randomise import allocate
from planner.kernels.tables import W
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.results.run import Run
from planner.scenario.canonical.toml import to_toml
from planner.scenario.reading.read import read_text
from tests.support.processors import TARGETS, X86, compiled_for, hidden, processor_flags
from tests.support.sample_trials import (
    GOLDEN,
    NAMES,
    SEED,
    TRIALS,
    answers,
    elsewhere,
    fingerprints,
    sums_digest,
    trial,
    virtual_patients,
)


@pytest.fixture(scope="module")
def golden() -> dict[str, str]:
    found: dict[str, str] = json.loads(GOLDEN.read_text())
    assert tuple(found) == NAMES
    return found


def run(name: str, trials: int = TRIALS, **how: int) -> str:
    """Digest of a sample trial simulated in a particular way."""
    scenario = trial(name)
    return Run(scenario, name, run_job(job_of(scenario, seed=SEED), trials, **how)).digest()


def same(a: Tally, b: Tally) -> bool:
    return a.trials == b.trials and np.array_equal(a.ends, b.ends) and np.array_equal(a.free, b.free)


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str, golden: dict[str, str]) -> None:
    assert fingerprints((name,), TRIALS)[name] == golden[name], "the simulated trials changed"


@pytest.mark.parametrize("name", NAMES)
def test_threads_chunks_and_blocks_decide_nothing(name: str) -> None:
    want = run(name)
    ways: list[dict[str, int]] = [
        {"threads": 1},
        {"threads": 2},
        {"threads": 5},
        {"threads": 5, "chunk_trials": W, "block_tiles": 1},
        {"threads": 2, "chunk_trials": 3 * W, "block_tiles": 2},
        {"threads": 2, "chunk_trials": 5 * W, "block_tiles": 3},
        {"threads": 1, "chunk_trials": 11 * W, "block_tiles": 7},
        {"threads": 5, "chunk_trials": 100 * W, "block_tiles": 64},
    ]
    for how in ways:
        assert run(name, **how) == want, how


@pytest.mark.parametrize("trials", [1, 2, W - 1, W, W + 1, 8 * W - 1, 8 * W + 1, 1000])
def test_any_number_of_trials(trials: int) -> None:
    """Each trial is counted once, also where the last tile is partial."""
    scenario = trial("whole-points")
    found = simulate(scenario, trials=trials, seed=SEED)
    assert found.trials == trials
    assert found.outcome.tally.ends[..., 0].sum(axis=(2, 3, 4)).tolist() == [[trials] * 2] * 2
    assert found.digest() == run("whole-points", trials, threads=2, chunk_trials=W, block_tiles=1)


def test_another_seed_gives_other_trials() -> None:
    """The comparisons of this file can fail: digests tell seeds, numbers of trials and scenarios apart."""
    scenario = trial("unbounded")
    seeds = {simulate(scenario, trials=500, seed=s).digest() for s in (0, 1, 2**32, 2**64 - 1)}
    sums = {sums_digest(simulate(scenario, trials=500, seed=s)) for s in (0, 1, 2**32, 2**64 - 1)}
    assert len(seeds) == len(sums) == 4
    assert len({run(name, n) for name in NAMES for n in (200, 201)}) == 2 * len(NAMES)


def test_one_trial_more_or_one_patient_changed_shows() -> None:
    """A single trial ending elsewhere gives another digest."""
    scenario = trial("unbounded")
    found = simulate(scenario, trials=500, seed=SEED)
    other = replace(found.outcome.tally, ends=found.outcome.tally.ends.copy())
    other.ends.flat[int(np.flatnonzero(other.ends)[0])] += 1
    assert replace(found, outcome=replace(found.outcome, tally=other)).digest() != found.digest()


def stretch(job: Job, first: int, trials: int) -> Tally:
    """The tally of these trials, as a worker makes it."""
    work = TallyWork(job)
    return work.do(first, trials, work.space(), lambda _: True)


@pytest.mark.parametrize("name", ["whole-points", "futility"])
def test_shorter_run_is_the_beginning_of_a_longer_one(name: str) -> None:
    """run(2000) is run(1024) and the trials 1024 .. 1999, which can be simulated apart."""
    work = job_of(trial(name), seed=SEED)
    whole = run_job(work, 2000, threads=2).tally
    parts = run_job(work, 8 * W, threads=1).tally
    later = stretch(work, 8 * W, 2000 - 8 * W)
    assert (parts.ends <= whole.ends)[..., 0].all()
    assert np.array_equal(whole.ends - parts.ends, later.ends)
    parts.add(later)
    assert same(parts, whole)


def test_trials_do_not_depend_on_their_neighbours() -> None:
    work = job_of(trial("whole-points"), seed=SEED)
    sequence, values = virtual_patients(work, 0, 16)
    for first, tiles in ((0, 1), (5, 1), (3, 4), (9, 7)):
        part = virtual_patients(work, first * W, tiles)
        assert np.array_equal(part[0], sequence[first : first + tiles])
        assert np.array_equal(part[1], values[first : first + tiles], equal_nan=True)
    for a, b in ((0, 1), (7, 8)):
        assert not np.array_equal(values[a], values[b], equal_nan=True)


def test_trials_beyond_two_to_the_32() -> None:
    """Trial 2^32 + i is not trial i again."""
    work = job_of(trial("unbounded"), seed=SEED)
    _, near = virtual_patients(work, 0, 2)
    _, far = virtual_patients(work, 2**32, 2)
    _, across = virtual_patients(work, 2**32 - W, 2)
    assert np.array_equal(across[1], far[0])
    assert not (near == far).any()


def test_sums_merge_in_any_order() -> None:
    work = job_of(trial("futility"), seed=SEED)
    whole = run_job(work, 20 * W, threads=2).tally
    rng = np.random.default_rng(3)
    for _ in range(3):
        total = work.cells.empty()
        for i in rng.permutation(20):
            total.add(stretch(work, int(i) * W, W))
        assert same(total, whole)


@pytest.mark.parametrize("name", NAMES)
def test_first_patients_of_a_large_trial_are_the_small_trial(name: str) -> None:
    """The first 12 of 60 patients have the sequences and the outcomes of the trial of 12."""
    scenario = trial(name)
    small = job_of(scenario, seed=SEED, patients=[12])
    large = job_of(scenario, seed=SEED, patients=[12, 60])
    few, many = virtual_patients(small, 3 * W, 2), virtual_patients(large, 3 * W, 2)
    assert np.array_equal(few[0], many[0][:, :12])
    assert np.array_equal(few[1], many[1][:, :12], equal_nan=True)
    alone = run_job(small, 1000, threads=1).tally.ends[:, :, 0]
    together = run_job(large, 1000, threads=2).tally.ends[:, :, 0]
    assert np.array_equal(alone, together[:, :, : alone.shape[2]])
    assert not together[:, :, alone.shape[2] :].any()


def test_figures_of_a_size_do_not_depend_on_the_other_sizes() -> None:
    scenario = trial("whole-points")
    alone = as_json(simulate(scenario, trials=1000, patients=[24]).cells())
    among = as_json(simulate(scenario, trials=1000, patients=[10, 24, 30, 60]).cells())
    assert [cell for cell in among if cell["patients"] == 24] == alone


def test_hypotheses_and_analyses_do_not_touch_each_other() -> None:
    """The same patients under each hypothesis: leaving one out changes nothing in the other."""
    scenario = trial("whole-points")
    both = as_json(simulate(scenario, trials=1000).cells())
    for hypothesis in scenario.hypotheses:
        simulation = scenario.simulation.model_copy(update={"hypotheses": (hypothesis,)})
        one = as_json(simulate(scenario.model_copy(update={"simulation": simulation}), trials=1000).cells())
        assert one == [cell for cell in both if cell["hypothesis"] == hypothesis]
    for analysis in scenario.analyses:
        one = as_json(simulate(scenario.model_copy(update={"analyses": (analysis,)}), trials=1000).cells())
        assert one == [cell for cell in both if cell["analysis"] == analysis.name]


def test_allocation_is_the_same_for_all_trials_of_a_tile_only() -> None:
    block = np.array([0, 0, 1, 1], np.int64)
    sequence = np.zeros((40, 24), np.int64)
    allocate(0, np.uint64(SEED), block, sequence)
    assert (sequence.reshape(40, 6, 4).sum(axis=2) == 2).all()
    assert len({tuple(row) for row in sequence}) == 40


@pytest.mark.long
@pytest.mark.skipif(not X86, reason="these are processors of the x86-64 family")
def test_an_old_processor_gives_the_same_trials(tmp_path: Path, golden: dict[str, str]) -> None:
    """Compiled for the oldest, and the C library and NumPy do without the newer instructions.

    A few trials that use most of the kernels; the long tests take all.
    """
    names = ["whole-points", "futility", "williams"]
    old, here = answers(
        elsewhere(*names, **hidden(), **compiled_for("x86-64"), PLANNER_CACHE=str(tmp_path)),
        elsewhere("unbounded", "--trials", "128"),
    )
    assert not old["vectors"], "NUMBA_CPU_NAME had no effect"
    if {"fma", "avx2"} <= processor_flags() and platform.libc_ver()[0] == "glibc":
        assert old["libm"] != here["libm"], "GLIBC_TUNABLES had no effect"
    assert old["trials"] == {name: golden[name] for name in names}


@pytest.mark.long
@pytest.mark.skipif(not X86, reason="these are processors of the x86-64 family")
@pytest.mark.parametrize("cpu", TARGETS)
def test_each_processor_gives_the_same_trials(cpu: str, tmp_path: Path, golden: dict[str, str]) -> None:
    flags = processor_flags()
    if flags and TARGETS[cpu] not in flags:
        pytest.skip(f"this machine cannot run code for {cpu}")
    (report,) = answers(elsewhere(**compiled_for(cpu), PLANNER_CACHE=str(tmp_path)))
    assert report["trials"] == golden


@pytest.mark.long
@pytest.mark.skipif(not X86, reason="these are processors of the x86-64 family")
def test_old_libraries_give_the_same_trials(tmp_path: Path, golden: dict[str, str]) -> None:
    """This processor's code, with the C library and NumPy as on an older one."""
    (report,) = answers(elsewhere(**hidden(), PLANNER_CACHE=str(tmp_path)))
    assert report["trials"] == golden


def test_a_scenario_written_out_in_full_gives_the_same_result() -> None:
    a, b = trial("williams"), trial("williams")
    full = read_text(to_toml(a), "williams")
    assert len({simulate(s, trials=300, seed=SEED).digest() for s in (a, b, full)}) == 1
