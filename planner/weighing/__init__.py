"""How probable an observed result is under each hypothesis, and the weight that this gives them.

    weigh(read("williams-2018"))

Every uncertain number is drawn anew in each variant of the scenario. Under each hypothesis and variant,
virtual patients of the design say how probable what was observed is; the mean over the variants is the
marginal likelihood, and Bayes' theorem makes weights of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from planner import uncertainty
from planner.kernels.tables import Floats
from planner.scenario import Scenario
from planner.scenario_terms import Rates, Terms
from planner.weighing.classes import matters, same
from planner.weighing.data import observed_in
from planner.weighing.ending import ends
from planner.weighing.errors import WeighingError as WeighingError
from planner.weighing.exact import tests
from planner.weighing.influence import Drawn
from planner.weighing.moments import Difference, difference, means
from planner.weighing.patients import cohort
from planner.weighing.posterior import Posterior
from planner.weighing.result import Evidence
from planner.weighing.result import Weighing as Weighing
from planner.weighing.stopping import Rule, Stopping, stopping
from planner.weighing.tables import Counts, counts

VARIANTS = 400
"""How often the uncertain numbers are drawn, if nothing else is said."""

PATIENTS = 8192
"""Virtual patients of each variant under each hypothesis, if nothing else is said."""

REPLICATES = 32
"""Sets of patients where nothing is uncertain; their spread gives the Monte Carlo error."""

Progress = Callable[[int, int], None]


def weigh(
    scenario: Scenario,
    *,
    data: str | Path | None = None,
    prior: Mapping[str, float] | None = None,
    variants: int | None = None,
    patients: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    name: str | None = None,
) -> Weighing:
    """Weigh the scenario's hypotheses by its observed result.

    data: a file of patients in long format, whose result is weighed in place of the scenario's. prior: prior
    weights by hypothesis, in place of those of the scenario. variants: how often the uncertain
    numbers are drawn. patients: virtual patients of each variant. progress(done, all) counts variants. Ctrl-C
    ends with the variants that are done. Raises WeighingError where there is nothing to weigh.
    """
    start = time.perf_counter()
    if data is not None:
        scenario = scenario.model_copy(update={"observed": observed_in(scenario, data)})
    names = tuple(scenario.simulation.hypotheses or scenario.hypotheses)
    weights = _priors(scenario, names, prior or {})
    evidence, remarks = _evidence(scenario)
    observed = scenario.observed
    assert observed is not None  # or there would be no evidence
    rule = stopping(scenario, observed, evidence)
    uncertain = uncertainty.is_uncertain(scenario)
    asked = (
        (VARIANTS if variants is None else variants) if uncertain else _replicates(scenario, evidence, rule)
    )
    seed = scenario.simulation.seed if seed is None else seed
    size = PATIENTS if patients is None else patients
    groups = same(scenario, names, seed)
    measured, ended, partial = _measured(
        _Work(scenario, names, evidence, groups, rule.rule, asked, seed, size), progress
    )
    if rule.rule is not None:
        likelihood = evidence.likelihood(measured) * ended
    else:
        likelihood = evidence.likelihood(measured) if uncertain else _pooled(evidence, measured)
    if not (weights * likelihood.mean(axis=0)).any():
        raise WeighingError("the result is impossible under every hypothesis", "is it stated as observed?")
    if partial:
        remarks = (*remarks, f"interrupted: the figures are of the {len(measured)} variants that were done")
    return Weighing(
        scenario=scenario,
        name=name or scenario.name,
        names=names,
        evidence=evidence,
        measured=measured,
        posterior=Posterior(likelihood, weights, groups),
        drawn=tuple(_drawn(scenario, names, seed, len(measured))),
        tests=tuple(
            tests(
                observed,
                evidence if isinstance(evidence, Counts) else None,
                evidence if isinstance(evidence, Difference) else None,
            )
        ),
        seed=seed,
        patients=size,
        uncertain=uncertain,
        partial=partial,
        stopping=rule,
        ended=ended,
        remarks=remarks,
        seconds=time.perf_counter() - start,
    )


def _evidence(scenario: Scenario) -> tuple[Evidence, tuple[str, ...]]:
    """What is weighed, and remarks. Raises WeighingError."""
    observed = scenario.observed
    if observed is None:
        hint = "for instance [observed] responders = { A = [7, 12], B = [0, 12] }"
        raise WeighingError("the scenario states no observed result", hint)
    if observed.use == "means":
        return means(scenario, observed), ()
    if observed.use == "difference":
        return difference(scenario, observed), ()
    return counts(scenario, observed)


def _priors(scenario: Scenario, names: tuple[str, ...], given: Mapping[str, float]) -> Floats:
    """(hypothesis,) prior weights."""
    for name in given:
        if name not in names:
            raise WeighingError(f"there is no hypothesis {name}", f"known: {', '.join(names)}")
    stated = {name: scenario.hypotheses[name].prior for name in names}
    found = np.array([given.get(n, 1.0 if stated[n] is None else stated[n]) for n in names], np.float64)
    if not np.isfinite(found).all() or (found < 0.0).any() or not found.any():
        raise WeighingError("prior weights must be 0 or more, and not all 0", "for instance H=2")
    return found


def _replicates(scenario: Scenario, evidence: Evidence, rule: Stopping) -> int:
    """How many sets of patients where nothing is uncertain: one where all chances are exact."""
    names = scenario.simulation.hypotheses or tuple(scenario.hypotheses)
    stated = all(isinstance(scenario.hypotheses[name], Rates) for name in names)
    exact = stated and isinstance(evidence, Counts) and evidence.exact(scenario)
    return 1 if exact and rule.rule is None else REPLICATES


@dataclass(frozen=True)
class _Work:
    """What is asked of the virtual patients of each draw."""

    scenario: Scenario
    names: tuple[str, ...]
    evidence: Evidence
    groups: tuple[tuple[int, ...], ...]
    rule: Rule | None
    draws: int
    seed: int
    patients: int


def _measured(work: _Work, progress: Progress | None) -> tuple[Floats, Floats, bool]:
    """(draw, hypothesis, ...) what virtual patients show, chances to end; and whether it was interrupted."""
    rows: list[Floats] = []
    ended: list[Floats] = []
    readings = list(work.evidence.readings)
    if work.rule is not None and work.rule.reading not in readings:
        readings.append(work.rule.reading)
    try:
        for number, variant in enumerate(uncertainty.variants(work.scenario, work.draws, work.seed)):
            patients = cohort(variant, work.names, readings, work.seed, number, work.patients)
            row = work.evidence.measured(patients, work.names)
            last = np.ones(len(work.names))
            if work.rule is not None and isinstance(work.evidence, Counts):
                at = readings.index(work.rule.reading)
                key = (work.seed, number)
                last = ends(work.rule, work.evidence, patients, work.groups, at, key)
            rows.append(row)
            ended.append(last)
            if progress is not None:
                progress(number + 1, work.draws)
    except KeyboardInterrupt:
        if len(rows) < 2:
            raise
    done = min(len(rows), len(ended))
    return np.stack(rows[:done]), np.stack(ended[:done]), done < work.draws


def _pooled(evidence: Evidence, measured: Floats) -> Floats:
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


def _drawn(scenario: Scenario, names: tuple[str, ...], seed: int, count: int) -> Iterator[Drawn]:
    """What was drawn in the first `count` variants, of every uncertain number that matters in this design."""
    for entry in uncertainty.entries(scenario):
        own = entry.hypothesis
        changed = tuple(name for name in names if own in (None, name) or _tied_to(scenario, name) == own)
        if changed and matters(scenario, entry, changed, seed):
            values = np.array(uncertainty.draws(entry, seed, 0, count))
            places = tuple(names.index(name) for name in changed)
            yield Drawn(entry.key, own, places, values, bool(entry.distribution.relative))


def _tied_to(scenario: Scenario, name: str) -> str | None:
    """The hypothesis whose sizes are taken over."""
    hypothesis = scenario.hypotheses[name]
    tie = hypothesis.tie if isinstance(hypothesis, Terms) else None
    return None if tie is None else tie.to
