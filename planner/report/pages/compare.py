"""Designs side by side, in words: what each gives and costs, and how each differs from the first.

Works on the JSON form of a comparison (`Comparison.to_json()`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Column, Facts, Heading, Prose, Sheet
from planner.report.context import PageContext
from planner.report.pages.common import (
    FALSE_ALARM,
    again,
    how_to_read,
    interruption,
    power_or_error,
    sentence,
)
from planner.report.pages.parts.whole_trial import EACH_ALONE
from planner.report.pages.run_tables import NOBODY_MEANWHILE
from planner.results.number_text import DASH, estimated, plus_minus
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


def compare_page(result: Json, contexts: Sequence[PageContext], command: str) -> list[Block]:
    """The page of `planner compare`; `contexts`: of each design, in their order."""
    letters = {design["name"]: _letter(j) for j, design in enumerate(result["designs"])}
    blocks: list[Block] = [Heading("Designs side by side", 1)]
    if result["partial"]:
        blocks.append(interruption(count(result["run"]["trials"], "trial")))
    blocks.append(Facts([*_designs(result, contexts), _simulated(result)]))
    by_name = dict(zip(letters, contexts, strict=True))
    blocks += _each_alone(result["cells"])
    blocks += [Heading("What each gives, and what it takes"), _figures(result["cells"], letters, by_name)]
    if any(cell["stopped_early"] and cell["stopped_early"]["estimate"] for cell in result["cells"]):
        blocks.append(Prose(NOBODY_MEANWHILE))
    if result["differences"]:
        blocks += [Heading("How they differ"), _differences(result["differences"], letters, by_name)]
    return blocks + how_to_read(_reading(result, contexts)) + again(command, partial=result["partial"])


def _each_alone(cells: Sequence[Json]) -> list[Block]:
    return [Prose(EACH_ALONE)] if cells and _analysis(cells, cells[0]) else []


def _letter(j: int) -> str:
    return chr(ord("A") + j) if j < 26 else str(j + 1)


def _designs(result: Json, contexts: Sequence[PageContext]) -> list[tuple[str, str]]:
    facts = []
    for j, (design, context) in enumerate(zip(result["designs"], contexts, strict=True)):
        used = dict.fromkeys(c["analysis"] for c in result["cells"] if c["design"] == design["name"])
        parts = [f"{design['name']}: {context.design}", *(context.analyses[name] for name in used)]
        facts.append((_letter(j), "; ".join(parts)))
    return facts


def _simulated(result: Json) -> tuple[str, str]:
    run = result["run"]
    trials = count(run["trials"], "virtual trial")
    return (
        "Simulated",
        f"{trials} of each design under each hypothesis, seed {run['seed']}, planner {run['planner']}",
    )


def _label(cell: Json, contexts: Mapping[str, PageContext]) -> str:
    return contexts[cell["design"]].called(cell["hypothesis"])


def _analysis(cells: Sequence[Json], cell: Json) -> list[str]:
    """The name of the analysis, where there are several for one design."""
    per_design = {(c["design"], c["analysis"]) for c in cells}
    return [cell["analysis"]] if len(per_design) > len({c["design"] for c in cells}) else []


def _figures(cells: Sequence[Json], letters: Mapping[str, str], contexts: Mapping[str, PageContext]) -> Sheet:
    several = bool(cells and _analysis(cells, cells[0]))
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Design", number=False), Column("True effect")]
    columns += [Column(title) for title in _TITLES.values()]
    rows, before = [], ""
    for cell in cells:
        label = _label(cell, contexts)
        row = ["" if label == before else label, *_analysis(cells, cell), letters[cell["design"]]]
        row += [contexts[cell["design"]].true_effect(cell, with_unit=True), power_or_error(cell)]
        row += [estimated(cell[name], percent=name in _RATES) for name in list(_TITLES)[1:]]
        rows.append(row)
        before = label
    return Sheet(columns, rows)


def _differences(
    differences: Sequence[Json], letters: Mapping[str, str], contexts: Mapping[str, PageContext]
) -> Sheet:
    several = bool(differences and _analysis(differences, differences[0]))
    columns = [Column("Hypothesis", number=False)]
    columns += [Column("Analysis", number=False)] if several else []
    columns += [Column("Designs", number=False), Column("Power"), Column("unpaired")]
    columns += [Column(title) for name, title in _TITLES.items() if name != "power"]
    rows, before = [], ""
    for each in differences:
        label = _label(each, contexts)
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
    text = plus_minus(figure["estimate"], figure["mcse"], percent=percent, sign=True)
    return text.replace(" %", " percentage points") if percent else text


def _unpaired(figure: Json | None) -> str:
    """The error that independent trials would have, with the digits of the paired one."""
    if figure is None or figure["mcse_unpaired"] is None:
        return DASH
    return (
        f"(± {plus_minus(100 * figure['mcse_unpaired'], 0.1 * 100 * figure['mcse_unpaired']).split(' ')[0]})"
    )


def _reading(result: Json, contexts: Sequence[PageContext]) -> list[str]:
    items = [
        "All designs are simulated with the same random numbers."
        if result["unlike"]
        else "All designs are simulated with the same virtual patients: designs differ only in what is done "
        "to the patients and how the data are analysed.",
        "± is the Monte Carlo standard error. That of a difference is paired: what is chance in both designs "
        "cancels. In brackets, the error that independent trials would have.",
    ]
    if result["differences"]:
        items.append("Differences of power and of early stops are in percentage points.")
    items += dict.fromkeys(note for context in contexts for note in context.about_scale(result["cells"]))
    items.append(
        "Expected visits: the periods of all patients randomised when the trial stops, whether or not they "
        "left."
    )
    if any(cell["is_null"] for cell in result["cells"]):
        items.append(FALSE_ALARM)
    return [*items, *map(sentence, result["warnings"])]
