"""Where no contrast is stated, the treatments that no analysis looks at are named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from planner.scenario.reading.read import read_text
from tests.support.commands import FEW, Cli, cli

__all__ = ["cli"]

THREE = """\
schema_version = 1
[design]
sequences = ["N S P", "S P N", "P N S"]
patients = 12
[hypotheses.h]
means = { N = 3, S = 0, P = 0 }
sd_within = 2
sd_between = 2
"""
SAID = "compared is N minus S, as no contrast is stated; P is not analysed"


@pytest.mark.parametrize("command", [("check",), ("show",), ("run", *FEW)])
def test_the_third_treatment_is_named(command: tuple[str, ...], cli: Cli) -> None:
    Path("three.toml").write_text(THREE)
    code, _, err = cli(command[0], "three.toml", *command[1:])
    assert code == 0
    assert SAID in " ".join(err.split())


def test_the_json_of_a_run_says_so(cli: Cli) -> None:
    Path("three.toml").write_text(THREE)
    warnings = json.loads(cli("run", "three.toml", "--json", *FEW)[1])["warnings"]
    assert sum(SAID in warning for warning in warnings) == 1


def test_nothing_is_said_where_somebody_chose_or_nothing_is_left() -> None:
    def remarks(more: str, text: str = THREE) -> tuple[str, ...]:
        return read_text(text + more).remarks

    assert SAID in remarks("")[0]
    assert SAID in remarks('[[analyses]]\nalternative = "greater"\n')[0]
    assert remarks('[[analyses]]\ncontrast = ["N", "S"]\n') == ()
    assert remarks('[[analyses]]\nname = "x"\n[[analyses]]\ncontrast = ["N", "P"]\n') == ()
    two = THREE.replace('"N S P", "S P N", "P N S"', '"N S", "S N"').replace(", P = 0", "")
    assert remarks("", two) == ()
