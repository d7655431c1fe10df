"""TOML to a complete Scenario, or everything that is wrong with it and where.

read("williams-2018", set=["design.patients=24"])
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path as FilePath

from planner.scenario import catalogue
from planner.scenario.own_methods import OwnMethods
from planner.scenario.reading.extends import Layer
from planner.scenario.reading.source import Source
from planner.scenario.reading.toml import parse_toml, text_of, unreadable
from planner.scenario.scenario import Scenario
from planner.scenario.text import nearest, perhaps

_MOST_BESIDE = 1_000  # files that are looked at
_ENDINGS = (".toml", ".tml", ".txt", "")  # of what may be a scenario


def read(source: str | FilePath, set: Sequence[str] = (), *, methods: OwnMethods | None = None) -> Scenario:
    """The scenario in a file or of the catalogue, with the settings of `set` ("path=value") put in.

    A text that is the path of a file is taken as that; else it is a name of the catalogue. `methods`:
    analyses of your own (`planner.Analysis`) by the names that the scenario may use for them. Raises
    ScenarioError with all faults if it cannot be used, AnalysisError for an analysis that cannot be given.

    >>> import planner
    >>> scenario = planner.read("asthma-ab-ba", set=["design.patients=36"])
    >>> scenario.design.patients, scenario.monitoring.looks
    (36, (18, 36))
    """
    return open_source(source, methods).scenario(set)


def read_text(
    text: str, name: str = "scenario", set: Sequence[str] = (), *, methods: OwnMethods | None = None
) -> Scenario:
    """The scenario in a TOML text; `name` stands for the file in error messages. Else as `read`.

    >>> import planner
    >>> scenario = planner.read_text('''
    ... schema_version = 1
    ... design = { sequences = ["A B", "B A"], patients = 24 }
    ... hypotheses = { works = { means = { A = 5, B = 0 }, sd_difference = 8 } }
    ... ''')
    >>> scenario.analyses[0].method, scenario.monitoring.looks
    ('hills-armitage', (24,))
    """
    return source_of(text, name, methods).scenario(set)


def source_of(text: str, name: str = "scenario", methods: OwnMethods | None = None) -> Source:
    """A TOML text, parsed: for scenarios with several sets of settings."""
    return Source(Layer(name, text, parse_toml(text, name)), None, FilePath(name).stem, methods)


def open_source(source: str | FilePath, methods: OwnMethods | None = None) -> Source:
    """The file or entry of the catalogue, read and parsed: for scenarios with several sets of settings."""
    path, name = _locate(source)
    text = text_of(path, str(source))
    layer = Layer(str(source), text, parse_toml(text, str(source)), path.parent)
    return Source(layer, path, name, methods)


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
        message = "there is no such file, and no scenario of this name in the catalogue"
        hint = perhaps(_near(path)) or "`planner scenarios` lists the catalogue"
        raise unreadable(str(source), message, hint)
    return path, path.stem


def _near(path: FilePath) -> list[str]:
    """What may have been meant by a path where nothing is: a file beside it of this name in other letters or
    with another ending; else scenarios of nearly this name there, and else in the catalogue.
    """
    try:
        beside = [
            each for each in islice(path.parent.iterdir(), _MOST_BESIDE) if each.suffix.lower() in _ENDINGS
        ]
    except OSError:
        beside = []
    alike = [str(each) for each in beside if each.stem.casefold() == path.stem.casefold() and each.is_file()]
    files = {each.name: str(each) for each in beside if each.suffix == ".toml"}
    near = [files[name] for name in nearest(path.name, files, 0.75)] if path.suffix else []
    return alike or near or nearest(path.stem, catalogue.names())
