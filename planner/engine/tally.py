"""What is kept of a run: integers that add in any order to the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from planner.errors import PlannerError
from planner.kernels.tables import (
    CARRY_BITS,
    ENDS,
    ERROR,
    ERROR_HIGH,
    FOLLOWED,
    FOURTH,
    FOURTH_BITS,
    FOURTH_HIGH,
    GUESSES,
    IRREGULAR,
    JOINT_SUMS,
    JOINTS,
    SQUARE,
    SQUARE_HIGH,
    SUMS,
    Floats,
    Ints,
)

TRIALS_TO_CARRY = 2**17
"""After so many trials at most their sums are carried: each adds less than 2^45 to those that are."""

_CARRIED = ((ERROR, ERROR_HIGH), (SQUARE, SQUARE_HIGH))
_HIGHER = {low: (high, CARRY_BITS) for low, high in _CARRIED} | {FOURTH: (FOURTH_HIGH, FOURTH_BITS)}
_ROOM = 2**62  # beyond this a sum could pass the range of int64 at the next addition


@dataclass(slots=True)
class Tally:
    """Sums over trials of every cell; see planner.kernels.tables for what is summed.

    `free` counts efficacy above and below with futility ignored; `irregular` what the sums leave out.
    `between` holds the products of the sums of whole tiles of 128 trials, where the randomisation list that
    these share decides anything; otherwise it has no columns. `followed` counts patients, where leaving
    depends on something; otherwise it has no sequences. `guessed` counts guesses, where patients are asked.
    `joint` counts trials by which of several primary analyses are significant; otherwise it has no designs.
    `parts` counts what an analysis tells of a trial beside how it ends; it has as many columns as the
    analyses need, none where they tell nothing.
    """

    trials: int
    ends: Ints  # (hypothesis, analysis, design, look, ENDS, SUMS)
    free: Ints  # (hypothesis, analysis, design, look, 2)
    irregular: Ints  # (hypothesis, analysis, design, look, IRREGULAR)
    between: Ints  # (hypothesis, analysis, design, sum, sum)
    followed: Ints  # (hypothesis, sequence, period, FOLLOWED)
    guessed: Ints  # (hypothesis, sequence, all and each treatment, GUESSES)
    joint: Ints  # (hypothesis, design, JOINTS, JOINT_SUMS)
    parts: Ints  # (hypothesis, analysis, design, part)

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
        joint: bool = False,
        parts: int = 0,
    ) -> Tally:
        """A tally of no trials; `followed`: sequences and periods in which patients are counted.

        guesses: sequences, and one more than the treatments about which they are asked. tile_sums: how many
        sums over a tile are multiplied with each other. joint: whether several analyses are counted together.
        parts: how much is counted of a trial beside how it ends.
        """
        cell = (hypotheses, analyses, designs)
        return cls(
            0,
            np.zeros((*cell, looks, ENDS, SUMS), np.int64),
            np.zeros((*cell, looks, 2), np.int64),
            np.zeros((*cell, looks, IRREGULAR), np.int64),
            np.zeros((*cell, tile_sums, tile_sums), np.int64),
            np.zeros((hypotheses, *followed, FOLLOWED), np.int64),
            np.zeros((hypotheses, *guesses, GUESSES), np.int64),
            np.zeros((hypotheses, designs if joint else 0, JOINTS, JOINT_SUMS), np.int64),
            np.zeros((*cell, parts), np.int64),
        )

    @property
    def nbytes(self) -> int:
        """Bytes of all sums."""
        return sum(each.nbytes for each in self.sums().values())

    def sums(self) -> dict[str, Ints]:
        """Every sum, by name; `parts` where there are any."""
        names = [each.name for each in fields(self) if each.name != "trials"]
        return {name: getattr(self, name) for name in names if name != "parts" or self.parts.size}

    def of_designs(self, places: Sequence[int]) -> Tally:
        """A copy with the designs in these places alone; patients and guesses are counted over all."""
        at = list(places)
        return Tally(
            self.trials,
            self.ends[:, :, at],
            self.free[:, :, at],
            self.irregular[:, :, at],
            self.between[:, :, at],
            self.followed.copy(),
            self.guessed.copy(),
            self.joint[:, at] if self.joint.shape[1] else self.joint.copy(),
            self.parts[:, :, at],
        )

    def add(self, other: Tally) -> None:
        """Add the trials of another tally of the same shape."""
        if _largest(self.between) + _largest(other.between) >= _ROOM:
            raise SumsError(
                f"the errors of the estimates are too far apart for the sums of {self.trials:,} trials and "
                "more: some hypothesis has a bias of very many standard deviations",
                "simulate fewer trials: --trials 100000",
            )
        self.trials += other.trials
        self.ends += other.ends
        self.carry()
        self.free += other.free
        self.irregular += other.irregular
        self.between += other.between
        self.followed += other.followed
        self.guessed += other.guessed
        self.joint += other.joint
        self.parts += other.parts

    def carry(self) -> None:
        """Carry what is beyond 2^60 of a sum of errors, or of their squares, to the column that goes on.

        The same sum always has the same two parts: they have the same sign, the lower one is below 2^60.
        """
        for low, high in _CARRIED:
            self._carry(self.ends[..., low], self.ends[..., high])

    @staticmethod
    def _carry(low: Ints, high: Ints) -> None:
        over = np.sign(low) * (np.abs(low) >> CARRY_BITS)
        high += over
        low -= over << CARRY_BITS
        borrowed = np.where((high > 0) & (low < 0), 1, np.where((high < 0) & (low > 0), -1, 0))
        high -= borrowed
        low += borrowed << CARRY_BITS


class SumsError(PlannerError, ValueError):
    """Errors so large that their sums have no room: nothing wrong is ever added up."""


def column_sum(ends: Ints, column: int) -> int:
    """The sum over all of i64[..., SUMS] of a column, with what went on in another one."""
    total = _whole_sum(ends, column)
    if column in _HIGHER:
        high, bits = _HIGHER[column]
        total += _whole_sum(ends, high) << bits
    return total


def column_sums(ends: Ints, column: int) -> Floats:
    """f64[n]: `column_sum` of each of i64[n, ..., SUMS], rounded once, as `float` rounds it."""
    rows = ends[..., column].reshape(len(ends), -1)
    goes_on = column in _HIGHER and bool(ends[..., _HIGHER[column][0]].any())
    if not goes_on and _largest(rows) * rows.shape[1] < 2**63:
        return np.asarray(rows.sum(axis=1), np.float64)
    return np.array([column_sum(each, column) for each in ends], np.float64)


def _whole_sum(ends: Ints, column: int) -> int:
    """In Python's integers, which have no end; these arrays are so small that NumPy's would take longer."""
    return sum(ends[..., column].ravel().tolist())


def _largest(part: Ints) -> int:
    return int(np.abs(part).max(initial=0))
