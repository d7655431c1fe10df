"""Observed means, differences and test statistics as evidence: normal, with simulated moments.

    means       ~ Normal(mu, Sigma / n)           mu, Sigma: of virtual completers under the hypothesis
    estimate    ~ Normal(delta, se^2), or Student's t around delta where degrees of freedom are stated
    t statistic ~ noncentral t with ncp = delta / (SD of a patient's difference / sqrt n)

SDs are not weighed: a hypothesis's prediction of them rests on shape assumptions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln

from planner.kernels.tables import Floats
from planner.scenario import Scenario
from planner.scenario_observed import Observed, ObservedDifference
from planner.weighing.errors import WeighingError
from planner.weighing.patients import Cohort
from planner.world import Reading, retention

_SPREAD = "state how scores vary within patients"
_NODES = 240  # of the integral over the estimated SD


@dataclass(frozen=True)
class Means:
    """Mean of each treatment, with the patients in it and in both of two."""

    readings: tuple[Reading, ...]
    treatments: tuple[str, ...]
    values: Floats  # (treatment,)
    observed_sd: tuple[float | None, ...]
    patients: Floats  # (treatment, treatment) seen under both; on the diagonal, under this one

    def measured(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, ...]: mean vector and covariance matrix of the virtual patients."""
        return _moments(cohort, self.treatments)

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the density of the means."""
        mean, covariance = _split(measured, len(self.values))
        n = np.diag(self.patients)
        spread = covariance * self.patients / (n[:, None] * n[None, :])
        off = self.values - mean
        try:
            root = np.linalg.cholesky(spread)
        except np.linalg.LinAlgError:
            raise WeighingError("a hypothesis predicts means without any spread", _SPREAD) from None
        z = np.linalg.solve(root, off[..., None])[..., 0]
        scale = np.prod(np.sqrt(2.0 * np.pi) * np.diagonal(root, axis1=-2, axis2=-1), axis=-1)
        return np.asarray(np.exp(-0.5 * (z * z).sum(axis=-1)) / scale)

    def expected(self, measured: Floats) -> dict[tuple[str, str], Floats]:
        """By measure and treatment, the mean."""
        mean, _ = _split(measured, len(self.values))
        return {(self.readings[0].measure, a): mean[..., i] for i, a in enumerate(self.treatments)}

    def spreads(self, measured: Floats) -> list[tuple[str, float, Floats]]:
        """What spread was reported, and f64[...] what is predicted: SDs between patients."""
        _, covariance = _split(measured, len(self.values))
        sds = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        rows = zip(self.treatments, self.observed_sd, strict=True)
        return [(f"SD under {a}", sd, sds[..., i]) for i, (a, sd) in enumerate(rows) if sd is not None]


@dataclass(frozen=True)
class Difference:
    """A difference of two treatments, or its test statistic."""

    readings: tuple[Reading, ...]
    about: ObservedDifference
    patients: float
    together: bool  # whether the same patients had both treatments

    @property
    def se(self) -> float | None:
        """The reported standard error, from the interval if need be."""
        about = self.about
        if not about.interval:
            return about.se
        from scipy.special import ndtri, stdtrit

        tail = 0.5 + 0.5 * about.level
        quantile = float(ndtri(tail) if about.df is None else stdtrit(about.df, tail))
        return (about.interval[1] - about.interval[0]) / (2.0 * quantile)

    def measured(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, ...]: mean vector and covariance matrix of the virtual patients."""
        return _moments(cohort, self.about.contrast)

    def _predicted(self, measured: Floats) -> tuple[Floats, Floats]:
        """Mean difference, and the standard error of an estimate from so many patients."""
        mean, covariance = _split(measured, 2)
        own = covariance[..., 0, 0] + covariance[..., 1, 1]
        if self.together:
            variance = (own - 2.0 * covariance[..., 0, 1]) / self.patients
        else:
            variance = own / (self.patients / 2.0)
        if (variance <= 0.0).any() and self.se is None:
            raise WeighingError("a hypothesis predicts a difference without any spread", _SPREAD)
        return mean[..., 0] - mean[..., 1], np.sqrt(np.maximum(variance, 0.0))

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the density of the estimate or statistic."""
        about = self.about
        delta, predicted = self._predicted(measured)
        if about.estimate is not None:
            reported = self.se
            se = predicted if reported is None else np.full_like(predicted, reported)
            z = (about.estimate - delta) / se
            if about.df is None or reported is None:
                return _normal(z) / se
            return student(z, about.df) / se
        assert about.df is not None  # a scenario that was read is complete
        if about.t is not None:
            return noncentral_t(about.t, about.df, delta / predicted)
        assert about.F is not None
        root = np.sqrt(about.F)
        signs = {"positive": (1.0,), "negative": (-1.0,), None: (1.0, -1.0)}[about.sign]
        found = [noncentral_t(sign * root, about.df, delta / predicted) for sign in signs]
        return np.asarray(np.sum(found, axis=0))

    def spreads(self, measured: Floats) -> list[tuple[str, float, Floats]]:
        """What spread was reported, and f64[...] what is predicted: the standard error."""
        reported = self.se
        if reported is None:
            return []
        return [("standard error of the difference", reported, self._predicted(measured)[1])]

    def expected(self, measured: Floats) -> dict[tuple[str, str], Floats]:
        """By measure and contrast, the difference."""
        a, b = self.about.contrast
        return {(self.readings[0].measure, f"{a} - {b}"): self._predicted(measured)[0]}


def means(scenario: Scenario, observed: Observed) -> Means:
    """The observed means. Raises WeighingError."""
    treatments = tuple(observed.means)
    n = np.array([observed.means[a].n for a in treatments], np.float64)
    together = np.array(
        [[any({a, b} <= set(s) for s in scenario.design.sequences) for b in treatments] for a in treatments]
    )
    several = n.min() if observed.paired is None else float(min(observed.paired, n.min()))
    shared = np.where(together, np.where(np.eye(len(n), dtype=bool), n, several), 0.0)
    values = np.array([observed.means[a].mean for a in treatments])
    sds = tuple(observed.means[a].sd for a in treatments)
    return Means((_reading(scenario, observed),), treatments, values, sds, shared)


def difference(scenario: Scenario, observed: Observed) -> Difference:
    """The observed difference. Raises WeighingError."""
    about = observed.difference
    assert about is not None
    stay = retention(scenario)
    n = scenario.design.patients * (1.0 if stay is None else stay) if about.n is None else float(about.n)
    reported = about.estimate is not None and (about.se is not None or about.interval)
    if not reported and (n < 2.0 or (about.n is None and stay is None)):
        raise WeighingError("how many patients were compared is not known", "state `n` of the difference")
    together = any(set(about.contrast) <= set(s) for s in scenario.design.sequences)
    return Difference((_reading(scenario, observed),), about, n, together)


def _reading(scenario: Scenario, observed: Observed) -> Reading:
    day = scenario.endpoint.day if observed.day is None else observed.day
    return Reading(scenario.endpoint.measure, day)


def _moments(cohort: Cohort, treatments: Sequence[str]) -> Floats:
    """f64[hypothesis, treatment + treatment^2] of those seen under all treatments that they were to have."""
    hypotheses, size = next(iter(cohort.values.values())).shape[0], len(treatments)
    total, number = np.zeros((hypotheses, size)), np.zeros((hypotheses, size))
    products, pairs = (np.zeros((hypotheses, size, size)) for _ in range(2))
    for sequence in cohort.values:
        given = [a for a in treatments if a in sequence]
        if not given:
            continue
        at = [treatments.index(a) for a in given]
        y = cohort.seen(sequence, given)[:, 0]  # (hypothesis, treatment, patient)
        there = ~np.isnan(y).any(axis=1, keepdims=True)
        y = np.where(there, y, 0.0)
        seen = there.sum(axis=-1)
        total[:, at] += y.sum(axis=-1)
        number[:, at] += seen
        block = np.ix_(range(hypotheses), at, at)
        products[block] += y @ y.transpose(0, 2, 1)
        pairs[block] += seen[:, :, None]
    mean = total / np.maximum(number, 1.0)
    covariance = products / np.maximum(pairs, 1.0) - np.where(
        pairs > 0.0, mean[:, :, None] * mean[:, None, :], 0.0
    )
    return np.concatenate([mean, covariance.reshape(hypotheses, -1)], axis=-1)


def _split(measured: Floats, size: int) -> tuple[Floats, Floats]:
    return measured[..., :size], measured[..., size:].reshape(*measured.shape[:-1], size, size)


def _normal(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))


def student(z: Floats, df: float) -> Floats:
    """Density of Student's t."""
    scale = gammaln(0.5 * (df + 1.0)) - gammaln(0.5 * df) - 0.5 * np.log(df * np.pi)
    return np.asarray(np.exp(scale - 0.5 * (df + 1.0) * np.log1p(z * z / df)))


def noncentral_t(t: float, df: float, ncp: Floats) -> Floats:
    """Density at t of (Z + ncp) / S with df S^2 chi-squared: the integral of s phi(t s - ncp) over S.

    Gauss-Legendre over all of S that matters; exact to about 1e-10 for df from 1 on.
    """
    wide = 12.0 / np.sqrt(2.0 * df)
    low, high = max(0.0, 1.0 - wide), 1.0 + wide
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    s = low + 0.5 * (high - low) * (x + 1.0)
    log = np.log(2.0) + 0.5 * df * np.log(0.5 * df) - gammaln(0.5 * df)
    density = np.exp(log + (df - 1.0) * np.log(s) - 0.5 * df * s * s)
    mass = 0.5 * (high - low) * weight * density * s
    return np.asarray((_normal(t * s - np.asarray(ncp)[..., None]) * mass).sum(axis=-1))
