"""Sweeps: what the command line may say, and that every cell is the run of its own settings."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from planner.questions.run.simulate import simulate
from planner.questions.sweep.axes import MAX_POINTS, SweepError, axes_of_file, points_of, split_settings
from planner.questions.sweep.sweep import simulate_points, sweep
from planner.results.contract import as_json
from planner.scenario.reading.read import read
from tests.support.commands import SCENARIO, Cli, cli

__all__ = ["cli"]  # the fixture
FRACTIONS = SCENARIO + "\n[monitoring]\nlooks = [0.4, 1.0]\n"
STAGED = SCENARIO + "\n[monitoring]\nlooks = [12, 24]\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "plan.toml"
    path.write_text(STAGED)
    return str(path)


def values(setting: str) -> list[str] | None:
    """The values of a swept setting; None for a plain one."""
    plain, axes = split_settings([setting])
    assert len(plain) + len(axes) == 1
    return [step[0] for step in axes[0].steps] if axes else None


def test_a_sweep_over_methods_explains_each(cli: Cli) -> None:
    methods = "analyses.0.method=paired-t,hills-armitage"
    page = cli("run", "asthma-ab-ba", "--trials", "256", "--set", methods, "--format", "md")[1]
    assert "Analysis paired-t: Paired t test" in page
    assert "Analysis hills-armitage: Two-sample t test" in page
    assert "as if it were the only one" not in page  # it is the only one of its row


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ("design.patients=12:60:16", ["12", "28", "44", "60"]),
        ("design.patients=12:59:16", ["12", "28", "44"]),
        ("design.patients = 60:12:-24", ["60", "36", "12"]),
        ("design.patients=10:20:10", ["10", "20"]),  # which TOML takes for a time of day
        ("x=0.1:0.5:0.1", ["0.1", "0.2", "0.3", "0.4", "0.5"]),
        ("x=-.5:.5:.5", ["-0.5", "0.0", "0.5"]),
        ("design.patients=12, 20,30", ["12", "20", "30"]),
        ("rule=pocock,obrien-fleming", ["pocock", "obrien-fleming"]),
        ('x="a,b","c"', ['"a,b"', '"c"']),
        ("x=[1,2],[3,4]", ["[1,2]", "[3,4]"]),
        ("x={ a = 1, b = 2 },{ a = 2, b = 3 }", ["{ a = 1, b = 2 }", "{ a = 2, b = 3 }"]),
        ("x=[12,30]", None),
        ("x={ a = 1, b = 2 }", None),
        ('title="a, b: c"', None),
        ("design.patients=30", None),
        ('hypotheses."a=b,c".means.A=3', None),
        ("nonsense", None),
    ],
)
def test_what_a_setting_says(setting: str, wanted: list[str] | None) -> None:
    assert values(setting) == wanted


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("x=12:60", "from:to:step"),
        ("x=12:60:4:2", "from:to:step"),
        ("x=12:60:0", "no values"),
        ("x=60:12:4", "no values"),
        ("x=1:1000000:1", "more than 1,000"),
        ("x=1:1e999999999:1e-999999999", "too large"),
        ("x=12,,30", "missing"),
        ("x=12,", "missing"),
    ],
)
def test_faulty_sweeps_are_explained(setting: str, words: str) -> None:
    with pytest.raises(SweepError, match=words):
        split_settings([setting])


def found(source: str, *settings: str) -> Any:
    plain, axes = split_settings(settings)
    return points_of(source, plain, axes)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["simulation.seed=1,2"], "cannot be swept"),
        (["design.patients=12,24", "design.patients=30,40"], "swept twice"),
        (["design.patients=2:600:1", "population.dropout.per_period=0,.1"], "combinations are too many"),
    ],
)
def test_senseless_sweeps_are_explained(file: str, settings: list[str], words: str) -> None:
    with pytest.raises(SweepError, match=words):
        found(file, *settings)


def test_every_cell_is_the_run_of_its_own_settings(file: str) -> None:
    """Also where several numbers of patients share one pass, with looks as fractions of each number."""
    Path(file).write_text(FRACTIONS)
    grid = found(file, "design.patients=12:60:12", "population.dropout.per_period=0,.1")
    assert len(grid) == 10
    result = simulate_points(grid, trials=1500, seed=3)
    assert len(result.passes) == 2  # one for each dropout
    cells = as_json(result.cells())
    assert [tuple(cell["sweep"].values()) for cell in cells[::2]] == list(
        itertools.product(range(12, 61, 12), (0, 0.1))
    )
    for i, (n, p) in enumerate(itertools.product(range(12, 61, 12), (0, 0.1))):
        own = cells[2 * i : 2 * i + 2]
        alone = read(file, set=[f"design.patients={n}", f"population.dropout.per_period={p}"])
        want = as_json(simulate(alone, trials=1500, seed=3).cells())
        for cell, expected in zip(own, want, strict=True):
            assert cell | {"sweep": {}} == expected


def test_looks_stated_in_patients_are_scaled(file: str) -> None:
    grid = found(file, "design.patients=12,24,50")
    assert [point.scenario.monitoring.counts for point in grid] == [(6, 12), (12, 24), (26, 50)]
    result = simulate_points(grid, trials=600)
    assert len(result.passes) == 1
    want = as_json(simulate(read(file), trials=600, patients=[12, 24, 50]).cells())
    key = lambda cell: (cell["hypothesis"], cell["patients"])  # noqa: E731
    assert sorted((c | {"sweep": {}} for c in as_json(result.cells())), key=key) == sorted(want, key=key)


def test_a_fault_of_another_kind_is_not_scaled_away(file: str) -> None:
    with pytest.raises(ValueError, match="patients"):
        found(file, "design.patients=0,24")
    with pytest.raises(ValueError, match="washout"):
        found(file, "design.washout_days=7,week")


def test_the_table_of_the_file(file: str) -> None:
    table = """
