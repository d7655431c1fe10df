"""A scenario as TOML, every default filled in."""

from __future__ import annotations

import json

from planner.scenario.canonical.resolved import resolve
from planner.scenario.scenario import Scenario
from planner.scenario.tree import Tree

_WIDTH = 100


def to_toml(scenario: Scenario) -> str:
    """The full form as TOML. Reading it gives a scenario of the same full form and digest."""
    resolved = resolve(scenario)
    blocks = ["\n".join(f"{key} = {_value(v)}" for key, v in resolved.items() if not _is_section(v))]
    for name, section in resolved.items():
        if not _is_section(section):
            continue
        if isinstance(section, list):
            blocks += [_block(f"[[{name}]]", entry) for entry in section]
        elif name in _BY_NAME:
            blocks += [block for key, entry in section.items() for block in _named((name, key), entry)]
        else:
            blocks.append(_block(f"[{name}]", section))
    return "\n\n".join(blocks) + "\n"


_BY_NAME = ("agents", "signals", "components", "outcomes", "hypotheses")
"""Sections with a table for each name, of which a hypothesis or an outcome may have its own."""


def _named(path: tuple[str, ...], entry: Tree) -> list[str]:
    """The table at `path` as a block of its own, and those inside it that have names."""
    own: tuple[str, ...] = _BY_NAME if path[0] == "outcomes" else ()
    own = (*_BY_NAME, "uncertainty") if path[0] == "hypotheses" and len(path) == 2 else own
    inside = {name: entry[name] for name in own if name in entry}
    header = f"[{'.'.join(_key(part) for part in path)}]"
    blocks = [_block(header, {key: value for key, value in entry.items() if key not in inside})]
    for name, table in inside.items():
        if name == "uncertainty":
            blocks.append(_block(f"{header[:-1]}.{name}]", table))
            continue
        blocks += [block for key, item in table.items() for block in _named((*path, name, key), item)]
    return blocks


def _is_section(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _block(header: str, entries: Tree) -> str:
    return "\n".join([header, *(f"{_key(key)} = {_value(v)}" for key, v in entries.items())])


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _text(name)


def as_toml(value: object) -> str:
    """A value as TOML writes it."""
    return _value(value)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        items = [_value(item) for item in value]
        line = f"[{', '.join(items)}]"
        return line if len(line) <= _WIDTH else "[\n" + "".join(f"  {item},\n" for item in items) + "]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(key)} = {_value(item)}' for key, item in value.items())} }}"
    return repr(value)


def _text(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's, but for surrogates and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
