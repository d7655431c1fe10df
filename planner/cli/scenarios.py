"""`planner scenarios`, `check`, `new`, `schema`: finding, validating and starting scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from planner.cli import options as given
from planner.cli.problems import INVALID, OK


def scenarios(json: given.Json = False) -> int:
    """List the catalogue: published and proposed trials, ready to be run.

    \b
    Examples:
      planner scenarios
      planner show asthma-ab-ba
    """
    from planner.catalogue import listing

    entries = listing()
    return OK


def check(
    scenario: given.Scenarios,
    settings: given.Set = None,
    json: given.Json = False,
    quiet: given.Quiet = False,
    verbose: given.Verbose = False,
) -> int:
    """Validate scenario files and point at every fault, without simulating.

    Exit code 3 if any of them has a fault.

    \b
    Examples:
      planner check my-trial.toml
      planner check *.toml --json
    """
    from planner.reading import read
    from planner.scenario import ScenarioError

    return OK


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The scenario file to write.")],
    template: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Start from this scenario of the catalogue.")
    ] = None,
    force: given.Force = False,
    quiet: given.Quiet = False,
) -> int:
    """Start a scenario file from a commented template, or from one of the catalogue.

    \b
    Examples:
      planner new my-trial.toml
      planner new my-trial.toml --from asthma-ab-ba
    """
    return OK


def schema() -> int:
    """Print the JSON Schema of scenario files, for editors that complete and check TOML.

    \b
    Example:
      planner schema > planner.schema.json
    """
    return OK
