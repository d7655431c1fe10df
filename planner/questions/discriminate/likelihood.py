"""How likely the summaries of a trial are under a hypothesis whose numbers are uncertain.

    means of the summaries | H       ~  Normal(m, V)             over the draws of the uncertain numbers
    summaries of N patients | means  ~  Normal(means, S / N)

so that the summaries of a trial are Normal(m, V + S / N) under H. V is the covariance of the means in
the draws, less what is noise of their finite samples, and drawn a little towards its diagonal, because that
of few draws sees directions in which nothing varies where there are none (Friedman 1989, J Am Stat Assoc
84:165).

`mixture` takes many draws in place of one normal distribution (response_surface.py): right also where the
means are far from normal, or the spread depends on what is uncertain.

A likelihood is made from draws (`Fit`) and then evaluated (`Likelihood`); to add one, add a row of FITS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import solve_triangular

from planner.kernels.tables import Floats
from planner.questions.discriminate.response_surface import ResponseSurface, response_surface

_DIAGONAL = 2.0  # draws that the diagonal of V counts for beside those that were made
_FLOOR = 1e-6  # of the typical variance of a summary: nothing is known without error
_PARTS_TIMES_TERMS, _FEWEST_PARTS = 1 << 16, 256  # of a mixture: what a trial costs to weigh


class Likelihood(Protocol):
    """The density of a trial under one hypothesis, its uncertain numbers averaged out."""

    def log(self, y: Floats, patients: float) -> Floats:
        """Log density f64[...] of summaries f64[..., summary] of a trial of so many patients."""
        ...


@dataclass(frozen=True)
class Predictions:
    """What one hypothesis predicts in several draws of its uncertain numbers."""

    mean: Floats  # (draw, summary) of samples of `sample` patients
    spread: Floats  # (draw, summary, summary) of a patient's contributions
    sample: int
    floor: Floats  # (summary,) the least variance of a patient's contribution
    numbers: Floats  # (draw, number) the uncertain numbers themselves
    further: Floats  # (more draws, number), for which nothing was simulated


class Fit(Protocol):
    """Makes the likelihood of a hypothesis from what it predicts in several draws of its numbers."""

    def __call__(self, drawn: Predictions) -> Likelihood: ...


@dataclass(frozen=True)
class Gaussian:
    """Normal(m, V + S / N)."""

    mean: Floats  # m
    between: Floats  # V
    within: Floats  # S

    def log(self, y: Floats, patients: float) -> Floats:
        """As Likelihood."""
        root = _root(self.between + self.within / patients)
        scaled = _in_units_of(root, y - self.mean)
        log: Floats = -0.5 * np.einsum("i...,i...->...", scaled, scaled) - np.log(np.diag(root)).sum()
        return log


def _root(covariance: Floats) -> Floats:
    """The lower triangular root of a covariance."""
    return np.asarray(np.linalg.cholesky(covariance), np.float64)


def _in_units_of(root: Floats, deviation: Floats) -> Floats:
    """Deviations f64[..., summary] in units of a triangular root, as f64[summary, ...]."""
    flat = deviation.reshape(-1, deviation.shape[-1]).T
    scaled: Floats = solve_triangular(root, flat, lower=True, check_finite=False)
    return scaled.reshape(-1, *deviation.shape[:-1])


def gaussian(drawn: Predictions) -> Gaussian:
    """The normal distribution with the moments of the draws.

    Directions in which the means differ by no more than the noise of their samples get the variance 0.
    """
    plain, draws = certain(drawn), len(drawn.mean)
    if draws < 2:
        return plain
    root = _root(plain.within / drawn.sample)
    scaled = _in_units_of(root, drawn.mean - plain.mean)
    size, direction = np.linalg.eigh(scaled @ scaled.T / (draws - 1))
    turned = root @ direction
    between = (turned * np.maximum(size - 1.0, 0.0)) @ turned.T
    weight = _DIAGONAL / (_DIAGONAL + draws)
    between = (1.0 - weight) * between + weight * np.diag(np.diag(between))
    return Gaussian(plain.mean, between, plain.within)


def certain(drawn: Predictions) -> Gaussian:
    """The normal distribution of a hypothesis whose numbers are known: V = 0."""
    within = drawn.spread.mean(axis=0) + np.diag(drawn.floor)
    return Gaussian(drawn.mean.mean(axis=0), np.zeros_like(within), within)


def mixture(drawn: Predictions) -> ResponseSurface:
    """As many parts as there are further draws of the uncertain numbers, fewer of many summaries."""
    size = drawn.mean.shape[1]
    parts = max(_FEWEST_PARTS, _PARTS_TIMES_TERMS // (size * (size + 3) // 2 + 1))
    spread = drawn.spread + np.diag(drawn.floor)
    return response_surface(drawn.mean, spread, drawn.numbers, drawn.further[:parts])


def floor_of(spread: Floats) -> Floats:
    """The least variance of each summary: a small share of what is typical over all draws and hypotheses."""
    typical = np.einsum("qhii->i", spread) / (spread.shape[0] * spread.shape[1])
    return _FLOOR * np.where(typical > 0.0, typical, 1.0)


FITS: dict[str, Fit] = {"gaussian": gaussian, "mixture": mixture}
"""The likelihoods to choose from."""
