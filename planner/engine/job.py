"""Scenarios are lowered to jobs: see planner.engine.lowered."""

from __future__ import annotations

import copyreg
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from planner.analyses import info_of, within_variance
from planner.engine.blocks import compile_for
from planner.engine.cells import Cells, HypothesisTest, primaries
from planner.engine.generators import Generator, generators_of
from planner.engine.lowered import CompiledAnalysis, GuessCounting, Job, Origin, ScaledAnalysis, TwoStages
from planner.engine.own_analyses import kernel_of
from planner.engine.potential_outcomes import TILES, truths
from planner.engine.two_stage import stopping_rules
from planner.engine.units import typical_sizes, units
from planner.errors import RequestError
from planner.kernels.tables import UPPER, WITHIN, Plan, Rules
from planner.model.allocation import allocation_plan, retention
from planner.model.blinding import active_treatments
from planner.model.contrast_tables import SIDES, contrast_table
from planner.model.dropout import is_informative, return_rule
from planner.model.estimand import Truth
from planner.model.looks import MonitoringPlan, interval_table, limit_table, monitoring_plan
from planner.model.readings import GUESS, Reading, reading_of, readings_of
from planner.model.scaled_tables import scaled_tables
from planner.model.two_stage import two_stage_plan_of
from planner.monitoring.references import REFERENCES
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.scenario import Scenario


def job_of(
    scenario: Scenario,
    *,
    seed: int | None = None,
    patients: Sequence[int] | None = None,
    sized: Sequence[Scenario] | None = None,
    given_truths: Mapping[str, Sequence[Truth]] | None = None,
    truth_tiles: int = TILES,
    tallied: bool = True,
) -> Job:
    """Lower a scenario, for one or several numbers of patients (default: the scenario's own).

    Looks are scaled to each number of patients. `sized`: in place of `patients`, the scenario at each number,
    with looks of its own; nothing else may differ. `given_truths`: by hypothesis, to be taken as they are;
    others are simulated with `truth_tiles` of patients. `tallied`: whether errors of estimates will be added
    up, for which their unit is measured. Who watches sees compiled, before that, what the job needs.
    """
    seed = scenario.simulation.seed if seed is None else seed
    names = scenario.simulated_hypotheses
    work = _without_truths(scenario, seed, patients, Origin(scenario, tuple(sized or ()), tallied))
    if tallied or given_truths is None:
        compile_for([work], tallied=tallied)
    true = truths(scenario, names, seed, truth_tiles) if given_truths is None else given_truths
    cells = work.cells.with_truths(true)
    if tallied:
        effect = np.array([[each.effect for each in true[n]] for n in names])
        analysed = [(each.kernel, each.reading, each.contrast) for each in work.analyses]
        cells = cells.with_units(units(work.plan, work.generators, work.readings, analysed, effect))
    return replace(work, cells=cells, analyses=_centred(work.analyses, cells))


def _without_truths(scenario: Scenario, seed: int, patients: Sequence[int] | None, origin: Origin) -> Job:
    """The job but for what has to be simulated: true effects are 0, and units those typical of a measure."""
    plans_at = [(each, each.design.patients) for each in origin.sized]
    plans_at = plans_at or [(scenario, n) for n in patients or (scenario.design.patients,)]
    names, readings = scenario.simulated_hypotheses, readings_of(scenario)
    plans = [[monitoring_plan(each, analysis, n) for each, n in plans_at] for analysis in scenario.analyses]
    counts = sorted({m for row in plans for each in row for m in each.counts})
    unit = typical_sizes(scenario, names)
    compiled = tuple(
        _compiled(scenario, analysis, readings, plans[a], counts)
        for a, analysis in enumerate(scenario.analyses)
    )
    looks = [tuple(row) for row in plans]
    unknown = Truth(0.0, 0.0, False)
    tests = tuple(
        tuple(
            HypothesisTest(
                name,
                analysis,
                unknown,
                looks[a],
                float(unit[h, a]),
                compiled[a].gives_up,
                compiled[a].two_stage is not None,
            )
            for a, analysis in enumerate(scenario.analyses)
        )
        for h, name in enumerate(names)
    )
    guessing, lowered = _guessing(scenario, readings), allocation_plan(scenario)
    cells = Cells(
        seed=seed,
        tests=tests,
        designs=tuple(n for _, n in plans_at),
        block=tuple(lowered.block.tolist()),
        sequences=len(scenario.design.sequences),
        periods=scenario.design.periods,
        width=max(len(each.counts) for row in plans for each in row),
        listed=any(m % lowered.block.size for m in counts) and scenario.monitoring.adaptive is None,
        followed=is_informative(scenario),
        guessed=None if guessing is None else guessing.treatments,
        primary=_several(primaries(scenario)),
        parts=max(each.parts for each in compiled),
    )
    waits = return_rule(scenario) is not None
    return Job(
        cells=cells,
        plan=lowered,
        generators=generators_of(scenario, names, readings),
        readings=len(readings) + waits,
        counts=np.array(counts, np.int64),
        analyses=compiled,
        waits=waits,
        guessing=guessing,
        origin=origin,
    )


