"""A scenario lowered to a job: its patients, analyses and looks, as arrays for the kernels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from planner.analyses import info_of
from planner.engine.cells import Cells, HypothesisTest, primaries
from planner.engine.generators import Generator, generators_of
from planner.engine.own_analyses import kernel_of
from planner.engine.potential_outcomes import truths
from planner.engine.units import typical_sizes, units
from planner.kernels.tables import Contrast, Floats, Ints, Plan, Rules
from planner.model.allocation import allocation_plan
from planner.model.blinding import active_treatments
from planner.model.contrast_tables import SIDES, contrast_table
from planner.model.dropout import is_informative, return_rule
from planner.model.estimand import Truth
from planner.model.looks import MonitoringPlan, interval_table, limit_table, monitoring_plan
from planner.model.readings import GUESS, Reading, reading_of, readings_of
from planner.monitoring.references import REFERENCES
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario


@dataclass(frozen=True, slots=True)
class CompiledAnalysis:
    """One analysis for the kernels: its statistic, what it reads of the virtual patients, and its limits."""

    kernel: Any
    reading: int
    contrast: Contrast
    rules: Rules
    centre: Floats  # (hypothesis, 2) true effect, and the unit in which errors are summed


@dataclass(frozen=True, slots=True)
class GuessCounting:
    """What patients guess after each period, and what they were given."""

    reading: int
    treatments: tuple[str, ...]
    given: Ints  # (sequence, period) row of the treatment
    active: Ints  # (treatment,) 1 if it is active, else 0


class Origin(NamedTuple):
    """What a job was made of, beside what its cells say: arguments of `job_of`."""

    scenario: Scenario
    sized: tuple[Scenario, ...]
    tallied: bool


@dataclass(frozen=True, slots=True)
class Job:
    """Everything a block needs, as arrays and kernels; made once for a run."""

    cells: Cells  # what its figures are about
    plan: Plan
    generators: tuple[Generator, ...]  # of the hypotheses, by family
    readings: int
    counts: Ints  # (look,) every number of finished patients at which anything is evaluated
    analyses: tuple[CompiledAnalysis, ...]  # [analysis]
    waits: bool  # whether the last of the readings is how often patients waited after each period
    guessing: GuessCounting | None  # how guesses are counted; None if nobody is asked
    origin: Origin | None  # None of a variant, which is made where it is simulated

    def __reduce__(self) -> tuple[Callable[..., Job], tuple[Origin, Cells]]:
        """A job is pickled as what it was made of, and made anew where it arrives: tables are large."""
        if self.origin is None:
            raise TypeError("the job of a variant is not pickled: make it where it is simulated")
        return _job_again, (self.origin, self.cells)

    @property
    def hypotheses(self) -> int:
        """How many there are."""
        return len(self.cells.tests)

    @property
    def true_nulls(self) -> Ints:
        """(hypothesis,) the primary analyses whose null hypothesis is true, as bits by their place."""
        primary, tests = self.cells.primary, self.cells.tests
        rows = [[int(row[a].truth.is_null) << i for i, a in enumerate(primary)] for row in tests]
        return np.array([sum(row) for row in rows], np.int64)


def job_of(
    scenario: Scenario,
    *,
    seed: int | None = None,
    patients: Sequence[int] | None = None,
    sized: Sequence[Scenario] | None = None,
    given_truths: Mapping[str, Sequence[Truth]] | None = None,
    tallied: bool = True,
) -> Job:
    """Lower a scenario, for one or several numbers of patients (default: the scenario's own).

    Looks are scaled to each number of patients. `sized`: in place of `patients`, the scenario at each number,
    with looks of its own; nothing else may differ. `given_truths`: by hypothesis, to be taken as they are.
    `tallied`: whether errors of estimates will be added up, for which their unit is measured.
    """
    plans_at = [(each, each.design.patients) for each in sized or ()]
    plans_at = plans_at or [(scenario, n) for n in patients or (scenario.design.patients,)]
    designs = tuple(n for _, n in plans_at)
    seed = scenario.simulation.seed if seed is None else seed
    names = scenario.simulated_hypotheses
    readings = readings_of(scenario)
    plans = [[monitoring_plan(each, analysis, n) for each, n in plans_at] for analysis in scenario.analyses]
    counts = sorted({m for row in plans for each in row for m in each.counts})
    true = truths(scenario, names, seed) if given_truths is None else given_truths
    effect = np.array([[each.effect for each in true[n]] for n in names])
    unit = typical_sizes(scenario, names)
    analysed = [
        (
            kernel_of(scenario, each),
            readings.index(reading_of(scenario, each)),
            contrast_table(scenario, each),
        )
        for each in scenario.analyses
    ]
    lowered, generators = allocation_plan(scenario), generators_of(scenario, names, readings)
    stored = len(readings) + (1 if return_rule(scenario) else 0)
    if tallied:
        measured = units(lowered, generators, stored, analysed, effect)
        unit = np.where(measured > 0.0, measured, unit)
    compiled = tuple(
        CompiledAnalysis(
            *analysed[a],
            _rules(analysis, plans[a], counts, scenario.design.periods),
            np.ascontiguousarray(np.stack([effect[:, a], unit[:, a]], axis=1)),
        )
        for a, analysis in enumerate(scenario.analyses)
    )
    looks = [tuple(row) for row in plans]
    tests = tuple(
        tuple(
            HypothesisTest(
                name, analysis, true[name][a], looks[a], float(unit[h, a]), compiled[a].rules.futile
            )
            for a, analysis in enumerate(scenario.analyses)
        )
        for h, name in enumerate(names)
    )
    guessing = _guessing(scenario, readings)
    cells = Cells(
        seed=seed,
        tests=tests,
        designs=designs,
        block=tuple(lowered.block.tolist()),
        sequences=len(scenario.design.sequences),
        periods=scenario.design.periods,
        width=max(len(each.counts) for row in plans for each in row),
        listed=any(m % lowered.block.size for m in counts),
        followed=is_informative(scenario),
        guessed=None if guessing is None else guessing.treatments,
        primary=_several(primaries(scenario)),
    )
    return Job(
        cells=cells,
        plan=lowered,
        generators=generators,
        readings=stored,
        counts=np.array(counts, np.int64),
        analyses=compiled,
        waits=return_rule(scenario) is not None,
        guessing=guessing,
        origin=Origin(scenario, tuple(sized or ()), tallied),
    )


def _job_again(origin: Origin, cells: Cells) -> Job:
    """The job of these cells, in whatever process. Their units are known, and not measured again."""
    work = job_of(
        origin.scenario,
        seed=cells.seed,
        patients=cells.designs,
        sized=origin.sized,
        given_truths=cells.truths,
        tallied=False,
    )
    return replace(work, cells=cells, analyses=_centred(work.analyses, cells), origin=origin)


def _several(places: tuple[int, ...]) -> tuple[int, ...]:
    """What has to be counted together: for one analysis its own figures are enough."""
    return places if len(places) > 1 else ()


def _guessing(scenario: Scenario, readings: Sequence[Reading]) -> GuessCounting | None:
    """How guesses are counted; None where nobody is asked."""
    if GUESS not in readings:
        return None
    active = active_treatments(scenario)
    row = {a: i for i, a in enumerate(active)}
    given = [[row[a] for a in sequence] for sequence in scenario.design.sequences]
    return GuessCounting(
        readings.index(GUESS),
        tuple(active),
        np.array(given, np.int64),
        np.array(list(active.values()), np.int64),
    )


def job_like(
    work: Job,
    plan: Plan,
    generators: tuple[Generator, ...],
    given_truths: Mapping[str, Sequence[Truth]],
) -> Job:
    """The job with other patients: of a scenario that differs in its population and hypotheses only.

    Looks and limits are the same, and errors are summed in the same units, so that tallies add up.
    """
    cells = work.cells.with_truths(given_truths)
    analyses = _centred(work.analyses, cells)
    return replace(work, cells=cells, plan=plan, generators=generators, analyses=analyses, origin=None)


def _centred(analyses: Sequence[CompiledAnalysis], cells: Cells) -> tuple[CompiledAnalysis, ...]:
    """The analyses with the true effects and units of the cells."""
    return tuple(
        replace(each, centre=np.array([(row[a].truth.effect, row[a].unit) for row in cells.tests]))
        for a, each in enumerate(analyses)
    )


def _rules(
    analysis: PlannedAnalysis, plans: Sequence[MonitoringPlan], counts: Sequence[int], periods: int
) -> Rules:
    direction = plans[0].direction
    about = info_of(analysis)
    reference = REFERENCES[about.reference]
    most = counts[-1] + 1  # a discordant count takes the columns 1 .. patients + 1
    if about.df == "observations":
        most = counts[-1] * (periods - 1)
    if analysis.own is not None:
        most = counts[-1] * periods
    at = {m: i for i, m in enumerate(counts)}
    index = np.full((len(plans), max(len(each.counts) for each in plans)), -1, np.int64)
    for d, each in enumerate(plans):
        index[d, : len(each.counts)] = [at[m] for m in each.counts]
    return Rules(
        look=index,
        limit=limit_table(plans, reference, most),
        interval=interval_table(analysis.alpha, direction, reference, most),
        cells=reference.cells,
        sides=SIDES[direction],
        futile=any(z > -np.inf for each in plans for z in each.boundary.futility_z),
    )
