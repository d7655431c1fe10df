"""One rule for looks stated in patients, wherever the number of patients is changed: by `--set`, by a sweep,
by `size` or `--patients`. In a file, and where looks are set too, a contradiction stays a fault."""

from __future__ import annotations

import doctest
import json
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import planner
from planner.model.looks import look_counts
from planner.questions.size.size import size
from planner.questions.sweep.axes import points_of, split_settings
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.look_counts import scaled
from planner.scenario.reading.read import read, read_text
from tests.support.commands import SCENARIO, Cli, cli
from tests.support.toml_documents import UNHURRIED

__all__ = ["cli"]  # the fixture

STAGED = SCENARIO + "\n[monitoring]\nlooks = [12, 20, 24]\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "plan.toml"
    path.write_text(STAGED)
    return str(path)


def by_hand(looks: list[int], unit: int, patients: int) -> tuple[int, ...]:
    """The rule in its plainest form: nearest multiple, halves up, a unit apart; the end swallows looks."""
    found: list[int] = []
    for look in looks[:-1]:
        units = Fraction(look * patients, looks[-1] * unit)
        nearest = floor(units) + (1 if units - floor(units) >= Fraction(1, 2) else 0)
        before = found[-1] // unit if found else 0
        found.append(max(nearest, before + 1) * unit)
    return (*(m for m in found if m < patients), patients)


@UNHURRIED
@given(
    st.lists(st.integers(1, 200), min_size=1, max_size=6, unique=True).map(sorted),
    st.integers(1, 12),
    st.integers(1, 400),
)
def test_the_rule(looks: list[int], unit: int, patients: int) -> None:
    shares = [Fraction(m, looks[-1]) for m in looks]
    assert scaled(shares, unit, patients) == by_hand(looks, unit, patients)


@pytest.mark.parametrize("patients", [2, 4, 6, 10, 25, 30, 31, 36, 60, 1001])
def test_set_sweep_and_size_scale_alike(file: str, patients: int) -> None:
    want = by_hand([12, 20, 24], 2, patients)
    told = read(file, set=[f"design.patients={patients}"])
    assert told.monitoring.counts == want
    (swept, _) = points_of(file, *split_settings([f"design.patients={patients},24"]))
    assert swept.scenario.monitoring.counts == want
    assert look_counts(read(file), patients) == want
    # and from there on to a third number the shares are still those of the file, not of what was rounded
    assert look_counts(told, 240) == (120, 200, 240)


@pytest.mark.parametrize("patients", [24, 36, 60, 100])
def test_fractions_are_taken_anew_at_every_size(patients: int) -> None:
    """.4 of 24 is 10 in pairs; at 60 patients it is 24 for `size` as for `run`, and not 10/24 of 60."""
    text = SCENARIO + "\n[monitoring]\nlooks = [0.4, 1.0]\n"
    want = (floor(Fraction(2, 5) * patients / 2 + Fraction(1, 2)) * 2, patients)
    assert look_counts(read_text(text), patients) == want
    assert read_text(text, set=[f"design.patients={patients}"]).monitoring.counts == want


def test_what_was_scaled_is_said(file: str) -> None:
    (said,) = read(file, set=["design.patients=30"]).remarks
    assert "30 patients" in said
    assert "12, 20 and 24 of 24 patients" in said
    assert "16, 26 and 30" in said
    assert "fall" not in said
    (said,) = read(file, set=["design.patients=4"]).remarks
    assert "scaled to 2 and 4" in said
    assert "the one at 20 would reach the last one and falls away" in said
    (said,) = read(file, set=["design.patients=2"]).remarks
    assert "those at 12 and 20 would reach the last one and fall away" in said
    assert not read(file).remarks
    assert not read(file, set=["design.patients=24"]).remarks
    assert not read(file, set=["design.patients=30", "monitoring.looks=[15, 30]"]).remarks


