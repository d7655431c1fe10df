"""What a command would do and what it would take: `--dry-run` of every command that simulates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from planner.cli.exit import OK, Problem
from planner.cli.output import Target
from planner.engine.blocks import records_of
from planner.engine.executors import pieces
from planner.engine.job import job_of

if TYPE_CHECKING:
    from planner.questions.effort import Effort, Pass
    from planner.questions.run.precision import Steps
    from planner.questions.sensitivity import Assumption
    from planner.questions.sweep.axes import Point
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario

Json = dict[str, Any]
Facts = list[tuple[str, str]]

_LONG = 0.6  # seconds of a sample of variants, before which there is more to make than before plain trials

NO_CSV = ("--dry-run has no CSV form", "leave --format out, or use json or md")


def told(
    target: Target,
    title: str,
    document: Json,
    facts: Facts,
    effort: Effort,
    more: Sequence[Block] = (),
    *,
    remarks: Sequence[str] = (),
) -> int:
    """Write the `planner.dry-run/1` object, or the same in words; `remarks` on its scenarios as warnings."""
    from planner.cli.options import Format
    from planner.cli.terminal import warn
    from planner.report.pages.effort import dry_run_document

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
    target.write(whole, lambda: dry_run_document(title, facts, whole, more))
    return OK


def _virtual(patients: int) -> tuple[str, str]:
    return "Virtual patients", f"{patients:,} in all"


def told_apart(plans: Sequence[Scenario], names: Sequence[str]) -> list[str]:
    """The remarks on several scenarios, each after the name of its own."""
    return [f"{name}: {said}" for plan, name in zip(plans, names, strict=True) for said in plan.remarks]


def trials_said(trials: int | None, precision: float | None, how: Json) -> str:
    """How many trials there will be, in words."""
    if precision is None:
        return f"{trials:,} under each hypothesis"
    most = _steps(trials, precision, how).said.replace(" trials", "", 1)
    return f"as many as a Monte Carlo standard error of {precision:g} needs, at most {most}"


def _steps(trials: int | None, precision: float, how: Json) -> Steps:
    from planner.questions.run.simulate import How

    return How(trials, precision, **how).steps


def _most(trials: int | None, precision: float | None, how: Json) -> int:
    """The most trials that there can be."""
    from planner.questions.effort import precise_trials

    if precision is None:
        assert trials is not None
        return trials
    return precise_trials(precision, _steps(trials, precision, how))


def _variants_said(precision: float | None, how: Json) -> Facts:
    if not how:
        return []
    number = f"{how['variants']:,} of what is uncertain"
    return [("Variants", number if precision is None else f"at most {number}")]


def _names(plan: Scenario) -> list[str]:
    return list(plan.simulated_hypotheses)


def of_plan(plan: Scenario) -> Json:
    """The scenario as every JSON object names it."""
    from planner.scenario.canonical.resolved import digest

    return {"name": plan.name, "title": plan.title, "digest": digest(plan)}


def of_run(
    plan: Scenario,
    trials: int | None,
    seed: int,
    precision: float | None,
    threads: int | None,
    how: Json,
    target: Target,
) -> int:
    """A plain run: its cells, its trials and the scenario with every default filled in.

    `how`: empty, or `variants` and that what is uncertain is averaged over.
    """
    from planner.questions.effort import Pass, of_passes
    from planner.report.blocks import Code, Heading
    from planner.scenario.canonical.toml import to_toml

    most = _most(trials, precision, how)
    if how:
        effort = _averaged(plan, most, how, precision, seed, threads)
    else:
        work = [Pass(plan, most, plan.design.patients)]
        effort = of_passes(work, seed, threads, at_most=precision is not None)
    names = _names(plan)
    cells = [
        {"hypothesis": name, "analysis": analysis.name, "patients": plan.design.patients}
        for name in names
        for analysis in plan.analyses
    ]
    run = {"trials": trials, "seed": seed, "precision": precision, **how}
    facts = [
        ("Trials", f"{trials_said(trials, precision, how)}, seed {seed}"),
        *_variants_said(precision, how),
        ("Hypotheses", ", ".join(names)),
        ("Analyses", ", ".join(analysis.name for analysis in plan.analyses)),
        ("Patients", f"{plan.design.patients:,} a trial"),
        *([_virtual(most * plan.design.patients * len(names))] if precision is None else []),
        ("Digest", of_plan(plan)["digest"][:12]),
    ]
    title = f"Would be simulated: {plan.title}" if plan.title else "Would be simulated"
    document = {"scenario": of_plan(plan), "run": run, "cells": cells}
    more: list[Block] = [Heading("The scenario, complete"), Code(to_toml(plan).strip(), "toml")]
    return told(target, title, document, facts, effort, more, remarks=plan.remarks)


def _averaged(
    plan: Scenario,
    trials: int,
    how: Json,
    precision: float | None,
    seed: int,
    threads: int | None,
    passes: Sequence[Pass] = (),
) -> Effort:
    """Of trials that are divided over variants: some of these are sampled, each with its share of trials.

    `passes`: those of a sweep; the first is sampled, and the time of the others grows with their patients.
    The sums of all variants are kept, and count.
    """
    from planner.questions.effort import of_sample
    from planner.questions.run.assurance import VARIANT_TRIALS, Averaging, assured, shares
    from planner.questions.run.simulate import MOST_BYTES

    each = trials / how["variants"] if precision is None else VARIANT_TRIALS
    sizes = [one.design.patients for one in passes[0].sized] if passes else None
    whole = trials
    if passes:
        whole = round(trials * sum(one.patients for one in passes) / passes[0].patients)

    def some(n: int) -> None:
        count = max(1, int(n / each))
        assured(plan, trials=n, count=count, seed=seed, threads=threads, patients=sizes)

    designs = sum(len(one.sized) for one in passes) / len(sizes) if sizes else 1
    variants = len(shares(trials, round(trials / each)))
    kept = int(Averaging(plan, None, seed=seed, patients=sizes).variant_bytes * designs * variants)
    precise = precision is not None  # which adds no more variants than fit
    held = min(kept, MOST_BYTES) if precise else kept
    return of_sample(some, whole, threads, held=held, long=_LONG, at_most=precise)


def of_sweep(
    found: Sequence[Point],
    trials: int | None,
    seed: int,
    precision: float | None,
    threads: int | None,
    how: Json,
    target: Target,
) -> int:
    """The combinations of a sweep. `how`: as of a plain run."""
    from planner.questions.effort import Pass, of_passes
    from planner.questions.sweep.axes import resized
    from planner.questions.sweep.sweep import passes
    from planner.report.blocks import Column, Sheet
    from planner.scenario.text import count

    base = found[0].scenario
    trials = trials if trials is not None or precision is not None else base.simulation.trials
    most = _most(trials, precision, how)
    work = []
    for group in passes(found):
        sized = [found[n].scenario for n in group]
        work.append(Pass(sized[0], most, max(each.design.patients for each in sized), sized))
    if how:
        effort = _averaged(base, most, how, precision, seed, threads, work)
    else:
        effort = of_passes(work, seed, threads, at_most=precision is not None)
    names = _names(base)
    cells = [
        {"hypothesis": h, "analysis": a.name, "patients": p.scenario.design.patients, "sweep": p.values}
        for p in found
        for h in names
        for a in p.scenario.analyses
    ]
    run = {"trials": trials, "seed": seed, "precision": precision, **how}
    patients = most * sum(each.patients for each in work) * len(names)
    facts = [
        (
            "Combinations",
            f"{len(found):,}, in {count(len(work), 'pass', 'passes')} over the virtual patients",
        ),
        ("Cells", f"{len(cells):,}"),
        ("Trials", f"{trials_said(trials, precision, how)}, seed {seed}"),
        *_variants_said(precision, how),
        *([_virtual(patients)] if precision is None else []),
    ]
    paths = list(found[0].values)
    sheet = Sheet([Column(path) for path in paths], [[str(p.values[path]) for path in paths] for p in found])
    document = {"scenario": of_plan(base), "run": run, "cells": cells}
    return told(target, "Would be simulated", document, facts, effort, [sheet], remarks=resized(found))


def of_sensitivity(
    plan: Scenario,
    found: Sequence[Assumption],
    trials: int,
    seed: int,
    threads: int | None,
    target: Target,
) -> int:
    """The assumptions that would be varied."""
    from planner.questions.compare.pairing import paired
    from planner.questions.effort import known_truths, of_sample
    from planner.questions.sensitivity import variants
    from planner.report.blocks import Heading, Items

    (known,), extra = known_truths([plan], seed)
    jobs, groups, _ = variants(plan, found, seed, known)
    effort = of_sample(lambda n: paired(jobs, groups, n, threads=threads), trials, threads, extra=extra)
    rows = [{"path": each.path, "value": each.value, "hypotheses": each.hypotheses} for each in found]
    facts = [
        ("Variants", f"{len(jobs):,}"),
        ("Trials", f"{trials:,} of each variant, seed {seed}"),
        _virtual(trials * plan.design.patients * len(_names(plan)) * len(jobs)),
    ]
    run = {"trials": trials, "seed": seed, "variants": len(jobs)}
    document = {"scenario": of_plan(plan), "run": run, "assumptions": rows}
    more: list[Block] = [Heading("What is varied"), Items([each.path for each in found])]
    return told(target, "Would be simulated", document, facts, effort, more, remarks=plan.remarks)


def of_compare(
    plans: Sequence[Scenario],
    chosen: Sequence[str],
    trials: int,
    seed: int,
    threads: int | None,
    target: Target,
) -> int:
    """The designs that would be compared."""
    from planner.questions.compare import compared, distinct, paired_rows
    from planner.questions.compare.pairing import paired
    from planner.questions.effort import known_truths, of_sample
    from planner.report.blocks import Column, Sheet

    parts = compared(plans, chosen or None)
    truths, extra = known_truths(list(parts.values()), seed)
    jobs = [
        job_of(part, seed=seed, known=known, tallied=False)
        for part, known in zip(parts.values(), truths, strict=True)
    ]
    groups = [row.group for row in paired_rows(jobs)]
    effort = of_sample(lambda n: paired(jobs, groups, n, threads=threads), trials, threads, extra=extra)
    calls = distinct([plan.name for plan in plans])
    cells = [
        {"design": calls[j], "hypothesis": name, "patients": part.design.patients}
        for j, part in parts.items()
        for name in _names(part)
    ]
    columns = [Column("Design", number=False), Column("Hypothesis", number=False), Column("Patients")]
    facts = [
        ("Trials", f"{trials:,} of each design under each hypothesis, seed {seed}"),
        _virtual(trials * sum(part.design.patients * len(_names(part)) for part in parts.values())),
    ]
    rows = [[str(value) for value in cell.values()] for cell in cells]
    document = {
        "designs": [of_plan(plan) for plan in plans],
        "run": {"trials": trials, "seed": seed},
        "cells": cells,
    }
    said = told_apart(plans, calls)
    return told(target, "Would be compared", document, facts, effort, [Sheet(columns, rows)], remarks=said)


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
    from planner.questions.effort import Pass, of_passes, of_sample
    from planner.questions.size.effort import ahead

    cap = trials if variants is None else variants * W
    work = [Pass(part, n, most) for part, most, n in ahead(plan, find, patients, len(targets), cap)]
    if variants is None:
        effort = of_passes(work, seed, threads, at_most=True)
    else:
        whole = -(-sum(each.trials * each.patients for each in work) // patients)
        some = plan if find == "patients" else work[0].scenario
        simulate = _variants_of(some, patients, seed, threads)
        effort = of_sample(simulate, whole, threads, long=_LONG, at_most=True)
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
    return told(target, "Would be sought", document, facts, effort, remarks=plan.remarks)


def _variants_of(plan: Scenario, patients: int, seed: int, threads: int | None) -> Callable[[int], object]:
    """What simulates so many trials of the plan, 128 for each variant."""
    from planner.kernels.tables import W
    from planner.questions.run.assurance import Averaging

    def some(n: int) -> None:
        Averaging(plan, max(1, n // W), seed=seed, patients=[patients]).grow(n, threads, None)

    return some


def of_trial(plan: Scenario, index: int, kind: str | None, trials: int, seed: int, target: Target) -> int:
    """One trial, or the search for one of a kind."""
    from planner.kernels.tables import W
    from planner.questions.effort import known_truths, of_sample
    from planner.questions.replay.replay import KINDS

    names = _names(plan)[:1]
    simulation = plan.simulation.model_copy(update={"hypotheses": tuple(names)})
    alone = plan.model_copy(update={"simulation": simulation})
    (known,), extra = known_truths([alone], seed)
    work = job_of(alone, seed=seed, known=known, tallied=False)
    most = W if kind is None else trials

    def scan(n: int) -> None:
        for start, count in pieces(0, n, 8 * W):
            records_of(work, start, -(-count // W))

    effort = of_sample(scan, most, 1, extra=extra, at_most=kind is not None)
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
    return told(target, "Would be looked at", document, facts, effort, remarks=plan.remarks)
