"""Whatever the input, reading gives a complete scenario or faults in its words, never anything else."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from planner.scenario.scenario import Scenario
from tests.support.paths import INPUTS
from tests.support.toml_documents import UNHURRIED, documents, plain_values

VALID = INPUTS / "valid"
EVERYTHING = (VALID / "everything.toml").read_text(encoding="utf-8")
MINIMAL = (VALID / "minimal.toml").read_text(encoding="utf-8")
MECHANISMS = (VALID / "mechanisms.toml").read_text(encoding="utf-8")
DOSES = (VALID / "doses.toml").read_text(encoding="utf-8")
BOTH = (VALID / "rates-and-mechanisms.toml").read_text(encoding="utf-8")


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


@UNHURRIED
@given(documents())
def test_any_toml(text: str) -> None:
    assert isinstance(outcome(text), ScenarioError)


@UNHURRIED
@given(st.text(max_size=200))
@example("\x00")
@example('a = "\ud800"')
@example("=")
@example("[" * 2000)
@example("a." * 5000 + "b = 1")
def test_any_text(text: str) -> None:
    assert isinstance(outcome(text), ScenarioError)


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


@UNHURRIED
@given(st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=8))
def test_documents_near_a_scenario(document: dict[str, Any]) -> None:
    outcome("".join(f"{json.dumps(key)} = {inline(value)}\n" for key, value in document.items()) or "a = 1")


def everywhere(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every table, list and value."""
    if isinstance(value, dict):
        return [above, *(p for k, v in value.items() for p in everywhere(v, (*above, k)))]
    if isinstance(value, list):
        return [above, *(p for k, v in enumerate(value) for p in everywhere(v, (*above, k)))]
    return [above]


PATHS = [path for path in everywhere(tomllib.loads(EVERYTHING)) if path]
OF_MECHANISMS = [path for path in everywhere(tomllib.loads(MECHANISMS)) if path]
OF_DOSES = [path for path in everywhere(tomllib.loads(DOSES)) if path]
OF_BOTH = [path for path in everywhere(tomllib.loads(BOTH)) if path]


def as_setting(path: tuple[Any, ...], value: Any) -> str:
    return f"{'.'.join(json.dumps(p) if isinstance(p, str) else str(p) for p in path)}={inline(value)}"


@settings(UNHURRIED, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(PATHS), NESTED), min_size=1, max_size=3))
def test_one_setting_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """A sound scenario with anything in place of some of its settings."""
    outcome(EVERYTHING, tuple(as_setting(*change) for change in changes))


@settings(UNHURRIED, max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(OF_MECHANISMS), NESTED), min_size=1, max_size=3))
def test_one_setting_of_mechanisms_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(MECHANISMS, tuple(as_setting(*change) for change in changes))


@settings(UNHURRIED, max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(OF_DOSES), NESTED), min_size=1, max_size=3))
def test_one_setting_of_doses_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(DOSES, tuple(as_setting(*change) for change in changes))


@settings(UNHURRIED, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(OF_BOTH),
            st.one_of(st.floats(0, 1), st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS), max_size=2)),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_one_value_of_two_families_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(BOTH, tuple(as_setting(*change) for change in changes))


@UNHURRIED
@given(st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=5))
def test_anything_on_top_of_the_library(document: dict[str, Any]) -> None:
    """A file that extends the library: faults may stand in either file."""
    document.pop("extends", None)
    text = 'extends = "williams-2018.toml"\n'
    text += "".join(f"{json.dumps(key)} = {inline(value)}\n" for key, value in document.items())
    try:
        scenario = read_text(text, "random.toml")
    except ScenarioError as error:
        lines = text.split("\n")
        for fault in error.faults:
            assert fault.message
            assert fault.file == "random.toml" or fault.file.endswith(("williams-2018.toml", "opioid.toml"))
            assert fault.file != "random.toml" or fault.line <= len(lines)
            assert not fault.line or 1 <= fault.column <= len(fault.source_line) + 1
    else:
        assert resolve(read_text(to_toml(scenario))) == resolve(scenario)


@UNHURRIED
@given(st.lists(st.one_of(st.text(max_size=30), st.tuples(st.sampled_from(PATHS), plain_values)), max_size=3))
def test_any_override(items: list[Any]) -> None:
    texts = [item if isinstance(item, str) else f"{'.'.join(map(str, item[0]))}={item[1]}" for item in items]
    outcome(MINIMAL, tuple(texts))


@UNHURRIED
@given(st.sampled_from([EVERYTHING, MINIMAL, MECHANISMS, DOSES, BOTH]), st.data())
def test_damaged_file(text: str, data: Any) -> None:
    """A sound file with a piece cut out or put in."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    outcome(text[:start] + data.draw(st.text(max_size=3)) + text[end:])


numbers = st.floats(0.1, 50)


@UNHURRIED
@given(
    means=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
    form=st.one_of(
        st.tuples(numbers, numbers).map(lambda n: f"sd_within = {n[0]!r}\nsd_between = {n[1]!r}"),
        st.tuples(numbers, st.floats(0, 0.99)).map(lambda n: f"sd = {n[0]!r}\ncorrelation = {n[1]!r}"),
        numbers.map(lambda n: f"sd_difference = {n!r}"),
    ),
    patients=st.integers(1, 10_000),
    looks=st.sampled_from(["[1.0]", "[0.5, 1.0]", "[0.2, 0.4, 1]"]),
)
def test_ordinary_scenarios_are_read(
    means: tuple[float, float], form: str, patients: int, looks: str
) -> None:
    """Sound numbers are never refused, unless the looks of few patients fall together."""
    text = (
        f'schema_version = 1\n[design]\nsequences = ["A B", "B A"]\npatients = {patients}\n'
        f"[hypotheses.h]\nmeans = {{ A = {means[0]!r}, B = {means[1]!r} }}\n{form}\n"
        f"[monitoring]\nlooks = {looks}\n"
    )
    found = outcome(text)
    if isinstance(found, ScenarioError):
        assert patients < 15
        assert [fault.path for fault in found.faults] == ["monitoring.looks"]
