"""A scenario file, read once, and the scenarios that it makes with one set of settings after the other.

It is read as text, parsed by tomllib and laid over the file that it extends. Each scenario is what they say
together, changed by its settings and built; what is wrong is looked up in the files and settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from planner.scenario.faults import MAX_FAULTS, Fault, Path, ScenarioError, dotted
from planner.scenario.own_methods import OwnMethods, context_of
from planner.scenario.reading.build import build_scenario
from planner.scenario.reading.extends import Layer, Refused, chain, merge_layers, owner
from planner.scenario.reading.overrides import Override, apply, parse
from planner.scenario.reading.short_forms import expanded
from planner.scenario.resolving.draft import Complaint
from planner.scenario.resolving.kept import Kept
from planner.scenario.scenario import Scenario
from planner.scenario.text import nearest, perhaps
from planner.scenario.tree import Tree

_PATIENTS: Path = ("design", "patients")
_LOOKS: Path = ("monitoring", "looks")


class _Merged(NamedTuple):
    """The file and those that it extends, and what they say together, which nobody changes.

    Short forms are written out in it.
    """

    layers: list[Layer]
    data: Tree


class Source:
    """A scenario file, read and parsed. `file`: None where the text lies nowhere. `methods`: analyses of the
    user's own that it may name."""

    def __init__(
        self, first: Layer, file: FilePath | None, name: str, methods: OwnMethods | None = None
    ) -> None:
        self.name = name
        self._context, self._kept = context_of(methods), Kept()
        self._first, self._file = first, file
        self._merged: dict[str, _Merged] = {}  # by the text of the setting that names what is extended

    def scenario(self, set: Sequence[str] = ()) -> Scenario:
        """The scenario with settings ("path=value") put in. Raises ScenarioError with all faults."""
        sorted_out = [parse(number, item) for number, item in enumerate(set, 1)]
        given = [item for item in sorted_out if isinstance(item, Override)]
        layers, stated = self._stated(given)
        data, overrides, faults = apply(stated, given)
        data = expanded(data)
        faults += [item for item in sorted_out if isinstance(item, Fault)]
        paths = [item.path for item in overrides]
        design = stated.get("design")
        patients = design.get("patients") if isinstance(design, dict) else None
        scenario, complaints = build_scenario(
            data, paths, _resized(patients, paths), self._context, self._kept
        )
        places = _Places(layers, overrides, stated)
        faults += [places.fault(complaint) for complaint in complaints]
        # In the order of the files; what stands in an override comes last. Nothing is said twice.
        rank = {layer.name: i for i, layer in enumerate(layers)}
        order = {fault: (rank.get(fault.file, len(rank)), fault.line, fault.column) for fault in faults}
        faults = sorted(order, key=order.__getitem__)
        if len(faults) > MAX_FAULTS:
            more = f"{len(faults) - MAX_FAULTS} more faults are not shown"
            faults = [*faults[:MAX_FAULTS], Fault(self._first.name, 0, 0, "", more)]
        if faults or scenario is None:
            raise ScenarioError(faults)
        scenario._name = self.name
        return scenario

    def written(self, set: Sequence[str] = ()) -> Tree:
        """What the file, the files it extends and `set` state, before anything is completed or checked."""
        given = [item for i, text in enumerate(set, 1) if isinstance(item := parse(i, text), Override)]
        return expanded(apply(self._stated(given).data, given)[0])

    def _stated(self, overrides: Sequence[Override]) -> _Merged:
        """What the files say together; which ones, an override may say."""
        stated = [item for item in overrides if item.path == ("extends",)]
        key = stated[-1].text if stated else ""
        if key not in self._merged:
            layers = self._layers(replace(self._first, entries={}), stated)
            self._merged[key] = _Merged(layers, expanded(merge_layers(layers)))
        return self._merged[key]

    def _layers(self, first: Layer, stated: Sequence[Override]) -> list[Layer]:
        """The file and those that it extends, by its own word or by that of an override."""
        extends = stated[-1].value if stated else first.data.get("extends")
        try:
            return chain(first, extends, self._file)
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


@dataclass(frozen=True)
class _Places:
    """Where complaints stand: in the text of a file, or in an override."""

    layers: list[Layer]
    overrides: list[Override]
    stated: Tree  # what the files say

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

    def meant(self, path: Path) -> str:
        """What may have been meant by a table that the files do not have: one beside it that they have."""
        beside: object = self.stated
        for part in path[:-1]:
            beside = beside.get(part) if isinstance(beside, dict) else None
        return perhaps(nearest(str(path[-1]), beside)) if isinstance(beside, dict) else ""

    def fault(self, complaint: Complaint) -> Fault:
        path = self.written(complaint.path)
        for override in self.overrides[::-1]:
            if path[: len(override.path)] == override.path:
                at = override.span(path, complaint.at_key)
                return override.fault(complaint.message, complaint.hint, at, dotted(path))
        if not self.stands(path):  # a table that an override has made
            for override in self.overrides:
                if path and override.path[: len(path)] == path:
                    hint = complaint.hint or self.meant(path)
                    return override.fault(complaint.message, hint, override.key, dotted(path))
        layer, own = owner(self.layers, path)
        return layer.fault(own, complaint.message, complaint.hint, complaint.at_key)
