"""Reading scenarios: defaults, derived numbers, --set, sources that cannot be read, speed."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from planner.model.estimand import alternative_direction
from planner.scenario.canonical.resolved import resolve
from planner.scenario.canonical.toml import to_toml
from planner.scenario.faults import ScenarioError
from planner.scenario.reading.read import read, read_text
from planner.scenario.resolving.families.means import possible
from planner.scenario.resolving.monitoring import rounded
from planner.scenario.scenario import Scenario
from tests.support.marks import repeated
from tests.support.paths import INPUTS
from tests.support.refused import faults

FOLDER = INPUTS / "valid"
MINIMAL = (FOLDER / "minimal.toml").read_text(encoding="utf-8")


def minimal(*settings: str) -> Scenario:
    return read_text(MINIMAL, "trial.toml", settings)


def test_defaults_are_filled_in() -> None:
    scenario = minimal()
    assert scenario.name == "trial"
    assert scenario.design.sequences == (("A", "B"), ("B", "A"))
    assert scenario.design.allocation == (1, 1)
    assert (scenario.design.periods, scenario.design.unit) == (2, 2)
    assert {k: v.label for k, v in scenario.treatments.items()} == {"A": "A", "B": "B"}
    assert scenario.population.period_effect == (0.0, 0.0)
    assert scenario.population.sequence_effect == (0.0, 0.0)
    assert scenario.population.dropout.per_period == (0.0,)
    assert scenario.endpoint.measure == "score"
    assert scenario.endpoint.bounds is None
    assert scenario.hypotheses["effect"].label == "effect"
    (analysis,) = scenario.analyses
    assert (analysis.name, analysis.method, analysis.contrast) == (
        "hills-armitage",
        "hills-armitage",
        ("A", "B"),
    )
    assert scenario.monitoring.looks == (24,)
    assert scenario.monitoring.efficacy is not None
    assert scenario.monitoring.efficacy.rule == "none"
    assert scenario.simulation.hypotheses == ("effect",)
    assert (scenario.simulation.trials, scenario.simulation.seed) == (100_000, 1)


@pytest.mark.parametrize(
    ("sequences", "method"),
    [
        (["A B", "B A"], "hills-armitage"),
        (["B A", "A B"], "hills-armitage"),
        (["A B", "B A", "A A"], "fixed-subject"),
        (["A B", "B A", "A C", "C A", "B C", "C B"], "fixed-subject"),
        (["A B B", "B A A"], "subject-contrast"),
        (["A B C", "B C A", "C A B"], "subject-contrast"),
        (["A B", "B A", "C D", "D C"], "subject-contrast"),
        (["A B"], "paired-t"),
        (["A B C", "A C B"], "paired-t"),
        (["A B", "B C"], None),
        (["A", "B"], "period-one"),
        (["A", "B", "C"], "period-one"),
    ],
)
def test_default_method_follows_the_design(sequences: list[str], method: str | None) -> None:
    settings = [
        f"design.sequences={sequences}",
        "hypotheses.effect.means={A=1, B=2, C=3, D=3}",
        *(f"treatments.{a}.label={a}" for a in "ABCD"),
    ]
    if method is None:
        assert "no analysis fits" in faults(MINIMAL, *settings)[0].message
    else:
        assert minimal(*settings).analyses[0].method == method


def test_nothing_can_be_changed() -> None:
    scenario = minimal()
    with pytest.raises(ValueError, match="frozen"):
        scenario.design.patients = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("form", "within", "between", "difference"),
    [
        ("sd_within = 4\nsd_between = 5", 4.0, 5.0, math.sqrt(32)),
        ("sd_within = 4\nsd_between = 5\nsd_interaction = 3", 4.0, 5.0, math.sqrt(50)),
        ("sd = 5\ncorrelation = 0.36", 4.0, 3.0, math.sqrt(32)),
        ("sd = 5\ncorrelation = 0", 5.0, 0.0, math.sqrt(50)),
        ("sd_difference = 5", math.sqrt(12.5), math.sqrt(12.5), 5.0),
        ("sd_difference = 5\nsd_between = 7", math.sqrt(12.5), 7.0, 5.0),
        ("sd_difference = 5\nsd_interaction = 3", math.sqrt(3.5), math.sqrt(3.5), 5.0),
        ("sd = 5\ncorrelation = 0.2\nsd_interaction = 2", 4.0, math.sqrt(5), math.sqrt(40)),
    ],
)
def test_every_form_of_spread(form: str, within: float, between: float, difference: float) -> None:
    text = MINIMAL.replace("sd_within = 4\nsd_between = 5", form)
    spread = read_text(text).hypotheses["effect"].spread
    assert spread.within == {"A": pytest.approx(within, rel=1e-15), "B": pytest.approx(within, rel=1e-15)}
    assert spread.between == pytest.approx(between, rel=1e-15)
    assert spread.difference("A", "B") == pytest.approx(difference, rel=1e-15)
    total = spread.between**2 + spread.interaction**2 + within**2
    assert spread.total("A") == pytest.approx(math.sqrt(total), rel=1e-15)
    assert spread.correlation("A", "B") == pytest.approx(between**2 / total, rel=1e-15)


def test_unequal_spread() -> None:
    text = MINIMAL.replace("sd_within = 4", 'sd_within = { A = 6, "*" = 4 }')
    spread = read_text(text).hypotheses["effect"].spread
    assert spread.within == {"A": 6.0, "B": 4.0}
    assert spread.difference("A", "B") == math.sqrt(52)


@pytest.mark.parametrize(
    ("fraction", "patients", "unit", "count"),
    [
        (0.4, 30, 2, 12),
        (0.25, 30, 2, 8),
        (0.29, 100, 2, 30),
        (0.3, 30, 2, 10),
        (0.5, 31, 2, 16),
        (0.1, 3, 1, 0),
    ],
)
def test_fractions_of_looks(fraction: float, patients: int, unit: int, count: int) -> None:
    assert rounded(fraction, patients, unit) == count


def test_possible_correlations() -> None:
    assert possible([[1.0, 0.9], [0.9, 1.0]])
    assert possible([[1.0, 1.0], [1.0, 1.0]])
    assert not possible([[1.0, 1.1], [1.1, 1.0]])
    assert not possible([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])


@pytest.mark.parametrize(
    ("scale", "wish", "direction"),
    [
        ("lower", "better", "less"),
        ("lower", "worse", "greater"),
        ("higher", "better", "greater"),
        ("higher", "worse", "less"),
        ("lower", "greater", "greater"),
        ("lower", "two-sided", "two-sided"),
    ],
)
def test_direction(scale: str, wish: str, direction: str) -> None:
    scenario = minimal(f"endpoint.scale={{better='{scale}'}}", f"analyses.0.alternative={wish}")
    assert alternative_direction(scenario.analyses[0], scenario.endpoint.scale) == direction


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("design.patients=30", "design.patients", 30),
        ("design.patients = 30", "design.patients", 30),
        ("analyses.0.alpha=.01", "analyses.0.alpha", 0.01),
        ("analyses.0.method=paired-t", "analyses.0.method", "paired-t"),
        ("title=A trial", "title", "A trial"),
        ('title="12"', "title", "12"),
        ("monitoring.looks=[12,24]", "monitoring.looks.0", 12),
        ('hypotheses."effect".means.A=-.5', "hypotheses.effect.means.A", -0.5),
        ("population.dropout={per_period=5e-2}", "population.dropout.per_period.0", 0.05),
        ("design.sequences.1=B A", "design.sequences.1", "B A"),
        ("endpoint.scale=HAM-D17", "endpoint.scale.high", 52.0),
    ],
)
def test_set(setting: str, path: str, value: object) -> None:
    found: object = resolve(minimal(setting))
    for part in path.split("."):
        found = found[part] if isinstance(found, dict) else found[int(part)]  # type: ignore[index]
    assert found == value


@pytest.mark.parametrize(
    ("setting", "column", "marked", "message"),
    [
        ("design.patients=many", 17, "many", "must be a whole number"),
        ("design.patiens=3", 1, "design.patiens", "not a known setting"),
        ("design.patients=", 17, "", "has no value"),
        ("design.patients", 1, "design.patients", "not of the form path=value"),
        ("=3", 1, "=3", "not of the form path=value"),
        ("design.patients=12:60:4", 17, "12:60:4", "a list of values where one is needed"),
        ("design.patients=12,20", 17, "12,20", "a list of values where one is needed"),
        ("title='open", 7, "'open", "not a TOML value"),
        ("title=1\nseed=2", 7, "1\nseed=2", "not a TOML value"),
        ("design.patients.x=3", 1, "design.patients.x", "has no settings inside"),
        ("design.sequences.7=A B", 1, "design.sequences.7", "has 2 entries"),
        ("monitoring={looks=[0.5, 0.2, 1]}", 19, "[0.5, 0.2, 1]", "must increase"),
        ("hypotheses.effect.means={A=1, C=2}", 31, "C", "not a treatment"),
        ("population.dropout={per_period=[0.1, 0.2]}", 32, "[0.1, 0.2]", "has 2 numbers for 1 gap"),
    ],
)
def test_faults_in_set_point_at_it(setting: str, column: int, marked: str, message: str) -> None:
    found = faults(MINIMAL, "title=First", setting)
    fault = next(fault for fault in found if message in fault.message)
    assert (fault.file, fault.line, fault.column) == ("--set", 2, column)
    assert setting[column - 1 : column - 1 + fault.width].rstrip() == marked or not marked


def test_faults_of_file_and_set_come_together() -> None:
    found = faults(MINIMAL.replace("sd_within = 4", "sd_within = -4"), "design.block=0", "nonsense")
    assert [(fault.file, fault.line) for fault in found] == [("trial.toml", 9), ("--set", 1), ("--set", 2)]


def test_set_makes_tables_and_lists() -> None:
    text = "schema_version = 1\n[hypotheses.h]\nmeans = { A = 1, B = 2 }\nsd_difference = 3\n"
    settings = [
        "design.sequences=['A B', 'B A']",
        "design.patients=12",
        "analyses.0.alpha=.1",
        "analyses.1.name=x",
    ]
    scenario = read_text(text, set=[*settings, "analyses.1.method=paired-t"])
    assert [analysis.name for analysis in scenario.analyses] == ["hills-armitage", "x"]


def test_missing_setting_of_a_table_made_by_set_points_at_the_set() -> None:
    (fault,) = faults(MINIMAL, "hypotheses.new.sd_difference=3")
    assert (fault.file, fault.line, fault.path) == ("--set", 1, "hypotheses.new")


def test_sources(tmp_path: Path) -> None:
    file = tmp_path / "my trial.toml"
    file.write_text("\ufeff" + MINIMAL.replace("\n", "\r\n"), encoding="utf-8")
    assert read(file).name == "my trial"
    assert read(str(file)) == read(file)
    assert read("template").name == "template"
    for source, message in [
        (tmp_path, "is a folder"),
        (tmp_path / "none.toml", "no such file"),
        ("no\0name", "no such file"),
        ("x" * 5000, "not a file name"),
        ("../scenarios/template", "no such file"),
    ]:
        with pytest.raises(ScenarioError, match=message):
            read(source)


def test_misspelt_name_of_the_catalogue() -> None:
    with pytest.raises(ScenarioError) as caught:
        read("asthma-abba")
    assert caught.value.faults[0].hint == "did you mean asthma-ab-ba?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ("a = " + "1" * 10_000, "too many digits"),
        ("a = [{ b = 0x" + "f" * 10_000 + " }]", "too many digits"),
        ("a = '\ud800'", "half of a character"),
    ],
)
def test_texts_that_cannot_be_parsed(text: str, message: str) -> None:
    assert message in faults(text)[0].message


def test_huge_file(tmp_path: Path) -> None:
    file = tmp_path / "huge.toml"
    file.write_text("# comment\n" * 200_000)
    with pytest.raises(ScenarioError, match=r"larger than 1,000,000 bytes"):
        read(file)


def test_many_faults_are_cut() -> None:
    text = MINIMAL + "".join(f"x{i} = 1\n" for i in range(5000))
    start = time.perf_counter()
    found = faults(text)
    assert time.perf_counter() - start < 2
    assert len(found) == 101
    assert found[-1].message == "4900 more faults are not shown"


@pytest.mark.parametrize(
    "text",
    repeated(
        [
            "a." * 400_000 + "b = 1",
            "".join('"a" . ' for _ in range(100_000)) + "b = 1",
            MINIMAL + "[[analyses]]\n" * 60_000,
            MINIMAL + '[[citations]]\nkey = "a"\ntext = "b"\n' * 25_000,
            MINIMAL + "".join(f"[hypotheses.h{i}]\nmeans = {{ A = 1 }}\n" for i in range(20_000)),
        ],
        fast=3,
    ),
    ids=["dotted", "dotted-quoted", "analyses", "citations", "hypotheses"],
)
def test_hostile_megabytes(text: str) -> None:
    """Nothing in a file of the largest allowed size costs time that grows with its square."""
    start = time.perf_counter()
    with contextlib.suppress(ScenarioError):
        read_text(text)
    assert time.perf_counter() - start < 20


def test_named_design_is_the_same_as_its_sequences() -> None:
    named = minimal('design={name="AB/BA", arms=["A", "B"], patients=24}')
    assert to_toml(named) == to_toml(minimal())


def test_speed() -> None:
    """1,500 lines well below a fifth of a second."""
    citation = '[[citations]]\nkey = "k"\ntext = "x"\nsupports = ["design"]\n'
    text = MINIMAL + "\n" + citation * 375
    start = time.perf_counter()
    read_text(text)
    assert time.perf_counter() - start < 0.2


def test_import_is_light() -> None:
    """Reading a scenario needs nothing of the simulation."""
    script = (
        "import sys, planner.scenario.reading.read; "
        "print(sorted({'numpy', 'numba', 'scipy', 'polars', 'rich', 'typer'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in FOLDER.glob("*.toml"):
            resolve(read(path))


def test_a_set_value_is_neither_sourced_nor_assumed() -> None:
    """What the file says of a number is not said of the number that replaces it."""
    plain = read("williams-2018")
    changed = read("williams-2018", set=["design.assessment_days=[1]", "population.baseline.sd=4"])
    assert "design.assessment_days.2" in plain.assumed
    assert "population.baseline.sd" in plain.assumed
    assert not any(path.startswith("design.assessment_days") for path in changed.assumed)
    assert "population.baseline.sd" not in changed.assumed
    assert "population.baseline.mean" in changed.assumed
    supported = [path for source in changed.citations for path in source.supports]
    assert not any(path.startswith("design.assessment_days") for path in supported)
