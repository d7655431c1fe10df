"""`planner run` with swept settings: many combinations of settings in one table."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import options as given
from planner.cli.problems import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.document import Block
    from planner.sweeping import Point


def swept(source: str, settings: list[str]) -> tuple[list[str], list[Point]]:
    """The plain settings, and the points of the sweep; no points where nothing is swept."""
    from planner.reading import read
    from planner.sweeping import SweepError, points, split

    try:
        plain, axes = split(settings)
        if not axes and not read(source, set=plain).sweep:
            return plain, []
        return plain, points(source, plain, axes)
    except SweepError as error:
        raise Problem(str(error), hint=error.hint) from error


def run_sweep(
    found: list[Point],
    source: str,
    settings: list[str],
    *,
    trials: int | None,
    seed: int,
    threads: int | None,
    precision: float | None,
    wanted: given.Format,
    output: Path | None,
    force: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Simulate all points and write their table."""
    from planner.cli import files
    from planner.cli.run import compiling, precisely, remarks
    from planner.console import progress
    from planner.sweeping import simulate_points

    for point in {point.rest: point for point in found}.values():
        files.worked_out(point.scenario, source)
    if dry_run:
        files.deliver(_intended(found, trials, seed, precision, wanted, output), output, force)
        return OK
    compiling(quiet)
    with progress("Simulating", quiet=quiet) as advance, precisely():
        result = simulate_points(
            found, trials=trials, seed=seed, threads=threads, precision=precision, progress=advance
        )
    document = result.to_json()
    remarks(document, verbose)
    if wanted is given.Format.json:
        text = files.as_json(document)
    elif wanted is given.Format.csv:
        text = files.verbatim(str(result.frame().write_csv()), output)
    else:
        from planner.console import shows_braille
        from planner.explain import setting
        from planner.summary_sweep import sweep_document

        words = ["planner", "run", source, *(word for each in settings for word in ("--set", each))]
        command = shlex.join([*words, "--trials", str(result.trials), "--seed", str(seed)])
        described = setting(result.base, files.worked_out(result.base, source), command)
        blocks = sweep_document(document, described, ascii_only=not shows_braille(output))
        text = files.as_text(blocks, wanted, output)
    files.deliver(text, output, force)
    files.say_written(output, quiet)
    return INTERRUPTED if result.partial else OK


def _intended(
    found: list[Point],
    trials: int | None,
    seed: int,
    precision: float | None,
    wanted: given.Format,
    output: Path | None,
) -> str:
    """The combinations that would be simulated."""
    from planner.cli import files
    from planner.cli.run import trials_said
    from planner.document import Column, Facts, Heading, Sheet
    from planner.figures import count

    if wanted is given.Format.csv:
        raise Problem("--dry-run has no CSV form", hint="leave --format out, or use json or md")
    simulation = found[0].scenario.simulation
    trials = trials if trials is not None or precision is not None else simulation.trials
    hypotheses = list(simulation.hypotheses or found[0].scenario.hypotheses)
    cells = [
        {"hypothesis": h, "analysis": a.name, "patients": p.scenario.design.patients, "sweep": p.values}
        for p in found
        for h in hypotheses
        for a in p.scenario.analyses
    ]
    if wanted is given.Format.json:
        run = {"trials": trials, "seed": seed, "precision": precision}
        return files.as_json({"schema": "planner.dry-run/1", "run": run, "cells": cells, "warnings": []})
    patients = {point.rest: 0 for point in found}
    for point in found:
        patients[point.rest] = max(patients[point.rest], point.scenario.design.patients)
    virtual = "" if trials is None else f"{trials * sum(patients.values()) * len(hypotheses):,} in all"
    paths = list(found[0].values)
    blocks: list[Block] = [
        Heading("Would be simulated", 1),
        Facts(
            [
                (
                    "Combinations",
                    f"{len(found):,}, in {count(len(patients), 'pass', 'passes')} over the virtual patients",
                ),
                ("Cells", f"{len(cells):,}"),
                ("Trials", f"{trials_said(trials, precision)}, seed {seed}"),
                *([("Virtual patients", virtual)] if virtual else []),
            ]
        ),
        Sheet([Column(path) for path in paths], [[str(p.values[path]) for path in paths] for p in found]),
    ]
    return files.as_text(blocks, wanted, output)
