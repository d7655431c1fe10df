"""The type and the range of a setting in words, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .markdown import code

Node = dict[str, Any]

_SIMPLE = {"integer": "whole number", "number": "number", "string": "text", "boolean": "`true` or `false`"}


def target(node: Node) -> str:
    """The definition of the table that a setting holds, by itself, in a list or by name; empty if none."""
    if "$ref" in node:
        return str(node["$ref"]).rpartition("/")[2]
    for each in [*node.get("anyOf", []), *node.get("oneOf", [])]:
        if found := target(each):
            return found
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict) and (found := target(node[key])):
            return found
    return next((target(each) for each in node.get("patternProperties", {}).values()), "")


def described(node: Node, definitions: dict[str, Node]) -> str:
    """What a setting is."""
    return str(node.get("description") or definitions[target(node)]["description"]).rstrip(".")


def type_of(node: Node, link: Callable[[str], str]) -> str:
    """The type with its range. `link`: what stands for a table of settings."""
    if choices := node.get("anyOf") or node.get("oneOf"):
        return ", or ".join(dict.fromkeys(type_of(each, link) for each in choices if not _is_spelling(each)))
    if "$ref" in node:
        return link(target(node))
    if "const" in node:
        return code(repr(node["const"]).replace("'", '"'))
    if "enum" in node:
        return "one of " + ", ".join(code(f'"{each}"') for each in node["enum"])
    if isinstance(node.get("type"), list):
        return " or ".join(type_of({"type": each}, link) for each in node["type"])
    match node.get("type"):
        case "array":
            return _list(node, link)
        case "object":
            return _table(node, link)
        case list(kinds):
            return ", or ".join(type_of({"type": kind}, link) for kind in kinds)
        case str(kind):
            return _SIMPLE[kind] + _range(node)
    return "anything that the setting may be"


def _is_spelling(node: Node) -> bool:
    """Whether it is the same names as another choice, in other spellings."""
    return node.keys() == {"pattern"}


def _list(node: Node, link: Callable[[str], str]) -> str:
    element = type_of(node["items"], link) if node.get("items") else "values"
    number = _count(node.get("minItems"), node.get("maxItems"), "element")
    return f"list{number}, each {element}" if node.get("items") else f"list{number} of values"


def _table(node: Node, link: Callable[[str], str]) -> str:
    values = [*node.get("patternProperties", {}).values()]
    values += [node["additionalProperties"]] if isinstance(node.get("additionalProperties"), dict) else []
    number = _count(node.get("minProperties"), node.get("maxProperties"), "name")
    return f"table by name{number}, each {type_of(values[0], link)}" if values else "table"


def _count(least: int | None, most: int | None, of: str) -> str:
    if least is not None and least == most:
        return f" of {least} {of}s"
    if most is not None:
        return f" of {least or 0} to {most} {of}s"
    return f" of {least} or more {of}s" if least is not None else ""


def _range(node: Node) -> str:
    most = node.get("maxLength")
    if most is not None:
        return f" of {node.get('minLength', 0)} to {most} characters"
    low, high, above = node.get("minimum"), node.get("maximum"), node.get("exclusiveMinimum")
    if low is not None and above is not None:  # two limits, of which the narrower one counts
        low, above = (None, above) if above >= low else (low, None)
    if low is not None and high is not None:
        return f" from {_number(low)} to {_number(high)}"
    ends = (("from", low), ("above", above), ("at most", high), ("below", node.get("exclusiveMaximum")))
    parts = [f"{word} {_number(end)}" for word, end in ends if end is not None]
    return " " + " and ".join(parts) if parts else ""


def _number(value: float) -> str:
    """With commas between thousands."""
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole else f"{value:g}"
