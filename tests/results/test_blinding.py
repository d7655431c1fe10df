"""Guesses and what follows from them, against numbers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from planner.engine.job import job_of
from planner.engine.potential_outcomes import potential_means, truths
from planner.engine.run import run_job
from planner.kernels.tables import MADE, RIGHT
from planner.model.families.mechanism.signals import (
    Mechanism,
    Moment,
    doses_until,
    onsets_of_period,
    signal_values,
)
from planner.model.readings import Reading
from planner.questions.replay.replay import replay
from planner.questions.run.assurance import simulate_variants
from planner.questions.run.simulate import simulate
from planner.report.blocks import Heading, Prose, Sheet
from planner.report.pages.parts.blinding import guesses_of
from planner.results.blinding import correct_guesses
from planner.results.contract import as_json
from planner.scenario.faults import ScenarioError
from planner.scenario.scenario import Scenario
from tests.support.blinded_cases import CASES, blinded
from tests.support.harness import Comparison, TooFarApart
from tests.support.mechanism_cases import Json, scenario
from tests.support.second_outcomes import loose

# Shares of right guesses by direct integration: dissociation normal between patients and without limits.

PLAIN: Json = blinded(
    {
        "outcomes/dissociation": {
            "background": {"mean": 3.0, "sd": 2.0},
            "noise_sd": 1.5,
            "components": {"felt": {"size": {"mean": 20.0, "sd": 6.0}}},
            "terms": [{"component": "felt", "needs": ["target"]}],
        },
        "population/dropout": {"per_period": 0.0},
    }
)
MEAN = {"A": 3.0 + 20.0, "C": 3.0 + 10.0}  # the weak agent drives half of the target
SHARE = {"A": 1.0, "C": 0.5}


def guessed_active(now: str, before: str | None) -> float:
    """Share who take `now` for active, by integration over the log odds, which are normal."""
    level, felt, noise = 2.0, 6.0, 1.5
    a, b, c = -1.2, 0.12, 0.08
    if before is None:
        mean, variance = a + b * MEAN[now], (b * level) ** 2 + (b * felt * SHARE[now]) ** 2 + (b * noise) ** 2
    else:
        mean = a + b * MEAN[now] + c * (MEAN[now] - MEAN[before])
        share = (b + c) * SHARE[now] - c * SHARE[before]
        variance = (b * level) ** 2 + (felt * share) ** 2 + ((b + c) * noise) ** 2 + (c * noise) ** 2
    sd = math.sqrt(variance)
    return float(quad(lambda x: norm.pdf(x) / (1.0 + math.exp(-mean - sd * x)), -9, 9, epsabs=1e-12)[0])


def test_shares_of_right_guesses() -> None:
    """Of treatments and over all, as the run counts them; half of the patients have each order."""
    trial = scenario(PLAIN)
    (cell,) = as_json(simulate(trial, trials=20_000, seed=4).cells())
    a = (guessed_active("A", None) + guessed_active("A", "C")) / 2
    c = 1.0 - (guessed_active("C", None) + guessed_active("C", "A")) / 2
    found = cell["correct_guesses"]
    with Comparison(title="right guesses") as comparison:
        for share, wanted in ((found["by_treatment"]["A"], a), (found["by_treatment"]["C"], c)):
            comparison.mean("by treatment", share["estimate"], share["mcse"], wanted)
        comparison.mean("all", found["all"]["estimate"], found["all"]["mcse"], (a + c) / 2)
    assert 0.0003 < found["all"]["mcse"] < 0.0007
    with pytest.raises(TooFarApart), Comparison(title="control: another slope") as comparison:
        comparison.mean(
            "A", found["by_treatment"]["A"]["estimate"], found["by_treatment"]["A"]["mcse"], a + 0.01
        )


def test_guesses_of_trials_looked_at_one_by_one_add_up_to_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 trials with dropout, in which a treatment is given twice."""
    trial = scenario(CASES["what is left follows the guess of its period"])
    known = truths(trial, list(trial.hypotheses), 7)
    monkeypatch.setattr("planner.engine.job.truths", lambda *_: known)  # not simulated anew for every trial
    treatments = list(trial.design.treatments)
    counted = run_job(job_of(trial, seed=7), 100, threads=1).tally.guessed[0].sum(axis=0)
    found = np.zeros((1 + len(treatments), 2), np.int64)
    for index in range(100):
        shown = replay(trial, index, hypothesis=next(iter(trial.hypotheses)), seed=7).to_json()
        for row in shown["patients"]:
            for a, active, right in zip(
                row["sequence"], row["guessed_active"], row["guessed_right"], strict=True
            ):
                if active is not None:
                    assert right == (active == (a != "C"))  # A and B have the drug
                    for place in (0, 1 + treatments.index(a)):
                        found[place] += (1, right)
    assert np.array_equal(found, counted[:, [MADE, RIGHT]])
    other = run_job(job_of(trial, seed=8), 100, threads=1).tally.guessed[0].sum(axis=0)
    assert not np.array_equal(found, other[:, [MADE, RIGHT]])
    assert found[0, 0] == found[1:, 0].sum() > 1000


