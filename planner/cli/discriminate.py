"""`planner discriminate`: would a design tell the mechanisms apart?"""

from __future__ import annotations

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import offers, options
from planner.cli.exit import INTERRUPTED, OK, Problem
from planner.cli.meant import one_of
from planner.cli.numbers import number, whole
from planner.errors import UnknownNameError
from planner.results.contract import Json
from planner.scenario.caps import MAX_VARIANTS

if TYPE_CHECKING:
    from planner.cli.output import Target
    from planner.questions.discriminate.result import Discrimination
    from planner.report.blocks import Block
    from planner.scenario.scenario import Scenario

Decisive = Annotated[
    float,
    typer.Option(
        "--decisive",
        metavar="WEIGHT",
        parser=number(),
        help="Weight above which a mechanism is named for sure.",
    ),
]
Summaries = Annotated[
    list[str] | None,
    typer.Option(
        "--summaries",
        metavar="KIND",
        help="What a trial is judged by, joined by commas: means (of endpoint and secondary outcomes; if not "
        "given), endpoint (its means alone), days, sds, responses, correlations. What each adds is shown.",
    ),
]
Draws = Annotated[
    int,
    typer.Option(
        "--draws",
        metavar="N",
        parser=whole(1, MAX_VARIANTS),
        help="Draws of the uncertain numbers; more make errors smaller.",
    ),
]


class LikelihoodShape(StrEnum):
    """How what a mechanism predicts is described."""

    gaussian = "gaussian"
    mixture = "mixture"


ByLikelihood = Annotated[
    LikelihoodShape,
    typer.Option(
        "--likelihood",
        metavar="gaussian|mixture",
        parser=one_of(LikelihoodShape),
        autocompletion=offers.one_of(*LikelihoodShape),
        help="How what a mechanism predicts is described: a mixture of many draws of its uncertain numbers, "
        "or one normal distribution, which is quicker.",
    ),
]


