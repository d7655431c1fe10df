"""Generated readings beside those of the plain simulation (`naive_terms`): means, spreads, products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from planner.engine.generators import generators_of
from planner.kernels.generate.randomise import allocate
from planner.kernels.tables import Plan, W
from planner.model.allocation import allocation_plan
from planner.model.readings import Reading
from planner.scenario.scenario import Scenario
from tests.support import naive_terms
from tests.support.harness import Comparison
from tests.support.mechanism_cases import LIMIT, MEASURES, PATIENTS, Floats


def generated(trial: Scenario, names: list[str], readings: list[Reading], tiles: int) -> tuple[Any, Floats]:
    """Sequences (tile, patient) and readings (tile, patient, hypothesis, reading, period, lane)."""
    patients, periods = trial.design.patients, trial.design.periods
    staying = Plan(allocation_plan(trial).block, np.zeros(periods))
    sequence = np.zeros((tiles, patients), np.int64)
    allocate(0, np.uint64(11), staying.block, sequence)
    values = np.full((tiles, patients, len(names), len(readings), periods * W), np.nan)
    for group in generators_of(trial, names, readings):
        group.generate(0, np.uint64(11), staying, group.tables, sequence, values)
    return sequence, values.reshape(tiles, patients, len(names), len(readings), periods, W)


def compare_readings(
    trial: Scenario,
    other: Scenario | None = None,
    names: list[str] | None = None,
    patients: int = PATIENTS,
    *,
    readings: Sequence[Reading] = (),
    days: Sequence[float] = (),
    called: Callable[[Reading], str] = lambda r: f"{r.measure}, day {r.day:g}",
    seed: int = 5,
    title: str = "",
) -> Comparison:
    """Readings under a scenario, and those of the naive simulation (for the control, of another).

    `readings`: all measures on all days if not given. `days`: of the naive simulation's
    assessments, those of the design if not given.
    """
    names, days = names or list(trial.hypotheses), list(days or trial.design.assessment_days)
    readings = list(readings) or [Reading(measure, day) for measure in MEASURES for day in days]
    sequences, other = trial.design.sequences, other or trial
    tiles = -(-patients * len(sequences) // (trial.design.patients * W))
    order, values = generated(trial, names, readings, tiles)
    rng = np.random.default_rng(seed)
    comparison = Comparison(limit=LIMIT, title=title)
    for h, name in enumerate(names):
        for s, sequence in enumerate(sequences):
            found = (
                values[:, :, h][order == s].transpose(0, 3, 1, 2).reshape(-1, len(readings), len(sequence))
            )
            course = naive_terms.course(other, name, sequence, patients, days, rng)
            wanted = np.stack([course.reading(other, *reading) for reading in readings], axis=1)
            columns = [f"{called(r)}, period {k + 1}" for r in readings for k in range(len(sequence))]
            both = (each.reshape(len(each), -1) for each in (found, wanted))
            compare_moments(comparison, f"{name}, {' '.join(sequence)}", columns, *both)
    return comparison


def compare_moments(comparison: Comparison, head: str, columns: list[str], a: Floats, b: Floats) -> None:
    """Means, variances and products of columns, in units of the naive SD."""
    assert not np.isnan(a).any()
    middle, spread = b.mean(axis=0), b.std(axis=0)
    varies = [spread[j] > 0.0 and a[:, j].std() > 0.0 for j in range(len(columns))]
    counted = [column.startswith("re") for column in columns]  # responses and remissions
    for j, column in enumerate(columns):
        if not varies[j] and not (counted[j] and spread[j] + a[:, j].std() > 0.0):
            comparison.mean(f"{head}: {column}", float(a[:, j].mean()), 0.0, float(b[:, j].mean()))
    # A rare answer has no normal error; of products it would have even less.
    usual = [
        j for j, column in enumerate(columns) if varies[j] and (not counted[j] or 0.005 < middle[j] < 0.995)
    ]
    rare = [
        j for j in range(len(columns)) if counted[j] and spread[j] + a[:, j].std() > 0.0 and j not in usual
    ]
    for j in rare:
        p = (a[:, j].sum() + b[:, j].sum() + 1) / (len(a) + len(b) + 2)
        se = math.sqrt(p * (1 - p) * (1 / len(a) + 1 / len(b)))
        comparison.mean(f"{head}: {columns[j]}, rare", float(a[:, j].mean()), se, float(middle[j]))
    x, y = ((each[:, usual] - middle[usual]) / spread[usual] for each in (a, b))
    error = np.sqrt(x.var(axis=0) / len(x) + y.var(axis=0) / len(y))
    for i, j in enumerate(usual):
        comparison.mean(f"{head}: {columns[j]}, mean", float(x[:, i].mean()), float(error[i]), 0.0)
    products = [(each.T @ each) / len(each) for each in (x, y)]
    squares = [((each**2).T @ (each**2)) / len(each) for each in (x, y)]
    variance = sum((sq - pr**2) / len(each) for sq, pr, each in zip(squares, products, (x, y), strict=True))
    for i in range(len(usual)):
        for j in range(i + 1):
            what = f"{columns[usual[i]]} with {columns[usual[j]]}" if i != j else f"{columns[usual[i]]}, SD"
            if variance[i, j] > 1e-12:
                comparison.mean(
                    f"{head}: {what}",
                    float(products[0][i, j]),
                    math.sqrt(variance[i, j]),
                    float(products[1][i, j]),
                )
