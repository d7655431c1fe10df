"""An earlier `planner bench` beside this one: slower beyond noise, or not.

Compared are ratios only: of the random-numbers-only bound, and to what a user would write by hand, so that
drawing the random numbers more slowly cannot hide. Slower is a ratio whose quartiles all lie below those of
the earlier run, with a median lower by more than a tolerance. Absolute times are not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Json = dict[str, Any]
SCHEMA = "planner.bench/1"
# Of the median: what the place of a process in memory and the neighbours on the machine do alone. What is
# measured in one process only has been seen 14 % slower in one than in the next.
TOLERANCE, ONE_PROCESS = 0.08, 0.20
_BY_HAND = ("NumPy, vectorised", "Numba, scalar loop")


class NotComparable(ValueError):
    """The earlier document is not one that `planner bench` has written."""


def compared(now: Mapping[str, Any], earlier: Any, name: str) -> Json:
    """Each ratio now and then, and whether it has become worse; `notes` say what could not be compared."""
    check(earlier)
    before, after = dict(_ratios(earlier)), dict(_ratios(now))
    notes, foreign = _differences(now, earlier)
    shared = [what for what in after if what in before and not (foreign and what.startswith("against"))]
    quick = now["quick"] or earlier["quick"]
    rows = [_row(what, after[what], before[what], _tolerance(what, quick)) for what in shared]
    return {"file": name, "slower": any(row["slower"] for row in rows), "figures": rows, "notes": notes}


def check(earlier: Any) -> None:
    """Raises NotComparable where the document lacks anything that a comparison needs."""
    if not isinstance(earlier, dict) or earlier.get("schema") != SCHEMA:
        raise NotComparable(f"it does not say that its schema is {SCHEMA}")
    try:
        ratios, _ = dict(_ratios(earlier)), bool(earlier["quick"])
        _differences(earlier, earlier)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotComparable("it is incomplete") from error
    if not ratios or not all(0.0 < x < float("inf") for found in ratios.values() for x in found.values()):
        raise NotComparable("its ratios are no positive numbers")


def _ratios(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Every ratio of a document that is larger the faster planner is."""
    for job in document["jobs"]:
        yield f"{job['job']}: share of the bound", _figure(job["of_the_bound"])
    for rival in document["rivals"]:
        if rival["rival"] in _BY_HAND:
            yield f"against {rival['rival']}: times as fast", _figure(rival["times_as_fast"])


def _figure(found: Mapping[str, Any]) -> dict[str, float]:
    return {key: float(found[key]) for key in ("median", "low", "high")}


def _tolerance(what: str, quick: bool) -> float:
    return ONE_PROCESS if quick or what.startswith("against") else TOLERANCE


def _row(what: str, now: Mapping[str, float], then: Mapping[str, float], tolerance: float) -> Json:
    change = now["median"] / then["median"] - 1.0
    slower = change < -tolerance and now["high"] < then["low"]
    return {"figure": what, "now": dict(now), "earlier": dict(then), "change": change, "slower": slower}


def _differences(now: Mapping[str, Any], then: Mapping[str, Any]) -> tuple[list[str], bool]:
    """What else has changed, in words, and whether ratios to other programs mean anything."""
    notes = []
    cpu = [document["machine"]["processor"] for document in (now, then)]
    if cpu[0] != cpu[1]:
        notes.append(f"another processor: {cpu[0]}, then {cpu[1]}")
    tools = [
        f"{name} {now['versions'][name]}, then {then['versions'].get(name)}"
        for name in ("numpy", "numba")
        if now["versions"][name] != then["versions"].get(name)
    ]
    notes += [f"another version: {each}" for each in tools]
    if notes:
        notes.append("so only the shares of the bound are compared")
    return notes, bool(notes)
