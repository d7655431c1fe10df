"""TOML to a complete Scenario, or everything that is wrong with it and where.

    read("williams-2018", set=["design.patients=24"])

A file is read as text and parsed by tomllib, laid over the file that it extends, changed by the overrides,
and built into a Scenario; what is wrong is looked up in the files and overrides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from planner.scenario import catalogue
from planner.scenario.faults import MAX_FAULTS, Fault, Path, ScenarioError, dotted
from planner.scenario.reading.build import build_scenario
from planner.scenario.reading.extends import Layer, Refused, chain, merge_layers, owner
from planner.scenario.reading.overrides import Override, apply, parse
from planner.scenario.reading.toml import parse_toml, text_of, unreadable
from planner.scenario.resolving.draft import Complaint
from planner.scenario.scenario import Scenario
from planner.scenario.text import did_you_mean

_PATIENTS: Path = ("design", "patients")
_LOOKS: Path = ("monitoring", "looks")


def read(source: str | FilePath, set: Sequence[str] = ()) -> Scenario:
    """The scenario in a file or of the catalogue, with the settings of `set` ("path=value") put in.

    A text that is the path of a file is taken as that; else it is a name of the catalogue. Raises
    ScenarioError with all faults if it cannot be used.
    """
    path, name = _locate(source)
    return _read(_file(path, str(source)), path, name, set)


def read_text(text: str, name: str = "scenario", set: Sequence[str] = ()) -> Scenario:
    """The scenario in a TOML text; `name` stands for the file in error messages. Raises ScenarioError."""
    return _read(Layer(name, text, parse_toml(text, name)), None, FilePath(name).stem, set)


def written(source: str | FilePath, set: Sequence[str] = ()) -> dict[str, Any]:
    """What a file, the files it extends and `set` state, before anything is completed or checked."""
    path, _ = _locate(source)
    given = [item for i, text in enumerate(set, 1) if isinstance(item := parse(i, text), Override)]
    data = merge_layers(_layers(_file(path, str(source)), path, given))
    apply(data, given)
    return data


def _locate(source: str | FilePath) -> tuple[FilePath, str]:
    """The file meant by `source`, and the name of the scenario in it."""
    path = FilePath(source)
    try:
        if not path.is_file() and isinstance(source, str):
            file = catalogue.find(source)
            if file is not None:
                return file, source
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise unreadable(str(source), f"is not a file name: {error}") from None
    if not exists:
        hint = did_you_mean(path.stem, catalogue.names())
        message = "there is no such file, and no scenario of this name in the catalogue"
        raise unreadable(str(source), message, hint or "`planner scenarios` lists the catalogue")
    return path, path.stem


def _file(path: FilePath, name: str) -> Layer:
    text = text_of(path, name)
    return Layer(name, text, parse_toml(text, name), path.parent)


@dataclass(frozen=True)
class _Places:
    """Where complaints stand: in the text of a file, or in an override."""

    layers: list[Layer]
    overrides: list[Override]

    def written(self, path: Path) -> Path:
        """The path without numbers of elements that were written as one: `per_period = 0.1`, "A B"."""
        if any(path[: len(item.path)] == item.path for item in self.overrides):
            return path
        while path and isinstance(path[-1], int) and not self.stands(path):
            path = path[:-1]
        return path

    def stands(self, path: Path) -> bool:
        layer, own = owner(self.layers, path)
        return own in layer.positions.spans

    def fault(self, complaint: Complaint) -> Fault:
        path = self.written(complaint.path)
        for override in self.overrides[::-1]:
            if path[: len(override.path)] == override.path:
                at = override.span(path, complaint.at_key)
                return override.fault(complaint.message, complaint.hint, at, dotted(path))
        if not self.stands(path):  # a table that an override has made
            for override in self.overrides:
                if path and override.path[: len(path)] == path:
                    return override.fault(complaint.message, complaint.hint, override.key, dotted(path))
        layer, own = owner(self.layers, path)
        return layer.fault(own, complaint.message, complaint.hint, complaint.at_key)


def _layers(first: Layer, file: FilePath | None, overrides: Sequence[Override]) -> list[Layer]:
    """The file and those that it extends, by its own word or by that of an override."""
    stated = [item for item in overrides if item.path == ("extends",)]
    extends = stated[-1].value if stated else first.data.get("extends")
    try:
        return chain(first, extends, file)
    except Refused as refusal:
        message, hint = refusal.message, refusal.hint
        fault = stated[-1].fault(message, hint) if stated else first.fault(("extends",), message, hint)
        raise ScenarioError([fault]) from None


def _resized(stated: Any, overridden: Sequence[Path]) -> int | None:
    """The number of patients that the files state, where another one is set and the looks are not."""

    def concerns(setting: Path) -> bool:
        return any(setting[: len(path)] == path or path[: len(setting)] == setting for path in overridden)

    is_resized = type(stated) is int and concerns(_PATIENTS) and not concerns(_LOOKS)
    return stated if is_resized else None


def _read(first: Layer, file: FilePath | None, name: str, set: Sequence[str]) -> Scenario:
    sorted_out = [parse(number, item) for number, item in enumerate(set, 1)]
    given = [item for item in sorted_out if isinstance(item, Override)]
    layers = _layers(first, file, given)
    data = merge_layers(layers)
    design = data.get("design")
    stated = design.get("patients") if isinstance(design, dict) else None
    overrides, faults = apply(data, given)
    faults += [item for item in sorted_out if isinstance(item, Fault)]
    paths = [item.path for item in overrides]
    scenario, complaints = build_scenario(data, paths, _resized(stated, paths))
    places = _Places(layers, overrides)
    faults += [places.fault(complaint) for complaint in complaints]
    # In the order of the files; what stands in an override comes last. Nothing is said twice.
    rank = {layer.name: i for i, layer in enumerate(layers)}
    order = {fault: (rank.get(fault.file, len(rank)), fault.line, fault.column) for fault in faults}
    faults = sorted(order, key=order.__getitem__)
    if len(faults) > MAX_FAULTS:
        more = f"{len(faults) - MAX_FAULTS} more faults are not shown"
        faults = [*faults[:MAX_FAULTS], Fault(first.name, 0, 0, "", more)]
    if faults or scenario is None:
        raise ScenarioError(faults)
    scenario._name = name
    return scenario
