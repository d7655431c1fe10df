"""An earlier `planner bench` beside this one: slower beyond noise, or not.

Compared are ratios only: of the random-numbers-only bound, and to what a user would write by hand, so that
drawing the random numbers more slowly cannot hide. Slower is a ratio whose quartiles all lie below those of
the earlier run, with a median lower by more than a tolerance. Absolute times are not compared, and no ratio
that was of something else: on another processor, against another bound, of another job (`definitions`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from planner.errors import PlannerError
from planner.results.contract import Json
from planner.scenario.text import quote

SCHEMA = "planner.bench/1"
# Of the median: what the place of a process in memory and the neighbours on the machine do alone. What is
# measured in one process only has been seen 14 % slower in one than in the next.
TOLERANCE, ONE_PROCESS = 0.08, 0.20
_PROCESSOR = ("processor", "compiled_for", "vector_bits")
_TOOLS = ("numpy", "numba")
# Digests of planner 0.2.0 and before counted the names of functions and modules, too. Of code that has got no
# more than other names since then: what its digest was, and what it is.
SAME_CODE = {
    "c76b8d0bfa3904ad": "c59523a5d7b0f773",  # the bound
    "fc90f89a00b3cfae": "1e3c062b8f6a80ed",  # NumPy, vectorised
    "1c67f3ccadc3b701": "c5682ca01ef03184",  # Numba, scalar loop
}


class NotComparable(PlannerError, ValueError):
    """The earlier document is none that `planner bench` has written, or of nothing that is measured here."""


def comparison(now: Mapping[str, Any], earlier: Any, name: str) -> Json:
    """Each ratio now and then, and whether it has become worse; `left_out`: what is not compared, and why."""
    before, after = dict(_ratios(earlier)), dict(_ratios(now))
    against = reasons(now, earlier)
    quick = now["quick"] or earlier["quick"]
    rows = [
        _row(what, after[what], before[what], _tolerance(what, quick))
        for what, reason in against.items()
        if not reason
    ]
    left_out = [{"figure": what, "reason": reason} for what, reason in against.items() if reason]
    return {
        "file": name,
        "slower": any(row["slower"] for row in rows),
        "figures": rows,
        "left_out": left_out,
        "notes": _versions(now, earlier),
    }


# Whether there is anything to compare, which can be seen before anything is measured


def check(earlier: Any, now: Mapping[str, object]) -> None:
    """Raise NotComparable where the document is no whole result, or shares no ratio with this planner.

    `now`: a result, or the conditions of one that is yet to be measured.
    """
    _whole(earlier)
    against = reasons(now, earlier)
    if all(against.values()):
        why = "; ".join(dict.fromkeys(against.values()))
        raise NotComparable(f"none of its ratios means the same here: {why}")


def reasons(now: Mapping[str, Any], then: Mapping[str, Any]) -> dict[str, str]:
    """Every ratio of either, and why it cannot be compared (empty: it can)."""
    why: dict[str, str] = {}
    elsewhere = _elsewhere(now["machine"], then["machine"])
    jobs, earlier_jobs = ({each["job"]: each for each in one["jobs"]} for one in (now, then))
    for name in dict.fromkeys([*jobs, *earlier_jobs]):
        why[_share(name)] = (
            elsewhere
            or _other_job(name, jobs, earlier_jobs)
            or _other_bound(name, jobs, earlier_jobs, now, then)
        )
    rivals, earlier_rivals = ({each["rival"]: each for each in _by_hand(one)} for one in (now, then))
    tools = " and ".join(_versions(now, then))
    for name in dict.fromkeys([*rivals, *earlier_rivals]):
        why[_against(name)] = (
            elsewhere or tools or _other_rival(name, rivals, earlier_rivals, jobs, earlier_jobs)
        )
    return why


def _elsewhere(now: Mapping[str, object], then: Mapping[str, object]) -> str:
    if all(now[key] == then[key] for key in _PROCESSOR):
        return ""
    here, there = (
        f"{each['processor']} ({each['compiled_for']}, vectors of {each['vector_bits']} bits)"
        for each in (now, then)
    )
    return f"another processor, on which the same program has other ratios: {here}, then {there}"


def _versions(now: Mapping[str, Any], then: Mapping[str, Any]) -> list[str]:
    """Other versions of what compiles and of what a rival is written with."""
    return [
        f"another version: {name} {now['versions'][name]}, then {then['versions'][name]}"
        for name in _TOOLS
        if now["versions"][name] != then["versions"][name]
    ]


def _other_job(name: str, now: Mapping[str, Json], then: Mapping[str, Json]) -> str:
    if name not in then or name not in now:
        return f"the job {name} is {'not in the file' if name in now else 'no longer measured'}"
    here, there = now[name]["definition"], then[name]["definition"]
    if here["scenario"] != there["scenario"]:
        return f"the job {name} is another trial than then"
    return f"the job {name} has other numbers of patients" if here["sizes"] != there["sizes"] else ""


def _other_bound(
    name: str,
    jobs: Mapping[str, Json],
    earlier_jobs: Mapping[str, Json],
    now: Mapping[str, Any],
    then: Mapping[str, Any],
) -> str:
    """Other code of the bound, or another list of what is drawn."""
    here, there = (_code(each["bound"]["version"]) for each in (now, then))
    if here != there or now["bound"]["definition"] != then["bound"]["definition"]:
        return f"another bound: drawing the random numbers is version {here}, then {there}"
    if jobs[name]["definition"]["draws"] != earlier_jobs[name]["definition"]["draws"]:
        return f"another bound: the job {name} draws other random numbers than then"
    return ""


def _other_rival(
    name: str,
    now: Mapping[str, Json],
    then: Mapping[str, Json],
    jobs: Mapping[str, Json],
    earlier_jobs: Mapping[str, Json],
) -> str:
    if name not in then or name not in now:
        return f"{name} is {'not in the file' if name in now else 'no longer measured'}"
    if _code(now[name]["definition"]) != _code(then[name]["definition"]):
        return f"{name} is written in another way than then"
    if not now[name].get("same_trial", True) or not then[name]["same_trial"]:
        return f"{name} did not simulate the same trial"
    return _other_job(now[name]["job"], jobs, earlier_jobs)


def _code(digest: str) -> str:
    return SAME_CODE.get(digest, digest)


# The ratios


def _share(job: str) -> str:
    return f"{job}: share of the bound"


def _against(rival: str) -> str:
    return f"against {rival}: times as fast"


def _by_hand(document: Mapping[str, Any]) -> Iterator[Json]:
    """The rivals that are part of planner; the speed of other tools is theirs."""
    return (each for each in document["rivals"] if each["definition"] is not None)


def _ratios(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Every ratio of a document that is larger the faster planner is."""
    for job in document["jobs"]:
        yield _share(job["job"]), job["of_the_bound"]
    for rival in _by_hand(document):
        yield _against(rival["rival"]), rival["times_as_fast"]


