"""What a search for a size would do and take, at most."""

from __future__ import annotations

from collections.abc import Sequence

from planner.kernels.tables import W
from planner.questions.effort import LONG_VARIANTS, EffortEstimate, PlannedPass, of_passes, of_sample
from planner.questions.foreseen import Foreseen, scenario_name
from planner.questions.run.assurance import AssurancePass
from planner.questions.size.effort import LargestPass, largest_passes
from planner.scenario.scenario import Scenario


def foreseen(
    plan: Scenario,
    targets: Sequence[float],
    find: str,
    patients: int,
    trials: int | None,
    variants: int | None,
    seed: int,
    threads: int | None,
) -> Foreseen:
    """The search for a number of patients or an effect: how far it can go at most.

    `variants`: the most values of every uncertain number, if they are averaged over.
    """
    cap = trials if variants is None else variants * W
    work = list(largest_passes(plan, find, patients, len(targets), cap))
    some = plan if find == "patients" else work[0].scenario
    effort = _effort(work, some, patients, seed, threads, uncertain=variants is not None)
    names = list(plan.simulated_hypotheses)
    cells = [
        {"hypothesis": name, "analysis": analysis.name, "target": power}
        for name in names
        for analysis in plan.analyses
        for power in targets
    ]
    most = max(each.trials for each in work)
    sought = "patients" if find == "patients" else f"the effect that {patients:,} patients find"
    facts = [
        ("Sought", f"{sought}, for a power of {', '.join(f'{power:g}' for power in targets)}"),
        *([("Patients", f"up to {patients:,} a trial")] if find == "patients" else []),
        *([("Variants", f"up to {variants:,} of what is uncertain")] if variants else []),
        ("Hypotheses", ", ".join(names)),
        ("Analyses", ", ".join(analysis.name for analysis in plan.analyses)),
        ("Trials", f"until the answers are settled, at most {most:,} in a pass, seed {seed}"),
    ]
    run = {"trials": trials, "seed": seed, "find": find, "power": list(targets), "most_patients": patients}
    run |= {} if variants is None else {"uncertain": True, "variants": variants}
    document = {"scenario": scenario_name(plan), "run": run, "cells": cells}
    return Foreseen("Would be sought", document, facts, effort, plan.remarks)


def _effort(
    passes: Sequence[LargestPass],
    scenario: Scenario,
    patients: int,
    seed: int,
    threads: int | None,
    *,
    uncertain: bool,
) -> EffortEstimate:
    """Of the search for a size: its passes, each as large as it can be.

    `uncertain`: variants of `scenario` are sampled, with so many patients, 128 trials of each.
    """
    if not uncertain:
        work = [PlannedPass(each.scenario, each.trials, each.patients) for each in passes]
        return of_passes(work, seed, threads, at_most=True)

    def some(n: int) -> None:
        AssurancePass(scenario, max(1, n // W), seed=seed, patients=[patients]).grow(n, threads, None)

    whole = -(-sum(each.trials * each.patients for each in passes) // patients)
    return of_sample(some, whole, threads, long=LONG_VARIANTS, at_most=True)
