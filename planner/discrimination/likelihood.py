"""How likely the summaries of a trial are under a hypothesis whose numbers are uncertain.

    means of the summaries | H       ~  Normal(m, V)             over the draws of the uncertain numbers
    summaries of N patients | means  ~  Normal(means, S / N)

so that the summaries of a trial are Normal(m, V + S / N) under H. V is the covariance of the means found in
the draws, less what is noise of their finite samples, and drawn a little towards its diagonal, because that
of few draws sees directions in which nothing varies where there are none (Friedman 1989, J Am Stat Assoc
84:165). `mixture` takes the draws themselves in place of one
normal distribution, each smoothed (West 1993, Stat Comput 3:409, J R Stat Soc B 55:409): right also where the
means are far from normal, but it needs many draws for each dimension.

A likelihood is made from draws (`Fit`) and then asked (`Likelihood`); to add one, add a row of FITS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

from planner.kernels.tables import Floats

_DIAGONAL = 2.0  # draws that the diagonal of V counts for beside those that were made
_FLOOR = 1e-6  # of the typical variance of a summary: nothing is known without error


class Likelihood(Protocol):
    """What one hypothesis says of a trial, its uncertain numbers averaged out."""

    def log(self, y: Floats, patients: float) -> Floats:
        """Log density f64[...] of summaries f64[..., summary] of a trial of so many patients."""
        ...


class Fit(Protocol):
    """Makes the likelihood of a hypothesis from what it predicts in several draws of its numbers."""

    def __call__(self, mean: Floats, spread: Floats, sample: int, floor: Floats) -> Likelihood:
        """Mean f64[draw, summary] of samples of `sample` patients, spread f64[draw, summary, summary].

        floor f64[summary]: the least variance of a patient's contribution.
        """
        ...


@dataclass(frozen=True)
class Gaussian:
    """Normal(m, V + S / N)."""

    mean: Floats  # m
    between: Floats  # V
    within: Floats  # S

    def log(self, y: Floats, patients: float) -> Floats:
        """As Likelihood."""
        root = _root(self.between + self.within / patients)
        scaled = _scaled(root, y - self.mean)
        log: Floats = -0.5 * np.einsum("i...,i...->...", scaled, scaled) - np.log(np.diag(root)).sum()
        return log


@dataclass(frozen=True)
class Mixture:
    """Equal parts of Normal(m + a (m_q - m), b^2 V + S / N) over the draws q, with a^2 + b^2 = 1.

    Mean and covariance are those of the normal distribution.
    """

    whole: Gaussian
    means: Floats  # (draw, summary)
    width: float  # b

    def log(self, y: Floats, patients: float) -> Floats:
        """As Likelihood."""
        whole, shrunk = self.whole, math.sqrt(1.0 - self.width**2)
        root = _root(self.width**2 * whole.between + whole.within / patients)
        at = _scaled(root, (y - whole.mean).reshape(-1, y.shape[-1]))
        centre = _scaled(root, shrunk * (self.means - whole.mean))
        square = (at * at).sum(axis=0)[:, None] + (centre * centre).sum(axis=0) - 2.0 * at.T @ centre
        log: Floats = logsumexp(-0.5 * square, axis=1) - math.log(len(self.means))
        log -= np.log(np.diag(root)).sum()
        return log.reshape(y.shape[:-1])


def _root(covariance: Floats) -> Floats:
    """The lower triangular root of a covariance."""
    return np.asarray(np.linalg.cholesky(covariance), np.float64)


def _scaled(root: Floats, deviation: Floats) -> Floats:
    """Deviations f64[..., summary] in units of a triangular root, as f64[summary, ...]."""
    flat = deviation.reshape(-1, deviation.shape[-1]).T
    found: Floats = solve_triangular(root, flat, lower=True, check_finite=False)
    return found.reshape(-1, *deviation.shape[:-1])


def gaussian(mean: Floats, spread: Floats, sample: int, floor: Floats) -> Gaussian:
    """The normal distribution with the moments found.

    Directions in which the means differ by no more than the noise of their samples get the variance 0.
    """
    within = spread.mean(axis=0) + np.diag(floor)
    root = _root(within / sample)
    centre = mean.mean(axis=0)
    between = np.zeros_like(within)
    if len(mean) > 1:
        scaled = _scaled(root, mean - centre)
        size, direction = np.linalg.eigh(scaled @ scaled.T / (len(mean) - 1))
        turned = root @ direction
        between = (turned * np.maximum(size - 1.0, 0.0)) @ turned.T
        weight = _DIAGONAL / (_DIAGONAL + len(mean))
        between = (1.0 - weight) * between + weight * np.diag(np.diag(between))
    return Gaussian(centre, between, within)


def certain(mean: Floats, spread: Floats, sample: int, floor: Floats) -> Gaussian:
    """The normal distribution of a hypothesis whose numbers are known: V = 0."""
    within = spread.mean(axis=0) + np.diag(floor)
    return Gaussian(mean.mean(axis=0), np.zeros_like(within), within)


def mixture(mean: Floats, spread: Floats, sample: int, floor: Floats) -> Mixture:
    """The draws, smoothed by Silverman's rule for as many dimensions as the means vary in."""
    whole = gaussian(mean, spread, sample, floor)
    scale = np.sqrt(np.diag(whole.between) + np.diag(whole.within) / sample)
    size = np.linalg.eigvalsh(whole.between / np.outer(scale, scale))
    d = max(float(size.sum()) ** 2 / max(float((size * size).sum()), 1e-300), 1.0)
    width = (4.0 / (d + 2.0) / len(mean)) ** (1.0 / (d + 4.0))
    return Mixture(whole, mean, min(width, 0.999))


def floor_of(spread: Floats) -> Floats:
    """The least variance of each summary: a small share of what is typical over all draws and hypotheses."""
    typical = np.einsum("qhii->i", spread) / (spread.shape[0] * spread.shape[1])
    return _FLOOR * np.where(typical > 0.0, typical, 1.0)


FITS: dict[str, Fit] = {"gaussian": gaussian, "mixture": mixture}
"""The likelihoods that may be asked for."""
