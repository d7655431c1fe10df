"""Nothing is worked out twice: how often the costly steps are done, counted from outside."""

from __future__ import annotations

import inspect
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
from planner.monitoring.boundaries import BoundaryError, boundary
from planner.questions.run import passes as passes_module
from planner.questions.run import simulate as simulate_module
from planner.questions.sweep import sweep as sweep_module
from planner.questions.sweep.axes import points_of, split_settings
from planner.scenario import catalogue
from planner.scenario.canonical.resolved import digest, resolve
from planner.scenario.canonical.toml import as_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading import build as build_module
from planner.scenario.reading import extends as extends_module
from planner.scenario.reading import overrides as overrides_module
from planner.scenario.reading import read as read_module
from planner.scenario.reading import source as source_module
from planner.scenario.reading import validate as validate_module
from planner.scenario.reading.read import open_source, read, read_text
from planner.scenario.scenario import Scenario
from tests.support.commands import FEW, SCENARIO, Cli, cli

__all__ = ["cli"]


@contextmanager
def counted(
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    key: Callable[..., Any],
    calls: Counter[Any] | None = None,
) -> Iterator[Counter[Any]]:
    """How often a function is called with the same arguments, as `key` says what is the same."""
    calls = Counter() if calls is None else calls
    real = getattr(where, name)

    def counting(*args: Any, **options: Any) -> Any:
        calls[key(*args, **options)] += 1
        return real(*args, **options)

    monkeypatch.setattr(where, name, counting)
    yield calls
    monkeypatch.setattr(where, name, real)


# What is kept


def test_an_answer_is_worked_out_once() -> None:
    memo: Memo[str, int] = Memo(2)
    calls: list[str] = []

    def of(key: str) -> int:
        return memo.of(key, lambda: calls.append(key) or len(calls))

    assert [of(key) for key in "aabab"] == [1, 1, 2, 1, 2]
    of("c")  # the third: one of the two has to go, that which was not needed for longest
    assert of("b") == 2
    assert of("a") == 4
    assert calls == ["a", "b", "c", "a"]


def test_what_fails_is_not_kept() -> None:
    memo: Memo[str, int] = Memo(2)
    with pytest.raises(ZeroDivisionError):
        memo.of("a", lambda: 1 // 0)
    assert memo.of("a", lambda: 7) == 7


def test_threads_wait_for_the_one_that_works_it_out() -> None:
    memo: Memo[str, int] = Memo(2)
    begun, may_end, calls, answers = threading.Event(), threading.Event(), [], []

    def slow() -> int:
        calls.append(1)
        begun.set()
        may_end.wait(10)
        return 5

    workers = [threading.Thread(target=lambda: answers.append(memo.of("a", slow))) for _ in range(4)]
    for worker in workers:
        worker.start()
    begun.wait(10)
    may_end.set()
    for worker in workers:
        worker.join(10)
    assert (answers, len(calls)) == ([5] * 4, 1)


def test_ctrl_c_anywhere_leaves_nothing_to_wait_for() -> None:
    """Raised on each line in turn where an answer is worked out, then somebody else asks.

    Not on that of a `with` that is left: Python answers no signal between its last line and the release.
    """
    lines, first = inspect.getsourcelines(Memo)
    opening = {first + i for i, line in enumerate(lines) if line.lstrip().startswith("with ")}
    reached = 0
    for stop in range(1, 100):
        memo: Memo[str, int] = Memo(2)
        seen: list[int] = []

        def trace(frame: Any, event: str, _: Any, stop: int = stop, seen: list[int] = seen) -> Any:
            if frame.f_globals.get("__name__") != "planner._memo":
                return None
            if event == "line" and not (frame.f_lineno in opening and frame.f_lineno in seen):
                seen.append(frame.f_lineno)
                if len(seen) == stop:
                    raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            memo.of("a", lambda: 5)
            break
        except KeyboardInterrupt:
            reached = stop
        finally:
            sys.settrace(before)
        answers: list[int] = []
        other = threading.Thread(target=lambda m=memo, a=answers: a.append(m.of("a", lambda: 5)), daemon=True)
        other.start()
        other.join(10)
        assert answers == [5]
    assert 10 < reached < 99


# Boundaries

PLAN: dict[str, Any] = {
    "alpha": 0.025,
    "sided": 1,
    "efficacy": "hwang-shih-decani",
    "efficacy_parameters": {"gamma": -4.0},
    "futility": "z",
    "futility_parameters": {"z": (0.1,)},
    "drift": 3.0,
}


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    monkeypatch.setattr(boundaries, "_SOLVED", Memo(2048))
    with counted(monkeypatch, boundaries, "_solve", lambda stated: stated.as_text()) as calls:
        yield calls


@pytest.mark.parametrize(
    "other",
    [
        {"alpha": 0.0250001},
        {"sided": 2},
        {"efficacy_parameters": {"gamma": -3.0}},
        {"efficacy": "kim-demets", "efficacy_parameters": {"rho": 3.0}},
        {"efficacy_looks": [2]},
        {"futility_parameters": {"z": (0.2,)}},
        {"futility": "none", "futility_parameters": {}},
        {"binding": True},
        {"drift": 2.0},
        {"drift": -3.0},
        {"drift": None},
        {"drift": None, "power": 0.8},
    ],
)
def test_a_boundary_is_solved_once_for_all_that_it_depends_on(
    solved: Counter[str], other: dict[str, Any]
) -> None:
    first = boundary([0.5, 1.0], **PLAN)
    assert boundary((0.5, 1.0), **PLAN) is first
    another = boundary([0.5, 1.0], **PLAN | other)
    assert another != first
    assert boundary([0.4, 1.0], **PLAN) != first
    assert list(solved.values()) == [1, 1, 1]
    boundaries._SOLVED.clear()
    assert boundary([0.5, 1.0], **PLAN | other) == another


def test_limits_of_the_caller_are_not_kept(solved: Counter[str]) -> None:
    z = [0.1]
    first = boundary([0.5, 1.0], **PLAN | {"futility_parameters": {"z": z}})
    z[0] = 0.2
    assert boundary([0.5, 1.0], **PLAN | {"futility_parameters": {"z": z}}) != first


def test_a_plan_without_limits_is_refused_in_the_same_words(solved: Counter[str]) -> None:
    wrong = PLAN | {"futility_parameters": {"z": (9.0,)}}
    texts = set()
    for _ in range(2):
        with pytest.raises(BoundaryError) as caught:
            boundary([0.5, 1.0], **wrong)
        texts.add((str(caught.value), caught.value.hint, type(caught.value)))
    assert len(texts) == 1
    assert list(solved.values()) == [1]


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


@pytest.mark.parametrize("name", catalogue.names())
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
