"""What the shell can complete: scenarios, hypotheses and settings of the one that was typed, names of rules.

Whatever is wrong gives no offers and no message: somebody is in the middle of typing. Nothing heavy is
imported, so a scenario is read as TOML only, neither completed nor checked.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer import Context  # Typer reads what a function of offers takes

if TYPE_CHECKING:
    from planner.scenario.tree import Tree

Offers = Callable[[Context, str], list[str]]
"""What can stand where so much was typed. Typer itself leaves out what begins otherwise."""


def scenarios(ctx: Context, incomplete: str) -> list[str]:
    """Names of the catalogue, scenario files, and folders to go on into."""
    return [*catalogue(ctx, incomplete), *scenario_files(ctx, incomplete)]


def catalogue(_: Context, incomplete: str) -> list[str]:
    """Names of the catalogue."""
    from planner.scenario.catalogue import names

    return [name for name in names() if name.startswith(incomplete)]


def scenario_files(_: Context, incomplete: str) -> list[str]:
    """Scenario files, and folders that end in /; a folder that alone fits is gone into.

    Else the shell would take it for the whole word, and put a blank behind it.
    """
    entries = list(_files(incomplete))
    while len(entries) == 1 and entries[0].endswith("/"):
        entries = list(_files(entries[0]))
    return sorted(entries)


def _files(typed: str) -> Iterator[str]:
    folder, begun = os.path.split(typed)
    try:
        inside = list(Path(folder or ".").iterdir())
    except (OSError, ValueError):
        return
    for entry in inside:
        if not entry.name.startswith(begun) or (entry.name.startswith(".") and not begun):
            continue
        try:
            folder_inside, there = entry.is_dir(), entry.exists()
        except OSError:  # where nobody may look
            continue
        if folder_inside:
            yield os.path.join(folder, entry.name) + "/"
        elif entry.name.endswith(".toml") and there:  # no link that leads round in a circle
            yield os.path.join(folder, entry.name)


def hypotheses(ctx: Context, incomplete: str) -> list[str]:
    """Hypotheses of the scenarios typed, by name; behind a comma, those that do not stand before it."""
    before, comma, _ = incomplete.rpartition(",")
    stated = set(before.split(","))
    names = dict.fromkeys(name for tree in _typed(ctx) for name in _table(tree.get("hypotheses")))
    return [before + comma + name for name in names if name not in stated]


def analyses(ctx: Context, _: str) -> list[str]:
    """Analyses of the scenario typed, by name."""
    stated = [tree.get("analyses", []) for tree in _typed(ctx)]
    rows = [row for each in stated for row in (each if isinstance(each, list) else [each])]
    tables = [row if isinstance(row, dict) else {"method": row} for row in rows]  # a word is a method
    return [name for row in tables if isinstance(name := row.get("name", row.get("method")), str)]


def settings(ctx: Context, incomplete: str) -> list[str]:
    """Paths of the settings that the scenario states; where only one fits, also with what it states."""
    stated = {path: value for tree in _typed(ctx) for path, value in _paths(tree)}
    typed = incomplete.partition("=")[0]
    if incomplete == typed and len([path for path in stated if path.startswith(typed)]) != 1:
        return list(stated)
    fitting = [path for path in stated if path == typed or (path.startswith(typed) and incomplete == typed)]
    return [f"{path}={value}" for path in fitting for value in ("", _written(stated[path]))]


def methods(_ctx: Context, _incomplete: str) -> list[str]:
    """Names that `planner methods` explains."""
    from planner.scenario.stopping_rules import RULES
    from planner.scenario.vocabulary import DESIGNS, METHODS

    return list(dict.fromkeys([*METHODS, *(name for kind in RULES.values() for name in kind), *DESIGNS]))


def field_designs(_ctx: Context, _incomplete: str) -> list[str]:
    """Designs by the names of the field."""
    from planner.scenario.vocabulary import DESIGNS

    return ["parallel", *(name for name, row in DESIGNS.items() if row.field)]


def rules(kind: str) -> Offers:
    """The stopping rules of a kind, also behind a comma."""

    def offers(_: Context, incomplete: str) -> list[str]:
        from planner.scenario.stopping_rules import RULES

        before, comma, _rest = incomplete.rpartition(",")
        return [before + comma + name for name in RULES[kind]]

    return offers


def one_of(*values: str) -> Offers:
    """These values."""

    def offers(_ctx: Context, _incomplete: str) -> list[str]:
        return list(values)

    return offers


def _typed(ctx: Context) -> list[Tree]:
    """What the scenarios of the command line state, with the files that they extend."""
    given = ctx.params.get("scenario") or ctx.params.get("scenarios") or ()
    return [_tree(source) for source in ([given] if isinstance(given, str) else given)]


def _tree(source: str) -> Tree:
    from planner.errors import PlannerError
    from planner.scenario.catalogue import find
    from planner.scenario.reading.extends import Layer, chain, merge_layers
    from planner.scenario.reading.toml import parse_toml, text_of

    try:
        file = Path(source).expanduser()  # the shell hands over what is typed, and not what it stands for
        path = file if file.is_file() else find(source)
        if path is None:
            return {}
        text = text_of(path, source)
        first = Layer(source, text, parse_toml(text, source), path.parent)
        return merge_layers(chain(first, first.data.get("extends"), path))
    except (PlannerError, OSError, ValueError, RuntimeError):
        return {}


def _table(value: object) -> Tree:
    return value if isinstance(value, dict) else {}


def _paths(tree: Tree) -> Iterable[tuple[str, Any]]:
    """The settings that are no tables, by the path that --set takes."""
    from planner.scenario.faults import dotted

    todo: list[tuple[tuple[str | int, ...], Any]] = [((), tree)]
    while todo:
        path, value = todo.pop()
        if isinstance(value, dict):
            todo += [((*path, key), value[key]) for key in reversed(value)]
        elif path and path[0] not in ("citations", "assumed", "extends", "schema_version"):
            yield dotted(path), value


def _written(value: object) -> str:
    """A number, a word or a truth as --set takes it; nothing for what is longer."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float | str) else ""
