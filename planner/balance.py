"""What a design can tell of a contrast, from its sequences alone: plain linear algebra in exact fractions.

Each question is put to the full data of every sequence, before anybody leaves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

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
    found = [Fraction(0)] * len(chosen)
    if any(wanted):
        gram = [[sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0)) for b in rows] for a in rows]
        factors = solved(gram, wanted)
        if factors is None:
            return None
        pairs = list(zip(factors, rows, strict=True))
        found = [sum((f * row[i] for f, row in pairs), Fraction(0)) for i in range(len(chosen))]
    shares = iter(equal + c for c in found)
    return [next(shares) if takes else Fraction(0) for takes in part]


def within_patients(sequences: Sequence[Sequence[str]], weights: Mapping[str, float]) -> tuple[int, bool]:
    """With effects of patients, periods and treatments: rank of the latter two; is the contrast estimable?"""
    info, target = _information(sequences, [1] * len(sequences), weights)
    return rank(info), solved(info, target) is not None


def variance_factor(
    sequences: Sequence[Sequence[str]], allocation: Sequence[int], weights: Mapping[str, float]
) -> Fraction | None:
    """The v of the variance v sigma^2 / patients of a contrast with effects of patients and periods.

    sigma^2 is the variance of a residual, common to all; None where the contrast cannot be estimated.
    """
    info, target = _information(sequences, allocation, weights)
    found = solved(info, target)
    if found is None:
        return None
    return sum((x * c for x, c in zip(found, target, strict=True)), Fraction(0)) * sum(allocation)


def _information(
    sequences: Sequence[Sequence[str]], allocation: Sequence[int], weights: Mapping[str, float]
) -> tuple[Matrix, list[Fraction]]:
    """Information of one allocation unit on periods and treatments (but the first ones), and the contrast."""
    treatments = list(dict.fromkeys(a for sequence in sequences for a in sequence))
    periods = len(sequences[0])
    size = periods + len(treatments) - 2
    effect = {a: periods - 2 + i for i, a in enumerate(treatments) if i}
    info = [[Fraction(0)] * size for _ in range(size)]
    for sequence, patients in zip(sequences, allocation, strict=True):
        rows = [[j for j in (k - 1, effect.get(a, -1)) if j >= 0] for k, a in enumerate(sequence)]
        for k, own in enumerate(rows):
            for m, other in enumerate(rows):
                share = patients * (Fraction(int(k == m)) - Fraction(1, periods))
                for i in own:
                    for j in other:
                        info[i][j] += share
    target = [Fraction(0)] * size
    for treatment, weight in weights.items():
        if treatment in effect:
            target[effect[treatment]] = Fraction(repr(weight))
    return info, target


def solved(matrix: Matrix, right: Sequence[Fraction]) -> list[Fraction] | None:
    """A solution of matrix x = right by elimination, 0 where it is free; None if there is none."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    pivots = _eliminated(rows, len(matrix[0]))
    if any(row[-1] for row in rows[len(pivots) :]):
        return None
    x = [Fraction(0)] * len(matrix[0])
    for row, column in zip(rows, pivots, strict=False):
        x[column] = row[-1]
    return x


def rank(matrix: Matrix) -> int:
    """Rank of a matrix."""
    return len(_eliminated([list(row) for row in matrix], len(matrix[0]))) if matrix else 0


def _eliminated(rows: Matrix, columns: int) -> list[int]:
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
