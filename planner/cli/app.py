"""The commands, gathered. Their modules import nothing heavy: what a body needs, it imports itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from planner.cli.meant import Commands


class Command(NamedTuple):
    """A command: the module of planner.cli with the function of its name, and its line in the list of all."""

    module: str
    help: str


COMMANDS: dict[str, Command] = {
    "run": Command("run", "Simulate a trial: power, stops, size, bias."),
    "size": Command("size", "How many patients a trial needs."),
    "weigh": Command("weigh", "Weigh the hypotheses by an observed result."),
    "trial": Command("trial", "Look at one virtual trial, patient by patient."),
    "show": Command("show", "Describe a scenario in plain English."),
    "compare": Command("compare", "Designs side by side on the same patients."),
    "discriminate": Command("discriminate", "Would a design tell mechanisms apart?"),
    "check": Command("scenarios", "Validate scenario files."),
    "scenarios": Command("scenarios", "List the catalogue of trials."),
    "new": Command("scenarios", "Start a scenario file from a template."),
    "boundaries": Command("boundaries", "Stopping boundaries, without simulation."),
    "cv": Command("cv", "How variable a log-normal outcome is."),
    "cite": Command("reference", "What to cite for a scenario."),
    "methods": Command("reference", "Analyses, stopping rules, designs explained."),
    "schema": Command("scenarios", "JSON Schema of scenario files, for editors."),
    "bench": Command("bench", "How fast this machine simulates."),
    "doctor": Command("bench", "What is installed, and what makes planner slow."),
}


def function_of(name: str) -> Callable[..., int | None]:
    """What a command does."""
    function: Callable[..., int | None] = getattr(import_module(f"planner.cli.{COMMANDS[name].module}"), name)
    return function


EXAMPLES = """\b
Examples:
  planner run williams-2018
  planner run my-trial.toml --set design.patients=30 --trials 1000000
  planner size my-trial.toml --power .8,.9
  planner show williams-2018
  planner boundaries --looks 0.4,1

\b
Every command explains itself: planner run --help
Colour: none with NO_COLOR=1, also in pipes with FORCE_COLOR=1.
"""


def build(only: str | None = None) -> Any:
    """The command line as a Typer command, ready to be given arguments.

    `only`: with this command alone; with all of them where there is none of that name.
    """
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        rich_markup_mode=None,  # plain help: quick to show, and good in any terminal, pipe or screen reader
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(epilog=EXAMPLES)(planner)
    for name in [only] if only in COMMANDS else COMMANDS:
        app.command(short_help=COMMANDS[name].help)(function_of(name))
    return typer.main.get_command(app)


def _install(shell: str | None) -> None:
    """Install completion, and say where."""
    if shell is None:
        return
    from planner.cli.scripts import install_script
    from planner.cli.terminal import note

    shell, path = install_script(shell)
    note(f"completion for {shell} is installed in {path}; it works in the next terminal that you open")
    raise typer.Exit


def _show(shell: str | None) -> None:
    """Print the script of completion."""
    if shell is None:
        return
    from planner.cli.scripts import script_for

    typer.echo(script_for(shell), nl=False)
    raise typer.Exit


def planner(
    version: Annotated[bool, typer.Option("-V", "--version", help="Show the version and exit.")] = False,
    install_completion: Annotated[
        str | None,
        typer.Option(
            metavar="[SHELL]",
            callback=_install,
            is_eager=True,
            help="Install completion by the Tab key: for this shell, or bash, zsh, fish, powershell, pwsh.",
        ),
    ] = None,
    show_completion: Annotated[
        str | None,
        typer.Option(
            metavar="[SHELL]",
            callback=_show,
            is_eager=True,
            help="Print what that would install, to put it elsewhere.",
        ),
    ] = None,
) -> None:
    """Plan crossover trials by simulation: power, early stopping, expected size and bias.

    Every simulated figure comes with its Monte Carlo standard error.
    """
    if version:
        from planner._version import __version__

        typer.echo(f"planner {__version__}")
        raise typer.Exit
