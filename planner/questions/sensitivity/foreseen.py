"""What an analysis of sensitivity would do and take."""

from __future__ import annotations

from collections.abc import Sequence

from planner.questions.compare.pairing import pair
from planner.questions.effort import EffortEstimate, of_sample, rough_truths
from planner.questions.foreseen import Foreseen, scenario_name, virtual_patients
from planner.questions.sensitivity.assumptions import Assumption
from planner.questions.sensitivity.sensitivity import variants
from planner.scenario.scenario import Scenario


def foreseen(
    plan: Scenario,
    varied: Sequence[Assumption],
    trials: int,
    seed: int,
    threads: int | None,
) -> Foreseen:
    """The assumptions that would be varied."""
    effort, count = _effort(plan, varied, trials, seed, threads)
    rows = [{"path": each.path, "value": each.value, "hypotheses": each.hypotheses} for each in varied]
    facts = [
        ("Variants", f"{count:,}"),
        ("Trials", f"{trials:,} of each variant, seed {seed}"),
        virtual_patients(trials * plan.design.patients * len(list(plan.simulated_hypotheses)) * count),
    ]
    run = {"trials": trials, "seed": seed, "variants": count}
    document = {"scenario": scenario_name(plan), "run": run, "assumptions": rows}
    return Foreseen("Would be simulated", document, facts, effort, plan.remarks)


def _effort(
    scenario: Scenario, varied: Sequence[Assumption], trials: int, seed: int, threads: int | None
) -> tuple[EffortEstimate, int]:
    """Of the variants with an assumption a step off, and how many there are."""
    (effects,), extra = rough_truths([scenario], seed)
    jobs, groups, _ = variants(scenario, varied, seed, effects)
    effort = of_sample(lambda n: pair(jobs, groups, n, threads=threads), trials, threads, extra=extra)
    return effort, len(jobs)
