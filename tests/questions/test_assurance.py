"""Assurance against its closed form: the exact power of a t test, integrated over what is uncertain."""

from __future__ import annotations

import math
import os
import signal
from statistics import fmean, stdev
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from planner.engine.job import job_of
from planner.engine.potential_outcomes import truths
from planner.engine.run import run_job
from planner.errors import UncertaintyError
from planner.model.parameter_draws import variants
from planner.questions.run.assurance import shares, simulate_variants
from planner.questions.run.simulate import simulate
from planner.results.cluster_errors import error
from planner.results.contract import as_json
from planner.results.run import Run
from planner.scenario.reading.read import read, read_text
from tests.support.harness import Comparison, TooFarApart
from tests.support.uncertain_means import NORMAL, averaged, exact, run, text
from tests.support.uncertain_scenarios import OWN, SHARED, TIE, scenario


@pytest.mark.parametrize("method", ["paired-t", "hills-armitage"])
@pytest.mark.parametrize("alternative", ["two-sided", "greater"])
def test_assurance_of_an_uncertain_mean(method: str, alternative: str) -> None:
    (cell,) = as_json(run(text(method, alternative)).cells())
    power = exact(method, alternative, 24)
    law = stats.norm(5, 3)
    with Comparison(title=f"{method}, {alternative}") as compare:
        shown = cell["power"]
        expected = averaged(lambda effect: power(effect, 8.0), law.ppf)
        compare.mean("assurance", shown["estimate"], shown["mcse"], expected)
        compare.mean("effect", cell["true_effect"], cell["true_effect_mcse"], 5.0)
        chance = cell["uncertainty"]["effect_probability"]
        compare.mean("P(effect > 0)", chance["estimate"], chance["mcse"], law.sf(0))
        given = cell["uncertainty"]["power_given_effect"]
        above = averaged(lambda effect: power(effect, 8.0), stats.truncnorm(-5 / 3, 40, 5, 3).ppf)
        compare.mean("assurance given an effect", given["estimate"], given["mcse"], above)
        compare.mean("bias", cell["estimate"]["bias"], cell["estimate"]["bias_mcse"], 0.0)
    wrong = Comparison(title="negative control: the power at the mean is not the assurance")
    wrong.mean("power", shown["estimate"], shown["mcse"], power(5.0, 8.0))
    with pytest.raises(TooFarApart):
        wrong.check()


def test_assurance_of_an_uncertain_spread() -> None:
    own = '[hypotheses.effect.uncertainty]\n"sd_difference" = { low = 4, high = 14 }\n'
    (cell,) = as_json(run(text(uncertainty=own)).cells())
    power = exact("paired-t", "two-sided", 24)
    with Comparison(title="SD of the difference from 4 to 14") as compare:
        expected = averaged(lambda sd: power(5.0, sd), stats.uniform(4, 10).ppf)
        compare.mean("assurance", cell["power"]["estimate"], cell["power"]["mcse"], expected)


def test_assurance_of_two_uncertain_numbers_that_are_independent() -> None:
    own = NORMAL + '"sd_difference" = { low = 4, high = 14 }\n'
    (cell,) = as_json(run(text(uncertainty=own)).cells())
    power = exact("paired-t", "two-sided", 24)

    def inner(effect: float) -> float:
        return averaged(lambda sd: power(effect, sd), stats.uniform(4, 10).ppf, 16)

    with Comparison(title="mean and SD") as compare:
        expected = averaged(inner, stats.norm(5, 3).ppf, 24)
        compare.mean("assurance", cell["power"]["estimate"], cell["power"]["mcse"], expected)


