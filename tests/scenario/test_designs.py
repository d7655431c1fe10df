"""The sequences of the named designs."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from planner.scenario.designs import Sequences, field_names, latin_square, named, williams
from planner.scenario.faults import ScenarioError
from planner.scenario.fields import as_spelt
from planner.scenario.reading.read import read_text
from planner.scenario.vocabulary import DESIGNS


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


def balanced_in_periods(sequences: Sequences) -> bool:
    """Whether each arm is given equally often in each period."""
    arms = {arm for sequence in sequences for arm in sequence}
    counts = {Counter(period)[arm] for period in zip(*sequences, strict=True) for arm in arms}
    return len(counts) == 1


def concurrences(sequences: Sequences) -> Counter[tuple[str, ...]]:
    """How many sequences give both arms of a pair."""
    return Counter(pair for s in sequences for pair in combinations(sorted(set(s)), 2))


@pytest.mark.parametrize("t", range(2, 13))
def test_latin_square(t: int) -> None:
    sequences = named("latin-square", "ABCDEFGHIJKL"[:t])
    assert len(sequences) == t
    assert all(len(set(sequence)) == t for sequence in sequences)
    assert balanced_in_periods(sequences)


@pytest.mark.parametrize("t", range(2, 12))
def test_extra_period_is_balanced_for_carryover(t: int) -> None:
    """Every arm follows every arm, itself included, equally often: the strong balance of Lucas."""
    sequences = named("williams-extra-period", "ABCDEFGHIJKL"[:t])
    followers = Counter(pair for sequence in sequences for pair in pairwise(sequence))
    assert len(followers) == t * t
    assert len(set(followers.values())) == 1
    assert balanced_in_periods(sequences)


@pytest.mark.parametrize(
    ("name", "sequences", "together", "replicates"),
    [("3t2p", 6, 2, 4), ("4t2p", 12, 2, 6), ("4t3p", 24, 12, 18)],
)
def test_incomplete_blocks(name: str, sequences: int, together: int, replicates: int) -> None:
    """r t = b k and lambda (t - 1) = r (k - 1), with every pair together equally often."""
    t, k = int(name[0]), int(name[2])
    found = named(name, "ABCD"[:t])
    assert len(found) == len(set(found)) == sequences
    assert all(len(set(sequence)) == k for sequence in found)
    assert set(Counter(arm for sequence in found for arm in sequence).values()) == {replicates}
    assert set(concurrences(found).values()) == {together}
    assert len(concurrences(found)) == t * (t - 1) // 2
    assert replicates * t == sequences * k
    assert together * (t - 1) == replicates * (k - 1)
    assert balanced_in_periods(found)
    followers = Counter(pair for sequence in found for pair in pairwise(sequence))
    assert len(followers) == t * (t - 1)
    assert len(set(followers.values())) == 1


def test_split_is_two_trials_in_one() -> None:
    found = named("split", ["K", "KN", "P", "PN"])
    assert found == (("K", "KN"), ("KN", "K"), ("P", "PN"), ("PN", "P"))
    assert balanced_in_periods(found)
    assert concurrences(found) == {("K", "KN"): 2, ("P", "PN"): 2}


WORDS = {
    "2x2": "TR RT",
    "2x2x3": "TRT RTR",
    "2x2x4": "TRTR RTRT",
    "2x3x3": "TRR RTR RRT",
    "2x4x4": "TRTR RTRT TRRT RTTR",
    "2x4x2": "TR RT TT RR",
    "paired": "TR",
}


@pytest.mark.parametrize("name", WORDS)
def test_designs_by_the_names_of_the_field(name: str) -> None:
    """T and R in the order of the arms; a multiplication sign is an x; the sequences tell the name."""
    sequences = named(name, ["T", "R"])
    assert {"".join(sequence) for sequence in sequences} == set(WORDS[name].split())
    assert name in field_names(sequences[::-1])
    assert as_spelt(name.replace("x", "×"), DESIGNS) == name
    if name[1] == "x":
        count, periods = ([int(part) for part in name.split("x")] + [2])[1:3]
        assert [len(sequence) for sequence in sequences] == [periods] * count


def test_the_name_of_the_field_is_that_of_the_sequences() -> None:
    assert field_names(williams(("A", "B", "C"))) == ["3x6x3"]
    assert field_names(latin_square(("A", "B", "C"))) == ["3x3"]
    assert field_names(williams(("K", "KN", "P", "PN"))) == ["4x4"]
    assert field_names((("R", "T", "T"), ("T", "R", "T"), ("T", "T", "R"))) == ["2x3x3"]
    assert field_names((("T", "R", "R"), ("R", "T", "R"))) == []
    assert field_names((("A",), ("B",))) == []


def factor(sequences: Sequences, one: str, other: str, carryover: bool) -> float:
    """N times the variance of a contrast, in units of the error variance, by least squares.

    Subjects and periods are fixed; `carryover`: first-order carryover of each arm is in the model.
    """
    arms = sorted({arm for sequence in sequences for arm in sequence})
    n, periods, t = len(sequences), len(sequences[0]), len(arms)
    rows = []
    for s, sequence in enumerate(sequences):
        for k, arm in enumerate(sequence):
            row = np.zeros(n + periods + 2 * t)
            row[s] = row[n + k] = row[n + periods + arms.index(arm)] = 1.0
            if carryover and k:
                row[n + periods + t + arms.index(sequence[k - 1])] = 1.0
            rows.append(row)
    x: NDArray[np.float64] = np.array(rows)
    c = np.zeros(x.shape[1])
    c[n + periods + arms.index(one)], c[n + periods + arms.index(other)] = 1.0, -1.0
    return float(n * c @ np.linalg.pinv(x.T @ x) @ c)


@pytest.mark.parametrize(
    ("name", "t", "without", "with_carryover"),
    [
        ("3t2p", 3, 4.0, 16.0),
        ("4t2p", 4, 6.0, 18.0),
        ("4t3p", 4, 3.0, 3.70588235294118),
        ("latin-square", 3, 2.0, 10.0),
        ("latin-square", 4, 2.0, 11.0),
        ("williams", 3, 2.0, 2.5),
        ("williams", 4, 2.0, 2.2),
        ("williams-extra-period", 2, 1.5, 1.5),
        ("williams-extra-period", 3, 1.6, 1.6),
    ],
)
def test_variance_of_a_contrast(name: str, t: int, without: float, with_carryover: float) -> None:
    """Of every pair of arms; the factors are those of least squares in R."""
    sequences = named(name, "ABCD"[:t])
    for one, other in combinations("ABCD"[:t], 2):
        assert factor(sequences, one, other, False) == pytest.approx(without)
        assert factor(sequences, one, other, True) == pytest.approx(with_carryover)


@pytest.mark.parametrize(
    "name", ["split", "latin-square", "williams-extra-period", "3t2p", "4t2p", "4t3p", "2x3x3", "4x4"]
)
def test_a_scenario_can_name_it(name: str) -> None:
    """Whether an analysis fits is another question; the sequences are there."""
    arms = ["K", "KN", "P", "PN"][: DESIGNS[name].arms[1]]
    text = f"""
schema_version = 1
design = {{ name = "{name}", arms = {arms}, patients = 48 }}
hypotheses.h = {{ means = {{ {", ".join(f"{a} = 0.0" for a in arms)} }}, sd_difference = 1.0 }}
analyses = [{{ method = "paired-t", contrast = ["K", "KN"] }}]
"""
    try:
        assert read_text(text).design.sequences == named(name, arms)
    except ScenarioError as error:
        (fault,) = error.faults
        assert fault.path == "analyses.0.method"
        assert "fit" in fault.message
