"""Would this design tell the mechanisms apart? Posterior weights of the hypotheses in virtual trials.

Each hypothesis has uncertain numbers. In each draw of them the design is simulated in many patients, which
gives the means of the summaries of its data and their spread; likelihoods made of half of the draws judge
trials of the others. See likelihood.py for the formulas, posterior.py for which
draws judge which.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner._platform import peak_memory, usable_cores
from planner.engine.executors import Progress
from planner.errors import UncertaintyError, UnknownNameError
from planner.kernels.tables import W
from planner.model.distinguishable import inseparable
from planner.model.families.family import first_open
from planner.model.parameter_draws import is_uncertain, uncertain_parameters, variants
from planner.questions.compare.compare import distinct_names
from planner.questions.discriminate.answers import Case, answers, compile_densities, rates
from planner.questions.discriminate.classes import PRACTICAL
from planner.questions.discriminate.design_figures import DesignFigures, DesignForecast, RatesPoint
from planner.questions.discriminate.likelihood import FITS
from planner.questions.discriminate.posterior import figures
from planner.questions.discriminate.remarks import assumed_between, warnings
from planner.questions.discriminate.result import Discrimination
from planner.questions.discriminate.simulating import (
    MOST,
    SAME_PATIENTS,
    DiscriminationError,
    SimulatedDesign,
    Task,
    simulate,
)
from planner.questions.discriminate.summaries import KINDS, summaries_of
from planner.questions.effort import EffortEstimate
from planner.questions.requested import (
    check_numbers,
    check_one_stage,
    check_patients,
    check_whole,
    is_whole,
    value_in_words,
)
from planner.scenario.canonical.resolved import digest
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.labels import labels_of, names_called
from planner.scenario.scenario import Scenario

DRAWS, FEWEST = 256, 32
"""Draws of the uncertain numbers: unless stated otherwise, and at least."""

DECISIVE = 0.9
LIKELIHOOD = "mixture"

_FIXED = 32  # samples of the plain numbers, each of other patients
_AROUND = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)  # the curve, as multiples of the design's own number of patients


@dataclass(frozen=True)
class _Plan:
    """A design before anything is simulated."""

    scenario: Scenario
    name: str
    hypotheses: tuple[str, ...]
    structural: tuple[tuple[int, ...], ...]  # places of those that are the same; the first is simulated
    uncertain: Task
    fixed: Task
    curve: tuple[int, ...]


def discriminate(
    scenarios: Scenario | Sequence[Scenario],
    *,
    names: Sequence[str] | None = None,
    hypotheses: Sequence[str] | None = None,
    patients: Sequence[int] | None = None,
    decisive: float = DECISIVE,
    summaries: Sequence[str] = ("means",),
    draws: int = DRAWS,
    seed: int | None = None,
    threads: int | None = None,
    likelihood: str = LIKELIHOOD,
    progress: Progress | None = None,
) -> Discrimination:
    """How often designs name the right hypothesis, how surely, and what no number of patients can lift.

    `hypotheses`: by name or label, those of the scenarios if not given.
    `patients`: the numbers at which the curve is evaluated, beside the scenario's own. `decisive`: the weight
    above which a hypothesis counts as named for sure. `summaries`: what is read of a trial, of KINDS; what
    each adds to those before it is in the result. `draws` of the uncertain numbers. `progress(done, all)`
    counts them as the first half of the way; the second one leads from them to the answers. The answer does
    not depend on `threads`. Raises DiscriminationError where there is nothing to tell apart.

    >>> import planner
    >>> scenario = planner.read("asthma-ab-ba")
    >>> result = planner.discriminate(scenario, draws=32)
    >>> row = result.frame().row(0, named=True)
    >>> row["patients"], round(row["p_right_estimate"], 2)
    (26, 0.89)
    """
    check_whole(seed=seed, threads=threads)
    check_one_stage("discriminate", *([scenarios] if isinstance(scenarios, Scenario) else scenarios))
    check_patients(patients)
    check_numbers(decisive=decisive)
    given = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    began = time.perf_counter()
    seed = given[0].simulation.seed if given and seed is None else seed or 0
    _check(given, decisive, summaries, draws, likelihood)
    hypotheses = _chosen(given, hypotheses)
    calls = distinct_names(names or [scenario.name for scenario in given])
    plans = [
        _plan(scenario, name, hypotheses, patients, summaries, draws, seed)
        for scenario, name in zip(given, calls, strict=True)
    ]
    compile_densities(FITS[likelihood])
    fixed, cut = simulate([plan.fixed for plan in plans], seed)
    if cut:
        raise KeyboardInterrupt
    way = _Way(progress, draws, sum(_steps(plan, len(plans)) for plan in plans))
    tasks = [plan.uncertain for plan in plans]
    drawn, partial = simulate(tasks, seed, threads=threads, progress=way.simulated)
    done = 2 * len(drawn[0].truth.mean)
    if done < FEWEST:
        raise KeyboardInterrupt
    cases = [
        replace(_case(plan, sim, certain, decisive, seed, likelihood, threads), step=way.step)
        for plan, sim, certain in zip(plans, drawn, fixed, strict=True)
    ]
    rows = [_design(plan, case) for plan, case in zip(plans, cases, strict=True)]
    designs = _side_by_side(plans, cases, rows)
    return Discrimination(
        given,
        tuple(calls),
        tuple(designs),
        done,
        seed,
        decisive,
        likelihood,
        time.perf_counter() - began,
        partial,
        (
            *(f"{plan.name}: {remark}" for plan in plans for remark in plan.scenario.remarks),
            *warnings([plan.hypotheses for plan in plans], designs, done, partial),
            *assumed_between([(plan.name, plan.scenario, plan.hypotheses) for plan in plans]),
        ),
    )


def forecast(
    scenarios: Sequence[Scenario],
    names: Sequence[str],
    *,
    hypotheses: Sequence[str] | None,
    patients: Sequence[int] | None,
    decisive: float,
    summaries: Sequence[str],
    draws: int,
    seed: int,
    likelihood: str,
    threads: int | None = None,
) -> tuple[list[DesignForecast], EffortEstimate]:
    """What `discriminate` would simulate with the same arguments, for each design; and how long it takes."""
    _check(scenarios, decisive, summaries, draws, likelihood)
    hypotheses = _chosen(scenarios, hypotheses)
    plans = [
        _plan(scenario, name, hypotheses, patients, summaries, draws, seed)
        for scenario, name in zip(scenarios, names, strict=True)
    ]
    rows = []
    for plan in plans:
        task = plan.uncertain
        each = (task.many + task.lane(32) + task.patients + 2 * task.lane(SAME_PATIENTS)) * W // 2
        rows.append(
            DesignForecast(
                design=plan.name,
                patients=plan.scenario.design.patients,
                hypotheses=plan.hypotheses,
                uncertain=len(uncertain_parameters(plan.scenario)),
                summaries=task.summaries.descriptions(),
                curve=plan.curve,
                virtual_patients=(draws + _FIXED) * each * len(task.names),
            )
        )
    return rows, _effort([plan.uncertain for plan in plans], draws, seed, threads)


_SAMPLED = 8  # draws, for the time that all of them take


def _effort(tasks: Sequence[Task], draws: int, seed: int, threads: int | None) -> EffortEstimate:
    some = [replace(task, variants=task.variants[:_SAMPLED]) for task in tasks]
    simulate([replace(task, variants=task.variants[:2]) for task in tasks], seed)  # compiles
    began = time.perf_counter()
    simulate(some, seed, threads=threads)
    seconds = (time.perf_counter() - began) / _SAMPLED * (draws + _FIXED)
    trials = len(tasks) * sum(len(task.names) * task.trials for task in tasks) * draws // 2
    return EffortEstimate(
        seconds=seconds,
        at_most=False,
        trials_per_second=trials / seconds,
        memory_bytes=peak_memory(),
        threads=threads or usable_cores(),
        sampled_trials=len(tasks) * W * _SAMPLED // 2,
    )


def _check(
    given: Sequence[Scenario], decisive: float, kinds: Sequence[str], draws: int, likelihood: str
) -> None:
    if not given:
        raise DiscriminationError("nothing to tell apart: no scenario is given")
    if not 0.5 <= decisive < 1.0:
        raise DiscriminationError(
            f"a decisive weight lies between 0.5 and 1, not at {decisive:g}", "for instance 0.9"
        )
    if not (is_whole(draws) and FEWEST <= draws <= MOST):
        raise DiscriminationError(
            f"draws of the uncertain numbers: from {FEWEST} to {MOST:,}, not {value_in_words(draws)}"
        )
    for scenario in given:
        if (left_open := first_open(scenario, scenario.simulated_hypotheses)) is not None:
            name, numbers = left_open
            message = f"{name} does not say {numbers.what}, which is what tells it apart"
            raise DiscriminationError(message, numbers.hint)
    for word, choices in [*((kind, KINDS) for kind in kinds), (likelihood, tuple(FITS))]:
        if word not in choices:
            raise DiscriminationError(f"{word!r} is not one of {', '.join(choices)}")
    if not kinds:
        raise DiscriminationError("no summaries are asked for", f"some of {', '.join(KINDS)}")


def _chosen(given: Sequence[Scenario], hypotheses: Sequence[str] | None) -> Sequence[str] | None:
    """The hypotheses by name, each of which some scenario has; None where all are meant."""
    if hypotheses is None:
        return None
    try:
        return names_called(hypotheses, labels_of(*(each.hypotheses for each in given)))
    except UnknownNameError as error:
        raise DiscriminationError(error.message, error.hint) from None


def _plan(
    scenario: Scenario,
    name: str,
    wanted: Sequence[str] | None,
    patients: Sequence[int] | None,
    kinds: Sequence[str],
    draws: int,
    seed: int,
) -> _Plan:
    available = scenario.simulated_hypotheses
    hypotheses = tuple(each for each in available if wanted is None or each in wanted)
    if len(hypotheses) < 2:
        raise DiscriminationError(
            f"{name}: it takes two hypotheses to tell apart, and there is {'one' if hypotheses else 'none'}",
            f"it has {', '.join(available)}",
        )
    read = summaries_of(scenario, hypotheses, kinds)
    for kind in kinds:
        if not any(column.kind == kind for column in read.columns):
            raise DiscriminationError(f"{name}: there is no summary of the kind {kind}", _LACKING[kind])
    unit = scenario.design.unit
    own = scenario.design.patients
    whole = {max(1, round(own * share / unit)) * unit for share in _AROUND}
    curve = sorted({own, *(patients or (n for n in whole if n <= MAX_PATIENTS))})
    try:
        drawn = list(variants(scenario, draws, seed))
    except UncertaintyError as error:
        raise DiscriminationError(f"{name}: {error}", error.hint) from error
    most = max(curve)
    classes = inseparable(scenario, hypotheses, seed)
    representatives = tuple(hypotheses[group[0]] for group in classes)
    return _Plan(
        scenario,
        name,
        hypotheses,
        classes,
        Task(scenario, drawn, representatives, read, own, most),
        Task(scenario, [scenario] * _FIXED, representatives, read, own, most),
        tuple(curve),
    )


_LACKING = {
    "means": "all of them are asked for by another name already",
    "endpoint": "all of them are asked for by another name already",
    "days": "patients are assessed on the endpoint's day alone: see design.assessment_days",
    "sds": "the endpoint is a share of patients, which has no SD of its own",
    "responses": "the endpoint is a share of patients already",
    "correlations": "no patient has two of the treatments",
}


class _Way:
    """The way from nothing to all answers: its first half are the draws, its second one what follows."""

    def __init__(self, progress: Progress | None, draws: int, steps: int) -> None:
        self._progress, self._draws, self._steps = progress, draws, steps
        self._taken = 0

    def simulated(self, done: int, draws: int) -> None:
        """So many of the draws are simulated."""
        self._draws = draws
        if self._progress is not None:
            self._progress(done, 2 * draws)

    def step(self) -> None:
        """One more step from the draws to the answers."""
        self._taken += 1
        if self._progress is not None:
            share = min(self._taken / self._steps, 1.0)
            self._progress(self._draws + int(self._draws * share), 2 * self._draws)


def _steps(plan: _Plan, designs: int) -> int:
    """How often trials of a design are weighed: see `answers` and `_side_by_side`."""
    kinds = len(plan.uncertain.summaries.kinds)
    sizes = len({plan.scenario.design.patients, *plan.curve})
    return sizes + 4 + 2 * (kinds - 1) + (2 if designs > 1 else 0)


def _case(
    plan: _Plan,
    sim: SimulatedDesign,
    fixed: SimulatedDesign,
    decisive: float,
    seed: int,
    likelihood: str,
    threads: int | None,
) -> Case:
    missing = np.argwhere(np.isnan(fixed.truth.mean))
    if missing.size:
        _, h, j = missing[0]
        what = plan.uncertain.summaries.descriptions()[j]
        raise DiscriminationError(
            f"{plan.name}: the hypothesis {plan.uncertain.names[h]} says nothing of the {what.what} in "
            f"{' and '.join(what.arms)}",
            "leave the hypothesis or the summary out, or choose another endpoint.measure",
        )
    weight = [plan.scenario.hypotheses[h].prior or 1.0 for h in plan.hypotheses]
    return Case(
        sim,
        fixed,
        plan.uncertain.summaries,
        np.array(weight) / sum(weight),
        plan.structural,
        decisive,
        seed,
        FITS[likelihood],
        threads,
        all(plan.scenario.hypotheses[h].has_severity for h in plan.hypotheses),
    )


def _design(plan: _Plan, case: Case) -> DesignFigures:
    """One design with all its figures."""
    scenario, design = plan.scenario, plan.scenario.design
    return DesignFigures(
        design=plan.name,
        title=scenario.title,
        digest=digest(scenario),
        patients=design.patients,
        periods=design.periods,
        visits=design.patients * design.periods,
        sequences=[list(sequence) for sequence in design.sequences],
        hypotheses=plan.hypotheses,
        prior=[float(p) for p in case.prior],
        summaries=case.summaries.descriptions(),
        uncertain=is_uncertain(scenario),
        practical_below=PRACTICAL,
        sample=case.uncertain.truth.sample,
        answers=answers(case, plan.curve, design.periods, plan.hypotheses),
    )


def _side_by_side(
    plans: Sequence[_Plan], cases: Sequence[Case], rows: Sequence[DesignFigures]
) -> list[DesignFigures]:
    """Several designs at the same number of patients, and at the same number of visits."""
    if len(rows) < 2:
        return list(rows)
    patients, visits = max(each.patients for each in rows), max(each.visits for each in rows)
    compared = []
    for plan, case, each in zip(plans, cases, rows, strict=True):
        periods = plan.scenario.design.periods
        same_patients = _at(case, patients, periods)
        same_visits = _at(case, max(2, round(visits / periods)), periods)
        compared.append(replace(each, equal_patients=same_patients, equal_visits=same_visits))
    return compared


def _at(case: Case, patients: int, periods: int) -> RatesPoint:
    answer = figures(case.posteriors(patients), case.decisive)
    return RatesPoint(patients=patients, visits=patients * periods, rates=rates(answer))