def test_table_json_and_long_format_say_the_same_guesses() -> None:
    trial = scenario(CASES["guess sets the cue"])
    shown = replay(trial, 3, seed=2)
    document = shown.to_json()
    rows = [row for row in shown.rows() if row["guessed_right"] is not None]
    said = document["guesses"]
    assert (said["made"], said["right"]) == (len(rows), sum(row["guessed_right"] for row in rows))
    assert said["active"] == ["A"]
    for a in "AC":
        own = [row["guessed_right"] for row in rows if row["treatment"] == a]
        assert said["by_treatment"][a] == {"made": len(own), "right": sum(own)}
    assert all((row["guessed_active"] == (row["treatment"] == "A")) == row["guessed_right"] for row in rows)
    heading, told, sheet = guesses_of(shown)
    assert heading == Heading("What they guess")
    assert isinstance(told, Prose)
    assert told.text.startswith(f"{said['right']} of {said['made']} guesses right: ")
    assert isinstance(sheet, Sheet)
    cells = [cell for row in sheet.rows for cell in row[2:]]
    assert sum(cell.endswith(", right") for cell in cells) == said["right"]
    assert sum(cell.startswith("active") for cell in cells) == sum(row["guessed_active"] for row in rows)


def test_nothing_is_said_of_guesses_where_nobody_is_asked() -> None:
    shown = replay(scenario(blinded({"blinding": None})), 3)
    document = shown.to_json()
    assert "guesses" not in document
    assert not any("guess" in key for key in (*document["patients"][0], *shown.rows()[0]))
    assert guesses_of(shown) == []


def test_error_of_the_share() -> None:
    """The stated Monte Carlo error is how much the share differs from run to run: a patient guesses twice."""
    trial = scenario(PLAIN)
    work = job_of(trial, seed=6)
    runs = [run_job(work, 128, first=128 * i, threads=1).tally.guessed[0] for i in range(60)]
    shares = [correct_guesses(("A", "C"), counted).all for counted in runs]
    spread = float(np.std([share.estimate for share in shares if share], ddof=1))
    stated = float(np.mean([share.error for share in shares if share]))
    assert 0.7 < spread / stated < 1.35


def test_those_who_left_do_not_guess() -> None:
    leaving = scenario(PLAIN | {"population/dropout": {"per_period": 1.0}})
    (cell,) = as_json(simulate(leaving, trials=20_000, seed=5).cells())
    with Comparison(title="first periods only") as comparison:
        for a in "AC":
            right = guessed_active(a, None) if a == "A" else 1.0 - guessed_active(a, None)
            share = cell["correct_guesses"]["by_treatment"][a]
            comparison.mean(a, share["estimate"], share["mcse"], right)


def test_threads_and_blocks_count_the_same_guesses() -> None:
    trial = scenario(CASES["guess sets the cue"])
    work = job_of(trial, seed=2)
    one = run_job(work, 1_000, threads=1).tally.guessed
    many = run_job(work, 1_000, threads=3, chunk_trials=128, block_tiles=1).tally.guessed
    assert np.array_equal(one, many)
    assert (one[0, :, 0, MADE] > 0).all()


