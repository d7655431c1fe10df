"""Hypotheses that a design cannot tell apart: by their structure, or in practice."""

from __future__ import annotations

from collections.abc import Sequence

from planner.kernels.tables import Floats
from planner.predicted import classes
from planner.scenario import Scenario

PRACTICAL = 0.6
"""Two hypotheses of which not even endless patients would name the true one this often are one class."""

_COMPARED = 8  # draws of the uncertain numbers that structure is compared in


def structural(
    scenario: Scenario, variants: Sequence[Scenario], names: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    """Places of hypotheses that say the same of all treatments and periods, whatever is uncertain."""
    groups: list[Sequence[str]] = [tuple(names)]
    for each in (*variants[:_COMPARED], scenario):
        groups = [part for group in groups for part in (classes(each, group) if len(group) > 1 else [group])]
    places = [tuple(names.index(name) for name in group) for group in groups]
    return tuple(sorted(tuple(sorted(group)) for group in places))


def practical(ceiling: Floats) -> tuple[tuple[int, ...], ...]:
    """Places of hypotheses that are joined by pairs which endless patients would hardly tell apart.

    ceiling f64[hypothesis, hypothesis]: how often the true one of two is named. Classes grow along such
    pairs, so that the two ends of a class may be further apart than its neighbours.
    """
    count = len(ceiling)
    return joined(count, [(i, j) for i in range(count) for j in range(i) if ceiling[i, j] < PRACTICAL])


def joined(count: int, pairs: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The numbers 0 .. count - 1 in classes, those of a pair in the same."""
    home = list(range(count))
    for i, j in pairs:
        old, new = max(home[i], home[j]), min(home[i], home[j])
        home = [new if h == old else h for h in home]
    return tuple(tuple(i for i in range(count) if home[i] == h) for h in sorted(set(home)))
