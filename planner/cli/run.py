"""`planner run`: simulate a scenario and print its operating characteristics."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.cli import options as given
from planner.cli.problems import INTERRUPTED, OK, Problem

if TYPE_CHECKING:
    from planner.document import Block
    from planner.results import Run
    from planner.scenario import Scenario
    from planner.summary import Setting


def run(
    scenario: given.Scenario,
    settings: given.Set = None,
    hypothesis: given.Hypothesis = None,
    trials: given.Trials = None,
    seed: given.Seed = None,
    threads: given.Threads = None,
    output_format: given.AsFormat = None,
    json: given.Json = False,
    output: given.Output = None,
    force: given.Force = False,
    dry_run: given.DryRun = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = False,
) -> int:
    """Simulate a trial: power, early stops, expected patients, bias.

    Each hypothesis of the scenario is simulated with the same virtual patients, and the planned analyses and
    stopping rules are applied to every virtual trial. Where the true effect is nil, the share of significant
    trials is the type I error and is labelled so.

    Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner run asthma-ab-ba
      planner run my-trial.toml --set design.patients=30 --trials 1000000
      planner run my-trial.toml --hypothesis expected,none --json
      planner run my-trial.toml -o results.md
    """
    from planner.cli import files
    from planner.explain import setting
    from planner.reading import read

    wanted = files.chosen_format(output_format, json, output)
    files.check_writable(output, force)
    overrides = list(settings or []) + _chosen(hypothesis)
    plan = read(scenario, set=overrides)
    trials = plan.simulation.trials if trials is None else trials
    seed = plan.simulation.seed if seed is None else seed
    follows = files.worked_out(
        plan, scenario
    )  # limits that do not exist are found before the work, not after it
    if dry_run:
        files.deliver(_intended(plan, trials, seed, wanted, output), output, force)
        return OK
    result = _simulated(plan, trials, seed, threads, quiet)
    document = result.to_json()
    _remarks(document, verbose)
    command = _command_line(scenario, overrides, trials, seed)
    text = _written(result, document, setting(plan, follows, command), wanted, output)
    files.deliver(text, output, force)
    files.say_written(output, quiet)
    return INTERRUPTED if result.partial else OK


def _chosen(hypothesis: list[str] | None) -> list[str]:
    """`--hypothesis a,b --hypothesis c` as the setting that it is."""
    from json import dumps

    names = names_of(hypothesis)
    return [f"simulation.hypotheses={dumps(names, ensure_ascii=False)}"] if names else []


def names_of(hypothesis: list[str] | None) -> list[str]:
    """The names in `--hypothesis a,b --hypothesis c`, each once."""
    names = [name.strip() for part in hypothesis or [] for name in part.split(",")]
    if not all(names):
        raise Problem("--hypothesis has an empty name", hint="for instance --hypothesis expected,none")
    return list(dict.fromkeys(names))


def _simulated(plan: Scenario, trials: int, seed: int, threads: int | None, quiet: bool) -> Run:
    from planner.console import progress
    from planner.results import simulate

    compiling(quiet)
    with progress("Simulating", quiet=quiet) as advance:
        return simulate(plan, trials=trials, seed=seed, threads=threads, progress=advance, name=plan.name)


def compiling(quiet: bool) -> None:
    """Say why the first run on a machine takes a while."""
    from planner.console import note

    if not quiet and not _compiled():
        note("compiling the kernels, once on this machine; later runs start at once")


def _compiled() -> bool:
    """Whether compiled kernels of an earlier run are there to be loaded."""
    from planner.kernels.jit import COMPILED, cache_folder

    folder = cache_folder() if COMPILED else None
    return not COMPILED or (folder is not None and any(folder.rglob("*.nbi")))


def _remarks(document: dict[str, Any], verbose: bool) -> None:
    """Warnings, and on request the speed, beside the result."""
    from planner.console import note, warn

    for warning in document["warnings"]:
        warn(warning)
    if verbose:
        spent = document["run"]
        note(f"{spent['seconds']:.3g} s, {spent['trials_per_second']:,.0f} trials a second")


def _written(
    result: Run,
    document: dict[str, Any],
    described: Setting,
    wanted: given.Format,
    output: Path | None,
) -> str:
    """The result in the format asked for."""
    from planner.cli import files

    if wanted is given.Format.json:
        return files.as_json(document)
    if wanted is given.Format.csv:
        return files.verbatim(str(result.frame().write_csv()), output)
    from planner.summary import run_document

    return files.as_text(run_document(document, described), wanted, output)


def _command_line(scenario: str, overrides: list[str], trials: int, seed: int) -> str:
    """The command that gives the same numbers again."""
    words = ["planner", "run", scenario]
    for override in overrides:
        words += ["--set", override]
    return shlex.join([*words, "--trials", str(trials), "--seed", str(seed)])


def _intended(plan: Scenario, trials: int, seed: int, wanted: given.Format, output: Path | None) -> str:
    """What `run` would do: its cells, its trials and the scenario with every default filled in."""
    from planner.cli import files
    from planner.document import Code, Facts, Heading
    from planner.reading import digest, to_toml

    hypotheses = list(plan.simulation.hypotheses or plan.hypotheses)
    cells = [
        {"hypothesis": name, "analysis": analysis.name, "patients": plan.design.patients}
        for name in hypotheses
        for analysis in plan.analyses
    ]
    if wanted is given.Format.json:
        scenario = {"title": plan.title, "digest": digest(plan)}
        return files.as_json(
            {
                "schema": "planner.dry-run/1",
                "scenario": scenario,
                "run": {"trials": trials, "seed": seed},
                "cells": cells,
                "warnings": [],
            }
        )
    if wanted is given.Format.csv:
        raise Problem("--dry-run has no CSV form", hint="leave --format out, or use json or md")
    blocks: list[Block] = [
        Heading(f"Would be simulated: {plan.title}" if plan.title else "Would be simulated", 1),
        Facts(
            [
                ("Trials", f"{trials:,} under each hypothesis, seed {seed}"),
                ("Hypotheses", ", ".join(hypotheses)),
                ("Analyses", ", ".join(analysis.name for analysis in plan.analyses)),
                ("Patients", f"{plan.design.patients:,} a trial"),
                ("Virtual patients", f"{trials * plan.design.patients * len(hypotheses):,} in all"),
                ("Digest", digest(plan)),
            ]
        ),
        Heading("The scenario, complete"),
        Code(to_toml(plan).strip(), "toml"),
    ]
    return files.as_text(blocks, wanted, output)
