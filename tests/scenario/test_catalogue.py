"""Finding scenarios by name, from a checkout and from an installed package."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from planner.model.distinguishable import indistinguishable
from planner.model.parameter_draws import uncertain_parameters
from planner.questions.run.simulate import simulate
from planner.results.contract import as_json
from planner.scenario import catalogue
from planner.scenario.reading.read import read, read_text


def test_names_and_entries() -> None:
    names = catalogue.names()
    assert names == sorted(names)
    assert "asthma-ab-ba" in names
    assert catalogue.TEMPLATE not in names
    assert [entry.name for entry in catalogue.entries()] == names
    assert all(entry.title for entry in catalogue.entries())


@pytest.mark.parametrize("name", catalogue.names())
def test_every_entry_can_be_read(name: str) -> None:
    assert read(name).name == name


@pytest.mark.parametrize("name", catalogue.names())
def test_every_entry_runs_under_each_of_its_hypotheses(name: str) -> None:
    scenario = read(name)
    every = tuple(scenario.hypotheses)
    simulation = scenario.simulation.model_copy(update={"hypotheses": every})
    scenario = scenario.model_copy(update={"simulation": simulation})
    cells = as_json(simulate(scenario, trials=384).cells())
    assert len(cells) == len(every) * len(scenario.analyses)
    power = {}
    for cell in cells:
        assert math.isfinite(cell["true_effect"])
        assert cell.get("estimate_log", cell["estimate"])["empirical_se"] > 0.0
        assert cell["undefined"]["estimate"] < 0.02
        assert 0.0 < cell["expected_completers"]["estimate"] <= scenario.design.patients
        assert 0.0 < cell["power"]["mcse"] < 0.1
        power[cell["hypothesis"], cell["analysis"]] = cell["power"]["estimate"]
    for first, *others in indistinguishable(scenario, every):  # the same patients, whatever they are called
        for other in others:
            for analysis in scenario.analyses:
                assert power[first, analysis.name] == power[other, analysis.name]


@pytest.mark.parametrize("name", catalogue.names())
def test_what_is_stated_is_among_what_it_may_be(name: str) -> None:
    """Also where a scenario states another number than the library that gives its range."""
    for entry in uncertain_parameters(read(name)):
        low, high = entry.distribution.limits
        stated = [1.0] if entry.distribution.relative else [number.value for number in entry.numbers]
        assert all(low <= value <= high for value in stated), (entry.hypothesis, entry.key)


def test_template_is_sound_short_and_honest() -> None:
    text = catalogue.template()
    scenario = read_text(text, "template.toml")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert len(lines) <= 18
    for path in ("design.patients", "design.washout_days", "population.dropout", "hypotheses"):
        assert path in scenario.assumed


@pytest.mark.parametrize("name", ["../pyproject", "/etc/passwd", "", ".", "asthma-ab-ba.toml", "a/b", "a\0b"])
def test_a_name_is_never_a_path(name: str) -> None:
    assert catalogue.find(name) is None


def test_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a wheel the scenarios lie in planner/_scenarios."""
    package = tmp_path / "planner"
    shutil.copytree(catalogue.folder(), package / "_scenarios")
    monkeypatch.setattr(catalogue, "__file__", str(package / "scenario" / "catalogue.py"))
    assert catalogue.folder() == package / "_scenarios"
    found = catalogue.find("asthma-ab-ba")
    assert found is not None
    assert found.is_relative_to(tmp_path)


def test_unreadable_entry_is_listed_without_title(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.toml").write_bytes(b"title = \xff")
    (tmp_path / "number.toml").write_text("title = 3")
    monkeypatch.setattr(catalogue, "folder", lambda: tmp_path)
    assert [(entry.name, entry.title) for entry in catalogue.entries()] == [("broken", ""), ("number", "")]


# What print says of one


def test_a_scenario_prints_as_a_few_lines() -> None:
    assert str(read("asthma-ab-ba", set=["design.patients=40"])).splitlines()[1:] == [
        "  design: 40 patients, sequences F S and S F",
        "  hypotheses: published, minimal-important and no-difference",
        "  analyses: hills-armitage (hills-armitage)",
    ]


@pytest.mark.parametrize("name", catalogue.names())
def test_a_large_scenario_stays_short(name: str) -> None:
    scenario = read(name)
    lines = repr(scenario).splitlines()
    assert lines[0].startswith(f"Scenario {name}")
    assert len(lines) == 4
    assert max(map(len, lines)) <= 100
    assert f"{scenario.design.patients:,} patients" in lines[1]
