"""A file that is read once and given many settings is what is read anew for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from planner.questions.sweep.axes import points_of, split_settings
from planner.scenario import catalogue
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import as_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading import overrides as overrides_module
from planner.scenario.reading import source as source_module
from planner.scenario.reading import validate as validate_module
from planner.scenario.reading.read import open_source, read
from planner.scenario.scenario import Scenario

# Reading

SETTINGS: list[list[str]] = [
    [],
    ["design.patients=48"],
    ["design.patients=7"],
    ["design.patients=twelve"],
    ["design.washout_days=3", "design.block=2"],
    ["monitoring.looks=[0.3, 0.2, 1.0]"],
    ["monitoring.efficacy.gamma=-4"],
    ["analyses.0.alpha=0.01"],
    ["analyses.9.method=welch"],
    ["population.dropout.per_period=0.2", "design.patients=64"],
    ["nonsense=3"],
    ["extends=no-such-file.toml"],
    ['extends="library/ketamine-opioid.toml"'],
    ['assumed=["design.patients"]'],
    ["assumed.0=design"],
    ["components.specific.size=0.3", "components.specific.size.sd=0.1"],
    ["hypotheses={}"],
    ['uncertainty."components.specific.share"={low=0.1, high=0.9}'],
    ['uncertainty."components.specific.share"={low=0.9, high=0.1}'],
    ["components.specific.share=0"],
    ["components={}"],
    ["endpoint.scale.high=20"],
    ['agents.naltrexone={label="another"}', "title=Another"],
    ["population={}"],
    ["blinding={}"],
    ['hypotheses.none.label="another"', "population.baseline.mean=30"],
]


def outcome(make: Callable[[], Scenario]) -> object:
    """Everything about a scenario, or everything that is wrong with it."""
    try:
        made = make()
    except ScenarioError as error:
        return str(error), error.faults
    return repr(made), resolve(made), digest(made), made.name, made.remarks, made.monitoring.shares


FEW = ("williams-2018", "asthma-ab-ba", "jelen-2025", "naltrexone-dose", "antidepressant-plus-naltrexone")
"""Entries that between them extend others, have one period or two, and every kind of hypothesis."""


@pytest.mark.parametrize(
    "name",
    [name if name in FEW else pytest.param(name, marks=pytest.mark.long) for name in catalogue.names()],
)
def test_a_source_gives_what_is_read_anew_for_each_set_of_settings(name: str) -> None:
    source = open_source(name)
    anew = [outcome(lambda s=settings: read(name, set=s)) for settings in SETTINGS]
    one_after_another = [outcome(lambda s=settings: source.scenario(s)) for settings in SETTINGS]
    backwards = [outcome(lambda s=settings: source.scenario(s)) for settings in SETTINGS[::-1]]
    assert one_after_another == anew
    assert backwards[::-1] == anew
    assert len({str(each) for each in anew}) > len(SETTINGS) // 2


def test_a_source_whose_statements_are_changed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The case in which the comparison above fails: an override that is put into what all share."""

    def in_place(data: Any, overrides: Any) -> Any:
        changed, fitted, faults = overrides_module.apply(data, overrides)
        data.update(changed)
        return data, fitted, faults

    plain = outcome(lambda: read("williams-2018"))
    monkeypatch.setattr(source_module, "apply", in_place)
    source = open_source("williams-2018")
    source.scenario(["design.washout_days=40"])
    assert outcome(source.scenario) != plain


def test_an_answer_that_is_kept_too_long_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more cases: tables taken over though a setting has changed them, and uncertain numbers likewise."""
    wide = ['uncertainty."components.specific.share"={low=0.1, high=0.9}']
    for kept_too_long, settings in (("validated", wide), ("uncertainty", wide)):
        source = open_source("williams-2018")
        plain, changed = outcome(source.scenario), outcome(lambda s=settings: read("williams-2018", set=s))
        real = source._kept.answer
        first = source._kept._answers[kept_too_long].value
        monkeypatch.setattr(
            source._kept, "answer", lambda q, *a, k=kept_too_long, v=first, r=real: v if q == k else r(q, *a)
        )
        if kept_too_long == "validated":
            monkeypatch.setattr(validate_module, "_from_earlier", lambda data, context, earlier: earlier[1])
        assert outcome(lambda s=settings, of=source: of.scenario(s)) != changed
        assert plain != changed
        monkeypatch.undo()


@pytest.mark.parametrize(
    "swept",
    [
        ["design.patients=24:60:12"],
        ["population.dropout.per_period=0.1,0.2", "design.patients=28,30"],
        ["monitoring.looks=[0.5, 1.0],[0.4, 0.7, 1.0]", "title=Another"],
        ["components.specific.share=0.3,0.5,0", "design.washout_days=30"],
    ],
)
def test_points_of_a_sweep_are_what_is_read_with_their_settings(swept: list[str]) -> None:
    plain, axes = split_settings(swept)
    points = points_of("williams-2018", plain, axes)
    assert len(points) > 1
    for point in points:
        settings = [f"{path}={as_toml(value)}" for path, value in point.values.items()]
        anew = outcome(lambda s=settings: read("williams-2018", set=[*plain, *s]))
        assert outcome(lambda s=point.scenario: s) == anew
