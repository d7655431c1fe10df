"""Whatever the input, reading gives a complete scenario or faults in its words, never anything else."""

from __future__ import annotations

import json
import tomllib
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from planner.scenario.canonical.resolved import resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read_text
from tests.support.near_scenarios import (
    EVERYTHING,
    MECHANISMS,
    NAMES,
    NESTED,
    OF_MECHANISMS,
    PATHS,
    TEXTS,
    VALID,
    as_setting,
    everywhere,
    inline,
    outcome,
)
from tests.support.toml_documents import UNHURRIED, documents, examples, plain_values

MINIMAL = (VALID / "minimal.toml").read_text(encoding="utf-8")
DOSES = (VALID / "doses.toml").read_text(encoding="utf-8")
BOTH = (VALID / "rates-and-mechanisms.toml").read_text(encoding="utf-8")
LOG_NORMAL = (VALID / "log-normal.toml").read_text(encoding="utf-8")


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


@UNHURRIED
@given(st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=8))
def test_documents_near_a_scenario(document: dict[str, Any]) -> None:
    outcome("".join(f"{json.dumps(key)} = {inline(value)}\n" for key, value in document.items()) or "a = 1")


OF_DOSES = [path for path in everywhere(tomllib.loads(DOSES)) if path]
OF_LOG_NORMAL = [path for path in everywhere(tomllib.loads(LOG_NORMAL)) if path]
OF_BOTH = [path for path in everywhere(tomllib.loads(BOTH)) if path]


@examples(st.lists(st.tuples(st.sampled_from(PATHS), NESTED), min_size=1, max_size=3), fast=75, long=300)
def test_one_setting_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """A sound scenario with anything in place of some of its settings."""
    outcome(EVERYTHING, tuple(as_setting(*change) for change in changes))


@examples(
    st.lists(st.tuples(st.sampled_from(OF_MECHANISMS), NESTED), min_size=1, max_size=3), fast=75, long=300
)
def test_one_setting_of_mechanisms_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(MECHANISMS, tuple(as_setting(*change) for change in changes))


@examples(st.lists(st.tuples(st.sampled_from(OF_DOSES), NESTED), min_size=1, max_size=3), fast=37, long=150)
def test_one_setting_of_doses_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(DOSES, tuple(as_setting(*change) for change in changes))


@examples(
    st.lists(st.tuples(st.sampled_from(OF_LOG_NORMAL), NESTED), min_size=1, max_size=3), fast=75, long=300
)
def test_one_setting_of_a_log_normal_endpoint_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(LOG_NORMAL, tuple(as_setting(*change) for change in changes))


@examples(
    st.lists(
        st.tuples(
            st.sampled_from(OF_BOTH),
            st.one_of(st.floats(0, 1), st.sampled_from(TEXTS), st.lists(st.sampled_from(TEXTS), max_size=2)),
        ),
        min_size=1,
        max_size=3,
    ),
    fast=37,
    long=150,
)
def test_one_value_of_two_families_replaced(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    outcome(BOTH, tuple(as_setting(*change) for change in changes))


@examples(st.dictionaries(st.sampled_from(NAMES), NESTED, max_size=5), fast=30, long=100)
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
@given(st.sampled_from([EVERYTHING, MINIMAL, MECHANISMS, DOSES, BOTH, LOG_NORMAL]), st.data())
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