def test_being_asked_changes_nothing() -> None:
    """A guess on which nothing depends: the trials are the same to the last bit."""
    silent = scenario(blinded({"blinding/expectancy": None}))
    without = scenario(blinded({"blinding": None}))
    (asked,), (alone,) = (as_json(simulate(s, trials=1280, seed=3).cells()) for s in (silent, without))
    assert asked.pop("correct_guesses")
    assert asked == alone


def test_a_certain_guess_is_the_other_scenario() -> None:
    """Who is sure to guess active has the cue at its value for that: as if the drug drove it there."""
    sure = scenario(
        blinded({"blinding/intercept": 100.0, "blinding/slope": 0.0, "blinding/expectancy/if_active": 0.6})
    )
    fixed = scenario(blinded({"blinding": None, "signals/cue": {"activated_by": {"drug": 0.6, "weak": 0.6}}}))
    (a,), (b,) = (as_json(simulate(s, trials=1280, seed=3).cells()) for s in (sure, fixed))
    guesses = a.pop("correct_guesses")["by_treatment"]
    assert guesses["A"]["estimate"] == 1.0
    assert guesses["C"]["estimate"] == 0.0
    assert min(share["mcse"] for share in guesses.values()) > 0.0
    for key in ("power", "expected_patients", "expected_completers"):
        assert a[key] == b[key]


def test_unblinding_makes_a_difference_where_there_is_none() -> None:
    """The drug does nothing but dissociate; who notices expects more, and the trial finds an effect."""
    terms = [{"component": "placebo", "needs": ["cue"]}]
    inert = {"hypotheses/h/terms": terms, "signals/cue": {"activated_by": {"drug": 0.5, "weak": 0.5}}}
    blind = scenario(blinded(inert | {"blinding/expectancy": None}))
    unblinded = scenario(blinded(inert))
    (nothing,), (some,) = (truths(s, ["h"], 1)["h"] for s in (blind, unblinded))
    assert (nothing.effect, nothing.is_null) == (0.0, True)
    assert some.effect < -20 * some.mcse < 0.0
    assert not some.is_null


def test_masked_infusion_by_hand() -> None:
    """Anaesthesia hides the experience and gives a cue of its own: plain data, no rule for it."""
    masked = {
        "agents/anaesthesia": {},
        "signals/experience": {
            "activated_by": {"drug": 1.0, "weak": 0.5},
            "blocked_by": {"anaesthesia": 1.0},
        },
        "signals/cue": {"activated_by": {"anaesthesia": 0.8}, "activated_by_signal": {"experience": 1.0}},
        "treatments/AM": {"agents": ["drug", "anaesthesia"]},
        "treatments/CM": {"agents": ["weak", "anaesthesia"]},
        "hypotheses/h/terms": [
            {"component": "specific", "needs": ["cue", {"signal": "target", "gate": 0.5}]}
        ],
        "design/sequences": ["A C AM CM"],
        "analyses": [{"method": "paired-t", "contrast": ["A", "C"]}],
        "outcomes/dissociation/terms": [{"component": "felt", "needs": ["experience"]}],
    }
    trial = scenario(loose(masked))
    m, terms = Mechanism.of(trial, trial.hypotheses["h"]), trial.hypotheses["h"].terms
    arms = ("A", "C", "AM", "CM")
    seen = {
        a: signal_values(m, trial, Moment(doses_until(trial, [a], 0, 0.0), dosing=True), terms) for a in arms
    }
    assert {a: row["experience"] for a, row in seen.items()} == {"A": 1.0, "C": 0.5, "AM": 0.0, "CM": 0.0}
    assert {a: row["cue"] for a, row in seen.items()} == {"A": 1.0, "C": 0.5, "AM": 0.8, "CM": 0.8}
    opened = {a: onsets_of_period(m, trial, [a], 0, terms)[0][1][0] for a in arms}
    # target: the drug drives all of it, the weak agent half, of which half is needed
    assert opened == pytest.approx({"A": 1.0, "C": 0.5 * 0.75, "AM": 0.8, "CM": 0.8 * 0.75})
    found = potential_means(
        trial, ["h"], [Reading("score", 0.0, "dissociation")], list(seen), 1, tiles=128
    ).mean[0, 0]
    assert found == pytest.approx([21.5, 11.5, 1.7, 1.7], abs=0.4)


