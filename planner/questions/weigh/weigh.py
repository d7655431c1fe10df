"""How probable an observed result is under each hypothesis, and the weight that this gives them.

    weigh(read("williams-2018"))

Every uncertain number is drawn anew in each variant of the scenario. Under each hypothesis and variant,
virtual patients of the design give the probability of what was observed; the mean over the variants is the
marginal likelihood, and Bayes' theorem makes weights of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from planner._platform import peak_memory, usable_cores
from planner.engine.executors import Progress
from planner.errors import UnknownNameError, WeighingError
from planner.kernels.tables import Floats
from planner.model import parameter_draws
from planner.model.distinguishable import at_plain_values, endpoint_depends_on, inseparable
from planner.model.families.family import first_open
from planner.model.parameter_draws import UncertainParameter, is_uncertain
from planner.questions.effort import EffortEstimate
from planner.questions.requested import check_one_stage, check_whole
from planner.questions.weigh.cohort import patients_of, trials_of
from planner.questions.weigh.count_evidence import CountEvidence
from planner.questions.weigh.data import observed_in
from planner.questions.weigh.exact_tests import tests
from planner.questions.weigh.normal_evidence import difference_evidence, mean_evidence
from planner.questions.weigh.observed_counts import count_evidence
from planner.questions.weigh.posterior import Posterior
from planner.questions.weigh.result import Evidence, Weighing
from planner.questions.weigh.sensitivity import NumberDraws
from planner.questions.weigh.simulating import Work, simulate
from planner.questions.weigh.stopping import StoppingTreatment, stopping
from planner.results.contract import Json
from planner.scenario.labels import Labels, labels_of, name_called
from planner.scenario.scenario import Scenario

VARIANTS = 400
"""How often the uncertain numbers are drawn, unless stated otherwise."""

PATIENTS = 8192
"""Virtual patients of each variant under each hypothesis, unless stated otherwise."""

REPLICATES = 32
"""Sets of patients where nothing is uncertain; their spread gives the Monte Carlo error."""


def weigh(
    scenario: Scenario,
    *,
    data: str | Path | None = None,
    prior: Mapping[str, float] | None = None,
    variants: int | None = None,
    patients: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    name: str | None = None,
) -> Weighing:
    """Weigh the scenario's hypotheses by its observed result.

    data: a file of patients in long format, whose result is weighed in place of the scenario's. prior: prior
    weights by hypothesis, in place of those of the scenario. variants: how often the uncertain numbers are
    drawn. patients: virtual patients of each variant. progress(done, all) counts variants. Ctrl-C ends with
    the variants that are done. The answer does not depend on `threads`. Raises WeighingError where there is
    nothing to weigh.

    >>> import planner
    >>> reported = "{ contrast = ['F', 'S'], estimate = 46.6, se = 10.8 }"
    >>> observed = [f"observed.difference={reported}"]
    >>> weighed = planner.weigh(planner.read("asthma-ab-ba", set=observed))
    >>> first = weighed.hypotheses()[0]
    >>> first.hypothesis, round(first.weight.estimate, 2)
    ('published', 0.97)
    """
    check_whole(variants=variants, virtual_patients=patients, seed=seed, threads=threads)
    check_one_stage("weigh", scenario)
    start = time.perf_counter()
    _check_endpoint(scenario)
    if data is not None:
        scenario = scenario.model_copy(update={"observed": observed_in(scenario, data)})
    weights = _priors(scenario, prior or {})
    task = _task(scenario, variants, patients, seed)
    work, rule, evidence, names = task.work, task.rule, task.work.evidence, task.work.names
    measured, ended, partial = simulate(work, threads=threads, progress=progress)
    remarks = (*scenario.remarks, *task.remarks)
    if rule.rule is not None:
        likelihood = evidence.likelihood(measured) * ended
    else:
        likelihood = evidence.likelihood(measured) if task.uncertain else _jackknife(evidence, measured)
    if not (weights * likelihood.mean(axis=0)).any():
        raise _out_of_reach(evidence, measured)
    if partial:
        remarks = (*remarks, f"interrupted: the figures are of the {len(measured):,} variants that were done")
    return Weighing(
        scenario=scenario,
        name=name or scenario.name,
        names=names,
        evidence=evidence,
        measured=measured,
        posterior=Posterior(likelihood, weights, work.groups),
        drawn=tuple(_number_draws(work, parameter_draws.uncertain_parameters(scenario), len(measured))),
        tests=tuple(tests(scenario, evidence)),
        seed=work.seed,
        patients=work.patients,
        uncertain=task.uncertain,
        partial=partial,
        exact=work.exact,
        stopping=rule,
        ended=ended,
        remarks=remarks,
        seconds=time.perf_counter() - start,
    )


@dataclass(frozen=True)
class _Task:
    """What is to be done before it is begun."""

    work: Work
    rule: StoppingTreatment
    uncertain: bool
    remarks: tuple[str, ...]


def _check_endpoint(scenario: Scenario) -> None:
    """Raise WeighingError where results are not of what hypotheses state."""
    if scenario.endpoint.on_logs:
        message = "results of a log-normal endpoint are not weighed: they are means of the scores themselves"
        raise WeighingError(message, "planner discriminate says what its hypotheses differ in", "scenario")


def _task(scenario: Scenario, variants: int | None, patients: int | None, seed: int | None) -> _Task:
    """Raises WeighingError where there is nothing to weigh."""
    names = _names(scenario)
    if (left_open := first_open(scenario, names)) is not None:
        name, numbers = left_open
        message = f"{name} does not say {numbers.what}, on which the weights depend"
        raise WeighingError(message, numbers.hint, "scenario")
    evidence, remarks = _evidence(scenario)
    assert scenario.observed is not None  # or there would be no evidence
    rule = stopping(scenario, scenario.observed, evidence)
    uncertain = is_uncertain(scenario)
    draws = VARIANTS if variants is None else variants
    seed = scenario.simulation.seed if seed is None else seed
    exact = _is_exact(scenario, names, evidence, rule)
    work = Work(
        scenario,
        names,
        evidence,
        inseparable(scenario, names, seed),
        rule.rule,
        draws if uncertain else 1 if exact else REPLICATES,
        seed,
        PATIENTS if patients is None else patients,
        exact,
    )
    return _Task(work, rule, uncertain, remarks)


def forecast(
    scenario: Scenario,
    *,
    prior: Mapping[str, float] | None = None,
    variants: int | None = None,
    patients: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
) -> tuple[Json, EffortEstimate]:
    """What `weigh` would simulate with the same arguments, and how long that takes."""
    _check_endpoint(scenario)
    weights = _priors(scenario, prior or {})
    began = time.perf_counter()
    task = _task(scenario, variants, patients, seed)
    work = task.work
    return {
        "run": {
            "variants": work.draws,
            "patients": 0 if work.exact else work.patients,
            "uncertain": task.uncertain,
            "exact": work.exact,
            "seed": work.seed,
        },
        "cells": [
            {"hypothesis": name, "prior": float(share)}
            for name, share in zip(work.names, weights / weights.sum(), strict=True)
        ],
        "classes": [[work.names[h] for h in group] for group in work.groups],
        "virtual_patients": 0
        if work.exact
        else work.draws * patients_of(work.scenario, work.patients) * len(work.names),
    }, _effort(task, time.perf_counter() - began, threads)


_SAMPLED = 16
"""Draws, and then uncertain numbers, for the time that all of them take."""


def _effort(task: _Task, beside: float, threads: int | None) -> EffortEstimate:
    """`beside`: seconds that were spent before anything is simulated."""
    work = task.work
    simulate(replace(work, draws=1), threads=threads)  # compiles
    some = min(_SAMPLED, work.draws)
    began = time.perf_counter()
    measured, _, _ = simulate(replace(work, draws=some), threads=threads)
    work.evidence.likelihood(measured)
    pace = (time.perf_counter() - began) / some
    entries = parameter_draws.uncertain_parameters(work.scenario)
    began = time.perf_counter()
    list(_number_draws(work, entries[:_SAMPLED:4], work.draws))
    beside += (time.perf_counter() - began) * len(entries) / max(len(entries[:_SAMPLED:4]), 1)
    seconds = beside + pace * work.draws
    trials = 0 if work.exact else trials_of(work.scenario, work.patients)
    return EffortEstimate(
        seconds=seconds,
        at_most=False,
        trials_per_second=trials * work.draws / seconds,
        memory_bytes=peak_memory(),
        threads=threads or usable_cores(),
        sampled_trials=trials * some,
    )


def _evidence(scenario: Scenario) -> tuple[Evidence, tuple[str, ...]]:
    """What is weighed, and remarks. Raises WeighingError."""
    observed = scenario.observed
    if observed is None or observed.use is None:
        hint = "for instance under [observed]: responders = { A = [7, 12], B = [0, 12] }"
        raise WeighingError("the scenario states no observed result", hint, "request")
    if observed.use == "means":
        return mean_evidence(scenario, observed), ()
    if observed.use == "difference":
        return difference_evidence(scenario, observed), ()
    return count_evidence(scenario, observed)


def _names(scenario: Scenario) -> tuple[str, ...]:
    return scenario.simulated_hypotheses


def _priors(scenario: Scenario, given: Mapping[str, float]) -> Floats:
    """(hypothesis,) prior weights."""
    names = _names(scenario)
    try:
        given = _by_name(given, labels_of({name: scenario.hypotheses[name] for name in names}))
    except UnknownNameError as error:
        raise WeighingError(error.message, error.hint, "request") from None
    stated = {name: scenario.hypotheses[name].prior for name in names}
    weights = np.array([given.get(n, 1.0 if stated[n] is None else stated[n]) for n in names], np.float64)
    if not np.isfinite(weights).all() or (weights < 0.0).any() or not weights.any():
        message = "prior weights must be 0 or more, and not all 0"
        raise WeighingError(message, "for instance H=2", "request")
    return weights if weights.max() < 1e300 else weights / weights.max()  # only their proportions count


def _by_name(given: Mapping[str, float], labels: Labels) -> dict[str, float]:
    """The weights by the names of hypotheses."""
    weights: dict[str, float] = {}
    for word, weight in given.items():
        name = name_called(word, labels)
        if name in weights:
            raise UnknownNameError(f"{name} has two prior weights", "give one of them")
        weights[name] = weight
    return weights


def _is_exact(scenario: Scenario, names: Sequence[str], evidence: Evidence, rule: StoppingTreatment) -> bool:
    """Whether what is stated gives all chances, so that nothing is to be simulated."""
    if not isinstance(evidence, CountEvidence) or rule.rule is not None or not evidence.certain(scenario):
        return False
    return all(evidence.stated_chances(scenario, name, evidence.parts[0]) is not None for name in names)


def _jackknife(evidence: Evidence, measured: Floats) -> Floats:
    """(set, hypothesis) likelihoods of sets of patients of one and the same scenario, as jackknife values.

    Their mean is the likelihood from all patients together, without its bias of the order 1 / patients; their
    spread gives its error (Tukey 1958).
    """
    sets = len(measured)
    if sets < 2:
        return evidence.likelihood(measured)
    total = measured.sum(axis=0)
    every, without = evidence.likelihood(total / sets), evidence.likelihood((total - measured) / (sets - 1))
    return np.asarray(sets * every - (sets - 1) * without)


def _out_of_reach(evidence: Evidence, measured: Floats) -> WeighingError:
    """A result that no hypothesis gives any likelihood: impossible counts, or values too far away."""
    distance = float(evidence.distance(measured).min())
    if distance == 0.0:
        return WeighingError("the result is impossible under every hypothesis", "is it stated as observed?")
    far = f"{distance:,.3g}" if np.isfinite(distance) else "endlessly many"
    return WeighingError(
        f"the result is {far} standard errors away from what even the nearest hypothesis predicts, too far "
        "for weights to mean anything",
        "are the result and the hypotheses in the same unit, and on the same day?",
    )


def _number_draws(work: Work, entries: Sequence[UncertainParameter], count: int) -> Iterator[NumberDraws]:
    """What was drawn in the first `count` variants, of the uncertain numbers that matter in this design."""
    scenario, names = work.scenario, work.names
    plain = at_plain_values(scenario, work.seed, 0) if entries else None
    for entry in entries:
        own = entry.hypothesis
        changed = tuple(name for name in names if own in (None, name) or _tied_to(scenario, name) == own)
        if changed and endpoint_depends_on(scenario, entry, changed, work.seed, plain):
            values = np.array(parameter_draws.parameter_draws(entry, work.seed, 0, count))
            places = tuple(names.index(name) for name in changed)
            yield NumberDraws(entry.key, own, places, values, bool(entry.distribution.relative))


def _tied_to(scenario: Scenario, name: str) -> str | None:
    """The hypothesis whose sizes are taken over."""
    tie = scenario.hypotheses[name].tied
    return None if tie is None else tie.to