def test_powers_of_the_variants() -> None:
    """Quantiles and SD of the power over the uncertainty, without the noise of 128 trials a variant."""
    (cell,) = as_json(run(text(alternative="greater"), trials=128 * 1500, count=1500).cells())
    power, law, about = exact("paired-t", "greater", 24), stats.norm(5, 3), cell["uncertainty"]
    exact_powers = np.array([power(float(x), 8.0) for x in law.ppf((np.arange(400) + 0.5) / 400)])
    assert about["power_sd"] == pytest.approx(exact_powers.std(), rel=0.06)
    with Comparison(title="quantiles") as compare:
        for name, shown in about["power_quantiles"].items():
            expected = power(float(law.ppf(int(name[1:]) / 100)), 8.0)
            compare.mean(name, shown["estimate"], shown["mcse"] + 0.005, expected)
        for name, shown in about["effect_quantiles"].items():
            compare.mean(name, shown["estimate"], shown["mcse"], law.ppf(int(name[1:]) / 100))


def test_the_noise_within_variants_is_no_spread() -> None:
    """Where nothing really varies the powers of the variants are the same, whatever their trials say."""
    own = '[hypotheses.effect.uncertainty]\n"means.A" = { low = 3, high = 3.0001 }\n'
    result = run(text(uncertainty=own), trials=128 * 400, count=400)
    (cell,) = as_json(result.cells())
    about = cell["uncertainty"]
    assert about["power_sd"] < 0.02
    assert result.drawn is not None
    observed = [tally.ends[0, 0, 0, :, [0, 1], 0].sum() / 128 for tally in result.drawn.tallies]
    assert stdev(observed) > 0.035  # negative control: taken as they are, they seem to differ
    middle = [each["estimate"] for each in about["power_quantiles"].values()]
    assert max(middle) - min(middle) < 0.06


@pytest.mark.parametrize("source", ["means", "mechanisms"])
def test_without_spread_assurance_is_power_to_the_last_bit(source: str) -> None:
    """Also where the trials are no multiple of 128: together the variants have the trials of a plain run."""
    if source == "means":
        own = '[hypotheses.effect.uncertainty]\n"means.A" = { low = 5, high = 5 }\n"sd_within" = '
        made = read_text(text(uncertainty=own + "{ mean = 5.656854249492381, sd = 0 }\n"))
    else:
        made = scenario('[uncertainty]\n"components.specific.share" = { low = 0.5, high = 0.5 }\n')
    for trials, count in ((5_000, 12), (1_280, 500)):
        plain, averaged_over = simulate(made, trials=trials), simulate(
            made, trials=trials, uncertain=True, variants=count
        )  # fmt: skip
        assert averaged_over.trials == plain.trials
        for one, other in zip(as_json(plain.cells()), as_json(averaged_over.cells()), strict=True):
            for key in ("power", "stopped_early", "expected_patients", "expected_completers", "undefined"):
                assert one[key]["estimate"] == other[key]["estimate"], key
                assert other[key]["mcse"] >= one[key]["mcse"]
            assert [look["efficacy"]["estimate"] for look in one["looks"]] == [
                look["efficacy"]["estimate"] for look in other["looks"]
            ]
    assert (
        as_json(plain.cells())[0]["power"]
        != as_json(simulate(made, trials=1_280, seed=2).cells())[0]["power"]
    )


def test_shares_of_the_trials() -> None:
    """Whole tiles, nearly the same number each, and together all trials."""
    for trials in (1, 127, 128, 129, 5_000, 100_000):
        for count in (1, 2, 7, 500):
            found = shares(trials, count)
            assert sum(n for _, n in found) == trials
            assert all(first % 128 == 0 for first, _ in found)
            assert [first for first, _ in found[1:]] == [first + n for first, n in found[:-1]]
            tiles = [math.ceil(n / 128) for _, n in found]
            assert max(tiles) - min(tiles) <= 1
            assert len(found) == min(count, math.ceil(trials / 128))


def by_hand(made: Any, trials: int, count: int, seed: int) -> list[Run]:
    """Each variant as a plain scenario, simulated at the same trials, with the same true effects."""
    found = []
    for i, ((first, n), each) in enumerate(
        zip(shares(trials, count), variants(made, count, seed), strict=True)
    ):
        names = list(each.hypotheses)
        known = truths(each, names, seed, 16, first=16 * (i + 1))
        work = job_of(each, seed=seed, given_truths=known)
        found.append(Run(each, "x", run_job(work, n, first=first)))
    return found


