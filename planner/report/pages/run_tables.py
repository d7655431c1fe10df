"""The tables of a run: does the trial find a difference, when does it stop, how far off is its estimate.

Hypotheses that the design cannot separate have the same results to the last bit and share their rows.
Analyses in different units stand in tables of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Column, Heading, Prose, Sheet
from planner.report.context import Cell, Lines, Setting, Shown, Unit, label
from planner.report.pages.parts.blinding import asked, right_guesses
from planner.report.pages.parts.dropout import departures, depends
from planner.results.carryover_words import BEGIN, told
from planner.results.numbers import DASH, estimated, plain, plus_minus, signed
from planner.scenario.text import listed

# A type I error is called too high when it exceeds alpha by more than so many Monte Carlo standard errors.
BEYOND_CHANCE = 3.0
FEW = 50  # trials; a mean over fewer is not shown
NOBODY_MEANWHILE = "Expected patients assumes that nobody is randomised while others are in follow-up."


Stop = tuple[str, int, int, str]  # analysis, patients, look, reason


def shown(cells: Sequence[Cell], setting: Setting) -> list[Shown]:
    """The cells, those of inseparable hypotheses once."""
    results: dict[str, list[str]] = {}
    for cell in cells:
        rest = {key: value for key, value in cell.items() if key != "hypothesis"}
        results.setdefault(cell["hypothesis"], []).append(json.dumps(rest, sort_keys=True))
    first: dict[str, str] = {}
    for group in setting.classes:
        for name in group:
            alike = (other for other in group if results.get(other) == results.get(name))
            first[name] = next((other for other in alike if other in results), name)
    return [
        Shown(
            cell, tuple(n for n in results if n != cell["hypothesis"] and first.get(n) == cell["hypothesis"])
        )
        for cell in cells
        if first.get(cell["hypothesis"], cell["hypothesis"]) == cell["hypothesis"]
    ]


def tables(
    cells: Sequence[Shown], setting: Setting, trials: int, limits: Sequence[Mapping[str, Any]] = ()
) -> list[Block]:
    """The three questions, each with a table for every unit. `limits`: as in the JSON of a run."""
    blocks: list[Block] = [Heading("Does the trial find a difference?")]
    blocks += _by_unit(cells, setting, [_power(part, setting) for part in _parts(cells, setting)])
    if staged(cells):
        blocks.append(Prose(NOBODY_MEANWHILE))
        blocks.append(Heading("When does it stop?"))
        never = cannot_stop([row.cell for row in cells], limits)
        sheets = [_looks(part, setting, never) for part in _parts(cells, setting)]
        blocks += _by_unit(cells, setting, sheets)
    blocks += [warning(said) for said in setting.warnings]
    blocks.append(Heading("How far off is its estimate?"))
    sheets = [_estimates(part, setting, trials) for part in _parts(cells, setting)]
    blocks += _by_unit(cells, setting, sheets)
    blocks += carried_over([row.cell for row in cells], setting)
    if depends([row.cell for row in cells]):
        blocks += [Heading("Who leaves?"), departures(*_each_hypothesis(cells, setting))]
    if asked([row.cell for row in cells]):
        blocks += [Heading("Who guesses right?"), right_guesses(*_each_hypothesis(cells, setting))]
    return blocks


def _each_hypothesis(cells: Sequence[Shown], setting: Setting) -> tuple[list[list[str]], list[Cell]]:
    """Names and a cell of each hypothesis: all analyses and numbers of patients see the same patients."""
    once = {row.cell["hypothesis"]: row for row in reversed(cells)}
    rows = [row for row in cells if once[row.cell["hypothesis"]] is row]
    names = [[label(name, setting) for name in (row.cell["hypothesis"], *row.same)] for row in rows]
    return names, [row.cell for row in rows]


def staged(cells: Sequence[Shown]) -> bool:
    """Whether there is a look before the last."""
    return any(len(row.cell["looks"]) > 1 for row in cells)


def _parts(cells: Sequence[Shown], setting: Setting) -> list[list[Shown]]:
    """The cells by unit."""
    found: dict[Unit, list[Shown]] = {}
    for row in cells:
        found.setdefault(setting.units[row.cell["analysis"]], []).append(row)
    return list(found.values())


def _by_unit(cells: Sequence[Shown], setting: Setting, sheets: Sequence[Sheet]) -> list[Block]:
    """The tables, each with the names of its analyses if there are several."""
    if len(sheets) == 1:
        return list(sheets)
    blocks: list[Block] = []
    for part, sheet in zip(_parts(cells, setting), sheets, strict=True):
        names = list(dict.fromkeys(row.cell["analysis"] for row in part))
        unit = setting.units[names[0]].name
        word = "Analysis" if len(names) == 1 else "Analyses"
        blocks += [Prose(f"{word} {listed(names)}{f', in {unit}' if unit else ''}:"), sheet]
    return blocks


def _naming(cells: Sequence[Shown], setting: Setting) -> tuple[list[Column], list[list[str]]]:
    """The columns that say which cell a row is; those that never vary are left out."""
    columns = [Column("Hypothesis", number=False)]
    rows = [[label(row.cell["hypothesis"], setting)] for row in cells]
    if len({row.cell["analysis"] for row in cells}) > 1:
        columns.append(Column("Analysis", number=False))
        rows = [[*names, row.cell["analysis"]] for names, row in zip(rows, cells, strict=True)]
    if len({row.cell["patients"] for row in cells}) > 1:
        columns.append(Column("Planned"))
        rows = [[*names, str(row.cell["patients"])] for names, row in zip(rows, cells, strict=True)]
    return columns, rows


def too_high(cell: Cell) -> bool:
    """Whether a true null hypothesis is rejected more often than alpha, beyond Monte Carlo error."""
    if not cell["is_null"]:
        return False
    # futility that may be ignored holds no level
    error = cell.get("power_ignoring_futility") or cell["power"]
    return bool(error["estimate"] - cell["alpha"] > BEYOND_CHANCE * error["mcse"])


def _power(cells: Sequence[Shown], setting: Setting) -> Sheet:
    columns, rows = _naming(cells, setting)
    mean = "uncertainty" in cells[0].cell
    columns.append(Column(f"{'Mean true' if mean else 'True'} effect{_unit(cells, setting)}"))
    columns.append(Column("Assurance" if mean else "Power"))
    columns += [Column("Expected patients"), Column("Expected completers")]
    lines = Lines(columns)
    for row, (cell, same) in zip(rows, cells, strict=True):
        row += [_true_effect(cell, setting), _power_cell(cell, setting)]
        row += [estimated(cell["expected_patients"]), estimated(cell["expected_completers"])]
        lines.add([row], [label(name, setting) for name in same], too_high(cell))
    return lines.sheet()


def _unit(cells: Sequence[Shown], setting: Setting) -> str:
    """The unit for the title of a column."""
    name = setting.units[cells[0].cell["analysis"]].name
    return f" ({name})" if name else ""


def _true_effect(cell: Cell, setting: Setting) -> str:
    """Exact, or with the error of the simulation that it comes from."""
    factor = setting.units[cell["analysis"]].factor
    error = cell.get("true_effect_mcse")
    if error:
        return plus_minus(cell["true_effect"] * factor, error * factor, sign=True)
    return signed(cell["true_effect"] * factor)


def _power_cell(cell: Cell, setting: Setting) -> str:
    power = estimated(cell["power"], percent=True)
    if not cell["is_null"]:
        return power
    if too_high(cell) and cell["hypothesis"] in setting.carryover:
        return f"type I error\ntoo high (carryover?)\n{power}"
    return f"type I error\n{'too high: ' if too_high(cell) else ''}{power}"


def cannot_stop(cells: Sequence[Cell], limits: Sequence[Mapping[str, Any]]) -> set[Stop]:
    """Looks before the last, with the reasons for which they cannot stop whatever the data are."""
    found: set[Stop] = set()
    for limit in limits:
        for each in limit["cannot_stop"]:
            at = limit["analysis"], limit["patients"], each["look"]
            found |= {(*at, "efficacy"), *([] if each.get("futility") else [(*at, "futility")])}
    for cell in cells:
        for look in cell["looks"][:-1]:
            at = cell["analysis"], cell["patients"], look["look"]
            found |= {(*at, way) for way in ("efficacy", "futility") if look.get(f"{way}_z", 0.0) is None}
    early = {(cell["analysis"], cell["patients"], x["look"]) for cell in cells for x in cell["looks"][:-1]}
    return {stop for stop in found if stop[:3] in early}


def beside(found: Mapping[str, Any]) -> list[Block]:
    """The warnings of a result of which its page says nothing else."""
    return [warning(said) for said in found["warnings"] if not _TOLD.search(said)]


_TOLD = re.compile(rf"(^|: ){BEGIN}|^interrupted: ")  # told beside a table, and at the top


def warning(said: str) -> Prose:
    """A warning as it stands on a page: a sentence, but a name or path that it begins with stays as it is."""
    word = said.partition(" ")[0]
    begin = said[:1].upper() if word.rstrip(",").isalpha() else said[:1]
    return Prose(f"{begin}{said[1:]}.", True)


def _looks(cells: Sequence[Shown], setting: Setting, never: set[Stop]) -> Sheet:
    """One row a look; at the last look the trial ends anyway, so that it does not stop early there."""
    columns, rows = _naming(cells, setting)
    columns += [Column("Look", number=False), Column("Patients"), Column("Stops early"), Column("Efficacy")]
    if setting.futility:
        columns.append(Column("Futility"))
    lines = Lines(columns)
    for row, (cell, same) in zip(rows, cells, strict=True):
        early, own = estimated(cell["stopped_early"], percent=True), []
        ways = ("efficacy", "futility") if setting.futility else ("efficacy",)
        first = [(cell["analysis"], cell["patients"], look["look"]) for look in cell["looks"][:-1]]
        if all((*at, way) in never for at in first for way in ways):
            early = DASH if first else early
        for look in cell["looks"]:
            last = look is cell["looks"][-1]
            line = [*row, "last" if last else str(look["look"]), plain(look["patients"]), early]
            for way in ways:
                none = (cell["analysis"], cell["patients"], look["look"], way) in never
                none = none or (last and way == "futility")
                line.append(DASH if none else estimated(look[way], percent=True))
            own.append(line)
            row, early = [""] * len(row), ""
        lines.add(own, [label(name, setting) for name in same])
    return lines.sheet()


def _estimates(cells: Sequence[Shown], setting: Setting, trials: int) -> Sheet:
    columns, rows = _naming(cells, setting)
    early = staged(cells)
    columns.append(Column(f"Bias{_unit(cells, setting)}"))
    stops = stops_told(setting) if early else {}
    columns += [Column(f"Bias if stopped for {reason}") for reason in stops]
    columns += [Column("Exaggeration if significant"), Column("Coverage of the interval")]
    lines = Lines(columns)
    for row, (cell, same) in zip(rows, cells, strict=True):
        estimate, factor = cell["estimate"], setting.units[cell["analysis"]].factor
        row.append(_mean(estimate, "bias", factor, sign=True))
        for reason, name in stops.items():
            few = too_few_stops(cell, reason, trials)
            row.append(DASH if few else _mean(estimate, name, factor, sign=True))
        exaggeration = _mean(estimate, "exaggeration_given_efficacy")
        few = too_few(cell, "power", trials)
        row.append(DASH if few or exaggeration == DASH else f"× {exaggeration}")
        row.append(estimated(estimate["coverage"], percent=True))
        lines.add([row], [label(name, setting) for name in same])
    return lines.sheet()


def stops_told(setting: Setting) -> dict[str, str]:
    """Why a trial may stop early, and the bias given that: a mixture of both says little of either."""
    found = {"efficacy": "bias_given_early_efficacy"}
    return found | ({"futility": "bias_given_futility"} if setting.futility else {})


def too_few(cell: Cell, event: str, trials: int) -> bool:
    """Whether an event came in too few trials for a mean over them."""
    share = (cell.get(event) or {}).get("estimate") or 0.0
    return bool(round(share * trials) < FEW)


def too_few_stops(cell: Cell, reason: str, trials: int) -> bool:
    """Whether too few trials stopped early for efficacy, or futility, for a mean over them."""
    share = sum((look[reason] or {}).get("estimate") or 0.0 for look in cell["looks"][:-1])
    return bool(round(share * trials) < FEW)


def carried_over(cells: Sequence[Cell], setting: Setting) -> list[Block]:
    """Where carryover biases an estimate, and how much."""
    said = told(
        cells,
        lambda cell: f"“{label(cell['hypothesis'], setting)}”",
        lambda cell: setting.units[cell["analysis"]],
    )
    return [warning(line) for line in said]


def _mean(estimate: Mapping[str, Any], name: str, factor: float = 1.0, *, sign: bool = False) -> str:
    value, error = estimate.get(name), estimate.get(f"{name}_mcse")
    if value is None:
        return DASH
    return plus_minus(value * factor, None if error is None else error * factor, sign=sign)
