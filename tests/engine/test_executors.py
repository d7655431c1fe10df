"""Any executor gives the same bits: what work gives adds up in any order, however cut, wherever done."""

from __future__ import annotations

import copy
import os
import pickle
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planner import _interruption as interruption
from planner import compare, discriminate, read, simulate, weigh
from planner.engine import memory
from planner.engine.executors import (
    LITTLE_MEMORY,
    GoOn,
    Parts,
    Threads,
    WorkerMemory,
    executor,
    in_full,
    pieces,
    using,
)
from planner.engine.job import job_of
from planner.engine.lowered import Job
from planner.engine.run import TallyWork, run_job
from planner.engine.tally import Tally
from planner.kernels.tables import TRIALS, W
from planner.questions.compare.pairing import Member, PairSums, PairWork
from planner.scenario.scenario import Scenario
from tests.support.marks import repeated
from tests.support.other_executors import InTurn, Processes, on, sent
from tests.support.paths import ROOT
from tests.support.sample_trials import trial

TILES = 12


@dataclass(frozen=True)
class Squares:
    """Work for tests: i^2 by number, and who did it."""

    need: WorkerMemory = LITTLE_MEMORY
    compiles: bool = True
    last: int = 10**9
    wait: float = 0.0

    def empty(self) -> Parts[int, tuple[int, str]]:
        return Parts()

    def space(self) -> list[int]:
        return []

    def do(self, first: int, number: int, space: list[int], go_on: GoOn) -> Parts[int, tuple[int, str]]:
        squares = self.empty()
        for i in range(first, first + number):
            if i == self.last:
                raise ArithmeticError("no square")
            time.sleep(self.wait)
            squares[i] = i * i, threading.current_thread().name
            if not go_on(1):
                break
        return squares


def same(one: Tally, other: Tally) -> bool:
    return one.trials == other.trials and all(
        np.array_equal(value, other.sums()[name]) for name, value in one.sums().items()
    )


@pytest.fixture(scope="module")
def job() -> Job:
    """Looks within blocks of a randomisation list, futility, and two analyses."""
    return job_of(trial("futility"), seed=4)


@pytest.fixture(scope="module")
def whole(job: Job) -> Tally:
    return run_job(job, TILES * W - 28, threads=1).tally


@settings(max_examples=12, deadline=None)
@given(
    cuts=st.sets(st.integers(1, TILES - 1)), order=st.randoms(use_true_random=False), tiles=st.integers(1, 5)
)
def test_any_cutting_adds_up_to_the_same_tally(
    job: Job, whole: Tally, cuts: set[int], order: Any, tiles: int
) -> None:
    edges = [0, *(W * cut for cut in sorted(cuts)), whole.trials]
    stretches = list(pairwise(edges))
    order.shuffle(stretches)
    work = TallyWork(job, tiles)
    total, space = work.empty(), work.space()
    for first, end in stretches:
        total.add(work.do(first, end - first, space, on))
    assert same(total, whole)


def test_a_stretch_that_is_left_out_is_seen(job: Job, whole: Tally) -> None:
    """Negative control: the same number of trials, but others."""
    work = TallyWork(job)
    total = work.do(0, 3 * W, work.space(), on)
    total.add(work.do(4 * W, whole.trials - 3 * W, work.space(), on))
    assert total.trials == whole.trials
    assert not same(total, whole)


def pair_work() -> PairWork:
    jobs = tuple(job_of(trial(name), seed=4, tallied=False) for name in ("whole-points", "unbounded"))
    return PairWork(jobs, ([Member(0, 0, 0), Member(1, 0, 0)],))


def value_of(sums: Any) -> Any:
    """A sum, to be compared."""
    if isinstance(sums, Tally):
        return [sums.trials, *(each.tolist() for each in sums.sums().values())]
    return [sums.trials, sums.sums.tolist()] if isinstance(sums, PairSums) else dict(sums)


@pytest.mark.parametrize("make", [lambda job: TallyWork(job), lambda _: pair_work(), lambda _: Squares()])
def test_addition_commutes_and_begins_with_nothing(job: Job, make: Callable[[Job], Any]) -> None:
    work = make(job)
    a, b, c = (work.do(i * W, W, work.space(), on) for i in range(3))

    def added(*parts: Any) -> Any:
        total = work.empty()
        for part in parts:
            total.add(copy.deepcopy(part))
        return value_of(total)

    assert added(a, b) == added(b, a)
    assert added(a) == value_of(a)
    first = copy.deepcopy(b)
    first.add(c)
    assert added(a, first) == added(c, a, b)
    assert added(a, b) != added(a, c)


QUESTIONS: dict[str, Callable[[Scenario], Any]] = {
    "run": lambda scenario: simulate(scenario, trials=1_500),
    "assurance": lambda scenario: simulate(scenario, trials=1_500, uncertain=True, variants=5),
    "compare": lambda scenario: compare([scenario, scenario], trials=700),
    "weigh": lambda scenario: weigh(scenario, variants=5, patients=64),
    "discriminate": lambda scenario: discriminate([scenario], draws=32),
}


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    plain = read("williams-2018")
    names = plain.simulated_hypotheses[:2]
    simulation = plain.simulation.model_copy(update={"hypotheses": names})
    return plain.model_copy(update={"simulation": simulation})


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_gives_the_same_through_another_executor(question: str, scenario: Scenario) -> None:
    want = QUESTIONS[question](scenario).digest()
    used = []

    def make(workers: int | None) -> InTurn:
        used.append(workers)
        return InTurn(128 if question == "run" else None)

    with using(make):
        assert QUESTIONS[question](scenario).digest() == want
    assert used
    assert isinstance(executor(), Threads)


