"""The random numbers of a patient as a list: which draws are made, and which rows they fill.

Every reason to draw has its stream (kernels.random.streams); a scenario draws only what it needs, and what it
draws has the same address in every other scenario.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.kernels.random.streams import (
    COMPONENT,
    GUESS,
    PATIENT,
    PERIOD,
    RECHECK,
    SECONDARY,
    TREATMENT,
    VISIT,
)
from planner.kernels.tables import Draws

_VISIT_BLOCKS = 64  # of four visits, for each period
_SECONDARY_BLOCKS = 256  # of an outcome: of period k, of the patient, of two components each from ...
_SECONDARY_PATIENT, _SECONDARY_COMPONENT = 16, 32
_RECHECK_BLOCKS = 64  # of four ratings, for each period


class DrawList:
    """Draws in the making. Rows of words and of normals are numbered in the order of the calls."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._pairs: list[tuple[int, int, int]] = []
        self._shared: dict[tuple[int, int], tuple[int, int]] = {}  # of two components

    def draw(self, stream: int, index: int) -> int:
        """Make a draw; answers the first of its four word rows."""
        self._places.append((stream << 16) + index)
        return 4 * (len(self._places) - 1)

    def normals(self, first: int, second: int) -> int:
        """Make two normals of two word rows; answers the first of their rows."""
        row = 2 * len(self._pairs)
        self._pairs.append((first, second, row))
        return row

    def patient(self) -> int:
        """The patient's own draw: word row 0 for the entry score, normal rows 0 and 1."""
        word = self.draw(PATIENT, 0)
        self.normals(word + 1, word + 2)
        return word

    def periods(self, periods: int) -> tuple[int, int]:
        """(first word row for dropout, first normal row) of the periods; a draw serves two."""
        words = [self.draw(PERIOD, i) for i in range((periods + 1) // 2)]
        rows = [self.normals(word + 2, word + 3) for word in words]
        return words[0], rows[0]

    def visits(self, periods: int, visits: int) -> int:
        """First normal row of the visits: a row each, in pairs, period by period; a draw serves four."""
        return self.some_visits(periods, range(visits))[0][0]

    def some_visits(self, periods: int, visits: Sequence[int]) -> tuple[list[int], int]:
        """Normal row of each of these visits in the first period, and the rows of a period.

        What a visit draws does not depend on which others are drawn.
        """
        pairs = sorted({v // 2 for v in visits})
        row_of_pair: dict[int, int] = {}
        for k in range(periods):
            words: dict[int, int] = {}
            for pair in pairs:
                block = pair // 2
                if block not in words:
                    words[block] = self.draw(VISIT, _VISIT_BLOCKS * k + block)
                word = words[block] + pair % 2 * 2
                row = self.normals(word, word + 1)
                row_of_pair.setdefault(pair, row)
        return [row_of_pair[v // 2] + v % 2 for v in visits], 2 * len(pairs)

    def treatments(self, treatments: int) -> int:
        """First normal row of the treatments; a draw serves four."""
        rows = []
        for i in range((treatments + 3) // 4):
            word = self.draw(TREATMENT, i)
            rows += [self.normals(word, word + 1), self.normals(word + 2, word + 3)]
        return rows[0]

    def size(self, number: tuple[int, ...]) -> tuple[int, int]:
        """(word row, normal row) of the size of a component, or of (outcome, its own component).

        A draw serves two components.
        """
        if len(number) == 1:
            return self._one_of_two((COMPONENT, number[0] // 2), number[0] % 2)
        index = _SECONDARY_BLOCKS * number[0] + _SECONDARY_COMPONENT + number[1] // 2
        return self._one_of_two((SECONDARY, index), number[1] % 2)

    def _one_of_two(self, place: tuple[int, int], which: int) -> tuple[int, int]:
        if place not in self._shared:
            word = self.draw(*place)
            self._shared[place] = (word, self.normals(word + 2, word + 3))
        word, normal = self._shared[place]
        return word + which, normal + which

    def secondary_outcome(self, outcome: int, periods: int) -> tuple[int, int]:
        """(normal row of the patient's background, first normal row of the periods) of a secondary outcome.

        A period has two rows: the error when the outcome is read, and before the dosing.
        """
        word = self.draw(SECONDARY, _SECONDARY_BLOCKS * outcome + _SECONDARY_PATIENT)
        patient = self.normals(word, word + 1)
        words = [self.draw(SECONDARY, _SECONDARY_BLOCKS * outcome + k) for k in range(periods)]
        rows = [self.normals(word, word + 1) for word in words]
        return patient, rows[0]

    def guesses(self, periods: int) -> int:
        """First word row of the guesses, one for each period; a draw serves four."""
        words = [self.draw(GUESS, i) for i in range((periods + 3) // 4)]
        return words[0]

    def rechecks(self, periods: int, most: int) -> tuple[int, int]:
        """(first normal row, rows of a period) of the ratings before each period but the first.

        A draw serves four of them.
        """
        draws = (most + 3) // 4
        rows = []
        for k in range(1, periods):
            for i in range(draws):
                word = self.draw(RECHECK, _RECHECK_BLOCKS * k + i)
                rows += [self.normals(word, word + 1), self.normals(word + 2, word + 3)]
        return (rows[0] if rows else 0), 4 * draws

    def table(self) -> Draws:
        """For the kernels."""
        return Draws(np.array(self._places, np.uint64), np.array(self._pairs, np.int64).reshape(-1, 3))
