"""Closed forms: the exact power of analyses whose statistic has a known law, where that law holds.

Scores of family `means` on an unbounded scale are normal, so that with complete patients and one look a t
statistic is noncentral t, also under carryover, which only moves its mean. None stands for "no closed form".
To add an analysis: one row of _LAWS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, ndtr, stdtrit

from planner.kernels.tables import Floats
from planner.monitoring import looks
from planner.scenario import Analysis, Means, Scenario
from planner.world import carried, period_weights, reading_of, retention

_PANELS, _REACH = 10, 13.0  # pieces of the quadrature; standard deviations of the spread that it covers
_X, _W = np.polynomial.legendre.leggauss(40)


class Differences(NamedTuple):
    """The treatment differences of complete patients: normal, by sequence."""

    mean: Floats  # (sequence,) in points
    variance: Floats  # (sequence,) in points squared
    share: Floats  # (sequence,) of the patients


class Law(NamedTuple):
    """A noncentral t, for each number of patients."""

    shift: Floats  # (number,) noncentrality
    df: Floats  # (number,) not positive where the test is undefined


def differences(scenario: Scenario, hypothesis: Means, analysis: Analysis) -> Differences:
    """What one patient's contrast looks like in each sequence, period effects and carryover included."""
    weights = analysis.weights
    table = period_weights(scenario, weights)
    added, spread = scenario.population.period_effect, hypothesis.spread
    means, variances = [], []
    for s, sequence in enumerate(scenario.design.sequences):
        score = [
            hypothesis.means[a] + added[k] + carried(hypothesis, sequence, k) for k, a in enumerate(sequence)
        ]
        means.append(float(table[s] @ np.array(score)))
        residual = sum((w * spread.within[a]) ** 2 for w, a in zip(table[s], sequence, strict=True))
        own = sum((w * spread.interaction) ** 2 for a, w in weights.items() if a in sequence)
        variances.append(float(residual + own))
    share = np.array(scenario.design.allocation) / scenario.design.unit
    return Differences(np.array(means), np.array(variances), share)


def power(
    scenario: Scenario, hypothesis: str | Means, analysis: Analysis, patients: Sequence[int]
) -> Floats | None:
    """Exact power (type I error under a true null hypothesis) at each number of patients; None if unknown.

    `patients` are multiples of the allocation unit. Noncentral t: Hills and Armitage (1979) with df n - 2, or
    the paired t test with df n - 1, under normal scores; an undefined test never rejects.
    """
    stated = scenario.hypotheses[hypothesis] if isinstance(hypothesis, str) else hypothesis
    law = _LAWS.get(analysis.method)
    if law is None or not isinstance(stated, Means) or not _plain(scenario, analysis):
        return None
    n = np.array(patients, float)
    found = law(differences(scenario, stated, analysis), n)
    if found is None:
        return None
    only = looks(scenario, analysis, max(patients))  # the same for every number: one look is all of them
    sides = {"two-sided": (1.0, -1.0), "greater": (1.0,), "less": (-1.0,)}[only.direction]
    df = np.maximum(found.df, 1.0)
    limit = -stdtrit(df, ndtr(-only.boundary.efficacy_z[-1]))
    chance = sum(beyond(limit, df, side * found.shift) for side in sides)
    return np.where(found.df > 0.0, chance, 0.0)


def _plain(scenario: Scenario, analysis: Analysis) -> bool:
    """Whether every patient completes, with normal scores, and is looked at once."""
    return (
        scenario.endpoint.bounds is None
        and reading_of(scenario, analysis).measure == scenario.endpoint.measure
        and retention(scenario) == 1.0
        and len(scenario.monitoring.counts) == 1
    )


def _two_samples(found: Differences, n: Floats) -> Law | None:
    """Half the sum of the means of two sequences over its standard error; exact with equal variances."""
    if found.mean.size != 2 or not _equal(found.variance):
        return None
    first, second = (np.maximum(n * share, 1e-9) for share in found.share)
    se = np.sqrt(found.variance[0] * (1.0 / first + 1.0 / second)) / 2.0
    return Law(found.mean.mean() / se, n - 2.0)


def _one_sample(found: Differences, n: Floats) -> Law | None:
    """The mean of all differences over its standard error; exact where every sequence has the same law."""
    if not _equal(found.variance) or np.ptp(found.mean) > 1e-12 * np.abs(found.mean).max():
        return None
    return Law(found.mean[0] * np.sqrt(n / found.variance[0]), n - 1.0)


def _equal(variance: Floats) -> bool:
    return bool(variance.min() > 0.0 and np.ptp(variance) <= 1e-12 * variance.max())


_LAWS: dict[str, Callable[[Differences, Floats], Law | None]] = {
    "hills-armitage": _two_samples,
    "paired-t": _one_sample,
}


def beyond(limit: Floats, df: Floats, shift: Floats) -> Floats:
    """P(T >= limit) of a noncentral t, element by element.

    The mean of Phi(shift - limit r) over r = sqrt(chi-square / df), by Gauss-Legendre quadrature: absolute
    error below 1e-9, also where the usual series gives no number.
    """
    sd = 1.0 / np.sqrt(2.0 * df)  # of r, about
    low, high = np.maximum(1.0 - _REACH * sd, 0.0), 1.0 + _REACH * sd
    edges = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, _PANELS + 1) ** 2
    half = (edges[:, 1:] - edges[:, :-1]) / 2.0
    r = (edges[:, :-1] + half)[:, :, None] + half[:, :, None] * _X
    k = df[:, None, None]
    density = np.exp(
        np.log(2.0) + (k / 2.0) * np.log(k / 2.0) - gammaln(k / 2.0) + (k - 1.0) * np.log(r) - k * r * r / 2.0
    )
    value = ndtr(shift[:, None, None] - limit[:, None, None] * r) * density
    total: Floats = np.clip((value @ _W * half).sum(axis=1), 0.0, 1.0)
    return total
