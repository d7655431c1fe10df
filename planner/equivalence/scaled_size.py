"""The smallest number of patients for a test with scaled limits, by its exact power."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence

import numpy as np

from planner.equivalence.regulators import UNSCALED, ScaledRule, log_limit, needs_near_estimate
from planner.equivalence.scaled import scaled_power
from planner.equivalence.scaled_laws import scaled_law
from planner.equivalence.sizes import ExactSize
from planner.errors import RequestError
from planner.scenario.caps import MAX_PATIENTS

_LEAST = 2  # patients in a sequence
_LARGER = 1.3  # times as many are looked at next, at first


def scaled_size(
    rule: ScaledRule,
    sequences: Sequence[str],
    cv_wt: float,
    cv_wr: float,
    ratio: float,
    target: float,
    alpha: float = 0.05,
    most: int = MAX_PATIENTS,
) -> ExactSize | None:
    """The smallest multiple of the sequences from which the power stays at or above the target.

    At least two patients a sequence. That the power stays is seen at numbers 30 % apart, up to `most`: close
    to a limit, where it is small, it can fall while more patients make it rarer that the limits are widened.
    None if `most` are not enough, and if endless patients with so large a difference would fail. Raises
    RequestError where the power is not known exactly (see scaled_law), and if the target does not lie
    between alpha and 1.
    """
    if not alpha < target < 1.0:
        raise RequestError(f"power is {target:g}, but must lie above alpha, {alpha:g}, and below 1")
    if not passes_in_the_end(rule, math.log1p(cv_wt**2), math.log1p(cv_wr**2), math.log(ratio)):
        return None

    def power(groups: int) -> float:
        law = scaled_law(rule.method, sequences, [groups] * len(sequences), cv_wt, cv_wr)
        if law is None:
            raise RequestError("with these CVs the power is not known exactly: simulate patients")
        return scaled_power(law, rule, ratio, alpha)

    grid = list(_grid(most // len(sequences)))
    below = [groups for groups in grid if power(groups) < target]
    short = below[-1] if below else _LEAST - 1
    if not grid or short == grid[-1]:
        return None
    between = range(short + 1, min(groups for groups in grid if groups > short))
    groups = short + 1 + bisect_left(between, True, key=lambda each: power(each) >= target)
    return ExactSize(groups * len(sequences), power(groups))


def _grid(top: int) -> Iterator[int]:
    """Numbers of patients in a sequence, each about 30 % larger than the one before, and the largest."""
    groups = _LEAST
    while groups < top:
        yield groups
        groups = max(groups + 1, int(_LARGER * groups))
    if top >= _LEAST:
        yield top


def passes_in_the_end(rule: ScaledRule, s2wt: float, s2wr: float, effect: float) -> bool:
    """Whether endless patients with such variances of logarithms would show bioequivalence."""
    variance = np.array([s2wr])
    width = float(log_limit(rule, variance)[0])
    if rule.unscaled_too:
        width = min(width, UNSCALED)
    near = True
    if rule.estimate_within is not None and needs_near_estimate(rule, variance)[0]:
        lower, upper = (math.log(each) for each in rule.estimate_within)
        near = lower < effect < upper
    return near and abs(effect) < width and (rule.sd_ratio is None or s2wt < rule.sd_ratio**2 * s2wr)