[sweep]
"design.washout_days" = [7, 14]
"population.dropout.per_period, hypotheses.expected.sd_difference" = [[0.0, 8.0], [0.1, 9.0], [0.2, 10.0]]
"""
    Path(file).write_text(STAGED + table)
    grid = points_of(file, [], [])
    assert len(grid) == 6
    assert grid[1].values == {
        "design.washout_days": 7,
        "population.dropout.per_period": 0.1,
        "hypotheses.expected.sd_difference": 9.0,
    }
    assert grid[1].scenario.population.dropout.per_period == (0.1,)
    # The command line has the last word on a setting.
    assert len(points_of(file, ["design.washout_days=3"], [])) == 3
    assert len(found(file, "design.washout_days=1,2,3")) == 9
    Path(file).write_text(STAGED + '\n[sweep]\n"design.patients, design.block" = [[12, 1], 3]\n')
    with pytest.raises(SweepError, match="needs 2 values at each step"):
        axes_of_file(read(file))


def test_a_sweep_in_the_file_is_no_part_of_the_digest(file: str) -> None:
    from planner.scenario.canonical.resolved import digest

    before = digest(read(file))
    Path(file).write_text(STAGED + '\n[sweep]\n"design.washout_days" = [7, 14]\n')
    assert digest(read(file)) == before


def test_the_function_for_notebooks(file: str) -> None:
    result = sweep(file, set=["design.patients=12,24", "design.washout_days=3"], trials=256)
    frame = result.frame()
    assert frame["sweep_design.patients"].to_list() == [12, 12, 24, 24]
    assert result._repr_html_().startswith("<div>")


def test_threads_decide_nothing(file: str) -> None:
    grid = found(file, "design.patients=12,24", "population.dropout.per_period=0,.1")
    digests = {simulate_points(grid, trials=5_003, threads=threads).digest() for threads in (1, 2, 5)}
    assert len(digests) == 1


def test_ctrl_c_keeps_the_combinations_that_are_finished(file: str) -> None:
    grid = found(file, "population.dropout.per_period=0,.1,.2")
    trials = 20_000
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(total)
        if done > trials:  # in the second pass
            raise KeyboardInterrupt

    result = simulate_points(grid, trials=trials, threads=2, progress=progress)
    assert set(seen) == {3 * trials}
    document = result.to_json()
    assert result.partial
    assert document["partial"] is True
    assert "interrupted: 2 of 3 combinations have figures" in document["warnings"][0]
    assert [cell["sweep"]["population.dropout.per_period"] for cell in document["cells"]] == [0, 0, 0.1, 0.1]


# The command


def test_the_command_sweeps(cli: Cli) -> None:
    settings = ["--set", "design.patients=12:36:12", "--trials", "1000", "-q"]
    code, out, err = cli("run", "staged.toml", *settings)
    assert code == 0
    told = "warning: for 12 patients the looks, stated as 12 and 24 of 24 patients, are scaled to 6 and 12"
    assert err.startswith(told)
    assert err.count("warning:") == 1
    assert "design.patients  12, 24 and 36" in out
    assert "a  The difference that we hope for" in out
    again = out.strip().splitlines()[-1].split()
    assert cli(*again[1:], "-q")[1] == out
    document = json.loads(cli("run", "staged.toml", *settings, "--json")[1])
    assert document["schema"] == "planner.run/1"
    assert [cell["sweep"] for cell in document["cells"]] == [
        {"design.patients": n} for n in (12, 12, 24, 24, 36, 36)
    ]
    rows = list(csv.DictReader(io.StringIO(cli("run", "staged.toml", *settings, "--format", "csv")[1])))
    assert [int(row["sweep_design.patients"]) for row in rows] == [12, 12, 24, 24, 36, 36]
    (alone,) = [
        json.loads(cli("run", "staged.toml", "--json", "--trials", "1000", "-q")[1])["cells"][0]["power"]
    ]
    assert document["cells"][2]["power"] == alone
    looks_are_scaled = "Looks stated as numbers of patients are scaled"
    assert looks_are_scaled in out
    assert looks_are_scaled not in cli("run", "small.toml", *settings)[1]


def test_a_grid_of_names_and_numbers_as_markdown(cli: Cli) -> None:
    code, out, _ = cli(
        "run",
        "staged.toml",
        "--set",
        "monitoring.efficacy.rule=pocock,obrien-fleming",
        "--set",
        "population.dropout.per_period=0:.2:.1",
        "--format",
        "md",
        "--trials",
        "256",
        "-q",
    )
    assert code == 0
    assert out.count("| pocock") == 6
    assert "per\\_period" in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "design.patients=12:60"], 2, "a range is from:to:step"),
        (["--set", "design.patients=12,0"], 3, "design.patients"),
        (["--set", "design.patients=1:900:1", "--set", "design.washout_days=1,2"], 2, "too many"),
        (["--set", "hypotheses.expected.means.A=1:900:1"], 0, ""),
        (["--precision", "0"], 2, "--precision"),
        (["--precision", "0.7", "--set", "design.patients=12,24"], 2, "--precision"),
    ],
)
def test_misuse_is_explained(cli: Cli, arguments: list[str], code: int, words: str) -> None:
    answered, out, err = cli("run", "staged.toml", *arguments, "--trials", "128", "-q", "--dry-run")
    if "--precision" in arguments:
        answered, out, err = cli("run", "staged.toml", *arguments, "-q")
    assert answered == code
    assert words in err
    assert bool(out) == (code == 0)


def test_dry_run_tells_the_combinations(cli: Cli) -> None:
    code, out, _ = cli("run", "staged.toml", "--set", "design.patients=12:36:12", "--dry-run")
    assert code == 0
    assert "3, in 1 pass over the virtual patients" in out
    code, out, _ = cli("run", "staged.toml", "--set", "design.patients=12,24", "--dry-run", "--json")
    assert len(json.loads(out)["cells"]) == 4


def test_a_list_that_is_swept_has_a_column_for_each_element(cli: Cli) -> None:
    varied = ("--set", "population.period_effect=[0,1.5],[0,0]", "--trials", "128", "-q")
    code, out, _ = cli("run", "staged.toml", *varied, "--format", "csv")
    assert code == 0
    path = "sweep_population.period_effect"
    rows = [[float(row[f"{path}_{i}"]) for i in (1, 2)] for row in csv.DictReader(io.StringIO(out))]
    cells = json.loads(cli("run", "staged.toml", *varied, "--json")[1])["cells"]
    assert rows == [cell["sweep"]["population.period_effect"] for cell in cells]
    assert [0.0, 1.5] in rows


def test_interrupted_on_the_command_line(cli: Cli) -> None:
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    code, out, err = cli(
        "run", "staged.toml", "--set", "population.dropout.per_period=0,.1", "--trials", "900000000", "-q"
    )
    timer.join()
    assert code == 130
    assert "PARTIAL" in out
    assert "warning: interrupted: 1 of 2 combinations" in err


def test_the_cap_is_what_is_promised() -> None:
    assert values(f"x=1:{MAX_POINTS}:1") is not None
    with pytest.raises(SweepError):
        values(f"x=0:{MAX_POINTS}:1")
