"""Likelihoods of many parts, against integration and scipy's normal densities; and whether weights hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from planner.model.parameter_draws import variants
from planner.questions.discriminate.likelihood import (
    Fit,
    Gaussian,
    Likelihood,
    Predictions,
    gaussian,
    mixture,
)
from planner.questions.discriminate.posterior import calibration, likelihoods_of, posteriors_of
from planner.questions.discriminate.response_surface import _covariance, _equal_parts, _free
from planner.questions.discriminate.simulating import SimulatedDesign, Task, simulate
from planner.questions.discriminate.summaries import summaries_of
from planner.scenario.reading.read import read
from tests.support.harness import Comparison, TooFarApart
from tests.support.telling_apart import FOLDER

Floats = NDArray[np.float64]


def covariances(count: int, size: int, seed: int) -> Floats:
    roots = np.random.default_rng(seed).normal(size=(count, size, 2 * size))
    return roots @ roots.transpose(0, 2, 1) / size


@pytest.mark.parametrize(("rows", "size", "parts"), [(1, 1, 1), (128, 2, 20), (131, 5, 21)])
def test_equal_parts_add_up_to_the_density_of_each(rows: int, size: int, parts: int) -> None:
    generator = np.random.default_rng(7)
    y, mean = generator.normal(size=(rows, size)) * 3.0, generator.normal(size=(parts, size))
    spread = covariances(parts, size, 8)
    each = [multivariate_normal(m, s).logpdf(y).reshape(rows) for m, s in zip(mean, spread, strict=True)]
    expected = logsumexp(each, axis=0) - math.log(parts) + 0.5 * size * math.log(2.0 * math.pi)
    assert _equal_parts(y, mean, spread) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
def test_far_from_all_parts_the_density_still_falls(parts: int) -> None:
    """What fills up the parts to a whole number of passes never has a share in it."""
    y = np.array([[1e4], [1e5], [1e7]])
    found = _equal_parts(y, np.zeros((parts, 1)), np.ones((parts, 1, 1)))
    assert found == pytest.approx(-0.5 * y[:, 0] ** 2, rel=1e-12)


def test_free_numbers_of_a_covariance_give_it_back() -> None:
    spread = covariances(6, 4, 9)
    assert _covariance(_free(spread)) == pytest.approx(spread, rel=1e-12)


def bent(x: Floats) -> tuple[Floats, Floats]:
    """Mean and variance of a patient's summary for a number between -1 and 1."""
    return 3.0 * x + x * x, np.exp(1.0 + 0.8 * x)


def drawn() -> Predictions:
    numbers = np.random.default_rng(3).uniform(-1.0, 1.0, 128)
    mean, spread = bent(numbers)
    more = (np.arange(1024) + 0.5) / 512.0 - 1.0
    return Predictions(
        mean[:, None], spread[:, None, None], 1 << 20, np.zeros(1), numbers[:, None], more[:, None]
    )


def farthest(found: Likelihood, patients: int) -> float:
    """Of the density at many places, the largest distance to the integral, as a share of its peak."""

    def density(y: float) -> float:
        def given(x: float) -> float:
            mean, spread = bent(np.array(x))
            return float(0.5 * norm.pdf(y, mean, math.sqrt(spread / patients)))

        return quad(given, -1.0, 1.0, limit=200)[0]

    at = np.linspace(-3.0, 7.0, 41)
    expected = np.array([density(y) for y in at])
    # `log` leaves out the constant of the normal distribution
    got = np.exp(found.log(at[:, None], patients)) / math.sqrt(2.0 * math.pi)
    return float(np.abs(got - expected).max() / expected.max())


def test_the_density_is_the_integral_over_the_uncertain_number() -> None:
    assert farthest(mixture(drawn()), 4) < 0.02
    assert farthest(gaussian(drawn()), 4) > 0.1


def test_with_many_patients_the_density_is_smooth_and_near_the_integral() -> None:
    """The number is flat between its limits, whose edges are smoothed."""
    assert farthest(mixture(drawn()), 24) < farthest(gaussian(drawn()), 24) / 3.0


def test_with_few_draws_fewer_terms_are_fitted() -> None:
    """Sixteen draws of twelve numbers: no fit goes through all of them, and the density stays finite."""
    generator = np.random.default_rng(4)
    numbers, further = generator.normal(size=(16, 12)), generator.normal(size=(64, 12))
    mean = numbers[:, :3] + generator.normal(size=(16, 3))
    found = mixture(Predictions(mean, covariances(16, 3, 5), 4096, np.full(3, 1e-6), numbers, further))
    assert np.isfinite(found.log(mean, math.inf)).all()
    assert np.linalg.eigvalsh(found.left).min() > 0.05


def test_without_uncertain_numbers_it_is_the_normal_distribution() -> None:
    mean, spread = np.random.default_rng(6).normal(size=(16, 2)) * 0.01, covariances(1, 2, 6).repeat(16, 0)
    known = Predictions(mean, spread, 4096, np.full(2, 1e-9), np.empty((16, 0)), np.empty((1, 0)))
    y = np.array([[0.1, -0.2], [1.0, 2.0]])
    plain = Gaussian(mean.mean(axis=0), np.cov(mean.T), spread[0])
    assert mixture(known).log(y, 12) == pytest.approx(plain.log(y, 12), abs=1e-6)


# Weights mean what they say


def overconfident(given: Predictions) -> Any:
    """As if there were half as much spread between patients."""
    return mixture(
        Predictions(given.mean, given.spread / 2.0, given.sample, given.floor, given.numbers, given.further)
    )


@pytest.fixture(scope="module")
def mechanisms() -> list[SimulatedDesign]:
    """Ten mechanisms in a 2x2 trial, by three seeds."""
    scenario = read(FOLDER / "two-by-two.toml")
    names, n = tuple(scenario.hypotheses), scenario.design.patients
    of = summaries_of(scenario, names, ("means",))
    return [
        simulate([Task(scenario, list(variants(scenario, 384, seed)), names, of, n, n)], seed)[0][0]
        for seed in (1, 2, 3)
    ]


@pytest.mark.long
@pytest.mark.parametrize(("fit", "honest"), [(mixture, True), (overconfident, False)])
def test_among_trials_that_name_a_mechanism_it_is_true_as_often(
    mechanisms: list[SimulatedDesign], fit: Fit, honest: bool
) -> None:
    """Whole virtual trials; the weights of all hypotheses, 0.8 among them."""
    limits = (0.1, 0.3, 0.5, 0.65, 0.75, 0.85, 0.95, 1.0)
    true = np.zeros((len(limits) - 1, 0))
    every, weights = true, np.zeros(len(limits) - 1)
    for sim in mechanisms:
        count = sim.model.mean.shape[1]
        judges = likelihoods_of(sim, fit)
        judged = posteriors_of(sim, sim.trials, sim.patients, np.full(count, 1.0 / count), judges)
        bins = calibration(judged, limits)
        true = np.hstack([true, np.array([each.true for each in bins])])
        every = np.hstack([every, np.array([each.all for each in bins])])
        weights += [each.weight * each.all.sum() for each in bins]
    compared = Comparison(title="calibration")
    for one, all_of_them, weight in zip(true, every, weights, strict=True):
        share = one.sum() / all_of_them.sum()
        error = math.sqrt(((one - share * all_of_them) ** 2).sum()) / all_of_them.sum()
        compared.mean(f"weight {weight / all_of_them.sum():.2f}", share, error, weight / all_of_them.sum())
    if honest:
        compared.check()
    else:
        with pytest.raises(TooFarApart):
            compared.check()
