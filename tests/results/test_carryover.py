"""The bias from carryover: against what follows on paper, against trials simulated apart, and in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from planner import read, simulate
from planner.engine.job import job_of
from planner.results.carryover import biases_of_cells, without
from planner.results.carryover_figures import WORTH_SAYING, CarryoverBias, carryover_in
from planner.results.carryover_sentences import Carried, bias_sentences, place
from planner.results.cells import CarryoverFigures
from planner.results.effect_scale import Unit
from planner.results.figures import Figure
from planner.scenario.reading.read import read_text
from tests.support.commands import Cli, cli
from tests.support.naive_terms import course

__all__ = ["cli"]

MEANS = """
schema_version = 1
[design]
sequences = SEQUENCES
patients = PATIENTS
[hypotheses.left]
means = { A = 3.0, B = 0.0 }
carryover = { A = 1.5 }
sd_within = 5.0
sd_between = 3.0
[hypotheses.nil]
means = { A = 0.0, B = 0.0 }
carryover = { A = 1.5 }
sd_within = 5.0
sd_between = 3.0
[hypotheses.none]
means = { A = 3.0, B = 0.0 }
sd_within = 5.0
sd_between = 3.0
[[analyses]]
method = "fixed-subject"
contrast = ["A", "B"]
"""


def trial(sequences: list[str], patients: int, more: str = "") -> Any:
    text = MEANS.replace("SEQUENCES", json.dumps(sequences)).replace("PATIENTS", str(patients))
    return read_text(text + more)


def least_squares(sequences: list[list[str]], added: Any) -> float:
    """The A - B of patients, periods and treatments that is fitted to what is added to each cell."""
    rows, y = [], []
    periods = len(sequences[0])
    for s, sequence in enumerate(sequences):
        for k, treatment in enumerate(sequence):
            row = np.zeros(len(sequences) + periods + 1)
            row[s], row[len(sequences) + k], row[-1] = 1.0, 1.0, float(treatment == "A")
            rows.append(row)
            y.append(added(sequence, k))
    return float(np.linalg.lstsq(np.array(rows), np.array(y), rcond=None)[0][-1])


@pytest.mark.parametrize(
    "sequences",
    [
        ["A B", "B A"],
        ["A B B", "B A A"],
        ["A A B B", "B B A A"],
        ["A B B A", "B A A B"],
        ["A A", "B B", "A B", "B A"],
    ],
    ids=lambda sequences: "/".join(word.replace(" ", "") for word in sequences),
)
@pytest.mark.parametrize("lasts", ["next", "lasting"])
def test_stated_carryover_biases_as_least_squares_says(sequences: list[str], lasts: str) -> None:
    """Whole patients with one draw of numbers: what is added to the cells is fitted as A - B."""
    scenario = trial(sequences, 24)
    hypotheses = {
        name: each.model_copy(update={"carryover_lasts": lasts}) for name, each in scenario.hypotheses.items()
    }
    scenario = scenario.model_copy(update={"hypotheses": hypotheses})

    def added(sequence: list[str], k: int) -> float:
        earlier = sequence[max(k - 1, 0) : k] if lasts == "next" else sequence[:k]
        return 1.5 * float("A" in earlier)

    want = least_squares([word.split() for word in sequences], added)
    found = biases_of_cells(scenario, job_of(scenario).cells)
    assert set(found) == {(name, "fixed-subject", 24) for name in ("left", "nil")}
    for one in found.values():
        assert one.bias == pytest.approx(want, abs=1e-9)
        assert one.mcse == 0.0


def test_the_standard_error_is_that_of_a_trial_run_to_its_end() -> None:
    """AB/BA: the SD of A - B over twice the root of a quarter of the patients; looks do not change it."""
    looks = "[monitoring]\nlooks = [12, 24]\nefficacy = { rule = 'pocock' }\n"
    scenario = trial(["A B", "B A"], 24, looks)
    one = biases_of_cells(scenario, job_of(scenario).cells)["left", "fixed-subject", 24]
    theory = 5.0 * np.sqrt(2.0) / np.sqrt(24)
    assert one.standard_error == pytest.approx(theory, abs=4 * theory / np.sqrt(2 * 1024))


def test_the_floor_of_a_scale_is_in_the_bias() -> None:
    """Cut at 0 and in whole points: against cells drawn and cut with NumPy, of AB/BA."""
    more = "[endpoint]\nscale = { low = 0, high = 20, step = 1, better = 'lower' }\n"
    scenario = trial(["A B", "B A"], 48, more)
    hypotheses = {"left": scenario.hypotheses["left"].model_copy(update={"carryover": {"A": -4.0}})}
    scenario = scenario.model_copy(update={"hypotheses": hypotheses})
    scenario = scenario.model_copy(
        update={"simulation": scenario.simulation.model_copy(update={"hypotheses": ("left",)})}
    )
    rng = np.random.default_rng(5)

    def mean(level: float) -> float:
        x = level + np.hypot(5.0, 3.0) * rng.normal(size=2_000_000)
        return float(np.clip(np.floor(x + 0.5), 0, 20).mean())

    want = -0.5 * (mean(0.0 - 4.0) - mean(0.0))
    one = biases_of_cells(scenario, job_of(scenario).cells)["left", "fixed-subject", 48]
    assert one.mcse > 0.0
    assert abs(one.bias - want) < 4 * np.hypot(one.mcse, 0.004)
    assert abs(one.bias - 2.0) > 8 * one.mcse  # what it is without a floor


def test_mechanisms_against_patients_simulated_apart() -> None:
    """K, KN and back against first periods alone, patient by patient, in another program."""
    scenario = read("williams-2018")
    name, n = "naltrexone-aversive", 150_000
    rng = np.random.default_rng(11)

    def change(sequence: tuple[str, ...], k: int) -> Any:
        seen = course(scenario, name, sequence, n, [1.0], rng)
        return seen.reading(scenario, "change", 1.0, "")[:, k]

    both = [change(("K", "KN"), 1), change(("KN", "K"), 1)]
    alone = [change(("KN",), 0), change(("K",), 0)]
    want = 0.5 * (both[1].mean() - both[0].mean()) - 0.5 * (alone[1].mean() - alone[0].mean())
    error = 0.5 * np.sqrt(sum(x.var() for x in both + alone) / n)
    found = biases_of_cells(scenario, job_of(scenario, patients=[960]).cells)[name, "change", 960]
    assert abs(found.bias - want) < 4 * np.hypot(found.mcse, error), (found, want, error)
    assert abs(want) > 8 * error  # so that the comparison says something


def test_nothing_is_left_after_an_endless_washout() -> None:
    scenario = without(read("two-by-two"))
    found = biases_of_cells(scenario, job_of(scenario).cells)
    assert found
    assert all(one.bias == 0.0 and one.mcse == 0.0 for one in found.values())


def test_no_carryover_and_one_period_have_no_figure() -> None:
    cells = simulate(trial(["A B", "B A"], 24), trials=200).to_json()["cells"]
    assert [cell["carryover"] is None for cell in cells] == [False, False, True]


class OneEffect(NamedTuple):
    hypothesis: str
    analysis: str
    patients: int
    is_null: bool
    true_effect: float


POINTS = Unit("points")


@pytest.mark.parametrize(
    ("bias", "effect", "null", "matters"),
    [
        (0.11, 10.0, False, True),  # of the standard error
        (0.09, 10.0, False, False),
        (0.09, 0.8, False, True),  # of the effect
        (0.09, 0.8, True, False),  # under a null the effect says nothing
        (-0.11, 0.0, True, True),
    ],
)
def test_what_is_worth_saying(bias: float, effect: float, null: bool, matters: bool) -> None:
    cell = OneEffect("h", "t", 12, null, effect)
    certain, uncertain = ({("h", "t", 12): CarryoverBias(bias, error, 1.0)} for error in (0.001, 0.2))
    figures = carryover_in(cell, certain, POINTS)
    assert WORTH_SAYING == 0.1
    assert figures is not None
    assert figures.matters is matters
    assert carryover_in(cell, uncertain, POINTS).matters is False  # type: ignore[union-attr]  # it may be chance


def test_of_many_cells_the_worst_is_told() -> None:
    def estimate(patients: int, share: float) -> Carried:
        figures = CarryoverFigures(
            bias=Figure(-0.75, 0.0), standard_error=1.5, of_standard_error=share, of_effect=None, matters=True
        )
        return Carried("t", "h", place(patients), POINTS, figures)

    said = bias_sentences([estimate(12, 0.3), estimate(36, 0.5), estimate(24, 0.4)])
    assert said == [
        "carryover biases the estimate of t under h, at worst, with 36 patients, by -0.75 points "
        "(0.5 standard errors at the last look)"
    ]


BIASED = MEANS.replace("SEQUENCES", '["A B", "B A"]').replace("PATIENTS", "24")
SAID = "carryover biases the estimate of fixed-subject under left by -0.75 points"


@pytest.mark.parametrize(
    "words",
    [
        ["run", "biased.toml", "--trials", "500"],
        ["run", "biased.toml", "--trials", "500", "--sensitivity", "--hypothesis", "left"],
        ["run", "biased.toml", "--trials", "500", "--set", "design.washout_days=7,14"],
        ["size", "biased.toml", "--power", ".5", "--trials", "1000", "--hypothesis", "left"],
        [
            "size",
            "biased.toml",
            "--power",
            ".5",
            "--find",
            "effect",
            "--trials",
            "1000",
            "--hypothesis",
            "left",
        ],
    ],
    ids=["run", "sensitivity", "sweep", "size", "effect"],
)
def test_every_command_warns(cli: Cli, words: list[str]) -> None:
    """Before: nothing but a line some hundred lines down in `show`."""
    Path("biased.toml").write_text(BIASED)
    code, out, err = cli(*words, "-q")
    assert code == 0
    assert SAID in err
    assert f"{SAID.replace('carryover', 'Carryover').replace('under left', 'under “left”')}" in " ".join(
        out.split()
    )
    document = json.loads(cli(*words, "-q", "--json")[1])
    assert any(SAID in warning for warning in document["warnings"])
    rows = document.get("answers") or document["cells"]
    row = next(row for row in rows if row["hypothesis"] == "left")
    assert row["carryover"]["bias"]["estimate"] == pytest.approx(-0.75)
    assert row["carryover"]["matters"] is True


def test_compare_names_the_design(cli: Cli) -> None:
    Path("biased.toml").write_text(BIASED)
    Path("better.toml").write_text(BIASED.replace('["A B", "B A"]', '["A B B A", "B A A B"]'))
    document = json.loads(cli("compare", "biased.toml", "better.toml", "--trials", "500", "-q", "--json")[1])
    found = {(c["design"], c["hypothesis"]): c["carryover"] for c in document["cells"]}
    assert found["biased", "left"]["bias"]["estimate"] == pytest.approx(-0.75)
    want = least_squares(
        [list("ABBA"), list("BAAB")], lambda word, k: 1.5 * float("A" in word[max(k - 1, 0) : k])
    )
    assert found["better", "left"]["bias"]["estimate"] == pytest.approx(want, abs=1e-9)
    assert any("under left in biased by -0.75 points" in warning for warning in document["warnings"])


def test_over_uncertain_numbers_it_is_averaged() -> None:
    """Carryover drawn between 1 and 2, so that the mean bias is -0.75, with an error of some variants."""
    scenario = read_text(
        BIASED.replace(
            "[[analyses]]",
            '[hypotheses.left.uncertainty]\n"carryover.A" = { low = 1.0, high = 2.0 }\n[[analyses]]',
        )
    )
    run = simulate(scenario, trials=2_560, uncertain=True, variants=20)
    cell = run.to_json()["cells"][0]["carryover"]
    spread = 0.5 / np.sqrt(12.0) / np.sqrt(16)  # of the mean of 16 draws
    assert cell["bias"]["estimate"] == pytest.approx(-0.75, abs=4 * spread)
    assert cell["bias"]["mcse"] == pytest.approx(spread, rel=0.6)
