"""What a design can tell of a contrast, from its sequences alone: plain linear algebra in exact fractions.

Each question is put to the full data of every sequence, before anybody leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache

Matrix = list[list[Fraction]]


def period_shares(sequence: Sequence[str], weights: Mapping[str, float]) -> list[Fraction]:
    """The weight of each period in a patient's own contrast: a treatment's, shared by its periods.

    Zeros where the sequence lacks a treatment of the contrast: its patients have no such contrast.
    """
    if not set(weights) <= set(sequence):
        return [Fraction(0)] * len(sequence)
    return [Fraction(repr(weights.get(a, 0.0))) / sequence.count(a) for a in sequence]


def taking_part(sequences: Sequence[Sequence[str]], weights: Mapping[str, float]) -> list[bool]:
    """Which sequences give every treatment of the contrast."""
    return [set(weights) <= set(sequence) for sequence in sequences]


def sequence_shares(
    sequences: Sequence[Sequence[str]], weights: Mapping[str, float]
) -> list[Fraction] | None:
    """The share of each sequence in an estimate from which the period effects cancel; None if none exists.

    Shares sum to 1 and are as equal as that allows among the sequences that take part; the others have 0.
    """
    part = taking_part(sequences, weights)
    chosen = [period_shares(s, weights) for s, takes in zip(sequences, part, strict=True) if takes]
    if not chosen:
        return None
    equal = Fraction(1, len(chosen))
    # Corrections c of the equal shares with sum 0 that cancel what is left of each period: the shortest is
    # a combination of the rows of the equations.
    rows = [[Fraction(1)] * len(chosen), *([row[k] for row in chosen] for k in range(len(chosen[0])))]
    wanted = [Fraction(0), *(-equal * sum(row) for row in rows[1:])]
    corrections = [Fraction(0)] * len(chosen)
    if any(wanted):
        gram = [[sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0)) for b in rows] for a in rows]
        factors = solve(gram, wanted)
        if factors is None:
            return None
        pairs = list(zip(factors, rows, strict=True))
        corrections = [sum((f * row[i] for f, row in pairs), Fraction(0)) for i in range(len(chosen))]
    shares = iter(equal + c for c in corrections)
    return [next(shares) if takes else Fraction(0) for takes in part]


def within_patients(
    sequences: Sequence[Sequence[str]],
    weights: Mapping[str, float],
    carryover: bool = False,
    only: tuple[str, ...] | None = None,
) -> tuple[int, bool]:
    """With effects of patients, periods and treatments: rank of all but patients; is the contrast estimable?

    `carryover`: with effects of the previous treatment too. `only`: from scores after these treatments.
    """
    return _within_patients(tuple(map(tuple, sequences)), tuple(weights.items()), carryover, only)


@lru_cache(maxsize=64)  # fractions of large designs take seconds, and every look asks
def _within_patients(
    sequences: tuple[tuple[str, ...], ...],
    weights: tuple[tuple[str, float], ...],
    carryover: bool,
    only: tuple[str, ...] | None,
) -> tuple[int, bool]:
    model = Model(sequences, carryover, only=only)
    info = model.information([1] * len(sequences))
    rows = [[*row, value] for row, value in zip(info, model.target(dict(weights)), strict=True)]
    pivots = _eliminate(rows, len(info))
    return len(pivots), not any(row[-1] for row in rows[len(pivots) :])


def variance_factor(
    sequences: Sequence[Sequence[str]],
    allocation: Sequence[int],
    weights: Mapping[str, float],
    carryover: bool = False,
    only: tuple[str, ...] | None = None,
) -> Fraction | None:
    """The v of the variance v sigma^2 / patients of a contrast with effects of patients and periods.

    sigma^2 is the variance of a residual, common to all; None where the contrast cannot be estimated.
    `carryover`: with effects of the previous treatment too. `only`: from scores after these treatments.
    """
    model = Model(sequences, carryover, only=only)
    target = model.target(weights)
    solution = solve(model.information(allocation), target)
    if solution is None:
        return None
    return sum((x * c for x, c in zip(solution, target, strict=True)), Fraction(0)) * sum(allocation)


def free_scores(
    sequences: Sequence[Sequence[str]], allocation: Sequence[int], only: tuple[str, ...] | None = None
) -> int:
    """Scores of one allocation unit that are left when each patient with any has spent one on a level.

    `only`: scores after these treatments.
    """
    used = [sum(only is None or a in only for a in sequence) for sequence in sequences]
    return sum(units * max(n - 1, 0) for n, units in zip(used, allocation, strict=True))


class Model:
    """Effects of periods, then of treatments, then of the treatments given before (first-order carryover).

    Each kind without its first one, which only moves the level; all periods, with `levels`, where patients
    have no effects of their own that take up the level. `only`: from scores after these treatments.
    """

    def __init__(
        self,
        sequences: Sequence[Sequence[str]],
        carryover: bool = False,
        levels: bool = False,
        only: tuple[str, ...] | None = None,
    ) -> None:
        treatments = list(dict.fromkeys(a for sequence in sequences for a in sequence))
        self.periods = len(sequences[0])
        start = self.periods if levels else self.periods - 1
        self.effect = {a: start + i for i, a in enumerate(treatments[1:])}
        before = {a: start + len(self.effect) + i for i, a in enumerate(treatments[1:])} if carryover else {}
        self.size = start + len(self.effect) + len(before)
        self.used = [[only is None or a in only for a in sequence] for sequence in sequences]
        self.rows = [  # of each sequence and period: the parameters that are at work
            [
                [
                    j
                    for j in (
                        k if levels else k - 1,
                        self.effect.get(a, -1),
                        before.get(sequence[k - 1], -1) if k else -1,
                    )
                    if j >= 0
                ]
                for k, a in enumerate(sequence)
            ]
            for sequence in sequences
        ]

    def information(self, allocation: Sequence[int]) -> Matrix:
        """Of one allocation unit, in residual variances: of what differs within patients."""
        info = [[Fraction(0)] * self.size for _ in range(self.size)]
        for every, used, patients in zip(self.rows, self.used, allocation, strict=True):
            periods = [row for row, here in zip(every, used, strict=True) if here]
            for k, own in enumerate(periods):
                for m, other in enumerate(periods):
                    weight = patients * (Fraction(int(k == m)) - Fraction(1, len(periods)))
                    for i in own:
                        for j in other:
                            info[i][j] += weight
        return info

    def target(self, weights: Mapping[str, float]) -> list[Fraction]:
        """The contrast in these parameters."""
        target = [Fraction(0)] * self.size
        for treatment, weight in weights.items():
            if treatment in self.effect:
                target[self.effect[treatment]] = Fraction(repr(weight))
        return target

    def moved(
        self, solution: Sequence[Fraction], allocation: Sequence[int], added: Sequence[Sequence[int]]
    ) -> Fraction:
        """What the estimate is moved by if `added` (sequence, period) is added to the scores.

        `solution` solves information x = target.
        """
        total = Fraction(0)
        for periods, used, patients, more in zip(self.rows, self.used, allocation, added, strict=True):
            here = [(own, each) for own, each, uses in zip(periods, more, used, strict=True) if uses]
            mean = Fraction(sum(each for _, each in here), max(len(here), 1))
            for own, each in here:
                total += patients * (each - mean) * sum((solution[i] for i in own), Fraction(0))
        return total


def solve(matrix: Matrix, right: Sequence[Fraction]) -> list[Fraction] | None:
    """A solution of matrix x = right by elimination, 0 where it is free; None if there is none."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    pivots = _eliminate(rows, len(matrix[0]))
    if any(row[-1] for row in rows[len(pivots) :]):
        return None
    x = [Fraction(0)] * len(matrix[0])
    for row, column in zip(rows, pivots, strict=False):
        x[column] = row[-1]
    return x


def _eliminate(rows: Matrix, columns: int) -> list[int]:
    """Bring rows to reduced echelon form in place; the columns of the pivots."""
    pivots: list[int] = []
    for column in range(columns):
        at = len(pivots)
        best = next((i for i in range(at, len(rows)) if rows[i][column]), None)
        if best is None:
            continue
        rows[at], rows[best] = rows[best], rows[at]
        first = rows[at][column]
        rows[at] = [x / first for x in rows[at]]
        for i, row in enumerate(rows):
            if i != at and row[column]:
                factor = row[column]
                rows[i] = [x - factor * y for x, y in zip(row, rows[at], strict=True)]
        pivots.append(column)
    return pivots
