"""What is kept of a run: integers that add in any order to the same bits."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from planner.kernels.tables import ENDS, FOLLOWED, GUESSES, JOINT_SUMS, JOINTS, SUMS, Ints

_ROOM = 2**62  # beyond this a sum could pass the range of int64 at the next addition


@dataclass(slots=True)
class Tally:
    """Sums over trials of every cell; see planner.kernels.tables for what is summed.

    `free` counts efficacy above and below with futility ignored; `between` holds the number of tiles and the
    squares of their sums (see planner.kernels.decide). `followed` counts patients, where leaving depends on
    something; otherwise it has no sequences. `guessed` counts guesses, where patients are asked. `joint`
    counts trials by what several primary analyses say of them; otherwise it has no designs.
    """

    trials: int
    ends: Ints  # (hypothesis, analysis, design, look, ENDS, SUMS)
    free: Ints  # (hypothesis, analysis, design, look, 2)
    between: Ints  # (hypothesis, analysis, design, 3)
    followed: Ints  # (hypothesis, sequence, period, FOLLOWED)
    guessed: Ints  # (hypothesis, all and each treatment, GUESSES)
    joint: Ints  # (hypothesis, design, JOINTS, JOINT_SUMS)

    @classmethod
    def empty(
        cls,
        hypotheses: int,
        analyses: int,
        designs: int,
        looks: int,
        followed: tuple[int, int] = (0, 0),
        guesses: int = 0,
        joint: bool = False,
    ) -> Tally:
        """A tally of no trials; `followed`: sequences and periods in which patients are counted.

        guesses: one more than the treatments about which they are asked. joint: whether several analyses are
        counted together.
        """
        cell = (hypotheses, analyses, designs)
        return cls(
            0,
            np.zeros((*cell, looks, ENDS, SUMS), np.int64),
            np.zeros((*cell, looks, 2), np.int64),
            np.zeros((*cell, 3), np.int64),
            np.zeros((hypotheses, *followed, FOLLOWED), np.int64),
            np.zeros((hypotheses, guesses, GUESSES), np.int64),
            np.zeros((hypotheses, designs if joint else 0, JOINTS, JOINT_SUMS), np.int64),
        )

    def sums(self) -> dict[str, Ints]:
        """Every sum, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "trials"}

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
        self.joint += other.joint


def _largest(tally: Tally) -> int:
    return max(int(np.abs(part).max(initial=0)) for part in (tally.ends, tally.between))
