"""The bound: a kernel that draws the random numbers of a trial and does nothing with them.

No simulation that uses these random numbers can be faster. The share of the bound that the engine reaches is
a ratio within one process, so that it means the same on a slow machine and on a fast one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from planner.engine.lowered import Job
from planner.kernels.generate.dropout import leave_all
from planner.kernels.generate.patient import severity
from planner.kernels.jit import kernel
from planner.kernels.random.draw import draw_all
from planner.kernels.random.philox import LOW, SHIFT, U
from planner.kernels.tables import W
from planner.scenario.hypotheses import SETTINGS


@kernel
def _draw(
    first: Any, tiles: Any, patients: Any, seed: Any, draws: Any, leave: Any, leaving: Any, kept: Any
) -> None:
    trial = np.empty(W, np.uint64)
    word = np.empty(4 * draws.place.size * W, np.uint64)
    normal = np.zeros((np.max(draws.pair[:, 2]) + 2) * W)
    gone = np.zeros((leave.size + 1) * W)
    k0 = seed & LOW
    k1 = seed >> SHIFT
    for tile in range(tiles):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        for p in range(patients):
            draw_all(trial, k0, k1, p, draws, word, normal)
            leave_all(leave, word, leaving, gone)
        kept[0] += normal[0] + gone[W]  # what nobody reads the compiler would not draw


@kernel
def _draw_terms(first: Any, tiles: Any, patients: Any, seed: Any, plan: Any, tables: Any, kept: Any) -> None:
    """Family `terms` also draws the entry score, a truncated normal, by its quantile function."""
    trial = np.empty(W, np.uint64)
    word = np.empty(4 * tables.draws.place.size * W, np.uint64)
    normal = np.zeros((np.max(tables.draws.pair[:, 2]) + 2) * W)
    gone = np.zeros((plan.leave.size + 1) * W)
    true = np.empty(W)
    k0 = seed & LOW
    k1 = seed >> SHIFT
    for tile in range(tiles):
        for i in range(W):
            trial[i] = U(first + tile * W + i)
        for p in range(patients):
            draw_all(trial, k0, k1, p, tables.draws, word, normal)
            leave_all(plan.leave, word, tables.rows[0], gone)
            severity(word[:W], normal[:W], tables.entry, true)
        kept[0] += normal[0] + gone[W] + true[0]


def bound(work: Job, trials: int) -> Callable[[], object]:
    """Draws for that many trials of a job whose hypotheses are all of one family."""
    (generator,) = work.generators
    tables, tiles, seed, kept = generator.tables, -(-trials // W), np.uint64(work.cells.seed), np.zeros(1)
    if SETTINGS[generator.family].has_severity:
        return lambda: _draw_terms(0, tiles, work.cells.patients, seed, work.plan, tables, kept)
    return lambda: _draw(
        0, tiles, work.cells.patients, seed, tables.draws, work.plan.leave, tables.rows[0], kept
    )