def discriminate(
    scenarios: options.Scenarios,
    patients: options.Patients = None,
    decisive: Decisive = 0.9,
    summaries: Summaries = None,
    draws: Draws = 256,
    likelihood: ByLikelihood = LikelihoodShape.mixture,
    settings: options.Set = None,
    hypothesis: options.Hypothesis = None,
    seed: options.Seed = None,
    threads: options.Threads = None,
    memory: options.Memory = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    dry_run: options.DryRun = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Would this design tell the mechanisms apart, and which of several does it best?

    Each hypothesis predicts the results of a trial, its uncertain numbers drawn at random. A virtual trial
    gives every hypothesis a weight; the largest one names it. The answer: how often that is the true one, how
    often it is sure (or sure of a wrong one), what no number of patients can lift, and which hypotheses stay
    together. Several designs are compared at equal patients and at equal visits.

    --set and --patients apply to every scenario. Several numbers of patients are those of the curve, beside
    the scenario's own. --format csv writes the curve, one row for each design and number of
    patients. Ctrl-C prints what is finished, marked as partial.

    \b
    Examples:
      planner discriminate williams-2018
      planner discriminate plan.toml --patients 12:96:12 --summaries means,days
      planner discriminate ab-ba.toml two-by-two.toml --json
    """
    from planner.cli import again
    from planner.cli.common import check_few, print_remarks, work_out
    from planner.cli.output import frame_as_csv, target_of
    from planner.cli.patients import sizes_in, sizes_setting
    from planner.scenario.reading.read import read

    target = target_of(output_format, json, output, force, quiet)
    check_few(scenarios)
    sizes = sizes_in(patients, least=2)
    stated = [*(settings or []), *sizes_setting(sizes if len(sizes) == 1 else [], settings)]
    kinds = _kinds(summaries)
    plans = [read(source, set=stated) for source in scenarios]
    for plan, source in zip(plans, scenarios, strict=True):
        work_out(plan, source)
    chosen = _chosen(plans, scenarios, hypothesis)
    seed = plans[0].simulation.seed if seed is None else seed
    request: Json = {
        "hypotheses": chosen or None,
        "patients": sizes if len(sizes) > 1 else None,
        "decisive": decisive,
        "summaries": kinds,
        "draws": draws,
        "seed": seed,
        "likelihood": likelihood.value,
    }
    if dry_run:
        return _dry_run(plans, request, threads, target)
    result = _discriminate(plans, request, threads, quiet)
    document = result.to_json()
    print_remarks(document, verbose, target=target)
    command = again.command(
        "discriminate",
        scenarios,
        settings=settings,
        hypotheses=chosen,
        patients=sizes,
        summaries=kinds if kinds != ["means"] else None,
        likelihood=likelihood.value if likelihood is not LikelihoodShape.mixture else None,
        decisive=decisive,
        draws=draws,
        seed=seed,
    )
    target.write(document, lambda: _blocks(result, command), lambda: frame_as_csv(result.frame()))
    return INTERRUPTED if result.partial else OK


def _kinds(summaries: list[str] | None) -> list[str]:
    """`--summaries means,days --summaries sds` as words, each once."""
    from planner.questions.discriminate.summaries import KINDS
    from planner.scenario.reading.numbers import words_in
    from planner.scenario.text import listed, nearest, perhaps

    kinds = list(dict.fromkeys(words_in(summaries or ["means"])))
    for kind in kinds:
        if kind not in KINDS:
            raise Problem(
                f"--summaries: {kind!r} is not {listed(KINDS, 'or')}", perhaps(nearest(kind, KINDS))
            )
    return kinds


def _chosen(plans: list[Scenario], sources: list[str], hypothesis: list[str] | None) -> list[str]:
    """The hypotheses of the request, which every scenario has, else their figures would not be comparable."""
    from planner.cli.common import names_of
    from planner.scenario.labels import labels_of, name_called

    chosen = names_of(hypothesis, labels_of(*(plan.hypotheses for plan in plans)))
    for plan, source in zip(plans, sources, strict=True):
        labels = labels_of({name: plan.hypotheses[name] for name in plan.simulated_hypotheses})
        for name in chosen:
            try:
                name_called(name, labels)
            except UnknownNameError as error:
                raise Problem(f"--hypothesis: {source} has no hypothesis {name}", hint=error.hint) from error
    return chosen


def _discriminate(plans: list[Scenario], request: Json, threads: int | None, quiet: bool) -> Discrimination:
    from planner.cli.progress import progress
    from planner.questions.discriminate.discriminate import discriminate as discriminate_designs

    with progress("Telling apart", quiet=quiet, unit="draws") as advance, _explain():
        return discriminate_designs(plans, threads=threads, progress=advance, **request)


def _explain() -> AbstractContextManager[None]:
    """Within, a question that has no answer is a misused command, explained."""
    from planner.cli.common import explain
    from planner.questions.discriminate.simulating import DiscriminationError

    return explain(DiscriminationError, hint="planner discriminate --help")


def _blocks(result: Discrimination, command: str) -> list[Block]:
    from planner.cli.common import work_out
    from planner.report.pages.discriminate import discriminate_page
    from planner.report.scenario.context import page_context

    settings = [page_context(plan, work_out(plan, plan.name), command) for plan in result.scenarios]
    return discriminate_page(result, settings, command)


def _dry_run(plans: list[Scenario], request: Json, threads: int | None, target: Target) -> int:
    """What would be simulated, and how long that takes."""
    from planner.cli.dry_run import write_foreseen
    from planner.questions.compare.compare import distinct_names
    from planner.questions.discriminate.discriminate import forecast
    from planner.questions.foreseen import Foreseen, remarks_by_name
    from planner.report.blocks import Column, Sheet
    from planner.report.pages.discriminate import summaries_text

    with _explain():
        cells, effort = forecast(
            plans, distinct_names([plan.name for plan in plans]), threads=threads, **request
        )
    run = {key: request[key] for key in ("draws", "seed", "decisive", "likelihood")}
    facts = [("Draws", f"{request['draws']:,} of what is uncertain, seed {request['seed']}")]
    facts += [(f"Summaries of {cell.design}", summaries_text(cell.summaries)) for cell in cells]
    columns = [
        Column("Design", number=False),
        *(Column(title) for title in ("Patients", "Hypotheses", "Uncertain numbers", "Virtual patients")),
        Column("Curve", number=False),
    ]
    rows = [
        [
            cell.design,
            f"{cell.patients:,}",
            str(len(cell.hypotheses)),
            str(cell.uncertain),
            f"{cell.virtual_patients:,}",
            ", ".join(map(str, cell.curve)),
        ]
        for cell in cells
    ]
    document = {"run": run, "cells": [cell.to_json() for cell in cells]}
    remarks = remarks_by_name(plans, distinct_names([plan.name for plan in plans]))
    would = Foreseen("Would be told apart", document, facts, effort, remarks)
    return write_foreseen(target, would, [Sheet(columns, rows)])
