"""Observed means, differences and test statistics as evidence: normal, with simulated moments.

    means       ~ Normal(mu, V / n)        mu: mean over the sequences, by the completers that each one has
    estimate    ~ Normal(delta, se^2), or Student's t around delta where degrees of freedom are stated
    t statistic ~ noncentral t with ncp = delta / (predicted standard error)

Sequences have their own means (period effects, carryover), so how many completers each one has matters. Where
the numbers are known, only what varies within a sequence is chance: V = W. Where they are not, the completers
are taken as a random part, of share r, of patients randomised by the allocation: V = W + (1 - r) B, with B
the covariance between the means of the sequences (sampling without replacement: Cochran 1977, chapter 2).

SDs are not weighed: a hypothesis's prediction of them rests on shape assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner._special import gammaln
from planner.errors import WeighingError
from planner.kernels.tables import Floats
from planner.model.allocation import retention
from planner.model.readings import Reading
from planner.questions.weigh.cohort import Cohort
from planner.scenario.estimability import sequence_shares
from planner.scenario.observed import Observed, ObservedDifference
from planner.scenario.scenario import Scenario

_SPREAD = "state how scores vary within patients"
_NODES = 240  # of the integral over the estimated SD

Numbers = Mapping[tuple[str, ...], float]
"""A number for each sequence of the design."""


@dataclass(frozen=True)
class MeanEvidence:
    """Mean of each treatment, with the patients in it and in both of two."""

    readings: tuple[Reading, ...]
    treatments: tuple[str, ...]
    values: Floats  # (treatment,)
    observed_sd: tuple[float | None, ...]
    patients: Floats  # (treatment, treatment) seen under both; on the diagonal, under this one
    numbers: Numbers | None = None  # completers of each sequence, where they are known

    def summarise(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, ...]: mean vector, covariances within and between sequences, share not known."""
        return _moments(cohort, self.treatments, self.numbers)

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the density of the means."""
        z, root = self._scaled(measured)
        scale = np.prod(np.sqrt(2.0 * np.pi) * np.diagonal(root, axis1=-2, axis2=-1), axis=-1)
        return np.asarray(np.exp(-0.5 * _square(z)) / scale)

    def distance(self, measured: Floats) -> Floats:
        """f64[...]: how far the means are from those predicted, in standard errors."""
        return np.asarray(np.sqrt(_square(self._scaled(measured)[0])))

    def _scaled(self, measured: Floats) -> tuple[Floats, Floats]:
        """Deviations f64[..., treatment] in units of a triangular root, and that root."""
        mean, within, between, gone = _split(measured, len(self.values))
        n = np.diag(self.patients)
        spread = (within + gone[..., None, None] * between) * self.patients / (n[:, None] * n[None, :])
        try:
            root = np.linalg.cholesky(spread)
        except np.linalg.LinAlgError:
            raise WeighingError(
                "a hypothesis predicts means without any spread", _SPREAD, "scenario"
            ) from None
        with np.errstate(over="ignore"):
            z = np.linalg.solve(root, (self.values - mean)[..., None])[..., 0]
        return z, np.asarray(root)

    def expected(self, measured: Floats) -> dict[tuple[str, str], Floats]:
        """By measure and treatment, the mean."""
        mean = _split(measured, len(self.values))[0]
        return {(self.readings[0].measure, a): mean[..., i] for i, a in enumerate(self.treatments)}

    def spreads(self, measured: Floats) -> list[tuple[str, float, Floats]]:
        """What spread was reported, and f64[...] what is predicted: SDs between patients."""
        _, within, between, _ = _split(measured, len(self.values))
        n = np.diag(self.patients)
        w, b = (np.diagonal(each, axis1=-2, axis2=-1) for each in (within, between))
        sds = np.sqrt(
            w + b * n / np.maximum(n - 1.0, 1.0)
        )  # the mean of a sample variance with divisor n - 1
        rows = zip(self.treatments, self.observed_sd, strict=True)
        return [(f"SD under {a}", sd, sds[..., i]) for i, (a, sd) in enumerate(rows) if sd is not None]


@dataclass(frozen=True)
class DifferenceEvidence:
    """A difference of two treatments, or its test statistic."""

    readings: tuple[Reading, ...]
    about: ObservedDifference
    patients: float
    together: bool  # whether the same patients had both treatments
    numbers: Numbers | None = None  # completers of each sequence, where they are known
    shares: Numbers | None = (
        None  # of each sequence in an estimate that allows for periods; None: as they come
    )

    @property
    def se(self) -> float | None:
        """The reported standard error, from the interval if need be."""
        about = self.about
        if not about.interval:
            return about.se
        from planner._special import ndtri, stdtrit

        tail = 0.5 + 0.5 * about.level
        quantile = float(ndtri(tail) if about.df is None else stdtrit(about.df, tail))
        return (about.interval[1] - about.interval[0]) / (2.0 * quantile)

    def summarise(self, cohort: Cohort, names: Sequence[str]) -> Floats:
        """f64[hypothesis, 2]: the difference, and the variance of its estimate times the patients."""
        if not self.together:
            return _of_groups(cohort, self.about.contrast, self.numbers)
        return _of_patients(cohort, self.about.contrast, self.numbers, self.shares)

    def _predicted(self, measured: Floats) -> tuple[Floats, Floats]:
        """Mean difference, and the standard error of an estimate from so many patients."""
        variance = measured[..., 1] / self.patients
        if (variance <= 0.0).any() and self.se is None:
            raise WeighingError("a hypothesis predicts a difference without any spread", _SPREAD, "scenario")
        return measured[..., 0], np.sqrt(np.maximum(variance, 0.0))

    def likelihood(self, measured: Floats) -> Floats:
        """f64[...]: the density of the estimate or statistic."""
        about = self.about
        delta, predicted = self._predicted(measured)
        if about.estimate is not None:
            se = self._error(predicted)
            z = (about.estimate - delta) / se
            if about.df is None or self.se is None:
                return _normal(z) / se
            return student(z, about.df) / se
        assert about.df is not None  # a scenario that was read is complete
        if about.t is not None:
            return noncentral_t(about.t, about.df, delta / predicted)
        assert about.F is not None
        root = np.sqrt(about.F)
        signs = {"positive": (1.0,), "negative": (-1.0,), None: (1.0, -1.0)}[about.sign]
        densities = [noncentral_t(sign * root, about.df, delta / predicted) for sign in signs]
        return np.asarray(np.sum(densities, axis=0))

    def distance(self, measured: Floats) -> Floats:
        """f64[...]: how far an estimate is from the one predicted, in standard errors; 0 for a statistic."""
        if self.about.estimate is None:
            return np.zeros(measured.shape[:-1])
        delta, predicted = self._predicted(measured)
        return np.asarray(np.abs(self.about.estimate - delta) / self._error(predicted))

    def _error(self, predicted: Floats) -> Floats:
        """The standard error that was reported, or else the predicted one."""
        reported = self.se
        return predicted if reported is None else np.full_like(predicted, reported)

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


def mean_evidence(scenario: Scenario, observed: Observed) -> MeanEvidence:
    """The observed means. Raises WeighingError."""
    treatments, numbers = tuple(observed.means), numbers_of(scenario, observed)
    n = np.array([observed.means[a].n for a in treatments], np.float64)
    if numbers is not None:
        shared = np.array(
            [[_patients_having(numbers, {a, b}) for b in treatments] for a in treatments], np.float64
        )
    else:
        sequences = scenario.design.sequences
        together = np.array(
            [[any({a, b} <= set(s) for s in sequences) for b in treatments] for a in treatments]
        )
        several = n.min() if observed.paired is None else float(min(observed.paired, n.min()))
        shared = np.where(together, np.where(np.eye(len(n), dtype=bool), n, several), 0.0)
    values = np.array([observed.means[a].mean for a in treatments])
    sds = tuple(observed.means[a].sd for a in treatments)
    return MeanEvidence((_reading(scenario, observed),), treatments, values, sds, shared, numbers)


def difference_evidence(scenario: Scenario, observed: Observed) -> DifferenceEvidence:
    """The observed difference. Raises WeighingError."""
    about = observed.difference
    assert about is not None
    stay, numbers = retention(scenario), numbers_of(scenario, observed)
    sequences, pair = scenario.design.sequences, set(about.contrast)
    together = any(pair <= set(s) for s in sequences)
    known = None if about.n is None else float(about.n)
    if numbers is not None:
        known = sum(n for s, n in numbers.items() if (pair <= set(s) if together else pair & set(s)))
    n = _finishers(scenario, observed) * (1.0 if stay is None else stay) if known is None else known
    reported = about.estimate is not None and (about.se is not None or about.interval)
    if not reported and (n < 2.0 or (known is None and stay is None)):
        raise WeighingError("how many patients were compared is not known", "state `n` of the difference")
    shares = _allowing_for_periods(scenario, about.contrast)
    if numbers is not None and shares is not None and any(w and not numbers[s] for s, w in shares.items()):
        shares = None  # an estimate that needs all sequences cannot have been made
    return DifferenceEvidence((_reading(scenario, observed),), about, n, together, numbers, shares)


def _finishers(scenario: Scenario, observed: Observed) -> int:
    """Patients, completed or left, when the trial ended: all, or those of the look that ended it."""
    look, counts = observed.stopped_at, scenario.monitoring.counts
    return scenario.design.patients if look is None or look > len(counts) else counts[look - 1]


def numbers_of(scenario: Scenario, observed: Observed) -> Numbers | None:
    """Completers of each sequence of the design, 0 for those that are not named; None if not stated."""
    if not observed.sequences:
        return None
    return {s: float(observed.sequences.get(" ".join(s), 0)) for s in scenario.design.sequences}


def _patients_having(numbers: Numbers, treatments: set[str]) -> float:
    """Patients of the sequences that give all these treatments."""
    return sum(n for s, n in numbers.items() if treatments <= set(s))


def _allowing_for_periods(scenario: Scenario, pair: Sequence[str]) -> Numbers | None:
    """The share of each sequence in an estimate from which the period effects cancel.

    None where the scenario's analysis of these treatments takes the patients as they come (a paired t test),
    or where the design has no such estimate.
    """
    of_pair = [a.row for a in scenario.analyses if set(a.weights) == set(pair)]
    named = [method.needs for method in of_pair if not method.binary]
    if named and named[0] == "within":
        return None
    sequences = scenario.design.sequences
    shares = sequence_shares(sequences, {pair[0]: 1.0, pair[1]: -1.0})
    if shares is None:
        return None
    return {s: float(x) for s, x in zip(sequences, shares, strict=True)}


def _reading(scenario: Scenario, observed: Observed) -> Reading:
    day = scenario.endpoint.day if observed.day is None else observed.day
    return Reading(scenario.endpoint.measure, day)


@dataclass(frozen=True)
class _Part:
    """The completers of one sequence under every hypothesis, of the treatments that they had."""

    at: list[int]  # places of these treatments
    weight: Floats  # (hypothesis,) how many patients stand for the sequence
    mean: Floats  # (hypothesis, treatment)
    covariance: Floats  # (hypothesis, treatment, treatment)
    seen: Floats  # (hypothesis,) virtual patients who were
    randomised: int  # virtual patients, with those who left


def _parts(cohort: Cohort, treatments: Sequence[str], numbers: Numbers | None) -> Iterator[_Part]:
    """One for each sequence that gives any of the treatments: those seen under all that they were to have."""
    for sequence in cohort.values:
        given = [a for a in treatments if a in sequence]
        if not given or (numbers is not None and not numbers[sequence]):
            continue
        y = cohort.seen(sequence, given)[:, 0]  # (hypothesis, treatment, patient)
        there = np.asarray(~np.isnan(y).any(axis=1, keepdims=True))
        seen = there[:, 0].sum(axis=-1).astype(np.float64)
        mean = np.where(there, y, 0.0).sum(axis=-1) / np.maximum(seen, 1.0)[:, None]
        off = np.where(there, y - mean[..., None], 0.0)
        covariance = off @ off.transpose(0, 2, 1) / np.maximum(seen, 1.0)[:, None, None]
        weight = seen if numbers is None else np.full(len(y), numbers[sequence])
        yield _Part([treatments.index(a) for a in given], weight, mean, covariance, seen, y.shape[-1])


def _moments(cohort: Cohort, treatments: Sequence[str], numbers: Numbers | None) -> Floats:
    """f64[hypothesis, treatment + 2 treatment^2 + 1]: mean, covariance within and between sequences, and the
    share of the latter that is chance because the completers of each sequence are not known.
    """
    parts, size = list(_parts(cohort, treatments, numbers)), len(treatments)
    hypotheses = next(iter(cohort.values.values())).shape[0]
    number, mean = np.zeros((2, hypotheses, size))
    for part in parts:
        number[:, part.at] += part.weight[:, None]
        mean[:, part.at] += part.weight[:, None] * part.mean
    mean /= np.maximum(number, np.finfo(float).tiny)
    pairs, within, between = np.zeros((3, hypotheses, size, size))
    for part in parts:
        block = np.ix_(range(hypotheses), part.at, part.at)
        weight, off = part.weight[:, None, None], part.mean - mean[:, part.at]
        pairs[block] += weight
        within[block] += weight * part.covariance
        between[block] += weight * off[:, :, None] * off[:, None, :]
    pairs = np.maximum(pairs, np.finfo(float).tiny)
    gone = np.zeros(hypotheses)
    if numbers is None:
        gone += 1.0 - sum(part.seen for part in parts) / sum(part.randomised for part in parts)
    flat = [each.reshape(hypotheses, -1) for each in (within / pairs, between / pairs)]
    return np.concatenate([mean, *flat, gone[:, None]], axis=-1)


def _of_groups(cohort: Cohort, pair: Sequence[str], numbers: Numbers | None) -> Floats:
    """f64[hypothesis, 2]: difference of two groups of patients, and its variance times all patients."""
    mean, within, between, gone = _split(_moments(cohort, pair, numbers), 2)
    variance = np.diagonal(within + gone[:, None, None] * between, axis1=-2, axis2=-1)
    share = np.zeros_like(variance)
    for part in _parts(cohort, pair, numbers):
        share[:, part.at] += part.weight[:, None]
    share /= share.sum(axis=-1, keepdims=True)
    each = variance / np.maximum(share, np.finfo(float).tiny)
    return np.stack([mean[:, 0] - mean[:, 1], each.sum(axis=-1)], axis=-1)


def _of_patients(
    cohort: Cohort, pair: Sequence[str], numbers: Numbers | None, shares: Numbers | None
) -> Floats:
    """f64[hypothesis, 2]: mean of the patients' own differences, and its variance times all patients.

    Over patients as they come, the spread includes that between the sequences, as in a paired t test.
    """
    both = [s for s in cohort.values if set(pair) <= set(s) and not (shares is not None and not shares[s])]
    parts = list(_parts(replace(cohort, values={s: cohort.values[s] for s in both}), pair, numbers))
    weight = np.stack([part.weight for part in parts])  # (sequence, hypothesis)
    weight /= np.maximum(weight.sum(axis=0), np.finfo(float).tiny)
    mean = np.stack([part.mean[:, 0] - part.mean[:, 1] for part in parts])
    sign = np.array([1.0, -1.0])
    variance = np.stack([np.einsum("i,hij,j->h", sign, part.covariance, sign) for part in parts])
    if shares is None:
        delta = (weight * mean).sum(axis=0)
        return np.stack([delta, (weight * (variance + (mean - delta) ** 2)).sum(axis=0)], axis=-1)
    share = np.array([shares[s] for s in both])[:, None]
    spread = share**2 * variance / np.maximum(weight, np.finfo(float).tiny)
    return np.stack([(share * mean).sum(axis=0), spread.sum(axis=0)], axis=-1)


def _split(measured: Floats, size: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, covariances within and between sequences, and the share of the latter that is chance."""
    square = size * size
    shape = (*measured.shape[:-1], size, size)
    within = measured[..., size : size + square].reshape(shape)
    between = measured[..., size + square : size + 2 * square].reshape(shape)
    return measured[..., :size], within, between, measured[..., -1]


def _square(z: Floats) -> Floats:
    """f64[...] squared length; infinite, without a word, where it is beyond all numbers."""
    with np.errstate(over="ignore"):
        return np.asarray((z * z).sum(axis=-1))


def _normal(z: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * _square(z[..., None])) / np.sqrt(2.0 * np.pi))


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
