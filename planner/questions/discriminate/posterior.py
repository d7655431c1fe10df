"""From likelihoods to answers: how often the posterior weights name the right hypothesis, and how surely.

Truths and likelihoods share no draw of the uncertain numbers. (Were every draw used for both, each judged by
likelihoods made of the others, hypotheses that differ in name alone would seem to be named worse than by
guessing, or better, by more than the errors say.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from planner._special import ndtri
from planner.engine.executors import LITTLE_MEMORY, GoOn, Parts, WorkerMemory, in_full, pieces
from planner.kernels.random.streams import KEY_OF_NORMAL_TRIALS
from planner.kernels.tables import Floats, Ints
from planner.questions.discriminate.likelihood import Fit, Likelihood, Predictions, floor_of
from planner.questions.discriminate.simulating import SimulatedDesign

Classes = Sequence[Sequence[int]]

_TIE = 1e-9  # log weights nearer than this are the same


@dataclass(frozen=True)
class TrialPosteriors:
    """Trials with the weight of every hypothesis: f64[draw, true hypothesis, trial, hypothesis].

    NaN for a trial that lacks a summary.
    """

    weight: Floats  # log of the posterior weight
    likelihood: Floats  # log of the likelihood
    prior: Floats  # (hypothesis,), adding up to 1


def normal_data(sim: SimulatedDesign, patients: float, trials: int, seed: int) -> Floats:
    """Summaries f64[draw, hypothesis, trial, summary] of trials of so many patients, normally distributed.

    The means of a sample of n patients stand for the true ones: they already vary by spread / n, so that
    the data get what is missing of spread / N. With endless patients the means are the data.
    """
    truth = sim.truth
    draws, hypotheses, size = truth.mean.shape
    more = 1.0 / patients - 1.0 / truth.sample
    if more <= 0.0:
        return truth.mean[:, :, None, :]
    root = np.linalg.cholesky(truth.spread + np.diag(floor_of(sim.model.spread)))
    z = _normals(seed, draws, hypotheses * trials * size).reshape(draws, hypotheses, trials, size)
    data: Floats = truth.mean[:, :, None, :] + math.sqrt(more) * np.einsum("qhij,qhtj->qhti", root, z)
    return data


def _normals(seed: int, draws: int, each: int) -> Floats:
    """Standard normals f64[draw, each]; those of a draw do not depend on how many draws there are."""
    rows = []
    for q in range(draws):
        words = np.random.Philox(key=[seed, KEY_OF_NORMAL_TRIALS], counter=[0, 0, q, 0]).random_raw(each)
        rows.append(ndtri(((words >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53))
    return np.array(rows)


def likelihoods_of(sim: SimulatedDesign, fit: Fit) -> list[Likelihood]:
    """Of each simulated hypothesis, from the draws that make likelihoods: for any number of patients."""
    model, floor = sim.model, floor_of(sim.model.spread)
    return [
        fit(Predictions(model.mean[:, h], model.spread[:, h], model.sample, floor, *sim.numbers[h]))
        for h in range(model.mean.shape[1])
    ]


def posteriors_of(
    sim: SimulatedDesign,
    data: Floats,
    patients: float,
    prior: Floats,
    likelihoods: Sequence[Likelihood],
    threads: int | None = None,
    home: Ints | None = None,
) -> TrialPosteriors:
    """Weigh every trial of data f64[draw, hypothesis, trial, summary].

    home i64[hypothesis]: which of those simulated each hypothesis of the prior is, if several are the same.
    """
    whole = ~np.asarray(np.isnan(data).any(axis=-1))
    data = np.where(whole[..., None], data, 0.0)
    work = _LikelihoodWork(likelihoods, data, min(patients, sim.truth.sample))
    columns = in_full(work, pieces(0, data.shape[1], 1), threads)
    log = np.stack([columns[h] for h in range(data.shape[1])], axis=-1)
    log[~whole] = np.nan
    return expand(log, prior, np.arange(prior.size) if home is None else home)


@dataclass(frozen=True, slots=True)
class _LikelihoodWork:
    """Log likelihoods as work for an executor: a piece is some hypotheses, by which all trials are judged."""

    likelihoods: Sequence[Likelihood]
    data: Floats
    patients: float
    compiles: bool = False
    need: WorkerMemory = LITTLE_MEMORY

    def empty(self) -> Parts[int, Floats]:
        return Parts()

    def space(self) -> None:
        """Nothing is kept from one hypothesis to the next."""

    def do(self, first: int, number: int, space: None, go_on: GoOn) -> Parts[int, Floats]:
        columns = self.empty()
        for h in range(first, first + number):
            columns[h] = self.likelihoods[h].log(self.data, self.patients)
            if not go_on(1):
                break
        return columns


def expand(log: Floats, prior: Floats, home: Ints) -> TrialPosteriors:
    """Log likelihoods f64[draw, true one, trial, one] of those simulated, as weights of all hypotheses.

    Hypotheses that are the same share the trials and the likelihoods of one, and so every weight.
    """
    log = log[:, home][..., home]
    joint = log + np.log(prior)
    return TrialPosteriors(joint - _log_total(joint)[..., None], log, prior)


@dataclass(frozen=True)
class Figures:
    """Answers for one design and one number of patients, each f64[draw]: its mean is the estimate."""

    right: Floats
    decisive_right: Floats
    decisive_wrong: Floats
    inconclusive: Floats
    bits: Floats
    named: Floats  # (draw, true hypothesis, named hypothesis or class)
    largest: Floats  # the largest weight
    trials: int


def figures(posteriors: TrialPosteriors, decisive: float, classes: Classes | None = None) -> Figures:
    """How often the largest weight is the true hypothesis, or the true one of these classes."""
    count = posteriors.prior.size
    groups = classes or [[h] for h in range(count)]
    home = np.array([next(g for g, members in enumerate(groups) if h in members) for h in range(count)])
    weight = posteriors.weight
    if classes:
        weight = np.stack([_log_total(posteriors.weight[..., list(g)]) for g in groups], axis=-1)
    seen = ~np.isnan(weight[..., 0])
    best = weight >= np.nanmax(np.where(seen[..., None], weight, 0.0), axis=-1, keepdims=True) - _TIE
    named = best / np.maximum(best.sum(axis=-1, keepdims=True), 1)
    sure = np.where(seen, weight.max(axis=-1) > math.log(decisive), False)
    true = np.arange(count)
    hit, own = (each[:, true, :, home].transpose(1, 0, 2) for each in (named, weight))
    prior = np.array([posteriors.prior[list(g)].sum() for g in groups])[home]
    bits = np.where(seen, own - np.log(prior)[None, :, None], 0.0) / math.log(2.0)
    number = np.maximum(seen.sum(axis=2), 1)

    def average(x: Floats) -> Floats:
        mean: Floats = ((x * seen).sum(axis=2) / number) @ posteriors.prior
        return mean

    return Figures(
        average(hit),
        average(hit * sure),
        average((1.0 - hit) * sure),
        average(1.0 - sure),
        average(bits),
        (named * seen[..., None]).sum(axis=2) / number[..., None],
        average(np.exp(np.where(seen, weight.max(axis=-1), 0.0))),
        int(seen.sum()),
    )


def _log_total(x: Floats) -> Floats:
    """Log of the sum over the last axis of what x is the logarithm of."""
    most = x.max(axis=-1)
    total: Floats = most + np.log(np.exp(x - most[..., None]).sum(axis=-1))
    return total


def pairs(posteriors: TrialPosteriors) -> Floats:
    """How often the likelier of two is the true one, each true half the time: f64[draw, one, other]."""
    likelihood = posteriors.likelihood
    own = np.einsum("qhth->qht", likelihood)[..., None]
    wins = np.where(own > likelihood + _TIE, 1.0, np.where(own < likelihood - _TIE, 0.0, 0.5)).mean(axis=2)
    both: Floats = 0.5 * (wins + wins.transpose(0, 2, 1))
    return both


def sure_pairs(posteriors: TrialPosteriors) -> Floats:
    """The larger weight of two, each true half the time: f64[draw, one, other]."""
    likelihood = posteriors.likelihood
    own = np.einsum("qhth->qht", likelihood)[..., None]
    larger = (1.0 / (1.0 + np.exp(-np.abs(own - likelihood)))).mean(axis=2)
    both: Floats = 0.5 * (larger + larger.transpose(0, 2, 1))
    return both


@dataclass(frozen=True)
class Bin:
    """Hypotheses that trials gave a weight between two limits: were they true as often?"""

    low: float
    high: float
    weight: float  # mean of the weights
    true: Floats  # (draw,) how many of them were true, ...
    all: Floats  # (draw,) ... and how many there were; both by prior


def calibration(posteriors: TrialPosteriors, limits: Sequence[float]) -> list[Bin]:
    """The weights between consecutive limits, with how many of them belonged to the true hypothesis."""
    weight = np.exp(posteriors.weight)
    true = np.eye(posteriors.prior.size, dtype=bool)[None, :, None, :]
    prior = posteriors.prior[None, :, None, None]
    bins = []
    for low, high in pairwise(limits):
        inside = (weight >= low) & ((weight < high) | (high >= 1.0)) & ~np.isnan(weight)
        each = (prior * inside).sum(axis=(1, 2, 3))
        total = float(each.sum())
        mean = float(np.where(inside, prior * weight, 0.0).sum() / total) if total > 0.0 else math.nan
        bins.append(Bin(low, high, mean, (prior * (inside & true)).sum(axis=(1, 2, 3)), each))
    return bins
