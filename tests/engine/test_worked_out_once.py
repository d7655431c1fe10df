"""Nothing is worked out twice in a command: effects, units, classes, limits; counted from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner._memo import Memo
from planner.engine import potential_outcomes
from planner.engine import units as units_module
from planner.engine.potential_outcomes import truths
from planner.engine.table_key import numbers_key
from planner.model import distinguishable
from planner.model.stopping import reachable
from planner.model.stopping import remarks as remarks_module
from planner.model.stopping.remarks import look_remarks
from planner.monitoring import boundaries
from planner.questions.run import passes as passes_module
from planner.questions.run import simulate as simulate_module
from planner.questions.sweep import sweep as sweep_module
from planner.scenario.reading import build as build_module
from planner.scenario.reading import extends as extends_module
from planner.scenario.reading import read as read_module
from planner.scenario.reading import source as source_module
from planner.scenario.reading.read import read, read_text
from tests.support.commands import FEW, SCENARIO, Cli, cli
from tests.support.counting import counted, solved

__all__ = ["cli", "solved"]


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How often each step of reading a scenario is done."""
    steps: Counter[str] = Counter()
    with ExitStack() as stack:
        for module, name in (
            (read_module, "parse_toml"),
            (extends_module, "parse_toml"),
            (source_module, "merge_layers"),
            (source_module, "build_scenario"),
            (build_module, "resolve_parts"),
        ):
            stack.enter_context(counted(monkeypatch, module, name, lambda *_, n=name, **__: n, steps))
        yield steps


ONCE = {"parse_toml": 1, "merge_layers": 1, "build_scenario": 1, "resolve_parts": 1}


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (["run", "small.toml", *FEW], ONCE),
        (["run", "small.toml", *FEW, "--set", "design.patients=12:24:4"], ONCE | {"points": 4}),
        (["run", "swept.toml", *FEW], ONCE | {"points": 3 + 1}),
        (["run", "child.toml", *FEW, "--set", "design.patients=12:24:4"], ONCE | {"files": 2, "points": 4}),
        (["run", "small.toml", *FEW, "--sensitivity"], {"files": 2, "parse_toml": 2, "merge_layers": 2}),
        (["show", "small.toml"], ONCE),
        (["check", "small.toml"], ONCE),
        (["size", "small.toml", "--trials", "1000", "-q", "--max-patients", "16"], ONCE),
        (["compare", "small.toml", "staged.toml", *FEW], dict.fromkeys(ONCE, 2)),
        (["trial", "small.toml", "-q"], ONCE),
    ],
)
def test_a_command_reads_a_file_once(
    cli: Cli, reading: Counter[str], arguments: list[str], counts: dict[str, int]
) -> None:
    Path("swept.toml").write_text(SCENARIO + '\n[sweep]\n"design.patients" = [12, 16, 24]\n')
    Path("child.toml").write_text('extends = "small.toml"\nschema_version = 1\n')
    assert cli(*arguments)[0] in (0, 4)
    scenarios = counts.get("points", counts.get("resolve_parts", reading["resolve_parts"]))
    assert reading == {
        "parse_toml": counts.get("files", counts["parse_toml"]),
        "merge_layers": counts["merge_layers"],
        "build_scenario": scenarios,
        "resolve_parts": scenarios,
    }


# Sweeps


def test_a_sweep_lowers_a_scenario_when_its_turn_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first patient: limits of all points, but the true effects of the first only."""
    order: list[str] = []

    def noting(module: Any, name: str) -> None:
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *a, **o: (order.append(name), real(*a, **o))[1])

    noting(simulate_module, "job_of")
    noting(passes_module, "run_job")
    noting(sweep_module, "monitoring_plan")
    swept = ["population.dropout.per_period=0.1,0.2,0.3"]
    sweep_module.sweep("asthma-ab-ba", swept, trials=128)
    limits = order.count("monitoring_plan")
    assert limits >= 3
    assert order == ["monitoring_plan"] * limits + ["job_of", "run_job"] * 3


def test_a_point_without_limits_is_refused_before_the_first_patient(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each of them is: the second point has none, the first and the last have."""
    monkeypatch.setattr(passes_module, "run_job", None)
    swept = ["--set", "monitoring.futility.z=[0.5],[9.0],[0.6]"]
    rules = ["--set", "monitoring.futility.rule=z", "--set", "monitoring.futility.binding=true"]
    code, _, errors = cli("run", "staged.toml", *rules, *swept, *FEW)
    assert code == 3
    assert "stops for futility wherever it does not stop for efficacy" in errors


