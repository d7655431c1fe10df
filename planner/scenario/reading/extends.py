"""`extends = "FILE"`: a scenario file that adds to another one, which may extend a further one.

Tables merge setting by setting, everything else in the later file replaces what the earlier one says. Two
lists say where numbers come from and are put together instead. `citations`: a source of the earlier file
stays unless the later one has a source with the same key, and supports what the later file leaves as it was.
`assumed`: what is assumed in the earlier file stays so, as far as the later file leaves it as it was.

The file extended lies in the folder of the one that extends it, in a folder inside that, or in the catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from planner.errors import PlannerError
from planner.scenario import catalogue
from planner.scenario.faults import Fault, Path, ScenarioError, dotted
from planner.scenario.paths import split_path
from planner.scenario.reading.positions import Positions
from planner.scenario.reading.toml import parse_toml, text_of
from planner.scenario.text import did_you_mean, printable, quote
from planner.scenario.tree import Tree

MAX_FILES = 5
_SOURCES = ("citations", "assumed")
_LABELS = ("label", "dose")  # words, which rest on no source


class _Row(NamedTuple):
    """An entry of `citations` or `assumed`: the layer that says it, its number there, what it says."""

    layer: int
    number: int
    value: object


@dataclass
class Layer:
    """One file: the scenario itself, or one that it builds on."""

    name: str  # as messages call it
    text: str
    data: Tree
    folder: FilePath | None = None  # None: a text that lies nowhere
    entries: dict[tuple[str, int], _Row] = field(default_factory=dict)  # its sources, by place after merging

    @cached_property
    def positions(self) -> Positions:
        return Positions(self.text)

    def fault(self, path: Path, message: str, hint: str = "", at_key: bool = False) -> Fault:
        """A fault of the setting at `path`, or of the nearest table around it that stands in the file."""
        place, span = self.positions.nearest(path)
        if span is None:
            return Fault(self.name, 1, 1, dotted(path), message, hint)
        start, end = span.key if at_key and place == path else span.value
        line, column = self.positions.place(start)
        source = self.positions.lines[line - 1]
        width = max(1, min(end - start, len(source) - column + 1))
        return Fault(self.name, line, column, dotted(path), message, hint, source, width)


class Refused(PlannerError):
    """An `extends` that cannot be followed."""


def chain(first: Layer, extends: object, file: FilePath | None) -> list[Layer]:
    """The file and all that it builds on, itself first. `extends`: what it is to extend.

    Raises Refused if that cannot be followed, ScenarioError if a file further on is at fault.
    """
    layers, seen = [first], [file.resolve()] if file is not None else []
    while isinstance(extends, str):
        last = layers[-1]
        try:
            path, folder = _file(extends, last.folder)
            if path.resolve() in seen:
                raise Refused(f"{quote(extends)} leads back to a file that is being extended")
            if len(layers) == MAX_FILES:
                raise Refused(f"leads through more than {MAX_FILES} files")
        except Refused as refusal:
            if last is first:
                raise
            raise ScenarioError([last.fault(("extends",), refusal.message, refusal.hint)]) from None
        seen.append(path.resolve())
        layers.append(_layer(path, last.name, extends if folder == last.folder else None))
        extends = layers[-1].data.get("extends")
    return layers


def _layer(path: FilePath, child: str, written: str | None) -> Layer:
    """The file at `path`, called after the file that extends it, as far as it lies beside that."""
    name = str(path) if written is None else str(FilePath(child).parent / written)
    text = text_of(path, name)
    layer = Layer(name, text, parse_toml(text, name), path.parent)
    if (version := layer.data.get("schema_version", 1)) != 1:
        message = f"{quote(version)} cannot be read: this version of planner reads schema_version = 1"
        raise ScenarioError([layer.fault(("schema_version",), message)])
    return layer


def _file(text: str, beside: FilePath | None) -> tuple[FilePath, FilePath]:
    """The file meant by `extends`, and the folder that it was looked for in."""
    posix, windows = PurePosixPath(text), PureWindowsPath(text)
    if posix.is_absolute() or windows.anchor or ".." in windows.parts:
        hint = 'a name such as "common.toml" or "library/ketamine-opioid.toml"'
        raise Refused("must lie in the folder of this file or in the catalogue", hint)
    folders = [folder for folder in (beside, catalogue.folder()) if folder is not None]
    for folder in folders:
        path = folder / text
        try:
            if not path.is_file():
                continue
            inside = path.resolve().is_relative_to(folder.resolve())
        except (OSError, ValueError):
            continue
        if not inside:
            raise Refused("is a link to a file outside this folder", "copy the file into the folder")
        return path, folder
    names = [path.relative_to(folder).as_posix() for folder in folders for path in _near(folder)]
    message = f"there is no file {printable(text)} in the folder of this file or in the catalogue"
    raise Refused(message, did_you_mean(text, dict.fromkeys(names)))


def _near(folder: FilePath) -> list[FilePath]:
    """Scenario files of a folder and of the folders in it."""
    return sorted([*folder.glob("*.toml"), *folder.glob("*/*.toml")])[:1000]


def merge_layers(layers: Sequence[Layer]) -> Tree:
    """What the files say together. The layers learn where their sources have gone."""
    data = deepcopy(layers[-1].data)
    rows = {name: _rows(len(layers) - 1, data.get(name)) for name in _SOURCES}
    for number in range(len(layers) - 2, -1, -1):
        own = layers[number].data
        data = _standing(data, own)
        for name in _SOURCES:
            rows[name] = _sources(name, rows[name], _rows(number, own.get(name)), data, own)
        data = _over(data, deepcopy(own))
    for name in _SOURCES:
        given = [layer.data[name] for layer in layers if name in layer.data]
        if all(isinstance(value, list) for value in given) and given:
            data[name] = [row.value for row in rows[name]]
            for i, row in enumerate(rows[name]):
                layers[row.layer].entries[name, i] = row
    return data


_INSTEAD = {"name": {"sequences"}, "arms": {"sequences"}, "sequences": {"name", "arms"}}
"""Settings of a design that stand down when a later file says the same in another way."""


def _standing(data: Tree, own: Tree) -> Tree:
    """The earlier files' settings without those that the later file says in another way."""
    design, later = data.get("design"), own.get("design")
    if not isinstance(design, dict) or not isinstance(later, dict):
        return data
    stays = {key: value for key, value in design.items() if not _INSTEAD.get(key, set()) & later.keys()}
    return {**data, "design": stays}


