"""The sensitivity of the power in words and as a tornado: bars from a step below to a step above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner._version import __version__
from planner.questions.compare.cells import Difference
from planner.questions.sensitivity.cells import AssumptionFigures, SensitivityCell
from planner.questions.sensitivity.sensitivity import Sensitivity
from planner.report.blocks import Axis, Block, Column, Facts, Heading, Plot, Point, Prose, Series, Sheet
from planner.report.context import PageContext
from planner.report.pages.common import again, how_to_read, identity, interruption, question, title
from planner.report.pages.parts.whole_trial import each_alone
from planner.report.pages.run_tables import carryover_warnings, other_warnings
from planner.results.carryover_sentences import place
from planner.results.number_text import DASH, estimated, percent, plain, plus_minus
from planner.scenario.canonical.resolved import digest
from planner.scenario.text import count, listed

_MOST_BARS = 20  # bars; what matters less stands in the table


def sensitivity_page(result: Sensitivity, context: PageContext, warnings: Sequence[str]) -> list[Block]:
    """The page of `planner run --sensitivity`; `warnings`: with hypotheses by their labels."""
    blocks: list[Block] = [title(result.name, result.scenario.title)]
    if result.partial:
        blocks.append(interruption(count(result.trials, "trial")))
    cells = result.cells()
    blocks.append(Facts(_facts(result, context)))
    several = len({cell.analysis for cell in cells}) > 1
    blocks += [
        *each_alone(cell.analysis for cell in cells),
        *carryover_warnings([(cell, place(cell.patients)) for cell in cells], context),
        *other_warnings(warnings),
    ]
    for cell in cells:
        name = context.called(cell.hypothesis)
        blocks.append(Heading(f"{name} ({cell.analysis})" if several else name))
        blocks += _cell(cell, result.step, context)
    return blocks + how_to_read(_reading(result, context)) + again(context.command, partial=result.partial)


def _facts(result: Sensitivity, context: PageContext) -> list[tuple[str, str]]:
    variants = f"each assumption {percent(result.step, digits=4)} lower and higher, one at a time"
    trials = f"{count(result.trials, 'virtual trial')} of each variant, seed {result.seed}"
    return [
        *question(context),
        identity(result.name, digest(result.scenario)),
        ("Design", context.design),
        ("Varied", variants),
        ("Simulated", f"{trials}, planner {__version__}"),
    ]


def _cell(cell: SensitivityCell, step: float, context: PageContext) -> list[Block]:
    what = "Type I error" if cell.is_null else "Power"
    rows = [row for row in cell.assumptions if row.impact > 0]
    unit = context.units[cell.analysis]
    effect = unit.effect_text(cell.true_effect, with_name=True)
    of = "" if cell.is_null else f", the true {'ratio' if unit.ratio else 'effect'} being {effect}"
    blocks: list[Block] = [Prose(f"{what} as assumed: {estimated(cell.power, percent=True)}{of}.")]
    seen = [row for row in rows if _beyond_chance(row)]
    if seen:
        blocks.append(_tornado(cell, seen[:_MOST_BARS]))
    elif rows:
        blocks.append(Prose("No assumption changes it beyond Monte Carlo error."))
    if rows:
        blocks.append(_table(rows, step))
    idle = [row.label for row in cell.assumptions if row.impact == 0]
    if idle:
        blocks.append(Prose(f"Without any effect on it: {listed(idle)}."))
    return blocks


def _beyond_chance(row: AssumptionFigures) -> bool:
    """Whether a step in either direction changes the power by more than twice its Monte Carlo error."""
    sides = [side.difference for side in (row.lower, row.higher) if side is not None]
    return any(abs(side.estimate) > 2 * (side.mcse or 0.0) for side in sides)


def _tornado(cell: SensitivityCell, rows: Sequence[AssumptionFigures]) -> Plot:
    """One bar an assumption: - where it is lower, + where it is higher, | where it is as assumed."""
    middle = cell.power.estimate
    series = [Series("as assumed", "|", [(middle, float(i)) for i in range(len(rows))])]
    lower, higher = [row.lower for row in rows], [row.higher for row in rows]
    for mark, side, changed in (("-", "lower", lower), ("+", "higher", higher)):
        ends: list[Point] = [(each.power.estimate, float(i)) for i, each in enumerate(changed) if each]
        series.append(Series(side, mark, ends))
    powers = [power for each in series for power, _ in each.points]
    title = "type I error" if cell.is_null else "power"
    y = Axis("assumption", 0.0, len(rows) - 1.0, "names", names=[row.label for row in rows])
    return Plot("bars", series, Axis(title, min(powers), max(powers), "share", places=1), y)


def _table(rows: Sequence[AssumptionFigures], step: float) -> Sheet:
    columns = [Column("Assumption", number=False), Column("Assumed")]
    columns += [
        Column(f"Power, {percent(step, digits=4)} lower"),
        Column(f"Power, {percent(step, digits=4)} higher"),
    ]
    columns += [Column("Change, lower"), Column("Change, higher")]
    lines = []
    for row in rows:
        sides = (row.lower, row.higher)
        powers = [DASH if s is None else estimated(s.power, percent=True) for s in sides]
        changes = [DASH if s is None else _change(s.difference) for s in sides]
        lines.append([row.label, _value_text(row.value), *powers, *changes])
    return Sheet(columns, lines)


def _change(figure: Difference) -> str:
    text = plus_minus(figure.estimate, figure.mcse, percent=True, sign=True)
    return text.replace(" %", " points")


def _value_text(value: object) -> str:
    """A number, or several that vary together: one if they are all the same."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(_value_text(item) for item in value))
    assert value is None or isinstance(value, int | float)
    return plain(value)


def _reading(result: Sensitivity, context: PageContext) -> list[str]:
    cells = result.cells()
    items = [
        "Each line changes one assumption and leaves all others. In the picture, - is the power where it is "
        "lower, + where it is higher, | as assumed; * where both ends meet. The longest bar is the "
        "assumption to be surest of; what makes no difference beyond Monte Carlo error has none.",
        "± is the Monte Carlo standard error; that of a change, in percentage points, is paired: all "
        "variants have the same virtual patients.",
    ]
    labels = [row.label for cell in cells for row in cell.assumptions]
    if any(label.startswith("difference") for label in labels):
        items.append("Of means, their stated difference is varied: the other treatment's mean stays.")
    items += context.about_scale(cells)
    if any(None in (row.lower, row.higher) for cell in cells for row in cell.assumptions):
        items.append(f"{DASH}: this value is not possible, for instance a share above 1.")
    if any(cell.is_null for cell in cells):
        against = any(each.against_margins for each in result.scenario.analyses)
        null = "the true effect is at a margin or beyond it" if against else "the treatments do not differ"
        items.append(f"Where {null}, the figure is the type I error.")
    return items
