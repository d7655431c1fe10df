"""The commands: usage, arguments, options, examples, from the command line itself; and the exit codes."""

from __future__ import annotations

import inspect
import re
from functools import cache
from typing import Any

from planner.cli.app import COMMANDS, build
from planner.cli.exit import MEANINGS

from .markdown import code, fence, table, text, toctree


@cache
def _built() -> Any:
    """The command line, which asks nobody how wide a terminal is."""
    return build()


def pages() -> dict[str, str]:
    """The index with the exit codes, and a page a command."""
    return {"index": _index(), **{name: _page(name) for name in COMMANDS}}


def parameters(name: str) -> list[Any]:
    """The arguments and options of a command, without its help."""
    return list(_built().commands[name].params)


def _page(name: str) -> str:
    command = _built().commands[name]
    said, examples = _split(command.help or "")
    arguments = [each for each in parameters(name) if each.param_type_name == "argument"]
    options = [each for each in parameters(name) if each.param_type_name == "option" and not each.hidden]
    parts = [f"# `planner {name}`", text(COMMANDS[name].help), fence("text", _usage(name, arguments)), said]
    if arguments:
        rows = [[code(_metavar(each)), text(each.help or "")] for each in arguments]
        parts += ["## Arguments", table(["Argument", "What it is"], rows)]
    rows = [_recorded(name, each) for each in options]
    parts += ["## Options", table(["Option", "What it does", "Default"], rows)] if rows else []
    if examples:
        parts += ["## Examples", fence("text", examples)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _usage(name: str, arguments: list[Any]) -> str:
    return " ".join([f"planner {name} [OPTIONS]", *map(_metavar, arguments)])


def _split(said: str) -> tuple[str, str]:
    """What a command says of itself, as Markdown; and its examples."""
    before, _, examples = inspect.cleandoc(said).partition("\b\nExamples:\n")
    rest, kept = examples.partition("\n\n")[::2]
    paragraphs = [*before.split("\n\n"), *kept.split("\n\n")]
    prose = [_paragraph(each) for each in paragraphs if each.strip()]
    return "\n\n".join(prose), inspect.cleandoc(rest)


def _paragraph(said: str) -> str:
    if said.startswith("\b"):
        return fence("text", said.lstrip("\b\n"))
    return text(" ".join(said.split("\n")))


def _metavar(argument: Any) -> str:
    shown = str(argument.metavar)
    return shown if argument.required else f"[{shown}]"


def _recorded(name: str, option: Any) -> list[str]:
    """Its spelling, what it does and its default, as the help of the command shows them."""
    return _in_cells(option, _built().commands[name].make_context(name, [], resilient_parsing=True))


def _in_cells(option: Any, context: Any) -> list[str]:
    spelling, does = option.get_help_record(context)
    remarks = re.search(r"\s*\[([^\[\]]*)\]$", does)
    default = re.search(r"default: ([^;\]]*)", remarks[1]) if remarks else None
    limits = re.search(r"([^;]*x[<>][^;]*|x[^;]*[<>][^;]*)", remarks[1]) if remarks else None
    does = does[: remarks.start()] if remarks else does
    does += f" ({limits[1]})" if limits else ""
    return [code(spelling), text(does), code(default[1]) if default else ""]


def _of_itself() -> list[list[str]]:
    context = _built().make_context("planner", [], resilient_parsing=True)
    return [_in_cells(each, context) for each in _built().params if not each.hidden]


def _index() -> str:
    rows = [[f"[`{name}`]({name}.md)", text(row.help)] for name, row in COMMANDS.items()]
    codes = [[str(number), text(meaning)] for number, meaning in MEANINGS.items()]
    return (
        "\n\n".join(
            [
                "# Commands",
                table(["Command", "What it does"], rows),
                "## Options of planner itself",
                "`planner --help` and `planner COMMAND --help` (or `-h`) show the same as these pages.",
                table(["Option", "What it does", "Default"], _of_itself()),
                "## Exit codes",
                table(["Code", "What it means"], codes),
                toctree(COMMANDS),
            ]
        )
        + "\n"
    )
