"""Power averaged over uncertain numbers: the assurance of O'Hagan, Stevens and Campbell (2005).

The trials are divided over variants of the scenario, in each of which every uncertain number has a drawn
value. Each variant has trials of its own; together they are those of a run without uncertainty.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from planner import engine
from planner.clusters import Clusters, Drawn, error
from planner.departures import Departed, departed
from planner.guesses import guesses
from planner.kernels.rng import W
from planner.montecarlo import Json
from planner.outcomes import Truth, truths
from planner.results import Run, cell_of
from planner.returning import rule
from planner.scenario import Scenario
from planner.uncertainty import check, variants
from planner.unknowns import unknowns
from planner.world import retention

VARIANTS = 500
"""Variants of a run, if nothing else is said."""

MOST_VARIANTS = 100_000
_TRUTH_TILES = 16  # of 128 patients, for the true effects of a variant


@dataclass(frozen=True)
class Assured(Run):
    """The result of a simulation over uncertain numbers: a run whose power is the assurance."""

    drawn: Drawn | None = None  # always there

    def cells(self) -> list[Json]:
        """As of a run, with errors that include the spread between variants, and with what is uncertain."""
        work, total, drawn = self.outcome.work, self.outcome.tally, self.drawn
        assert drawn is not None
        found = []
        again = rule(self.scenario)
        days = again.recheck_days if again is not None else None
        for h, tests in enumerate(work.tests):
            left = self._departed(h)
            for a, test in enumerate(tests):
                truth = Truth(drawn.mean_effect(h, a), 0.0, bool(drawn.null[:, h, a].all()), test.unit)
                pooled = replace(test, truth=truth)
                for d in range(len(work.designs)):
                    sums = total.ends[h, a, d], total.free[h, a, d]
                    cell = cell_of(pooled, d, total.trials, *sums, left) | guesses(work, total, h)
                    found.append(Clusters(drawn, h, a, d, test, days).cell(cell))
        return found

    def to_json(self) -> Json:
        """The `planner.run/1` object, with what is uncertain."""
        document = super().to_json()
        assert self.drawn is not None
        document["run"]["variants"] = len(self.drawn.tallies)
        return document | {"uncertain": unknowns(self.scenario)}

    def _departed(self, h: int) -> Departed:
        """Who left under a hypothesis, over all variants."""
        assert self.drawn is not None
        stay = [each for each in self.drawn.retention if each is not None]
        if len(stay) < len(self.drawn.retention):
            return departed(self.scenario, self.outcome.tally.followed[h])
        spread = error(np.array(stay) * self.drawn.trials, self.drawn.trials)
        return Departed(float(np.average(stay, weights=self.drawn.trials)), spread or None, {})


def assured(
    scenario: Scenario,
    *,
    trials: int | None = None,
    count: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    progress: engine.Progress | None = None,
    patients: Sequence[int] | None = None,
    name: str = "scenario",
) -> Assured:
    """Simulate `count` variants of a scenario (default 500), which share the trials, and average over them.

    The trials of a variant begin at a multiple of 128; where there are too few trials for so many variants,
    fewer are drawn. Raises UncertaintyError where nothing is uncertain. Ctrl-C: as in `engine.run`.
    """
    check(scenario)
    begun = time.perf_counter()
    seed = scenario.simulation.seed if seed is None else seed
    stretches = shares(trials or scenario.simulation.trials, count or VARIANTS)
    names = scenario.simulation.hypotheses or tuple(scenario.hypotheses)
    plain = truths(scenario, names, seed, _TRUTH_TILES)
    work = engine.job(scenario, seed=seed, patients=patients, known=plain)
    made = _Made(scenario, work, seed, len(stretches))
    tallies, interrupted = engine.run_each(made.job, stretches, threads=threads, progress=progress)
    finished = [i for i, tally in enumerate(tallies) if tally is not None]
    if interrupted and not finished:
        raise KeyboardInterrupt
    total = work.empty()
    for i in finished:
        total.add(tallies[i])  # type: ignore[arg-type]
    found = [[made.truths[i][name] for name in names] for i in finished]
    drawn = Drawn(
        tuple(tally for tally in tallies if tally is not None),
        np.array([[[truth.effect for truth in row] for row in each] for each in found]),
        np.array([[[truth.is_null for truth in row] for row in each] for each in found]),
        tuple(made.retention[i] for i in finished),
    )
    partial = interrupted and len(finished) < len(stretches)
    outcome = engine.Outcome(work, total, time.perf_counter() - begun, partial, interrupted)
    return Assured(scenario, name, outcome, drawn=drawn)


def shares(trials: int, count: int) -> list[tuple[int, int]]:
    """(first, trials) of each variant: whole tiles of 128 trials, shared as evenly as they can be.

    Together they are the trials 0 .. trials - 1 of a run without uncertainty.
    """
    tiles = -(-trials // W)
    count = min(count, tiles)
    edges = [tiles * i // count * W for i in range(count + 1)]
    return [(a, min(b, trials) - a) for a, b in pairwise(edges)]


class _Made:
    """The jobs of the variants, each made when a thread is ready for it."""

    def __init__(self, scenario: Scenario, work: engine.Job, seed: int, count: int) -> None:
        self.work, self.seed = work, seed
        self.truths: dict[int, dict[str, list[Truth]]] = {}
        self.retention: dict[int, float | None] = {}
        self._variants = variants(scenario, count, seed)
        self._waiting: dict[int, Scenario] = {}
        self._lock = threading.Lock()
        self._next = 0

    def _variant(self, i: int) -> Scenario:
        with self._lock:  # a generator runs in one thread at a time
            while self._next <= i:
                self._waiting[self._next] = next(self._variants)
                self._next += 1
            return self._waiting.pop(i)

    def job(self, i: int) -> engine.Job:
        """The job of variant i, whose true effects come from patients of its own."""
        variant = self._variant(i)
        names = [tests[0].hypothesis for tests in self.work.tests]
        found = truths(variant, names, self.seed, _TRUTH_TILES, first=(i + 1) * _TRUTH_TILES)
        self.truths[i], self.retention[i] = found, retention(variant)
        return engine.like(self.work, variant, found)
