"""What a two-stage trial decides, from the sufficient statistics of its stages: arrays of trials in and out.

Nothing is simulated here. Sequences may be unequal: a stage has C = (1/n_TR + 1/n_RT) / 2, its estimate the
variance C sigma^2. A stage without patients in one of the sequences tells nothing of the treatments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.equivalence.two_stage.inverse_normal import combined, conditional_error, score
from planner.equivalence.two_stage.plan import FUTILITY_LEVEL, TwoStagePlan
from planner.equivalence.two_stage.planning import (
    LARGEST,
    LEAST,
    Ints,
    both_pass,
    even,
    largest_variance,
    smallest_even,
    t_limit,
    total_patients,
)
from planner.monitoring.numerics import Floats

Booleans = NDArray[np.bool_]

_LITTLE = 1e-12  # a power: next to nothing is needed where stage 1 nearly had the planned one


class Stage(NamedTuple):
    """The evaluable patients of one stage: one element per trial."""

    d: Floats  # estimate of T - R on logs; anything where a sequence is empty
    ss: Floats  # residual, within patients: half the squares of period differences about their means
    tr: Ints  # patients of sequence TR
    rt: Ints  # patients of sequence RT

    @property
    def patients(self) -> Ints:
        return self.tr + self.rt

    @property
    def df(self) -> Ints:
        """Residual degrees of freedom; below 1 there is no variance."""
        return np.asarray(self.patients - (self.tr > 0).astype(np.int64) - (self.rt > 0))

    @property
    def c(self) -> Floats:
        """The variance of the estimate over sigma^2; inf where a sequence is empty."""
        with np.errstate(divide="ignore"):
            return np.asarray(0.5 / self.tr + 0.5 / self.rt)

    def tested(self) -> StageEstimate:
        """This stage on its own (Hills and Armitage 1979)."""
        with np.errstate(invalid="ignore"):
            return StageEstimate(self.d, np.sqrt(_ratio(self.ss, self.df) * self.c), self.df)


class StageEstimate(NamedTuple):
    """An estimate as a t test sees it."""

    d: Floats
    se: Floats  # 0, NaN or inf where nothing can be tested
    df: Ints

    @property
    def sound(self) -> Booleans:
        """Whether there is a test: with a standard error of 0 there is none."""
        return np.asarray((self.df >= 1) & (self.se > 0) & np.isfinite(self.se) & np.isfinite(self.d))

    def equivalent(self, plan: TwoStagePlan, level: float) -> Booleans:
        """Whether the 1 - 2 level interval lies within the limits; touching them does."""
        return np.asarray(self.sound & (np.abs(self.d) + self.half_width(level) <= plan.log_limit))

    def half_width(self, level: float) -> Floats:
        """Of the 1 - 2 level interval."""
        return _by_df(lambda df: t_limit(level, df), self.df) * self.se

    def scores(self, plan: TwoStagePlan) -> tuple[Floats, Floats]:
        """Normal scores of the tests against the lower and the upper limit."""
        df = np.maximum(self.df, 1).astype(float)
        with np.errstate(divide="ignore", invalid="ignore"):
            lower, upper = (self.d + plan.log_limit) / self.se, (plan.log_limit - self.d) / self.se
        return score(lower, df), score(upper, df)


class Outcome(IntEnum):
    """What becomes of a trial after stage 1."""

    SECOND_STAGE = 0
    EQUIVALENT = 1
    NOT_EQUIVALENT = 2  # with power enough, so that it stops
    FUTILE = 3
    UNDEFINED = 4  # no test is possible


class Interim(NamedTuple):
    """After stage 1: one element per trial."""

    outcome: NDArray[np.int8]  # an `Outcome`
    second: Ints  # evaluable patients that stage 2 is to have, even; 0 where the trial stops


def after_first(plan: TwoStagePlan, first: Stage) -> Interim:
    """Stop or go on, and with how many patients. Arrays of equal shape (trials,)."""
    test = first.tested()
    powered = _has_power(plan, test)
    passes = test.equivalent(plan, plan.first_level)
    if plan.row.full_level is not None:
        passes = np.where(powered, test.equivalent(plan, plan.row.full_level), passes)
    elif not plan.combines:
        passes |= powered & test.equivalent(plan, plan.second_level)
    outcome = np.full(first.d.shape, Outcome.SECOND_STAGE, np.int8)
    outcome[powered] = Outcome.NOT_EQUIVALENT
    outcome[passes] = Outcome.EQUIVALENT
    outcome[(outcome == Outcome.SECOND_STAGE) & _futile(plan, test)] = Outcome.FUTILE
    outcome[~test.sound] = Outcome.UNDEFINED
    second = np.zeros(first.d.shape, np.int64)
    going = np.flatnonzero(outcome == Outcome.SECOND_STAGE)
    if going.size:
        planned = (_combined_patients if plan.combines else _pooled_patients)(plan, _of(first, going))
        lost = np.isinf(planned)
        outcome[going[lost]] = Outcome.FUTILE
        second[going[~lost]] = planned[~lost].astype(np.int64)
    without = (outcome == Outcome.SECOND_STAGE) & (second == 0)  # those of stage 1 are enough as it is
    at_once = test.equivalent(plan, plan.second_level)
    outcome[without] = np.where(at_once, Outcome.EQUIVALENT, Outcome.NOT_EQUIVALENT)[without]
    return Interim(outcome, second)


def after_second(plan: TwoStagePlan, first: Stage, second: Stage) -> Booleans:
    """Whether trials that had a stage 2 are equivalent. Arrays of equal shape (trials,).

    Without any evaluable patient in stage 2, the test of stage 1 decides at the level of stage 2; where p
    values are combined, a stage that cannot be tested is not equivalent.
    """
    if not plan.combines:
        return pooled(first, second).equivalent(plan, plan.second_level)
    before, after = first.tested(), second.tested()
    passed = before.sound & after.sound
    for z1, z2 in zip(before.scores(plan), after.scores(plan), strict=True):
        passed &= combined(z1, z2, plan.row.weights) > plan.critical
    return passed


def pooled(first: Stage, second: Stage) -> StageEstimate:
    """All patients by least squares: sequence, period within stage, patient, treatment, stage.

    The estimates of the stages weighted by 1 / C; each stage has period effects of its own, which costs one
    degree of freedom, and the difference between the estimates is part of the residual.
    """
    weights = 1.0 / first.c, 1.0 / second.c
    total = weights[0] + weights[1]
    apart = np.isfinite(first.c) & np.isfinite(second.c)
    with np.errstate(invalid="ignore"):
        parts = ((w, stage.d) for w, stage in zip(weights, (first, second), strict=True))
        d = sum(np.where(w > 0, w * estimate, 0.0) for w, estimate in parts)
        between = np.where(apart, (first.d - second.d) ** 2 / (first.c + second.c), 0.0)
    df = first.df + second.df + apart
    with np.errstate(divide="ignore", invalid="ignore"):
        return StageEstimate(d / total, np.sqrt(_ratio(first.ss + second.ss + between, df) / total), df)


def _has_power(plan: TwoStagePlan, test: StageEstimate) -> Booleans:
    """Whether stage 1 has the planned power at its own variance, so that there will be no stage 2."""
    most = _by_df(lambda df: np.array([_largest(plan, each) for each in df.tolist()]), test.df)
    return np.asarray(test.sound & (test.se**2 <= most))


@lru_cache(maxsize=4096)
def _largest(plan: TwoStagePlan, df: float) -> float:
    """The largest variance of the estimate of stage 1 with which it has the planned power."""
    return float(largest_variance(plan.power_level, math.log(plan.ratio), plan, np.array([df]))[0])


def _futile(plan: TwoStagePlan, test: StageEstimate) -> Booleans:
    """Whether the 90 % interval, or the estimate, lies outside the range stated for it."""
    outside = np.zeros(test.d.shape, bool)
    if plan.ci_outside is not None:
        low, high = np.log(plan.ci_outside)
        half = test.half_width(FUTILITY_LEVEL)
        outside |= (test.d - half > high) | (test.d + half < low)
    if plan.estimate_outside is not None:
        low, high = np.log(plan.estimate_outside)
        outside |= (test.d < low) | (test.d > high)
    return outside


def _pooled_patients(plan: TwoStagePlan, first: Stage) -> Floats:
    """Patients of stage 2, inf where the trial is futile."""
    total = total_patients(plan, first.ss / first.df, first.d if plan.use_estimate else None)
    second = even(np.maximum(total - first.patients, plan.least_second))
    most = math.inf if plan.most is None else plan.most
    return np.where(first.patients + second > most, math.inf, second)


def _combined_patients(plan: TwoStagePlan, first: Stage) -> Floats:
    """The same where p values are combined: stage 2 alone has to pass at the conditional errors."""
    test = first.tested()
    effect = first.d if plan.use_estimate else np.copysign(math.log(plan.ratio), first.d)
    inside = np.abs(effect) < plan.log_limit
    lower, upper = (conditional_error(z, plan.critical, plan.row.weights) for z in test.scores(plan))
    s2 = first.ss / first.df
    second = np.full(first.d.shape, math.inf)
    power = conditional_power(plan, test)[inside]
    levels = lower[inside], upper[inside]
    largest = LARGEST if plan.most is None else plan.most  # it is cut to that anyway
    second[inside] = smallest_even(plan, s2[inside], effect[inside], levels, power, 2, largest)
    second = even(np.maximum(second, plan.least_second))
    if plan.most is not None:
        room = 2.0 * np.floor((plan.most - first.patients) / 2.0)
        second = np.where(inside & (room >= LEAST), np.minimum(second, room), math.inf)
    return second


def conditional_power(plan: TwoStagePlan, test: StageEstimate) -> Floats:
    """The power that stage 2 needs, so that both stages together have the planned one; above 0."""
    effect = math.log(plan.ratio)
    df = test.df.astype(float)
    t = _by_df(lambda each: t_limit(plan.first_level, each), test.df)
    low, high = (plan.log_limit + effect) / test.se, (plan.log_limit - effect) / test.se
    already = np.maximum(both_pass(low, high, t, t, df, plan.power_method), 0.0)
    return np.maximum(1.0 - (1.0 - plan.power) / (1.0 - already), _LITTLE)


def _of(stage: Stage, rows: NDArray[np.intp]) -> Stage:
    return Stage(stage.d[rows], stage.ss[rows], stage.tr[rows], stage.rt[rows])


def _ratio(ss: Floats, df: Ints) -> Floats:
    """The residual variance, NaN without degrees of freedom."""
    return np.asarray(np.divide(ss, df, out=np.full(np.shape(ss), math.nan), where=df > 0))


def _by_df(function: Callable[[Floats], Floats], df: Ints) -> Floats:
    """A function of df, at least 1, worked out once for each."""
    whole = np.maximum(df, 1)
    there = np.flatnonzero(np.bincount(whole.ravel()))
    table = np.zeros(there[-1] + 1 if there.size else 1)
    table[there] = function(there.astype(float))
    return np.asarray(table[whole])
