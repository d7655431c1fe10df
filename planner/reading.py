"""TOML to a complete Scenario, or everything that is wrong with it and where.

    read("williams-2018", set=["design.patients=24"])

A file is read as text, parsed by tomllib, changed by the overrides, checked setting by setting against the
models of `planner.scenario` and, where these hold, completed and checked across settings. Nothing in a file
is executed, expanded or fetched.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from pydantic import BaseModel, ValidationError

from planner import catalogue, wording
from planner.canonical import digest, followed, full_paths, resolve, schema, to_toml
from planner.completing import Draft, Problem, complete
from planner.faults import MAX_FAULTS, Fault, Path, ScenarioError, did_you_mean, dotted, shown
from planner.overrides import Override, apply, parse, split_path
from planner.positions import Positions
from planner.scenario import (
    FAMILIES,
    MAX_ANALYSES,
    MAX_HYPOTHESES,
    MAX_PATIENTS,
    Analysis,
    Design,
    Endpoint,
    Monitoring,
    Population,
    Scenario,
    Simulation,
    Treatment,
)

__all__ = ["Fault", "ScenarioError", "digest", "read", "read_text", "resolve", "schema", "to_toml"]

MAX_BYTES = 1_000_000


def read(source: str | FilePath, set: Sequence[str] = ()) -> Scenario:
    """The scenario in a file or of the catalogue, with the settings of `set` ("path=value") put in.

    A text that is the path of a file is taken as that; else it is a name of the catalogue. Raises
    ScenarioError with all faults if it cannot be used.
    """
    path, name = _locate(source)
    return _read(_text(path, str(source)), str(source), name, set)


def read_text(text: str, name: str = "scenario", set: Sequence[str] = ()) -> Scenario:
    """The scenario in a TOML text; `name` stands for the file in error messages. Raises ScenarioError."""
    return _read(text, name, FilePath(name).stem, set)


def _locate(source: str | FilePath) -> tuple[FilePath, str]:
    """The file meant by `source`, and the name of the scenario in it."""
    path = FilePath(source)
    try:
        if not path.is_file() and isinstance(source, str):
            found = catalogue.find(source)
            if found is not None:
                return found, source
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise _unreadable(str(source), f"is not a file name: {error}") from None
    if not exists:
        hint = did_you_mean(path.stem, catalogue.names())
        message = "there is no such file, and no scenario of this name in the catalogue"
        raise _unreadable(str(source), message, hint or "`planner scenarios` lists the catalogue")
    return path, path.stem


def _text(path: FilePath, name: str) -> str:
    """The text of the file, refused if it is too big or not UTF-8."""
    try:
        if path.is_dir():
            raise _unreadable(name, "is a folder, not a scenario file")
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _unreadable(name, f"cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_BYTES:
        raise _unreadable(name, f"is larger than {MAX_BYTES:,} bytes; this is no scenario file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"is not UTF-8 text: byte 0x{raw[error.start]:02x} on this line"
        source = raw.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")[line - 1]
        hint = "save the file as UTF-8"
        raise ScenarioError([Fault(name, line, column, "", message, hint, source, 1)]) from None


def _unreadable(name: str, message: str, hint: str = "") -> ScenarioError:
    return ScenarioError([Fault(name, 0, 0, "", message, hint)])


@dataclass(frozen=True)
class _Places:
    """Where problems stand: in the text of the file, or in an override."""

    name: str
    text: str
    overrides: list[Override]

    def written(self, path: Path, positions: Positions) -> Path:
        """The path without numbers of elements that were written as one: `per_period = 0.1`, "A B"."""
        if any(path[: len(item.path)] == item.path for item in self.overrides):
            return path
        while path and isinstance(path[-1], int) and path not in positions.spans:
            path = path[:-1]
        return path

    def fault(self, problem: Problem, positions: Positions) -> Fault:
        path = self.written(problem.path, positions)
        for override in self.overrides[::-1]:
            if path[: len(override.path)] == override.path:
                at = override.span(path, problem.at_key)
                return override.fault(problem.message, problem.hint, at, dotted(path))
        found, span = positions.nearest(path)
        if found != path:  # a table that an override has made
            for override in self.overrides:
                if path and override.path[: len(path)] == path:
                    return override.fault(problem.message, problem.hint, override.key, dotted(path))
        if span is None:
            return Fault(self.name, 1, 1, dotted(path), problem.message, problem.hint)
        start, end = span.key if problem.at_key and found == path else span.value
        line, column = positions.place(start)
        source = positions.lines[line - 1]
        width = max(1, min(end - start, len(source) - column + 1))
        return Fault(self.name, line, column, dotted(path), problem.message, problem.hint, source, width)


def _read(text: str, name: str, scenario_name: str, set: Sequence[str]) -> Scenario:
    data = _parsed(text, name)
    parsed = [parse(number, item) for number, item in enumerate(set, 1)]
    overrides, faults = apply(data, [item for item in parsed if isinstance(item, Override)])
    faults += [item for item in parsed if isinstance(item, Fault)]
    scenario, problems = _built(data)
    if problems:
        places, positions = _Places(name, text, overrides), Positions(text)
        faults += [places.fault(problem, positions) for problem in problems]
    # In the order of the file; what stands in an override comes last. Nothing is said twice.
    order = {fault: (fault.file == "--set", fault.line, fault.column) for fault in faults}
    faults = sorted(order, key=order.__getitem__)
    if len(faults) > MAX_FAULTS:
        more = f"{len(faults) - MAX_FAULTS} more faults are not shown"
        faults = [*faults[:MAX_FAULTS], Fault(name, 0, 0, "", more)]
    if faults or scenario is None:
        raise ScenarioError(faults)
    scenario._name = scenario_name
    return scenario


# A dotted key of dozens of parts: tomllib needs time that grows with their square.
_DEEP = re.compile(r"""(?<![\w."'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){40}""", re.ASCII)


def _parsed(text: str, name: str) -> dict[str, Any]:
    """The TOML text as dictionaries; ScenarioError where it is not TOML."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _unreadable(name, "contains half of a character (a surrogate)") from None
    if not text.strip():
        raise _unreadable(name, "is empty", "`planner new FILE` starts a scenario from a template")
    if _DEEP.search(text):
        raise _unreadable(name, "has lists or tables nested too deeply")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([_syntax_fault(text, name, str(error))]) from None
    except RecursionError:
        raise _unreadable(name, "has lists or tables nested too deeply") from None
    except ValueError:  # int() refuses numbers of thousands of digits
        raise _unreadable(name, "contains a number of too many digits") from None


_WORDS = {
    "Invalid value": ("is not a TOML value", 'text needs quotation marks: "..."'),
    "Cannot overwrite a value": ("this setting is given twice", "keep one of the two"),
    "Expected '=' after a key": ("a name must be followed by =", "name = value, or [name] for a section"),
    "Illegal character": ("a character that cannot stand here", "text must end on its line"),
    "Unterminated string": ("a text does not end", "close it with a quotation mark"),
    "Expected newline or end of document after a statement": (
        "something follows where the line should end",
        "text needs quotation marks, and each setting its own line",
    ),
    "Unclosed array": ("a list does not end", "close it with ]"),
    "Unclosed inline table": ("a table does not end", "close it with }"),
    "Cannot declare": ("this section is given twice", "merge the two"),
}


def _syntax_fault(text: str, name: str, message: str) -> Fault:
    """A fault of TOML itself, from tomllib's sentence with its line and column."""
    lines = text.replace("\r\n", "\n").split("\n")
    found = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
    while line > 1 and not lines[line - 1].strip():  # the end of the document: show the last line with text
        line -= 1
        column = len(lines[line - 1]) + 1
    plain = message[: found.start()] if found else message
    words, hint = next((said for start, said in _WORDS.items() if plain.startswith(start)), (plain, ""))
    source = lines[line - 1]
    comma = re.search(r"(\d+),(\d+)$", source[: column - 1])
    if comma is not None and plain.startswith("Expected '='"):
        words, hint = "a comma inside a number", f"a decimal point: {comma[1]}.{comma[2]}"
        column = comma.start() + 1
    word = re.compile(r"[^\s,\]}#]+").match(source, column - 1)
    width = len(word[0]) if word is not None and plain.startswith(("Invalid value", "Expected '='")) else 1
    return Fault(name, line, column, "", f"not valid TOML: {words}", hint, source, width)


def _built(data: dict[str, Any]) -> tuple[Scenario | None, list[Problem]]:
    """The complete scenario, or all problems."""
    try:
        written = Scenario.model_validate(data)
        problems: list[Problem] = []
    except ValidationError as error:
        problems = wording.problems(error)
        written = None
    draft = _draft(data, written)
    parts = complete(draft)
    problems += draft.problems + _check_paths(draft)
    if problems or written is None:
        return None, problems
    scenario = written.model_copy(update=parts)
    return scenario.model_copy(update=_moved_paths(scenario)), problems


def _moved_paths(scenario: Scenario) -> dict[str, Any]:
    """`assumed` and `supports` with paths of the full form, where a setting has another name there."""
    full = resolve(scenario)

    def moved(texts: tuple[str, ...]) -> tuple[str, ...]:
        paths = [path for text in texts for path in full_paths(split_path(text), full)]
        return tuple(dict.fromkeys(dotted(path) for path in paths))

    citations = [item.model_copy(update={"supports": moved(item.supports)}) for item in scenario.citations]
    return {"assumed": moved(scenario.assumed), "citations": tuple(citations)}


# Settings that can be left out of a part without a follow-up fault from the checks across settings.
_LOOSE = {"patients", "washout_days", "period_days", "block", "allocation", "label", "unit"}
_LOOSE |= {"carryover", "carryover_lasts", "alpha", "alternative", "role", "planned_effect"}


def _sound_part(model: type[BaseModel], raw: Any) -> Any:
    """The part, without faulty settings that are unknown or loose; None if others are faulty."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faulty = error.errors(include_url=False, include_context=False, include_input=False)
    if not isinstance(raw, dict):
        return None
    kept = dict(raw)
    for details in faulty:
        key = details["loc"][0] if details["loc"] else None
        unknown = details["type"] == "extra_forbidden" and len(details["loc"]) == 1
        if not unknown and key not in _LOOSE:
            return None
        kept.pop(str(key), None)
    if model is Design and "patients" not in kept:
        kept["patients"] = 1
    return model.model_validate(kept)


def _sound_patients(design: Any) -> bool:
    given = design.get("patients") if isinstance(design, dict) else None
    return type(given) is int and 1 <= given <= MAX_PATIENTS


_SECTIONS: dict[str, type[BaseModel]] = {
    "design": Design,
    "population": Population,
    "endpoint": Endpoint,
    "monitoring": Monitoring,
    "simulation": Simulation,
}


def _draft(data: dict[str, Any], written: Scenario | None) -> Draft:
    """The parts of the scenario that are sound by themselves."""

    part = _sound_part

    def parts(model: type[BaseModel], raw: Any, most: int) -> dict[Any, Any]:
        items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
        built = {key: part(model, item) for key, item in islice(items, most)}
        return {key: item for key, item in built.items() if item is not None}

    if written is not None:
        single = {name: getattr(written, name) for name in _SECTIONS}
        tables: list[Any] = [written.treatments, written.hypotheses, dict(enumerate(written.analyses))]
    else:
        single = {
            name: part(model, data.get(name, None if model is Design else {}))
            for name, model in _SECTIONS.items()
        }
        tables = [
            parts(Treatment, data.get("treatments"), MAX_BYTES),
            parts(FAMILIES["means"], data.get("hypotheses"), MAX_HYPOTHESES),
            parts(Analysis, data.get("analyses"), MAX_ANALYSES),
        ]
    sized = written is not None or _sound_patients(data.get("design"))
    return Draft(data, **single, sized=sized, treatments=tables[0], hypotheses=tables[1], analyses=tables[2])


def _check_paths(draft: Draft) -> list[Problem]:
    """Every path that a citation supports or that is assumed leads to a setting of the file."""
    places: list[Path] = [("assumed",)]
    citations = draft.written(("citations",))
    places += [
        ("citations", i, "supports") for i in range(len(citations) if isinstance(citations, list) else 0)
    ]
    problems = []
    for place in places:
        paths = draft.written(place)
        for i, text in enumerate(paths if isinstance(paths, list) else []):
            if isinstance(text, str) and not _follows(draft.data, split_path(text)):
                problems.append(Problem((*place, i), f"{shown(text)} is not a setting of this file"))
    return problems


def _follows(data: dict[str, Any], path: Path) -> bool:
    return bool(path) and len(followed(path, data)) == len(path)
