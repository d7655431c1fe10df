"""Rules with scaled limits for the kernels, and for the figures that are made of what these count."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from planner.equivalence.regulators import UNSCALED, linearised, switch_variance
from planner.equivalence.scaled_decisions import shrunk, variance_ratio
from planner.errors import RequestError
from planner.kernels.tables import Contrast, Floats, Scaled
from planner.model.scaled import scaled_rule_of
from planner.monitoring.numerics import to_40_bits
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.regulators import ScaledRule
from planner.scenario.scenario import Scenario

MOST_COMPARED = 600
"""Degrees of freedom up to which SDs are compared: limits are held for each pair of them."""


class WidestLimits(NamedTuple):
    """The logs of the upper limits that many trials have in common, and what the rule asks for."""

    unscaled: float  # where limits are not scaled
    scaled: float  # where they are as wide as they can be
    scales: bool
    near: bool  # whether the estimate must be near enough
    compares: bool  # whether SDs are compared


def widest_limits(analysis: PlannedAnalysis) -> WidestLimits | None:
    """Those of an analysis of a complete scenario; None where limits are not scaled."""
    rule = scaled_rule_of(analysis)
    if rule is None:
        return None
    widest = rule.constant * math.sqrt(math.log1p(rule.cap_cv**2)) if rule.constant else UNSCALED
    return WidestLimits(
        UNSCALED,
        min(widest, UNSCALED) if rule.unscaled_too else widest,
        rule.constant > 0.0,
        rule.estimate_within is not None,
        rule.sd_ratio is not None,
    )


def scaled_tables(
    scenario: Scenario, analysis: PlannedAnalysis, patients: int
) -> tuple[Contrast, Contrast | None, Scaled] | None:
    """For the kernels: the scores of the reference alone, those of the test product, the rule.

    For up to so many patients. The scores of the test product where the rule compares SDs. None where limits
    are not scaled. Raises RequestError where SDs of too many patients are compared.
    """
    rule = scaled_rule_of(analysis)
    if rule is None:
        return None
    test, reference = analysis.weights
    compares = rule.sd_ratio is not None
    most = patients * (scenario.design.periods - 1 if rule.method == "least squares" else 1)
    return (
        repeated(scenario.design.sequences, reference),
        repeated(scenario.design.sequences, test) if compares else None,
        rule_table(rule, analysis.alpha, most),
    )


def repeated(sequences: tuple[tuple[str, ...], ...], treatment: str) -> Contrast:
    """The scores of one treatment alone, as the kernels called `within_variance` take them.

    For a model of patients and periods: the treatment, in the periods that give it. For differences within
    patients: 1 and -1 in the two periods of the sequences that give it twice.
    """
    given = np.array([[0 if each == treatment else -1 for each in row] for row in sequences], np.int64)
    weight = np.zeros(given.shape)
    for s, row in enumerate(given):
        periods = np.flatnonzero(row == 0)
        if periods.size == 2:
            weight[s, periods] = 1.0, -1.0
    share = np.zeros(len(sequences))
    return Contrast(weight, share, given, np.ones(1), 0, -1)


def rule_table(rule: ScaledRule, alpha: float, most: int) -> Scaled:
    """The numbers of a rule at a level of each one-sided test, for up to so many degrees of freedom."""
    switch, at_switch = switch_variance(rule)
    low, high = rule.estimate_within or (0.0, math.inf)
    df = np.arange(1, most + 1, dtype=np.float64)
    table = np.ones(most + 1)
    table[1:] = to_40_bits(shrunk(df, alpha))
    return Scaled(
        switch=float(switch),
        at_switch=bool(at_switch),
        constant=float(rule.constant),
        cap=math.log1p(rule.cap_cv**2),
        low=math.log(low) if low > 0.0 else -math.inf,
        high=math.log(high) if high < math.inf else math.inf,
        unscaled=UNSCALED,
        unscaled_too=bool(rule.unscaled_too),
        linear=linearised(rule),
        compares=rule.sd_ratio is not None,
        shrunk=table,
        ratio=np.zeros((0, 0)) if rule.sd_ratio is None else _ratios(rule.sd_ratio, alpha, most),
    )


def _ratios(sd_ratio: float, alpha: float, most: int) -> Floats:
    """f64[df of test, df of reference] the largest ratio of estimated variances that passes."""
    if most > MOST_COMPARED:
        raise RequestError(
            f"SDs of test and reference are compared with up to {MOST_COMPARED:,} degrees of freedom, "
            f"and here there may be {most:,}",
            "simulate fewer patients",
        )
    df = np.arange(1.0, most + 1.0)
    table = np.zeros((most + 1, most + 1))
    table[1:, 1:] = to_40_bits(sd_ratio**2 * variance_ratio(df[:, None], df[None, :], alpha))
    return table
