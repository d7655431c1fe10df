"""Numbers on the command line: as people write them, within what is possible, and never another number."""

from __future__ import annotations

import json

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.cli.numbers import whole
from tests.support.commands import Cli, cli

__all__ = ["cli"]

MOST = 10**9


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", 1000),
        (" 1000 ", 1000),
        ("+1000", 1000),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1.5e3", 1500),
        ("1000.0", 1000),
        ("1_000", 1000),
        ("1_000_000", 10**6),
        ("007", 7),
    ],
)
def test_whole_numbers_as_people_write_them(text: str, number: int) -> None:
    assert whole(1, MOST)(text) == number


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "x",
            "5_1",
            "1__000",
            "_1000",
            "1_0000",
            "1.5",
            "1e-3",
            "1,000",
            "1 000",
            "nan",
            "inf",
            "-inf",
            "0x10",
            "1e",
            "e3",
            "١٢",
            "1e3x",
            "--",
        ],
        *("0", "-3", "1000000001", "1e10", "1e999999999", "9" * 5000),
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        whole(1, MOST)(text)


@settings(deadline=None)
@given(st.text(max_size=12) | st.from_regex(r"[-+]?[0-9_.]{1,8}(e[-+]?[0-9]{1,3})?", fullmatch=True))
def test_a_text_is_its_number_or_an_error(text: str) -> None:
    """What is taken is what an independent reader of numbers makes of it."""
    try:
        found = whole(0, MOST)(text)
    except typer.BadParameter:
        return
    assert found == float(text)


@pytest.mark.parametrize("command", ["run", "size", "compare", "discriminate", "weigh", "trial"])
@pytest.mark.parametrize("seed", [2**64, 10**30])
def test_a_seed_beyond_the_files_is_refused(command: str, seed: int, cli: Cli) -> None:
    """It was an internal error."""
    code, out, err = cli(command, "small.toml", "--seed", str(seed))
    assert (code, out) == (2, "")
    assert "18,446,744,073,709,551,615" in err


def test_the_largest_seed_is_a_seed(cli: Cli) -> None:
    code, out, _ = cli("run", "small.toml", "--seed", str(2**64 - 1), "--trials", "128", "--json", "-q")
    assert code == 0
    assert json.loads(out)["run"]["seed"] == 2**64 - 1


@pytest.mark.parametrize("command", ["run", "size", "compare", "trial"])
def test_trials_beyond_the_files_are_refused(command: str, cli: Cli) -> None:
    code, out, err = cli(command, "small.toml", "--trials", "1000000001")
    assert (code, out) == (2, "")
    assert "1,000,000,000" in err


def test_trials_in_short(cli: Cli) -> None:
    code, out, _ = cli("run", "small.toml", "--trials", "1e3", "--json", "-q")
    assert code == 0
    assert json.loads(out)["run"]["trials"] == 1000
