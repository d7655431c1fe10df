"""`planner run --sensitivity`: the power with every assumption a step off."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from planner.cli import options as given
from planner.cli.problems import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.document import Block
    from planner.scenario import Scenario
    from planner.sensitivity import Assumption


def run_sensitivity(
    plan: Scenario,
    source: str,
    settings: list[str],
    *,
    step: float,
    trials: int,
    seed: int,
    threads: int | None,
    wanted: given.Format,
    output: Path | None,
    force: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Simulate all variants and write what they change."""
    from planner.cli import files
    from planner.cli.run import compiling, remarks
    from planner.console import progress
    from planner.sensitivity import SensitivityError, assumptions, sensitivity

    follows = files.worked_out(plan, source)
    try:
        found = assumptions(plan, step)
    except SensitivityError as error:
        raise Problem(f"--sensitivity: {error}", hint=error.hint) from error
    if dry_run:
        files.deliver(_intended(found, trials, seed, wanted, output), output, force)
        return OK
    compiling(quiet)
    with progress("Simulating", quiet=quiet) as advance:
        result = sensitivity(
            plan, step=step, varied=found, trials=trials, seed=seed, threads=threads, progress=advance
        )
    document = result.to_json()
    remarks(document, verbose)
    if wanted is given.Format.json:
        text = files.as_json(document)
    elif wanted is given.Format.csv:
        text = files.verbatim(str(result.frame().write_csv()), output)
    else:
        from planner.explain import setting
        from planner.summary_sensitivity import sensitivity_document

        words = ["planner", "run", source, *(word for each in settings for word in ("--set", each))]
        words += ["--sensitivity", "--sensitivity-step", f"{step:g}"]
        command = shlex.join([*words, "--trials", str(trials), "--seed", str(seed)])
        text = files.as_text(sensitivity_document(document, setting(plan, follows, command)), wanted, output)
    files.deliver(text, output, force)
    files.say_written(output, quiet)
    return INTERRUPTED if result.partial else OK


def _intended(
    found: list[Assumption], trials: int, seed: int, wanted: given.Format, output: Path | None
) -> str:
    """The assumptions that would be varied."""
    from planner.cli import files
    from planner.document import Facts, Heading, Items

    if wanted is given.Format.csv:
        raise Problem("--dry-run has no CSV form", hint="leave --format out, or use json or md")
    number = 1 + sum(variant is not None for each in found for _, variant in each.variants)
    if wanted is given.Format.json:
        run = {"trials": trials, "seed": seed, "variants": number}
        rows = [{"path": each.path, "value": each.value, "hypotheses": each.hypotheses} for each in found]
        return files.as_json({"schema": "planner.dry-run/1", "run": run, "assumptions": rows, "warnings": []})
    blocks: list[Block] = [
        Heading("Would be simulated", 1),
        Facts([("Variants", f"{number:,}"), ("Trials", f"{trials:,} of each variant, seed {seed}")]),
        Heading("What is varied"),
        Items([each.path for each in found]),
    ]
    return files.as_text(blocks, wanted, output)
