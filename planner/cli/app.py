"""The commands, gathered. Their modules import nothing heavy: what a body needs, it imports itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from planner.cli.bench import bench, doctor
from planner.cli.boundaries import boundaries
from planner.cli.compare import compare
from planner.cli.discriminate import discriminate
from planner.cli.reference import cite, methods
from planner.cli.run import run
from planner.cli.scenarios import check, new, scenarios, schema
from planner.cli.show import show
from planner.cli.size import size
from planner.cli.trial import trial
from planner.cli.weigh import weigh

COMMANDS: dict[Callable[..., int], str] = {
    run: "Simulate a trial: power, stops, size, bias.",
    size: "How many patients a trial needs.",
    weigh: "Weigh the hypotheses by an observed result.",
    trial: "Look at one virtual trial, patient by patient.",
    show: "Describe a scenario in plain English.",
    compare: "Designs side by side on the same patients.",
    discriminate: "Would a design tell mechanisms apart?",
    check: "Validate scenario files.",
    scenarios: "List the catalogue of trials.",
    new: "Start a scenario file from a template.",
    boundaries: "Stopping boundaries, without simulation.",
    cite: "What to cite for a scenario.",
    methods: "Analyses, stopping rules, designs explained.",
    schema: "JSON Schema of scenario files, for editors.",
    bench: "How fast this machine simulates.",
    doctor: "What is installed, and what makes planner slow.",
}

EXAMPLES = """\b
Examples:
  planner run williams-2018
  planner run my-trial.toml --set design.patients=30 --trials 1000000
  planner size my-trial.toml --power .8,.9
  planner show williams-2018
  planner boundaries --looks 0.4,1

Every command explains itself: planner run --help
"""


def build() -> Any:
    """The command line as a Typer command, ready to be given arguments."""
    app = typer.Typer(
        add_completion=False,
        rich_markup_mode=None,  # plain help: quick to show, and good in any terminal, pipe or screen reader
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(epilog=EXAMPLES)(planner)
    for command, help in COMMANDS.items():
        app.command(short_help=help)(command)
    return typer.main.get_command(app)


def planner(
    version: Annotated[bool, typer.Option("-V", "--version", help="Show the version and exit.")] = False,
) -> None:
    """Plan crossover trials by simulation: power, early stopping, expected size and bias.

    Every simulated figure comes with its Monte Carlo standard error.
    """
    if version:
        from planner._version import __version__

        typer.echo(f"planner {__version__}")
        raise typer.Exit
