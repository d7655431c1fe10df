"""What is kept of a run: integers that add in any order to the same bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.kernels.tables import ENDS, FOLLOWED, GUESSES, SUMS, Ints

_ROOM = 2**62  # beyond this a sum could pass the range of int64 at the next addition


@dataclass(slots=True)
class Tally:
    """Sums over trials of every cell; see planner.kernels.tables for what is summed.

    `free` counts efficacy above and below with futility ignored. `between` holds the products of the sums of
    whole tiles of 128 trials, where the randomisation list that these share decides anything; otherwise it
    has no columns. `followed` counts patients, where leaving depends on something; otherwise it has no
    sequences. `guessed` counts guesses, where patients are asked.
    """

    trials: int
    ends: Ints  # (hypothesis, analysis, design, look, ENDS, SUMS)
    free: Ints  # (hypothesis, analysis, design, look, 2)
    between: Ints  # (hypothesis, analysis, design, sum, sum)
    followed: Ints  # (hypothesis, sequence, period, FOLLOWED)
    guessed: Ints  # (hypothesis, sequence, all and each treatment, GUESSES)

    @classmethod
    def empty(
        cls,
        hypotheses: int,
        analyses: int,
        designs: int,
        looks: int,
        followed: tuple[int, int] = (0, 0),
        guesses: tuple[int, int] = (0, 0),
        tile_sums: int = 0,
    ) -> Tally:
        """A tally of no trials; `followed`: sequences and periods in which patients are counted.

        guesses: sequences, and one more than the treatments about which they are asked. tile_sums: how many
        sums over a tile are multiplied with each other.
        """
        cell = (hypotheses, analyses, designs)
        return cls(
            0,
            np.zeros((*cell, looks, ENDS, SUMS), np.int64),
            np.zeros((*cell, looks, 2), np.int64),
            np.zeros((*cell, tile_sums, tile_sums), np.int64),
            np.zeros((hypotheses, *followed, FOLLOWED), np.int64),
            np.zeros((hypotheses, *guesses, GUESSES), np.int64),
        )

    def add(self, other: Tally) -> None:
        """Add the trials of another tally of the same shape."""
        if _largest(self) + _largest(other) >= _ROOM:
            raise OverflowError(
                "the sums of the estimates no longer fit: simulate fewer trials, or check for an extreme "
                "spread"
            )
        self.trials += other.trials
        self.ends += other.ends
        self.free += other.free
        self.between += other.between
        self.followed += other.followed
        self.guessed += other.guessed


def _largest(tally: Tally) -> int:
    return max(int(np.abs(part).max(initial=0)) for part in (tally.ends, tally.between))
