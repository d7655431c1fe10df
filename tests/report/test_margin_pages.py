"""Pages of tests against margins and of ratios say what means something there, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Cli, cli

__all__ = ["cli"]  # a fixture

TRIAL = """\
schema_version = 1
title = "Two formulations"
endpoint = { distribution = "log-normal" }
design = { name = "2x2", arms = ["T", "R"], patients = 24 }
[hypotheses.expected]
means = { T = 95.0, R = 100.0 }
cv_within = 0.3
[hypotheses.other]
means = { T = 85.0, R = 100.0 }
cv_within = 0.3
[[analyses]]
contrast = ["T", "R"]
alternative = "equivalence"
"""
COMMANDS = ["show", "run --trials 500", "size --power .8 --trials 500", "trial --replay 3"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_ratio_has_no_points(cli: Cli, command: str) -> None:
    """A log-normal endpoint has the unit that is stated, or none; other endpoints are in points."""
    name, *rest = command.split()
    Path("trial.toml").write_text(TRIAL)
    _, out, _ = cli(name, "trial.toml", *rest, "-q")
    assert "points" not in out.replace("percentage points", "")
    assert "()" not in out
    Path("trial.toml").write_text(TRIAL.replace("{ distribution", '{ unit = "ng/mL", distribution'))
    assert "(ng/mL)" in cli(name, "trial.toml", *rest, "-q")[1]


def test_points_stay_where_scores_are_normal(cli: Cli) -> None:
    assert "(points)" in cli("show", "small.toml", "-q")[1]


def test_exaggeration_is_of_tests_that_look_for_an_effect(cli: Cli) -> None:
    Path("trial.toml").write_text(TRIAL)
    assert "xaggeration" not in cli("run", "trial.toml", "--trials", "500", "-q")[1]
    assert "exaggeration_given_efficacy" in cli("run", "trial.toml", "--trials", "500", "-q", "--json")[1]
    assert "Exaggeration" in cli("run", "small.toml", "--trials", "500", "-q")[1]


def test_telling_apart_says_that_it_rests_on_the_default_spread(cli: Cli) -> None:
    Path("trial.toml").write_text(TRIAL)
    told = "cv_between is 0.5, the default"
    few = ["--draws", "32", "--json", "-q"]
    assert told in cli("discriminate", "trial.toml", *few)[1]
    Path("trial.toml").write_text(TRIAL.replace("cv_within = 0.3", "cv_within = 0.3\ncv_between = 0.4"))
    assert told not in cli("discriminate", "trial.toml", *few)[1]
