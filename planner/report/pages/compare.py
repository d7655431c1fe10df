"""Designs side by side, in words: what each gives and costs, and how each differs from the first.

Works on the JSON form of a comparison (`Comparison.to_json()`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Code, Column, Facts, Heading, Items, Prose, Sheet
from planner.report.context import Setting, Unit
from planner.report.pages.parts.whole_trial import EACH_ALONE
from planner.report.pages.run_tables import NOBODY_MEANWHILE
from planner.results.numbers import DASH, estimated, plus_minus, signed
from planner.scenario.text import count

Json = Mapping[str, Any]

_TITLES = {
    "power": "Power",
    "stopped_early": "Stops early",
    "expected_patients": "Expected patients",
    "expected_completers": "Expected completers",
    "expected_visits": "Expected visits",
}
_RATES = ("power", "stopped_early")


def compare_document(found: Json, settings: Sequence[Setting], command: str) -> list[Block]:
    """The page of `planner compare`; `settings`: of each design, in their order."""
    letters = {design["name"]: _letter(j) for j, design in enumerate(found["designs"])}
    blocks: list[Block] = [Heading("Designs side by side", 1)]
    if found["partial"]:
        trials = count(found["run"]["trials"], "trial")
        blocks.append(Prose(f"PARTIAL: interrupted after {trials}; all figures are of these.", True))
    blocks.append(Facts([*_designs(found, settings), _simulated(found)]))
    by_name = dict(zip(letters, settings, strict=True))
    blocks += _each_alone(found["cells"])
    blocks += [Heading("What each gives, and what it takes"), _figures(found["cells"], letters, by_name)]
    if any(cell["stopped_early"] and cell["stopped_early"]["estimate"] for cell in found["cells"]):
        blocks.append(Prose(NOBODY_MEANWHILE))
    if found["differences"]:
        blocks += [Heading("How they differ"), _differences(found["differences"], letters, by_name)]
    blocks += [Heading("How to read this"), Items(_reading(found, settings))]
    return [*blocks, Heading("The same result again"), Code(command, "sh")]


def _each_alone(cells: Sequence[Json]) -> list[Block]:
    return [Prose(EACH_ALONE)] if cells and _analysis(cells, cells[0]) else []


def _letter(j: int) -> str:
    return chr(ord("A") + j) if j < 26 else str(j + 1)


def _designs(found: Json, settings: Sequence[Setting]) -> list[tuple[str, str]]:
    facts = []
    for j, (design, setting) in enumerate(zip(found["designs"], settings, strict=True)):
        used = dict.fromkeys(c["analysis"] for c in found["cells"] if c["design"] == design["name"])
        said = [f"{design['name']}: {setting.design}", *(setting.analyses[name] for name in used)]
        facts.append((_letter(j), "; ".join(said)))
    return facts


def _simulated(found: Json) -> tuple[str, str]:
    run = found["run"]
    trials = count(run["trials"], "virtual trial")
    return (
        "Simulated",
        f"{trials} of each design under each hypothesis, seed {run['seed']}, planner {run['planner']}",
    )


def _label(cell: Json, settings: Mapping[str, Setting]) -> str:
    name = str(cell["hypothesis"])
    return settings[cell["design"]].hypotheses.get(name) or name


def _analysis(cells: Sequence[Json], cell: Json) -> list[str]:
    """The name of the analysis, where there are several for one design."""
    per_design = {(c["design"], c["analysis"]) for c in cells}
    return [cell["analysis"]] if len(per_design) > len({c["design"] for c in cells}) else []


def _figures(cells: Sequence[Json], letters: Mapping[str, str], settings: Mapping[str, Setting]) -> Sheet:
    several = bool(cells and _analysis(cells, cells[0]))
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Design", number=False), Column("True effect")]
    columns += [Column(title) for title in _TITLES.values()]
    rows, before = [], ""
    for cell in cells:
        label = _label(cell, settings)
        unit = settings[cell["design"]].units[cell["analysis"]]
        row = ["" if label == before else label, *_analysis(cells, cell), letters[cell["design"]]]
        row += [_true_effect(cell, unit), _power(cell)]
        row += [estimated(cell[name], percent=name in _RATES) for name in list(_TITLES)[1:]]
        rows.append(row)
        before = label
    return Sheet(columns, rows)


def _true_effect(cell: Json, unit: Unit) -> str:
    error = cell["true_effect_mcse"]
    value = cell["true_effect"] * unit.factor
    shown = plus_minus(value, error * unit.factor, sign=True) if error else signed(value)
    return f"{shown} {unit.name}".rstrip()


def _power(cell: Json) -> str:
    power = estimated(cell["power"], percent=True)
    return f"type I error\n{power}" if cell["is_null"] else power


def _differences(
    differences: Sequence[Json], letters: Mapping[str, str], settings: Mapping[str, Setting]
) -> Sheet:
    several = bool(differences and _analysis(differences, differences[0]))
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Designs", number=False), Column("Power"), Column("unpaired")]
    columns += [Column(title) for name, title in _TITLES.items() if name != "power"]
    rows, before = [], ""
    for each in differences:
        label = _label(each, settings)
        row = ["" if label == before else label, *_analysis(differences, each)]
        row.append(f"{letters[each['design']]} − {letters[each['against']]}")
        row += [_difference(each["power"], percent=True), _unpaired(each["power"])]
        row += [_difference(each[n], percent=n in _RATES) for n in _TITLES if n != "power"]
        rows.append(row)
        before = label
    return Sheet(columns, rows)


def _difference(figure: Json | None, *, percent: bool) -> str:
    if figure is None:
        return DASH
    shown = plus_minus(figure["estimate"], figure["mcse"], percent=percent, sign=True)
    return shown.replace(" %", " percentage points") if percent else shown


def _unpaired(figure: Json | None) -> str:
    """The error that independent trials would have, with the digits of the paired one."""
    if figure is None or figure["mcse_unpaired"] is None:
        return DASH
    return (
        f"(± {plus_minus(100 * figure['mcse_unpaired'], 0.1 * 100 * figure['mcse_unpaired']).split(' ')[0]})"
    )


def _reading(found: Json, settings: Sequence[Setting]) -> list[str]:
    only = "All designs are simulated with the same virtual patients: a design differs from another only in "
    only += "what is done to the patients and how the data are analysed."
    items = [
        "All designs are simulated with the same random numbers." if found["unlike"] else only,
        "± is the Monte Carlo standard error. That of a difference is paired: what is chance in both designs "
        "cancels. In brackets, the error that independent trials would have.",
    ]
    if found["differences"]:
        items.append("Differences of power and of early stops are in percentage points.")
    said = [each for setting in settings for each in setting.about_moved(found["cells"])]
    items += list(dict.fromkeys(said))
    items.append("Expected visits: the periods of all patients randomised when the trial stops, left or not.")
    if any(cell["is_null"] for cell in found["cells"]):
        items.append(
            "Type I error: the treatments do not differ under this hypothesis: a significant trial is a "
            "false alarm."
        )
    return [*items, *(f"{said[:1].upper()}{said[1:]}." for said in found["warnings"])]
