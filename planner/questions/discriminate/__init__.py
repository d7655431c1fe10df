"""Would this design tell the mechanisms apart? Posterior weights of the hypotheses in virtual trials.

Each hypothesis has uncertain numbers. In each draw of them the design is simulated in many patients, which
gives the means of the summaries of its data and their spread; likelihoods made of half of the draws judge
trials of the others. See likelihood.py for the formulas, judging.py for who judges whom.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.engine.executors import available_cores
from planner.engine.memory import peak_memory
from planner.kernels.tables import W
from planner.model.families.rates import rates_left_open
from planner.model.parameter_draws import UncertaintyError, entries, is_uncertain, variants
from planner.questions.compare import distinct
from planner.questions.discriminate.answers import Case, answers, rates
from planner.questions.discriminate.classes import PRACTICAL, structural
from planner.questions.discriminate.likelihood import FITS
from planner.questions.discriminate.posterior import figures
from planner.questions.discriminate.remarks import warnings
from planner.questions.discriminate.simulating import (
    ALIKE,
    MOST,
    DiscriminationError,
    Progress,
    Simulated,
    Task,
    simulated,
)
from planner.questions.discriminate.summaries import KINDS
from planner.questions.discriminate.summaries import summaries as summaries_of
from planner.questions.effort import Effort
from planner.results.digest import answer_digest
from planner.results.frames import flatten
from planner.results.provenance import ENGINE, provenance
from planner.scenario.canonical.resolved import digest
from planner.scenario.caps import MAX_PATIENTS
from planner.scenario.scenario import Scenario

if TYPE_CHECKING:
    import polars

Json = dict[str, Any]

DRAWS, FEWEST = 256, 32
"""Draws of the uncertain numbers: if nothing else is asked for, and at least."""

DECISIVE = 0.9
LIKELIHOOD = "mixture"

_FIXED = 32  # samples of the plain numbers, each of other patients
_AROUND = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)  # the curve, as multiples of the design's own number of patients


@dataclass(frozen=True)
class Discrimination:
    """The result of `discriminate`."""

    scenarios: tuple[Scenario, ...]
    names: tuple[str, ...]  # of the designs, each once
    designs: tuple[Json, ...]  # as in the JSON contract
    draws: int
    seed: int
    decisive: float
    likelihood: str
    seconds: float
    partial: bool
    warnings: tuple[str, ...]

    def digest(self) -> str:
        """Name of the answer, on one machine: it covers all that is said of designs but their names."""
        told = [{k: v for k, v in each.items() if k not in ("design", "title")} for each in self.designs]
        options = {"draws": self.draws, "decisive": self.decisive, "likelihood": self.likelihood}
        question: Json = {"hypotheses": [each["hypotheses"] for each in told], "seed": self.seed, "trials": 0}
        return answer_digest("discriminate", ENGINE, self.scenarios, **question, options=options, sums=told)

    def frame(self) -> polars.DataFrame:
        """A row for each design and number of patients, keys flattened with an underscore."""
        import polars

        rows = []
        for design in self.designs:
            head = {key: design[key] for key in ("design", "periods")}
            tail = flatten({"ceiling": design["ceiling"]})
            rows += [{**head, **flatten(point), **tail} for point in design["curve"]]
        return polars.DataFrame(rows, infer_schema_length=None)

    def _repr_html_(self) -> str:
        html: str = self.frame()._repr_html_()
        return html

    def to_json(self) -> Json:
        """The `planner.discriminate/1` object."""
        return {
            "schema": "planner.discriminate/1",
            "designs": list(self.designs),
            "run": provenance(
                self.digest(),
                {
                    "draws": self.draws,
                    "trials": self.designs[0]["check"]["trials"],
                    "seed": self.seed,
                    "decisive": self.decisive,
                    "likelihood": self.likelihood,
                },
                seconds=self.seconds,
            ),
            "partial": self.partial,
            "warnings": list(self.warnings),
        }


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

    `patients`: the numbers at which the curve is evaluated, beside the scenario's own. `decisive`: the weight
    above which a hypothesis counts as named for sure. `summaries`: what is read of a trial, of KINDS; what
    each adds to those before it is told. `draws` of the uncertain numbers. `progress(done, all)` counts them.
    The answer does not depend on `threads`. Raises DiscriminationError where there is nothing to tell apart.
    """
    given = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    began = time.perf_counter()
    seed = given[0].simulation.seed if given and seed is None else seed or 0
    _check(given, decisive, summaries, draws, likelihood)
    calls = distinct(names or [scenario.name for scenario in given])
    plans = [
        _planned(scenario, name, hypotheses, patients, summaries, draws, seed)
        for scenario, name in zip(given, calls, strict=True)
    ]
    fixed, _ = simulated([plan.fixed for plan in plans], seed)
    found, partial = simulated([plan.uncertain for plan in plans], seed, threads=threads, progress=progress)
    done = 2 * len(found[0].truth.mean)
    if done < FEWEST:
        raise KeyboardInterrupt
    cases = [
        _case(plan, sim, certain, decisive, seed, likelihood, threads)
        for plan, sim, certain in zip(plans, found, fixed, strict=True)
    ]
    told = [_told(plan, case) for plan, case in zip(plans, cases, strict=True)]
    designs = _side_by_side(plans, cases, told)
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
        ),
    )


