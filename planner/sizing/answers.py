"""Answers in the form of the JSON contract: the number found, its range, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from planner.scenario import Analysis
from planner.sizing.curves import Json, Key, Points, reached, span
from planner.sizing.effect import Found
from planner.sizing.patients import Exact, Search

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
_PLATEAU = 3.0  # Monte Carlo standard errors by which power must still grow over the last half of the numbers


def point(cell: Json, exact: Exact | None) -> Json:
    """A point of a power curve."""
    found = {key: cell[key] for key in CURVE}
    found["exact_power"] = None if exact is None else exact[cell["patients"]]
    return found


def flat(value: Mapping[str, Any]) -> Json:
    """Keys flattened with an underscore; of a range, `low` and `high`."""
    row: Json = {}
    for key, item in value.items():
        if isinstance(item, Mapping):
            row |= {f"{key}_{name}": inner for name, inner in item.items()}
        elif key == "range":
            low, high = item if item is not None else (None, None)
            row |= {"range_low": low, "range_high": high}
        else:
            row[key] = item
    return row


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
        "note": "",
    }
    if key in search.null:
        note = "The null hypothesis is true here: power is the type I error, whatever the number of patients."
        return answer | {"exact": False, "note": note}
    if not points:
        return answer | {"exact": False, "note": "Not evaluated before the interruption." if partial else ""}
    found = search.exact_answer(key, target) if key in search.exact else reached(points, target)
    if found is None or found not in points:
        return answer | {"best": _best(points), "note": _why_none(search, key, target, partial)}
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
    return " ".join(notes)


def _best(points: Points) -> Json:
    """The highest power of the curve, and where."""
    n = max(points, key=lambda n: (points[n]["power"]["estimate"], -n))
    return {"patients": n, "power": points[n]["power"]}


def _why_none(search: Search, key: Key, target: float, partial: bool) -> str:
    """The best that can be reached, and what keeps power down."""
    points = search.curves.points(*key)
    best, top = _best(points), points[max(points)]
    reach = best["power"]["estimate"]
    head = (
        f"No number up to {max(points):,} is enough: the best {_word(search)} is {reach:.3f} "
        f"(Monte Carlo SE {best['power']['mcse']:.2g}), at {best['patients']:,} patients."
    )
    if partial:
        return f"{head} Interrupted before larger numbers were tried."
    if reach >= target:
        return f"{head} It does not stay at the target."
    return f"{head} {' '.join(_causes(search, points, top, target))}"


def _word(search: Search) -> str:
    return "power" if search.curves.variants is None else "assurance"


def _causes(search: Search, points: Points, top: Json, target: float) -> list[str]:
    undefined = top["undefined"]["estimate"]
    if undefined == 1.0:
        return ["The analysis cannot be computed under this hypothesis: it says nothing of what is analysed."]
    causes = []
    if undefined > (1.0 - target) / 2.0:
        causes.append(
            f"In {undefined:.1%} of the trials the test cannot be computed: too few patients complete."
        )
    causes += _bias(top)
    chance = (top.get("uncertainty") or {}).get("effect_probability")
    if chance and chance["estimate"] < target:
        causes.append(
            f"There is an effect in the wanted direction with a chance of {chance['estimate']:.1%} only: "
            "no number of patients makes assurance much higher."
        )
    futile = sum(look["futility"]["estimate"] for look in top["looks"])
    if futile > (1.0 - target) / 2.0:
        causes.append(f"{futile:.1%} of the trials stop for futility.")
    half = points[min(points, key=lambda n: abs(n - max(points) / 2))]
    gain = top["power"]["estimate"] - half["power"]["estimate"]
    error = top["power"]["mcse"] + half["power"]["mcse"]
    if gain <= _PLATEAU * error:
        causes.append(
            f"{_word(search).capitalize()} has a ceiling: from {half['patients']:,} to {max(points):,} "
            "patients it does not grow."
        )
    elif search.limit == max(points):
        grows = f"{_word(search).capitalize()} still grows"
        causes.append(f"{grows}: allow more patients, or plan for a larger effect or less spread.")
    return causes


def _bias(top: Json) -> list[str]:
    """Whether the analysis estimates something else than the true effect, as under carryover."""
    mean, truth = top["estimate"]["mean"], top["true_effect"]
    error = top["estimate"]["mean_mcse"]
    if mean is None or not truth or mean / truth > 0.5:
        return []
    said = f"On average the analysis estimates {mean:+.3g} where the true effect is {truth:+.3g}"
    if error is not None and abs(mean) <= _PLATEAU * error:
        return [f"{said}: what earlier treatments leave behind cancels the effect, whatever the size."]
    return [f"{said}: what earlier treatments leave behind takes most of the effect away."]


def effect_answer(
    name: str, analysis: Analysis, target: float, patients: int, found: Found | None, note: str, partial: bool
) -> Json:
    """The smallest effect for one hypothesis, analysis and target; None with a note where there is none."""
    answer: Json = {
        "hypothesis": name,
        "analysis": analysis.name,
        "target": target,
        "patients": patients,
        "effect": None,
        "range": None,
        "exact": False,
        **dict.fromkeys(_SHOWN),
        "note": note,
    }
    if found is None:
        return answer | {"note": note or ("Not reached before the interruption." if partial else "")}
    if found.cell is None or found.range is None:
        why = "Power stays below the target however large the effect is made."
        return answer | {"note": why}
    shift = found.cell["true_effect"] - (found.change or 0.0)  # of a bounded scale; 0 on an unbounded one
    return answer | {
        "effect": found.cell["true_effect"],
        "range": sorted(edge + shift for edge in found.range),
        "exact": found.exact,
        **{key: found.cell[key] for key in _SHOWN},
    }
