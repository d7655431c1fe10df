"""What `show` says of a design: only what is so in this design, and without contradicting itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import FEW, Cli, cli

__all__ = ["cli"]

AB_BA = """\
schema_version = 1
endpoint = { unit = "mmHg", scale = { better = "lower" } }
[design]
sequences = ["D P", "P D"]
patients = 24
[hypotheses.h]
means = { D = 130, P = 135 }
sd_within = 5
sd_between = 10
"""
RATES = """\
schema_version = 1
[design]
sequences = ["D P", "P D"]
patients = 24
[hypotheses.h]
rates = { D = 0.6, P = 0.3 }
correlation = 0.2
[monitoring]
looks = [12, 24]
"""
THREE = """\
schema_version = 1
[design]
name = "williams"
arms = ["A", "B", "C"]
patients = 12
[population]
dropout = { per_period = 0.1 }
[hypotheses.h]
means = { A = 3, B = 0, C = 0 }
sd_within = 2
sd_between = 2
"""
HEAD = "Precision of comparisons of scores in this design, and their bias"


def shown(text: str, cli: Cli) -> str:
    Path("shown.toml").write_text(text)
    code, out, _ = cli("show", "shown.toml")
    assert code == 0
    return " ".join(out.split())


def test_carryover_in_ab_ba_is_told_without_contradiction(cli: Cli) -> None:
    """Within patients it cannot be in the model; random patients tell by comparing patients: 2 + 8 g > 2."""
    said = shown(AB_BA, cli)
    assert "in the model not within patients" in said
    assert "with carryover in the model (from comparing patients with each other" in said
    assert "carryover = true in an analysis" not in said
    assert "for each mmHg that" in said
    assert "for each point" not in said
    code, _, err = cli(
        "check", "shown.toml", "--set", 'analyses.0={ method = "fixed-subject", carryover = true }'
    )
    assert (code, "cannot be in the model" in err) == (3, True)


def test_where_carryover_can_be_in_the_model_it_is_offered_and_accepted(cli: Cli) -> None:
    said = shown(THREE, cli)
    assert "carryover = true in an analysis by fixed-subject" in said
    assert "comparing patients with each other" not in said
    setting = 'analyses.0={ method = "fixed-subject", carryover = true }'
    assert cli("check", "shown.toml", "--set", setting)[0] == 0


def test_tests_of_responses_have_no_sd_within_patients_and_no_t_limit(cli: Cli) -> None:
    said = shown(RATES, cli)
    assert HEAD not in said
    assert "t limit" not in said
    assert "A look is taken when" in said
    assert HEAD in shown(AB_BA + "[monitoring]\nlooks = [12, 24]\n", cli)
    assert "The t limit is the one" in shown(AB_BA + "[monitoring]\nlooks = [12, 24]\n", cli)


@pytest.mark.parametrize(("dropout", "told"), [("0.1", True), ("0", False)])
def test_who_misses_a_period_is_left_out_by_subject_contrast(dropout: str, told: bool, cli: Cli) -> None:
    said = shown(THREE.replace("per_period = 0.1", f"per_period = {dropout}"), cli)
    assert ("left out whole; fixed-subject would use what there is" in said) == told


@pytest.mark.parametrize(
    ("under", "words"),
    [("", "what the look itself estimates"), (', under = "null"', "if there is no true effect")],
)
def test_conditional_power_says_under_which_effect(under: str, words: str, cli: Cli) -> None:
    rule = f'futility = {{ rule = "conditional-power", at_most = 0.1{under} }}'
    assert words in shown(f"{AB_BA}[monitoring]\nlooks = [12, 24]\n{rule}\n", cli)


def test_a_block_is_told_in_patients(cli: Cli) -> None:
    assert "block 1 (randomised in blocks of 2 patients, in each" in shown(AB_BA, cli)


def test_effects_of_a_sweep_have_their_unit(cli: Cli) -> None:
    Path("shown.toml").write_text(AB_BA)
    _, out, _ = cli("run", "shown.toml", "--set", "design.patients=12,24", *FEW)
    assert "-5 mmHg" in out
