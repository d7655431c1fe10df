"""Pipes, terminals and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from planner.cli import main
from tests.support.commands import FEW, Cli, cli, command, on_terminal

__all__ = ["cli"]


def test_a_closed_pipe_is_silent(cli: Cli) -> None:
    with subprocess.Popen(
        command("show", "asthma-ab-ba"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_an_ascii_locale_gets_ascii(cli: Cli) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        command("run", "asthma-ab-ba", *FEW), capture_output=True, env=environment, check=True
    )
    assert b"+/-" in done.stdout
    done.stdout.decode("ascii")


@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_there_is_progress_and_the_table_fits(cli: Cli, width: int) -> None:
    text = on_terminal(width, "run", "staged.toml", "--trials", "200000")
    assert "Simulating" in text
    assert "trials/s" in text
    result = text[text.index("A small crossover") :]
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result)
    assert "\x1b[1m" in result
    assert max(map(len, plain.splitlines())) <= width
    assert re.search(r"\d ± 0\.\d+ %", plain)


def test_no_color_is_respected(cli: Cli) -> None:
    text = on_terminal(80, "run", "small.toml", "--trials", "1000", "-q", NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    text = on_terminal(80, "run", "nowhere.toml", NO_COLOR="1")
    assert text.startswith("error: ")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_prints_what_is_finished(cli: Cli, number: int, code: int) -> None:
    main(["run", "small.toml", *FEW])  # so that the kernels are compiled
    for patience in (2.5, 5, 20):  # a busy machine may still be starting when the signal comes
        with subprocess.Popen(
            command("run", "small.toml", "--trials", "1000000000"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            time.sleep(patience)
            process.send_signal(number)
            sent = time.perf_counter()
            out, err = process.communicate(timeout=60)
            waited = time.perf_counter() - sent
        if out:
            break
    assert process.returncode == code
    assert "PARTIAL" in out
    assert "type I error" in out
    assert "warning: interrupted" in err
    assert waited < 5
