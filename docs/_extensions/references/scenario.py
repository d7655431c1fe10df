"""The scenario reference: a page for each section of a file, an entry for each key, an index of all keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from planner.scenario.canonical.json_schema import schema
from planner.scenario.canonical.toml import as_toml
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.vocabulary import FAMILIES

from .examples import example_of
from .markdown import anchor, code, table, text, toctree
from .short_forms import short_forms
from .types_in_words import described, target, type_of

Node = dict[str, Any]

TOP = "top"
"""The page of the keys that stand before all sections."""

OF_FAMILY = {settings.__name__: family for family, settings in SETTINGS.items()}


@dataclass(frozen=True)
class Key:
    """A key of a scenario file."""

    page: str
    path: str  # as it is written, with NAME for a name of the user's and [] for an element of a list
    node: Node  # of the schema
    required: bool
    model: str  # the definition that has it
    name: str

    @property
    def anchor(self) -> str:
        return "key-" + anchor(f"{self.page}-{self.path}")


@cache
def _definitions() -> dict[str, Node]:
    return dict(schema()["$defs"])


def _own_page() -> dict[str, str]:
    """The definitions that have a page of their own, by which other pages refer to them."""
    return {
        target(node): key for key, node in _definitions()["Scenario"]["properties"].items() if target(node)
    }


@cache
def keys() -> tuple[Key, ...]:
    """Every key, in the order of the declaration."""
    made: list[Key] = []
    for name, node in _definitions()["Scenario"]["properties"].items():
        required = name in _definitions()["Scenario"].get("required", [])
        if name == "hypotheses":
            for model, family in OF_FAMILY.items():
                made += _below(f"hypotheses-{family}", "hypotheses.NAME", model)
            continue
        page = name if target(node) or name == "sweep" else TOP
        made.append(Key(page, name, node, required, "Scenario", name))
        made += _below(page, name + inside(node), target(node)) if target(node) else []
    return tuple(made)


def _below(page: str, path: str, model: str) -> Iterator[Key]:
    """The keys of a table, and of those inside it that no other page describes."""
    definition = _definitions()[model]
    for name, node in definition["properties"].items():
        key = Key(page, f"{path}.{name}", node, name in definition.get("required", []), model, name)
        yield key
        inner = target(node)
        if inner and _own_page().get(inner, page) == page:
            yield from _below(page, key.path + inside(node), inner)


def inside(node: Node) -> str:
    """What stands in a path after the key of a table of tables, or of a list of them."""
    choices = [each for each in node.get("anyOf", []) if target(each)]
    if choices:  # other choices are short forms
        return inside(choices[-1])
    if node.get("type") == "array":
        return "[]"
    return ".NAME" if "patternProperties" in node or "additionalProperties" in node else ""


def pages() -> dict[str, str]:
    """The index, a page a section, and the list of all keys."""
    names = list(dict.fromkeys(key.page for key in keys()))
    made = {name: _page(name, [key for key in keys() if key.page == name]) for name in names}
    return {"index": _index(names), **made, "keys": _list_of_keys()}


def _title(page: str) -> str:
    if page == TOP:
        return "Title, notes and other keys before the sections"
    if page.startswith("hypotheses-"):
        family = page.removeprefix("hypotheses-")
        return f"`[hypotheses.NAME]` with {FAMILIES[family].states}"
    node = _definitions()["Scenario"]["properties"][page]
    if page in ("sweep", "uncertainty"):  # tables by path, each a line
        return f"`[{page}]`"
    return f"`[[{page}]]`" if inside(node) == "[]" else f"`[{page}{inside(node)}]`"


def _about(page: str) -> str:
    if page == TOP:
        return "Keys that stand at the top of the file, before the first section."
    properties = _definitions()["Scenario"]["properties"]
    if page.startswith("hypotheses-"):
        family = page.removeprefix("hypotheses-")
        known = properties["hypotheses"]
        return (
            f"{known['description']}. {FAMILIES[family].title}. A file has {known['minProperties']} to "
            f"{known['maxProperties']} hypotheses."
        )
    return f"{properties[page]['description']}."


def _page(page: str, entries: list[Key]) -> str:
    parts = [f"# {_title(page)}", "" if page == "sweep" else text(_about(page)), _section_in_short(page)]
    for key in entries:
        if key.path != page or page == "sweep":
            parts.append(_entry(key))
    return "\n\n".join(part for part in parts if part) + "\n"


def _section_in_short(page: str) -> str:
    """The short forms of a whole section."""
    is_section = page in _definitions()["Scenario"]["properties"]
    return "\n".join(
        f"- Short form: {each}" for each in (short_forms("Scenario", page) if is_section else [])
    )


def _entry(key: Key) -> str:
    node, lines = key.node, []
    lines.append(f"Type: {type_of(node, _link)}.")
    if "unit" in node:
        lines.append(f"Unit: {text(node['unit'])}.")
    lines.append(_default(key))
    if "since" in node:
        lines.append(f"Since planner {node['since']}.")
    lines += [f"Short form: {each}" for each in short_forms(key.model, key.name)]
    if example := example_of(key.path, key.page, node):
        lines.append(f"Example: {example}")
    facts = "\n".join(f"- {line}" for line in lines)
    return f"({key.anchor})=\n## `{key.path}`\n\n{text(described(node, _definitions()))}.\n\n{facts}"


def _default(key: Key) -> str:
    if key.required:
        return "It must be given."
    default = key.node.get("default")
    if default is None or isinstance(default, dict):
        return "It may be left out."
    return f"Default: {code(as_toml(default))}."


def _link(model: str) -> str:
    """Where the table of this definition is described."""
    page = _own_page().get(model)
    return f"a table: see [{page}]({page}.md)" if page else "a table"


_PREFACE = (
    "A scenario is one TOML file. Each section of it has a page, with every key: what it means, its type and "
    "range, its unit, its default. `NAME` stands for a name that you choose, `[]` for each element of a "
    "list. A key that names no version has been there since planner 0.1.0, schema version 1. An example "
    "that names a trial is a line of that trial in the catalogue. `planner schema` prints the same as a JSON "
    "Schema, with which editors complete and check a file."
)


def _index(names: list[str]) -> str:
    rows = [[f"[{_title(name)}]({name}.md)", text(_about(name))] for name in names]
    return (
        "\n\n".join(
            [
                "# Scenario files",
                _PREFACE,
                table(["Section", "What it says"], rows),
                toctree([*names, "keys"]),
            ]
        )
        + "\n"
    )


def _list_of_keys() -> str:
    rows = [
        [f"[`{key.path}`](#{key.anchor})", text(_short(key))]
        for key in sorted(keys(), key=lambda key: (key.path, key.page))
        if key.path != key.page or key.page == "sweep"
    ]
    return f"# All keys\n\n{table(['Key', 'What it is'], rows)}\n"


def _short(key: Key) -> str:
    words = described(key.node, _definitions())
    family = key.page.removeprefix("hypotheses-")
    return f"{words} ({FAMILIES[family].states})" if family in FAMILIES else words
