"""Memory is capped before it is taken: the limit, threads that fit, errors that say what to lower."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import planner.cli
from planner._platform import free_memory
from planner.engine import memory
from planner.engine.job import job_of
from planner.engine.potential_outcomes import _COPIES, potential_means
from planner.engine.workspace import new_workspace, thread_bytes
from planner.model.readings import Reading
from planner.questions.run.simulate import simulate
from tests.support.commands import Cli, cli
from tests.support.sample_trials import environment, trial

__all__ = ["cli"]

MANY = """\
schema_version = 1
title = "Everything at its largest"
[design]
sequences = ["A B A B A B A B A B A B", "B A B A B A B A B A B A"]
patients = 10000
"""
MANY += "".join(
    f"[hypotheses.h{i}]\nmeans = {{ A = {i}.0, B = 0.0 }}\nsd_within = 5.0\nsd_between = 5.0\n"
    for i in range(100)
)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("PLANNER_MEMORY", raising=False)
    memory.choose(None)
    yield
    memory.choose(None)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4G", 4 * 2**30),
        ("4g", 4 * 2**30),
        ("1.5 GiB", 3 * 2**29),
        ("512M", 2**29),
        ("512MB", 2**29),
        ("2097152", 2**21),
        ("1T", 2**40),
    ],
)
def test_amounts_as_people_write_them(text: str, size: int) -> None:
    assert memory.parse(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1G", "4X", "4 G B", "1e9", "nan", "100", "1K", "0"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="memory"):
        memory.parse(text)


def test_the_limit_is_what_is_said_else_half_of_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_memory", lambda: 8 * 2**30)
    assert memory.limit() == 4 * 2**30
    monkeypatch.setenv("PLANNER_MEMORY", "1G")
    assert memory.limit() == 2**30
    memory.choose(2**31)
    assert memory.limit() == 2**31


def test_a_setting_that_says_nothing_is_told(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_MEMORY", "much")
    code, out, err = cli("run", "small.toml", "--trials", "128", "-q")
    assert (code, out) == (3, "")
    assert "PLANNER_MEMORY" in err
    code, out, err = cli("run", "small.toml", "--memory", "much")
    assert (code, out) == (2, "")
    assert "such as 4G" in err


def test_what_is_free_is_within_the_machine() -> None:
    import resource

    assert free_memory() > 0
    text = Path("/proc/meminfo")
    if text.exists():
        total = int(text.read_text().split()[1]) * 1024
        assert free_memory() <= total
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        assert free_memory() <= soft


def test_fewer_threads_where_more_do_not_fit_and_the_same_answer() -> None:
    work = job_of(trial("unbounded"))
    each = thread_bytes(work)
    memory.choose(3 * each)
    assert memory.workers(each, 16, "a block", "less") == 3
    assert memory.workers(each, 2, "a block", "less") == 2
    few = simulate(trial("unbounded"), trials=3_000, threads=5).digest()
    memory.choose(None)
    assert simulate(trial("unbounded"), trials=3_000, threads=5).digest() == few


def test_what_is_counted_is_what_is_taken() -> None:
    """The arrays of a thread, against their own sizes."""
    work = job_of(trial("williams"))
    space = new_workspace(work, None)
    arrays = space.values.nbytes + space.stat.nbytes
    assert arrays <= thread_bytes(work) <= 2 * arrays + 2 * work.cells.empty().nbytes


@pytest.mark.parametrize("what", ["run", "trial", "compare", "dry-run", "sweep"])
def test_too_much_is_refused_before_it_is_taken(what: str, cli: Cli) -> None:
    Path("many.toml").write_text(MANY)
    arguments = {
        "run": ("run", "many.toml", "--trials", "1000"),
        "trial": ("trial", "many.toml", "--replay", "3"),
        "compare": ("compare", "many.toml", "many.toml", "--trials", "1000"),
        "dry-run": ("run", "many.toml", "--dry-run"),
        "sweep": ("run", "many.toml", "--set", "design.patients=9998,10000", "--trials", "1000"),
    }[what]
    size = "100M" if what == "trial" else "1G"
    code, out, err = cli(*arguments, "--memory", size, "-q")
    assert (code, out) == (3, "")
    assert "patients" in err
    assert "--memory" in err
    assert "hint: lower the patients" in err
    assert "fault of planner" not in err


def test_true_effects_of_some_hypotheses_at_a_time_have_the_same_bits() -> None:
    from planner.scenario.reading.read import read

    scenario = read("williams-2018")
    names = tuple(scenario.hypotheses)
    readings, treatments = [Reading("change", 1), Reading("response", 1)], ["K", "KN"]
    whole = potential_means(scenario, names, readings, treatments, 1, tiles=64)
    one = _COPIES * 64 * 128 * 8 * len(readings) * len(treatments)
    memory.choose(3 * one)
    parts = potential_means(scenario, names, readings, treatments, 1, tiles=64)
    assert np.array_equal(whole.mean, parts.mean)
    assert np.array_equal(whole.covariance, parts.covariance)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
from planner.cli import main
sys.exit(main(sys.argv[2:]))
"""


def test_a_limit_of_the_shell_is_kept_to(tmp_path: Path) -> None:
    """Where memory runs out all the same, that is no fault of planner."""
    (tmp_path / "many.toml").write_text(MANY)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(3 * 2**30), "run", "many.toml", "--trials", "256", "-q"],
        cwd=tmp_path,
        env=environment(OPENBLAS_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 3, done.stderr
    assert "memory" in done.stderr
    assert "fault of planner" not in done.stderr


def test_memory_that_runs_out_is_told_as_such(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from planner.questions.run import simulate as module

    def gone(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "simulate", gone)
    code, out, err = cli("run", "small.toml", "-q")
    assert (code, out) == (3, "")
    assert "not enough memory" in err
    assert "hint: lower" in err


@pytest.mark.long
def test_a_dry_run_counts_every_thread(tmp_path: Path) -> None:
    """What it says is no less than what the run then takes, within what Python itself varies by."""
    (tmp_path / "wide.toml").write_text(MANY.replace("patients = 10000", "patients = 400"))
    code = (
        "import resource, sys; from planner.cli import main; main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)"
    )

    def end(*more: str) -> tuple[str, int]:
        arguments = [sys.executable, "-c", code, "run", "wide.toml", "--threads", "4", "-q", *more]
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=300
        )
        return done.stdout, int(done.stderr.split()[-1])

    told, _ = end("--dry-run", "--json")
    _, taken = end("--trials", "20000", "-o", "x.json")
    said = json.loads(told)["estimate"]["memory_bytes"]
    assert 0.9 * taken < said < 2.0 * taken


@pytest.mark.parametrize(
    ("limit", "words"), [(400_000_000, "this process may have 400 MB"), (None, "internal error")]
)
def test_a_compiler_that_does_not_fit_is_no_fault_of_planner(
    limit: int | None, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Under `ulimit -v 400000` loading it fails; without a limit something else is wrong."""
    monkeypatch.setattr(planner.cli, "address_space", lambda: limit)
    planner.cli._unexpected(OSError("Could not find/load shared object file 'libllvmlite.so'"), [])
    assert words in capsys.readouterr().err


def test_what_any_limit_leaves_is_taken_without_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """To ask the system what is free takes some tenths of a millisecond: thousands of variants ask."""
    looks: list[int] = []
    monkeypatch.setattr(memory, "free_memory", lambda: looks.append(1) or 2**22)
    assert memory.fits(2**20)
    assert not looks
    assert memory.fits(2**21)
    assert not memory.fits(2**21 + 1)
    assert len(looks) == 2
