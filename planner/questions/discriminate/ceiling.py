"""What endless patients would reach, with an error that covers how it was estimated.

The weights of a trial of endless patients follow from densities that are known with noise (see endless.py).
Noise in them makes the largest weight too large on average and the named hypothesis wrong too often: to
second order in the noise both by the same. So the truth lies between the share of trials that are named
right, which no weights can lift above it, and the mean of the largest weight; their middle is the estimate,
and half their distance is a part of its error.

The truths are values of the fitted polynomials. What the same patients really showed in the draws is judged
by the same weights beside it: where it is named right clearly less often, only that share is claimed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner._platform import usable_cores
from planner.kernels.random.streams import KEY_OF_ENDLESS_TRIALS
from planner.kernels.tables import Floats, Ints
from planner.questions.discriminate.design_figures import CeilingBasis
from planner.questions.discriminate.endless import Numbers, limiting_summaries, log_densities
from planner.questions.discriminate.likelihood import floor_of
from planner.questions.discriminate.polynomial import Polynomial, fit_polynomial
from planner.questions.discriminate.posterior import (
    Classes,
    TrialPosteriors,
    expand,
    figures,
    pairs,
    sure_pairs,
)
from planner.questions.discriminate.simulating import SimulatedDesign
from planner.results.figures import Z95

PATIENTS = 1 << 20
"""Patients that count as endless: their means vary by less than anything that is read of them."""

VAGUE = 0.025
"""Half the distance between the two bounds above which only the lower one is claimed."""

_PARTS, _TRIALS = 1 << 13, 640  # values of the numbers of a hypothesis, and trials of it
_ROUNDS, _MORE_PARTS, _MORE_TRIALS = 2, 2, 3  # more of both for pairs that are not decided
_CHECKED = 96  # draws whose real means are judged, of each hypothesis
_LEFT = 0.0625  # of the variance that a polynomial leaves: it is a function of the numbers, no noise
_SAME = 4.0  # SDs of chi-squared by which plain means must differ, beyond the noise of samples
BESIDE_CHANCE = 3.0
_FEW = 5  # trials of a pair that are named wrong


@dataclass(frozen=True)
class EndlessShare:
    """A share that endless patients reach: what is named right, the mean largest weight, and their error."""

    right: float
    largest: float
    error: float

    @property
    def middle(self) -> float:
        return 0.5 * (self.right + self.largest)

    @property
    def half(self) -> float:
        return 0.5 * abs(self.largest - self.right)

    @property
    def total(self) -> float:
        """Standard error, with half the distance of the bounds as if it were one."""
        return math.hypot(self.error, self.half)


@dataclass(frozen=True)
class EndlessTrials:
    """Trials of endless patients, weighed."""

    posteriors: TrialPosteriors  # every trial is a draw of its own
    real_posteriors: TrialPosteriors  # real means of the draws
    groups: Sequence[tuple[Polynomial, Numbers]]
    errors: Sequence[Floats]
    home: Ints
    prior: Floats
    seed: int
    threads: int

    def share(self, classes: Classes | None = None) -> EndlessShare:
        answer = figures(self.posteriors, 0.5, classes)
        middle = 0.5 * (answer.right + answer.largest)
        error = float(middle.std(ddof=1)) / math.sqrt(len(middle))
        return EndlessShare(float(answer.right.mean()), float(answer.largest.mean()), error)

    def real_share(self, classes: Classes | None = None) -> tuple[float, float]:
        """How often the real means of the draws are named right, and its error."""
        right = figures(self.real_posteriors, 0.5, classes).right
        return float(right.mean()), float(right.std(ddof=1)) / math.sqrt(len(right))


def endless_trials(
    sim: SimulatedDesign,
    plain: SimulatedDesign,
    prior: Floats,
    home: Ints,
    seed: int,
    threads: int | None,
    same_severity: bool = False,
) -> EndlessTrials:
    """Trials of endless patients. home i64[hypothesis]: which of those simulated each hypothesis is.

    `same_severity`: whether all hypotheses act on the same patients, who come with a severity: summaries then
    differ between hypotheses as they do, and not by the noise of a sample.
    """
    groups, errors = _fits(sim, same_severity or _apart(sim, plain))
    cores = threads or usable_cores()
    y = limiting_summaries(groups, errors, _TRIALS, seed, KEY_OF_ENDLESS_TRIALS)
    some = min(_CHECKED, len(sim.same_patients.mean))
    real = sim.same_patients.mean[:some].transpose(1, 0, 2)
    log = log_densities(
        groups, errors, np.concatenate([y, real], axis=1), _PARTS, seed, KEY_OF_ENDLESS_TRIALS, cores
    )
    weighed, real_weighed = (_posteriors(x, prior, home) for x in (log[:, :_TRIALS], log[:, _TRIALS:]))
    return EndlessTrials(weighed, real_weighed, groups, errors, home, prior, seed, cores)


def _posteriors(log: Floats, prior: Floats, home: Ints) -> TrialPosteriors:
    """Log densities f64[true, trial, hypothesis] of those simulated, as trials of all hypotheses."""
    return expand(log.transpose(1, 0, 2)[:, :, None, :], prior, home)


def _fits(sim: SimulatedDesign, apart: bool) -> tuple[list[tuple[Polynomial, Numbers]], list[Floats]]:
    """Polynomials of the simulated hypotheses, and the error in which their trials are judged."""
    alike = sim.same_patients
    spread = sim.truth.spread.mean(axis=0) + np.diag(floor_of(sim.model.spread))
    patients = PATIENTS if apart else alike.sample
    fits, left = [], []
    for h, (at, uniform) in enumerate(zip(alike.at, alike.uniform, strict=True)):
        mean = alike.mean[:, h]
        size, axes = np.linalg.eigh(np.cov(mean.T).reshape(spread[h].shape))
        noise = np.sqrt(np.einsum("ni,nm,mi->i", axes, spread[h], axes) / PATIENTS)
        f = fit_polynomial(at, mean, axes / (np.sqrt(np.maximum(size, 0.0)) + 2.0 * noise))
        fits.append((f, Numbers(uniform[f.numbers])))
        left.append(f.left)
    common = _LEFT * np.mean(left, axis=0)
    return fits, [common + each / patients for each in spread]


def _apart(sim: SimulatedDesign, plain: SimulatedDesign) -> bool:
    """Whether the predictions of any two hypotheses differ by more than the noise of samples.

    At plain numbers, or on average over the draws, or in how much they vary between these. If they do not,
    what distinguishes the two would be the samples: as many patients as these are endless then.
    """
    spread = plain.truth.spread.mean(axis=0) + np.diag(floor_of(plain.model.spread))
    known = spread / (plain.truth.sample * len(plain.truth.mean))
    mean, draws = sim.same_patients.mean, len(sim.same_patients.mean)
    between = np.array([np.cov(each.T).reshape(spread.shape[1:]) for each in mean.transpose(1, 0, 2)])
    noise = spread / sim.same_patients.sample
    places = [(plain.truth.mean.mean(axis=0), known), (mean.mean(axis=0), between / draws + noise)]
    varied = np.log(np.einsum("hii->hi", between + noise))
    return all(
        any(_differ(at[h] - at[g], error[h] + error[g]) for at, error in places)
        or np.abs(varied[h] - varied[g]).max() > _SAME * 2.0 / math.sqrt(draws)
        for h in range(len(spread))
        for g in range(h)
    )


def _differ(off: Floats, noise: Floats) -> bool:
    size = len(off)
    return float(off @ np.linalg.solve(noise, off)) > size + _SAME * math.sqrt(2.0 * size)


# Pairs


@dataclass(frozen=True)
class PairCeilings:
    """How often endless patients name the true one of two: f64[one, other] with their errors."""

    ceiling: Floats
    error: Floats
    open: list[tuple[int, int]]  # pairs of which it stays open on which side of the limit they are


def pair_ceilings(trials: EndlessTrials, limit: float) -> PairCeilings:
    """All pairs, with more values of the numbers for those that are not decided."""
    ceiling, error = _pairs(trials.posteriors)
    for turn in range(1, _ROUNDS + 1):
        unsure = _unsure(ceiling, error, limit, trials.home)
        if not unsure:
            break
        some = sorted({trials.home[h] for pair in unsure for h in pair})
        groups, errors = [trials.groups[h] for h in some], [trials.errors[h] for h in some]
        y = limiting_summaries(
            groups, errors, _TRIALS * _MORE_TRIALS**turn, trials.seed, KEY_OF_ENDLESS_TRIALS + turn
        )
        parts = _PARTS * _MORE_PARTS**turn
        placed = [(some.index(trials.home[i]), some.index(trials.home[j])) for i, j in unsure]
        judged = [sorted({h, *(sum(pair) - h for pair in placed if h in pair)}) for h in range(len(some))]
        log = log_densities(
            groups, errors, y, parts, trials.seed, KEY_OF_ENDLESS_TRIALS + turn, trials.threads, judged
        )
        flat = np.full(len(some), 1.0 / len(some))
        better, its_error = _pairs(_posteriors(log, flat, np.arange(len(some))))
        for (i, j), (a, b) in zip(unsure, placed, strict=True):
            if its_error[a, b] < error[i, j]:
                ceiling[i, j] = ceiling[j, i] = better[a, b]
                error[i, j] = error[j, i] = its_error[a, b]
    return PairCeilings(ceiling, error, _unsure(ceiling, error, limit, trials.home))


def _unsure(ceiling: Floats, error: Floats, limit: float, home: Ints) -> list[tuple[int, int]]:
    count = len(ceiling)
    return [
        (j, i)
        for i in range(count)
        for j in range(i)
        if home[i] != home[j] and abs(ceiling[i, j] - limit) < Z95 * error[i, j]
    ]


def _pairs(posteriors: TrialPosteriors) -> tuple[Floats, Floats]:
    right, sure = pairs(posteriors), sure_pairs(posteriors)
    middle = 0.5 * (right + sure)
    half = 0.5 * np.abs((sure - right).mean(axis=0))
    share, error = middle.mean(axis=0), middle.std(axis=0, ddof=1) / math.sqrt(len(middle))
    # Of fewer than five trials that are named wrong their spread says too little: as for rates, two more.
    n = 2 * len(middle)
    smooth = (n * share + 2.0) / (n + 4.0)
    few = n * (1.0 - share) < _FEW
    error = np.where(few, np.maximum(error, np.sqrt(smooth * (1.0 - smooth) / (n + 4.0))), error)
    return share, np.hypot(error, half)


# What is claimed


@dataclass(frozen=True)
class Ceiling:
    """A ceiling: `least` where no more is claimed than that it is at least so much."""

    estimate: float
    error: float
    least: bool
    right: float
    largest: float


def ceiling_of(
    trials: EndlessTrials, others: Sequence[tuple[float, float]], classes: Classes | None = None
) -> Ceiling:
    """The ceiling; never below `others`, shares with errors that trials or fewer summaries reach."""
    reached = trials.share(classes)
    real, its_error = trials.real_share(classes)
    best, error, least = reached.middle, reached.total, reached.half > VAGUE
    if real < reached.right - BESIDE_CHANCE * math.hypot(its_error, reached.error):
        best, error, least = real, its_error, True
    elif least:
        best, error = reached.right, reached.error
    for share, its_error in others:
        if share > best:
            least = least or share - best > BESIDE_CHANCE * math.hypot(error, its_error)
            best, error = share, math.hypot(error, share - best)
    return Ceiling(best, error, least, reached.right, reached.largest)


def bounds(ceiling: Ceiling) -> CeilingBasis:
    """What the ceiling rests on, beside its figure."""
    return CeilingBasis(at_least=ceiling.least, named_right=ceiling.right, largest_weight=ceiling.largest)
