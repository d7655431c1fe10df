"""The probability of counts by listing every table of patients there can be. Shares no code with planner."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

Cell = tuple[int, ...]


def tables(patients: int, cells: int) -> Iterator[tuple[int, ...]]:
    """All ways to put the patients into the cells."""
    if cells == 1:
        yield (patients,)
        return
    for first in range(patients + 1):
        for rest in tables(patients - first, cells - 1):
            yield (first, *rest)


def multinomial(table: Sequence[int], p: Sequence[float]) -> float:
    ways = math.factorial(sum(table))
    for number in table:
        ways //= math.factorial(number)
    return ways * math.prod(chance**number for chance, number in zip(p, table, strict=True))


def margins(patients: int, p: Mapping[Cell, float], wanted: Sequence[int]) -> float:
    """P(so many patients show each of several things); a cell says which of them a patient shows."""
    cells = list(p)
    return math.fsum(
        multinomial(table, [p[cell] for cell in cells])
        for table in tables(patients, len(cells))
        if all(
            sum(number * cell[k] for number, cell in zip(table, cells, strict=True)) == each
            for k, each in enumerate(wanted)
        )
    )


def binomial(x: int, n: int, p: float) -> float:
    return math.comb(n, x) * p**x * (1 - p) ** (n - x)


def partly_paired(
    both: int, p: Mapping[Cell, float], first: tuple[int, int, float], second: tuple[int, int, float]
) -> float:
    """P(margins) where `both` patients are seen under two treatments and the rest under one.

    first, second: responders, patients seen, chance to respond of those seen under this one only.
    """
    (x, n, px), (y, m, py) = first, second
    return math.fsum(
        binomial(i, n - both, px) * binomial(j, m - both, py) * margins(both, p, (x - i, y - j))
        for i, j in product(range(n - both + 1), range(m - both + 1))
        if 0 <= x - i <= both and 0 <= y - j <= both
    )


def weights(likelihood: Sequence[float], prior: Sequence[float]) -> list[float]:
    total = math.fsum(a * b for a, b in zip(likelihood, prior, strict=True))
    return [a * b / total for a, b in zip(likelihood, prior, strict=True)]
