"""Designs by the field's names, and what a comparison of two treatments costs in them by convention.

The variance of the estimated difference is sigma^2 C with

    C = b sum_j 1 / n_j,

n_j patients in sequence j and sigma^2 the variance within patients (parallel: of patients); it is estimated
with the degrees of freedom of patients, periods and treatments as fixed effects without carryover, all
treatments pooled (Chow SC, Liu JP. Design and Analysis of Bioavailability and Bioequivalence Studies, 3rd
ed., 2009, chapter 9). The robust ones are those of a t test of the patients' own contrasts (Senn S.
Cross-over Trials in Clinical Research, 2nd ed., 2002).

These are formulas for complete data and designs of these names. What an analysis of planner's own costs in a
design is in its model matrix, which differs in Balaam's design (2x4x2), in Liu's (2x2x2r), and where three
or more sequences are of unequal size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from planner.equivalence.panels import Floats
from planner.errors import RequestError, UnknownNameError
from planner.scenario.text import listed, printable


class Cost(NamedTuple):
    """What a comparison costs at some number of patients: C, variance = C sigma^2; and df."""

    factor: Floats
    df: Floats


@dataclass(frozen=True, slots=True)
class FieldDesign:
    """A design by its name in the field: df = gain N - loss of N patients, robust df = N - robust_loss."""

    name: str
    sequences: int
    gain: int
    loss: int
    b: Fraction
    robust_loss: int

    def cost(self, patients: ArrayLike, robust: bool = False) -> Cost:
        """C and df of trials of so many patients in all, in the shape of `patients`.

        Sequences are as equal as can be, the remainder in the first of them. Without a patient in every
        sequence C is infinite.
        """
        total = np.asarray(patients, np.float64)
        each, more = np.divmod(total, self.sequences)
        with np.errstate(divide="ignore"):
            inverse = more / (each + 1.0) + (self.sequences - more) / each
        return Cost(float(self.b) * inverse, self._df(total, robust))

    def cost_of(self, groups: Sequence[int], robust: bool = False) -> Cost:
        """C and df of one trial with these patients in each sequence; raises RequestError if not one each."""
        if len(groups) != self.sequences or min(groups) < 1:
            raise RequestError(
                f"{self.name} has {self.sequences} sequences, each with one patient or more",
                f"give one number of patients, or {self.sequences} joined by commas",
            )
        inverse = sum(1.0 / n for n in groups)
        return Cost(np.array(float(self.b) * inverse), self._df(np.array(float(sum(groups))), robust))

    def _df(self, total: Floats, robust: bool) -> Floats:
        df: Floats = total - self.robust_loss if robust else self.gain * total - self.loss
        return df


_ROWS = (
    FieldDesign("parallel", 2, 1, 2, Fraction(1), 2),
    FieldDesign("paired", 1, 1, 1, Fraction(2), 1),
    FieldDesign("2x2", 2, 1, 2, Fraction(1, 2), 2),
    FieldDesign("2x2x2", 2, 1, 2, Fraction(1, 2), 2),
    FieldDesign("3x3", 3, 2, 4, Fraction(2, 9), 3),
    FieldDesign("3x6x3", 6, 2, 4, Fraction(1, 18), 6),
    FieldDesign("4x4", 4, 3, 6, Fraction(1, 8), 4),
    FieldDesign("2x2x3", 2, 2, 3, Fraction(3, 8), 2),
    FieldDesign("2x2x4", 2, 3, 4, Fraction(1, 4), 2),
    FieldDesign("2x4x4", 4, 3, 4, Fraction(1, 16), 4),
    FieldDesign("2x3x3", 3, 2, 3, Fraction(1, 6), 3),
    FieldDesign("2x4x2", 4, 1, 2, Fraction(1, 2), 2),
    FieldDesign("2x2x2r", 2, 3, 2, Fraction(1, 4), 2),
)
FIELD_DESIGNS: dict[str, FieldDesign] = {row.name: row for row in _ROWS}


def field_design(name: str) -> FieldDesign:
    """The design of this name; raises UnknownNameError with the names that there are.

    Its cost at a number of patients is C of the variance C sigma^2, and the degrees of freedom.

    >>> import planner
    >>> cost = planner.field_design("2x2").cost(40)
    >>> float(cost.factor), float(cost.df)
    (0.05, 38.0)
    """
    known = name.strip().casefold().replace("×", "x")
    if known not in FIELD_DESIGNS:
        raise UnknownNameError(
            f"there is no design {printable(name)}", f"choose one of {listed(list(FIELD_DESIGNS), 'or')}"
        )
    return FIELD_DESIGNS[known]
