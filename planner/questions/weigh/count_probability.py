"""The exact probability of counts of patients, given how probable each patient's outcome is.

Every patient falls into one cell (responds to A and not to B, ...), independently of the others. A report
gives sums over patients: so many responders under A, so many under B. Its probability is that of all tables
of cells that have these sums:

    P(sums = observed) = sum over tables x with A x = observed of  n! / prod x_c!  prod p_c^x_c

It is found by adding one patient after the other to the distribution of the sums, cut at what was observed
since no sum ever falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_AT_ONCE = 4_000_000  # numbers in memory


@dataclass(frozen=True)
class Stratum:
    """Patients whose outcomes have the same distribution.

    `adds`: i64[cell, sum], what a patient in a cell adds to each sum, 0 or 1.
    """

    patients: int
    adds: Ints


def probability(groups: Sequence[Stratum], cells: Sequence[Floats], sums: Sequence[int]) -> Floats:
    """Probability of the sums; cells: for each group, f64[..., cell], the chance of each cell.

    The leading axes (variants, hypotheses) are kept. Cost: patients x cells x product of (sums + 1).
    """
    leading = cells[0].shape[:-1]
    adds, wanted = _smaller(groups, np.array(sums, np.int64))
    if (wanted < 0).any():
        return np.zeros(leading)
    rows = [_merge(add, p.reshape(-1, p.shape[-1])) for add, p in zip(adds, cells, strict=True)]
    batch, states = rows[0][1].shape[0], int(np.prod(wanted + 1))
    chance = np.empty(batch)
    several = max(1, _AT_ONCE // states)
    for start in range(0, batch, several):
        part = [(add, p[start : start + several]) for add, p in rows]
        chance[start : start + several] = _add_up([g.patients for g in groups], part, wanted)
    return chance.reshape(leading)


def cost(groups: Sequence[Stratum], sums: Sequence[int]) -> int:
    """Multiplications for one distribution of the cells."""
    adds, wanted = _smaller(groups, np.array(sums, np.int64))
    cells = [len(np.unique(add, axis=0)) for add in adds]
    steps = sum(g.patients * n for g, n in zip(groups, cells, strict=True))
    return int(steps * np.prod(np.maximum(wanted, 0) + 1.0))


def _smaller(groups: Sequence[Stratum], sums: Ints) -> tuple[list[Ints], Ints]:
    """The same question with each sum counting those who do not, where these are fewer."""
    adds, wanted = [g.adds.copy() for g in groups], sums.copy()
    for k in range(sums.size):
        counted = [bool(g.adds[:, k].any()) for g in groups]
        patients = sum(g.patients for g, here in zip(groups, counted, strict=True) if here)
        if 2 * sums[k] > patients:
            wanted[k] = patients - sums[k]
            for add, here in zip(adds, counted, strict=True):
                if here:
                    add[:, k] = 1 - add[:, k]
    return adds, wanted


def _merge(adds: Ints, p: Floats) -> tuple[Ints, Floats]:
    """Cells that add the same, put together."""
    rows, at = np.unique(adds, axis=0, return_inverse=True)
    merged = np.zeros((p.shape[0], len(rows)))
    for cell, row in enumerate(at.reshape(-1)):
        merged[:, row] += p[:, cell]
    return rows, merged


def _add_up(patients: Sequence[int], groups: Sequence[tuple[Ints, Floats]], wanted: Ints) -> Floats:
    """(batch,) from (batch, sum, sum, ...), patient by patient."""
    sums = [int(b) for b in wanted]
    state = np.zeros((groups[0][1].shape[0], *(b + 1 for b in sums)))
    start: list[Any] = [slice(None), *[0] * len(sums)]
    state[tuple(start)] = 1.0
    for n, (adds, p) in zip(patients, groups, strict=True):
        steps = []
        for c, add in enumerate(adds.tolist()):
            if all(a <= b for a, b in zip(add, sums, strict=True)):
                to = (slice(None), *(slice(a, None) for a in add))
                of = (slice(None), *(slice(None, b - a + 1) for a, b in zip(add, sums, strict=True)))
                steps.append((to, of, p[:, c].reshape(-1, *[1] * len(sums))))
        for _ in range(n):
            following = np.zeros_like(state)
            for to, of, chance in steps:
                following[to] += chance * state[of]
            state = following
    return np.asarray(state.reshape(state.shape[0], -1)[:, -1])
