"""`planner doctor`: what it finds of the machine, at once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from planner.benchmarks import doctor, machine
from planner.cli import main
from tests.support.marks import repeated
from tests.support.paths import ROOT
from tests.support.sample_trials import environment

# doctor


def test_doctor_finds_this_machine_sound_or_says_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == (0 if found["healthy"] else 5)
    assert found["schema"] == "planner.doctor/1"
    assert set(machine.PACKAGES) <= set(found["versions"])
    assert main(["doctor"]) == code
    out = capsys.readouterr().out
    assert "numba" in out
    assert "vectors of" in out


def test_doctor_answers_at_once_and_compiles_nothing(tmp_path: Path) -> None:
    """The best of several, because anything else the machine does only ever adds time."""
    code = (
        "import sys; from planner.cli import main; code = main(['doctor', '--json']);"
        "print([m for m in ('planner.engine.run', 'scipy.stats', 'polars') if m in sys.modules],"
        "file=sys.stderr); sys.exit(code)"
    )
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env=environment(PLANNER_CACHE=str(tmp_path)),
        )
        best = min(best, time.perf_counter() - begun)
        assert done.returncode == 0, done.stderr
        assert done.stderr.strip() == "[]"
        found = json.loads(done.stdout)
        assert found["cache"]["folder"].startswith(str(tmp_path))
        assert (found["cache"]["kernels"], found["cache"]["bytes"]) == (0, 0)
    assert best < 2.0 * 3, f"{best:.2f} s"  # promised 2 s on an idle machine


@pytest.mark.parametrize(
    ("setting", "words"),
    repeated(
        [
            ({"NUMBA_DISABLE_JIT": "1"}, "NUMBA_DISABLE_JIT is set"),
            ({"NUMBA_OPT": "0"}, "NUMBA_OPT is set"),
            ({"NUMBA_BOUNDSCHECK": "1"}, "NUMBA_BOUNDSCHECK is set"),
            ({"PLANNER_CACHE": "/proc/nowhere"}, "compiled code cannot be kept"),
            ({"NUMBA_CPU_NAME": "generic"}, "no fused multiply-add"),
        ],
        fast=2,
    ),
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_doctor_names_what_hinders_seriously(setting: dict[str, str], words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "planner", "doctor"],
        capture_output=True,
        text=True,
        env=environment(**setting),
    )
    assert done.returncode == 5, done.stderr
    assert words in " ".join(done.stdout.split())
    assert "Serious: " in done.stdout
    assert done.stderr == ""


def test_doctor_tells_what_only_slows() -> None:
    one = doctor._of_processor({"machine": 8, "usable": 1, "allowed": None}, 256, True)
    assert [(finding.serious, finding.what[:8]) for finding in one] == [(False, "one core")]
    limited = doctor._of_processor({"machine": 8, "usable": 8, "allowed": 2.5}, 256, True)
    assert [(finding.serious, finding.hint) for finding in limited] == [(False, "planner run --threads 2")]
    assert doctor._of_processor({"machine": 8, "usable": 8, "allowed": 8.0}, 256, True) == []
    (none,) = doctor._of_processor({"machine": 8, "usable": 8, "allowed": None}, 0, False)
    assert none.serious


def test_doctor_tells_missing_and_old_packages() -> None:
    found = doctor._of_versions({"numpy": None, "numba": "0.60.1", "scipy": "1.14", "rich": "1"})
    assert [(finding.serious, finding.what) for finding in found] == [
        (True, "numpy is not installed"),
        (True, "numba 0.60.1 is older than 0.61"),
    ]


def test_the_least_versions_are_those_that_the_package_asks_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needs = dict(need.split(">=") for need in project["dependencies"])
    assert {name: needs[name] for name in doctor._LEAST} == doctor._LEAST
    assert set(needs) | {"llvmlite"} == set(machine.PACKAGES)
