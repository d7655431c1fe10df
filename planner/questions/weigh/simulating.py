"""Summaries of virtual patients in each draw of the uncertain numbers, on every core."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner import _interruption as interruption
from planner.engine import memory
from planner.engine.executors import Progress, available_cores, in_pieces
from planner.kernels.tables import Floats
from planner.model import parameter_draws
from planner.model.readings import Reading
from planner.questions.weigh.cohort import Cohort, cohort, cohort_bytes
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.result import Evidence
from planner.questions.weigh.stopping import Rule
from planner.questions.weigh.stopping_probability import end_probabilities
from planner.scenario.scenario import Scenario

FEWEST = 2
"""Draws that an interrupted weighing must have finished."""


@dataclass(frozen=True)
class Work:
    """What is to be simulated: the virtual patients of each draw, and what is read of them."""

    scenario: Scenario
    names: tuple[str, ...]
    evidence: Evidence
    groups: tuple[tuple[int, ...], ...]
    rule: Rule | None
    draws: int
    seed: int
    patients: int
    exact: bool = False  # stated rates give all chances: there are no virtual patients

    @property
    def readings(self) -> list[Reading]:
        """What is weighed, and what the stopping rule reads if that is something else."""
        readings = list(self.evidence.readings)
        if self.rule is not None and self.rule.reading not in readings:
            readings.append(self.rule.reading)
        return readings


def simulate(
    work: Work, *, threads: int | None = None, progress: Progress | None = None
) -> tuple[Floats, Floats, bool]:
    """(draw, hypothesis, ...) summaries of virtual patients, chances to end; and whether it was interrupted.

    Draws are begun in turn; after Ctrl-C those before the first unfinished one count. The answer does not
    depend on `threads`.
    """
    results: dict[int, tuple[Floats, Floats]] = {}
    begun: dict[int, Scenario] = {}  # few at a time: there may be more variants than memory has room for
    stop = threading.Event()

    def variants() -> Iterator[tuple[int, int]]:
        for number, variant in enumerate(parameter_draws.variants(work.scenario, work.draws, work.seed)):
            begun[number] = variant
            yield number, 1

    def draw(number: int, _: int) -> None:
        variant = begun.pop(number)
        if not stop.is_set():
            results[number] = _draw(work, variant, number)

    todo = variants()
    with interruption.deferred():  # the first one compiles, where an exception could end the process
        draw(*next(todo))
        interruption.check()
    if progress is not None:
        progress(1, work.draws)
    patients = 0 if work.exact else work.patients
    size = cohort_bytes(work.scenario, len(work.names), len(work.readings), patients)
    interrupted = in_pieces(
        draw,
        todo,
        stop=stop,
        threads=memory.workers(size, threads or available_cores(), "a cohort", "lower --patients"),
        tell=progress and (lambda: progress(len(results), work.draws)),
    )
    done = next((number for number in range(work.draws) if number not in results), work.draws)
    if interrupted and done < min(FEWEST, work.draws):
        raise KeyboardInterrupt
    measured, ended = zip(*(results[number] for number in range(done)), strict=True)
    return np.stack(measured), np.stack(ended), done < work.draws


def _draw(work: Work, variant: Scenario, number: int) -> tuple[Floats, Floats]:
    """(hypothesis, ...) summaries of the patients of one draw, and (hypothesis,) their chance to end."""
    readings = work.readings
    if work.exact:
        return work.evidence.summarise(Cohort(variant, {}), work.names), np.ones(len(work.names))
    patients = cohort(variant, work.names, readings, work.seed, number, work.patients)
    last = np.ones(len(work.names))
    if work.rule is not None and isinstance(work.evidence, CountEvidence):
        at = readings.index(work.rule.reading)
        last = end_probabilities(work.rule, work.evidence, patients, work.groups, at, work.seed, number)
    return work.evidence.summarise(patients, work.names), last
