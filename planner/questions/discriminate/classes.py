"""Hypotheses that a design does not tell apart in practice, however many patients it has."""

from __future__ import annotations

from collections.abc import Sequence

from planner.kernels.tables import Floats

PRACTICAL = 0.6
"""Two hypotheses of which not even endless patients would name the true one this often are one class."""


def practical_classes(
    ceiling: Floats, structural: Sequence[Sequence[int]] = ()
) -> tuple[tuple[int, ...], ...]:
    """Places of hypotheses that are joined by pairs which endless patients would hardly tell apart.

    ceiling f64[hypothesis, hypothesis]: how often the true one of two is named. Classes grow along such
    pairs, so that the two ends of a class may be further apart than its neighbours. `structural`: hypotheses
    that are the same stay together.
    """
    count = len(ceiling)
    pairs = [(i, j) for i in range(count) for j in range(i) if ceiling[i, j] < PRACTICAL]
    return join(count, pairs + [(group[0], other) for group in structural for other in group[1:]])


def chains(classes: Sequence[Sequence[int]], ceiling: Floats) -> list[list[int]]:
    """The classes some of whose members are told apart often enough: others between them join them."""
    return [list(c) for c in classes if any(ceiling[i, j] >= PRACTICAL for i in c for j in c if j < i)]


def join(count: int, pairs: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The numbers 0 .. count - 1 in classes, those of a pair in the same."""
    home = list(range(count))
    for i, j in pairs:
        old, new = max(home[i], home[j]), min(home[i], home[j])
        home = [new if h == old else h for h in home]
    return tuple(tuple(i for i in range(count) if home[i] == h) for h in sorted(set(home)))
