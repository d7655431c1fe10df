"""What a comparison of designs would do and take."""

from __future__ import annotations

from collections.abc import Sequence

from planner.engine.job import job_of
from planner.questions.compare.compare import comparison_rows, distinct_names, parts_of
from planner.questions.compare.pairing import pair
from planner.questions.effort import EffortEstimate, of_sample, rough_truths
from planner.questions.foreseen import Foreseen, remarks_by_name, scenario_name, virtual_patients
from planner.scenario.scenario import Scenario


def foreseen(
    plans: Sequence[Scenario],
    chosen: Sequence[str],
    trials: int,
    seed: int,
    threads: int | None,
) -> Foreseen:
    """The designs that would be compared."""
    parts = parts_of(plans, chosen or None)
    effort = _effort(list(parts.values()), trials, seed, threads)
    calls = distinct_names([plan.name for plan in plans])
    cells = [
        {"design": calls[j], "hypothesis": name, "patients": part.design.patients}
        for j, part in parts.items()
        for name in part.simulated_hypotheses
    ]
    patients = sum(part.design.patients * len(part.simulated_hypotheses) for part in parts.values())
    facts = [
        ("Trials", f"{trials:,} of each design under each hypothesis, seed {seed}"),
        virtual_patients(trials * patients),
    ]
    document = {
        "designs": [scenario_name(plan) for plan in plans],
        "run": {"trials": trials, "seed": seed},
        "cells": cells,
    }
    return Foreseen("Would be compared", document, facts, effort, remarks_by_name(plans, calls))


def _effort(designs: Sequence[Scenario], trials: int, seed: int, threads: int | None) -> EffortEstimate:
    """Of designs side by side."""
    effects, extra = rough_truths(designs, seed)
    jobs = [
        job_of(each, seed=seed, given_truths=own, tallied=False)
        for each, own in zip(designs, effects, strict=True)
    ]
    groups = [row.group for row in comparison_rows(jobs)]
    return of_sample(lambda n: pair(jobs, groups, n, threads=threads), trials, threads, extra=extra)
