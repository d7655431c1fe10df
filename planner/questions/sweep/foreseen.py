"""What a sweep would do and take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner.questions.effort import EffortEstimate, PlannedPass, of_passes
from planner.questions.foreseen import Foreseen, scenario_name, virtual_patients
from planner.questions.run.foreseen import (
    effort_of_variants,
    most_trials,
    stated_run,
    trials_in_words,
    variants_fact,
)
from planner.questions.run.simulate import Amount
from planner.questions.sweep.axes import Point, remarks_on_looks
from planner.questions.sweep.sweep import points_by_pass
from planner.scenario.text import count


def foreseen(points: Sequence[Point], amount: Amount, seed: int, threads: int | None) -> Foreseen:
    """The combinations of a sweep."""
    base = points[0].scenario
    if amount.trials is None and amount.precision is None:
        amount = replace(amount, trials=base.simulation.trials)
    most = most_trials(amount)
    work = sweep_passes(points, most)
    effort = effort_of_sweep(work, amount, seed, threads)
    names = list(base.simulated_hypotheses)
    cells = [
        {"hypothesis": h, "analysis": a.name, "patients": p.scenario.design.patients, "sweep": p.values}
        for p in points
        for h in names
        for a in p.scenario.analyses
    ]
    patients = most * sum(each.patients for each in work) * len(names)
    facts = [
        (
            "Combinations",
            f"{len(points):,}, in {count(len(work), 'pass', 'passes')} over the virtual patients",
        ),
        ("Cells", f"{len(cells):,}"),
        ("Trials", f"{trials_in_words(amount)}, seed {seed}"),
        *variants_fact(amount),
        *([virtual_patients(patients)] if amount.precision is None else []),
    ]
    document = {"scenario": scenario_name(base), "run": stated_run(amount, seed), "cells": cells}
    remarks = remarks_on_looks(points)
    return Foreseen("Would be simulated", document, facts, effort, remarks)


def sweep_passes(points: Sequence[Point], trials: int) -> list[PlannedPass]:
    """The passes of a sweep, each of so many trials."""
    passes = []
    for group in points_by_pass(points):
        sized = [points[n].scenario for n in group]
        passes.append(PlannedPass(sized[0], trials, max(each.design.patients for each in sized), sized))
    return passes


def effort_of_sweep(
    passes: Sequence[PlannedPass], amount: Amount, seed: int, threads: int | None
) -> EffortEstimate:
    """Of the passes of a sweep."""
    if amount.uncertain:
        return effort_of_variants(passes[0].scenario, passes[0].trials, amount, seed, threads, passes)
    return of_passes(passes, seed, threads, at_most=amount.precision is not None)
