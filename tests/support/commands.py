"""What tests of commands share: small scenario files, a command in this process or in one of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planner.cli import main

SCENARIO = """\
schema_version = 1
title = "A small crossover"

[treatments]
A = { label = "new drug" }
B = { label = "placebo" }

[design]
sequences = ["A B", "B A"]
patients = 24

[hypotheses.expected]
label = "The difference that we hope for"
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0

[hypotheses.none]
means = { A = 0.0, B = 0.0 }
sd_difference = 8.0
"""

HOSTILE = """\
schema_version = 1
title = "[red]x[/red] \\u001b[31m title \\u202e"
[design]
sequences = ["A B", "B A"]
patients = 24
[hypotheses."[red]x[/red]"]
label = "\\u001b]0;title\\u0007 [bold]label[/bold] \\u009b31m"
means = { A = 5.0, B = 0.0 }
sd_difference = 8.0
"""

FEW = ["--trials", "1000", "-q"]
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command in a folder with three scenario files; gives exit code, output and remarks."""
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(SCENARIO)
    Path("staged.toml").write_text(SCENARIO + "\n[monitoring]\nlooks = [12, 24]\n")
    Path("hostile.toml").write_text(HOSTILE)

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def command(*arguments: str) -> list[str]:
    code = "import sys; from planner.cli import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", code, *arguments]


def interrupted(cli: Cli, number: int, *arguments: str) -> tuple[int, str, str, float]:
    """What an endless command in this process answers to a signal, and how many seconds after it.

    Its kernels have to be compiled. A busy machine may have nothing to show by then: the signal comes later.
    """
    sent: list[float] = []

    def send() -> None:
        sent.append(time.perf_counter())
        os.kill(os.getpid(), number)

    for patience in (0.3, 2.0, 10.0):
        timer = threading.Timer(patience, send)
        timer.start()
        code, out, err = cli(*arguments)
        ended = time.perf_counter()
        timer.join()
        if out:
            break
    return code, out, err, ended - sent[-1]


def cells_of(outcome: tuple[int, str, str]) -> list[dict[str, Any]]:
    assert outcome[0] == 0
    cells: list[dict[str, Any]] = json.loads(outcome[1])["cells"]
    return cells


def on_terminal(width: int, *arguments: str, **environment: str) -> str:
    """What a command writes to a terminal of this width, both streams together."""
    return written_to_terminal(width, command(*arguments), **environment)


def written_to_terminal(width: int, words: list[str], **environment: str) -> str:
    """As `on_terminal`, of any program."""
    import fcntl
    import struct
    import termios

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    surroundings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    with subprocess.Popen(
        words,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=surroundings | {"TERM": "xterm"} | environment,
    ):
        os.close(follower)
        parts = []
        while True:
            try:
                ready, _, _ = select.select([leader], [], [], 120)
                part = os.read(leader, 65536) if ready else b""
            except OSError:
                break
            if not part:
                break
            parts.append(part)
    os.close(leader)
    return b"".join(parts).decode().replace("\r\n", "\n")
