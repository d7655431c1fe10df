"""A run put into words: three small tables that answer three questions, and what rests on what.

Works on the JSON form of a run (`Run.to_json()`), so that a stored result reads like a fresh one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from planner.report.blocks import Block, Code, Facts, Heading, Items, Prose
from planner.report.context import Cell, Setting, Shown, label
from planner.report.pages.parts.blinding import asked
from planner.report.pages.parts.dropout import reading as about_leaving
from planner.report.pages.parts.limits import about_limits
from planner.report.pages.parts.uncertain import (
    about_uncertainty,
    averaged,
    in_variants,
    powers,
    what_is_uncertain,
)
from planner.report.pages.parts.whole_trial import each_alone, together
from planner.report.pages.run_answer import answered
from planner.report.pages.run_tables import (
    FEW,
    cannot_stop,
    shown,
    staged,
    stops_told,
    tables,
    too_few,
    too_few_stops,
    too_high,
)
from planner.results.carryover_words import BEGIN
from planner.results.irregular import on_errors, on_undefined, undefined_in_any
from planner.results.numbers import DASH, estimated, plain
from planner.scenario.text import count, listed

FEW_NAMED = 3  # cells that are named in a line about them; of more the range is told


def run_document(result: Mapping[str, Any], setting: Setting) -> list[Block]:
    """The result of `planner run` as blocks: header, tables, how to read them."""
    trials = int(result["run"]["trials"])
    cells = shown(list(result["cells"]), setting)
    blocks = _header(result, setting, [row.cell for row in cells])
    blocks += each_alone([row.cell for row in cells])
    blocks += tables(cells, setting, trials, result.get("limits", ()))
    blocks += together(result, cells, setting)
    if averaged(result["cells"]):
        blocks += _uncertain(result, setting, [row.cell for row in cells])
    blocks += [Heading("How to read this"), Items(_reading(cells, setting, trials, result.get("limits", ())))]
    blocks += [
        Heading("To run it to its end" if result.get("partial") else "The same result again"),
        Code(setting.command, "sh"),
    ]
    return blocks


def told_on_page(warnings: Sequence[str], setting: Setting) -> set[str]:
    """Those of the warnings of a run that its page tells."""
    return {said for said in warnings if said in setting.warnings or _TOLD.search(said)}


_TOLD = re.compile(
    rf"^{BEGIN}|^interrupted: |^type I error of | could not be computed | is farther from the truth|"
    "only known roughly$"
)


def _uncertain(result: Mapping[str, Any], setting: Setting, cells: Sequence[Cell]) -> list[Block]:
    """How much hangs on what is uncertain, and what that is."""
    every = list(dict.fromkeys(cell["hypothesis"] for cell in result["cells"]))
    found = what_is_uncertain(result["uncertain"], every)
    return [
        Heading("How much hangs on what is uncertain?"),
        powers(cells, setting),
        Heading("What was uncertain"),
        *found,
    ]


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
            f"{count(run['trials'], 'virtual trial')} under each hypothesis, {in_variants(run)}"
            f"seed {run['seed']}, planner {run['planner']}",
        )
    )
    return [*blocks, *answered(cells, setting), Facts(facts)]


def _reading(
    rows: Sequence[Shown], setting: Setting, trials: int, limits: Sequence[Mapping[str, Any]] = ()
) -> list[str]:
    """The tables explained, only as far as they show something."""
    cells = [row.cell for row in rows]
    items = [
        "± is the Monte Carlo standard error: how far a figure would move with other random numbers. "
        "It says nothing about how true the assumptions are.",
        "Power is the share of virtual trials whose primary test is significant"
        + (", at any look." if staged(rows) else "."),
    ]
    if averaged(cells):
        items += about_uncertainty(cells)
    if any(row.same for row in rows):
        items.append(
            "= joins hypotheses that this design cannot separate: they say the same of every treatment in "
            "every period, so that their virtual trials are the same to the last digit."
        )
    items += _about_type_one_errors(cells, setting)
    items += about_limits(limits)
    items.append(
        "True effect, and bias against it: the mean difference in a first period, without carryover and "
        "with complete follow-up."
    )
    items += setting.about_moved(cells)
    if staged(rows):
        items.append(
            "Efficacy and futility: the share of trials that end at this look for that reason. Over all "
            "looks, efficacy adds up to the power."
        )
        ways = ("efficacy", "futility") if setting.futility else ("efficacy",)
        if any(stop[-1] in ways for stop in cannot_stop(cells, limits)):
            items.append(f"{DASH} at a look: it cannot stop for that reason, whatever the data are.")
        items.append(
            "Expected patients counts those randomised when the trial stops; completers finished every "
            "period. A trial that stops early for efficacy tends to overestimate, one that stops for "
            "futility to underestimate: see the bias if stopped."
            if setting.futility
            else "Expected patients counts those randomised when the trial stops; completers finished every "
            "period. A trial that stops early for efficacy tends to overestimate: see the bias if stopped."
        )
    if partial := [name for name in setting.partial if any(cell["analysis"] == name for cell in cells)]:
        items.append(
            f"Completers of {listed(partial)} are all patients who have what is compared there, be it less "
            "than every period."
        )
    items += about_leaving(cells)
    if asked(cells):
        items.append(
            "Guess right: of the guesses, one after each period, the share that say rightly whether the "
            "treatment was active, had no trial stopped early. Who guesses at random is right half the time."
        )
    items.append("Exaggeration: the mean estimate of the significant trials, over the true effect.")
    stops = stops_told(setting) if staged(rows) else {}
    if any(
        (too_few(cell, "power", trials) and cell["estimate"]["exaggeration_given_efficacy"] is not None)
        or any(
            too_few_stops(cell, reason, trials) and cell["estimate"][name] is not None
            for reason, name in stops.items()
        )
        for cell in cells
    ):
        items.append(f"A mean over fewer than {FEW} trials rests on too little and is left out (–).")
    items += _about_single_cells(cells, setting)
    if not setting.sourced:
        items.append("The scenario names no source: all its numbers are assumptions.")
    elif setting.assumed:
        items.append(f"Assumed, without a source: {listed(list(setting.assumed))}.")
    return items


def _which(cell: Cell, cells: Sequence[Cell], setting: Setting) -> str:
    several = len({each["analysis"] for each in cells}) > 1
    return label(cell["hypothesis"], setting) + (f" ({cell['analysis']})" if several else "")


def _about_type_one_errors(cells: Sequence[Cell], setting: Setting) -> list[str]:
    """What they are, which are too high and why."""
    items = []
    if any(cell["is_null"] for cell in cells):
        items.append(
            "Type I error: the treatments do not differ under this hypothesis, so a significant trial is a "
            f"false alarm; the share should not exceed {_levels(cells)}."
        )
    flagged: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if too_high(cell):
            why = plain(cell["alpha"]), setting.carryover.get(cell["hypothesis"], "")
            flagged.setdefault(why, []).append(f"“{_which(cell, cells, setting)}”")
    items += [
        f"Too high: under {listed(names)} the type I error exceeds alpha = {alpha} by more than Monte Carlo "
        "error." + (f" The likely reason is {reason}." if reason else "")
        for (alpha, reason), names in flagged.items()
    ]
    return items + _despite_futility(cells, setting)


def _despite_futility(cells: Sequence[Cell], setting: Setting) -> list[str]:
    """The type I errors of trials that go on where they may stop for futility, in one line."""
    found = [
        (cell["power_ignoring_futility"], _which(cell, cells, setting))
        for cell in cells
        if cell["is_null"] and "power_ignoring_futility" in cell
    ]
    if not found:
        return []
    errors = [estimated(figure, percent=True) for figure, _ in found]
    if len(found) <= FEW_NAMED:
        said = errors[0] if len(set(errors)) == 1 else listed(errors)
        return [
            f"{listed([name for _, name in found])}: were the trial to go on despite futility, the type I "
            f"error would be {said}; this is what alpha limits."
        ]
    in_order = sorted((figure for figure, _ in found), key=lambda figure: float(figure["estimate"]))
    low, high = (estimated(figure, percent=True) for figure in (in_order[0], in_order[-1]))
    return [
        "Were the trials to go on despite futility, the type I errors would be "
        f"{low if low == high else f'from {low} to {high}'}; these are what alpha limits."
    ]


def _about_single_cells(cells: Sequence[Cell], setting: Setting) -> list[str]:
    """The notes of cells, alike ones together; in one line an analysis how often a test was undefined."""
    items: dict[str, list[str]] = {}
    for cell in cells:
        undefined = " ".join(on_undefined(cell))
        note = " ".join(on_errors(cell)) if cell["is_null"] else str(cell.get("note") or "")
        if note := " ".join(note.replace(undefined, "").split()):
            items.setdefault(note, []).append(_which(cell, cells, setting))
    return [
        *undefined_in_any([(cell, f"“{label(cell['hypothesis'], setting)}”") for cell in cells]),
        *(f"{listed(names)}: {note}" for note, names in items.items()),
    ]


def _levels(cells: Sequence[Cell]) -> str:
    return listed(
        list(dict.fromkeys(f"alpha = {plain(c['alpha'])} ({sidedness(c['alternative'])})" for c in cells)),
        "or",
    )


def sidedness(alternative: str) -> str:
    """`two-sided`, or `one-sided, better`."""
    return alternative if alternative == "two-sided" else f"one-sided, {alternative}"
