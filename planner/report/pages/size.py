"""The answers of `size` in words: how many patients, how sure that is, and the power curve around it.

Works on the JSON form (`Sizing.to_json()`), so that a stored result reads like a fresh one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Code, Column, Facts, Heading, Items, Prose, Sheet
from planner.report.context import Setting
from planner.report.pages.parts.limits import about_limits
from planner.report.pages.parts.uncertain import what_is_uncertain
from planner.report.pages.parts.whole_trial import each_alone
from planner.report.pages.run_tables import NOBODY_MEANWHILE, beside, carried_over
from planner.report.plots.braille import Point, Series, plot
from planner.results.numbers import DASH, estimated, plain
from planner.scenario.text import count, listed

Answer = Mapping[str, Any]
Key = tuple[str, str]

_AROUND = 3  # numbers of patients shown on either side of an answer
_TABLES = 4  # curves whose neighbourhood is shown
_CURVES = 8  # curves in one plot
_DASHES = 24


def size_document(result: Mapping[str, Any], setting: Setting, *, ascii_only: bool = False) -> list[Block]:
    """The result of `planner size` as blocks: answers, the numbers around them, the curve, how to read it."""
    blocks = _header(result, setting)
    blocks += each_alone(result["answers"])
    blocks += [
        Heading("How many patients?" if result["find"] == "patients" else "Which effect is found?"),
        _answers(result, setting),
    ]
    blocks += [Prose(NOBODY_MEANWHILE)] if _staged(result) else []
    blocks += [*carried_over(result["answers"], setting), *beside(result)]
    if notes := _notes(result, setting):
        blocks.append(Items(notes))
    if (around := _around(result, setting)) is not None:
        blocks += [Heading("Around the answer"), around]
    if (picture := _picture(result, setting, ascii_only)) is not None:
        drawn, key = picture
        blocks += [Heading("The power curve"), Code(drawn), Prose(key)]
    if "uncertain" in result:
        every = list(dict.fromkeys(answer["hypothesis"] for answer in result["answers"]))
        blocks += [Heading("What was uncertain"), *what_is_uncertain(result["uncertain"], every)]
    blocks += [Heading("How to read this"), Items(_reading(result, setting))]
    blocks += [
        Heading("To run it to its end" if result["partial"] else "The same result again"),
        Code(setting.command, "sh"),
    ]
    return blocks


def _header(result: Mapping[str, Any], setting: Setting) -> list[Block]:
    scenario, run = result["scenario"], result["run"]
    blocks: list[Block] = [Heading(scenario["title"] or scenario["name"], 1)]
    if result["partial"]:
        blocks.append(Prose("PARTIAL: interrupted; the answers rest on what was finished.", True))
    facts = [("Question", setting.question)] if setting.question else []
    facts += [
        ("Scenario", f"{scenario['name']}, digest {scenario['digest'][:12]}"),
        ("Endpoint", setting.endpoint),
    ]
    names = list(dict.fromkeys(answer["analysis"] for answer in result["answers"]))
    facts += [("Analysis" if len(names) == 1 else f"Analysis {n}", setting.analyses[n]) for n in names]
    most = max((each["trials"] for each in result["curve"]), default=0)
    simulated = f"up to {count(most, 'virtual trial')} a point, seed {run['seed']}, planner {run['planner']}"
    if "variants" in run:
        simulated = f"up to {count(run['variants'], 'variant')} of what is uncertain, {simulated}"
    return [*blocks, Facts([*facts, ("Simulated", simulated)])]


def _label(row: Answer, setting: Setting) -> str:
    return setting.hypotheses.get(row["hypothesis"]) or str(row["hypothesis"])


def _which(row: Answer, result: Mapping[str, Any], setting: Setting) -> str:
    several = len({answer["analysis"] for answer in result["answers"]}) > 1
    return _label(row, setting) + (f" ({row['analysis']})" if several else "")


def _target(row: Answer) -> str:
    return f"{plain(100.0 * row['target'])} %"


def _staged(result: Mapping[str, Any]) -> bool:
    """Whether any trial can stop early."""
    return any(each["stopped_early"]["estimate"] > 0 for each in result["curve"])


def _incomplete(result: Mapping[str, Any]) -> bool:
    """Whether patients leave before they have finished."""
    return any(
        each["expected_completers"]["estimate"] < each["expected_patients"]["estimate"]
        for each in result["curve"]
    )


def _naming(result: Mapping[str, Any], rows: Sequence[Answer], setting: Setting) -> tuple[list[Column], Any]:
    columns, cells = [Column("Hypothesis", number=False)], [[_label(row, setting)] for row in rows]
    if len({answer["analysis"] for answer in result["answers"]}) > 1:
        columns.append(Column("Analysis", number=False))
        cells = [[*cell, row["analysis"]] for cell, row in zip(cells, rows, strict=True)]
    return columns, cells


def _answers(result: Mapping[str, Any], setting: Setting) -> Sheet:
    rows: list[Answer] = list(result["answers"])
    columns, cells = _naming(result, rows, setting)
    columns += [
        Column("Target", number=False),
        Column(_sought(result, setting)),
        Column("Left open"),
        Column(_power(result)),
    ]
    staged, incomplete = _staged(result), _incomplete(result)
    columns += [Column("Expected patients")] if staged else []
    columns += [Column("Expected completers")] if incomplete else []
    for cell, row in zip(cells, rows, strict=True):
        cell += [_target(row), _found(row, result, setting), _open(row, result, setting)]
        cell.append(estimated(row["power"], percent=True))
        cell += [estimated(row["expected_patients"])] if staged else []
        cell += [estimated(row["expected_completers"])] if incomplete else []
    return Sheet(columns, cells)


def _power(result: Mapping[str, Any]) -> str:
    """What the target is one of."""
    return "Assurance" if "uncertain" in result else "Power"


def _sought(result: Mapping[str, Any], setting: Setting) -> str:
    if result["find"] == "patients":
        return "Patients"
    names = dict.fromkeys(setting.units[answer["analysis"]].name for answer in result["answers"])
    return f"Effect ({' or '.join(names)})" if any(names) else "Effect"


def _amount(row: Answer, value: float | None, result: Mapping[str, Any], setting: Setting) -> str:
    if value is None:
        return DASH
    if result["find"] == "patients":
        return f"{value:,}"
    return plain(value * setting.units[row["analysis"]].factor)


def _found(row: Answer, result: Mapping[str, Any], setting: Setting) -> str:
    value = row[result["find"]]
    return "none" if value is None else _amount(row, value, result, setting)


def _open(row: Answer, result: Mapping[str, Any], setting: Setting) -> str:
    """What chance leaves open: `exact`, one number, or a range."""
    if row["range"] is None:
        return DASH
    if row["exact"]:
        return "exact"
    low, high = row["range"]
    if low == high:
        return "nothing"
    if high is None:
        return f"{_amount(row, low, result, setting)} or more"
    return f"{_amount(row, low, result, setting)} to {_amount(row, high, result, setting)}"


def _notes(result: Mapping[str, Any], setting: Setting) -> list[str]:
    """The notes of the answers; what holds for several answers is said once."""
    several = len({row["target"] for row in result["answers"]}) > 1
    said: dict[str, dict[str, list[str]]] = {}
    for row in result["answers"]:
        if row["note"]:
            who = said.setdefault(row["note"], {})
            who.setdefault(_which(row, result, setting), []).append(_target(row))
    notes = []
    for note, who in said.items():
        targets = listed(list(dict.fromkeys(target for each in who.values() for target in each)))
        notes.append(f"{listed(list(who))}{f', target {targets}' if several else ''}: {note}")
    return notes


def _around(result: Mapping[str, Any], setting: Setting) -> Sheet | None:
    """The numbers just below and above each answer, with their power."""
    found: dict[Key, list[Answer]] = {}
    for row in result["answers"]:
        if row[result["find"]] is not None:
            found.setdefault(_key(row), []).append(row)
    if result["find"] != "patients" or not 0 < len(found) <= _TABLES:
        return None
    staged = _staged(result)
    lines: list[list[str]] = []
    loud = set()
    named, cells = _naming(result, [rows[0] for rows in found.values()], setting)
    for cell, (key, rows) in zip(cells, found.items(), strict=True):
        for each in _near([each for each in result["curve"] if _key(each) == key], rows):
            targets = [_target(row) for row in rows if row["patients"] == each["patients"]]
            if targets:
                loud.add(len(lines))
            line = [*cell, f"answer {listed(targets)}" if targets else "", f"{each['patients']:8,}"]
            line.append(estimated(each["power"], percent=True))
            if staged:
                line += [estimated(each["stopped_early"], percent=True), estimated(each["expected_patients"])]
            lines.append([*line, f"{each['trials']:,}"])
            cell = [""] * len(cell)
    columns = [*named, Column("", number=False), Column("Patients", number=False), Column(_power(result))]
    columns += [Column("Stops early"), Column("Expected patients")] if staged else []
    return Sheet([*columns, Column("Trials")], lines, frozenset(loud))


def _near(curve: Sequence[Answer], answers: Sequence[Answer]) -> list[Answer]:
    """The points of a curve next to its answers."""
    shown: set[int] = set()
    for row in answers:
        place = next(i for i, each in enumerate(curve) if each["patients"] == row["patients"])
        shown |= set(range(max(place - _AROUND, 0), min(place + _AROUND + 1, len(curve))))
    return [curve[i] for i in sorted(shown)]


def _key(row: Answer) -> Key:
    return row["hypothesis"], row["analysis"]


# The plot


def _picture(result: Mapping[str, Any], setting: Setting, ascii_only: bool) -> tuple[str, str] | None:
    """The curves with their Monte Carlo band and the targets as broken lines, and what the letters mean."""
    groups = _groups(result)
    if not groups:
        return None
    find = result["find"]
    high = _right_end(result)
    targets = sorted({row["target"] for row in result["answers"]})
    series = [Series("", _broken(target, high)) for target in targets]
    key = []
    for letter, (keys, points) in zip("ABCDEFGH", list(groups.items())[:_CURVES], strict=False):
        inside = [each for each in points if abs(each[find]) <= high]
        series += [
            Series("", [(abs(each[find]), each["power"][y]) for each in inside]) for y in ("low", "high")
        ]
        found = {abs(row[find]) for row in result["answers"] if _key(row) in keys and row[find] is not None}
        marked = [each for each in inside if abs(each[find]) in found] or inside[-1:]
        series.append(Series(letter, _apart(marked, find)))
        names = [_which({"hypothesis": h, "analysis": a}, result, setting) for h, a in keys]
        key.append(f"{letter}: {' / '.join(names)}")
    title = "patients" if find == "patients" else "size of the effect"
    drawn = plot(
        series,
        x=(0.0, high),
        y=(0.0, 1.0),
        tick=lambda y: f"{100 * y:.0f} %",
        x_title=title,
        ascii_only=ascii_only,
    )
    lines = listed([f"{plain(100 * target)} %" for target in targets])
    more = len(groups) - _CURVES
    rest = f" {count(more, 'further curve')} in the CSV." if more > 0 else ""
    return drawn, (
        f"{'; '.join(key)}. A letter marks an answer, else the end of a curve, * where several meet. "
        f"Broken line: {lines}. A curve is drawn from the lower and the upper end of its 95 % Monte Carlo "
        f"intervals: where it looks like one line, they are that close.{rest}"
    )


def _groups(result: Mapping[str, Any]) -> dict[tuple[Key, ...], list[Answer]]:
    """The curves by their points: hypotheses that predict the same are drawn once."""
    curves: dict[Key, list[Answer]] = {}
    for each in result["curve"]:
        curves.setdefault(_key(each), []).append(each)
    same: dict[tuple[Any, ...], list[Key]] = {}
    for key, points in curves.items():
        shape = tuple((each[result["find"]], each["power"]["estimate"]) for each in points)
        same.setdefault(shape, []).append(key)
    return {tuple(keys): curves[keys[0]] for keys in same.values()}


def _right_end(result: Mapping[str, Any]) -> float:
    """Where the x axis ends: beyond every answer, or at the largest number tried."""
    find = result["find"]
    tried = max(abs(each[find]) for each in result["curve"])
    answers = [abs(row[find]) for row in result["answers"] if row[find] is not None]
    if not answers:
        return float(tried)
    end = min(1.4 * max(answers), float(tried))
    unit = 10.0 ** math.floor(math.log10(end)) / 2.0 if end > 0 else 1.0
    return min(math.ceil(end / unit) * unit, float(tried)) or 1.0


def _broken(height: float, end: float) -> list[Point]:
    """A broken horizontal line: pieces with gaps between them."""
    points: list[Point] = []
    for k in range(_DASHES):
        points += [(end * k / _DASHES, height), (end * (k + 0.4) / _DASHES, height), (math.nan, height)]
    return points


def _apart(points: Sequence[Answer], find: str) -> list[Point]:
    """Single places, with gaps between them so that nothing is drawn from one to the next."""
    return [p for each in points for p in ((abs(each[find]), each["power"]["estimate"]), (math.nan, 0.0))]


def _reading(result: Mapping[str, Any], setting: Setting) -> list[str]:
    """The tables explained, only as far as they show something."""
    items = [
        "± is the Monte Carlo standard error: how far a figure would move with other random numbers. "
        "It says nothing about how true the assumptions are."
    ]
    if "uncertain" in result:
        items.append(
            "Assurance is the power averaged over what is uncertain; the same variants of it are used at "
            "every number of patients and every effect. The ± and what is left open include what the choice "
            "of variants adds."
        )
    if result["find"] == "patients":
        items.append(
            "Patients: all who are randomised, the smallest number from which power stays at or above the "
            "target; a multiple of what one round of the allocation takes."
        )
        items.append(
            "Left open: the numbers whose 95 % Monte Carlo interval allows them to be the answer; nothing "
            "means that no other number is."
        )
    else:
        items.append(
            "Effect: the smallest difference with the target power. The first treatment's mean is moved, all "
            "else stays as the hypothesis states it."
        )
        items.append("Left open: the effects whose 95 % Monte Carlo interval contains the target.")
    if any(row["exact"] and row["range"] for row in result["answers"]):
        items.append(
            "Exact: the power follows from the noncentral t distribution, which settles the answer; the "
            "simulated power beside it confirms it."
        )
    if _staged(result):
        items.append(
            "Looks keep their share of the patients at every size, as near as whole blocks allow; expected "
            "patients counts stops."
        )
    items += about_limits(result.get("limits", ()))
    if _incomplete(result):
        items.append(
            "Expected completers finish every period; dropout is already counted in the number of patients."
        )
        names = {row["analysis"] for row in result["answers"]}
        if partial := [name for name in setting.partial if name in names]:
            items.append(
                f"Completers of {listed(partial)} are all patients who have what is compared there, be it "
                "less than every period."
            )
    if not setting.sourced:
        items.append("The scenario names no source: all its numbers are assumptions.")
    elif setting.assumed:
        items.append(f"Assumed, without a source: {listed(list(setting.assumed))}.")
    return items
