"""The settings that a scenario leaves out, with the values that they take."""

from __future__ import annotations

from collections import Counter

from planner.results.contract import Json
from planner.results.number_text import plain

Path = tuple[object, ...]

_LABELS = ("label", "dose", "name")
_IN_WORDS = ("family", "role", "carryover", "distribution")  # in words, elsewhere
_NO_SETTINGS = ("citations", "assumed", "extends", "observed")
_BETWEEN, _WITHIN = ("sd_between", "cv_between"), ("sd_within", "cv_within")
_NAMED = ("agents", "signals", "components", "outcomes", "hypotheses", "treatments")
"""Tables whose keys are names."""

_ASSUMED = " (assumed, irrelevant to complete within-patient analyses)"


def default_lines(resolved: Json, written: Json) -> list[tuple[str, str]]:
    """A line for each section: `design`, `washout_days 0; block 1`.

    `resolved`: every setting with its value; `written`: what the file, the files that it extends and the
    overrides say. Labels and sources are no settings, and what follows from the endpoint is not repeated.
    """
    stated = set(_leaves(written))
    inside = {path[:n] for path in stated for n in range(1, len(path) + 1)}
    endpoint = resolved.get("endpoint", {})
    left_out = {
        path: _value(value) + (_ASSUMED if _is_assumed_between(path, inside | stated) else "")
        for path, value in _leaves(resolved).items()
        if path[0] not in _NO_SETTINGS
        and path[-1] not in (*_LABELS, *_IN_WORDS)
        and path != ("simulation", "hypotheses")
        and "uncertainty" not in (path[0], *path[2:3])  # all of it is stated
        and path not in inside
        and not any(path[:n] in stated for n in range(1, len(path)))
        and not (path[0] == "analyses" and endpoint.get(path[-1]) == value)
    }
    lines: dict[str, list[str]] = {}
    for path, value in _gathered(left_out).items():
        if path == ("design", "block"):
            value += _in_words(resolved["design"])
        lines.setdefault(str(path[0]), []).append(" ".join([".".join(map(str, path[1:])), value]).strip())
    return [(section, "; ".join(settings)) for section, settings in lines.items()]


def _is_assumed_between(path: Path, stated: set[Path]) -> bool:
    """Whether it is the spread between patients, beside a stated one within them: it follows from nothing."""
    return (
        path[0] == "hypotheses"
        and path[-1] in _BETWEEN
        and any((*path[:2], key) in stated for key in _WITHIN)
    )


def _in_words(design: Json) -> str:
    """` (randomised in blocks of 2 patients, ...)`: what the number of units in a block comes to."""
    size = sum(design["allocation"]) * design["block"]
    return f" (randomised in blocks of {size} patients, in each of which every sequence has its share)"


def _gathered(settings: dict[Path, str]) -> dict[Path, str]:
    """What is the same for all that leave it out is said once: `hypotheses`, `*.carryover_lasts next`."""
    values = Counter({(_common(path), value) for path, value in settings.items()})
    several = Counter(_common(path) for path in settings)
    same = Counter(common for common, _ in values)
    return {
        _common(path) if same[_common(path)] == 1 and several[_common(path)] > 1 else path: value
        for path, value in settings.items()
    }


def _common(path: Path) -> Path:
    """The path with `*` in place of names and numbers."""
    return tuple(
        "*" if i and (path[i - 1] in _NAMED or isinstance(part, int)) else part for i, part in enumerate(path)
    )


def _leaves(node: object, path: Path = ()) -> dict[Path, object]:
    """Every setting by its path; a list of plain values is one setting."""
    if isinstance(node, dict):
        pairs = list(node.items())
    elif isinstance(node, list) and any(isinstance(item, dict) for item in node):
        pairs = list(enumerate(node))
    else:
        return {path: node}
    return {leaf: value for key, item in pairs for leaf, value in _leaves(item, (*path, key)).items()}


def _value(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_value(item) for item in value) or "none"
        case int() | float():
            return plain(float(value), 17)
    return str(value)
