"""Who guesses right: shares in a run, with their Monte Carlo errors, and the guesses in one trial.

In a run they are counted over all patients of the largest trial asked for, whether or not it stopped before
they finished. The guesses of a patient hang together, so that errors are those of a ratio of two sums over
patients.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from planner.engine.cells import Cells
from planner.engine.tally import Tally
from planner.kernels.tables import MADE, MADE_RIGHT, MADE_SQUARE, RIGHT, RIGHT_SQUARE, Floats, Ints
from planner.results.cells import CorrectGuesses
from planner.results.contract import Json, Written
from planner.results.design_effect import AllocatedPatients
from planner.results.figures import Figure, figure, probability_among

if TYPE_CHECKING:
    from planner.engine.lowered import GuessCounting


def guess_figures(
    cells: Cells, tally: Tally, h: int, allocated: AllocatedPatients | None = None
) -> CorrectGuesses | None:
    """For the cells of a hypothesis of a run; None where nobody is asked."""
    if cells.guessed is None:
        return None
    return correct_guesses(cells.guessed, tally.guessed[h], allocated)


def correct_guesses(
    treatments: Sequence[str], counted: Ints, allocated: AllocatedPatients | None = None
) -> CorrectGuesses:
    """Shares of guesses that are right; counted i64[sequence, 1 + treatment, GUESSES], all treatments first.

    `allocated`: how the patients are; without it, their sequences count as drawn one by one.
    """
    shares = [_share(counted[:, i], allocated) for i in range(1 + len(treatments))]
    return CorrectGuesses(all=shares[0], by_treatment=dict(zip(treatments, shares[1:], strict=True)))


def _share(rows: Ints, allocated: AllocatedPatients | None) -> Figure | None:
    """Share of the guesses that are right, clustered by patients; None if nobody guessed.

    rows i64[sequence, GUESSES].
    """
    row = rows.sum(axis=0)
    n, right = int(row[MADE]), int(row[RIGHT])
    if n == 0 or right in (0, n):
        return probability_among(right, n)
    p = right / n
    squares = int(row[RIGHT_SQUARE]) - 2.0 * p * int(row[MADE_RIGHT]) + p * p * int(row[MADE_SQUARE])
    if allocated is not None:  # the sequences differ by no chance, but for what the lists leave to it
        patients = allocated.trials * allocated.patients * allocated.share
        rest = (rows[:, RIGHT] - p * rows[:, MADE]) / patients
        squares += allocated.variance(rest) - float(patients @ rest**2)
    return figure(p, math.sqrt(max(squares, 0.0)) / n, 0.0, 1.0)


_NAMES = ("guessed_active", "guessed_right")


class Guess(NamedTuple):
    """What a patient took a period for."""

    active: bool
    right: bool


def guesses_of(guessing: GuessCounting | None, values: Floats, sequence: int) -> tuple[Guess | None, ...]:
    """The guesses of a patient after each period, None where there is none; nothing where nobody is asked.

    values f64[reading, period] of the patient; sequence: its number.
    """
    if guessing is None:
        return ()
    given = guessing.active[guessing.given[sequence]]
    return tuple(
        None if np.isnan(guess) else Guess(guess == 1.0, guess == active)
        for guess, active in zip(values[guessing.reading].tolist(), given.tolist(), strict=True)
    )


@dataclass(frozen=True, slots=True)
class GuessesMade(Written):
    """Guesses of patients who got one treatment, and how many of them are right."""

    made: int
    right: int


@dataclass(frozen=True, slots=True)
class GuessCounts(Written):
    """The guesses of the patients of one trial."""

    active: tuple[str, ...]  # treatments
    made: int
    right: int
    by_treatment: Mapping[str, GuessesMade]


def guess_counts(
    guessing: GuessCounting, patients: Iterable[tuple[Sequence[str], Sequence[Guess | None]]]
) -> GuessCounts:
    """How many guesses there are and how many are right, of all and by treatment; patients by sequence."""
    rows = [(a, guess) for sequence, own in patients for a, guess in zip(sequence, own, strict=True) if guess]
    right = {a: [guess.right for b, guess in rows if b == a] for a in guessing.treatments}
    return GuessCounts(
        active=tuple(a for a, it in zip(guessing.treatments, guessing.active, strict=True) if it),
        made=len(rows),
        right=sum(guess.right for _, guess in rows),
        by_treatment={a: GuessesMade(len(each), sum(each)) for a, each in right.items()},
    )


def by_period(guesses: Sequence[Guess | None]) -> Json:
    """Of a patient in JSON; nothing where nobody is asked."""
    return {name: [each and each[i] for each in guesses] for i, name in enumerate(_NAMES) if guesses}


def in_a_row(guess: Guess | None) -> Json:
    """In long format, for statistics programs: 1 or 0."""
    return {name: None if guess is None else int(guess[i]) for i, name in enumerate(_NAMES)}
