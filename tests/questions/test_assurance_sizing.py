"""How many patients for an assurance, against the exact power integrated over what is uncertain."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import brentq

from planner.errors import UncertaintyError
from planner.questions.size.result import Sizing
from planner.questions.size.size import SizingError, size
from planner.scenario.reading.read import read, read_text
from tests.support.harness import Comparison
from tests.support.marks import repeated
from tests.support.uncertain_means import averaged, command, exact, text

SMALL = '[hypotheses.effect.uncertainty]\n"means.A" = { mean = 5, sd = 1 }\n'


def exact_assurance(alternative: str, law: stats.rv_continuous) -> Callable[[int], float]:
    def of(patients: int) -> float:
        power = exact("paired-t", alternative, patients)
        return averaged(lambda effect: power(effect, 8.0), law.ppf, 40)

    return of


def exact_answer(assurance: Callable[[int], float], target: float) -> int:
    return next(n for n in range(2, 400, 2) if assurance(n) >= target)


def sized(source: str, target: float, variants: int = 600, **how: Any) -> Sizing:
    return size(read_text(source), power=target, uncertain=True, variants=variants, **how)


@pytest.mark.parametrize("target", repeated([0.7, 0.9]))
def test_the_answer_is_the_exact_one_within_its_range(target: float) -> None:
    found = sized(text(uncertainty=SMALL), target)
    (answer,) = found.to_json()["answers"]
    assurance = exact_assurance("two-sided", stats.norm(5, 1))
    right = exact_answer(assurance, target)
    low, high = answer["range"]
    print(right, answer["patients"], answer["range"])
    assert low <= right <= high
    assert abs(assurance(answer["patients"]) - target) < 4 * answer["power"]["mcse"] + 0.02
    assert not answer["exact"]
    without = size(read_text(text(uncertainty=SMALL)), power=target).to_json()["answers"][0]["patients"]
    assert without < right  # negative control: the number for plain power is too small
    for row in found.to_json()["curve"]:
        if row["patients"] >= 6:
            z = (row["power"]["estimate"] - assurance(row["patients"])) / row["power"]["mcse"]
            assert abs(z) < 4


def test_no_answer_where_the_chance_of_an_effect_is_too_small() -> None:
    """One-sided, 80 % want more than the 65 % of the uncertainty in which there is any effect."""
    own = '[hypotheses.effect.uncertainty]\n"means.A" = { mean = 2, sd = 5 }\n'
    (answer,) = sized(text("paired-t", "greater", own), 0.8, 300, max_patients=200).to_json()["answers"]
    assert answer["patients"] is None
    assert "the best assurance is" in answer["note"]
    chance = stats.norm(2, 5).sf(0)
    assert 0.5 < chance < 0.75
    assert "There is an effect in the wanted direction with a chance of 6" in answer["note"]
    assert answer["best"]["power"]["estimate"] == pytest.approx(
        exact_assurance("greater", stats.norm(2, 5))(answer["best"]["patients"]), abs=0.08
    )


def test_all_numbers_of_patients_see_the_same_variants() -> None:
    """So that a curve hardly zigzags, although its level is uncertain."""
    found = sized(text(), 0.6, 100)
    power = {row["patients"]: row["power"] for row in found.to_json()["curve"] if row["trials"] == 100 * 128}
    steps = np.diff([power[n]["estimate"] for n in sorted(power)])
    assert len(steps) > 5
    assert min(steps) > -0.02
    assert max(each["mcse"] for each in power.values()) > 0.025


def test_refused() -> None:
    made = read_text(text())
    with pytest.raises(SizingError, match="no effect can be sought under effect, whose means are uncertain"):
        size(made, uncertain=True, find="effect")
    with pytest.raises(SizingError, match="`variants` says how much"):
        size(made, uncertain=True, trials=1000)
    with pytest.raises(UncertaintyError):
        size(read("asthma-ab-ba"), uncertain=True)


SPREAD = '[hypotheses.effect.uncertainty]\n"sd_difference" = { low = 4, high = 14 }\n'


@pytest.mark.long
def test_the_effect_that_is_found_over_an_uncertain_spread() -> None:
    """Against the power integrated over the SD of the difference, solved for the effect."""
    found = sized(text(uncertainty=SPREAD), 0.8, 200, find="effect", patients=24)
    (answer,) = found.to_json()["answers"]
    power, law = exact("paired-t", "two-sided", 24), stats.uniform(4, 10)

    def assurance(effect: float) -> float:
        return averaged(lambda sd: power(effect, sd), law.ppf, 40)

    right = float(brentq(lambda effect: assurance(effect) - 0.8, 1.0, 20.0))
    low, high = answer["range"]
    print(right, answer["effect"], answer["range"])
    assert low <= right <= high
    assert high - low < 0.2 * right
    assert not answer["exact"]
    plain = size(read_text(text(uncertainty=SPREAD)), power=0.8, find="effect", patients=24).to_json()[
        "answers"
    ][0]
    assert plain["effect"] < low  # negative control: the effect for plain power is too small
    with Comparison(title="assurance by effect") as compare:
        for row in found.to_json()["curve"]:
            shown = row["power"]
            compare.mean(f"{row['effect']}", shown["estimate"], shown["mcse"], assurance(row["effect"]))
    assert found.to_json()["run"]["variants"] == 200


def test_all_effects_see_the_same_variants() -> None:
    """So that assurance grows with the effect, although its level is uncertain."""
    found = sized(text(uncertainty=SPREAD), 0.6, 100, find="effect", patients=24, threads=2)
    again = sized(text(uncertainty=SPREAD), 0.6, 100, find="effect", patients=24, threads=1)
    assert (found.to_json()["answers"], found.to_json()["curve"]) == (
        again.to_json()["answers"],
        again.to_json()["curve"],
    )
    rows = sorted(
        (abs(row["effect"]), row["power"]) for row in found.to_json()["curve"] if row["trials"] == 100 * 128
    )
    steps = np.diff([power["estimate"] for _, power in rows])
    assert len(steps) > 5
    assert min(steps) >= 0.0
    assert max(power["mcse"] for _, power in rows) > 0.02


@pytest.mark.long
def test_a_hypothesis_of_which_nothing_is_uncertain_stands_beside_others() -> None:
    """Its assurance is its power, however far its search goes."""
    other = "[hypotheses.known]\nmeans = { A = 6, B = 0 }\nsd_difference = 8\n[[analyses]]"
    source = text(uncertainty=SMALL).replace("[[analyses]]", other)
    answers = sized(source, [0.8, 0.95], 100, max_patients=80).to_json()["answers"]  # type: ignore[arg-type]
    plain = size(read_text(source), power=[0.8, 0.95], max_patients=80).to_json()["answers"]
    known = [each for each in answers if each["hypothesis"] == "known"]
    right = [each["patients"] for each in plain if each["hypothesis"] == "known"]
    assert len(known) == 2
    for each, n in zip(known, right, strict=True):
        assert each["range"][0] <= n <= each["range"][1]
    effects = sized(source.replace(SMALL, SPREAD), 0.8, 100, find="effect", patients=24).to_json()["answers"]
    (exactly,) = (
        each["effect"]
        for each in size(read_text(source), power=0.8, find="effect", patients=24).to_json()["answers"]
        if each["hypothesis"] == "known"
    )
    (simulated,) = (each for each in effects if each["hypothesis"] == "known")
    assert simulated["range"][0] <= exactly <= simulated["range"][1]


@pytest.mark.long
def test_the_command_finds_an_effect(capsys: pytest.CaptureFixture[str], tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "trial.toml"
    file.write_text(text(uncertainty=SPREAD), encoding="utf-8")
    words = ["size", str(file), "--uncertain", "--variants", "60", "--find", "effect", "--power", ".7", "-q"]
    code, out, err = command(capsys, *words)
    assert (code, err) == (0, "")
    said = " ".join(out.split())
    assert "Assurance" in said
    assert "every number of patients and every effect" in said
    (line,) = [line.strip() for line in out.splitlines() if line.strip().startswith("planner size")]
    assert "--find effect --patients 24 --uncertain --variants 60" in line
    first = json.loads(command(capsys, *words, "--json")[1])
    second = json.loads(command(capsys, *shlex.split(line)[1:], "-q", "--json")[1])
    assert first["answers"] == second["answers"]
    assert command(capsys, *words, "--dry-run")[0] == 0
    file.write_text(text(uncertainty=SMALL), encoding="utf-8")
    code, out, err = command(capsys, *words)
    assert (code, out) == (2, "")
    assert "whose means are uncertain themselves: leave means.A out" in err


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "trial.toml"
    file.write_text(text(uncertainty=SMALL), encoding="utf-8")
    words = ["size", str(file), "--uncertain", "--variants", "60", "--power", ".7", "-q"]
    code, out, _ = command(capsys, *words)
    assert code == 0
    said = " ".join(out.split())
    assert "Assurance" in out
    assert "up to 60 variants of what is uncertain" in said
    assert "means.A normal, mean 5, SD 1 (stated: 5)" in said
    assert "--uncertain --variants 60" in out
    code, out, _ = command(capsys, *words, "--json")
    document = json.loads(out)
    assert document["run"]["variants"] == 60
    assert document["uncertain"][0]["path"] == "means.A"
    assert document["answers"][0]["uncertainty"]["variants"] == 60
    code, out, _ = command(capsys, *words, "--format", "csv")
    assert code == 0
    code, _, err = command(capsys, *words, "--trials", "100")
    assert code == 2
    assert "--uncertain cannot be combined" in err
