"""Pipes, terminals and signals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import FEW, Cli, cli, command, interrupted, on_terminal
from tests.support.marks import repeated

__all__ = ["cli"]


def _plain(text: str) -> str:
    """The text without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


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


@pytest.mark.parametrize("width", repeated([80, 120]))
def test_on_a_terminal_there_is_progress_and_the_table_fits(cli: Cli, width: int) -> None:
    text = on_terminal(width, "run", "staged.toml", "--trials", "200000")
    assert "Simulating" in text
    assert "so far" in text
    result = text[text.index("A small crossover") :]
    plain = _plain(result)
    assert "\x1b[1m" in result
    assert max(map(len, plain.splitlines())) <= width
    assert re.search(r"\d ± 0\.\d+ %", plain)


def test_no_color_is_respected(cli: Cli) -> None:
    text = on_terminal(80, "boundaries", "--looks", "12,30", NO_COLOR="1")
    assert "12" in text
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    text = on_terminal(80, "run", "nowhere.toml", NO_COLOR="1")
    assert text.startswith("error: ")


@pytest.mark.parametrize(
    ("stated", "expected"),
    repeated(
        [
            ({}, False),
            ({"FORCE_COLOR": "1"}, True),
            ({"FORCE_COLOR": "0"}, True),  # any value that is not empty: https://force-color.org
            ({"FORCE_COLOR": ""}, False),
            ({"CLICOLOR_FORCE": "1"}, True),
            ({"CLICOLOR_FORCE": "0"}, False),  # https://bixense.com/clicolors
            ({"CLICOLOR_FORCE": ""}, False),
            ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
            ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
            ({"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
        ],
        fast=5,
    ),
    ids=str,
)
def test_colour_in_a_pipe_is_as_stated(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, stated: dict[str, str], expected: bool
) -> None:
    """On both streams, in the same letters and columns; never in what programs read, nor in files."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM"):
        monkeypatch.delenv(name, raising=False)
    page = cli("boundaries", "--looks", "12,30")[1]
    for name, value in stated.items():
        monkeypatch.setenv(name, value)
    coloured = cli("boundaries", "--looks", "12,30")[1]
    assert ("\x1b[" in coloured) == expected
    assert _plain(coloured) == page
    assert ("\x1b[" in cli("show", "nowhere.toml")[2]) == expected
    assert "\x1b[" not in cli("boundaries", "--looks", "12,30", "--json")[1]
    for name in ("page.txt", "page.md", "page.csv"):
        cli("boundaries", "--looks", "12,30", "-o", name)
        assert "\x1b[" not in Path(name).read_text()


@pytest.mark.parametrize(("number", "code"), repeated([(signal.SIGINT, 130), (signal.SIGTERM, 143)]))
def test_an_interrupted_run_prints_what_is_finished(cli: Cli, number: int, code: int) -> None:
    cli("run", "small.toml", *FEW)  # so that the kernels are compiled
    ended, out, err, waited = interrupted(cli, number, "run", "small.toml", "--trials", "1000000000")
    assert ended == code
    assert "PARTIAL" in out
    assert "type I error" in out
    assert "warning: interrupted" in err
    assert waited < 5
