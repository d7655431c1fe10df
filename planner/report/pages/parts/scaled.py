"""Limits that are scaled to how the reference varies, on the pages of results."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from planner.report.blocks import Column, Sheet
from planner.report.context import PageContext, SharedCell, TableRows
from planner.results.cells import Cell
from planner.results.effect_scale import Unit
from planner.results.limit_errors import LimitError
from planner.results.number_text import DASH, estimated, percent, plain, plus_minus
from planner.scenario.text import listed

_TYPE_ONE_ERROR = "type I error\n"


def at_limit_cells(error: LimitError, unit: Unit) -> list[str]:
    """The limit and the type I error there."""
    share = estimated(error.type_one_error, percent=True)
    if error.exact:
        share = f"{percent(error.type_one_error.estimate)} (exact)"
    return [unit.effect_text(error.ratio), f"{_TYPE_ONE_ERROR}{'too high: ' * error.too_high}{share}"]


def error_at_limit(error: LimitError | None, unit: Unit) -> str:
    """Both in one cell."""
    if error is None:
        return DASH
    ratio, share = at_limit_cells(error, unit)
    return f"{share.removeprefix(_TYPE_ONE_ERROR)}\nat {ratio} %"


def parts_sheet(rows: Sequence[SharedCell], context: PageContext) -> Sheet | None:
    """What each trial rests on where limits are scaled, and what they are; None where none is."""
    scaled = [row for row in rows if row.cell.scaled is not None]
    if not scaled:
        return None
    several = len({row.cell.analysis for row in scaled}) > 1
    planned = len({row.cell.patients for row in scaled}) > 1
    exact = any(row.cell.exact is not None for row in scaled)
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Planned")] if planned else []
    columns += [Column("Of the trials", number=False), Column("Simulated")]
    columns += [Column("Exact")] if exact else []
    lines = TableRows(columns)
    for cell, same in scaled:
        names = [context.called(cell.hypothesis)]
        names += [cell.analysis] if several else []
        names += [f"{cell.patients:,}"] if planned else []
        own = []
        for what, simulated, known in _parts_of(cell):
            own.append([*names, what, simulated, *([known] if exact else [])])
            names = [""] * len(names)
        lines.add(own, [context.called(name) for name in same])
    return lines.sheet()


def _parts_of(cell: Cell) -> list[tuple[str, str, str]]:
    """Each part in words, simulated and exact."""
    figures, known = cell.scaled, None if cell.exact is None else cell.exact.power
    assert figures is not None
    shares = (
        ("bioequivalent", cell.power, known and known.equivalent),
        ("pass the scaled test alone", figures.criterion, known and known.criterion),
        ("estimate near enough", figures.estimate, known and known.estimate),
        ("within 80 to 125 %", figures.unscaled, known and known.unscaled),
        ("SDs alike enough", figures.sd_ratio, known and known.sd_ratio),
        ("limits are scaled", figures.switched, known and known.scaled),
    )
    rows = [
        (what, estimated(share, percent=True), percent(exact, 4))
        for what, share, exact in shares
        if share is not None
    ]
    limits = figures.upper_limit
    if limits is not None and figures.criterion is not None:
        mean = None if known is None else known.mean_limit
        rows.append(("mean upper limit", f"{estimated(limits.mean)} %", percent(mean, 4)))
        exact = (None,) * 3 if known is None else known.limit_quantiles
        for (name, quantile), value in zip(limits.quantiles.items(), exact, strict=True):
            simulated = f"{plus_minus(quantile.estimate, quantile.mcse)} %"
            rows.append((f"{name.removeprefix('p')} % quantile of it", simulated, percent(value, 4)))
    return rows


def about_scaled(cells: Iterable[Cell]) -> list[str]:
    """What trials show where limits are scaled."""
    if not any(cell.scaled is not None for cell in cells):
        return []
    return [
        "Where limits are scaled, a trial shows equivalence if all that the rule asks for holds (planner "
        "show says what); shown different: its interval lies outside the limits that it is held to; "
        "undefined: there is no test, or no patient with the reference twice.",
    ]


def about_parts(cells: Iterable[Cell]) -> list[str]:
    """What the parts are."""
    if not any(cell.scaled is not None for cell in cells):
        return []
    return [
        "What it rests on: the share of the trials that pass each part of the rule, whether they pass the "
        "others or not. Limits are scaled where the estimated variability of the reference is beyond the "
        "switch; the upper limit is the one that the trial is then held to, or that its criterion stands "
        "for, and 125 % elsewhere. Exact: for complete trials, where the law of the statistics is known.",
    ]


def about_scaled_limits(errors: Iterable[LimitError | None]) -> list[str]:
    """What the rows at the limit are, and what can be done where they are too high."""
    known = [each for each in errors if each is not None]
    if not known:
        return []
    exact = "computed exactly, for complete trials"
    if not all(each.exact for each in known):
        exact = "simulated, but computed for complete trials where it is called exact"
    rsabe = "; of rsabe at 80 or 125 %, between which its estimate must lie, though its criterion is wider"
    items = [
        f"At the limit: the type I error, {exact}, were the true ratio at the worse of the limits that the "
        f"stated variability of the reference gives{rsabe * any(each.rule == 'rsabe' for each in known)}."
    ]
    high = [each for each in known if each.too_high]
    if high:
        alphas = listed([plain(alpha) for alpha in dict.fromkeys(each.alpha for each in high)], "or")
        remedy = (
            " With scaling.adjust_alpha = true alpha is lowered until widened limits (abel) hold it."
            if any(each.rule == "abel" for each in high)
            else ""
        )
        items.append(
            f"Too high at the limit: a test at alpha = {alphas} whose limits follow the variability that the "
            f"trial itself estimates is known not to hold its level.{remedy}"
        )
    if lowered := [each for each in known if each.level < each.alpha]:
        levels = list(dict.fromkeys(plain(each.level, 5) for each in lowered))
        held = percent(lowered[0].alpha)
        assumed = list(dict.fromkeys(each for row in lowered for each in row.assumes))
        stands_on = f", assuming {listed(assumed)}" if assumed else ""
        items.append(
            f"Alpha is lowered to {listed(levels)}, so that the type I error at the limit is "
            f"{held}{stands_on}."
        )
    return items
