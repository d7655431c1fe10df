"""What is swept: settings with several values, and the scenario at every combination of them.

    --set design.patients=12:60:4            12, 16, ... 60
    --set design.washout_days=7,14,30        these; with a second swept setting, every combination

or a table [sweep] in the scenario file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path as FilePath

from planner.errors import RequestError
from planner.results.contract import Json
from planner.scenario.canonical.toml import as_toml
from planner.scenario.faults import Fault, Path, ScenarioError
from planner.scenario.paths import split_path
from planner.scenario.reading.numbers import RangeError, has_colons, range_in
from planner.scenario.reading.overrides import Optioned, parse
from planner.scenario.reading.read import open_source
from planner.scenario.reading.source import Source
from planner.scenario.scenario import Scenario
from planner.scenario.text import listed, quote

MAX_POINTS = 1_000
"""Combinations of settings in a sweep."""

MAX_CELLS = 20_000
"""Combinations times hypotheses times analyses."""

_PATIENTS: Path = ("design", "patients")
_NAMED = 8  # numbers of patients in a remark
_FIXED = ("simulation", "sweep", "schema_version", "extends")


class SweepError(RequestError):
    """A sweep that cannot be run.

    >>> import planner
    >>> try:
    ...     planner.sweep("asthma-ab-ba", set=["design.patients=12:60:0"])
    ... except planner.SweepError as error:
    ...     print(error.message)
    --set design.patients=12:60:0: this range has no values
    """


@dataclass(frozen=True)
class SweepAxis:
    """Settings that vary together; each step gives every one of them a value, written as TOML."""

    paths: tuple[str, ...]
    steps: tuple[tuple[str, ...], ...]
    option: str = ""  # the option of its own that it was given by, in place of --set

    def settings(self, step: tuple[str, ...]) -> list[str]:
        """The settings of a step; their faults name the option that has made them, and the value."""
        return [
            Optioned(f"{path}={value}", f"{self.option} {value}") if self.option else f"{path}={value}"
            for path, value in zip(self.paths, step, strict=True)
        ]


@dataclass(frozen=True)
class Point:
    """A combination of settings: their values by path, and the scenario that they make."""

    values: Json
    scenario: Scenario
    rest: tuple[tuple[str, str], ...]  # the settings other than the number of patients, as they are written


def split_settings(settings: Sequence[str]) -> tuple[list[str], list[SweepAxis]]:
    """Settings `path=value` parted into plain ones and swept ones. Raises SweepError for a faulty range."""
    plain, axes = [], []
    for text in settings:
        axis = _axis(text)
        if axis is None:
            plain.append(text)
        else:
            axes.append(axis)
    return plain, axes


def _axis(text: str) -> SweepAxis | None:
    """The axis that a setting describes; None if it has one value."""
    parts = _split_at(text, "=")
    if len(parts) < 2:
        return None
    path, written = parts[0].strip(), text[len(parts[0]) + 1 :].strip()
    if has_colons(written):
        return SweepAxis((path,), tuple((value,) for value in _range(text, written)))
    values = [value.strip() for value in _split_at(written, ",")]
    if len(values) < 2:
        return None
    if not all(values):
        raise SweepError(f"--set {text}: a value is missing", f"for instance {path}=12,24")
    return SweepAxis((path,), tuple((value,) for value in values), getattr(text, "option", ""))


def _split_at(text: str, at: str) -> list[str]:
    """The text cut at a character, but not inside quotation marks or brackets."""
    parts, depth, quote, start, i = [], 0, "", 0, 0
    while i < len(text):
        c = text[i]
        if quote:
            i += c == "\\" and quote == '"'
            quote = "" if c == quote else quote
        elif c in "\"'":
            quote = c
        elif c in "[{":
            depth += 1
        elif c in "]}":
            depth -= 1
        elif c == at and depth == 0:
            parts.append(text[start:i])
            start = i + 1
        i += 1
    return [*parts, text[start:]]


def _range(text: str, written: str) -> list[str]:
    """The values of a range, as they are written in TOML. `text`: the whole setting, for messages."""
    steps = range_in(written)
    if steps is None:
        raise SweepError(f"--set {text}: a range is from:to:step", "for instance design.patients=12:60:4")
    try:
        values = steps.values(MAX_POINTS)
    except RangeError as error:
        raise SweepError(f"--set {text}: {error}", error.hint) from None
    return [str(int(value)) if steps.whole else repr(float(value)) for value in values]


def axes_of_file(scenario: Scenario, taken: Sequence[Path] = ()) -> list[SweepAxis]:
    """The table [sweep] of a scenario, without what varies settings that are `taken` by others."""
    axes = []
    for key, values in scenario.sweep.items():
        paths = tuple(path.strip() for path in _split_at(key, ","))
        if any(split_path(path) in taken for path in paths):
            continue
        steps = []
        for value in values:
            row = value if len(paths) > 1 else [value]
            if not isinstance(row, list | tuple) or len(row) != len(paths):
                raise SweepError(
                    f"sweep: {key} needs {len(paths)} values at each step, not {quote(value)}",
                    f'for instance "{key}" = [[{", ".join("1" for _ in paths)}]]',
                )
            steps.append(tuple(as_toml(each) for each in row))
        if not steps:
            raise SweepError(f"sweep: {key} has no values")
        axes.append(SweepAxis(paths, tuple(steps)))
    return axes


def points_of(
    source: str | FilePath | Source,
    plain: Sequence[str],
    axes: Sequence[SweepAxis],
    base: Scenario | None = None,
) -> list[Point]:
    """The scenario at every combination; the first axis varies slowest.

    `base`: the scenario of the plain settings and the first step of every axis, if it is there already.

    Looks that the file states as numbers of patients are scaled where the number of patients is another one,
    as `read` does. Raises SweepError for sweeps that make no sense, ScenarioError for a combination that is
    no sound scenario.
    """
    first = [setting for axis in axes for setting in axis.settings(axis.steps[0])]
    plain_paths = [split_path(text.split("=", 1)[0].strip()) for text in plain]
    swept_paths = [split_path(path) for axis in axes for path in axis.paths]
    source = source if isinstance(source, Source) else open_source(source)
    base = base or source.scenario([*plain, *first])
    made = {tuple(first): base}
    axes = [*axes, *axes_of_file(base, [*plain_paths, *swept_paths])]
    _check(base, axes)
    points = []
    for steps in product(*(axis.steps for axis in axes)):
        written = [
            (path, value)
            for axis, step in zip(axes, steps, strict=True)
            for path, value in zip(axis.paths, step, strict=True)
        ]
        settings = tuple(
            setting for axis, step in zip(axes, steps, strict=True) for setting in axis.settings(step)
        )
        scenario = made.get(settings) or source.scenario([*plain, *settings])
        rest = tuple((path, value) for path, value in written if split_path(path) != _PATIENTS)
        points.append(Point({path: _value(path, value) for path, value in written}, scenario, rest))
    return points


def _check(base: Scenario, axes: Sequence[SweepAxis]) -> None:
    paths = [split_path(path) for axis in axes for path in axis.paths]
    for path, text in zip(paths, (path for axis in axes for path in axis.paths), strict=True):
        if path and path[0] in _FIXED:
            raise SweepError(f"{text} cannot be swept", "sweep settings of the trial itself")
        if paths.count(path) > 1:
            raise SweepError(f"{text} is swept twice", "give all its values at once")
    number = prod(len(axis.steps) for axis in axes)
    if number > MAX_POINTS:
        raise SweepError(
            f"{number:,} combinations are too many", f"at most {MAX_POINTS:,}: take larger steps"
        )
    hypotheses = len(base.simulated_hypotheses)
    if number * hypotheses * len(base.analyses) > MAX_CELLS:
        raise SweepError(
            f"{number:,} combinations under {hypotheses} hypotheses are more than {MAX_CELLS:,} cells",
            "take larger steps, or fewer hypotheses with --hypothesis",
        )


def remarks_on_looks(points: Sequence[Point]) -> list[str]:
    """What became of the looks where the number of patients is swept: at one number of them in full, and in
    short at the others."""
    # What is remarked on at every point is not of looks, so that the longest remarks are those with looks.
    full = max((len(point.scenario.remarks) for point in points), default=0)
    resized = {each.remarks: each for point in points if 0 < full == len((each := point.scenario).remarks)}
    if not resized:
        return []
    most = max(len(point.scenario.monitoring.counts) for point in points)
    one = next(
        (each for each in resized.values() if len(each.monitoring.counts) == most),
        next(iter(resized.values())),
    )
    remarks = list(one.remarks)
    others = [f"{each.design.patients:,}" for each in resized.values() if each is not one]
    if others:
        few = listed(others) if len(others) <= _NAMED else f"{len(others)} other numbers of"
        remarks[-1] += f"; likewise for {few} patients"
    fewer = [f"{each.design.patients:,}" for each in resized.values() if len(each.monitoring.counts) < most]
    if fewer:
        remarks.append(f"at {listed(fewer)} patients looks that would reach the last one fall away")
    return remarks


def _value(path: str, written: str) -> object:
    override = parse(1, f"{path}={written}")
    if isinstance(override, Fault):
        raise ScenarioError([override])
    return override.value
