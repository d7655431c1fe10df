"""The probability of counts where it is not known how many of the patients had each sequence.

Patients are randomised in the numbers of the allocation, and some leave. Those who were seen are then a
random part of those randomised: to have left is one more outcome of a patient, and to be seen one more sum.

    P(sums | seen = n)  =  P(sums, seen = n) / P(seen = n)

Given n, only the odds of staying in one sequence against another matter (Fisher's noncentral hypergeometric
distribution of the numbers). If nobody leaves, the numbers are those of the allocation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.questions.weigh.count_probability import Floats, Ints, Stratum, cost, probability

_SMALL = 1e-12


def with_leavers(units: Sequence[int], adds: Sequence[Ints], randomised: float) -> list[Stratum]:
    """Patients of each sequence, in whole units; the last cell is to have left, the last sum to be seen.

    units: patients of each sequence in an allocation unit. adds: of each sequence, i64[cell, sum].
    """
    several = int(np.ceil(randomised / sum(units) - 1e-6))
    groups = []
    for unit, add in zip(units, adds, strict=True):
        seen = np.concatenate([add, np.ones((len(add), 1), np.int64)], axis=1)
        left = np.zeros((1, seen.shape[1]), np.int64)
        groups.append(Stratum(several * unit, np.concatenate([seen, left])))
    return groups


def cost_of_allocation(
    units: Sequence[int], adds: Sequence[Ints], sums: Sequence[int], patients: int, staying: float
) -> int:
    """Multiplications for one distribution of the cells, if this share of the patients stays."""
    return cost(with_leavers(units, adds, patients / staying), [*sums, patients])


def probability_by_allocation(
    units: Sequence[int],
    adds: Sequence[Ints],
    sums: Sequence[int],
    patients: int,
    cells: Sequence[Floats],
    staying: Floats,
) -> Floats:
    """f64[...]: probability of the sums of so many patients seen.

    cells: of each sequence, f64[..., cell], the chances of those who were seen. staying: f64[..., sequence],
    the share of the randomised who were. How many were randomised follows from its mean.
    """
    share = float((staying * np.array(units)).sum(axis=-1).mean() / sum(units))
    groups = with_leavers(units, adds, patients / max(share, _SMALL))
    odds = np.maximum(staying, _SMALL) / np.maximum(1.0 - staying, _SMALL)
    odds = odds / np.exp(np.log(odds).mean(axis=-1, keepdims=True))
    seen = odds / (1.0 + odds)
    left = 1.0 - seen
    rows = [np.concatenate([p * seen[..., [i]], left[..., [i]]], axis=-1) for i, p in enumerate(cells)]
    joint = probability(groups, rows, [*sums, patients])
    there = [Stratum(group.patients, np.array([[1], [0]])) for group in groups]
    shares = [np.stack([seen[..., i], left[..., i]], axis=-1) for i in range(len(groups))]
    return np.asarray(joint / probability(there, shares, [patients]))
