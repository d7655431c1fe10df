"""Likelihoods of the variants to weights: Bayes' theorem, with Monte Carlo errors by the delta method.

    P(result | H) = mean over variants of P(result | H, variant)              weight_H ~ prior_H P(result | H)

A variant has the same patients under every hypothesis, so that errors are paired: the covariance of the mean
likelihoods goes into the errors of weights and Bayes factors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner._special import stdtrit
from planner.kernels.tables import Floats
from planner.results import figures
from planner.results.figures import Figure


@dataclass(frozen=True)
class Posterior:
    """What likelihoods f64[variant, hypothesis] and prior weights f64[hypothesis] make of each other.

    `groups`: numbers of the hypotheses that are one class.
    """

    likelihood: Floats
    prior: Floats
    groups: tuple[tuple[int, ...], ...]

    @property
    def scale(self) -> float:
        """A power of two near the largest likelihood: dividing by it rounds nothing."""
        largest = float(self.likelihood.max())
        return 2.0 ** math.frexp(largest)[1] if largest > 0.0 else 1.0

    @property
    def mean(self) -> Floats:
        """(hypothesis,) mean likelihood over `scale`."""
        return np.asarray(np.maximum(self.likelihood.mean(axis=0) / self.scale, 0.0))

    @property
    def covariance(self) -> Floats:
        """(hypothesis, hypothesis) of these means."""
        variants, hypotheses = self.likelihood.shape
        if variants < 2:
            return np.zeros((hypotheses, hypotheses))
        each = np.cov(self.likelihood / self.scale, rowvar=False).reshape(hypotheses, hypotheses)
        return np.asarray(each / variants)

    @property
    def best(self) -> int:
        """The hypothesis under which the result is most probable."""
        return int(self.mean.argmax())

    def weights(self) -> tuple[Floats, Floats]:
        """(hypothesis,) weights and their standard errors."""
        weight, slope = self._weights()
        return weight, _errors(slope, self.covariance)

    def pulls(self) -> Floats:
        """(variant, hypothesis) what each variant does to the weights, by the delta method.

        Their variance over the variants is that of the weights, times the number of variants.
        """
        _, slope = self._weights()
        return np.asarray((self.likelihood / self.scale - self.mean) @ slope.T)

    def _weights(self) -> tuple[Floats, Floats]:
        """(hypothesis,) weights, and (hypothesis, hypothesis) their slopes by the mean likelihoods."""
        part = self.prior * self.mean
        weight = part / part.sum()
        return weight, (np.eye(weight.size) - weight[:, None]) * (self.prior / part.sum())[None, :]

    def factors(self) -> tuple[Floats, Floats]:
        """(hypothesis,) Bayes factors against the best, and their standard errors."""
        mean, best = self.mean, self.best
        slope = np.eye(mean.size) / mean[best]
        slope[:, best] -= mean / mean[best] ** 2
        slope[best] = 0.0
        return mean / mean[best], _errors(slope, self.covariance)

    def likelihoods(self) -> tuple[Floats, Floats]:
        """(hypothesis,) mean likelihoods, and their standard errors."""
        return self.mean * self.scale, np.sqrt(np.diag(self.covariance)) * self.scale

    def effective(self) -> Floats:
        """(hypothesis,) variants that carry the likelihood: (sum L)^2 / sum L^2 (Kong 1992)."""
        square = (self.likelihood**2 / self.scale**2).sum(axis=0)
        total = self.likelihood.sum(axis=0) / self.scale
        return np.asarray(np.divide(total**2, square, out=np.zeros_like(total), where=square > 0.0))

    def by_class(self) -> Posterior:
        """The same of classes: their likelihood is the mean by prior weight within, priors are added."""
        rows, priors = [], []
        for group in self.groups:
            own = self.prior[list(group)]
            share = own / own.sum() if own.sum() > 0.0 else np.full(own.size, 1.0 / own.size)
            rows.append(self.likelihood[:, list(group)] @ share)
            priors.append(own.sum())
        return Posterior(np.stack(rows, axis=1), np.array(priors), tuple((i,) for i in range(len(rows))))

    def with_class_likelihoods(self) -> Posterior:
        """The same with the likelihood of its class for every hypothesis: within, they differ by chance."""
        shared, likelihood = self.by_class().likelihood, self.likelihood.copy()
        for i, group in enumerate(self.groups):
            likelihood[:, list(group)] = shared[:, i : i + 1]
        return Posterior(likelihood, self.prior, self.groups)

    def log_factor(self, pair: Sequence[int]) -> tuple[float | None, float]:
        """log10 Bayes factor of the first of two against the second, and its standard error."""
        mean = self.mean
        if len(pair) < 2 or (mean[list(pair)] <= 0.0).any():
            return None, 0.0
        slope = np.zeros((1, mean.size))
        slope[0, list(pair)] = np.array([1.0, -1.0]) / mean[list(pair)]
        error = float(_errors(slope, self.covariance)[0])
        return float(np.log10(mean[pair[0]] / mean[pair[1]])), error / float(np.log(10.0))

    def with_prior(self, prior: Sequence[float]) -> Posterior:
        """The same likelihoods under other prior weights."""
        return Posterior(self.likelihood, np.array(prior, np.float64), self.groups)


def _errors(slope: Floats, covariance: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", slope, covariance, slope), 0.0)))


def figure(
    estimate: float, mcse: float, most: float = np.inf, least: float = 0.0, variants: int | None = None
) -> Figure:
    """A figure, its interval within `least` and `most`.

    variants: whose spread gives the error, which of few is itself uncertain (Student's t).
    """
    quantile = figures.Z95 if variants is None or variants < 2 else float(stdtrit(variants - 1, 0.975))
    return figures.figure(float(estimate), float(mcse), least, most, quantile)
