"""What the randomisation list that 128 trials share does to Monte Carlo errors.

The trials of a tile of 128 have one list. Where a look comes within a randomisation block, the list decides
which sequence has a patient more, and with it a little of what all of them show: the variance of a mean
over trials is then larger than that of independent trials by a *design effect* (Kish 1965), which is measured
by how far whole tiles lie apart, for each figure on its own. A partly filled tile is never taken for a whole
one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from planner.kernels.tables import Floats, W

FEWEST = 8
"""Whole tiles below which they hardly show how far tiles lie apart: errors are then approximate."""

APPROXIMATE = (
    f"Monte Carlo errors are approximate: {W} trials share a randomisation list, and with fewer than "
    f"{FEWEST * W:,} trials it does not show how much alike that makes them."
)

WARNING = APPROXIMATE.removesuffix(".")
"""The same among the warnings of a result."""

_BEYOND_CHANCE = 1.645  # standard errors: 1 in 20 simulations of independent trials lies further apart


def design_effect(
    tiles: int, total: float, squares: float, alone: float, trials: int, kurtosis: float = 0.0
) -> float:
    """Variance of a mean over `trials` relative to that of independent trials, at least 1.

    total, squares: over whole tiles, the sum of their sums and of the squares of these. alone, kurtosis: of a
    single trial, the variance and its excess kurtosis. Where tiles lie no further apart than those of
    independent trials would in 19 of 20 simulations, there is nothing to allow for: 1.
    """
    if tiles < 2 or alone <= 0.0:
        return 1.0
    between = (squares - total * total / tiles) / (tiles - 1)
    effect = between / (W * alone)
    chance = math.sqrt(2.0 / (tiles - 1) + max(kurtosis, 0.0) / (W * tiles))
    if effect <= 1.0 + _BEYOND_CHANCE * chance:
        return 1.0
    alike = (effect - 1.0) / (W - 1)  # the correlation of two trials of a tile
    return 1.0 + alike * (shared_squares(trials) / trials - 1.0)


def shared_squares(trials: int) -> int:
    """Sum over tiles of the square of the trials in them, the last tile being as full as it is."""
    return trials // W * W * W + (trials % W) ** 2


def within_blocks(block: Sequence[int], counts: Sequence[int]) -> bool:
    """Whether any of these numbers of patients is reached within a block; block: as Plan.block."""
    return any(m % len(block) for m in counts)


def approximate(block: Sequence[int], counts: Sequence[int], trials: int) -> bool:
    """Whether errors are approximate, for want of whole tiles, with looks after these numbers of patients."""
    return within_blocks(block, counts) and trials // W < FEWEST


class AllocatedPatients(NamedTuple):
    """Patients that are counted over all trials, by the sequence that the lists give them.

    How many have a sequence is no chance but for the last block of a list, if that is not full.
    """

    block: Sequence[int]  # as Plan.block
    patients: int  # of each trial
    trials: int

    @property
    def share(self) -> Floats:
        """(sequence,) of all patients, as allocated."""
        return np.bincount(self.block) / len(self.block)

    def variance(self, mean: Floats) -> float:
        """What the lists add to the variance of a sum over all patients; mean f64[sequence] of a patient.

        The patients of a block that is not full are drawn from it without replacement.
        """
        size, rest = len(self.block), self.patients % len(self.block)
        if rest == 0:
            return 0.0
        share = self.share
        spread = float(share @ mean**2 - (share @ mean) ** 2)
        return shared_squares(self.trials) * rest * (size - rest) / (size - 1) * max(spread, 0.0)