def _over(earlier: Tree, later: Tree, above: Path = ()) -> Tree:
    # A distribution is one statement: half of an earlier one says nothing together with half of a later one.
    if above == ("uncertainty",) or (above[:1] == ("hypotheses",) and above[2:] == ("uncertainty",)):
        return {**earlier, **later}
    if above == ("design",):
        earlier = {
            key: value for key, value in earlier.items() if not _INSTEAD.get(key, set()) & later.keys()
        }
    both = {
        key: _over(earlier[key], value, (*above, key))
        for key, value in later.items()
        if isinstance(value, dict) and isinstance(earlier.get(key), dict)
    }
    return {**earlier, **later, **both}


def _rows(layer: int, values: object) -> list[_Row]:
    return [_Row(layer, i, value) for i, value in enumerate(values if isinstance(values, list) else [])]


def _sources(name: str, earlier: list[_Row], later: list[_Row], data: Tree, own: Tree) -> list[_Row]:
    """The later file's entries, and what they leave of the earlier ones; `data` and `own`: the settings."""
    if name == "assumed":
        stated = {split_path(row.value) for row in later if isinstance(row.value, str)}
        rest = [row._replace(value=text) for row in earlier for text in _left(row.value, data, own)]
        return [*later, *(row for row in rest if not _covered(row.value, stated))]
    keys = [row.value.get("key") for row in later if isinstance(row.value, dict)]
    kept = []
    for row in earlier:
        if not isinstance(row.value, dict) or row.value.get("key") in keys:
            kept += [row] if not isinstance(row.value, dict) else []
            continue
        supports = row.value.get("supports")
        if isinstance(supports, list) and supports:
            left = [text for each in supports for text in _left(each, data, own)]
            row = row._replace(value={**row.value, "supports": left})
            if not left:
                continue  # a source of nothing that is left
        kept.append(row)
    return [*later, *kept]


def _covered(text: object, stated: set[Path]) -> bool:
    path = split_path(text) if isinstance(text, str) else ()
    return any(path[:n] in stated for n in range(1, len(path) + 1))


def _left(text: object, earlier: Tree, later: Tree) -> list[object]:
    """What stands at a path of the earlier file and is left as it was by the later one, as paths."""
    path = split_path(text) if isinstance(text, str) else ()
    before: object = earlier
    after: object = later
    for part in path:
        if not isinstance(after, dict):
            return []  # replaced as a whole
        if str(part) not in after:
            return [text]
        after = after[str(part)]
        before = before.get(str(part)) if isinstance(before, dict) else None
    if not path or not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if path else [text]
    inside = [key for key in before if key not in _LABELS]
    return [item for key in inside for item in _left(dotted((*path, key)), earlier, later)]


def owner(layers: Sequence[Layer], path: Path) -> tuple[Layer, Path]:
    """The file in which the setting at `path` of the merged settings stands, and its path there."""
    if len(path) > 1 and path[0] in _SOURCES and isinstance(path[1], int):
        for layer in layers:
            if (path[0], path[1]) in layer.entries:
                return layer, _own(layer, path, layer.entries[str(path[0]), path[1]])
    nodes: list[tuple[Layer, Any]] = [(layer, layer.data) for layer in layers]
    for part in path:
        inside = [(layer, node[str(part)]) for layer, node in nodes if str(part) in node]
        if not inside:
            break
        tables = [isinstance(node, dict) for _, node in inside]
        nodes = inside[: tables.index(False)] if False in tables else inside
        if not tables[0]:
            return inside[0][0], path
    return nodes[0][0], path


def _own(layer: Layer, path: Path, row: _Row) -> Path:
    """The path of a source in its own file, where it may support more than is left of it."""
    place: Path = (path[0], row.number, *path[2:])
    if path[2:3] == ("supports",) and len(path) == 4 and isinstance(row.value, dict):
        before = layer.data["citations"][row.number]["supports"]
        text = row.value["supports"][path[3]]
        return (*place[:3], before.index(text)) if text in before else place[:3]
    return place
