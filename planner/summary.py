"""A run put into words: three small tables that answer three questions, and what rests on what.

Works on the JSON form of a run (`Run.to_json()`), so that a stored result reads like a fresh one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from planner.document import Block, Code, Column, Facts, Heading, Items, Prose, Sheet
from planner.figures import DASH, count, estimated, listed, plain, plus_minus, signed

Cell = Mapping[str, Any]

# A type I error is called too high when it exceeds alpha by more than so many Monte Carlo standard errors.
BEYOND_CHANCE = 3.0


class Unit(NamedTuple):
    """How the figures of a measure are shown: shares of patients as percentage points."""

    name: str
    factor: float = 1.0


@dataclass(frozen=True)
class Setting:
    """What the tables need to know of the scenario."""

    question: str
    design: str  # "24 patients randomised: 12 to A then B, 12 to B then A"
    endpoint: str
    units: Mapping[str, Unit]  # of the estimates, by analysis
    hypotheses: Mapping[str, str]  # name to label
    analyses: Mapping[str, str]  # name to a line that explains it
    carryover: Mapping[str, str]  # by hypothesis: why it may reject a true null hypothesis
    futility: bool  # whether the trial may stop for futility
    assumed: Sequence[str]
    sourced: bool  # whether any source is named
    command: str


def run_document(result: Mapping[str, Any], setting: Setting) -> list[Block]:
    """The result of `planner run` as blocks: header, tables, how to read them."""
    cells: list[Cell] = list(result["cells"])
    blocks = _header(result, setting, cells)
    blocks += [Heading("Does the trial find a difference?"), _power(cells, setting)]
    if _staged(cells):
        blocks += [Heading("When does it stop?"), _looks(cells, setting)]
    blocks += [Heading("How far off is its estimate?"), _estimates(cells, setting)]
    blocks += [Heading("How to read this"), Items(_reading(cells, setting))]
    blocks += [
        Heading("To run it to its end" if result.get("partial") else "The same result again"),
        Code(setting.command, "sh"),
    ]
    return blocks


def _header(result: Mapping[str, Any], setting: Setting, cells: Sequence[Cell]) -> list[Block]:
    scenario, run = result["scenario"], result["run"]
    blocks: list[Block] = [Heading(scenario["title"] or scenario["name"], 1)]
    if result.get("partial"):
        blocks.append(
            Prose(
                f"PARTIAL: interrupted after {count(run['trials'], 'trial')}; all figures are of these.", True
            )
        )
    facts = [("Question", setting.question)] if setting.question else []
    facts += [
        ("Scenario", f"{scenario['name']}, digest {scenario['digest'][:12]}"),
        ("Design", setting.design),
        ("Endpoint", setting.endpoint),
    ]
    names = list(dict.fromkeys(cell["analysis"] for cell in cells))
    for name in names:
        facts.append(("Analysis" if len(names) == 1 else f"Analysis {name}", setting.analyses[name]))
    facts.append(
        (
            "Simulated",
            f"{count(run['trials'], 'virtual trial')} under each hypothesis, seed {run['seed']}, "
            f"planner {run['planner']}",
        )
    )
    return [*blocks, Facts(facts)]


def _staged(cells: Sequence[Cell]) -> bool:
    return any(len(cell["looks"]) > 1 for cell in cells)


def _naming(cells: Sequence[Cell], setting: Setting) -> tuple[list[Column], list[list[str]]]:
    """The columns that say which cell a row is; those that never vary are left out."""
    columns, rows = [Column("Hypothesis", number=False)], [[_label(cell, setting)] for cell in cells]
    if len({cell["analysis"] for cell in cells}) > 1:
        columns.append(Column("Analysis", number=False))
        rows = [[*row, cell["analysis"]] for row, cell in zip(rows, cells, strict=True)]
    if len({cell["patients"] for cell in cells}) > 1:
        columns.append(Column("Planned"))
        rows = [[*row, str(cell["patients"])] for row, cell in zip(rows, cells, strict=True)]
    return columns, rows


def _label(cell: Cell, setting: Setting) -> str:
    return setting.hypotheses.get(cell["hypothesis"]) or str(cell["hypothesis"])


def too_high(cell: Cell) -> bool:
    """Whether a true null hypothesis is rejected more often than alpha, beyond Monte Carlo error."""
    if not cell["is_null"]:
        return False
    error = (
        cell.get("power_ignoring_futility") or cell["power"]
    )  # futility that may be ignored holds no level
    return bool(error["estimate"] - cell["alpha"] > BEYOND_CHANCE * error["mcse"])


def _power(cells: Sequence[Cell], setting: Setting) -> Sheet:
    columns, rows = _naming(cells, setting)
    columns += [Column(f"True effect{_unit(cells, setting)}"), Column("Power")]
    columns += [Column("Expected patients"), Column("Expected completers")]
    for row, cell in zip(rows, cells, strict=True):
        row += [_true_effect(cell, setting), _power_cell(cell)]
        row += [estimated(cell["expected_patients"]), estimated(cell["expected_completers"])]
    return Sheet(columns, rows, frozenset(i for i, cell in enumerate(cells) if too_high(cell)))


def _unit(cells: Sequence[Cell], setting: Setting) -> str:
    """The unit for the title of a column; several where the analyses differ."""
    names = dict.fromkeys(setting.units[cell["analysis"]].name for cell in cells)
    return f" ({' or '.join(names)})" if any(names) else ""


def _true_effect(cell: Cell, setting: Setting) -> str:
    """Exact, or with the error of the simulation that it comes from."""
    factor = setting.units[cell["analysis"]].factor
    error = cell.get("true_effect_mcse")
    if error:
        return plus_minus(cell["true_effect"] * factor, error * factor, sign=True)
    return signed(cell["true_effect"] * factor)


def _power_cell(cell: Cell) -> str:
    power = estimated(cell["power"], percent=True)
    if not cell["is_null"]:
        return power
    return f"type I error\n{'too high: ' if too_high(cell) else ''}{power}"


def _looks(cells: Sequence[Cell], setting: Setting) -> Sheet:
    """One row a look; at the last look the trial ends anyway, so that it does not stop early there."""
    columns, rows = _naming(cells, setting)
    columns += [Column("Look", number=False), Column("Patients"), Column("Stops early"), Column("Efficacy")]
    if setting.futility:
        columns.append(Column("Futility"))
    lines = []
    for row, cell in zip(rows, cells, strict=True):
        early = estimated(cell["stopped_early"], percent=True)
        for look in cell["looks"]:
            last = look is cell["looks"][-1]
            line = [*row, "last" if last else str(look["look"]), plain(look["patients"]), early]
            line.append(estimated(look["efficacy"], percent=True))
            if setting.futility:
                line.append(DASH if last else estimated(look["futility"], percent=True))
            lines.append(line)
            row, early = [""] * len(row), ""
    return Sheet(columns, lines)


def _estimates(cells: Sequence[Cell], setting: Setting) -> Sheet:
    columns, rows = _naming(cells, setting)
    staged = _staged(cells)
    columns.append(Column(f"Bias{_unit(cells, setting)}"))
    if staged:
        columns.append(Column("Bias if stopped early"))
    columns += [Column("Exaggeration if significant"), Column("Coverage of the interval")]
    for row, cell in zip(rows, cells, strict=True):
        estimate, factor = cell["estimate"], setting.units[cell["analysis"]].factor
        row.append(_mean(estimate, "bias", factor, sign=True))
        if staged:
            row.append(_mean(estimate, "bias_given_early_stop", factor, sign=True))
        exaggeration = _mean(estimate, "exaggeration_given_efficacy")
        row.append(exaggeration if exaggeration == DASH else f"× {exaggeration}")
        row.append(estimated(estimate["coverage"], percent=True))
    return Sheet(columns, rows)


def _mean(estimate: Mapping[str, Any], name: str, factor: float = 1.0, *, sign: bool = False) -> str:
    value, error = estimate.get(name), estimate.get(f"{name}_mcse")
    if value is None:
        return DASH
    return plus_minus(value * factor, None if error is None else error * factor, sign=sign)


def _reading(cells: Sequence[Cell], setting: Setting) -> list[str]:
    """The tables explained, only as far as they show something."""
    several = len({cell["analysis"] for cell in cells}) > 1

    def which(cell: Cell) -> str:
        return _label(cell, setting) + (f" ({cell['analysis']})" if several else "")

    items = [
        "± is the Monte Carlo standard error: how far a figure would move with other random numbers. "
        "It says nothing about how true the assumptions are.",
        "Power is the share of virtual trials whose primary test is significant"
        + (", at any look." if _staged(cells) else "."),
    ]
    if any(cell["is_null"] for cell in cells):
        items.append(
            "Type I error: the treatments do not differ under this hypothesis, so a significant trial is a "
            f"false alarm; the share should not exceed {_levels(cells)}."
        )
    items += [
        f"Too high: under “{which(cell)}” the type I error exceeds alpha = {plain(cell['alpha'])} "
        "by more than Monte Carlo error."
        for cell in cells
        if too_high(cell)
    ]
    items += [
        f"{which(cell)}: were the trial to go on despite futility, the type I error would be "
        f"{estimated(cell['power_ignoring_futility'], percent=True)}; this is what alpha limits."
        for cell in cells
        if cell["is_null"] and "power_ignoring_futility" in cell
    ]
    items.append(
        "True effect, and bias against it: the mean difference in a first period, without carryover and "
        "with complete follow-up."
    )
    if _staged(cells):
        items.append(
            "Efficacy and futility: the share of trials that end at this look for that reason. Over all "
            "looks, efficacy adds up to the power."
        )
        items.append(
            "Expected patients counts those randomised when the trial stops; completers finished every "
            "period. A trial that stops early for efficacy tends to overestimate: "
            "see the bias if stopped early."
        )
    items.append("Exaggeration: the mean estimate of the significant trials, over the true effect.")
    items += [f"{which(cell)}: {cell['note']}" for cell in cells if cell.get("note") and not cell["is_null"]]
    items += [
        f"{which(cell)}: the test was undefined in {estimated(cell['undefined'], percent=True)} "
        "of trials; these count as not significant."
        for cell in cells
        if (cell.get("undefined") or {}).get("estimate")
    ]
    if not setting.sourced:
        items.append("The scenario names no source: all its numbers are assumptions.")
    elif setting.assumed:
        items.append(f"Assumed, without a source: {listed(list(setting.assumed))}.")
    return items


def _levels(cells: Sequence[Cell]) -> str:
    return listed(
        list(dict.fromkeys(f"alpha = {plain(c['alpha'])} ({sidedness(c['alternative'])})" for c in cells)),
        "or",
    )


def sidedness(alternative: str) -> str:
    """`two-sided`, or `one-sided, better`."""
    return alternative if alternative == "two-sided" else f"one-sided, {alternative}"