@pytest.mark.parametrize("question", repeated(["assurance", "run", "compare"]))
def test_processes_are_sent_what_to_do_and_give_the_same(question: str, scenario: Scenario) -> None:
    """No kernel and no table is sent: only the scenario, the cells, and stretches."""
    want = QUESTIONS[question](scenario).digest()
    sent.clear()
    with using(Processes):
        assert QUESTIONS[question](scenario).digest() == want
    assert sent
    assert max(sent) < 4 * len(pickle.dumps(scenario))


def test_a_job_arrives_as_it_was() -> None:
    work = job_of(trial("futility"), patients=[12, 24], seed=9)
    there = pickle.loads(pickle.dumps(work))
    assert there.cells == work.cells
    assert same(run_job(there, 500, threads=1).tally, run_job(work, 500, threads=1).tally)
    for one, other in zip(there.analyses, work.analyses, strict=True):
        assert np.array_equal(one.rules.limit, other.rules.limit, equal_nan=True)
        assert np.array_equal(one.centre, other.centre)


def test_the_work_of_the_instructions_counts_what_a_run_counts() -> None:
    """The sketch of docs/contributing/executor.md, as it stands there."""
    text = (ROOT / "docs/contributing/executor.md").read_text()
    (code,) = [
        part for part in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "class EarlyWork" in part
    ]
    names: dict[str, Any] = {
        "job": job_of(trial("futility")),
        "trials": 3_000,
        "threads": 2,
        "progress": None,
    }
    for module in (
        "dataclasses",
        "planner.engine.executors",
        "planner.engine.workspace",
        "planner.engine.blocks",
    ):
        names.update(vars(import_module(module)))
    exec(code, names)
    assert names["done"].value.trials == 3_000
    ends = run_job(names["job"], 3_000).tally.ends[0, 0, 0, :, :, TRIALS]
    assert names["done"].value.early == ends[:-1].sum() > 0


# Threads


def test_the_first_piece_is_done_alone_where_it_compiles() -> None:
    for compiles in (True, False):
        names = Threads(2).add_up(Squares(compiles=compiles), pieces(0, 9, 1), 9).value
        assert sorted(names) == list(range(9))
        assert (names[0][1] == "MainThread") == compiles
        assert all(name.startswith("planner") for i, (_, name) in names.items() if i)


def test_progress_begins_after_the_first_piece_and_ends_at_all() -> None:
    calls: list[tuple[int, int]] = []
    Threads(2).add_up(Squares(), pieces(0, 9, 2), 9, lambda done, total: calls.append((done, total)))
    assert calls[0] == (2, 9)
    assert calls[-1] == (9, 9)


def test_no_more_workers_than_memory_has_room_for() -> None:
    need = WorkerMemory(2**20, "a square", "take fewer")
    memory.choose(2**20)
    try:
        names = Threads(5).add_up(Squares(need, wait=0.002), pieces(0, 40, 1), 40).value
        assert len({name for i, (_, name) in names.items() if i}) == 1
        with pytest.raises(memory.MemoryLimitError, match="a square takes"):
            Threads(5).add_up(Squares(WorkerMemory(2**21, "a square", "take fewer")), pieces(0, 4, 1), 4)
    finally:
        memory.choose(None)


def test_an_error_of_a_piece_is_raised() -> None:
    with pytest.raises(ArithmeticError, match="no square"):
        Threads(2).add_up(Squares(last=7), pieces(0, 9, 1), 9)


@pytest.mark.skipif(os.name != "posix", reason="signals as on Unix")
def test_ctrl_c_ends_a_piece_within_a_block_and_counts_what_is_finished() -> None:
    def stop(done: int, total: int) -> None:
        if done > 3:
            interruption.request()

    begun = time.perf_counter()
    result = Threads(2).add_up(Squares(wait=0.01), pieces(0, 10**6, 500), 10**6, stop)
    assert time.perf_counter() - begun < 60.0  # one piece takes five seconds, all of them hours
    assert result.interrupted
    assert 3 < len(result.value) < 10**6


def test_what_is_wanted_in_full_ignores_an_earlier_interruption_and_ends_by_a_new_one() -> None:
    interruption.request()
    try:
        assert len(in_full(Squares(), pieces(0, 9, 1), 2)) == 9
        assert interruption.requested()
    finally:
        interruption.request(False)

    class Stopping(Squares):
        def do(self, first: int, number: int, *rest: Any) -> Any:
            interruption.request()
            return super().do(first, number, *rest)

    with pytest.raises(KeyboardInterrupt):
        in_full(Stopping(), pieces(0, 9, 1), 2)
    interruption.request(False)
