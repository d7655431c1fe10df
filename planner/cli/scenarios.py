"""`planner scenarios`, `check`, `new`, `schema`: finding, validating and starting scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from planner.cli import offers, options
from planner.cli.exit import INVALID, OK, Problem
from planner.cli.writing import check_writable, deliver
from planner.results.contract import Json

if TYPE_CHECKING:
    from planner.report.blocks import Block
    from planner.scenario.catalogue import CatalogueEntry
    from planner.scenario.faults import Fault


def scenarios(
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """List the catalogue: published and proposed trials, ready to be run.

    \b
    Examples:
      planner scenarios
      planner show asthma-ab-ba
    """
    from planner.cli.output import as_csv, target_of
    from planner.report.blocks import Heading, Prose
    from planner.scenario import catalogue

    target = target_of(output_format, json, output, force, quiet)
    rows = [_entry(entry) for entry in catalogue.entries()]
    how = "planner show NAME describes a scenario in plain English, planner run NAME simulates it."
    target.write(
        {"schema": "planner.scenarios/1", "scenarios": rows, "warnings": []},
        lambda: [Heading("The catalogue", 1), *_listing(rows), Prose(how)],
        lambda: as_csv(list(rows[0]) if rows else ["name"], [list(row.values()) for row in rows]),
    )
    return OK


def _entry(entry: CatalogueEntry) -> Json:
    """A scenario with the settings that rest on no source, inherited ones too; null if it has faults."""
    from planner.scenario.faults import ScenarioError
    from planner.scenario.reading.read import read

    try:
        assumed: list[str] | None = list(read(entry.path).assumed)
    except ScenarioError:
        assumed = None
    return {"name": entry.name, "title": entry.title, "question": entry.question, "assumed": assumed}


def _listing(rows: list[Json]) -> list[Block]:
    from planner.report.blocks import Facts, Heading

    blocks: list[Block] = []
    for row in rows:
        sources = "all sourced"
        if row["assumed"] is None:
            sources = f"this scenario has faults: planner check {row['name']}"
        elif row["assumed"]:
            sources = f"assumed, without a source: {', '.join(row['assumed'])}"
        blocks.append(Heading(row["name"]))
        blocks.append(Facts([("Title", row["title"]), ("Question", row["question"]), ("Numbers", sources)]))
    return blocks


def check(
    scenario: options.Scenarios,
    settings: options.Set = None,
    patients: options.Patients = None,
    hypothesis: options.Hypothesis = None,
    output_format: options.AsFormat = None,
    json: options.Json = False,
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Validate scenario files and point at every fault, without simulating.

    The exit code is 3 if any of them has a fault. What is no fault but must be known is a warning: looks that
    cannot stop the trial, whatever the data are, what that costs, and looks that would do.

    \b
    Examples:
      planner check my-trial.toml
      planner check *.toml --json
    """
    from planner.cli import terminal
    from planner.cli.common import hypotheses_of, hypotheses_setting, note_entry, work_out
    from planner.cli.output import as_csv, target_of
    from planner.cli.patients import settings_with
    from planner.model.period_confounding import period_remarks
    from planner.model.stopping.remarks import look_remarks
    from planner.scenario.faults import ScenarioError
    from planner.scenario.reading.read import open_source
    from planner.scenario.text import visible

    target = target_of(output_format, json, output, force, quiet)
    stated = settings_with(patients, settings, "planner check")
    for_people = bool(target.wanted.renderer)
    faults_of_all: list[Fault] = []
    sound: list[str] = []
    warnings: list[str] = []
    for each in scenario:
        try:
            source = open_source(each)
            chosen = hypotheses_setting(hypotheses_of(hypothesis, source, settings))
            plan = source.scenario([*stated, *chosen])
            work_out(plan, each)
            sound.append(each)
            if verbose:
                note_entry(plan, each)
            of_which = f"{visible(each)}: " if len(scenario) > 1 else ""
            remarks = (*plan.remarks, *period_remarks(plan), *look_remarks(plan))
            warnings += [f"{of_which}{remark}" for remark in remarks]
        except ScenarioError as error:
            faults_of_all += error.faults
            if for_people:
                terminal.faults(error)
    rows = [_fault(fault) for fault in faults_of_all]
    document = {"schema": "planner.check/1", "valid": not rows, "faults": rows, "warnings": warnings}
    if target.wanted is not options.Format.table:
        target.write(
            document,
            lambda: _checked(sound, faults_of_all),
            lambda: as_csv(list(_FAULT), [["" if x is None else x for x in row.values()] for row in rows]),
        )
    elif output is not None or not quiet:
        target.write_text("".join(f"{visible(each)}: valid\n" for each in sound))
    if target.wanted is not options.Format.json:
        for warning in warnings:
            terminal.warn(warning)
    return INVALID if faults_of_all else OK


def _checked(sound: list[str], faults: list[Fault]) -> list[Block]:
    """What was checked, as blocks."""
    from planner.report.blocks import Code, Items

    blocks: list[Block] = [Items([f"{each}: valid" for each in sound])] if sound else []
    return [*blocks, *(Code(str(fault)) for fault in faults)]


_FAULT = ("file", "line", "column", "path", "message", "hint")


def _fault(fault: Fault) -> Json:
    """A fault for other programs; a line or column that does not exist is null."""
    return {
        "file": fault.file,
        "line": fault.line or None,
        "column": fault.column or None,
        "path": fault.path,
        "message": fault.message,
        "hint": fault.hint,
    }


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scenario file to write.")],
    template: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="Start from this scenario of the catalogue.",
            autocompletion=offers.catalogue,
        ),
    ] = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Start a scenario file from a commented template, or from one of the catalogue.

    \b
    Examples:
      planner new my-trial.toml
      planner new my-trial.toml --from asthma-ab-ba
    """
    from planner.scenario import catalogue
    from planner.scenario.text import nearest, perhaps

    if file.suffix != ".toml" and str(file) != "-":
        raise Problem(f"{file} does not end in .toml", hint=f"planner new {file}.toml")
    check_writable(file, force)
    if template is None:
        text = catalogue.template()
    else:
        source = catalogue.find(template)
        if source is None:
            raise Problem(
                f"--from {template}: no scenario of the catalogue is called so",
                hint=perhaps(nearest(template, catalogue.names())) or "planner scenarios lists them",
            )
        text = source.read_text(encoding="utf-8")
    deliver(text, file, force)
    if str(file) != "-" and not quiet:
        from planner.cli.terminal import note

        note(f"wrote {file}; edit it, then: planner check {file} && planner run {file}")
    return OK


def schema(
    output: options.Output = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> int:
    """Print the JSON Schema of scenario files, for editors that complete and check TOML.

    \b
    Example:
      planner schema -o planner.schema.json
    """
    from planner.cli.output import as_json, say_written
    from planner.scenario.canonical.json_schema import schema as of_scenarios

    check_writable(output, force)
    deliver(as_json(of_scenarios()), output, force)
    say_written(output, quiet)
    return OK
