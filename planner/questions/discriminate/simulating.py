"""What each hypothesis predicts in each draw of the uncertain numbers.

Of a large sample the means of the summaries and their spread, and the summaries of whole virtual trials.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner._special import ndtri
from planner.engine.cohort import new_patients
from planner.engine.executors import GoOn, Parts, Progress, WorkerMemory, executor, pieces
from planner.engine.generators import Generator, generators_of
from planner.errors import RequestError
from planner.kernels.random.streams import TRIALS_DISCRIMINATED, TRIALS_OF_SAME_PATIENTS, TRIALS_OF_SPREAD
from planner.kernels.tables import Floats, Ints, Plan, W
from planner.model.allocation import allocation_plan
from planner.model.families.kept import keeping
from planner.model.parameter_draws import (
    UncertainParameter,
    parameter_draws,
    quantile_levels,
    uncertain_parameters,
)
from planner.questions.discriminate.summaries import (
    Summaries,
    by_arm,
    influences,
    periods_of,
    spread,
    summary_values,
)
from planner.scenario.scenario import Scenario

# A draw of the uncertain numbers has its own stretch of trials, so that no two share a patient; but for one
# sample, of the same patients in all of them.
_STRETCH = 1 << 32

# Patients in each of 128 lanes, at least: of the sample that stands for the true means, and of the one from
# which the spread is taken, and the means where these only make a likelihood.
_MANY, _FEW = 128, 32
SAME_PATIENTS = 64  # of the sample of the same patients
MOST = 4096  # draws of the uncertain numbers that are simulated
_FURTHER = 1024  # draws beyond these
_ALL_TRIALS, _FEWEST = 1 << 13, 16  # whole virtual trials of a hypothesis in all draws; at least in each


class DiscriminationError(RequestError):
    """A question that cannot be answered.

    >>> import planner
    >>> scenario = planner.read("asthma-ab-ba")
    >>> try:
    ...     planner.discriminate(scenario, hypotheses=["published"])
    ... except planner.DiscriminationError as error:
    ...     print(error.message)
    asthma-ab-ba: it takes two hypotheses to tell apart, and there is one
    """


@dataclass(frozen=True)
class Task:
    """One design: which scenario in each draw of the uncertain numbers, and what is read of it."""

    scenario: Scenario
    variants: Sequence[Scenario]
    names: tuple[str, ...]
    summaries: Summaries
    patients: int  # of the whole virtual trials
    most: int  # patients of the largest trial on the curve

    @property
    def trials(self) -> int:
        """Whole virtual trials in each draw: fewer where there are many draws."""
        return min(W, max(_FEWEST, _ALL_TRIALS // len(self.variants)))

    def lane(self, wanted: int) -> int:
        """Patients in a lane of a sample: so many or a few more, in whole allocation units."""
        unit = self.scenario.design.unit * self.scenario.design.block
        return -(-wanted // unit) * unit

    @property
    def many(self) -> int:
        """Patients in a lane of the sample that stands for the true means: several times what is wanted."""
        return self.lane(max(_MANY, 4 * self.most // W))

    @property
    def draw_bytes(self) -> int:
        """About what a draw takes: its samples, and of one hypothesis what is made of them."""
        design, patients = self.scenario.design, max(self.many, self.patients) * W
        each = patients * len(self.summaries.readings) * 8
        return each * (len(self.names) * design.periods + 2 * len(design.treatments))

    @property
    def plain(self) -> bool:
        """Whether all draws are the same."""
        return all(each is self.variants[0] for each in self.variants)

    def lowered(self, q: int) -> tuple[Generator, ...]:
        """What the kernels need in a draw."""
        with keeping():
            return generators_of(self.variants[q], self.names, self.summaries.readings)


@dataclass(frozen=True)
class SummaryMoments:
    """Moments of the summaries of a design in several draws of the uncertain numbers."""

    mean: Floats  # (draw, hypothesis, summary) of a sample
    spread: Floats  # (draw, hypothesis, summary, summary) of a patient's contributions
    sample: int  # patients of the sample

    def of(self, places: Ints) -> SummaryMoments:
        """The same with these summaries alone."""
        return SummaryMoments(self.mean[..., places], self.spread[..., places, :][..., places], self.sample)


@dataclass(frozen=True)
class SamePatients:
    """Summaries of the same patients in every draw: differences between draws are free of chance."""

    mean: Floats  # (draw, hypothesis, summary)
    at: Sequence[Floats]  # of each hypothesis its uncertain numbers (draw, number): from -1 to 1, or scores
    uniform: Sequence[Floats]  # (number,) 1 where a number is uniform from -1 to 1, else 0: standard normal
    sample: int  # patients


@dataclass(frozen=True)
class SimulatedDesign:
    """The simulated draws of a design: half of them make the likelihoods, the other half are truths."""

    model: SummaryMoments
    truth: SummaryMoments
    trials: (
        Floats  # (draw, hypothesis, trial, summary) summaries of whole virtual trials, where the truths are
    )
    patients: int  # of the whole virtual trials
    numbers: Sequence[tuple[Floats, Floats]]  # (draw, number) and (more draws, number) of each hypothesis
    same_patients: SamePatients

    def of(self, places: Ints) -> SimulatedDesign:
        """The same with these summaries alone."""
        model, truth = self.model.of(places), self.truth.of(places)
        same_patients = replace(self.same_patients, mean=self.same_patients.mean[..., places])
        return replace(
            self, model=model, truth=truth, trials=self.trials[..., places], same_patients=same_patients
        )


@dataclass(frozen=True)
class _Draw:
    mean: Floats
    spread: Floats
    same_patients: Floats
    trials: Floats | None


def simulate(
    tasks: Sequence[Task],
    seed: int,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> tuple[list[SimulatedDesign], bool]:
    """Every design in every draw; whether Ctrl-C cut it short.

    Draws are finished in turn for all designs, so that after Ctrl-C all have the same number of them. The
    answer does not depend on `threads`.
    """
    count = min(len(task.variants) for task in tasks)
    lowered = tuple(task.lowered(0) if task.plain else None for task in tasks)
    done = executor(threads).add_up(
        _DrawWork(tuple(tasks), lowered, seed), pieces(0, count, 1), count, progress
    )
    complete = next((q for q in range(count) if q not in done.value), count)
    if done.interrupted and complete < 2:
        raise KeyboardInterrupt
    finished = [
        _gather(task, [done.value[q][j] for q in range(complete - complete % 2)], seed)
        for j, task in enumerate(tasks)
    ]
    return finished, done.interrupted and complete < count


@dataclass(frozen=True, slots=True)
class _DrawWork:
    """Draws as work for an executor: a piece is some of them, and gives each for all designs."""

    tasks: tuple[Task, ...]
    lowered: tuple[tuple[Generator, ...] | None, ...]  # of each design, if it is the same in every draw
    seed: int
    compiles: bool = True

    @property
    def need(self) -> WorkerMemory:
        largest = max(self.tasks, key=lambda task: task.draw_bytes)
        return WorkerMemory(
            largest.draw_bytes,
            f"a draw of {largest.many * W:,} virtual patients under {len(largest.names)} hypotheses",
            "lower the patients that are asked for (--patients) or the hypotheses (--hypothesis NAME)",
        )

    def empty(self) -> Parts[int, list[_Draw]]:
        return Parts()

    def space(self) -> None:
        """Nothing is kept from one draw to the next."""

    def do(self, first: int, number: int, space: None, go_on: GoOn) -> Parts[int, list[_Draw]]:
        draws = self.empty()
        for q in range(first, first + number):
            designs = []
            for j, task in enumerate(self.tasks):
                if j and not go_on(0):
                    return draws
                designs.append(_draw(task, q, self.lowered[j] or task.lowered(q), self.seed))
            draws[q] = designs
            if not go_on(1):
                break
        return draws


def _gather(task: Task, results: Sequence[_Draw], seed: int) -> SimulatedDesign:
    model, truth = results[::2], results[1::2]
    trials = [each.trials for each in truth if each.trials is not None]
    return SimulatedDesign(
        _moments(model, task.lane(_FEW) * W),
        _moments(truth, task.many * W),
        np.array(trials).reshape(len(truth), len(task.names), -1, len(task.summaries.columns)),
        task.patients,
        [_numbers(task, name, len(results), seed) for name in task.names],
        _same_patients(task, results, seed),
    )


def _same_patients(task: Task, results: Sequence[_Draw], seed: int) -> SamePatients:
    at, uniform = [], []
    for name in task.names:
        mine = [] if task.plain else _entries(task.scenario, name)
        flat = np.array([each.distribution.form == "uniform" for each in mine], bool)
        u = np.array([quantile_levels(each, seed, 0, len(results)) for each in mine]).reshape(
            len(mine), len(results)
        )
        at.append(np.where(flat[:, None], 2.0 * u - 1.0, ndtri(u)).T.reshape(len(results), len(mine)))
        uniform.append(flat.astype(float))
    mean = np.array([each.same_patients for each in results]).reshape(len(results), len(task.names), -1)
    return SamePatients(mean, at, uniform, task.lane(SAME_PATIENTS) * W)


def _entries(scenario: Scenario, name: str) -> list[UncertainParameter]:
    """The uncertain entries on which a hypothesis may depend: through a tie on those of another."""
    tie = scenario.hypotheses[name].tied
    return [
        e for e in uncertain_parameters(scenario) if e.hypothesis in (None, name, tie.to if tie else None)
    ]


def _numbers(task: Task, name: str, count: int, seed: int) -> tuple[Floats, Floats]:
    """The uncertain numbers of a hypothesis, in the draws that make likelihoods and in more."""
    mine = (
        [] if task.plain else [e for e in uncertain_parameters(task.scenario) if e.hypothesis in (None, name)]
    )

    def drawn(first: int, number: int) -> Floats:
        columns = [parameter_draws(each, seed, first, number) for each in mine]
        return np.array(columns, np.float64).reshape(len(mine), number).T

    return drawn(0, count)[::2], drawn(MOST, _FURTHER if mine else 1)


def _moments(results: Sequence[_Draw], sample: int) -> SummaryMoments:
    return SummaryMoments(
        np.array([each.mean for each in results]), np.array([each.spread for each in results]), sample
    )


def _draw(task: Task, q: int, lowered: Sequence[Generator], seed: int) -> _Draw:
    """One draw of the uncertain numbers of one design; every other one is for the truths."""
    scenario, columns, truth = task.variants[q], task.summaries.columns, q % 2 == 1
    how, share = allocation_plan(scenario), np.array(scenario.design.allocation) / scenario.design.unit
    periods = periods_of(scenario)
    few = task.lane(_FEW)
    size = task.many if truth else few
    sequence, values = _patients(task, lowered, how, TRIALS_OF_SPREAD + q * _STRETCH, size, seed)
    some = np.repeat(sequence[:few], W)
    mean = np.empty((len(task.names), len(columns)))
    around = np.empty((*mean.shape, len(columns)))
    for h in range(len(task.names)):
        y = by_arm(values[:, h], sequence, periods)
        mean[h] = summary_values(columns, y.reshape(*y.shape[:2], -1, 1))[0]
        y = y[:, :, :few].reshape(*y.shape[:2], -1)
        around[h] = spread(influences(columns, y, mean[h]), some, share)
    same_patients = _sample_of_same(task, lowered, how, seed)
    if not truth:
        return _Draw(mean, around, same_patients, None)
    sequence, values = _patients(task, lowered, how, TRIALS_DISCRIMINATED + q * _STRETCH, task.patients, seed)
    values = values[..., : task.trials]
    trials = [
        summary_values(columns, by_arm(values[:, h], sequence, periods)) for h in range(len(task.names))
    ]
    return _Draw(mean, around, same_patients, np.array(trials))


def _sample_of_same(task: Task, lowered: Sequence[Generator], how: Plan, seed: int) -> Floats:
    """Summaries f64[hypothesis, summary] of a sample of the same patients in all draws."""
    columns, periods = task.summaries.columns, periods_of(task.scenario)
    sequence, values = _patients(task, lowered, how, TRIALS_OF_SAME_PATIENTS, task.lane(SAME_PATIENTS), seed)
    outcomes = [by_arm(values[:, h], sequence, periods) for h in range(len(task.names))]
    return np.array([summary_values(columns, y.reshape(*y.shape[:2], -1, 1))[0] for y in outcomes])


def _patients(
    task: Task, lowered: Sequence[Generator], how: Plan, first: int, patients: int, seed: int
) -> tuple[Ints, Floats]:
    """Sequences i64[patient], outcomes f64[patient, hypothesis, reading, period, lane]."""
    shape = (1, patients, len(task.names), len(task.summaries.readings))
    sequence, values = new_patients(first, seed, how, lowered, shape)
    return sequence[0], values.reshape(*shape[1:], how.leave.size, W)