def test_guess_of_a_masked_infusion() -> None:
    """Where the experience is hidden, right guesses of the active arm fall to those of the other."""
    hidden = {
        "agents/anaesthesia": {},
        "signals/target": {"activated_by": {"drug": 1.0, "weak": 0.5}, "blocked_by": {"anaesthesia": 1.0}},
        "treatments/A": {"agents": ["drug", "anaesthesia"]},
        "treatments/C": {"agents": ["weak", "anaesthesia"]},
    }
    (open_label,), (masked,) = (
        as_json(simulate(s, trials=5_000, seed=3).cells())
        for s in (scenario(blinded({})), scenario(blinded(hidden)))
    )
    assert open_label["correct_guesses"]["all"]["estimate"] > 0.6
    share = masked["correct_guesses"]["all"]
    assert abs(share["estimate"] - 0.5) < 4 * share["mcse"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"blinding/active": ["drugg"]}, "there is no agent drugg"),
        ({"blinding/active": ["drug", "drug"]}, "drug is listed twice"),
        ({"blinding/active": ["blocker"]}, "no treatment of the design contains any of these agents"),
        ({"blinding/outcome": "dissociatoin"}, "there is no outcome dissociatoin"),
        ({"blinding/outcome": None}, "needs `outcome`"),
        ({"blinding/expectancy/signal": "cuee"}, "there is no signal cuee"),
        ({"blinding/intercept": None}, "`intercept` is missing"),
        (
            {"outcomes/dissociation/terms": [{"component": "felt", "needs": ["cue"]}]},
            "need cue, which depends on the guess",
        ),
        (
            {
                "signals/hope": {"activated_by_signal": {"cue": 1.0}},
                "hypotheses/h/outcomes": {
                    "dissociation": {"terms": [{"component": "felt", "needs": ["hope"]}]}
                },
            },
            "need cue, which depends on the guess",
        ),
        (
            {
                "hypotheses/h/terms": [
                    {"component": "placebo", "needs": [{"signal": "cue", "when": "throughout"}]}
                ]
            },
            "cue depends on the guess, which is of the dosing",
        ),
        (
            {
                "hypotheses": {"m": {"means": {"A": -3.0, "C": 0.0}, "sd_within": 2.0, "sd_between": 2.0}},
            },
            "acts on hypotheses of mechanisms, and there is none",
        ),
    ],
)
def test_faults(changes: Json, says: str) -> None:
    with pytest.raises(ScenarioError, match=says):
        scenario(blinded(changes))


def test_hypotheses_of_means_beside_mechanisms_do_not_guess() -> None:
    means = {"means": {"A": -3.0, "C": 0.0}, "sd_within": 2.0, "sd_between": 2.0}
    both: Scenario = scenario(blinded({"hypotheses/m": means}))
    cells = {cell["hypothesis"]: cell for cell in as_json(simulate(both, trials=300, seed=1).cells())}
    assert cells["m"]["correct_guesses"]["all"] is None
    assert cells["h"]["correct_guesses"]["all"]["estimate"] > 0.5


def test_guesses_of_uncertain_numbers() -> None:
    """Averaged over what is uncertain, with the spread between the variants in the error."""
    trial = scenario(PLAIN | {"uncertainty": {"blinding.intercept": {"low": -2.2, "high": -0.2}}})
    (cell,) = as_json(simulate_variants(trial, trials=128 * 40, count=40, seed=3).cells())
    (fixed,) = as_json(simulate(trial, trials=128 * 40, seed=3).cells())
    share, known = (each["correct_guesses"]["by_treatment"]["A"] for each in (cell, fixed))
    assert share["mcse"] > 4 * known["mcse"]
    assert abs(share["estimate"] - known["estimate"]) < 5 * share["mcse"]