def test_mechanisms_against_the_variants_one_by_one() -> None:
    made = scenario(SHARED, OWN, TIE, "[monitoring]\nlooks = [12, 24]\n")
    result = simulate_variants(made, trials=3_000, count=8, seed=3)
    each = by_hand(made, 3_000, 8, 3)
    cells = [as_json(run.cells()) for run in each]
    n = np.array([run.trials for run in each])
    for k, cell in enumerate(as_json(result.cells())):
        for key in ("power", "stopped_early", "expected_patients", "expected_completers"):
            x = np.array([one[k][key]["estimate"] for one in cells])
            assert cell[key]["estimate"] == pytest.approx(np.average(x, weights=n), rel=1e-12, abs=1e-15)
        for key in ("bias", "mean"):
            x = np.array([one[k]["estimate"][key] for one in cells])
            assert cell["estimate"][key] == pytest.approx(np.average(x, weights=n), rel=1e-6, abs=1e-9)
        effect = np.array([one[k]["true_effect"] for one in cells])
        assert cell["true_effect"] == pytest.approx(np.average(effect, weights=n))
        wrong = sum(
            round(one[k]["power"]["estimate"] * m) * one[k]["estimate"]["wrong_sign"]["estimate"]
            for one, m in zip(cells, n, strict=True)
            if one[k]["estimate"]["wrong_sign"]
        )
        significant = sum(round(one[k]["power"]["estimate"] * m) for one, m in zip(cells, n, strict=True))
        if effect.any() and significant:
            assert cell["estimate"]["wrong_sign"]["estimate"] == pytest.approx(wrong / significant)
    other = simulate_variants(made, trials=3_000, count=8, seed=4)
    assert as_json(other.cells())[0]["power"] != as_json(result.cells())[0]["power"]


def test_exaggeration_against_the_variants_one_by_one() -> None:
    """The mean estimate of the significant trials, in the direction of the truth, over the mean truth."""
    made = read_text(text())
    (cell,) = as_json(simulate_variants(made, trials=4_000, count=9, seed=5).cells())
    total, size = 0.0, 0.0
    for each in by_hand(made, 4_000, 9, 5):
        (one,) = as_json(each.cells())
        truth, found = one["true_effect"], round(one["power"]["estimate"] * each.trials)
        if found:
            total += found * abs(truth) * one["estimate"]["exaggeration_given_efficacy"]
            size += found * abs(truth)
    assert cell["estimate"]["exaggeration_given_efficacy"] == pytest.approx(total / size, rel=1e-6)


@pytest.mark.long
def test_errors_are_the_spread_over_runs() -> None:
    """Of assurance, bias and effect over 60 seeds; those of independent trials would be far too small."""
    made = read_text(text())
    cells = [
        as_json(simulate_variants(made, trials=40 * 128, count=40, seed=seed).cells())[0]
        for seed in range(60)
    ]
    figures: dict[str, tuple[list[float], list[float]]] = {
        "assurance": ([c["power"]["estimate"] for c in cells], [c["power"]["mcse"] for c in cells]),
        "effect": ([c["true_effect"] for c in cells], [c["true_effect_mcse"] for c in cells]),
        "bias": ([c["estimate"]["bias"] for c in cells], [c["estimate"]["bias_mcse"] for c in cells]),
        "mean": ([c["estimate"]["mean"] for c in cells], [c["estimate"]["mean_mcse"] for c in cells]),
        "rmse": ([c["estimate"]["rmse"] for c in cells], [c["estimate"]["rmse_mcse"] for c in cells]),
    }
    for name, (values, errors) in figures.items():
        ratio = stdev(values) / fmean(errors)
        print(f"{name}: {ratio:.2f}")
        assert 0.72 < ratio < 1.28, name
    values, _ = figures["assurance"]
    independent = [math.sqrt(x * (1 - x) / (40 * 128)) for x in values]
    assert stdev(values) / fmean(independent) > 3.0


