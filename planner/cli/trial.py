"""`planner trial`: one virtual trial of a run, looked at patient by patient."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import offers, options
from planner.cli.exit import NO_ANSWER, OK, Problem
from planner.cli.meant import one_of
from planner.cli.numbers import whole
from planner.scenario.caps import MAX_TRIAL

if TYPE_CHECKING:
    from planner.questions.replay.trial import Trial
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario


class Kind(StrEnum):
    """What --find looks for; the keys of planner.questions.replay.replay.KINDS."""

    efficacy = "efficacy"
    early_efficacy = "early-efficacy"
    futility = "futility"
    wrong_sign = "wrong-sign"
    not_significant = "not-significant"
    different = "shown-different"


Replay = Annotated[
    int | None,
    typer.Option(
        "--replay",
        metavar="I",
        parser=whole(0, MAX_TRIAL),
        help="Number of the trial, from 0; with --find, where to begin.",
    ),
]
Find = Annotated[
    Kind | None,
    typer.Option(
        "--find",
        metavar="KIND",
        parser=one_of(Kind),
        autocompletion=offers.one_of(*Kind),
        help="The first trial that is: efficacy, early-efficacy, futility, wrong-sign (a type S error), "
        "not-significant or, of equivalence, shown-different.",
    ),
]
OneAnalysis = Annotated[
    str | None,
    typer.Option(
        "--analysis",
        metavar="NAME",
        help="Only this analysis; all if not given.",
        autocompletion=offers.analyses,
    ),
]


def trial(
    scenario: options.Scenario,
    index: Replay = None,
    kind: Find = None,
    settings: options.Set = None,
    patients: options.Patients = None,
    hypothesis: options.Hypothesis = None,
    analysis: OneAnalysis = None,
    trials: options.Trials = None,
    seed: options.Seed = None,
    memory: options.Memory = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Look at one virtual trial: every patient, what each look saw and decided.

    The trial is exactly the one that `planner run` counts under that number with the same seed. Under another
    hypothesis the same number has the same patients, who respond differently.

    --format csv writes the patients in long format: subject, sequence, period, treatment, value; the
    measure and day of values that are no plain scores, and their outcome where there are several; score and
    baseline, where they are measured; and what the patients guess, where the scenario asks them.
    `weigh --data` reads such a file.

    \b
    Examples:
      planner trial asthma-ab-ba --replay 17
      planner trial my-trial.toml --find not-significant --hypothesis expected
      planner trial my-trial.toml --replay 17 --format csv -o trial-17.csv
    """
    from planner.cli import again
    from planner.cli.common import hypotheses_of, hypotheses_setting, work_out
    from planner.cli.dry_run import write_foreseen
    from planner.cli.output import target_of
    from planner.cli.patients import settings_with, sizes_in
    from planner.cli.terminal import warn
    from planner.scenario.reading.read import open_source

    target = target_of(output_format, json, output, force, quiet)
    source = open_source(scenario)
    chosen = hypotheses_of(hypothesis, source, settings)
    if len(chosen) > 1:
        raise Problem("--hypothesis: in a trial one is true", hint=f"--hypothesis {chosen[0]}")
    stated = settings_with(patients, settings, "planner trial")
    plan = source.scenario([*stated, *hypotheses_setting(chosen)])
    work_out(plan, scenario)
    _check_analysis(plan, analysis)
    if dry_run:
        most = plan.simulation.trials if trials is None else trials
        seed = plan.simulation.seed if seed is None else seed
        from planner.questions.replay.foreseen import foreseen

        return write_foreseen(target, foreseen(plan, index or 0, kind and kind.value, most, seed))
    result = _trial(plan, index or 0, kind, analysis, trials, seed, quiet)
    for remark in plan.remarks:
        warn(remark)

    def blocks() -> list[Block]:
        from planner.report.pages.trial import trial_page
        from planner.report.scenario.context import page_context

        command = again.command(
            "trial",
            [scenario],
            settings=settings,
            patients=sizes_in(patients),
            replay=result.index,
            seed=result.seed,
            hypothesis=result.hypothesis,
            analysis=analysis,
        )
        described = page_context(plan, work_out(plan, scenario), command)
        return trial_page(result, described)

    target.write(result.to_json(), blocks, lambda: _csv(result))
    return OK


def _csv(result: Trial) -> str:
    from planner.cli.output import as_csv

    rows = result.rows()
    return as_csv(list(rows[0]), [["" if x is None else x for x in row.values()] for row in rows])


def _check_analysis(plan: Scenario, analysis: str | None) -> None:
    from planner.scenario.text import did_you_mean

    names = [a.name for a in plan.analyses]
    if analysis is not None and analysis not in names:
        raise Problem(f"--analysis: there is no analysis {analysis}", hint=did_you_mean(analysis, names))


def _trial(
    plan: Scenario,
    index: int,
    kind: Kind | None,
    analysis: str | None,
    trials: int | None,
    seed: int | None,
    quiet: bool,
) -> Trial:
    from planner.cli.progress import progress
    from planner.questions.replay.replay import KINDS, find, replay

    with progress("Looking", quiet=quiet) as advance:
        if kind is None:
            return replay(plan, index, analysis=analysis, seed=seed)
        result = find(
            plan, kind.value, first=index, trials=trials, analysis=analysis, seed=seed, progress=advance
        )
    if result is None:
        name = plan.simulated_hypotheses[0]
        scanned = plan.simulation.trials if trials is None else trials
        raise Problem(
            f"none of the {scanned:,} trials from number {index:,} on {KINDS[kind.value]} "
            f"under the hypothesis {name}",
            hint=_why_none(plan, kind),
            code=NO_ANSWER,
        )
    return result


def _why_none(plan: Scenario, kind: Kind) -> str:
    futility = plan.monitoring.futility
    if kind is Kind.futility and (futility is None or futility.rule == "none"):
        return "this scenario has no futility rule: see monitoring.futility"
    if kind in (Kind.futility, Kind.early_efficacy) and len(plan.monitoring.counts) < 2:
        return "this scenario has one look, so that nothing can stop early: see monitoring.looks"
    if kind is Kind.wrong_sign:
        return "where the true effect is nil no sign is wrong; else try --trials or another --hypothesis"
    return "look at more with --trials, or at another --hypothesis"
