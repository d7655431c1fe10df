"""The answers of `size` in words: how many patients, how sure that is, and the power curve around it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner._version import __version__
from planner.questions.size.result import Sizing
from planner.questions.size.size_figures import CurvePoint, Key, SizeAnswer
from planner.report.blocks import Axis, Block, Column, Facts, Heading, Items, Plot, Prose, Series, Sheet
from planner.report.context import PageContext
from planner.report.pages.common import (
    ERRORS,
    again,
    analyses,
    completers,
    how_to_read,
    identity,
    question,
    sources,
    title,
)
from planner.report.pages.parts.limits import about_limits
from planner.report.pages.parts.scaled import about_scaled_limits, error_at_limit
from planner.report.pages.parts.uncertain import what_is_uncertain
from planner.report.pages.parts.whole_trial import each_alone
from planner.report.pages.run_tables import NOBODY_MEANWHILE, carryover_warnings, other_warnings
from planner.results.effect_scale import RATIO
from planner.results.number_text import DASH, estimated, percent, plain
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.canonical.resolved import digest
from planner.scenario.text import count, listed

_AROUND = 3  # numbers of patients shown on either side of an answer
_TABLES = 4  # curves whose neighbourhood is shown
_CURVES = 8  # curves in one plot


def size_page(result: Sizing, context: PageContext, warnings: Sequence[str]) -> list[Block]:
    """The result of `planner size` as blocks: answers, the numbers around them, the curve, how to read it.

    warnings: with hypotheses called by their labels.
    """
    blocks = _header(result, context)
    blocks += each_alone(each.analysis for each in result.answers)
    blocks += [
        Heading("How many patients?" if result.find == "patients" else "Which effect is found?"),
        _answers(result, context),
    ]
    blocks += [Prose(NOBODY_MEANWHILE)] if _staged(result) else []
    blocks += [*carryover_warnings(result.biased, context), *other_warnings(warnings)]
    if notes := _notes(result, context):
        blocks.append(Items(notes))
    if (around := _around(result, context)) is not None:
        blocks += [Heading("Around the answer"), around]
    if (picture := _picture(result, context)) is not None:
        blocks += [Heading("The power curve"), *picture]
    if result.variants is not None:
        every = list(dict.fromkeys(answer.hypothesis for answer in result.answers))
        blocks += [
            Heading("What was uncertain"),
            *what_is_uncertain(uncertain_numbers(result.scenario), every),
        ]
    blocks += how_to_read(_reading(result, context))
    return blocks + again(context.command, partial=result.partial)


def _header(result: Sizing, context: PageContext) -> list[Block]:
    blocks: list[Block] = [title(result.name, result.scenario.title)]
    if result.partial:
        blocks.append(Prose("PARTIAL: interrupted; the answers rest on what was finished.", True))
    facts = [
        *question(context),
        identity(result.name, digest(result.scenario)),
        ("Endpoint", context.endpoint),
    ]
    facts += analyses((each.analysis for each in result.answers), context)
    most = max((each.trials for each in result.curve), default=0)
    simulated = f"up to {count(most, 'virtual trial')} a point, seed {result.seed}, planner {__version__}"
    if result.variants is not None:
        simulated = f"up to {count(result.variants, 'variant')} of what is uncertain, {simulated}"
    return [*blocks, Facts([*facts, ("Simulated", simulated)])]


def _which(key: Key, result: Sizing, context: PageContext) -> str:
    several = len({answer.analysis for answer in result.answers}) > 1
    hypothesis, analysis = key
    return context.called(hypothesis) + (f" ({analysis})" if several else "")


def _target(row: SizeAnswer) -> str:
    return percent(row.target, digits=4)


def _staged(result: Sizing) -> bool:
    """Whether any trial can stop early."""
    return any(each.stopped_early.estimate > 0 for each in result.curve)


def _incomplete(result: Sizing) -> bool:
    """Whether patients leave before they have finished."""
    return any(each.expected_completers.estimate < each.expected_patients.estimate for each in result.curve)


def _naming(
    result: Sizing, rows: Sequence[SizeAnswer], context: PageContext
) -> tuple[list[Column], list[list[str]]]:
    columns, cells = (
        [Column("Hypothesis", number=False)],
        [[context.called(row.hypothesis)] for row in rows],
    )
    if len({answer.analysis for answer in result.answers}) > 1:
        columns.append(Column("Analysis", number=False))
        cells = [[*cell, row.analysis] for cell, row in zip(cells, rows, strict=True)]
    return columns, cells


def _answers(result: Sizing, context: PageContext) -> Sheet:
    rows = result.answers
    columns, cells = _naming(result, rows, context)
    columns += [
        Column("Target", number=False),
        Column(_sought(result, context)),
        Column("Left open"),
        Column(_power(result)),
    ]
    staged, incomplete = _staged(result), _incomplete(result)
    least = any(row.minimum for row in rows)
    at_limit = any(row.type1_at_limit for row in rows)
    columns += [Column("By power alone")] if least else []
    columns += [Column("Type I error at the limit")] if at_limit else []
    columns += [Column("Expected patients")] if staged else []
    columns += [Column("Expected completers")] if incomplete else []
    for cell, row in zip(cells, rows, strict=True):
        cell += [_target(row), _answer_text(row, result, context), _open(row, result, context)]
        cell.append(estimated(row.power, percent=True))
        by_power = row.patients_by_formula
        cell += [DASH if by_power is None else f"{by_power:,}"] if least else []
        cell += [error_at_limit(row.type1_at_limit, context.units[row.analysis])] if at_limit else []
        cell += [estimated(row.expected_patients)] if staged else []
        cell += [estimated(row.expected_completers)] if incomplete else []
    return Sheet(columns, cells)


def _power(result: Sizing) -> str:
    """What the target is one of."""
    return "Assurance" if result.variants is not None else "Power"


def _sought(result: Sizing, context: PageContext) -> str:
    if result.find == "patients":
        return "Patients"
    units = [context.units[answer.analysis] for answer in result.answers]
    what = RATIO.capitalize() if all(unit.ratio for unit in units) else "Effect"
    names = dict.fromkeys(unit.name for unit in units)
    return f"{what} ({' or '.join(names)})" if any(names) else what


def _amount(row: SizeAnswer, value: float | None, result: Sizing, context: PageContext) -> str:
    if value is None:
        return DASH
    if result.find == "patients":
        return f"{value:,}"
    return plain(value * context.units[row.analysis].factor)


def _answer_text(row: SizeAnswer, result: Sizing, context: PageContext) -> str:
    value = row.sought
    return "none" if value is None else _amount(row, value, result, context)


def _open(row: SizeAnswer, result: Sizing, context: PageContext) -> str:
    """What chance leaves open: `exact`, one number, or a range."""
    if row.range is None:
        return DASH
    if row.exact:
        return "exact"
    low, high = row.range
    if low == high:
        return "nothing"
    if high is None:
        return f"{_amount(row, low, result, context)} or more"
    return f"{_amount(row, low, result, context)} to {_amount(row, high, result, context)}"


def _notes(result: Sizing, context: PageContext) -> list[str]:
    """The notes of the answers; what holds for several answers is said once."""
    several = len({row.target for row in result.answers}) > 1
    names_by_note: dict[str, dict[str, list[str]]] = {}
    for row in result.answers:
        if row.note:
            who = names_by_note.setdefault(row.note, {})
            who.setdefault(_which(row.key, result, context), []).append(_target(row))
    notes = []
    for note, who in names_by_note.items():
        targets = listed(list(dict.fromkeys(target for each in who.values() for target in each)))
        notes.append(f"{listed(list(who))}{f', target {targets}' if several else ''}: {note}")
    return notes


def _around(result: Sizing, context: PageContext) -> Sheet | None:
    """The numbers just below and above each answer, with their power."""
    answers: dict[Key, list[SizeAnswer]] = {}
    for row in result.answers:
        if row.sought is not None:
            answers.setdefault(row.key, []).append(row)
    if result.find != "patients" or not 0 < len(answers) <= _TABLES:
        return None
    staged = _staged(result)
    lines: list[list[str]] = []
    loud = set()
    named, cells = _naming(result, [rows[0] for rows in answers.values()], context)
    for cell, (key, rows) in zip(cells, answers.items(), strict=True):
        for each in _near([each for each in result.curve if each.key == key], rows):
            targets = [_target(row) for row in rows if row.patients == each.patients]
            if targets:
                loud.add(len(lines))
            line = [*cell, f"answer {listed(targets)}" if targets else "", f"{each.patients:8,}"]
            line.append(estimated(each.power, percent=True))
            if staged:
                line += [estimated(each.stopped_early, percent=True), estimated(each.expected_patients)]
            lines.append([*line, f"{each.trials:,}"])
            cell = [""] * len(cell)
    columns = [*named, Column("", number=False), Column("Patients", number=False), Column(_power(result))]
    columns += [Column("Stops early"), Column("Expected patients")] if staged else []
    return Sheet([*columns, Column("Trials")], lines, frozenset(loud))


def _near(curve: Sequence[CurvePoint], answers: Sequence[SizeAnswer]) -> list[CurvePoint]:
    """The points of a curve next to its answers."""
    places: set[int] = set()
    for row in answers:
        place = next(i for i, each in enumerate(curve) if each.patients == row.patients)
        places |= set(range(max(place - _AROUND, 0), min(place + _AROUND + 1, len(curve))))
    return [curve[i] for i in sorted(places)]


# The plot


def _picture(result: Sizing, context: PageContext) -> list[Block] | None:
    """The curves with their Monte Carlo band and the targets as broken lines, and what the letters mean."""
    groups = _groups(result)
    if not groups:
        return None
    find, ratio = result.find, _finds_ratio(result, context)
    low, high = (100.0 * math.exp(x) for x in _ends_of_logs(result)) if ratio else (0.0, _right_end(result))
    targets = [
        (target, percent(target, digits=4)) for target in sorted({row.target for row in result.answers})
    ]
    series = [Series(name, "", [(low, target), (high, target)], "broken") for target, name in targets]
    key = []
    for letter, (keys, points) in zip("ABCDEFGH", list(groups.items())[:_CURVES], strict=False):
        inside = [each for each in points if low <= abs(each.sought) <= high]
        name = " / ".join(_which(each, result, context) for each in keys)
        series += [
            Series(f"{name}: {y} end", "", [(abs(each.sought), each.power.interval[i]) for each in inside])
            for i, y in enumerate(("low", "high"))
        ]
        places = {abs(row.sought) for row in result.answers if row.key in keys and row.sought is not None}
        marked = [each for each in inside if abs(each.sought) in places] or inside[-1:]
        marks = [(abs(each.sought), each.power.estimate) for each in marked]
        series.append(Series(name, letter, marks, "none"))
        key.append(f"{letter}: {name}")
    of_effect = f"{RATIO} (%)" if ratio else "size of the effect"
    x = Axis("patients" if find == "patients" else of_effect, low, high)
    more = len(groups) - _CURVES
    rest = f" {count(more, 'further curve')} in the CSV." if more > 0 else ""
    return [
        Plot("lines", series, x, Axis(_power(result).lower(), 0.0, 1.0, "share")),
        Prose(
            f"{'; '.join(key)}. A letter marks an answer, else the end of a curve, * where several meet. "
            f"Broken line: {listed([name for _, name in targets])}. A curve is drawn from the lower and the "
            "upper end of its 95 % Monte Carlo intervals: where it looks like one line, they are that close."
            f"{rest}"
        ),
    ]


def _groups(result: Sizing) -> dict[tuple[Key, ...], list[CurvePoint]]:
    """The curves by their points: hypotheses that predict the same are drawn once."""
    curves: dict[Key, list[CurvePoint]] = {}
    for each in result.curve:
        curves.setdefault(each.key, []).append(each)
    same: dict[tuple[tuple[float, float], ...], list[Key]] = {}
    for key, points in curves.items():
        shape = tuple((each.sought, each.power.estimate) for each in points)
        same.setdefault(shape, []).append(key)
    return {tuple(keys): curves[keys[0]] for keys in same.values()}


def _right_end(result: Sizing) -> float:
    """Where the x axis ends: beyond every answer, or at the largest number tried."""
    tried = max(abs(each.sought) for each in result.curve)
    answers = [abs(row.sought) for row in result.answers if row.sought is not None]
    if not answers:
        return float(tried)
    end = min(1.4 * max(answers), float(tried))
    unit = 10.0 ** math.floor(math.log10(end)) / 2.0 if end > 0 else 1.0
    return min(math.ceil(end / unit) * unit, float(tried)) or 1.0


def _finds_ratio(result: Sizing, context: PageContext) -> bool:
    """Whether ratios are sought."""
    return result.find == "effect" and any(context.units[row.analysis].ratio for row in result.answers)


def _ends_of_logs(result: Sizing) -> tuple[float, float]:
    """Where an axis of ratios begins and ends, as logarithms: from no effect on, beyond every answer."""
    tried = [math.log(each.sought / 100.0) for each in result.curve]
    answers = [math.log(row.sought / 100.0) for row in result.answers if row.sought is not None]
    reach = [1.4 * each for each in answers] or tried
    low, high = min(0.0, *reach), max(0.0, *reach)
    return max(low, min(0.0, *tried)), min(high, max(0.0, *tried))


def _law(analysis: PlannedAnalysis) -> str:
    """What the exact power of an analysis comes from."""
    if analysis.scaling is not None:
        return "an integral over the laws of the standard error and of the variance of the reference"
    if analysis.against_margins:
        return "an integral over the law of the standard error"
    return "the noncentral t distribution"


def _about_minimum(result: Sizing) -> list[str]:
    """How many evaluable patients an answer has at least, and whether that was stated."""
    least = next((row.minimum for row in result.answers if row.minimum), None)
    if least is None:
        return []
    return [
        f"An answer has at least {least:,} evaluable patients (design.minimum; 0 for none), "
        "whatever the power; by power alone: what the target needs."
    ]


def _reading(
    result: Sizing,
    context: PageContext,
) -> list[str]:
    """The tables explained, only as far as they show something."""
    items = [ERRORS]
    if result.variants is not None:
        items.append(
            "Assurance is the power averaged over what is uncertain; the same variants of it are used at "
            "every number of patients and every effect. The ± and what is left open include what the choice "
            "of variants adds."
        )
    if result.find == "patients":
        items.append(
            "Patients: all who are randomised, the smallest number from which power stays at or above the "
            "target; a multiple of what one round of the allocation takes."
        )
        items.append(
            "Left open, the Monte Carlo range: the numbers whose 95 % Monte Carlo interval allows them to be "
            "the answer; “nothing” where no other number can be."
        )
    else:
        what = "Effect: the smallest difference"
        if _finds_ratio(result, context):
            what = "Ratio of geometric means: that nearest to 100 %"
        items.append(
            f"{what} with the target power. The first treatment's mean is moved, all else stays as the "
            "hypothesis states it."
        )
        items.append(
            "Left open, the Monte Carlo range: the effects whose 95 % Monte Carlo interval contains the "
            "target."
        )
    if exact := {row.analysis for row in result.answers if row.exact and row.range}:
        by_name = {each.name: each for each in result.scenario.analyses}
        laws = {_law(by_name[name]) for name in exact}
        items.append(
            f"Exact: the power follows from {listed(sorted(laws), 'or')}, which settles the answer; the "
            "simulated power beside it confirms it."
        )
    items += _about_minimum(result)
    items += about_scaled_limits([row.type1_at_limit for row in result.answers])
    if _staged(result):
        items.append(
            "Looks keep their share of the patients at every size, as near as whole blocks allow; expected "
            "patients counts stops."
        )
    items += about_limits(result.limits)
    if _incomplete(result):
        names = list(dict.fromkeys(row.analysis for row in result.answers))
        items.append(f"{completers(context, names)} The number of patients already allows for dropout.")
    return items + sources(context)
