"""A sweep put into words: one row for each combination of settings, and a curve of the power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from planner._version import __version__
from planner.questions.sweep.sweep import Sweep
from planner.report.blocks import Axis, Block, Column, Facts, Heading, Plot, Prose, Series, Sheet
from planner.report.context import PageContext, effect_title
from planner.report.pages.common import (
    again,
    analyses,
    false_alarm,
    how_to_read,
    power_or_error,
    question,
    title,
)
from planner.report.pages.parts.alternatives import ABOUT_EQUIVALENCE
from planner.report.pages.parts.limits import about_limits
from planner.report.pages.parts.scaled import about_scaled, about_scaled_limits, error_at_limit
from planner.report.pages.parts.uncertain import (
    about_uncertainty,
    chance,
    has_variants,
    in_variants,
    spread,
    what_is_uncertain,
)
from planner.report.pages.parts.whole_trial import each_alone
from planner.report.pages.run_tables import (
    NOBODY_MEANWHILE,
    NOT_EQUIVALENT,
    carryover_warnings,
    not_equivalent,
    other_warnings,
)
from planner.results.carryover_sentences import place
from planner.results.cells import Cell
from planner.results.number_text import estimated, plain
from planner.results.uncertain_numbers import uncertain_numbers
from planner.scenario.text import count, listed, visible

_LINES = 10  # that can be told apart in one picture


def sweep_page(result: Sweep, context: PageContext, warnings: Sequence[str]) -> list[Block]:
    """The page of `planner run` with swept settings; `warnings`: with hypotheses by their labels."""
    cells = result.cells_with_carryover()
    blocks: list[Block] = [title(result.name, result.base.title)]
    if result.partial:
        trials = count(result.trials, "trial")
        blocks.append(Prose(f"PARTIAL: interrupted; the figures are of {trials} or more.", True))
    blocks.append(Facts(_facts(result, cells, context)))
    blocks += [
        *each_alone(each.name for each in result.base.analyses),
        Heading("What changes"),
        _figures(cells, context),
    ]
    blocks += [Prose(NOBODY_MEANWHILE)] if any(len(cell.looks) > 1 for cell in cells) else []
    blocks += carryover_warnings([(cell, place(cell.patients, cell.sweep)) for cell in cells], context)
    blocks += other_warnings(warnings)
    blocks += _curve(cells, context)
    if has_variants(cells):
        every = list(dict.fromkeys(cell.hypothesis for cell in cells))
        blocks += [Heading("What was uncertain"), *what_is_uncertain(uncertain_numbers(result.base), every)]
    of_limits = about_scaled_limits([cell.type1_at_limit for cell in cells])
    blocks += how_to_read(_reading(cells) + of_limits + about_limits(result.limits))
    return blocks + again(context.command, partial=result.partial)


def _facts(result: Sweep, cells: Sequence[Cell], context: PageContext) -> list[tuple[str, str]]:
    facts = question(context)
    facts += [("Scenario", result.name), ("Endpoint", context.endpoint)]
    facts += analyses((cell.analysis for cell in cells), context)
    for path, values in _axes(cells).items():
        facts.append((path, listed([_value_text(value) for value in values])))
    trials = (
        f"{count(result.trials, 'virtual trial')} for each row, {in_variants(result.variants)}"
        f"seed {result.seed}, planner {__version__}"
    )
    return [*facts, ("Simulated", trials)]


def _axes(cells: Sequence[Cell]) -> dict[str, list[Any]]:
    """The swept settings with their values, each once, in order."""
    axes: dict[str, list[object]] = {}
    for cell in cells:
        for path, value in cell.sweep.items():
            values = axes.setdefault(path, [])
            if value not in values:
                values.append(value)
    return axes


def _value_text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return plain(float(value), 10)
        case list():
            return f"[{', '.join(_value_text(item) for item in value)}]"
        case dict():
            return f"{{{', '.join(f'{key} {_value_text(item)}' for key, item in value.items())}}}"
    return str(value)


def _titles(paths: Sequence[str]) -> dict[str, str]:
    """The last words of each path in which it differs from the others."""
    titles = {}
    for path in paths:
        parts = path.split(".")
        short = next(
            (
                ".".join(parts[-n:])
                for n in range(1, len(parts) + 1)
                if sum(other.endswith(".".join(parts[-n:])) for other in paths) == 1
            ),
            path,
        )
        titles[path] = short
    return titles


def _figures(cells: Sequence[Cell], context: PageContext) -> Sheet:
    paths = list(_axes(cells))
    titles = _titles(paths)
    analyses = len({cell.analysis for cell in cells}) > 1
    sized = "design.patients" in paths or len({cell.patients for cell in cells}) == 1
    names = [Column("Hypothesis", number=False)] + ([Column("Analysis", number=False)] if analyses else [])
    columns = [Column(titles[path], number=_numeric(_axes(cells)[path])) for path in paths]
    # Columns of names stand first, whatever is swept, because a table that is split repeats them.
    order = [c for c in columns if not c.number] + names + [c for c in columns if c.number]
    order += [] if sized else [Column("Patients")]
    mean = has_variants(cells)
    order += [Column(effect_title((context.units[cell.analysis] for cell in cells), mean=mean))]
    staged = any(len(cell.looks) > 1 for cell in cells)
    equivalence = any(cell.equivalence is not None for cell in cells)
    order += [Column("Assurance" if mean else "Power")] + ([Column("Stops early")] if staged else [])
    order += [Column(name) for name in NOT_EQUIVALENT] if equivalence else []
    order += [Column("Chance of an effect"), Column("Power, 5 % to 95 %")] if mean else []
    at_limit = any(cell.type1_at_limit is not None for cell in cells)
    order += [Column("Type I error at the limit")] if at_limit else []
    order += [Column("Expected patients"), Column("Expected completers")]
    rows = []
    for cell in cells:
        swept = {
            column.title: _value_text(cell.sweep[path]) for path, column in zip(paths, columns, strict=True)
        }
        row = [swept[c.title] for c in columns if not c.number]
        row += [context.called(cell.hypothesis), *([cell.analysis] if analyses else [])]
        row += [swept[c.title] for c in columns if c.number] + ([] if sized else [str(cell.patients)])
        row += [
            context.true_effect(cell, with_unit=True),
            power_or_error(cell.power, cell.is_null),
        ]
        row += [estimated(cell.stopped_early, percent=True)] if staged else []
        row += not_equivalent(cell) if equivalence else []
        row += [chance(cell), spread(cell)] if mean else []
        row += [error_at_limit(cell.type1_at_limit, context.units[cell.analysis])] if at_limit else []
        rows.append([*row, estimated(cell.expected_patients), estimated(cell.expected_completers)])
    return Sheet(order, rows)


def _numeric(values: Sequence[object]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _curve(cells: Sequence[Cell], context: PageContext) -> list[Block]:
    """Power against the swept number with most values; a line for each of the other combinations."""
    axes = {path: values for path, values in _axes(cells).items() if _numeric(values) and len(values) > 2}
    if not axes:
        return []
    along = max(axes, key=lambda path: len(axes[path]))
    several = len({cell.analysis for cell in cells}) > 1
    titles = _titles(list(_axes(cells)))
    lines: dict[str, list[tuple[float, float]]] = {}
    for cell in cells:
        others = [f"{titles[p]} {_value_text(v)}" for p, v in cell.sweep.items() if p != along]
        name = ", ".join([context.called(cell.hypothesis), *([cell.analysis] if several else []), *others])
        x = cell.sweep[along]
        assert isinstance(x, int | float)  # see `_numeric`
        lines.setdefault(name, []).append((float(x), cell.power.estimate))
    if len(lines) > _LINES:
        return [Prose(f"{count(len(lines), 'line')} would be too many for a picture of the power.")]
    letters = [chr(ord("a") + i) for i in range(len(lines))]
    series = [
        Series(name, letter, sorted(points))
        for letter, (name, points) in zip(letters, lines.items(), strict=True)
    ]
    what = "Assurance" if has_variants(cells) else "Power"
    x = Axis(visible(along), float(min(axes[along])), float(max(axes[along])))
    picture = Plot("lines", series, x, Axis(what.lower(), 0.0, 1.0, "share"), wide=True)
    return [Heading(what), picture, Facts(list(zip(letters, lines, strict=True)))]


def _off_scale(cell: Cell) -> bool:
    """Whether the true effect is another one than the means state."""
    stated = cell.stated_effect
    return stated is not None and not math.isclose(stated, cell.true_effect, rel_tol=1e-4, abs_tol=1e-9)


def _reading(cells: Sequence[Cell]) -> list[str]:
    items = [
        "± is the Monte Carlo standard error. All rows are of the same virtual patients, so that "
        "differences between them are less uncertain than their errors say.",
    ]
    if has_variants(cells):
        items += [*about_uncertainty(cells), "All rows are of the same variants too."]
    if any(cell.equivalence is not None and cell.scaled is None for cell in cells):
        items.append(ABOUT_EQUIVALENCE)
    items += about_scaled(cells)
    if any(cell.is_null for cell in cells):
        items.append(false_alarm(cell.alternative for cell in cells if cell.is_null))
    if any(_off_scale(cell) for cell in cells):
        items.append(
            "Where the scale cuts or rounds scores, true effects are not the differences of the stated means."
        )
    if any("design.patients" in cell.sweep and len(cell.looks) > 1 for cell in cells):
        items.append("Looks stated as numbers of patients are scaled to the number of patients planned.")
    notes = dict.fromkeys(cell.note for cell in cells if cell.note and not cell.is_null)
    return [*items, *notes]
