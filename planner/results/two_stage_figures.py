"""What a second stage costs and gives, from virtual trials: how often there is one, and how many patients."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from planner.kernels.tables import (
    ABOVE,
    STAGE_COUNTS,
    STAGE_FUTILE,
    STAGE_PATIENTS,
    STAGE_SECOND,
    STAGE_SQUARE,
    TRIALS,
    Floats,
    Ints,
)
from planner.results.cells import STAGE_QUANTILES, Cell, TwoStageFigures
from planner.results.cluster_errors import error, spread
from planner.results.figures import Figure, Quantile, mean, probability, smooth


def with_stages(cell: Cell, parts: Ints, ends: Ints, first: int) -> Cell:
    """The cell with what its stages count: i64[part], i64[look, ENDS, SUMS]; first: patients of stage 1."""
    trials = cell.trials
    figures = TwoStageFigures(
        stage_one=probability(int(ends[0, ABOVE, TRIALS]), trials),
        stage_two=probability(int(parts[STAGE_SECOND]), trials),
        futility=probability(int(parts[STAGE_FUTILE]), trials),
        patients_quantiles=_quantiles(parts[None, STAGE_COUNTS:], np.array([trials])),
    )
    return replace(cell, two_stage=figures, expected_patients=_expected(parts, trials, first))


def between_variants(pooled: Cell, parts: Ints, ends: Ints, n: Ints) -> Cell:
    """With errors that include the spread between variants: the same sums of each, and its trials."""
    stages = pooled.two_stage
    if stages is None:
        return pooled
    return replace(
        pooled,
        expected_patients=spread(pooled.expected_patients, parts[:, STAGE_PATIENTS], n),
        two_stage=TwoStageFigures(
            stage_one=spread(stages.stage_one, ends[:, 0, ABOVE, TRIALS], n),
            stage_two=spread(stages.stage_two, parts[:, STAGE_SECOND], n),
            futility=spread(stages.futility, parts[:, STAGE_FUTILE], n),
            patients_quantiles=_quantiles(parts[:, STAGE_COUNTS:], n),
        ),
    )


def _expected(parts: Ints, trials: int, first: int) -> Figure:
    """The mean number of patients; where no trial differs from the others, as if two had twice stage 1."""
    total, square = float(parts[STAGE_PATIENTS]), float(parts[STAGE_SQUARE])
    plain = mean(total, square, trials)
    more = 0.0 if plain.mcse else 2.0 * float(first) ** 2 / (trials + 4)
    return smooth(plain, more, trials, float(min(first, total / trials)), math.inf)


def _quantiles(count: Ints, n: Ints) -> dict[str, Quantile]:
    """count i64[variant, patients]: trials with so many patients; n i64[variant]."""
    up_to = np.cumsum(count.sum(0)) / float(n.sum())
    quantiles = {}
    for q in STAGE_QUANTILES:
        p = q / 100.0
        at = _at(up_to, p)
        se = math.sqrt(p * (1.0 - p) / float(n.sum()))
        if len(n) > 1:
            se = max(se, error(count[:, : at + 1].sum(1), n))
        quantiles[f"q{q:02}"] = Quantile(float(at), (_at(up_to, p + se) - _at(up_to, p - se)) / 2.0)
    return quantiles


def _at(up_to: Floats, p: float) -> int:
    """The smallest number of patients that a share p of the trials does not exceed."""
    share = np.array([min(max(p, 0.0), 1.0) * (1.0 - 1e-12)])
    return min(int(np.searchsorted(up_to, share)[0]), len(up_to) - 1)
