"""The sequences of the named designs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from planner.designs import named, williams
from planner.vocabulary import DESIGNS


@pytest.mark.parametrize("t", range(2, 13))
def test_williams_is_balanced(t: int) -> None:
    """Every arm once in a sequence, equally often in a period, and after each other arm equally often."""
    arms = tuple("ABCDEFGHIJKL"[:t])
    sequences = williams(arms)
    assert len(sequences) == (t if t % 2 == 0 else 2 * t)
    assert all(sorted(sequence) == sorted(arms) for sequence in sequences)
    followers = Counter(pair for sequence in sequences for pair in pairwise(sequence))
    assert set(followers.values()) == {1 if t % 2 == 0 else 2}
    assert len(followers) == t * (t - 1)
    for period in zip(*sequences, strict=True):
        assert set(Counter(period).values()) == {len(sequences) // t}


def test_latin_square_is_not_balanced() -> None:
    """Negative control: the cyclic square fails the balance that the Williams square has."""
    cyclic = [tuple("ABCD"[(i + j) % 4] for i in range(4)) for j in range(4)]
    followers = Counter(pair for sequence in cyclic for pair in pairwise(sequence))
    assert len(followers) < 12


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_can_be_made(name: str) -> None:
    fewest, most = DESIGNS[name].arms
    for count in (fewest, most):
        arms = [f"arm-{i}" for i in range(count)]
        sequences = named(name, arms)
        assert len({len(sequence) for sequence in sequences}) == 1
        assert len(set(sequences)) == len(sequences)
        assert {arm for sequence in sequences for arm in sequence} == set(arms)


def test_patterns_are_their_names() -> None:
    for name in DESIGNS:
        if "/" in name:
            assert "/".join("".join(sequence) for sequence in named(name, ["A", "B"])) == name


@pytest.mark.parametrize("arms", [["A"], ["A", "B", "C"], ["A", "A"], []])
def test_wrong_arms(arms: list[str]) -> None:
    with pytest.raises(ValueError, match="AB/BA takes 2 different arms"):
        named("AB/BA", arms)
