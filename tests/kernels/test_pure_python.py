"""Without the compiler (NUMBA_DISABLE_JIT=1) kernels are plain Python and give the same bits, silently."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from tests.support import sample_mechanisms
from tests.support.marks import repeated
from tests.support.paths import ROOT
from tests.support.plain_cases import cases
from tests.support.sample_trials import NAMES, answers, elsewhere, environment, fingerprints, generated

TRIALS, PATIENTS = 100, 6
# Tests of single kernels that are quick enough for plain Python; every warning is an error there too.
ALSO = [
    "test_random_numbers.py::test_philox_known_answers",
    "test_random_numbers.py::test_units_are_the_middles_of_their_cells",
    "test_random_numbers.py::test_largest_normal",
    "test_random_numbers.py::test_fused_multiply_add_rounds_once",
    "test_random_numbers.py::test_no_word_is_used_twice",
    "test_drawn.py::test_a_last_block_may_be_cut",
    "test_drawn.py::test_certain_and_impossible_departures",
]


# The true effects of mechanisms come from a long simulation, which plain Python would never finish: of them
# the virtual patients are compared.
MECHANISMS = ("mechanisms", *sample_mechanisms.TEXTS)
DECORATORS = {"kernel", "lanes", "shared", "if_given"}
SMALL = tuple(name for name in NAMES if name not in MECHANISMS)


@cache
def plain(*words: str) -> dict[str, Any]:
    """The report of `plain_cases` from a process without the compiler."""
    command = [sys.executable, "-m", "tests.support.plain_cases", *words]
    done = subprocess.run(
        command, env=environment(NUMBA_DISABLE_JIT="1"), cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.long
def test_every_compiled_function_is_executed_in_plain_python() -> None:
    """All of kernels/ and analyses/: a new function needs a case in tests/support/plain_cases.py."""
    found = plain()
    executed = {name for names in found["executed"].values() for name in names}
    assert set(found["every"]) - executed == set()
    assert set(found["every"]) == decorated()  # that the report leaves none out
    for case, module in (("density", "mixture_density"), ("near density", "near_density")):
        others = {name for other, names in found["executed"].items() if other != case for name in names}
        left = set(found["every"]) - others  # negative control: without a case something is missing
        assert {each.rpartition(".")[0] for each in left} == {f"planner.kernels.{module}"}


@pytest.mark.parametrize("quick", repeated([True, False]), ids=["quick", "all"])
def test_plain_python_gives_what_compiled_code_gives(quick: bool) -> None:
    given = plain(*["quick"] * quick)["given"]
    assert given == {name: case() for name, case in cases(quick).items()}
    assert len(set(given.values())) > len(given) - 8  # the fingerprint sees what differs


def decorated() -> set[str]:
    """The functions of kernels/ and analyses/ that wear a decorator of planner.kernels.jit, by their text."""
    found = set()
    for folder in ("kernels", "analyses"):
        for file in (ROOT / "planner" / folder).rglob("*.py"):
            module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    worn = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
                    found |= {f"{module}.{node.name}"} if worn & DECORATORS else set()
    return found


@pytest.mark.long
def test_plain_python_gives_the_same_digests() -> None:
    """Every sample trial, with a tile of trials and a few patients; some lose a look by that."""
    sizes = ("--trials", str(TRIALS), "--patients", str(PATIENTS))
    children = [elsewhere(*SMALL[i::2], *sizes, NUMBA_DISABLE_JIT="1") for i in range(2)]
    plain = answers(*children)
    assert not any(report["vectors"] for report in plain)
    assert {name: prints for report in plain for name, prints in report["trials"].items()} == fingerprints(
        SMALL, TRIALS, PATIENTS
    )


@pytest.mark.long
def test_plain_python_generates_the_same_patients() -> None:
    """Severities, components, decays, occasions, errors and readings of family `terms`."""
    size = ("--generated", "--patients", str(PATIENTS))
    (report,) = answers(elsewhere(*MECHANISMS, *size, NUMBA_DISABLE_JIT="1"))
    assert report["trials"] == {name: generated(name, PATIENTS) for name in MECHANISMS}


@pytest.mark.long
def test_plain_python_passes_the_small_tests() -> None:
    tests = [str(ROOT / "tests" / "kernels" / name) for name in ALSO]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-x", "--no-header", *tests]
    done = subprocess.run(
        command,
        env=environment(NUMBA_DISABLE_JIT="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


def test_plain_python_is_really_plain() -> None:
    """The comparison would not notice a variable that has no effect."""
    code = (
        "from planner.kernels import jit; from planner.kernels.generate import means;"
        "print(jit.COMPILED, hasattr(means.generate, 'signatures'), jit.cache_folder.cache_info().misses)"
    )
    for setting, said in (("1", "False False 0"), ("0", "True True 1")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(NUMBA_DISABLE_JIT=setting),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stdout.strip() == said


@pytest.mark.long
def test_plain_python_gives_the_same_digests_with_all_patients() -> None:
    children = [elsewhere(*SMALL[i::2], "--trials", "100", NUMBA_DISABLE_JIT="1") for i in range(2)]
    plain = answers(*children, timeout=900.0)
    found = {name: prints for report in plain for name, prints in report["trials"].items()}
    assert found == fingerprints(SMALL, 100)