def test_what_is_stated_is_kept_and_a_contradiction_is_a_fault(file: str) -> None:
    both = read(file, set=["design.patients=30", "monitoring.looks=[15, 30]"])
    assert both.monitoring.counts == (15, 30)
    contradictions = [
        ["design.patients=30", "monitoring.looks=[12, 24]"],
        ["design.patients=30", "monitoring.looks.0=10"],
        ["monitoring.looks=[12, 30]"],
    ]
    for settings in contradictions:
        with pytest.raises(ScenarioError, match="the last look is at all"):
            read(file, set=settings)


def test_a_contradiction_in_files_stays_a_fault(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(STAGED)
    (tmp_path / "child.toml").write_text(
        'schema_version = 1\nextends = "base.toml"\n[design]\npatients = 30\n'
    )
    child = str(tmp_path / "child.toml")
    for settings in ([], ["design.patients=36"]):
        with pytest.raises(ScenarioError, match="is 24, but the last look"):
            read(child, set=settings)
    assert read(child, set=["design.patients=24"]).monitoring.counts == (12, 20, 24)
    with pytest.raises(ScenarioError, match="is 24, but the last look"):
        read_text(STAGED.replace("patients = 24", "patients = 30"))


def test_a_scaled_scenario_can_be_written_down(file: str) -> None:
    futile = ["monitoring.futility.rule=conditional-power", "monitoring.futility.at_most=.1"]
    for n in (2, 4, 30):
        found = read(file, set=[*futile, f"design.patients={n}"])
        assert to_toml(read_text(to_toml(found))) == to_toml(found)


@pytest.mark.parametrize(
    "command",
    [
        ["run", "plan.toml", "--trials", "256"],
        ["run", "plan.toml", "--trials", "256", "--sensitivity"],
        ["run", "plan.toml", "--trials", "256", "--dry-run"],
        ["compare", "plan.toml", "plan.toml", "--trials", "256"],
        ["size", "plan.toml", "--power", ".5", "--max-patients", "40", "--trials", "1024"],
        ["trial", "plan.toml", "--replay", "3"],
        ["show", "plan.toml"],
        ["check", "plan.toml"],
    ],
)
def test_every_command_says_it(cli: Cli, file: str, command: list[str]) -> None:
    code, out, err = cli(*command, "--set", "design.patients=30", "--json")
    assert code == 0, err
    said = [warning for warning in json.loads(out)["warnings"] if "12, 20 and 24 of 24 patients" in warning]
    assert said
    assert "scaled to 16, 26 and 30" in said[0]
    if command[0] != "check":  # whose warnings, in JSON, stand there alone
        assert "scaled to 16, 26 and 30" in " ".join(err.split())
    code, out, _ = cli(*command, "--json")
    assert code == 0
    assert not any("scaled" in warning for warning in json.loads(out)["warnings"])


def test_a_sweep_says_it_once(cli: Cli, file: str) -> None:
    code, out, _ = cli("run", "plan.toml", "--trials", "256", "--set", "design.patients=2,24,30,36", "--json")
    assert code == 0
    said = [warning for warning in json.loads(out)["warnings"] if "look" in warning]
    said = [warning for warning in said if "cannot stop" not in warning]
    assert len(said) == 2
    assert "scaled to 16, 26 and 30" in said[0]
    assert "likewise for 2 and 36 patients" in said[0]
    assert said[1] == "at 2 patients looks that would reach the last one fall away"


def test_patients_of_size_says_it(file: str) -> None:
    found = size(read(file), find="effect", patients=30, power=0.8, trials=2048, hypotheses=["expected"])
    (said,) = found.warnings
    assert "12, 20 and 24 patients" in said
    assert "scaled to 16, 26 and 30" in said
    own = size(read(file), find="effect", power=0.8, trials=2048, hypotheses=["expected"])
    assert not own.warnings


def test_the_example_of_the_package_works() -> None:
    """The lines of its docstring, with fewer trials; in 0.1.0 the looks of the file contradicted them."""
    examples = doctest.DocTestParser().get_examples(planner.__doc__ or "")
    names: dict[str, object] = {}
    for example in examples:
        exec(example.source.replace("100_000", "1_000"), names)
    assert names["scenario"].design.patients == 36  # type: ignore[attr-defined]
    assert names["run"].frame().height > 0  # type: ignore[attr-defined]
