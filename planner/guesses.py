"""How many patients guess right what they were given: shares of guesses, with their Monte Carlo errors.

Counted over all patients of the largest trial asked for, whether or not it stopped before they finished. The
guesses of a patient hang together, so that errors are those of a ratio of two sums over patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.engine import Job
from planner.kernels.tables import MADE, MADE_RIGHT, MADE_SQUARE, RIGHT, RIGHT_SQUARE, Ints
from planner.montecarlo import Z95, Json, probability
from planner.tally import Tally


def guesses(work: Job, tally: Tally, h: int) -> Json:
    """For the cells of a hypothesis of a run; nothing where nobody is asked."""
    return correct_guesses(work.asked.treatments, tally.guessed[h]) if work.asked is not None else {}


def correct_guesses(treatments: Sequence[str], counted: Ints) -> Json:
    """Shares of guesses that are right; counted i64[1 + treatment, GUESSES], all treatments first."""
    by_treatment = {a: _share(row) for a, row in zip(treatments, counted[1:], strict=True)}
    return {"correct_guesses": {"all": _share(counted[0]), "by_treatment": by_treatment}}


def _share(row: Ints) -> Json | None:
    """Share of the guesses that are right, clustered by patients; None if nobody guessed."""
    n, right = int(row[MADE]), int(row[RIGHT])
    if n == 0 or right in (0, n):
        return probability(right, n)
    p = right / n
    squares = int(row[RIGHT_SQUARE]) - 2.0 * p * int(row[MADE_RIGHT]) + p * p * int(row[MADE_SQUARE])
    mcse = math.sqrt(max(squares, 0.0)) / n
    half = Z95 * mcse
    return {"estimate": p, "mcse": mcse, "low": max(0.0, p - half), "high": min(1.0, p + half)}
