"""Ctrl-C and SIGTERM at any moment of a command: no traceback, the right exit code, whole output or none."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from planner import _interruption as interruption
from planner.cli import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as on Unix")

SCENARIO = """\
schema_version = 1
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses.expected]
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0
[monitoring]
looks = [12, 24]
"""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
ENDLESS, SHORT = 1_000_000_000, 200_000

# Before its first line runs, Python itself answers a signal, in its own way.
CHILD = (
    "import sys; from planner.cli import main; sys.stderr.write('begun\\n'); sys.stderr.flush();"
    "sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "small.toml"
    file.write_text(SCENARIO)
    return str(file)


def begun(scenario: str, trials: int) -> subprocess.Popen[str]:
    """A run in a process of its own, as soon as it has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, "run", scenario, "--json", "--trials", str(trials)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    return process


def seconds_of_a_start(scenario: str) -> float:
    """From the first line to the end of a run of next to nothing, with everything compiled."""
    main(["run", scenario, "--trials", "1", "-q", "-o", f"{scenario}.json"])
    process = begun(scenario, 1)
    started = time.perf_counter()
    process.communicate(timeout=120)
    return time.perf_counter() - started


def check_ending(code: int, number: signal.Signals, out: str, err: str) -> str:
    """What may come of an interruption: nothing, a partial result or a whole one; which of them it was."""
    assert "Traceback" not in err
    assert "rror" not in err
    assert [line for line in err.splitlines() if not line.startswith(("warning: ", "note: "))] == []
    result = json.loads(out) if out else None
    if result is None:
        assert code == CODES[number]
        return "nothing"
    (cell,) = result["cells"]
    count = cell["power"]["estimate"] * result["run"]["trials"]
    assert count == pytest.approx(round(count), abs=1e-3), "a share of other trials than those counted"
    if result["partial"]:
        assert code == CODES[number]
        assert "interrupted" in err
        return "partial"
    # Finished before the signal, or killed when all was said: a shell sees 128 + the signal's number.
    assert code in (0, CODES[number], -number)
    return "whole"


def interrupt_at(scenario: str, trials: int, delay: float, number: signal.Signals) -> str:
    with begun(scenario, trials) as process:
        time.sleep(delay)
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    ending = check_ending(process.returncode, number, out, err)
    print(f"{number.name} after {delay:.2f} s of {trials} trials: {ending}, exit code {process.returncode}")
    return ending


@pytest.mark.long
@pytest.mark.parametrize("moments", [4, *(pytest.param(n, marks=pytest.mark.long) for n in (12, 50))])
def test_a_signal_at_any_moment(moments: int, scenario: str) -> None:
    """Two thirds hit the start and the middle of an endless run, one third the end of a short one."""
    start, rng = seconds_of_a_start(scenario), random.Random(moments)
    endings = []
    for k in range(moments):
        number = rng.choice(list(CODES))
        if k % 3:
            endings.append(interrupt_at(scenario, ENDLESS, 2.0 * start * rng.random(), number))
        else:
            endings.append(interrupt_at(scenario, SHORT, start * rng.uniform(0.7, 1.4), number))
    if moments > 4:  # so few may all come before the first result, where the machine is busy
        assert len(set(endings)) > 1, "all signals came at the same stage"


# Line by line, in this process


@pytest.fixture
def handlers() -> Iterator[None]:
    """A signal that hits the moment in which handlers change hands may leave the wrong one, or itself."""
    before = {number: signal.getsignal(number) for number in CODES}
    yield
    interruption.request(False)
    for number, handler in before.items():
        signal.signal(number, handler)


class Interrupter:
    """Counts the lines of the command line's own modules that run, and interrupts at one of them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.lines = 0
        self.where = ""

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> Any:
        file = frame.f_code.co_filename
        if "planner/cli" not in file and "planner/console" not in file:
            return None
        if frame.f_code.co_qualname in ("main", "_Signals.__init__"):
            return None  # the outermost lines: nothing stands around them
        self.lines += 1
        if self.lines == self.at:
            self.where = f"{file}:{frame.f_lineno}, {event}"
            signal.raise_signal(signal.SIGINT)
        return self


def interrupted_at(line: int, arguments: list[str]) -> tuple[int, str, str, Interrupter]:
    out, err, interrupter = io.StringIO(), io.StringIO(), Interrupter(line)
    before = sys.gettrace()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.settrace(interrupter)
        try:
            code = main(arguments)
        finally:
            sys.settrace(before)
    return code, out.getvalue(), err.getvalue(), interrupter


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("points", [60, pytest.param(100_000, marks=pytest.mark.long)])
def test_ctrl_c_at_any_line(points: int, scenario: str) -> None:
    arguments = ["run", scenario, "--trials", "1000", "--json", "-q"]
    main([*arguments, "-o", f"{scenario}.json"])  # what is loaded once
    code, out, err, whole = interrupted_at(-1, arguments)
    assert (code, err) == (0, "")
    reference = json.loads(out)["cells"]
    at = range(1, whole.lines + 1)
    for line in sorted(random.Random(points).sample(at, min(points, len(at)))):
        code, out, err, interrupter = interrupted_at(line, arguments)
        assert code == 130, interrupter.where
        assert "Traceback" not in err, interrupter.where
        assert out == "" or json.loads(out)["cells"] == reference, interrupter.where
