"""Answers in the form of the JSON contract: the number found, its range, and why there is none."""

from __future__ import annotations

import math

from planner.questions.size.curves import Json, Key, Points, reached, span
from planner.questions.size.effect import Effects, Found
from planner.questions.size.patients import Exact, Search
from planner.questions.size.reasons import best, no_effect, no_patients
from planner.results.frames import flatten
from planner.scenario.analysis import Analysis

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
_SHOWN = ("power", "trials", "stopped_early", "expected_patients", "expected_completers")


def point(cell: Json, exact: Exact | None) -> Json:
    """A point of a power curve."""
    found = {key: cell[key] for key in CURVE}
    found["exact_power"] = None if exact is None else exact[cell["patients"]]
    return found


def row(answer: Json) -> Json:
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
        **dict.fromkeys(_SHOWN),
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
    found = search.exact_answer(key, target) if key in search.exact else reached(points, target)
    if found is None or found not in points:
        return answer | {"best": best(points)} | no_patients(search, key, target, partial).to_json()
    answer |= {"patients": found, **{name: points[found][name] for name in _SHOWN}}
    if "uncertainty" in points[found]:
        answer["uncertainty"] = points[found]["uncertainty"]
    if key in search.exact:
        return answer | {"range": [found, found], "exact_power": search.exact[key][found]}
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
    planned, left = len(search.curves.scenario.monitoring.counts), len(points[answer["patients"]]["looks"])
    if left < planned:
        few = "one, of all patients" if left == 1 else f"{left}"
        notes.append(f"Of the {planned} looks {few} is left there: the others would reach the last one.")
    return " ".join(notes)


def effect_answer(
    name: str,
    analysis: Analysis,
    target: float,
    patients: int,
    work: Effects | None,
    found: Found | None,
    note: str,
    partial: bool,
) -> Json:
    """The smallest effect for one hypothesis, analysis and target; None with a note where there is none.

    `work`: the search that has `found` it; None where an effect has no meaning, which `note` says.
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
        **dict.fromkeys(_SHOWN),
        "note": note,
    }
    if found is None or work is None:
        return answer | {"note": note or ("Not reached before the interruption." if partial else "")}
    if found.cell is None or found.range is None:
        return answer | {"note": no_effect(work, target)}
    true, change = found.cell["true_effect"], found.change
    if change is not None and not math.isclose(true, change, rel_tol=1e-4):
        note = f"The means that make this effect differ by {change:+.4g}: the scale cuts or rounds scores."
    return answer | {
        "note": note,
        "stated_effect": change,
        "effect": true,
        "range": sorted(work.true_effect(edge) for edge in found.range),
        "exact": found.exact,
        **{key: found.cell[key] for key in _SHOWN},
    }
