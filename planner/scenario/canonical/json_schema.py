"""The JSON Schema of scenario files, for editors."""

from __future__ import annotations

from typing import Any

from planner.scenario.scenario import Scenario
from planner.scenario.tree import Tree


def schema() -> Tree:
    """JSON Schema (draft 2020-12) of a scenario file, with the help and unit of every setting.

    A file that extends another may leave out anything; any other file must have what is required.
    """
    described = Scenario.model_json_schema()
    whole = _tidied({key: value for key, value in described.items() if key != "title"}, names=False)
    definitions = whole.pop("$defs")
    definitions["Design"]["required"].remove("patients")
    whole["anyOf"] = _WITH_PATIENTS
    parts = {f"{name}Part": _part(definition) for name, definition in definitions.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "planner scenario",
        **_part(whole),
        "if": {"not": {"required": ["extends"]}},
        "then": {"$ref": "#/$defs/Scenario"},
        "$defs": {"Scenario": whole, **definitions, **parts},
    }


_WITH_PATIENTS = [
    {"properties": {"design": {"required": ["patients"]}}},
    {"properties": {"monitoring": {"required": ["adaptive"]}}, "required": ["monitoring"]},
]
"""The number of patients is needed, unless a second stage is planned: see scenario.resolving.adaptive."""


def _part(node: object) -> Any:
    """The schema of a table of which any part may stand in another file."""
    if isinstance(node, list):
        return [_part(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: f"{value}Part" if key == "$ref" else _part(value)
        for key, value in node.items()
        if key != "required" or not isinstance(value, list)
    }


def _tidied(node: object, names: bool) -> Any:
    """Without what TOML cannot say (null) and what says nothing (titles, empty defaults)."""
    if isinstance(node, list):
        return [_tidied(item, False) for item in node]
    if not isinstance(node, dict):
        return node
    if names:  # a table of settings, whose keys are names and no keywords
        return {name: _tidied(item, False) for name, item in node.items()}
    kept = {
        # A hypothesis may be of several families: of which one, the endpoint can say.
        "anyOf" if key == "oneOf" else key: _tidied(value, key in ("properties", "$defs"))
        for key, value in node.items()
        if key not in ("title", "digest") and not (key == "default" and value in (None, "", [], {}))
    }
    choices = [choice for choice in kept.get("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return kept | ({"anyOf": choices} if choices else {})
