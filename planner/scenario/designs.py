"""The sequences of the named designs. Plain Python, no imports but the names.

A sequence is a tuple of treatments, one per period; a design is a tuple of sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, permutations

from planner.scenario.vocabulary import DESIGNS

Sequences = tuple[tuple[str, ...], ...]


def named(name: str, arms: Sequence[str]) -> Sequences:
    """The sequences of the design `name` of `vocabulary.DESIGNS`, with A, B, ... replaced by `arms`.

    Raises ValueError if the design cannot be made of so many different arms, KeyError for an unknown name.
    """
    design = DESIGNS[name]
    fewest, most = design.arms
    if not fewest <= len(arms) <= most or len(set(arms)) < len(arms):
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise ValueError(f"{name} takes {wanted} different arms, not {len(arms)}")
    if design.same_as:
        return named(design.same_as, arms)
    if design.pattern:
        return tuple(tuple(arms["ABCDEFGH".index(letter)] for letter in word) for word in design.pattern)
    return generator(name)(tuple(arms))


def generator(name: str) -> Callable[[tuple[str, ...]], Sequences]:
    """The function that makes the sequences of a design without a pattern."""
    return _GENERATED[name]


def field_names(sequences: Sequences) -> list[str]:
    """What the field calls these sequences, in whatever order and whatever the treatments are called."""
    arms = dict.fromkeys(arm for sequence in sequences for arm in sequence)
    return [
        name
        for name, row in DESIGNS.items()
        if row.field and row.arms[0] == len(arms)
        if any(set(named(name, order)) == set(sequences) for order in permutations(arms))
    ]


def parallel(arms: tuple[str, ...]) -> Sequences:
    """One sequence of one period for each arm."""
    return tuple((arm,) for arm in arms)


def williams(arms: tuple[str, ...]) -> Sequences:
    """The Williams square of `arms` (Williams EJ. Aust J Sci Res A 1949;2:149-168).

    Each sequence gives every arm once. An even number t of arms needs t sequences, in which every ordered
    pair of arms is adjacent exactly once; an odd number needs 2t, the mirror images included, and each pair
    is adjacent exactly twice. Two arms give AB/BA.
    """
    t = len(arms)
    # 0, 1, t-1, 2, t-2, ...: neighbours differ by every non-zero residue modulo t (t even).
    zigzag = [(i + 1) // 2 if i % 2 else (t - i // 2) % t for i in range(t)]
    square = tuple(tuple(arms[(step + shift) % t] for step in zigzag) for shift in range(t))
    return square if t % 2 == 0 else square + tuple(sequence[::-1] for sequence in square)


def extra_period(arms: tuple[str, ...]) -> Sequences:
    """The Williams square with its last period repeated (Lucas HL. J Dairy Sci 1957;40:225-239).

    Each arm then follows every arm equally often, itself included, so that treatments and first-order
    carryover can be told apart without loss: the contrast costs no more with carryover in the model than
    without. Two arms give ABB/BAA.
    """
    return tuple((*sequence, sequence[-1]) for sequence in williams(arms))


def latin_square(arms: tuple[str, ...]) -> Sequences:
    """The cyclic Latin square: t sequences of t arms, each arm once in a sequence and once in a period.

    An arm always follows the same other arm (or opens a sequence), so that carryover is not balanced: the
    Williams square is.
    """
    return tuple(arms[shift:] + arms[:shift] for shift in range(len(arms)))


def pairs(arms: tuple[str, ...]) -> Sequences:
    """Balanced incomplete blocks of two: every pair of arms, in both orders.

    Each pair is given to equally many patients, each arm equally often in each period. Patients who are
    given one arm of a contrast tell of it only by way of a third arm.
    """
    return _blocks(arms, 2)


def triples(arms: tuple[str, ...]) -> Sequences:
    """Balanced incomplete blocks of three: every triple of arms, in the six orders of its Williams square.

    Each pair is given to equally many patients, each arm equally often in each period, and each arm follows
    each other arm equally often.
    """
    return _blocks(arms, 3)


def _blocks(arms: tuple[str, ...], size: int) -> Sequences:
    """The Williams squares of all choices of `size` arms."""
    return tuple(sequence for block in combinations(arms, size) for sequence in williams(block))


_GENERATED = {
    "parallel": parallel,
    "latin-square": latin_square,
    "williams": williams,
    "williams-extra-period": extra_period,
    "3t2p": pairs,
    "4t2p": pairs,
    "4t3p": triples,
}
