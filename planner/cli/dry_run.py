"""What a command would do and what it would take: `--dry-run` of every command that simulates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner.cli.exit import OK, Problem
from planner.cli.output import Target

if TYPE_CHECKING:
    from planner.questions.effort import EffortEstimate
    from planner.questions.run.simulate import Amount
    from planner.questions.sensitivity.assumptions import Assumption
    from planner.questions.sweep.axes import Point
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario

Json = dict[str, Any]
Facts = list[tuple[str, str]]

NO_CSV = ("--dry-run has no CSV form", "leave --format out, or use json or md")


def write_estimate(
    target: Target,
    title: str,
    document: Json,
    facts: Facts,
    effort: EffortEstimate,
    more: Sequence[Block] = (),
    *,
    remarks: Sequence[str] = (),
) -> int:
    """Write the `planner.dry-run/1` object, or the same in words; `remarks` on its scenarios as warnings."""
    from planner.cli.options import Format
    from planner.cli.terminal import warn
    from planner.report.pages.effort import dry_run_page

    if target.wanted is Format.csv:
        raise Problem(NO_CSV[0], hint=NO_CSV[1])
    whole = {
        "schema": "planner.dry-run/1",
        **document,
        "estimate": effort.to_json(),
        "warnings": list(remarks),
    }
    for remark in remarks:
        warn(remark)
    target.write(whole, lambda: dry_run_page(title, facts, whole, more))
    return OK


def _virtual_fact(patients: int) -> tuple[str, str]:
    return "Virtual patients", f"{patients:,} in all"


def remarks_by_name(plans: Sequence[Scenario], names: Sequence[str]) -> list[str]:
    """The remarks on several scenarios, each after the name of its own."""
    return [f"{name}: {remark}" for plan, name in zip(plans, names, strict=True) for remark in plan.remarks]


def trials_in_words(amount: Amount) -> str:
    """How many trials there will be, in words."""
    if amount.precision is None:
        return f"{amount.trials:,} under each hypothesis"
    most = amount.steps.in_words.replace(" trials", "", 1)
    return f"as many as a Monte Carlo standard error of {amount.precision:g} needs, at most {most}"


def _variants_fact(amount: Amount) -> Facts:
    if not amount.uncertain:
        return []
    number = f"{amount.variants:,} of what is uncertain"
    return [("Variants", number if amount.precision is None else f"at most {number}")]


def _run(amount: Amount, seed: int) -> Json:
    """The `run` of the document."""
    uncertain = {"uncertain": True, "variants": amount.variants} if amount.uncertain else {}
    return {"trials": amount.trials, "seed": seed, "precision": amount.precision, **uncertain}


def _names(plan: Scenario) -> list[str]:
    return list(plan.simulated_hypotheses)


def of_plan(plan: Scenario) -> Json:
    """The scenario as every JSON object names it."""
    from planner.scenario.canonical.resolved import digest

    return {"name": plan.name, "title": plan.title, "digest": digest(plan)}


def of_run(plan: Scenario, amount: Amount, seed: int, threads: int | None, target: Target) -> int:
    """A plain run: its cells, its trials and the scenario with every default filled in."""
    from planner.questions import effort
    from planner.report.blocks import Code, Heading
    from planner.scenario.canonical.toml import to_toml

    estimate = effort.of_run(plan, amount, seed, threads)
    names, most = _names(plan), effort.most_trials(amount)
    cells = [
        {"hypothesis": name, "analysis": analysis.name, "patients": plan.design.patients}
        for name in names
        for analysis in plan.analyses
    ]
    facts = [
        ("Trials", f"{trials_in_words(amount)}, seed {seed}"),
        *_variants_fact(amount),
        ("Hypotheses", ", ".join(names)),
        ("Analyses", ", ".join(analysis.name for analysis in plan.analyses)),
        ("Patients", f"{plan.design.patients:,} a trial"),
        *([_virtual_fact(most * plan.design.patients * len(names))] if amount.precision is None else []),
        ("Digest", of_plan(plan)["digest"][:12]),
    ]
    title = f"Would be simulated: {plan.title}" if plan.title else "Would be simulated"
    document = {"scenario": of_plan(plan), "run": _run(amount, seed), "cells": cells}
    more: list[Block] = [Heading("The scenario, complete"), Code(to_toml(plan).strip(), "toml")]
    return write_estimate(target, title, document, facts, estimate, more, remarks=plan.remarks)


def of_sweep(points: Sequence[Point], amount: Amount, seed: int, threads: int | None, target: Target) -> int:
    """The combinations of a sweep."""
    from planner.questions import effort
    from planner.questions.sweep.axes import remarks_on_looks
    from planner.report.blocks import Column, Sheet
    from planner.scenario.text import count

    base = points[0].scenario
    if amount.trials is None and amount.precision is None:
        amount = replace(amount, trials=base.simulation.trials)
    most = effort.most_trials(amount)
    work = effort.sweep_passes(points, most)
    estimate = effort.of_sweep(work, amount, seed, threads)
    names = _names(base)
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
        *_variants_fact(amount),
        *([_virtual_fact(patients)] if amount.precision is None else []),
    ]
    paths = list(points[0].values)
    rows = [[str(point.values[path]) for path in paths] for point in points]
    sheet = Sheet([Column(path) for path in paths], rows)
    document = {"scenario": of_plan(base), "run": _run(amount, seed), "cells": cells}
    remarks = remarks_on_looks(points)
    return write_estimate(target, "Would be simulated", document, facts, estimate, [sheet], remarks=remarks)


def of_sensitivity(
    plan: Scenario,
    varied: Sequence[Assumption],
    trials: int,
    seed: int,
    threads: int | None,
    target: Target,
) -> int:
    """The assumptions that would be varied."""
    from planner.questions import effort
    from planner.report.blocks import Heading, Items

    estimate, variants = effort.of_sensitivity(plan, varied, trials, seed, threads)
    rows = [{"path": each.path, "value": each.value, "hypotheses": each.hypotheses} for each in varied]
    facts = [
        ("Variants", f"{variants:,}"),
        ("Trials", f"{trials:,} of each variant, seed {seed}"),
        _virtual_fact(trials * plan.design.patients * len(_names(plan)) * variants),
    ]
    run = {"trials": trials, "seed": seed, "variants": variants}
    document = {"scenario": of_plan(plan), "run": run, "assumptions": rows}
    more: list[Block] = [Heading("What is varied"), Items([each.path for each in varied])]
    return write_estimate(target, "Would be simulated", document, facts, estimate, more, remarks=plan.remarks)


def of_compare(
    plans: Sequence[Scenario],
    chosen: Sequence[str],
    trials: int,
    seed: int,
    threads: int | None,
    target: Target,
) -> int:
    """The designs that would be compared."""
    from planner.questions import effort
    from planner.questions.compare.compare import distinct_names, parts_of
    from planner.report.blocks import Column, Sheet

    parts = parts_of(plans, chosen or None)
    estimate = effort.of_compare(list(parts.values()), trials, seed, threads)
    calls = distinct_names([plan.name for plan in plans])
    cells = [
        {"design": calls[j], "hypothesis": name, "patients": part.design.patients}
        for j, part in parts.items()
        for name in _names(part)
    ]
    columns = [Column("Design", number=False), Column("Hypothesis", number=False), Column("Patients")]
    facts = [
        ("Trials", f"{trials:,} of each design under each hypothesis, seed {seed}"),
        _virtual_fact(trials * sum(part.design.patients * len(_names(part)) for part in parts.values())),
    ]
    rows = [[str(value) for value in cell.values()] for cell in cells]
    document = {
        "designs": [of_plan(plan) for plan in plans],
        "run": {"trials": trials, "seed": seed},
        "cells": cells,
    }
    remarks = remarks_by_name(plans, calls)
    return write_estimate(
        target, "Would be compared", document, facts, estimate, [Sheet(columns, rows)], remarks=remarks
    )


def of_size(
    plan: Scenario,
    targets: Sequence[float],
    find: str,
    patients: int,
    trials: int | None,
    variants: int | None,
    seed: int,
    threads: int | None,
    target: Target,
) -> int:
    """The search for a number of patients or an effect: how far it can go at most.

    `variants`: the most values of every uncertain number, if they are averaged over.
    """
    from planner.kernels.tables import W
    from planner.questions import effort
    from planner.questions.size.effort import largest_passes

    cap = trials if variants is None else variants * W
    work = list(largest_passes(plan, find, patients, len(targets), cap))
    some = plan if find == "patients" else work[0].scenario
    estimate = effort.of_search(work, some, patients, seed, threads, uncertain=variants is not None)
    names = _names(plan)
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
    document = {"scenario": of_plan(plan), "run": run, "cells": cells}
    return write_estimate(target, "Would be sought", document, facts, estimate, remarks=plan.remarks)


def of_trial(plan: Scenario, index: int, kind: str | None, trials: int, seed: int, target: Target) -> int:
    """One trial, or the search for one of a kind."""
    from planner.kernels.tables import W
    from planner.questions import effort
    from planner.questions.replay.replay import KINDS

    names = _names(plan)[:1]
    simulation = plan.simulation.model_copy(update={"hypotheses": tuple(names)})
    alone = plan.model_copy(update={"simulation": simulation})
    most = W if kind is None else trials
    estimate = effort.of_trial(alone, most, seed, at_most=kind is not None)
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
    document = {"scenario": of_plan(plan), "run": run, "cells": cells}
    return write_estimate(target, "Would be looked at", document, facts, estimate, remarks=plan.remarks)
