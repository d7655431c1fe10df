"""`planner cite` and `planner methods`: what to cite, and what every name of a scenario stands for."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import offers, options
from planner.cli.exit import OK, Problem
from planner.cli.meant import one_of

if TYPE_CHECKING:
    from planner.report.methods import Method


class CiteFormat(StrEnum):
    """How citations are written."""

    table = "table"
    bibtex = "bibtex"
    md = "md"
    json = "json"


def cite(
    scenario: options.Scenario,
    settings: options.Set = None,
    output_format: Annotated[
        CiteFormat | None,
        typer.Option(
            "--format",
            metavar="table|bibtex|md|json",
            parser=one_of(CiteFormat),
            autocompletion=offers.one_of(*CiteFormat),
            help="How to write the citations.",
        ),
    ] = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """What to cite: the sources of the scenario's numbers, the methods used, and planner itself.

    \b
    Examples:
      planner cite williams-2018
      planner cite williams-2018 --format bibtex -o planner.bib
    """
    from planner.cli.output import target_of
    from planner.report.citations import bibtex, citation_blocks, to_cite
    from planner.scenario.canonical.resolved import digest
    from planner.scenario.reading.read import read

    if json and output_format not in (None, CiteFormat.json):
        raise Problem(
            f"--json and --format {output_format} contradict each other", hint="give one of the two"
        )
    as_bibtex = output_format is CiteFormat.bibtex or (output_format is None and _is_bibtex(output))
    wanted = None
    if output_format is not None or as_bibtex:
        wanted = options.Format.table if as_bibtex else options.Format(str(output_format))
    no_csv = ("citations have no CSV form", "--format bibtex, md or json")
    target = target_of(None if json else wanted, json, output, force, quiet, no_csv=no_csv)
    plan = read(scenario, set=settings or [])
    entries = to_cite(plan)
    if as_bibtex and not json:
        target.write_text(bibtex(entries))
        return OK
    about = {"name": plan.name, "title": plan.title, "digest": digest(plan)}
    rows = [entry.to_json() for entry in entries]
    document = {"schema": "planner.cite/1", "scenario": about, "entries": rows, "warnings": []}
    target.write(document, lambda: citation_blocks(entries, plan))
    return OK


def _is_bibtex(output: options.Output) -> bool:
    return output is not None and output.suffix.lower() == ".bib"


def methods(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="An analysis, stopping rule or design; all if not given.",
            autocompletion=offers.methods,
        ),
    ] = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Explain every analysis, stopping rule and design: formula, assumptions, source.

    \b
    Examples:
      planner methods hills-armitage
      planner methods obrien-fleming-spending
      planner methods --format md
    """
    from planner.cli.output import target_of
    from planner.report.pages.methods import methods_page

    target = target_of(output_format, json, output, force, quiet)
    chosen = _chosen(name)
    rows = [method.to_json() for method in chosen]
    document = {"schema": "planner.methods/1", "methods": rows, "warnings": []}
    target.write(document, lambda: methods_page(chosen), lambda: _csv(chosen))
    return OK


def _csv(chosen: list[Method]) -> str:
    from planner.cli.output import as_csv

    rows = [
        [*method[:5], [f"{name}: {meaning}" for name, meaning in method.parameters.items()], method.source]
        for method in chosen
    ]
    return as_csv(list(chosen[0]._fields), rows)


def _chosen(name: str | None) -> list[Method]:
    """All that have the name, in whatever letters; the same name may be of two kinds."""
    from planner.report.methods import methods as all_methods
    from planner.scenario.text import nearest, perhaps

    every = all_methods()
    matches = [method for method in every if name is None or method.name.lower() == name.lower()]
    if not matches:
        names = dict.fromkeys(method.name for method in every)
        raise Problem(
            f"no analysis, stopping rule or design is called {name}",
            hint=perhaps(nearest(name or "", names)) or "planner methods lists them all",
        )
    return matches
