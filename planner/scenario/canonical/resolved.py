"""The full form of a scenario as a dictionary, as TOML, as a digest; the JSON Schema of the short form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from planner.scenario.faults import Path
from planner.scenario.hypotheses import SETTINGS
from planner.scenario.scenario import Scenario
from planner.scenario.tree import Tree


def resolve(scenario: Scenario) -> Tree:
    """Every setting of a complete scenario as plain dictionaries, lists, texts and numbers, ready for TOML.

    Settings that do not apply are left out. Reading the result again gives the same result.
    """
    return _plain(scenario, labels=True)  # type: ignore[no-any-return]


def _plain(value: object, labels: bool) -> Any:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        kept = {
            name: _plain(getattr(value, name), labels)
            for name, about in fields.items()
            if labels or _counts(about, getattr(value, name))
        }
        return {k: v for k, v in kept.items() if not _left_out(k, v)}
    if isinstance(value, Mapping):
        return {name: _plain(item, labels) for name, item in value.items()}
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return [" ".join(sequence) for sequence in value]
        return [_plain(item, labels) for item in value]
    return value + 0.0 if isinstance(value, float) else value  # never -0.0


def _left_out(name: str, value: object) -> bool:
    """Whether a setting says nothing: in the full form, or as it stands in a scenario."""
    if isinstance(value, BaseModel):
        return all(_left_out(key, getattr(value, key)) for key in type(value).model_fields)
    # An empty list is a statement only where there is nothing to list, as the gaps of one period.
    if isinstance(value, list | tuple):
        return not value and name != "per_period"
    return value is None or (isinstance(value, str | Mapping) and not value)


def _counts(about: FieldInfo, value: object) -> bool:
    """Whether a setting is part of the digest: no label, and not one of later versions left as it was."""
    extra = about.json_schema_extra if isinstance(about.json_schema_extra, dict) else {}
    later = "since" in extra and value == about.get_default(call_default_factory=True)
    return bool(extra.get("digest", True)) and not later


def full_paths(path: Path, scenario: Scenario) -> list[Path]:
    """Where the setting at `path` of a file stands in the full form; its table if it is no longer apart."""
    if path[:2] in (("design", "name"), ("design", "arms")):
        path = ("design", "sequences")
    moved: list[Path] = [path]
    if path[0] == "hypotheses" and len(path) > 2 and len(_standing(path, scenario)) < len(path):
        moved = [(*path[:2], name, *path[3:]) for name in _by_others(path, scenario)]
    return [place for item in moved if (place := _standing(item, scenario))]


def _by_others(path: Path, scenario: Scenario) -> tuple[str, ...]:
    """The settings of the hypothesis that state in full what the file states at `path`."""
    stated, name = scenario.hypotheses.get(str(path[1])), str(path[2])
    return (name,) if stated is None else SETTINGS[stated.kind].renamed.get(name, (name,))


def _standing(path: Path, scenario: Scenario) -> Path:
    """As `followed` in the full form, of which nothing but the tables on the way is looked at."""
    node: object = scenario
    place: Path = ()
    for part in path:
        key = str(part)
        if isinstance(node, BaseModel) and key in type(node).model_fields:
            value = getattr(node, key)
            if _left_out(key, value):
                break
            place, node = (*place, key), value
        elif isinstance(node, Mapping) and key in node:
            place, node = (*place, key), node[key]
        elif isinstance(node, tuple) and isinstance(part, int) and part < len(node):
            place, node = (*place, part), None if isinstance(node[0], tuple) else node[part]
        else:
            break
    return place


def followed(path: Path, data: Tree) -> Path:
    """The longest beginning of `path` that leads somewhere in `data`; digits may be a key or an index."""
    node: object = data
    place: Path = ()
    for part in path:
        if isinstance(node, dict) and str(part) in node:
            place, node = (*place, str(part)), node[str(part)]
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            place, node = (*place, part), node[part]
        else:
            break
    return place


def settings(scenario: Scenario) -> Tree:
    """As `resolve`, without what alters no virtual trial, and without later settings that alter nothing."""
    return _plain(scenario, labels=False)  # type: ignore[no-any-return]


def digest(scenario: Scenario) -> str:
    """SHA-256 in hexadecimal of all settings that bear on a virtual trial: the name of what is simulated.

    Left out are texts, labels, sources, trials, seed, which hypotheses are simulated, priors, and what was
    observed: they are part of the question, and so of the name of an answer (`results.digest`). A setting
    that came after version 0.1.0 counts only where it is not as it was before (`since` in scenario.fields).
    The order of the keys, comments, and whether defaults were written make no difference. An analysis of the
    user's own counts with its source.
    """
    import hashlib

    counted = settings(scenario)
    if scenario.own_methods:
        counted["methods"] = {name: method.digest for name, method in scenario.own_methods.items()}
    text = json.dumps(counted, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