def _tolerance(what: str, quick: bool) -> float:
    return ONE_PROCESS if quick or what.startswith("against") else TOLERANCE


def _row(what: str, now: Mapping[str, float], then: Mapping[str, float], tolerance: float) -> Json:
    change = now["median"] / then["median"] - 1.0
    slower = change < -tolerance and now["high"] < then["low"]
    return {"figure": what, "now": dict(now), "earlier": dict(then), "change": change, "slower": slower}


# Whether the document is whole

_SPREAD = {"median": float, "low": float, "high": float}
_SHAPE: object = {
    "quick": bool,
    "machine": {"processor": str, "compiled_for": str, "vector_bits": int},
    "versions": dict.fromkeys(_TOOLS, str),
    "bound": {"definition": str, "version": str},
    "jobs": [
        {
            "job": str,
            "definition": {"scenario": str, "sizes": [int], "draws": str},
            "of_the_bound": _SPREAD,
        }
    ],
    "rivals": [
        {
            "rival": str,
            "job": str,
            "definition": (str, type(None)),
            "same_trial": bool,
            "times_as_fast": _SPREAD,
        }
    ],
}
"""What a comparison needs of a result, which has more."""


def _whole(document: object) -> None:
    """Raise NotComparable where anything that a comparison needs is missing or of another kind."""
    if not isinstance(document, dict):
        raise NotComparable("it is no JSON object")
    schema = document.get("schema")
    if schema != SCHEMA:
        made = f"its schema is {quote(schema)}" if isinstance(schema, str) else "it does not say its schema"
        raise NotComparable(f"{made}, not {SCHEMA}")
    if "bound" not in document:
        raise NotComparable(
            "it does not say what its bound is: it is of a version before that was written down"
        )
    _fits(document, _SHAPE, "")
    if not document["jobs"]:
        raise NotComparable("it has no jobs")


def _fits(value: Any, shape: Any, at: str) -> None:
    if shape is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0.0 < value < 1e300:
            raise NotComparable(f"{at} is no positive number")
    elif isinstance(shape, dict):
        if not isinstance(value, dict):
            raise NotComparable(f"{at} is no table")
        for key, inner in shape.items():
            where = f"{at}.{key}" if at else key
            if key not in value:
                raise NotComparable(f"{where} is missing")
            _fits(value[key], inner, where)
        if shape is _SPREAD and not value["low"] <= value["median"] <= value["high"]:
            raise NotComparable(f"the quartiles of {at} do not lie around its median")
    elif isinstance(shape, list):
        if not isinstance(value, list):
            raise NotComparable(f"{at} is no list")
        for i, each in enumerate(value):
            _fits(each, shape[0], f"{at}.{i}")
    elif not isinstance(value, shape) or (isinstance(value, bool) and shape is not bool):
        raise NotComparable(f"{at} is of another kind than planner bench writes")