# True effects, units and classes


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept, as in a new process."""
    monkeypatch.setattr(boundaries, "_SOLVED", Memo(2048))
    monkeypatch.setattr(potential_outcomes, "_MEANS", Memo(64))
    monkeypatch.setattr(units_module, "_UNITS", Memo(256))
    monkeypatch.setattr(distinguishable, "_CLASSES", Memo(256))
    monkeypatch.setattr(remarks_module, "_IDLE", Memo(1024))
    monkeypatch.setattr(remarks_module, "_REMARKS", Memo(256))


MECHANISMS = "full-discriminator"


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        # Effects: of all treatments of the trial that are compared; then predictions, and what is guessed.
        (["run", MECHANISMS, *FEW], {"means": 1, "units": 1, "classes": 1}),
        (["run", MECHANISMS, *FEW, "--set", "design.patients=24,48"], {"means": 1, "units": 1, "classes": 1}),
        (["show", MECHANISMS], {"means": 3, "units": 0, "classes": 1}),
        (["size", "staged.toml", "--trials", "1000", "-q"], {"means": 0, "units": 2, "classes": 1}),
    ],
)
def test_a_command_works_out_effects_units_and_classes_once(
    cli: Cli,
    forgotten: None,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    most: dict[str, int],
) -> None:
    with ExitStack() as stack:
        calls = {
            name: stack.enter_context(counted(monkeypatch, module, function, lambda *_, **__: "calls"))
            for name, module, function in (
                ("means", potential_outcomes, "_simulated_means"),
                ("units", units_module, "_measured"),
                ("classes", distinguishable, "_classes"),
                ("limits", boundaries, "_solve"),
            )
        }
        solved = stack.enter_context(
            counted(monkeypatch, boundaries, "_solved_or_refused", lambda stated: stated.as_text())
        )
        assert cli(*arguments)[0] in (0, 4)
    assert {name: calls[name]["calls"] for name in most} == most
    assert set(solved.values()) == {1}
    assert calls["limits"]["calls"] == len(solved)


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (["run", "staged.toml", *FEW], 1),
        (["show", "staged.toml"], 1),
        (["check", "staged.toml"], 1),
        (["show", "staged.toml", "--json"], 1),
        (["run", "williams-2018", *FEW], 2),  # its two analyses
        (["run", "staged.toml", *FEW, "--set", "design.patients=24,36"], 2),
    ],
)
def test_a_command_finds_once_what_limits_can_do(
    cli: Cli, forgotten: None, monkeypatch: pytest.MonkeyPatch, arguments: list[str], most: int
) -> None:
    with counted(monkeypatch, reachable, "idle_looks", lambda *_: "plans") as plans:
        assert cli(*arguments)[0] in (0, 4)
    assert plans["plans"] == most
    assert remarks_module._REMARKS.worked_out <= 1


def test_what_limits_can_do_is_kept_for_equal_scenarios_only(forgotten: None) -> None:
    """Any number that matters is another key, and so is another analysis."""
    plain = read("williams-2018")
    first = look_remarks(plain)
    assert look_remarks(read("williams-2018", set=["title=Another"])) == first
    assert remarks_module._REMARKS.worked_out == 1
    others = [
        ["population.dropout.per_period=0.4"],
        ["analyses.1.alpha=0.01"],
        ["monitoring.looks=[4, 30]"],
        ["design.patients=12"],
    ]
    for number, settings in enumerate(others, 2):
        scenario = read("williams-2018", set=settings)
        kept = look_remarks(scenario)
        assert remarks_module._REMARKS.worked_out == number
        remarks_module._IDLE.clear()
        remarks_module._REMARKS.clear()
        assert look_remarks(scenario) == kept
        remarks_module._REMARKS.worked_out = number
    assert first


def test_true_effects_are_kept_for_equal_tables_only(forgotten: None) -> None:
    """The same settings in another scenario share them; any number that matters is another key."""
    plain = read(MECHANISMS)
    names = list(plain.hypotheses)
    first = truths(plain, names, 1)
    assert truths(read(MECHANISMS, set=["title=Another", "design.patients=96"]), names, 1) == first
    assert potential_outcomes._MEANS.worked_out == 1
    others = [(plain, 2), (read(MECHANISMS, set=["population.baseline.mean=27.123"]), 1)]
    for scenario, seed in others:
        kept = truths(scenario, names, seed)
        assert kept != first
        potential_outcomes._MEANS.clear()
        assert truths(scenario, names, seed) == kept


@pytest.mark.parametrize("name", [MECHANISMS, "s-versus-r-ketamine", "abdallah-2020", "naltrexone-after"])
def test_true_effects_of_all_contrasts_are_those_of_each_alone(forgotten: None, name: str) -> None:
    """To the last bit, though patients are simulated after more treatments and under more hypotheses."""
    scenario = read(name)
    names = list(scenario.hypotheses)
    together = truths(scenario, names, 1, 128)
    shares = set()
    for a, analysis in enumerate(scenario.analyses):
        alone = scenario.model_copy(update={"analyses": (analysis,)})
        for h in names:
            (truth,) = truths(alone, [h], 1, 128)[h]
            assert truth == together[h][a]
            shares.add(truth.mcse > 0)
    assert True in shares  # some are simulated
    assert truths(scenario, names, 2, 128) != together


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1.0]), np.array([1])),
        (np.array([[1.0, 2.0]]), np.array([1.0, 2.0])),
        (np.array([0.0]), np.array([-0.0])),
        (1, 1.0),
        (True, 1),
        ((1, (2,)), (1, 2)),
        ("1", 1),
        (None, "None"),
    ],
)
def test_numbers_that_a_kernel_tells_apart_have_different_keys(one: object, other: object) -> None:
    assert numbers_key(one) == numbers_key(one)
    assert numbers_key(one) != numbers_key(other)


def test_a_label_makes_no_class_and_a_number_does(forgotten: None) -> None:
    """Classes of a scenario with other numbers are its own, although it has the same names."""
    text = (
        SCENARIO
        + """
[hypotheses.same]
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0
"""
    )
    alike, apart = read_text(text), read_text(text, set=["hypotheses.same.sd_difference=9"])
    names = list(alike.hypotheses)
    assert distinguishable.indistinguishable(alike, names) == (("expected", "same"), ("none",))
    assert distinguishable.indistinguishable(apart, names) == (("expected",), ("none",), ("same",))
    assert distinguishable.indistinguishable(alike, names[:2]) == (("expected",), ("none",))