def _reduced(work: Job) -> tuple[Callable[..., Job], tuple[Origin, Cells]]:
    """A job is pickled as what it was made of, and made anew where it arrives: tables are large."""
    if work.origin is None:
        raise TypeError("the job of a variant is not pickled: make it where it is simulated")
    return _job_again, (work.origin, work.cells)


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


copyreg.pickle(Job, _reduced)


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


def _compiled(
    scenario: Scenario,
    analysis: PlannedAnalysis,
    readings: Sequence[Reading],
    plans: Sequence[MonitoringPlan],
    counts: Sequence[int],
) -> CompiledAnalysis:
    """An analysis as the kernels take it, its true effects left open."""
    stages = _two_stages(scenario, analysis, plans, counts)
    level = analysis.alpha if stages is None else stages.plan.second_level
    rules = _rules(analysis, level, plans, counts, scenario.design.periods)
    return CompiledAnalysis(
        kernel_of(scenario, analysis),
        readings.index(reading_of(scenario, analysis)),
        contrast_table(scenario, analysis),
        rules if stages is None else stopping_rules(rules),
        np.zeros((len(scenario.simulated_hypotheses), 2)),
        None if analysis.scaling is not None else plans[0].margins,
        _scaled(scenario, analysis, rules, counts),
        None if stages is None else replace(stages, critical=rules.interval),
    )


def _two_stages(
    scenario: Scenario, analysis: PlannedAnalysis, plans: Sequence[MonitoringPlan], counts: Sequence[int]
) -> TwoStages | None:
    """What a second stage needs; None where there is none. Raises RequestError for several sizes at once."""
    plan = two_stage_plan_of(scenario, analysis, plans[0].patients)
    if plan is None:
        return None
    if len(plans) > 1:
        raise RequestError(
            "a two-stage trial has one number of patients, the most of both stages",
            "one run each: --set monitoring.adaptive.max=60",
        )
    first, stays = counts[0], retention(scenario)
    adaptive = scenario.monitoring.adaptive
    assert adaptive is not None
    assert stays is not None
    inflation = 1.0 / stays if adaptive.inflate and stays > 0.0 else 1.0
    most = plans[0].patients
    if stays < 1.0:  # numbers planned are evaluable: of stage 1 some may be missing
        most = first + 2 * math.ceil(most * inflation / 2.0)
    return TwoStages(plan, first, most, inflation, np.zeros(0))


def _scaled(
    scenario: Scenario, analysis: PlannedAnalysis, rules: Rules, counts: Sequence[int]
) -> ScaledAnalysis | None:
    """What scaled limits need; None where there are none. `counts`: as in Job."""
    tables = scaled_tables(scenario, analysis, counts[-1])
    if tables is None:
        return None
    critical = np.full((len(counts), rules.interval.size), np.nan)
    critical[rules.look[:, 0]] = rules.limit[:, 0, UPPER]
    reference, test, rule = tables
    return ScaledAnalysis(within_variance(analysis.method), reference, test, critical, rule)


def _rules(
    analysis: PlannedAnalysis,
    level: float,
    plans: Sequence[MonitoringPlan],
    counts: Sequence[int],
    periods: int,
) -> Rules:
    """Limits by df; `level`: of each one-sided test, or of both sides, that the interval goes with."""
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
        interval=interval_table(level, direction, reference, most),
        cells=reference.cells,
        sides=WITHIN if plans[0].tests_equivalence else SIDES[direction],
        futile=any(z > -np.inf for each in plans for z in each.boundary.futility_z),
    )
