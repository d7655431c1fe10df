"""What is kept of a run: integers that add in any order to the same bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.kernels.tables import ENDS, SUMS, Ints

_ROOM = 2**62  # beyond this a sum could pass the range of int64 at the next addition


@dataclass(slots=True)
class Tally:
    """Sums over trials of every cell; see planner.kernels.tables for what is summed."""

    trials: int
    ends: Ints  # (hypothesis, analysis, design, look, ENDS, SUMS)
    free: Ints  # (hypothesis, analysis, design, look, 2) efficacy above and below with futility ignored

    @classmethod
    def empty(cls, hypotheses: int, analyses: int, designs: int, looks: int) -> Tally:
        """A tally of no trials."""
        shape = (hypotheses, analyses, designs, looks)
        return cls(0, np.zeros((*shape, ENDS, SUMS), np.int64), np.zeros((*shape, 2), np.int64))

    def add(self, other: Tally) -> None:
        """Add the trials of another tally of the same shape."""
        largest = int(np.abs(self.ends).max(initial=0)) + int(np.abs(other.ends).max(initial=0))
        if largest >= _ROOM:
            raise OverflowError(
                "the sums of the estimates no longer fit: simulate fewer trials, or check for an extreme "
                "spread"
            )
        self.trials += other.trials
        self.ends += other.ends
        self.free += other.free