def foreseen(
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
) -> tuple[list[Json], Effort]:
    """What `discriminate` would simulate with the same arguments, for each design; and how long it takes."""
    _check(scenarios, decisive, summaries, draws, likelihood)
    plans = [
        _planned(scenario, name, hypotheses, patients, summaries, draws, seed)
        for scenario, name in zip(scenarios, names, strict=True)
    ]
    told = []
    for plan in plans:
        task = plan.uncertain
        each = (task.many + task.lane(32) + task.patients + 2 * task.lane(ALIKE)) * W // 2
        told.append(
            {
                "design": plan.name,
                "patients": plan.scenario.design.patients,
                "hypotheses": list(plan.hypotheses),
                "uncertain": len(entries(plan.scenario)),
                "summaries": task.summaries.described(),
                "curve": list(plan.curve),
                "virtual_patients": (draws + _FIXED) * each * len(task.names),
            }
        )
    return told, _effort([plan.uncertain for plan in plans], draws, seed, threads)


_SAMPLED = 8  # draws, for the time that all of them take


def _effort(tasks: Sequence[Task], draws: int, seed: int, threads: int | None) -> Effort:
    some = [replace(task, variants=task.variants[:_SAMPLED]) for task in tasks]
    simulated([replace(task, variants=task.variants[:2]) for task in tasks], seed)  # compiles
    began = time.perf_counter()
    simulated(some, seed, threads=threads)
    seconds = (time.perf_counter() - began) / _SAMPLED * (draws + _FIXED)
    trials = len(tasks) * sum(len(task.names) * task.trials for task in tasks) * draws // 2
    return Effort(
        seconds=seconds,
        trials_per_second=trials / seconds,
        memory_bytes=peak_memory(),
        threads=threads or available_cores(),
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
    if not FEWEST <= draws <= MOST:
        raise DiscriminationError(f"draws of the uncertain numbers: from {FEWEST} to {MOST}, not {draws}")
    for scenario in given:
        if name := rates_left_open(scenario, scenario.simulated_hypotheses):
            said = f"{name} does not say how many respond to each treatment, which is what tells it apart"
            raise DiscriminationError(said, "add rates = { A = share who respond to A, B = ... }")
    for word, known in [*((kind, KINDS) for kind in kinds), (likelihood, tuple(FITS))]:
        if word not in known:
            raise DiscriminationError(f"{word!r} is not one of {', '.join(known)}")
    if not kinds:
        raise DiscriminationError("no summaries are asked for", f"some of {', '.join(KINDS)}")


def _planned(
    scenario: Scenario,
    name: str,
    wanted: Sequence[str] | None,
    patients: Sequence[int] | None,
    kinds: Sequence[str],
    draws: int,
    seed: int,
) -> _Plan:
    known = scenario.simulated_hypotheses
    hypotheses = tuple(each for each in known if wanted is None or each in wanted)
    if len(hypotheses) < 2:
        raise DiscriminationError(
            f"{name}: it takes two hypotheses to tell apart, and there is {'one' if hypotheses else 'none'}",
            f"it has {', '.join(known)}",
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
    classes = structural(scenario, hypotheses, seed)
    simulated = tuple(hypotheses[group[0]] for group in classes)
    return _Plan(
        scenario,
        name,
        hypotheses,
        classes,
        Task(scenario, drawn, simulated, read, own, most),
        Task(scenario, [scenario] * _FIXED, simulated, read, own, most),
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


def _case(
    plan: _Plan,
    sim: Simulated,
    fixed: Simulated,
    decisive: float,
    seed: int,
    likelihood: str,
    threads: int | None,
) -> Case:
    missing = np.argwhere(np.isnan(fixed.truth.mean))
    if missing.size:
        _, h, j = missing[0]
        what = plan.uncertain.summaries.described()[j]
        raise DiscriminationError(
            f"{plan.name}: the hypothesis {plan.uncertain.names[h]} says nothing of the {what['what']} in "
            f"{' and '.join(what['arms'])}",
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
        all(plan.scenario.hypotheses[h].family == "terms" for h in plan.hypotheses),
    )


def _told(plan: _Plan, case: Case) -> Json:
    """One design as in the JSON contract."""
    scenario, design = plan.scenario, plan.scenario.design
    found = answers(case, plan.curve, design.periods)
    for key in ("classes", "structural_classes", "open_pairs", "chained_classes"):
        found[key] = [[plan.hypotheses[i] for i in group] for group in found[key]]
    return {
        "design": plan.name,
        "title": scenario.title,
        "digest": digest(scenario),
        "patients": design.patients,
        "periods": design.periods,
        "visits": design.patients * design.periods,
        "sequences": [list(sequence) for sequence in design.sequences],
        "hypotheses": list(plan.hypotheses),
        "prior": [float(p) for p in case.prior],
        "summaries": case.summaries.described(),
        "uncertain": is_uncertain(scenario),
        "practical_below": PRACTICAL,
        "sample": case.uncertain.truth.sample,
        **found,
    }


def _side_by_side(plans: Sequence[_Plan], cases: Sequence[Case], told: Sequence[Json]) -> list[Json]:
    """Several designs at the same number of patients, and at the same number of visits."""
    if len(told) < 2:
        return list(told)
    patients, visits = max(each["patients"] for each in told), max(each["visits"] for each in told)
    found = []
    for plan, case, each in zip(plans, cases, told, strict=True):
        periods = plan.scenario.design.periods
        equal = {
            "equal_patients": _at(case, patients, periods),
            "equal_visits": _at(case, max(2, round(visits / periods)), periods),
        }
        found.append({**each, **equal})
    return found


def _at(case: Case, patients: int, periods: int) -> Json:
    head = {"patients": patients, "visits": patients * periods}
    return {**head, **rates(figures(case.judged(patients), case.decisive))}
