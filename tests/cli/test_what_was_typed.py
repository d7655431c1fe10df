"""Every option of every command, given what it cannot be: the answer names the option and the word typed."""

from __future__ import annotations

from typing import Any

import pytest

from planner.cli.app import COMMANDS, build
from tests.support.commands import Cli, cli

__all__ = ["cli"]

WRONG = "wr0ng"
BEFORE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COMMANDS, ("small.toml",)),
    **dict.fromkeys(("scenarios", "boundaries", "methods", "schema", "bench", "doctor"), ()),
    "cv": ("--interval", ".91,1.15", "--patients", "24"),
    "new": ("own.toml",),
}
NEEDS = {
    "--delta": ("--rule", "wang-tsiatis"),
    "--gamma": ("--rule", "hwang-shih-decani"),
    "--rho": ("--rule", "kim-demets"),
    "--spent": ("--rule", "user-spending"),
    "--z": ("--rule", "z"),
    "--futility-at-most": ("--futility", "conditional-power"),
    "--futility-z": ("--futility", "z"),
    "--futility-gamma": ("--futility", "hwang-shih-decani"),
    "--futility-rho": ("--futility", "kim-demets"),
    "--futility-spent": ("--futility", "user-spending"),
    "--futility-under": ("--futility", "conditional-power", "--futility-at-most", ".2"),
    "--futility-overlap": ("--futility", "kim-demets", "--futility-rho", "2"),
}
"""What an option goes with."""

FILES = ("--output", "--data", "--compare")
"""Any word can be the name of a file."""


def options() -> list[tuple[str, str]]:
    """Every option of every command that takes a value."""
    commands: Any = build().commands
    return [
        (name, option.opts[-1])
        for name in COMMANDS
        for option in commands[name].params
        if option.opts[-1].startswith("-") and not option.is_flag and option.opts[-1] not in FILES
    ]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_answer_names_the_option_and_the_word(name: str, cli: Cli) -> None:
    for command, option in options():
        if command == name:
            more = NEEDS.get(option, ())
            code, out, err = cli(name, *BEFORE[name], *more, option, WRONG)
            assert (code, out) in ((2, ""), (3, "")), (option, code, err)
            error = err.partition("hint: ")[0]
            assert option in error, err
            assert WRONG in error, err
            assert "Input should" not in err, "no words of a library"


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("boundaries --alpha 3", "--alpha is 3"),
        ("boundaries --power 80", "--power is 80"),
        ("boundaries --beta 4", "--beta: lies above 0 and below 1, not at 4"),
        ("boundaries --sided 3", "--sided: 3 is not in the range from 1 to 2"),
        ("boundaries --looks -3", "--looks are -3"),
        ("size small.toml --power 90", "--power lies between 0 and 1, not at 90"),
        ("run small.toml --precision 2", "--precision: must be at least"),
        ("weigh small.toml --prior expected", "--prior expected: is not NAME=WEIGHT"),
        ("run small.toml --seed -1", "--seed: -1 is not in the range from 0"),
    ],
)
def test_a_number_out_of_range_is_named_with_its_option(typed: str, says: str, cli: Cli) -> None:
    code, out, err = cli(*typed.split())
    assert (code, out) == (2, "")
    assert says in err
