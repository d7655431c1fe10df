"""Answers in the form of the JSON contract: the number, its range, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from planner.questions.size.curves import Key, Points, first_enough, span
from planner.questions.size.effect import EffectAnswer, Effects
from planner.questions.size.patients import Exact, Search
from planner.questions.size.reasons import best, no_effect, no_patients
from planner.results.cells import Cell
from planner.results.contract import Json, as_json
from planner.results.frames import flatten
from planner.scenario.analysis import PlannedAnalysis

CURVE = (
    "hypothesis",
    "analysis",
    "patients",
    "trials",
    "power",
    "stopped_early",
    "expected_patients",
    "expected_completers",
    "undefined",
)
_FIGURES = ("power", "trials", "stopped_early", "expected_patients", "expected_completers")


def point(cell: Cell, exact: Exact | None) -> Json:
    """A point of a power curve."""
    return _some(cell, CURVE) | {"exact_power": None if exact is None else exact[cell.patients]}


def effect_point(cell: Cell, hypothesis: str) -> Json:
    """A point of a curve of power over the effect under a hypothesis, of which the cell has a moved copy."""
    return {"effect": cell.true_effect} | _some(replace(cell, hypothesis=hypothesis), CURVE)


def _some(cell: Cell, names: Iterable[str]) -> Json:
    """Some fields of a cell in the form of the JSON contract."""
    return {name: as_json(getattr(cell, name)) for name in names}


def answer_row(answer: Json) -> Json:
    """An answer as a row of a table; of its range, `range_low` and `range_high`."""
    low, high = answer["range"] or (None, None)
    return flatten({**answer, "range": {"low": low, "high": high}})


def patients_answer(search: Search, key: Key, target: float, partial: bool) -> Json:
    """The answer for one curve and target; `patients` is None with a note where there is none."""
    points = search.curves.points(*key)
    answer: Json = {
        "hypothesis": key[0],
        "analysis": key[1],
        "target": target,
        "patients": None,
        "range": None,
        "exact": key in search.exact,
        "exact_power": None,
        **dict.fromkeys(_FIGURES),
        "best": None,
        "ceiling": None,
        "extrapolated": None,
        "note": "",
    }
    if key in search.null:
        note = "The null hypothesis is true here: power is the type I error, whatever the number of patients."
        return answer | {"exact": False, "note": note}
    if not points:
        return answer | {"exact": False, "note": "Not evaluated before the interruption." if partial else ""}
    number = search.exact_answer(key, target) if key in search.exact else first_enough(points, target)
    if number is None or number not in points:
        return answer | {"best": best(points).to_json()} | no_patients(search, key, target, partial).to_json()
    answer |= {"patients": number, **_some(points[number], _FIGURES)}
    if (uncertainty := points[number].uncertainty) is not None:
        answer["uncertainty"] = uncertainty.to_json()
    if key in search.exact:
        return answer | {"range": [number, number], "exact_power": search.exact[key][number]}
    answer["range"] = _range(points, target)
    answer["note"] = _caution(search, points, target, answer, partial)
    return answer


def _range(points: Points, target: float) -> list[int | None]:
    """What the 95 % intervals leave open."""
    below, above = span(points, target)
    return [min(n for n in points if n > below), above]


def _caution(search: Search, points: Points, target: float, answer: Json, partial: bool) -> str:
    low, high = answer["range"]
    notes = ["Interrupted before the refinement was complete."] if partial else []
    if high is None:
        notes.append(f"Monte Carlo error leaves it open up to the largest number tried, {search.limit:,}.")
    elif high > low:
        after, more = f"{answer['trials']:,} trials", "trials"
        if search.curves.variants is not None:
            after, more = f"{answer['uncertainty']['variants']:,} variants", "variants"
        notes.append(
            f"Monte Carlo error leaves {low:,} to {high:,} open after {after}; more {more} narrow this."
        )
    if answer["patients"] == min(points):
        notes.append("The smallest number tried is already enough.")
    planned, left = len(search.curves.scenario.monitoring.counts), len(points[answer["patients"]].looks)
    if left < planned:
        few = "one, of all patients" if left == 1 else f"{left}"
        notes.append(f"Of the {planned} looks {few} is left there: the others would reach the last one.")
    return " ".join(notes)


def effect_answer(
    name: str,
    analysis: PlannedAnalysis,
    target: float,
    patients: int,
    search: Effects | None,
    effect: EffectAnswer | None,
    note: str,
    partial: bool,
) -> Json:
    """The smallest effect for one hypothesis, analysis and target; None with a note where there is none.

    `search`: the search, and the `effect` that came of it; None where an effect has no meaning, as the `note`
    explains.
    """
    answer: Json = {
        "hypothesis": name,
        "analysis": analysis.name,
        "target": target,
        "patients": patients,
        "effect": None,
        "stated_effect": None,
        "range": None,
        "exact": False,
        **dict.fromkeys(_FIGURES),
        "note": note,
    }
    if effect is None or search is None:
        return answer | {"note": note or ("Not reached before the interruption." if partial else "")}
    if effect.cell is None or effect.range is None:
        return answer | {"note": no_effect(search, target)}
    true, change = effect.cell.true_effect, effect.change
    if change is not None and not math.isclose(true, change, rel_tol=1e-4):
        note = f"The means that make this effect differ by {change:+.4g}: the scale cuts or rounds scores."
    return answer | {
        "note": note,
        "stated_effect": change,
        "effect": true,
        "range": sorted(search.true_effect(edge) for edge in effect.range),
        "exact": effect.exact,
        **_some(effect.cell, _FIGURES),
    }
