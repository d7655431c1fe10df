"""Random settings near those of a scenario: nested values, every path of a file, for tests."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import strategies as st

from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import INPUTS

VALID = INPUTS / "valid"
EVERYTHING = (VALID / "everything.toml").read_text(encoding="utf-8")
MECHANISMS = (VALID / "mechanisms.toml").read_text(encoding="utf-8")


def outcome(text: str, set: tuple[str, ...] = ()) -> Scenario | ScenarioError:
    """What reading gives; a scenario must be complete, faults must have a place inside the text."""
    try:
        scenario = read_text(text, "random.toml", set)
    except ScenarioError as error:
        check_faults(error, text, set)
        return error
    full = resolve(scenario)
    assert resolve(read_text(to_toml(scenario))) == full == tomllib.loads(to_toml(scenario))
    assert digest(read_text(to_toml(scenario))) == digest(scenario)
    return scenario


def check_faults(error: ScenarioError, text: str, set: tuple[str, ...]) -> None:
    """Every fault says something, stands inside the text or the overrides, and prints."""
    assert error.faults
    lines = text.replace("\r\n", "\n").split("\n")
    for fault in error.faults:
        assert fault.message
        if fault.file == "random.toml":
            assert 0 <= fault.line <= len(lines)
            assert fault.column <= len(lines[fault.line - 1]) + 1
        else:
            assert 1 <= fault.line <= len(set)
    assert all(line.isprintable() for line in str(error).split("\n"))
    json.dumps([fault.__dict__ for fault in error.faults])


# Names as in a scenario, so that the documents come near one.
NAMES = [
    *["schema_version", "title", "citations", "assumed", "treatments", "design", "population", "endpoint"],
    *["hypotheses", "analyses", "monitoring", "simulation", "sequences", "patients", "allocation", "name"],
    *[
        "arms",
        "baselines",
        "dropout",
        "per_period",
        "scale",
        "low",
        "high",
        "means",
        "sd_within",
        "sd_between",
    ],
    *["sd", "correlation", "looks", "efficacy", "futility", "rule", "z", "A", "B", "key", "text", "supports"],
    *["odds_ratio", "improvement", "outcome", "treatment", "ratio", "per", "around", "*", "0"],
    *["return_to_baseline", "entry", "recheck_days", "at_most_days", "share", "endpoint", "outcomes"],
    *["uncertainty", "tie", "beta", "relative", "components.specific.share", "means.A", "median"],
    *[
        "agents",
        "signals",
        "components",
        "terms",
        "rates",
        "discordant",
        "family",
        "extends",
        "measure",
        "day",
    ],
    *["component", "needs", "signal", "gate", "agent", "occupancy", "activated_by", "blocked_by", "prolongs"],
    *[
        "activated_by_signal",
        "base",
        "combine",
        "share",
        "size",
        "half_life_days",
        "median",
        "assessment_days",
    ],
    *["occupancy_by_dose", "dose", "dose_unit", "level", "at_days", "when", "2", "7.5"],
]
TEXTS = ["A B", "B A", "A", "AB/BA", "HAM-D17", "none", "period", "means", "design.patients", ""]
TEXTS += ["terms", "rates", "response", "change", "max", "library/ketamine-opioid.toml", "mu", "*"]
NESTED: Any = st.recursive(
    st.one_of(
        st.integers(-3, 40),
        st.floats(),
        st.booleans(),
        st.sampled_from(TEXTS),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=25,
)


def inline(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {inline(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(inline(item) for item in value) + "]"
    return json.dumps(value) if isinstance(value, bool | str) else repr(value)


def everywhere(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every table, list and value."""
    if isinstance(value, dict):
        return [above, *(p for k, v in value.items() for p in everywhere(v, (*above, k)))]
    if isinstance(value, list):
        return [above, *(p for k, v in enumerate(value) for p in everywhere(v, (*above, k)))]
    return [above]


PATHS = [path for path in everywhere(tomllib.loads(EVERYTHING)) if path]
OF_MECHANISMS = [path for path in everywhere(tomllib.loads(MECHANISMS)) if path]


def as_setting(path: tuple[Any, ...], value: Any) -> str:
    return f"{'.'.join(json.dumps(p) if isinstance(p, str) else str(p) for p in path)}={inline(value)}"
