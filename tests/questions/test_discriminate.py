"""Telling hypotheses apart against closed forms and chance; each comparison can also fail."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from planner.questions.discriminate.answers import probability
from planner.questions.discriminate.classes import join, practical_classes
from planner.questions.discriminate.discriminate import discriminate
from planner.questions.discriminate.likelihood import FITS, Fit, Gaussian, Predictions, gaussian
from planner.questions.discriminate.posterior import (
    calibration,
    figures,
    likelihoods_of,
    normal_data,
    posteriors_of,
)
from planner.questions.discriminate.simulating import DiscriminationError
from planner.scenario.reading.read import read
from planner.scenario.scenario import Scenario
from tests.support.harness import Comparison, TooFarApart
from tests.support.telling_apart import FOLDER, Json, check, simulate, told, trial

# Closed forms


def right(d: float) -> float:
    """P(right) of two normal distributions d standard deviations apart."""
    return float(norm.cdf(d / 2.0))


def sure(d: float, weight: float) -> tuple[float, float]:
    """P(the weight of the true one, or of the wrong one, is above a limit)."""
    cut = math.log(weight / (1.0 - weight))
    return float(norm.cdf((d * d / 2.0 - cut) / d)), float(norm.cdf((-d * d / 2.0 - cut) / d))


def bits(d: float) -> float:
    """Information of one look at which of two normal distributions it is."""

    def part(z: float) -> float:
        lead = d * d / 2.0 + d * z  # log likelihood ratio where the first is true
        return float(norm.pdf(z)) * (1.0 - math.log2(1.0 + math.exp(-lead)))

    return float(quad(part, -9.0, 9.0)[0])


@pytest.mark.parametrize("between", [0.0, 5.0])
def test_two_known_hypotheses_have_a_closed_form(between: float) -> None:
    """Phi(delta sqrt(N) / (2 sigma)); what patients have in common helps, since B is known."""
    scenario = trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}], between=between)
    found = told(scenario, patients=[6, 12, 48])
    covariance = np.full((2, 2), between**2) + np.diag([16.0, 16.0])
    unit = 2.0 * math.sqrt(np.linalg.inv(covariance)[0, 0])
    with Comparison(title="two hypotheses") as compared:
        for point in found["curve"]:
            d = unit * math.sqrt(point["patients"])
            check(compared, f"right, {point['patients']}", point["p_right"], right(d))
            yes, no = sure(d, 0.9)
            check(compared, f"decisive, {point['patients']}", point["p_decisive_right"], yes)
            check(compared, f"wrong, {point['patients']}", point["p_decisive_wrong"], no)
            check(compared, f"inconclusive, {point['patients']}", point["p_inconclusive"], 1.0 - yes - no)
            check(compared, f"bits, {point['patients']}", point["information_bits"], bits(d))
        check(compared, "whole trials", found["check"]["p_right"], right(unit * math.sqrt(12)))
    assert found["ceiling"]["estimate"] == 1.0
    assert 0.0 < found["ceiling"]["mcse"] < 0.03
    assert found["pairs"]["p_right"][0][1] == pytest.approx(found["p_right"]["estimate"], abs=1e-6)


def test_a_wrong_closed_form_is_seen() -> None:
    found = told(trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}]))
    with pytest.raises(TooFarApart), Comparison() as compared:
        check(compared, "right", found["p_right"], right(2.3 * math.sqrt(12) / 4.0))


def test_parallel_groups() -> None:
    """A third of the patients get A: the variance of its mean is that of a third of them."""
    scenario = trial(
        [{"A": 0, "B": 0}, {"A": 3, "B": 0}],
        sequences=("A", "B"),
        allocation=[1, 2],
        patients=18,
        within=3.0,
        between=4.0,
    )
    found = told(scenario)
    d = 3.0 / 5.0 * math.sqrt(18 / 3)
    with Comparison(title="parallel") as compared:
        check(compared, "right", found["p_right"], right(d))
        check(compared, "whole trials", found["check"]["p_right"], right(d))


def test_an_unequal_prior() -> None:
    scenario = trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}], prior=[3.0, 1.0])
    d, shift = 2.0 * math.sqrt(12) / 4.0, math.log(3.0)
    expected = 0.75 * norm.cdf(d / 2 + shift / d) + 0.25 * norm.cdf(d / 2 - shift / d)
    found = told(scenario)
    assert found["prior"] == [0.75, 0.25]
    with Comparison(title="prior") as compared:
        check(compared, "right", found["p_right"], float(expected))


def uncertain_pair() -> Scenario:
    """The mean of A: Normal(0, 1) against Normal(3, 2); B is known."""
    return trial(
        [{"A": 0, "B": 0}, {"A": 3, "B": 0}],
        uncertain=[{"means.A": (0.0, 1.0)}, {"means.A": (3.0, 2.0)}],
    )


def of_normals(first: tuple[float, float], second: tuple[float, float]) -> float:
    """P(right) of two normal distributions (mean, variance)."""

    def most(x: float) -> float:
        return max(float(norm.pdf(x, m, math.sqrt(v))) for m, v in (first, second))

    return 0.5 * float(quad(most, -25.0, 25.0, limit=400)[0])


@pytest.mark.parametrize("likelihood", sorted(FITS))
def test_uncertain_means_have_a_closed_form_and_a_ceiling(likelihood: str) -> None:
    found = told(uncertain_pair(), draws=256, likelihood=likelihood, patients=[4, 12, 100])
    with Comparison(title="uncertain means") as compared:
        for point in found["curve"]:
            v = 16.0 / point["patients"]
            check(compared, str(point["patients"]), point["p_right"], of_normals((0, 1.0 + v), (3, 4.0 + v)))
        check(compared, "ceiling", found["ceiling"], of_normals((0, 1.0), (3, 4.0)))
        check(compared, "known", found["fixed"]["p_right"], right(3.0 * math.sqrt(12) / 4.0))
    assert found["fixed"]["ceiling"]["estimate"] == 1.0
    assert found["curve"][-1]["p_right"]["estimate"] <= found["ceiling"]["estimate"] + 0.01


# Chance


def test_hypotheses_that_are_the_same_share_the_chance() -> None:
    """Ties are shared: three names for one hypothesis are right a third of the time, exactly."""
    found = told(trial([{"A": 2, "B": 0}] * 3))
    assert found["p_right"]["estimate"] == pytest.approx(1 / 3, abs=1e-12)
    assert found["classes"] == found["structural_classes"] == [["h0", "h1", "h2"]]
    assert found["by_class"]["structural"]["p_right"]["estimate"] == 1.0
    assert found["information_bits"]["estimate"] == pytest.approx(0.0, abs=1e-9)
    assert found["p_inconclusive"]["estimate"] == 1.0


def test_hypotheses_that_differ_in_name_alone_share_the_chance() -> None:
    """Each states its own numbers of the same distribution: a copy, which shares one fit and every figure."""
    same = {"means.A": (0.0, 2.0)}
    means, other = [{"A": 0, "B": 0}] * 2 + [{"A": 6, "B": 0}], {"means.A": (6.0, 2.0)}
    scenario = trial(means, uncertain=[same, same, other], prior=[2.0, 1.0, 1.0])
    found = told(scenario, draws=64)
    assert found["structural_classes"] == found["classes"] == [["h0", "h1"], ["h2"]]
    for matrix in (found["confusion"], found["ceiling_confusion"]):
        assert matrix[0] == matrix[1]
    assert found["pairs"]["p_right"][0][1] == found["pairs"]["ceiling"][0][1] == 0.5
    alone = told(scenario, draws=64, hypotheses=["h0", "h2"])
    assert found["pairs"]["p_right"][0][2] == pytest.approx(alone["pairs"]["p_right"][0][1], abs=1e-6)
    assert found["pairs"]["p_right"][1][2] == found["pairs"]["p_right"][0][2]


def test_hypotheses_of_nearly_the_same_law_are_a_practical_class() -> None:
    """No structure says that they are the same, but endless patients would hardly tell them apart."""
    means = [{"A": 0, "B": 0}] * 2
    found = told(trial(means, uncertain=[{"means.A": (0.0, 2.0)}, {"means.A": (0.0, 2.02)}]), draws=128)
    assert found["structural_classes"] == [["h0"], ["h1"]]
    assert found["classes"] == [["h0", "h1"]]
    with Comparison(title="the same law") as compared:
        check(compared, "right", found["p_right"], 0.5)
        check(compared, "ceiling", found["ceiling"], 0.5)


def test_with_permuted_labels_it_falls_to_chance() -> None:
    sim = simulate(trial([{"A": m, "B": 0} for m in (0, 3, 6, 9)], patients=24))
    prior = np.full(4, 0.25)
    data = normal_data(sim, 24, 64, 1)
    judges = likelihoods_of(sim, gaussian)
    assert figures(posteriors_of(sim, data, 24, prior, judges), 0.9).right.mean() > 0.9
    generator = np.random.default_rng(2)
    mixed = np.array([each[generator.permutation(4)] for each in data])
    with Comparison(title="permuted labels") as compared:
        found = figures(posteriors_of(sim, mixed, 24, prior, judges), 0.9)
        check(compared, "right", probability(found.right, found.trials).to_json(), 0.25)


# Weights mean what they say


def three() -> Scenario:
    return trial(
        [{"A": 0, "B": 0}, {"A": 3, "B": 0}, {"A": 3, "B": 2}],
        between=3.0,
        uncertain=[{"means.A": (0.0, 1.0)}, {"means.A": (3.0, 1.5)}, {"means.A": (3.0, 1.5)}],
    )


def overconfident(drawn: Predictions) -> Gaussian:
    """A likelihood that takes trials for four times as large as they are."""
    found = gaussian(drawn)
    return Gaussian(found.mean, found.between, found.within / 4.0)


@pytest.mark.parametrize(
    ("fit", "honest"), [(gaussian, True), (FITS["mixture"], True), (overconfident, False)]
)
def test_among_trials_that_give_a_weight_it_is_true_as_often(fit: Fit, honest: bool) -> None:
    sim = simulate(three(), draws=128)
    judged = posteriors_of(sim, sim.trials, sim.patients, np.full(3, 1 / 3), likelihoods_of(sim, fit))
    compared = Comparison(title="calibration")
    for each in calibration(judged, (0.05, 0.2, 0.35, 0.5, 0.65, 0.75, 0.85, 0.95)):
        share = each.true.sum() / each.all.sum()
        error = math.sqrt(((each.true - share * each.all) ** 2).sum()) / each.all.sum()
        compared.mean(f"weight {each.weight:.2f}", float(share), error, each.weight)
    if honest:
        compared.check()
    else:
        with pytest.raises(TooFarApart):
            compared.check()


@pytest.mark.long
def test_the_same_seed_gives_the_same_numbers_for_any_number_of_threads() -> None:
    few = 'simulation.hypotheses=["direct-opioid", "permissive", "expectancy"]'
    scenario = read(FOLDER / "ab-ba.toml", set=[few])
    found = [
        discriminate(scenario, draws=32, seed=seed, threads=n, patients=[24]).designs
        for seed, n in ((5, 1), (5, 3), (6, 2))
    ]
    assert found[0] == found[1]
    assert found[0] != found[2]


def test_draws_are_the_first_of_more() -> None:
    """What a draw shows does not depend on how many there are."""
    few, many = simulate(three(), draws=32), simulate(three(), draws=48)
    assert np.array_equal(few.truth.mean, many.truth.mean[:16])
    assert np.allclose(normal_data(few, 12, 8, 1), normal_data(many, 12, 8, 1)[:16], atol=1e-6)


def test_classes_grow_along_pairs() -> None:
    assert join(5, [(0, 3), (3, 4)]) == ((0, 3, 4), (1,), (2,))
    ceiling = np.full((3, 3), 0.9)
    ceiling[0, 2] = ceiling[2, 0] = 0.59
    assert practical_classes(ceiling) == ((0, 2), (1,))


def test_a_share_that_never_varies_has_an_error() -> None:
    assert probability(np.ones(16), 160).error > 0.0
    figure = probability(np.array([0.2, 0.4, 0.3, 0.3]), 4)
    low, high = figure.interval
    assert figure.estimate == pytest.approx(0.3)
    assert figure.mcse == pytest.approx(math.sqrt(0.02 / 3 / 4))
    assert 0.0 <= low < 0.3 < high <= 1.0


# Questions without an answer


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hypotheses": ["h0"]}, "it takes two hypotheses"),
        ({"decisive": 0.4}, "decisive weight"),
        ({"draws": 3}, "from 32 to 4,096"),
        ({"summaries": ["medians"]}, "'medians' is not one of"),
        ({"summaries": []}, "no summaries"),
        ({"summaries": ["means", "days"]}, "no summary of the kind days"),
        ({"summaries": ["responses"]}, "says nothing of the share with response in A"),
        ({"likelihood": "cauchy"}, "'cauchy' is not one of"),
    ],
)
def test_questions_without_an_answer(options: Json, message: str) -> None:
    scenario = trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}])
    with pytest.raises(DiscriminationError, match=message):
        discriminate(scenario, **({"draws": 32} | options))


def test_nothing_uncertain_is_warned_of() -> None:
    found = discriminate(trial([{"A": 0, "B": 0}, {"A": 2, "B": 0}]), draws=32)
    assert any("no number is uncertain" in said for said in found.warnings)
    assert not discriminate(uncertain_pair(), draws=32).warnings
