"""Typed parts of a result made from objects of the JSON contract, for tests that make up their own."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import SimpleNamespace
from typing import Any, Union, get_args, get_origin, get_type_hints

from planner import read
from planner.results.cells import Cell
from planner.results.contract import Written
from planner.results.figures import Figure


def typed(kind: Any, value: Any) -> Any:
    """The value as this type; what an object lacks is taken from its default, or is nothing."""
    if get_origin(kind) in (Union, types.UnionType):
        return None if value is None else typed(get_args(kind)[0], value)
    if get_origin(kind) is tuple:
        return tuple(typed(get_args(kind)[0], each) for each in value or ())
    if isinstance(value, Mapping) and get_origin(kind) is not None:
        return {key: typed(get_args(kind)[1], each) for key, each in value.items()}
    if not (isinstance(kind, type) and issubclass(kind, Written)):
        return value
    if value is None:
        return Figure(0.0, 0.0, 0.0, 0.0) if kind is Figure else typed(kind, {})
    hints = get_type_hints(kind)
    given = {each.name: value for each in fields(kind) if each.name in kind.merged}
    given |= {name: each for name, each in value.items() if name in hints}
    filled = {each.name: typed(hints[each.name], given.get(each.name)) for each in fields(kind)}
    needed = {each.name for each in fields(kind) if each.default is each.default_factory is MISSING}
    return kind(**{name: each for name, each in filled.items() if name in {*given, *needed}})


def cell_of(document: Mapping[str, Any], trials: int = 0) -> Cell:
    merged = {"departures": {"dropout", "leaving"}, "scaled": {"components", "upper_limit"}}
    merged |= {"two_stage": {"stage_one"}, "exact_stages": {"stage_one"}}
    absent = {name: None for name, keys in merged.items() if not keys & document.keys()}
    cell: Cell = typed(Cell, {**document, "trials": trials, **absent})
    return cell


def run_of(document: Mapping[str, Any]) -> Any:
    """What the page of a run asks of a run."""
    about = document["run"]
    cells = [cell_of(each, about["trials"]) for each in document["cells"]]
    names = tuple(dict.fromkeys(cell.hypothesis for cell in cells))
    scenario = read("asthma-ab-ba").model_copy(update={"title": document["scenario"]["title"]})
    return SimpleNamespace(
        name=document["scenario"]["name"],
        scenario=scenario,
        trials=about["trials"],
        variants=None,
        partial=document["partial"],
        limits=[],
        outcome=SimpleNamespace(cells=SimpleNamespace(seed=about["seed"], hypotheses=names)),
        cells_with_carryover=lambda: cells,
        whole_trials=lambda _: [],
        stage_errors=(),
    )
