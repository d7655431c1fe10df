"""What is uncertain, and how far power hangs on it: tables of a run over uncertain numbers, and of `show`."""

from __future__ import annotations

from collections.abc import Sequence

from planner.report.blocks import Block, Column, Facts, Prose, Sheet
from planner.report.context import PageContext
from planner.results.cells import Cell, VariantFigures
from planner.results.figures import Quantile
from planner.results.number_text import estimated, percent, plain
from planner.results.uncertain_numbers import UncertainNumber
from planner.scenario.text import count, listed

QUANTILES = ("p5", "p25", "p50", "p75", "p95")


def has_variants(cells: Sequence[Cell]) -> bool:
    """Whether the figures are averages over uncertain numbers."""
    return any(cell.uncertainty is not None for cell in cells)


def variants_of(cell: Cell) -> VariantFigures:
    """What the variants show, of a cell that is an average over them."""
    assert cell.uncertainty is not None
    return cell.uncertainty


def what_is_uncertain(rows: Sequence[UncertainNumber], every: Sequence[str]) -> list[Block]:
    """One line a number, or numbers that vary together; `every`: the hypotheses that there are."""
    merged: dict[tuple[str, str], list[str]] = {}
    here = [row for row in rows if row.acts]
    for row in here:
        values = dict.fromkeys(row.stated)
        text = row.distribution + (f" (stated: {plain(next(iter(values)))})" if len(values) == 1 else "")
        names = every if row.hypothesis is None else [row.hypothesis]
        merged.setdefault((short(row.path), text), []).extend(names)
    pairs = [(key, f"{text}{_under(names, every)}") for (key, text), names in merged.items()]
    blocks: list[Block] = [Facts(pairs)] if here else []
    if others := len({(row.path, row.distribution) for row in rows if not row.acts}):
        more = "more " if here else ""
        blocks.append(
            Prose(
                f"{count(others, f'{more}number')} of agents that this trial does not give, or of outcomes "
                "that it does not analyse."
            )
        )
    return blocks


def short(key: str) -> str:
    """Paths that vary together, with what they have in common once: `components.expectancy: size, share`."""
    paths = key.split(", ")
    above = {path.rpartition(".")[0] for path in paths}
    if len(paths) == 1 or len(above) > 1:
        return key
    return f"{above.pop()}: {', '.join(path.rpartition('.')[2] for path in paths)}"


def _under(names: Sequence[str], every: Sequence[str]) -> str:
    """The hypotheses that a line concerns, unless it is all of them."""
    concerned = list(dict.fromkeys(names))
    others = [name for name in every if name not in concerned]
    if not others:
        return ""
    if len(concerned) > 3 and len(others) <= 2:
        return f", except under {listed(others)}"
    return f", under {listed(concerned)}"


def powers(cells: Sequence[Cell], context: PageContext) -> Sheet:
    """How far the power differs between the variants, and how likely there is an effect at all."""
    several = len({cell.analysis for cell in cells}) > 1
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Chance of an effect"), Column("Power: 5 %")]
    columns += [Column(f"{name[1:]} %") for name in QUANTILES[1:]]
    rows = []
    for cell in cells:
        about = variants_of(cell)
        row = [context.called(cell.hypothesis), *([cell.analysis] if several else [])]
        row += [chance(cell)]
        row += [_share(about.power_quantiles[name]) for name in QUANTILES]
        rows.append(row)
    return Sheet(columns, rows)


def in_variants(variants: int | None) -> str:
    """How many variants the trials were divided over, or nothing."""
    return "" if variants is None else f"in {count(variants, 'variant')} of what is uncertain, "


def chance(cell: Cell) -> str:
    """The probability of an effect; without an error where all variants agree."""
    figure = variants_of(cell).effect_probability
    if figure is not None and figure.estimate in (0.0, 1.0):
        return percent(figure.estimate, places=0)
    return estimated(figure, percent=True)


def spread(cell: Cell) -> str:
    """The powers that most variants lie between."""
    low, high = (variants_of(cell).power_quantiles[name] for name in (QUANTILES[0], QUANTILES[-1]))
    return f"{_share(low)} to {_share(high)}"


def _share(figure: Quantile) -> str:
    """A quantile in per cent; its error is said once for all."""
    return percent(figure.estimate, places=0)


def quantile_error(cells: Sequence[Cell]) -> float:
    """The largest Monte Carlo standard error of the quantiles shown."""
    tables = [variants_of(cell).power_quantiles for cell in cells]
    return float(max(table[name].mcse for table in tables for name in QUANTILES))


def about_uncertainty(cells: Sequence[Cell]) -> list[str]:
    """How to read figures that are averages."""
    variants = variants_of(cells[0]).variants
    return [
        "Assurance is the power averaged over what is uncertain: over "
        f"{variants:,} variants of the scenario, in each of which every uncertain number has another value. "
        "All other figures are averaged so too; the ± includes what the choice of variants adds.",
        "Power, 5 % to 95 %: in so many per cent of the variants the power is at most this, after the noise "
        "of each variant's few trials is removed; the Monte Carlo standard errors are at most "
        f"{plain(100.0 * quantile_error(cells), 1)} percentage points.",
        "Chance of an effect: the share of the variants whose true effect lies where the test looks for it "
        "(where it looks on both sides: where most of them lie).",
        "What the numbers may be is an assumption as well: the average is no better than that.",
    ]
