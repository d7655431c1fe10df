"""What an earlier trial has estimated: variances within patients, and the effect of a treatment.

    sigma^2 = s^2 df / chi-square(df)             Julious SA, Owen RJ. Pharm Stat 2006;5:29-37
    effect  = estimate + SE z,  z standard normal

SE is that of least squares in a trial of so many complete patients of the same design, with effects of
patients and periods (and of the treatment before, where the analysis has them), at the variances that are
true in the variant: where these are uncertain too, both have the normal-inverse-gamma law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from planner._special import chdtri
from planner.kernels.tables import Floats
from planner.model.families.family import family_of
from planner.scenario.analysis import PlannedAnalysis
from planner.scenario.estimability import Model, solve
from planner.scenario.hypotheses import Hypothesis
from planner.scenario.scenario import Scenario

_MOST_SD = 20.0
"""SD of logs beyond which a CV stays where it is: nobody could tell, and e^(SD^2) is still a number."""


def variance_factors(df: float, u: Floats) -> Floats:
    """Quantiles of df / chi-square(df), by which a stated variance is multiplied."""
    factors: Floats = df / chdtri(df, u)
    return factors


def sd_times(stated: float, factor: float) -> float:
    """A standard deviation whose variance is multiplied."""
    return stated * math.sqrt(factor)


def cv_times(stated: float, factor: float) -> float:
    """A coefficient of variation whose variance of logs is multiplied."""
    return math.sqrt(math.expm1(min(math.log1p(stated * stated) * factor, _MOST_SD**2)))


def analysis_of(analyses: Sequence[PlannedAnalysis], treatment: str) -> PlannedAnalysis | None:
    """The first analysis whose contrast begins with the treatment, which is an estimate of its effect."""
    return next((a for a in analyses if next(iter(a.weights)) == treatment), None)


def moved(scenario: Scenario, name: str, treatment: str, patients: int, z: float) -> Hypothesis:
    """The hypothesis with the mean of the treatment z standard errors from where it is stated."""
    hypothesis = scenario.hypotheses[name]
    analysis = analysis_of(scenario.analyses, treatment)
    assert analysis is not None
    parameter = family_of(hypothesis).effect_parameter(hypothesis, analysis.weights)
    assert parameter is not None
    result: Hypothesis = parameter.moved(
        parameter.stated + z * estimate_se(scenario, name, analysis, patients)
    )
    return result


def estimate_se(scenario: Scenario, name: str, analysis: PlannedAnalysis, patients: int) -> float:
    """Standard error of the estimated contrast in so many complete patients, in points or of logs.

    What no sequence has its share of goes to the first ones.
    """
    stated = scenario.hypotheses[name]
    scores = family_of(stated).normal_scores(stated)
    assert scores is not None
    spread, sequences = scores.spread, scenario.design.sequences
    counts = _shared_out(patients, scenario.design.allocation)
    rows = _coefficients(
        tuple(map(tuple, sequences)),
        counts,
        tuple(analysis.weights.items()),
        analysis.carryover,
        analysis.only,
    )
    variance = 0.0
    for sequence, count, row in zip(sequences, counts, rows, strict=True):
        of_treatment: dict[str, float] = {}
        for a, c in zip(sequence, row, strict=True):
            of_treatment[a] = of_treatment.get(a, 0.0) + c
        residual = math.fsum((c * spread.within[a]) ** 2 for a, c in zip(sequence, row, strict=True))
        own = math.fsum((c * spread.interaction) ** 2 for c in of_treatment.values())
        level = spread.shared(of_treatment.items())
        variance += (residual + own + level) / max(count, 1)
    return math.sqrt(variance)


def _shared_out(patients: int, allocation: Sequence[int]) -> tuple[int, ...]:
    """Patients of each sequence, in blocks of one allocation unit; the last one is begun with the first."""
    full, left = divmod(patients, sum(allocation))
    counts = []
    for units in allocation:
        more = min(left, units)
        left -= more
        counts.append(full * units + more)
    return tuple(counts)


@lru_cache(maxsize=64)
def _coefficients(
    sequences: tuple[tuple[str, ...], ...],
    counts: tuple[int, ...],
    weights: tuple[tuple[str, float], ...],
    carryover: bool,
    only: tuple[str, ...] | None,
) -> tuple[tuple[float, ...], ...]:
    """The weight of the mean of each sequence and period in the estimate."""
    if len(sequences[0]) == 1:
        groups = {a: sum(n for n, s in zip(counts, sequences, strict=True) if s[0] == a) for a, _ in weights}
        of = dict(weights)
        return tuple(
            (of.get(s[0], 0.0) * n / max(groups.get(s[0], 1), 1),)
            for s, n in zip(sequences, counts, strict=True)
        )
    model = Model(sequences, carryover, only=only)
    solution = solve(model.information(counts), model.target(dict(weights)))
    assert solution is not None
    periods = range(len(sequences[0]))

    def weight(s: int, k: int) -> float:
        added = [[int((i, j) == (s, k)) for j in periods] for i in range(len(sequences))]
        return float(model.moved(solution, counts, added))

    return tuple(tuple(weight(s, k) for k in periods) for s in range(len(sequences)))