def test_ratio_over_clusters() -> None:
    """Against the textbook case of equal clusters: the standard error of a mean of cluster means."""
    rng = np.random.default_rng(1)
    x: NDArray[np.float64] = rng.normal(5, 2, 50)
    assert error(x, np.ones(50)) == pytest.approx(x.std(ddof=1) / math.sqrt(50))
    assert error(x[:1], [1]) == 0.0


def test_threads_and_order_change_nothing() -> None:
    made = scenario(SHARED, OWN)
    lines = SHARED.strip().splitlines()
    turned = scenario("\n".join([lines[0], *lines[:0:-1]]), OWN)
    digests = {
        simulate_variants(each, trials=2_000, count=9, threads=threads).digest()
        for each in (made, turned)
        for threads in (1, 2, 3)
    }
    assert len(digests) == 1
    assert simulate_variants(made, trials=2_000, count=8).digest() not in digests


def test_uncertain_dropout() -> None:
    """Completers follow the mean dropout; each variant has its own."""
    own = '[uncertainty]\n"population.dropout.per_period" = { low = 0, high = 0.5 }\n'
    made = read_text(text() + own)
    (cell,) = as_json(simulate_variants(made, trials=128 * 200, count=200).cells())
    with Comparison(title="dropout from 0 to 50 %") as compare:
        shown = cell["expected_completers"]
        compare.mean("completers", shown["estimate"], shown["mcse"], 24 * 0.75)
        look = cell["looks"][-1]
        compare.mean("planned", look["completers"], look["completers_mcse"], 24 * 0.75)


def test_ctrl_c_gives_what_is_finished() -> None:
    made = read_text(text())

    def late(done: int, _: int) -> None:
        if done > 128 * 100:
            os.kill(os.getpid(), signal.SIGINT)

    result = simulate_variants(made, trials=128 * 50_000, count=50_000, progress=late)
    assert result.partial
    assert 0 < result.trials < 128 * 50_000
    assert result.drawn is not None
    assert result.trials == 128 * len(result.drawn.tallies)
    assert any("interrupted" in warning for warning in result.to_json()["warnings"])


def test_nothing_uncertain_is_refused() -> None:
    with pytest.raises(UncertaintyError, match="no number of this scenario is uncertain"):
        simulate_variants(read("asthma-ab-ba"))
    with pytest.raises(ValueError, match="`variants` is the most, and not `trials`"):
        simulate(read_text(text()), uncertain=True, precision=0.01, trials=10_000)


def test_patients_who_wait_leave_or_guess() -> None:
    """What is counted of patients has errors of clusters too, around what all trials together give."""
    extra = (
        '[uncertainty]\n"components.specific.half_life_days.median" = { low = 2, high = 40 }\n'
        '"signals.cue.activated_by.midazolam" = { low = 0.2, high = 1 }\n'
        '[blinding]\nactive = ["ketamine"]\nintercept = -0.5\n'
    )
    rule = "{ share = 0.9, recheck_days = 3.5, at_most_days = 14 }"
    made = scenario(extra, set=(f"design.return_to_baseline={rule}",))
    result = simulate_variants(made, trials=2_560, count=20)
    plain = as_json(Run(result.scenario, "x", result.outcome).cells())
    for cell, alone in zip(as_json(result.cells()), plain, strict=True):
        assert cell["dropout"]["estimate"] == alone["dropout"]["estimate"]
        pairs = [(cell["dropout"], alone["dropout"])]
        pairs += [(cell["correct_guesses"]["all"], alone["correct_guesses"]["all"])]
        for one, other in zip(cell["leaving"], alone["leaving"], strict=True):
            pairs += [(one[key], other[key]) for key in ("left", "never_returned", "extra_days")]
        for one, other in pairs:
            assert one["estimate"] == other["estimate"]
            assert one["mcse"] >= other["mcse"]
        if cell["hypothesis"] == "specific":
            assert cell["leaving"][0]["extra_days"]["mcse"] > 2 * alone["leaving"][0]["extra_days"]["mcse"]
