"""Hypotheses of family `means` to the tables of planner.kernels.generate.means.

Only + - * / and sqrt are used on anything that reaches a simulated value, so that the tables are the same to
the last bit on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from planner.kernels.tables import (
    BASELINE_ERROR,
    BASELINE_LEVEL,
    CONSTANT,
    INTERACTION,
    MEANS_FEATURES,
    PATIENT_LEVEL,
    RESIDUAL,
    SCORE,
    Draws,
    DropoutTables,
    Floats,
    Ints,
    MeansTables,
)
from planner.model.draw_list import DrawList
from planner.model.dropout import SAME_FOR_ALL, dropout_tables
from planner.scenario.families.means import Means, ScoreSpread
from planner.scenario.scenario import Scenario

BEFORE, AFTER = 0, 1  # visits of family `means`: the period's baseline and its outcome


def carryover_points(hypothesis: Means, sequence: Sequence[str], period: int) -> float:
    """Points that earlier treatments add in a period (0-based) of a sequence.

    `next`: the treatment of the period before. `lasting`: every treatment given earlier, once each.
    """
    if period == 0:
        return 0.0
    earlier = {sequence[period - 1]} if hypothesis.carryover_lasts == "next" else set(sequence[:period])
    return math.fsum(hypothesis.carryover.get(a, 0.0) for a in earlier)


def means_tables(
    scenario: Scenario,
    hypotheses: Sequence[Means],
    visits: Sequence[int],
    place: Sequence[int] | None = None,
) -> MeansTables:
    """Tables of the hypotheses of family `means`.

    `visits`: what each stored reading is, BEFORE or AFTER; -1 where means do not cover it. `place`:
    the row of each hypothesis among all of the run.
    """
    design, scale = scenario.design, scenario.endpoint.bounds
    step = scale.step if scale is not None and scale.step is not None else 1.0
    coef = np.zeros((len(hypotheses), len(design.sequences), design.periods, 2, MEANS_FEATURES))
    for h, hypothesis in enumerate(hypotheses):
        for s, sequence in enumerate(design.sequences):
            for k, treatment in enumerate(sequence):
                coef[h, s, k, AFTER] = _outcome(scenario, hypothesis, s, k, treatment) / step
                if scenario.design.baselines != "none":
                    coef[h, s, k, BEFORE] = _baseline(scenario, hypothesis) / step
    rows = {a: i for i, a in enumerate(design.treatments)}
    treatment_rows = np.array([[rows[a] for a in sequence] for sequence in design.sequences], np.int64)
    interacts = any(h.sd_interaction > 0.0 for h in hypotheses)
    draws, numbers = _draws(design.periods, BEFORE in visits, len(rows) if interacts else 0)
    low = -math.inf if scale is None or scale.low is None else scale.low / step
    high = math.inf if scale is None or scale.high is None else scale.high / step
    stepped = scale is not None and scale.step is not None
    return MeansTables(
        draws=draws,
        rows=numbers,
        coef=coef,
        treatment=treatment_rows,
        place=np.array(range(len(hypotheses)) if place is None else place, np.int64),
        visits=np.array(visits, np.int64),
        scale=np.array([low, high, step, 1.0 if stepped else 0.0]),
        binary=False,
        opposed=any(h.spread.sign < 0 for h in hypotheses),
        dropout=stored_dropout(scenario, visits),
    )


def stored_dropout(scenario: Scenario, visits: Sequence[int]) -> DropoutTables:
    """Tables of dropout for families that store one number of a period: the endpoint, or nothing."""
    at = list(visits).index(AFTER) if AFTER in visits else -1
    return dropout_tables(scenario, lambda _: (SCORE, at, 0.0, 0.0)) if at >= 0 else SAME_FOR_ALL


def _draws(periods: int, baselines: bool, treatments: int) -> tuple[Draws, Ints]:
    """What is drawn for a patient, and `MeansTables.rows`."""
    draws = DrawList()
    draws.patient()
    dropout, residuals = draws.periods(periods)
    errors = draws.visits(periods, 2) if baselines else 0
    interactions = draws.treatments(treatments) if treatments else 0
    return draws.table(), np.array([dropout, residuals, errors, interactions], np.int64)


def _outcome(scenario: Scenario, hypothesis: Means, s: int, k: int, treatment: str) -> Floats:
    """Row of coefficients of the score in period k of sequence s."""
    population, spread = scenario.population, hypothesis.spread
    row = np.zeros(MEANS_FEATURES)
    added = population.period_effect[k] + population.sequence_effect[s]
    row[CONSTANT] = (
        hypothesis.means[treatment] + added + carryover_points(hypothesis, scenario.design.sequences[s], k)
    )
    row[PATIENT_LEVEL] = spread.level[treatment]
    row[RESIDUAL] = spread.within[treatment]
    row[INTERACTION] = spread.interaction
    if spread.sign < 0:
        row[PATIENT_LEVEL] = 0.0
        row[RESIDUAL], row[BASELINE_LEVEL] = opposed_loadings(spread, treatment, scenario.design.periods)
    return row


def opposed_loadings(spread: ScoreSpread, treatment: str, periods: int) -> tuple[float, float]:
    """What multiplies the residual of a period, and the sum of those of all: scores that oppose each other.

    y_k = sd_k (a e_k + b sum of e) with a^2 = 1 - rho and 2 a b + p b^2 = rho gives two scores of p periods
    the covariance rho sd_k sd_l, and each the variance sd_k^2.
    """
    sd = spread.total(treatment)
    rho = -((spread.level[treatment] / sd) ** 2) if sd > 0.0 else 0.0
    a = math.sqrt(1.0 - rho)
    b = (math.sqrt(max(a * a + periods * rho, 0.0)) - a) / periods
    return sd * a, sd * b


def typical_sd(hypothesis: Means) -> tuple[float, float]:
    """(total, within) SD of a score, the within-patient variance averaged over the treatments."""
    spread = hypothesis.spread
    within2 = math.fsum(w * w for w in spread.within.values()) / len(spread.within)
    between2 = spread.sign * spread.between * spread.between
    total2 = between2 + spread.interaction * spread.interaction + within2
    return math.sqrt(total2), math.sqrt(within2)


def _baseline(scenario: Scenario, hypothesis: Means) -> Floats:
    """Row of coefficients of a period's baseline, from its three correlations.

    The baseline shares the patient's level with every score (cross), a level of its own with the other
    baselines (between), and the period's residual with the score of its period (what `own` has beyond
    `cross`).
    """
    baseline, r = scenario.population.baseline, hypothesis.baseline_correlation
    row = np.zeros(MEANS_FEATURES)
    if baseline is None or r is None:
        return row
    total, within = typical_sd(hypothesis)
    level, sd = hypothesis.spread.between, baseline.sd
    row[CONSTANT] = baseline.mean
    row[PATIENT_LEVEL] = r.cross * sd * total / level if level > 0.0 else 0.0
    row[RESIDUAL] = (r.own - r.cross) * sd * total / within if within > 0.0 else 0.0
    alone = scenario.design.baselines == "first"  # no other baseline with which it could have more in common
    shared = row[PATIENT_LEVEL] * row[PATIENT_LEVEL] if alone else r.between * sd * sd
    row[BASELINE_LEVEL] = math.sqrt(max(shared - row[PATIENT_LEVEL] * row[PATIENT_LEVEL], 0.0))
    row[BASELINE_ERROR] = math.sqrt(max(sd * sd - shared - row[RESIDUAL] * row[RESIDUAL], 0.0))
    return row
