"""What it would take to look at one trial, or to search for one."""

from __future__ import annotations

from planner.engine.blocks import records_of
from planner.engine.executors import pieces
from planner.engine.job import job_of
from planner.kernels.tables import W
from planner.questions.effort import EffortEstimate, of_sample, rough_truths
from planner.questions.foreseen import Foreseen, scenario_name
from planner.questions.replay.replay import KINDS
from planner.scenario.scenario import Scenario


def foreseen(plan: Scenario, index: int, kind: str | None, trials: int, seed: int) -> Foreseen:
    """One trial, or the search for one of a kind."""
    names = list(plan.simulated_hypotheses)[:1]
    simulation = plan.simulation.model_copy(update={"hypotheses": tuple(names)})
    alone = plan.model_copy(update={"simulation": simulation})
    most = W if kind is None else trials
    effort = _effort(alone, most, seed, at_most=kind is not None)
    sought = f"number {index:,}"
    if kind is not None:
        sought = f"the first that {KINDS[kind]}, from number {index:,} on, of at most {trials:,}"
    facts = [
        ("Trial", f"{sought}; seed {seed}"),
        ("Hypothesis", names[0]),
        ("Analyses", ", ".join(analysis.name for analysis in plan.analyses)),
        ("Patients", f"{plan.design.patients:,} a trial"),
    ]
    run = {"trials": most, "seed": seed, "index": index, "find": kind}
    cells = [
        {"hypothesis": names[0], "analysis": analysis.name, "patients": plan.design.patients}
        for analysis in plan.analyses
    ]
    document = {"scenario": scenario_name(plan), "run": run, "cells": cells}
    return Foreseen("Would be looked at", document, facts, effort, plan.remarks)


def _effort(scenario: Scenario, trials: int, seed: int, *, at_most: bool) -> EffortEstimate:
    """Of one trial in full, or of a search that looks at so many trials at most."""
    (effects,), extra = rough_truths([scenario], seed)
    work = job_of(scenario, seed=seed, given_truths=effects, tallied=False)

    def scan(n: int) -> None:
        for start, count in pieces(0, n, 8 * W):
            records_of(work, start, -(-count // W))

    return of_sample(scan, trials, 1, extra=extra, at_most=at_most)
