"""Analyses whose limits are scaled to how the reference varies: their rule, what is judged, at which level.

The reference is the second treatment of the contrast. What is exactly known of such a trial is known of
complete ones: everybody stays, and every sequence has its share of the patients.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from planner.equivalence.regulators import ScaledRule
from planner.equivalence.scaled_error import adjusted_alpha, ratio_at_limit
from planner.equivalence.scaled_laws import ScaledLaw, scaled_law
from planner.errors import RequestError
from planner.model.allocation import retention
from planner.model.families.family import family_of
from planner.model.margins import Margins, equivalence, margins_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.design import Design
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

TEST, REFERENCE, OTHER = "T", "R", "-"


def scaled_rule_of(analysis: PlannedAnalysis) -> ScaledRule | None:
    """The rule of an analysis of a complete scenario, in plain numbers; None where limits are not scaled.

    The reference is the second treatment of its contrast.
    """
    return None if analysis.scaling is None else analysis.scaling.scaled_rule


def product_sequences(design: Design, analysis: PlannedAnalysis) -> tuple[str, ...]:
    """The sequences in letters: test product, reference, anything else."""
    test, reference = analysis.contrast
    letter = {test: TEST, reference: REFERENCE}
    return tuple("".join(letter.get(a, OTHER) for a in sequence) for sequence in design.sequences)


def product_cvs(hypothesis: Hypothesis, analysis: PlannedAnalysis) -> tuple[float, float]:
    """CV within patients of test product and reference (.35 is 35 %)."""
    scores = family_of(hypothesis).normal_scores(hypothesis)
    assert scores is not None  # scaling is of log-normal endpoints, whose logarithms are normal
    test, reference = (math.sqrt(math.expm1(scores.spread.within[a] ** 2)) for a in analysis.contrast)
    return test, reference


def judged_margins(scenario: Scenario, hypothesis: Hypothesis, analysis: PlannedAnalysis) -> Margins | None:
    """The margins at which the type I error is judged: of scaled limits those at the stated variability.

    Of logarithms. None where it is told whether there is any effect.
    """
    rule = scaled_rule_of(analysis)
    if rule is None:
        return margins_of(scenario, analysis)
    _, cv = product_cvs(hypothesis, analysis)
    limit = math.log(ratio_at_limit(rule, math.log1p(cv**2)))
    return equivalence((-limit, limit))


class AdjustedLevel(NamedTuple):
    """The level of each one-sided test that holds the type I error at alpha."""

    alpha: float
    hypothesis: str  # the one that takes the smallest
    assumes: tuple[str, ...] = ()  # what it stands on that is not stated so; none: it is exact


def adjusted_level(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> AdjustedLevel | None:
    """What `adjust_alpha` makes of alpha in a trial of so many patients; None where it is not adjusted.

    The largest level, at most alpha, with a type I error of at most alpha at the limit that the stated
    variability of the reference gives, under every simulated hypothesis.
    """
    rule = scaled_rule_of(analysis)
    if rule is None or analysis.scaling is None or not analysis.scaling.adjust_alpha:
        return None
    sequences, counts = product_sequences(scenario.design, analysis), _counts(scenario.design, patients)
    levels = []
    for name in scenario.simulated_hypotheses:
        cvs = product_cvs(scenario.hypotheses[name], analysis)
        level, like_reference = _level(rule, sequences, counts, cvs, analysis.alpha)
        assumes = [f"that the test product varies as the reference does ({name})"] * like_reference
        levels.append((level, name, assumes))
    alpha, name, assumes = min(levels, key=lambda each: each[0])
    if retention(scenario) != 1.0:
        assumes.append("that everybody stays")
    if patients % scenario.design.unit:
        assumes.append("sequences of as equal a size as can be")
    return AdjustedLevel(alpha, name, tuple(assumes))


def level_of(scenario: Scenario, analysis: PlannedAnalysis, patients: int) -> float:
    """The level of each one-sided test in a trial of so many patients: alpha, unless it is adjusted."""
    adjusted = adjusted_level(scenario, analysis, patients)
    return analysis.alpha if adjusted is None else adjusted.alpha


def _counts(design: Design, patients: int) -> tuple[int, ...]:
    """Patients of each sequence, by their shares as nearly as can be."""
    ends, done = [], 0
    for units in design.allocation:
        done += units
        ends.append(round(patients * done / design.unit))
    return tuple(end - begin for begin, end in zip([0, *ends[:-1]], ends, strict=True))


@lru_cache(maxsize=4096)
def _level(
    rule: ScaledRule,
    sequences: tuple[str, ...],
    counts: tuple[int, ...],
    cvs: tuple[float, float],
    alpha: float,
) -> tuple[float, bool]:
    """The adjusted level, and whether the test product is taken to vary as the reference does.

    Where too few patients leave the test undefined alpha stays as it is.
    """
    try:
        law = scaled_law(rule.method, sequences, counts, *cvs)
        known = law or scaled_law(rule.method, sequences, counts, cvs[1], cvs[1])
        return (alpha if known is None else adjusted_alpha(known, rule, alpha)), law is None
    except RequestError:
        return alpha, False


def complete_law(
    scenario: Scenario, hypothesis: Hypothesis, analysis: PlannedAnalysis, patients: int
) -> ScaledLaw | None:
    """The law of a complete trial, of which every sequence has its share of the patients; None: not known.

    Raises RequestError where so few patients leave the test undefined, or the design has no such law.
    """
    rule = scaled_rule_of(analysis)
    if rule is None or patients % scenario.design.unit:
        return None
    sequences, counts = product_sequences(scenario.design, analysis), _counts(scenario.design, patients)
    return scaled_law(rule.method, sequences, counts, *product_cvs(hypothesis, analysis))
