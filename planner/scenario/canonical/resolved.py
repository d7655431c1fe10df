"""The full form of a scenario as a dictionary, as TOML, as a digest; the JSON Schema of the short form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from planner.scenario.faults import Path
from planner.scenario.scenario import Scenario

_WIDTH = 100


def resolve(scenario: Scenario) -> dict[str, Any]:
    """Every setting of a complete scenario as plain dictionaries, lists, texts and numbers, ready for TOML.

    Settings that do not apply are left out. Reading the result again gives the same result.
    """
    return _plain(scenario, labels=True)  # type: ignore[no-any-return]


def _plain(value: Any, labels: bool) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        kept = {
            name: _plain(getattr(value, name), labels)
            for name, about in fields.items()
            if labels or _counts(about, getattr(value, name))
        }
        # An empty list is a statement only where there is nothing to list, as the gaps of one period.
        return {k: v for k, v in kept.items() if v not in (None, "", {}) and (v != [] or k == "per_period")}
    if isinstance(value, Mapping):
        return {name: _plain(item, labels) for name, item in value.items()}
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return [" ".join(sequence) for sequence in value]
        return [_plain(item, labels) for item in value]
    return value + 0.0 if isinstance(value, float) else value  # never -0.0


def _counts(about: FieldInfo, value: Any) -> bool:
    """Whether a setting is part of the digest: no label, and not one of later versions left as it was."""
    extra = about.json_schema_extra if isinstance(about.json_schema_extra, dict) else {}
    later = "since" in extra and value == about.get_default(call_default_factory=True)
    return bool(extra.get("digest", True)) and not later


# Settings that have another name in the full form.
_RENAMED = {
    "sd_difference": ("sd_within", "sd_between"),
    "sd": ("sd_within", "sd_between"),
    "correlation": ("sd_within", "sd_between"),
}


def full_paths(path: Path, full: dict[str, Any]) -> list[Path]:
    """Where the setting at `path` of a file stands in the full form; its table if it is no longer apart."""
    if path[:2] in (("design", "name"), ("design", "arms")):
        path = ("design", "sequences")
    moved: list[Path] = [path]
    if path[0] == "hypotheses" and len(path) > 2 and len(followed(path, full)) < len(path):
        moved = [(*path[:2], name, *path[3:]) for name in _RENAMED.get(str(path[2]), (str(path[2]),))]
    return [found for item in moved if (found := followed(item, full))]


def followed(path: Path, data: dict[str, Any]) -> Path:
    """The longest beginning of `path` that leads somewhere in `data`; digits may be a key or an index."""
    node: Any = data
    found: Path = ()
    for part in path:
        if isinstance(node, dict) and str(part) in node:
            found, node = (*found, str(part)), node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            found, node = (*found, part), node[part]
        else:
            break
    return found


def settings(scenario: Scenario) -> dict[str, Any]:
    """As `resolve`, without what alters no virtual trial, and without later settings that alter nothing."""
    return _plain(scenario, labels=False)  # type: ignore[no-any-return]


def digest(scenario: Scenario) -> str:
    """SHA-256 in hexadecimal of all settings that bear on a virtual trial: the name of what is simulated.

    Left out are texts, labels, sources, trials, seed, which hypotheses are simulated, priors, and what was
    observed: they are part of the question, and so of the name of an answer (`results.digest`). A setting
    that came after version 0.1.0 counts only where it is not as it was before (`since` in scenario.fields).
    The order of the keys, comments, and whether defaults were written make no difference.
    """
    import hashlib

    counted = settings(scenario)
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


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


def _named(path: tuple[str, ...], entry: dict[str, Any]) -> list[str]:
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


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _block(header: str, entries: dict[str, Any]) -> str:
    return "\n".join([header, *(f"{_key(key)} = {_value(v)}" for key, v in entries.items())])


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _text(name)


def as_toml(value: Any) -> str:
    """A value as TOML writes it."""
    return _value(value)


def _value(value: Any) -> str:
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


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a scenario file, with the help and unit of every setting.

    A file that extends another may leave out anything; any other file must have what is required.
    """
    described = Scenario.model_json_schema()
    whole = _tidied({key: value for key, value in described.items() if key != "title"}, names=False)
    definitions = whole.pop("$defs")
    parts = {f"{name}Part": _part(definition) for name, definition in definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "planner scenario",
        **_part(whole),
        "if": {"not": {"required": ["extends"]}},
        "then": {"$ref": "#/$defs/Scenario"},
        "$defs": {"Scenario": whole, **definitions, **parts},
    }


def _part(node: Any) -> Any:
    """The schema of a table of which any part may stand in another file."""
    if isinstance(node, list):
        return [_part(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        # A hypothesis of which little is written may belong to any family.
        "anyOf" if key == "oneOf" else key: f"{value}Part" if key == "$ref" else _part(value)
        for key, value in node.items()
        if key != "required" or not isinstance(value, list)
    }


def _tidied(node: Any, names: bool) -> Any:
    """Without what TOML cannot say (null) and what says nothing (titles, empty defaults)."""
    if isinstance(node, list):
        return [_tidied(item, False) for item in node]
    if not isinstance(node, dict):
        return node
    if names:  # a table of settings, whose keys are names and no keywords
        return {name: _tidied(item, False) for name, item in node.items()}
    kept = {
        key: _tidied(value, key in ("properties", "$defs"))
        for key, value in node.items()
        if key not in ("title", "digest", "since") and not (key == "default" and value in (None, "", [], {}))
    }
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return kept | ({"anyOf": choices} if choices else {})
