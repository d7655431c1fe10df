"""What `run` would do and take, and what it has in common with a sweep."""

from __future__ import annotations

from collections.abc import Sequence

from planner.questions.effort import LONG_VARIANTS, EffortEstimate, PlannedPass, of_passes, of_sample
from planner.questions.foreseen import Facts, Foreseen, scenario_name, virtual_patients
from planner.questions.run.assurance import VARIANT_TRIALS, AssurancePass, shares, simulate_variants
from planner.questions.run.precision import Steps, check
from planner.questions.run.simulate import MOST_BYTES, Amount
from planner.results.contract import Json
from planner.scenario.scenario import Scenario


def foreseen(plan: Scenario, amount: Amount, seed: int, threads: int | None) -> Foreseen:
    """A plain run: its cells, its trials and the scenario with every default filled in."""
    effort = effort_of_run(plan, amount, seed, threads)
    names, most = list(plan.simulated_hypotheses), most_trials(amount)
    staged = plan.monitoring.adaptive is not None  # few trials have as many patients as they may have
    counted = amount.precision is None and not staged
    cells = [
        {"hypothesis": name, "analysis": analysis.name, "patients": plan.design.patients}
        for name in names
        for analysis in plan.analyses
    ]
    facts = [
        ("Trials", f"{trials_in_words(amount)}, seed {seed}"),
        *variants_fact(amount),
        ("Hypotheses", ", ".join(names)),
        ("Analyses", ", ".join(analysis.name for analysis in plan.analyses)),
        ("Patients", f"{'at most ' * staged}{plan.design.patients:,} a trial"),
        *([virtual_patients(most * plan.design.patients * len(names))] if counted else []),
        ("Digest", scenario_name(plan)["digest"][:12]),
    ]
    title = f"Would be simulated: {plan.title}" if plan.title else "Would be simulated"
    document = {"scenario": scenario_name(plan), "run": stated_run(amount, seed), "cells": cells}
    return Foreseen(title, document, facts, effort, plan.remarks)


def effort_of_run(scenario: Scenario, amount: Amount, seed: int, threads: int | None) -> EffortEstimate:
    """Of a plain run."""
    trials = most_trials(amount)
    if amount.uncertain:
        return effort_of_variants(scenario, trials, amount, seed, threads)
    passes = [PlannedPass(scenario, trials, scenario.design.patients)]
    return of_passes(passes, seed, threads, at_most=amount.precision is not None)


def effort_of_variants(
    scenario: Scenario,
    trials: int,
    amount: Amount,
    seed: int,
    threads: int | None,
    passes: Sequence[PlannedPass] = (),
) -> EffortEstimate:
    """Of trials that are divided over variants: some of these are sampled, each with its share of trials.

    `passes`: those of a sweep; the first is sampled, and the time of the others grows with their patients.
    The sums of all variants are kept, and count.
    """
    assert amount.variants is not None
    precise = amount.precision is not None  # which adds no more variants than fit
    each = VARIANT_TRIALS if precise else trials / amount.variants
    sizes = [one.design.patients for one in passes[0].sized] if passes else None
    whole = trials
    if passes:
        whole = round(trials * sum(one.patients for one in passes) / passes[0].patients)

    def some(n: int) -> None:
        count = max(1, int(n / each))
        simulate_variants(scenario, trials=n, count=count, seed=seed, threads=threads, patients=sizes)

    designs = sum(len(one.sized) for one in passes) / len(sizes) if sizes else 1
    variants = len(shares(trials, round(trials / each)))
    one_variant = AssurancePass(scenario, None, seed=seed, patients=sizes).variant_bytes
    kept = int(one_variant * designs * variants)
    held = min(kept, MOST_BYTES) if precise else kept
    return of_sample(some, whole, threads, held=held, long=LONG_VARIANTS, at_most=precise)


def most_trials(amount: Amount) -> int:
    """The most trials that there can be of a pass. Raises PrecisionError as `check` does."""
    if amount.precision is None:
        assert amount.trials is not None
        return amount.trials
    return precise_trials(amount.precision, amount.steps)


def precise_trials(precision: float, steps: Steps) -> int:
    """Trials after which no share has a larger Monte Carlo standard error, in the steps of --precision.

    Where numbers are uncertain, that many variants would do, were power 0 in some of them and 1 in others.
    """
    check(precision)
    needed = 0.25 / (precision * precision) * (steps.variant or 1)
    return next((total for total in steps.totals() if total >= needed), steps.most)


def trials_in_words(amount: Amount) -> str:
    """How many trials there will be, in words."""
    if amount.precision is None:
        return f"{amount.trials:,} under each hypothesis"
    most = amount.steps.in_words.replace(" trials", "", 1)
    return f"as many as a Monte Carlo standard error of {amount.precision:g} needs, at most {most}"


def variants_fact(amount: Amount) -> Facts:
    """The fact that what is uncertain is averaged over, if it is."""
    if not amount.uncertain:
        return []
    number = f"{amount.variants:,} of what is uncertain"
    return [("Variants", number if amount.precision is None else f"at most {number}")]


def stated_run(amount: Amount, seed: int) -> Json:
    """The `run` of the document."""
    uncertain = {"uncertain": True, "variants": amount.variants} if amount.uncertain else {}
    return {"trials": amount.trials, "seed": seed, "precision": amount.precision, **uncertain}
