"""Summaries of virtual patients in each draw of the uncertain numbers, on every core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.engine.executors import GoOn, Parts, Progress, WorkerMemory, executor, pieces
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
    drawn = parameter_draws.Variants(work.scenario, work.seed)
    done = executor(threads).add_up(_DrawWork(work, drawn), pieces(0, work.draws, 1), work.draws, progress)
    results = done.value
    whole = next((number for number in range(work.draws) if number not in results), work.draws)
    if done.interrupted and whole < min(FEWEST, work.draws):
        raise KeyboardInterrupt
    measured, ended = zip(*(results[number] for number in range(whole)), strict=True)
    return np.stack(measured), np.stack(ended), whole < work.draws


_Drawn = Parts[int, tuple[Floats, Floats]]


@dataclass(frozen=True, slots=True)
class _DrawWork:
    """Draws as work for an executor: a piece is some of them, and gives the summaries of each."""

    work: Work
    variants: parameter_draws.Variants
    compiles: bool = True

    @property
    def need(self) -> WorkerMemory:
        work = self.work
        patients = 0 if work.exact else work.patients
        size = cohort_bytes(work.scenario, len(work.names), len(work.readings), patients)
        return WorkerMemory(size, "a cohort", "lower --virtual-patients")

    def empty(self) -> _Drawn:
        return Parts()

    def space(self) -> None:
        """Nothing is kept from one draw to the next."""

    def do(self, first: int, number: int, space: None, go_on: GoOn) -> _Drawn:
        draws = self.empty()
        for i in range(first, first + number):
            draws[i] = _draw(self.work, self.variants[i], i)
            if not go_on(1):
                break
        return draws


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
