"""Where a patient of family `terms` stands under a hypothesis: a visit, and the periods so far."""

from __future__ import annotations

from typing import NamedTuple

from planner.kernels.tables import Floats, Ints


class Visit(NamedTuple):
    """A visit under a hypothesis: 0 before dosing, then the assessment days."""

    h: int  # hypothesis
    s: int  # sequence
    k: int  # period
    v: int  # visit
    occasion: Floats  # (W,) normal of the occasion, 0 before dosing
    error: Floats  # (W,) normal of the rating error
    shift: float  # period effect in points, 0 before dosing


class CourseSoFar(NamedTuple):
    """One patient's periods under one hypothesis, in all lanes of a tile, and room for what passes."""

    y: Floats  # ((visit + 2 * outcome + 2) * W,) scores of the period; secondary outcomes as read and before
    # dosing; guesses
    entered: Floats  # (W,) the first baseline
    guess: Floats  # (period * W,) 1 where the period is taken for an active treatment, else 0
    felt: Floats  # (W,) what the last guess refers to
    waited: Floats  # (period * W,) ratings waited for so far
    history: Ints  # (W,) of waiting, see ReturnToBaselineTables
    r: Floats  # (W,) improvement
    eta: Floats  # (W,) log2 of the factor of the odds of leaving
    scratch: Floats  # (3 * W,) of who waits
    unread: Floats  # (period * W,) where nothing reads how often patients wait
